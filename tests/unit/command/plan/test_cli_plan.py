"""`flask-on-aws plan`: its output and its error messages."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main
from flask_on_aws_cli.plan.procfile_writer import ProcfileExistsError, write_procfile

from tests.apps.catalogue import BAD, GOOD


def run(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)


def test_every_decision_is_shown_with_its_reason(tmp_path):
    folder = GOOD["compiled"].write(tmp_path / "app")
    done = run("plan", folder, "--python-version", "3.12", "--system-package", "ffmpeg", "--system-package", "git")
    assert done.exit_code == 0
    assert re.search(r"^Python +3\.12\n +the setting pythonVersion$", done.stdout, re.MULTILINE)
    for text in ("ffmpeg git", "psycopg2 has no wheels"):
        assert text in done.stdout


def test_json_output_contains_the_whole_plan(tmp_path):
    plan = json.loads(run("plan", GOOD["node"].write(tmp_path / "app"), "--json").stdout)
    assert plan["manager"] == "pip"
    assert plan["node"]["install"] == "npm ci"
    assert {"subject", "value", "reason"} == set(plan["decisions"][0])


def test_a_dockerfile_is_used_except_with_the_option_processes(tmp_path):
    folder = GOOD["dockerfile"].write(tmp_path / "app")
    (folder / "pyproject.toml").unlink()
    assert "the app's own Dockerfile decides" in run("plan", folder).stdout
    assert "there is requirements.txt" in run("plan", folder, "--processes").stdout


@pytest.mark.parametrize("name", ["everything-at-once", "no-start"])
def test_every_problem_is_printed_on_standard_error(tmp_path, name):
    done = run("plan", BAD[name].write(tmp_path / "app"))
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == len(BAD[name].problems)


NAMES = (
    *("python_version", "system_packages", "start_command", "writable_paths", "build_command", "assets_folder"),
    "dockerfile_target",
)


@pytest.mark.parametrize(
    ("name", "options", "setting"),
    [
        ("no-start", [], "the setting startCommand (not set)"),
        ("two-scripts", [], "set startCommand to: gunicorn"),
        ("pip", ["--python-version", "2.7"], "pythonVersion: '2.7' is not one of"),
        ("python-against-the-project", ["--python-version", "3.12"], "from the setting pythonVersion"),
        ("pip", ["--system-package", "lib pq"], "systemPackages: 'lib pq' is not the name"),
        ("pip", ["--start-command", "python start_command.py"], "the setting startCommand"),
        ("dockerfile", ["--start-command", "serve"], "the setting startCommand"),
        ("pip", ["--system-package", "git"], "the setting systemPackages"),
        ("pip", ["--build-command", "flask digest compile"], "the setting buildCommand"),
        ("node", ["--assets-folder", "none"], "the setting assetsFolder"),
        (
            "pip",
            ["--dockerfile-target", "web"],
            "dockerfileTarget: 'web' needs a Dockerfile, which the app's folder lacks",
        ),
        ("pip", ["--dockerfile", "Web"], "dockerfile: there is no file 'Web' in the app's folder"),
        ("dockerfile", ["--dockerfile-target", "0"], "the setting dockerfileTarget"),
        ("node", ["--assets-folder", "x"], "assetsFolder: 'x' has no package.json in the app's folder"),
    ],
)
def test_settings_have_the_names_that_users_write(tmp_path, name, options, setting):
    done = run("plan", {**GOOD, **BAD}[name].write(tmp_path / "app"), *options)
    assert setting in done.output
    assert not any(re.search(rf"\b{argument}\b(?!\.py)", done.output) for argument in NAMES)


def test_the_installed_command_has_this_version():
    command = Path(sys.executable).with_name("flask-on-aws")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == "0.1.0\n"


@pytest.mark.parametrize(
    ("dockerfile", "process", "outcome"),
    [
        (
            'FROM python:3.13\nENTRYPOINT ["gunicorn", "app:app"]\n',
            "gunicorn app:app\n  .*ENTRYPOINT of Dockerfile",
            "replaced",
        ),
        (
            'FROM python:3.13\nENTRYPOINT ["tini", "--"]\nCMD ["flask", "run"]\n',
            "tini -- flask run\n  .*ENTRYPOINT and CMD of Dockerfile",
            "kept\n +tini runs its arguments",
        ),
        ("FROM python:3.13\nCMD flask run\n", "flask run\n  .*CMD of Dockerfile", "none"),
        ("FROM shop/base\n", "that of the base image\n +Dockerfile has neither ENTRYPOINT nor CMD", "none"),
        (
            'FROM shop/base\nENTRYPOINT ["/opt/x"]\n',
            "/opt/x\n",
            "kept\n +/opt/x is not in the build context; .*entryPoint",
        ),
    ],
)
def test_what_an_image_starts_and_what_becomes_of_its_entry_point(tmp_path, dockerfile, process, outcome):
    (tmp_path / "Dockerfile").write_text(dockerfile)
    text = run("plan", tmp_path).stdout
    assert re.search(f"^start command +{process}", text, re.MULTILINE), text
    assert re.search(f"^entry point +{outcome}", text, re.MULTILINE), text


def test_the_option_entry_point_decides(tmp_path):
    (tmp_path / "Dockerfile").write_text('FROM python:3.13\nENTRYPOINT ["gunicorn", "app:app"]\n')
    assert re.search("^entry point +kept", run("plan", tmp_path, "--entry-point", "keep").stdout, re.MULTILINE)
    replaced = json.loads(run("plan", tmp_path, "--entry-point", "replace", "--json").stdout)
    assert replaced["entry_point"] == ["/bin/sh", "-c", 'exec "$@"', "sh"]
    assert replaced["image_process"] == "gunicorn app:app"


def test_a_dockerfile_without_a_base_image_is_reported(tmp_path):
    (tmp_path / "Dockerfile").write_text("RUN true\n")
    done = run("plan", tmp_path)
    assert (done.exit_code, done.stderr) == (1, "Dockerfile has no instruction FROM; name the base image.\n")


def test_what_a_dockerfile_says_besides_is_in_the_plan(tmp_path):
    (tmp_path / "Dockerfile").write_text(
        "FROM python:3.13\nARG COMMIT\nARG COLOR=blue\nEXPOSE 5000\nUSER app\n"
        "VOLUME /data\nHEALTHCHECK CMD true\nCMD flask run\n"
    )
    decided = {one["subject"]: one["value"] for one in json.loads(run("plan", tmp_path, "--json").stdout)["decisions"]}
    assert decided.items() >= {
        ("build arguments", "COMMIT"),
        ("exposes", "5000"),
        ("user", "app"),
        ("volumes", "/data"),
        ("health check", "ignored"),
    }


def test_a_procfile_is_written_with_what_would_run(tmp_path):
    folder = BAD["two-scripts"].write(tmp_path / "app")
    done = run("plan", folder, "--write-procfile")
    assert (done.exit_code, done.stderr) == (0, "")
    assert (folder / "Procfile").read_text() == "web: gunicorn --bind 0.0.0.0:$PORT greeter:app\n"
    assert "was written: web: gunicorn" in done.stdout
    assert "`web:` in Procfile" in done.stdout
    assert sorted(path.name for path in folder.iterdir()) == ["Procfile", "greeter.py", "pyproject.toml"]
    assert (folder / "Procfile").stat().st_mode & 0o777 == 0o644


def test_the_start_command_of_another_source_is_written(tmp_path):
    folder = GOOD["pyproject"].write(tmp_path / "app")
    plan = json.loads(run("plan", folder, "--write-procfile", "--json").stdout)
    assert (folder / "Procfile").read_text() == "web: greet\n"
    assert plan["start_command"] == "greet"
    (folder / "Procfile").unlink()
    assert run("plan", folder, "--write-procfile", "--start-command", "serve $PORT").exit_code == 0
    assert (folder / "Procfile").read_text() == "web: serve $PORT\n"


@pytest.mark.parametrize("settings", [[], ["--start-command", "gunicorn --bind 0.0.0.0:$PORT app:app"]])
def test_a_procfile_gets_the_release_command_of_an_app_with_migrations(tmp_path, settings):
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "env.py").write_text("")
    (tmp_path / "requirements.txt").write_text("flask-migrate\ngunicorn\n")
    (tmp_path / "app.py").write_text("import flask\napp = flask.Flask(__name__)\n")
    done = run("plan", tmp_path, "--write-procfile", *settings)
    lines = "web: gunicorn --bind 0.0.0.0:$PORT app:app\nrelease: flask db upgrade\n"
    assert (tmp_path / "Procfile").read_text() == lines
    assert "`release:` in Procfile" in done.stdout


def test_a_missing_server_is_named_when_the_procfile_is_written(tmp_path):
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "app.py").write_text("import flask\napp = flask.Flask(__name__)\n")
    assert "app:app; add gunicorn to the dependencies" in run("plan", tmp_path, "--write-procfile").stdout


@pytest.mark.parametrize("kind", ["file", "without web", "folder", "dangling link"])
def test_an_existing_procfile_is_never_changed(tmp_path, kind):
    folder = BAD["two-scripts"].write(tmp_path / "app")
    path = folder / "Procfile"
    if kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to("nowhere")
    else:
        path.write_text("web: x\n" if kind == "file" else "queue: rq worker\n")
    before = path.read_text() if path.is_file() else None
    done = run("plan", folder, "--write-procfile")
    assert done.exit_code == 1
    assert "Procfile exists and was not changed; its lines for this app are: web: " in done.stderr
    assert (path.read_text() if path.is_file() else None) == before
    assert len(list(folder.iterdir())) == 3


def test_a_procfile_that_appears_meanwhile_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "exists", lambda path: False)
    (tmp_path / "Procfile").write_text("web: x\n")
    with pytest.raises(ProcfileExistsError):
        write_procfile(tmp_path, ["web: y"])
    assert [path.name for path in tmp_path.iterdir()] == ["Procfile"]
    assert (tmp_path / "Procfile").read_text() == "web: x\n"


def test_no_procfile_is_written_without_a_proposal(tmp_path):
    (tmp_path / "requirements.txt").write_text("gunicorn\n")
    done = run("plan", tmp_path, "--write-procfile")
    assert done.exit_code == 1
    assert "set startCommand, for example to: gunicorn --bind 0.0.0.0:$PORT app:app (the code shows no" in done.stderr
    assert not (tmp_path / "Procfile").exists()


def test_files_of_other_platforms_name_settings_as_users_write_them(tmp_path):
    output = run("plan", GOOD["files-of-other-platforms"].write(tmp_path / "app")).stdout
    assert re.search(r"^not read +\.env\n.*secretValues$", output, re.MULTILINE)
    assert "flask-on-aws import" in output
    assert "_" not in "".join(line for line in output.splitlines() if "carry its content" in line)
