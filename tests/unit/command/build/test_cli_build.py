"""`flask-on-aws build`: what it shows, writes and refuses. tests/e2e/ runs it."""

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


def test_the_dockerfile_is_shown_and_nothing_written(app):
    before = sorted(app.iterdir())
    done = run(app, "--print", "--build-env", "MODE=x", "--build-secret", "NOT_SET_HERE")
    assert done.stdout.startswith("FROM python:3.13-slim-trixie AS build\nARG MODE\n")
    assert "id=NOT_SET_HERE,required=true" in done.stdout
    assert sorted(app.iterdir()) == before


def test_an_ejected_dockerfile_decides_from_then_on(app):
    assert run(app, "--eject").exit_code == 0
    assert "COPY certs/rds-ca-bundle.pem /etc/rds-ca/rds-ca-bundle.pem" in (app / "Dockerfile").read_text()
    assert (app / "certs" / "rds-ca-bundle.pem").read_text().count("BEGIN CERTIFICATE") > 100
    assert ".env\n" in (app / ".dockerignore").read_text()
    assert plan_build(app).dockerfile == "Dockerfile"
    assert run(app, "--print").stdout == (app / "Dockerfile").read_text()
    again = run(app, "--eject")
    assert again.exit_code == 1
    assert "decides the image; there is nothing to eject" in again.stderr


def test_files_that_are_there_are_not_overwritten(app):
    (app / ".dockerignore").write_text("own\n")
    (app / "certs").mkdir()
    (app / "certs" / "rds-ca-bundle.pem").write_text("own\n")
    done = run(app, "--eject")
    assert "is there already; move it away" in done.stderr
    assert not (app / "Dockerfile").exists()
    (app / "certs" / "rds-ca-bundle.pem").unlink()
    assert run(app, "--eject").exit_code == 0
    assert (app / ".dockerignore").read_text() == "own\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--print", "--eject"], "exclude each other; give one of them"),
        (["--build-env", "MODE"], "'MODE' must be a name, an equals sign and a value"),
        (["--build-secret", "NOT_SET_HERE"], "the variable 'NOT_SET_HERE' is not set; export it"),
        (["--python-version", "2.7"], "python_version: '2.7' is not one of"),
    ],
)
def test_wrong_options_are_refused(app, arguments, sentence):
    done = run(app, *arguments)
    assert done.exit_code == 1
    assert sentence in done.stderr


def test_without_docker_the_way_out_is_told(app, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "there is no docker command here; install Docker, or build an environment with --venv" in run(app).stderr


def test_an_environment_overwrites_nothing_of_others(app, tmp_path):
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    assert "is taken by something else" in run(app, "--venv", tmp_path / "taken").stderr
    assert "is in the app's own folder" in run(app, "--venv", app / "build").stderr


def test_what_is_not_on_this_machine_is_named(tmp_path, monkeypatch):
    folder = MANAGERS["conda"].write(tmp_path / "app")
    monkeypatch.setenv("PATH", "/nowhere")
    done = run(folder, "--venv", tmp_path / "out")
    assert "'conda' is not on this machine, and `conda env create" in done.stderr


def test_the_same_commands_as_in_the_image(tmp_path):
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
