"""Tests of build plans as environments on this machine, which uv creates without Docker."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

from tests.apps.catalogue import GOOD, MANAGERS, NODE, RUNNABLE
from tests.waiting import SECONDS

# The version of the Python that runs the tests, which needs no download.
PYTHON_VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def build(*arguments):
    return CliRunner().invoke(
        main, ["build", "--python-version", PYTHON_VERSION, *(str(argument) for argument in arguments)]
    )


def get(process, address):
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return response.read().decode()
        except OSError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.mark.parametrize("name", RUNNABLE)
def test_a_local_build_of_every_kind_of_app_serves_and_stops(tmp_path, name, monkeypatch):
    folder = RUNNABLE[name].write(tmp_path / "app")
    (folder / ".env").write_text("A=1")
    target = tmp_path / "out of tree"
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    result = build(folder, "--venv", target)
    assert result.exit_code == 0, result.stderr
    assert list((tmp_path / "temporary").iterdir()) == []  # uv leaves locks there
    assert not (target / "app" / ".env").exists()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    if "is-odd" in "".join(path.read_text() for path in folder.rglob("package.json")):
        assert (target / "app" / "static" / "built.txt").read_text() == (target / "app" / "app.py").read_text()
        assert not list((target / "app").rglob("node_modules"))
    process = subprocess.Popen([target / "start"], env={**os.environ, "PORT": str(port)})
    try:
        assert get(process, f"http://127.0.0.1:{port}/up") == "up\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
    python = subprocess.run(
        [target / "start", "python", "-c", "import sys, flask; print(sys.prefix)"], capture_output=True
    )
    assert python.stdout.decode().strip() == str(target / "venv")
    missing = subprocess.run([target / "start", "python", "-c", "import iniconfig"], capture_output=True)
    assert b"No module named 'iniconfig'" in missing.stderr  # development dependencies are not installed


BUILD_COMMAND = """\
node -p "'node ' + require('is-odd')(3)" > static/node.txt
flask --app app routes > static/routes.txt
env > static/environment.txt
python -c 'import sys; print(sys.prefix)' >> static/environment.txt
"""


def test_the_build_command_has_node_and_the_app_s_environment_and_no_secrets(tmp_path, monkeypatch):
    folder = NODE["pnpm"].write(tmp_path / "app")
    monkeypatch.setenv("TOKEN", "hush")
    options = ("--build-env", "MODE=blue", "--build-secret", "TOKEN", "--build-command", BUILD_COMMAND)
    result = build(folder, "--venv", tmp_path / "out", *options)
    assert result.exit_code == 0, result.stderr
    static = tmp_path / "out" / "app" / "static"
    assert (static / "node.txt").read_text() == "node true\n"
    assert "/up" in (static / "routes.txt").read_text()
    environment = (static / "environment.txt").read_text()
    assert "MODE=blue" in environment
    assert "hush" not in environment
    assert environment.endswith(f"{tmp_path / 'out' / 'venv'}\n")
    assert not list((tmp_path / "out" / "app").rglob("node_modules"))


def test_a_failed_build_command_shows_its_cause(tmp_path):
    folder = MANAGERS["pip"].write(tmp_path / "app")
    (folder / "app.py").write_text("import os\n\nos.environ['GREETING']\n")
    result = build(folder, "--venv", tmp_path / "out", "--build-command", "echo first\npython -m app\necho last")
    assert result.exit_code == 1
    assert "the build command `echo first\npython -m app\necho last` exited with code 1: " in result.stderr
    assert "the variable GREETING is not set in the build; set it in buildEnv" in result.stderr
    assert result.stderr.rstrip().endswith("KeyError: 'GREETING'")


def test_packages_that_the_app_runs_with_are_kept_without_those_of_development(tmp_path):
    app = NODE["node-runs"]
    (folder := app.write(tmp_path / "app")).joinpath("mail.js").write_text("console.log(require('is-odd')(3))\n")
    package = json.loads((folder / "package.json").read_text())
    (folder / "package.json").write_text(json.dumps({**package, "devDependencies": {"is-even": "1.0.0"}}))
    assert build(folder, "--venv", tmp_path / "out").exit_code == 0
    mail = subprocess.run([tmp_path / "out" / "start", "node", "mail.js"], capture_output=True, text=True)
    assert (mail.stdout, mail.stderr) == ("true\n", "")
    modules = tmp_path / "out" / "app" / "node_modules"
    assert (modules / "is-odd").is_dir()
    assert not (modules / "is-even").exists()
    version = subprocess.run([tmp_path / "out" / "start", "node", "--version"], capture_output=True, text=True)
    assert version.stdout.startswith("v22.")


def test_a_local_build_installs_from_the_files_of_the_image_and_copies_those(tmp_path):
    """What fails or is missing in the image fails or is missing here."""
    folder = MANAGERS["node"].write(tmp_path / "app")
    (folder / ".dockerignore").write_text("notes\n*.md\n!README.md\n")
    for name in ("notes/a.txt", "CHANGES.md", "README.md", "uploads/.keep"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("")
    (folder / "empty").mkdir()
    (folder / "current").symlink_to("app.py")
    package = json.loads((folder / "package.json").read_text())
    # npm runs this script before the code is there, as in the image: only lifecycle scripts are looked for.
    package["scripts"]["build"] += " && ls > static/seen.txt"
    (folder / "package.json").write_text(json.dumps(package))
    (folder / "pyproject.toml").write_text('[tool.uv]\nconstraint-dependencies = ["flask<1"]\n')
    result = build(folder, "--venv", tmp_path / "out")
    assert result.exit_code == 0, result.stderr  # pip reads no pyproject.toml, which uv would read
    app = tmp_path / "out" / "app"
    assert {path.name for path in app.iterdir()} >= {"README.md", "uploads", "empty", "current"}
    assert (app / "current").is_symlink()
    assert not {"notes", "CHANGES.md"} & {path.name for path in app.iterdir()}


def test_wheels_of_the_app_s_folder_are_installed(tmp_path):
    folder = GOOD["wheels-of-a-folder"].write(tmp_path / "app")
    with zipfile.ZipFile(folder / "wheels" / "shop_core-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("shop_core.py", "NAME = 'shop'\n")
        wheel.writestr("shop_core-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: shop-core\nVersion: 1.0\n")
        wheel.writestr(
            "shop_core-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("shop_core-1.0.dist-info/RECORD", "")
    with (folder / "requirements.txt").open("a") as requirements:
        requirements.write("shop-core\n")
    result = build(folder, "--venv", tmp_path / "out")
    assert result.exit_code == 0, result.stderr
    assert subprocess.run([tmp_path / "out" / "start", "python", "-c", "import shop_core"]).returncode == 0


def test_a_node_that_is_nowhere_is_reported_in_one_sentence(tmp_path):
    folder = NODE["pnpm"].write(tmp_path / "app")
    (folder / ".nvmrc").write_text("16\n")
    result = build(folder, "--venv", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.startswith(
        "Node 16 is not installed on this machine, and cannot be installed from PyPI; install it, with npm"
    )


def test_a_failed_build_reports_the_command_and_can_be_repeated(tmp_path):
    folder = MANAGERS["pip"].write(tmp_path / "app")
    (folder / "requirements.txt").write_text("flask==0.0.0.1\n")
    result = build(folder, "--venv", tmp_path / "out")
    assert result.exit_code == 1
    assert (
        "pip install -r requirements.txt` exited with code 1: the package index has no flask 0.0.0.1 that fits; "
        in result.stderr
    )
    assert "flask==0.0.0.1" in result.stderr
    (folder / "requirements.txt").write_text("flask\n")
    assert build(folder, "--venv", tmp_path / "out").exit_code == 0
