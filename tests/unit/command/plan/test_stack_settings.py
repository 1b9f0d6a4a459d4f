"""Tests of `flask-on-aws plan --write`, with the real Pulumi CLI where it is installed."""

import os
import shutil
import subprocess

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main
from flask_on_aws_cli.shared import health_path_record
from flask_on_aws_cli.shared.health_path_record import record_health_path

from tests.apps.catalogue import GOOD


@pytest.fixture
def app(tmp_path, monkeypatch):
    monkeypatch.setattr(health_path_record, "RECORD", tmp_path / "cache" / "health-paths.json")
    return GOOD["pip"].write(tmp_path / "shop")


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with a stack in a folder of its own."""
    if shutil.which("pulumi") is None:
        pytest.skip("there is no pulumi command")
    folder = tmp_path / "infra"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: infra\nruntime: python\n")
    state = {
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "x",
        "PULUMI_HOME": str(folder / "home"),
    }
    for name, value in state.items():
        monkeypatch.setenv(name, value)
    for stack in ("prod", "dev"):
        subprocess.run(["pulumi", "stack", "init", stack, "--non-interactive"], cwd=folder, check=True, env=os.environ)
    return folder


def write(folder, *options):
    return CliRunner().invoke(main, ["plan", str(folder), "--write", *map(str, options)], catch_exceptions=False)


def settings(project, stack):
    file = project / f"Pulumi.{stack}.yaml"
    return file.read_text() if file.exists() else ""


def test_an_app_of_which_nothing_is_recorded(app):
    done = write(app)
    assert done.exit_code == 1
    assert f"No health path is recorded for {app}; find it with: flask-on-aws preflight {app}" in done.stderr


def test_a_folder_that_has_no_project(app, tmp_path):
    record_health_path(app, "/health")
    assert "set its folder with --project" in write(app, "--project", tmp_path).stderr


def test_a_machine_without_pulumi_gets_the_command(app, tmp_path, monkeypatch):
    record_health_path(app, "/health")
    (tmp_path / "Pulumi.yaml").write_text("name: infra\n")
    monkeypatch.setenv("PATH", "")
    done = write(app, "--project", tmp_path, "--stack", "prod")
    assert "run: pulumi config set healthCheckPath /health --stack prod" in done.stderr


@pytest.mark.engine
def test_the_recorded_path_is_set_in_the_stack_and_a_set_one_stays(app, project):
    record_health_path(app, "/health")
    done = write(app, "--project", project, "--stack", "prod")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (
        0,
        "pulumi config set healthCheckPath /health --stack prod",
    )
    assert "infra:healthCheckPath: /health" in settings(project, "prod")
    assert "healthCheckPath" not in settings(project, "dev")
    assert "healthCheckPath stays /health" in write(app, "--project", project, "--stack", "prod").stdout
    assert write(app, "--project", project, "--json").exit_code == 0  # the selected stack
    assert "infra:healthCheckPath: /health" in settings(project, "dev")

    record_health_path(app, "/ping")
    done = write(app, "--project", project, "--stack", "prod")
    assert done.exit_code == 1
    assert "healthCheckPath is /health in this stack, and was not replaced" in done.stderr
    assert "infra:healthCheckPath: /health" in settings(project, "prod")
    assert "failed: error: no stack named 'other' found" in write(app, "--project", project, "--stack", "other").stderr


@pytest.mark.engine
def test_the_default_path_is_not_written(app, project):
    record_health_path(app, "/up")
    assert "healthCheckPath stays auto" in write(app, "--project", project, "--stack", "prod").stdout
    assert "healthCheckPath" not in settings(project, "prod")
