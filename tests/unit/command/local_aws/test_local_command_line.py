"""Commands that are printed can be typed as they are."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.commands.command_line import CALLED_AS, command_line

ROOT = Path(__file__).parents[4]
# The files whose checksum decides whether ./up creates its environment again.
ENVIRONMENT_FILES = ("up", "requirements.txt", "components/pyproject.toml", "cli/pyproject.toml")


@pytest.mark.parametrize(
    ("script", "up", "logs"),
    [
        ("", "flask-on-aws local up", "flask-on-aws local logs"),
        ("./up", "./up", "./up logs"),
        ("my shop/up", "'my shop/up'", "'my shop/up' logs"),
    ],
)
def test_a_command_is_printed_as_the_user_would_type_it(monkeypatch, script, up, logs):
    monkeypatch.setenv(CALLED_AS, script)
    assert (command_line("up"), command_line("logs")) == (up, logs)


def test_a_printed_command_names_the_app(monkeypatch):
    monkeypatch.setenv(CALLED_AS, "./up")
    assert command_line("up", Path("/my shop")) == "./up '/my shop'"
    monkeypatch.setenv(CALLED_AS, "")
    assert command_line("up", Path("/shop")) == "flask-on-aws local up --app /shop"


@pytest.fixture
def up(tmp_path):
    """The script in a project with an environment whose flask-on-aws prints its folder and its arguments."""
    project = tmp_path / "a project"
    for name in (*ENVIRONMENT_FILES, "environment.sh"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    programs = project / ".local-env" / "bin"
    programs.mkdir(parents=True)
    text = b"".join((project / name).read_bytes() for name in ENVIRONMENT_FILES)
    checksum = subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout
    (programs.parent / "installed").write_bytes(checksum.strip())
    program = programs / "flask-on-aws"
    program.write_text(f"#!{sys.executable}\nimport json, os, sys\nprint(json.dumps([os.getcwd(), *sys.argv[1:]]))\n")
    program.chmod(0o755)

    def run(*arguments, folder=tmp_path):
        script = Path(os.path.relpath(project / "up", folder))
        return subprocess.run([script, *arguments], cwd=folder, capture_output=True, text=True, check=False)

    return run


def test_up_passes_on_its_name_from_whichever_folder_it_is_called(up, tmp_path):
    """Runs the script itself with the flask-on-aws of the tests."""
    program = tmp_path / "a project" / ".local-env" / "bin" / "flask-on-aws"
    program.unlink()
    program.symlink_to(Path(sys.executable).parent / "flask-on-aws")
    done = up("logs")
    assert done.stderr == f"{tmp_path / 'a project'} has no local AWS; create one with: 'a project/up'\n"
    assert done.returncode == 1
    (tmp_path / "shop").mkdir()
    (tmp_path / "a project" / "Pulumi.yaml").write_text("name: p\nruntime: python\n")
    done = up("shop", "status")
    shop = tmp_path / "shop"
    assert done.stderr == f"The app in {shop} has no local AWS; create one with: 'a project/up' {shop}\n"


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        ([], ["up"]),
        (["--runtime", "container"], ["up", "--runtime", "container"]),
        (["up", "--runtime", "container"], ["up", "--runtime", "container"]),
        (["psql", "-c", "SELECT 'a b'"], ["psql", "-c", "SELECT 'a b'"]),
        (["logs", "-f"], ["logs", "-f"]),
        (["exec", "ls -l"], ["exec", "ls -l"]),
        (["shop"], ["up", "--app", "shop"]),
        (["./shop"], ["up", "--app", "shop"]),
        (["shop/"], ["up", "--app", "shop"]),
        (["shop", "--runtime", "process"], ["up", "--app", "shop", "--runtime", "process"]),
        (["shop", "dev"], ["dev", "--app", "shop"]),
        (["shop", "psql", "-c", "SELECT 1"], ["psql", "--app", "shop", "-c", "SELECT 1"]),
        (["my shop", "status"], ["status", "--app", "my shop"]),
        (["logs", "status"], ["logs", "status"]),  # a command, although there is a folder of that name
        (["./logs", "status"], ["status", "--app", "logs"]),
    ],
)
def test_the_first_argument_of_up_is_the_app_s_folder_if_it_is_one(up, tmp_path, arguments, command):
    for name in ("shop", "my shop", "logs"):
        (tmp_path / name).mkdir()
    name, *rest = command
    if rest[:1] == ["--app"]:
        rest[1] = str(tmp_path / rest[1])
    app = rest[:2] if rest[:1] == ["--app"] else []
    done = up(*arguments)
    expected = ["local", name, "--project", str(tmp_path / "a project"), *app, *rest[len(app) :]]
    # Paths among the further arguments are relative to the caller's folder.
    assert json.loads(done.stdout) == [str(tmp_path), *expected], done.stderr


def test_a_relative_folder_is_that_of_the_caller(up, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "shop").mkdir()
    assert json.loads(up("../../shop", folder=tmp_path / "a" / "b").stdout)[-1] == str(tmp_path / "shop")
    assert json.loads(up(".", folder=tmp_path / "shop").stdout)[-1] == str(tmp_path / "shop")


def test_what_is_neither_a_command_nor_a_folder_is_reported(up):
    done = up("../shp")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "up: ../shp is neither a command nor a folder; see: a project/up --help\n"
    assert json.loads(up("--help").stdout)[1:] == ["local", "--help"]


def test_up_knows_every_command():
    from flask_on_aws_cli.local_aws.commands.command import local

    (line,) = (line for line in (ROOT / "up").read_text().splitlines() if line.startswith('"" | -* | '))
    assert set(line.rstrip(") ;").split(" | ")[2:]) == set(local.commands)
