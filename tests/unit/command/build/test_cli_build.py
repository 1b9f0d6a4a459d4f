"""`flask-on-aws build`: its output, the files that it writes and its error messages. tests/e2e/ runs real builds."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws.build_plan.plan import plan_build
from flask_on_aws_cli.build.environment_commands import local_steps, start_script
from flask_on_aws_cli.main import main

sys.path.insert(0, str(Path(__file__).parents[3] / "apps"))

from catalogue import MANAGERS


def run(*arguments):
    return CliRunner().invoke(main, ["build", *(str(argument) for argument in arguments)], catch_exceptions=False)


@pytest.fixture
def app(tmp_path):
    return MANAGERS["pip"].write(tmp_path / "app")


def test_print_shows_the_dockerfile_and_writes_no_file(app):
    before = sorted(app.iterdir())
    done = run(app, "--print", "--build-env", "MODE=x", "--build-secret", "NOT_SET_HERE")
    assert done.stdout.startswith("FROM python:3.13-slim-trixie AS build\nARG MODE\n")
    assert "id=NOT_SET_HERE,required=true" in done.stdout
    assert sorted(app.iterdir()) == before


def test_later_builds_use_an_ejected_dockerfile(app):
    assert run(app, "--eject").exit_code == 0
    assert "COPY certs/rds-ca-bundle.pem /etc/rds-ca/rds-ca-bundle.pem" in (app / "Dockerfile").read_text()
    assert (app / "certs" / "rds-ca-bundle.pem").read_text().count("BEGIN CERTIFICATE") > 100
    assert ".env\n" in (app / ".dockerignore").read_text()
    assert plan_build(app).dockerfile == "Dockerfile"
    assert run(app, "--print").stdout == (app / "Dockerfile").read_text()
    again = run(app, "--eject")
    assert again.exit_code == 1
    assert "defines the image; there is nothing to eject" in again.stderr


def test_eject_does_not_overwrite_existing_files(app):
    (app / ".dockerignore").write_text("own\n")
    (app / "certs").mkdir()
    (app / "certs" / "rds-ca-bundle.pem").write_text("own\n")
    done = run(app, "--eject")
    assert "already exists; move or delete it" in done.stderr
    assert not (app / "Dockerfile").exists()
    (app / "certs" / "rds-ca-bundle.pem").unlink()
    assert run(app, "--eject").exit_code == 0
    assert (app / ".dockerignore").read_text() == "own\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--print", "--eject"], "are mutually exclusive; use one of them"),
        (["--build-env", "MODE"], "'MODE' is not of the form NAME=VALUE"),
        (["--build-secret", "NOT_SET_HERE"], "the environment variable 'NOT_SET_HERE' is not set; export it"),
        (["--python-version", "2.7"], "pythonVersion: '2.7' is not one of"),
    ],
)
def test_invalid_options_are_rejected(app, arguments, sentence):
    done = run(app, *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr


def test_a_missing_docker_command_is_reported_with_its_fix(app, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    sentence = "there is no docker command on this machine; install Docker, or build an environment with --venv"
    assert sentence in run(app).stderr


def test_an_environment_does_not_overwrite_other_folders(app, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "file").touch()
    assert "was not built by this command" in run(app, "--venv", tmp_path / "other").stderr
    assert "is inside the app's folder" in run(app, "--venv", app / "build").stderr


def test_a_program_that_is_not_installed_is_named(tmp_path, monkeypatch):
    folder = MANAGERS["conda"].write(tmp_path / "app")
    monkeypatch.setenv("PATH", "/nowhere")
    done = run(folder, "--venv", tmp_path / "out")
    assert "'conda' is not installed on this machine, and `conda env create" in done.stderr


def test_an_environment_is_built_by_the_commands_of_the_image(tmp_path):
    for name in ("pipenv", "poetry", "uv"):
        plan = plan_build(MANAGERS[name].write(tmp_path / name))
        steps = local_steps(plan, Path("/srv/an app"), "/bin/uv")
        assert {"pipenv": "pipenv sync", "poetry": "--only main", "uv": "--frozen"}[name] in steps[-1].command
        assert steps[-1].environment["VIRTUAL_ENV"] == "/srv/an app/venv"
        assert steps[0].command == "/bin/uv venv --python 3.13 '/srv/an app/venv'"
    plan = plan_build(MANAGERS["pip-hashes"].write(tmp_path / "hashes"))
    assert local_steps(plan, Path("/srv"), "/bin/uv")[-1].command == (
        "/bin/uv pip install --require-hashes -r requirements.txt"
    )
    assert "exec gunicorn --bind 0.0.0.0:$PORT app:app" in start_script(plan)
