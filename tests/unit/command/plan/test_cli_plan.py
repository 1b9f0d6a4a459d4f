"""`flask-on-aws plan`: its output and its error messages."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

sys.path.insert(0, str(Path(__file__).parents[3] / "apps"))

from catalogue import BAD, GOOD


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


NAMES = ("python_version", "system_packages", "start_command", "writable_paths")


@pytest.mark.parametrize(
    ("name", "options", "setting"),
    [
        ("no-start", [], "the setting startCommand (not set)"),
        ("two-scripts", [], "set startCommand, for example to"),
        ("pip", ["--python-version", "2.7"], "pythonVersion: '2.7' is not one of"),
        ("python-against-the-project", ["--python-version", "3.12"], "from the setting pythonVersion"),
        ("pip", ["--system-package", "lib pq"], "systemPackages: 'lib pq' is not the name"),
        ("pip", ["--start-command", "python start_command.py"], "the setting startCommand"),
        ("dockerfile", ["--start-command", "serve"], "the setting startCommand"),
        ("pip", ["--system-package", "git"], "the setting systemPackages"),
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
