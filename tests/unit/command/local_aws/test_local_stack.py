"""The settings that the local stack reads from a project."""

import json
from pathlib import Path

import pulumi
import pytest
from flask_on_aws.build_plan.plan import PlanSettings
from flask_on_aws_cli.pulumi_engine.program.project import read_project
from flask_on_aws_cli.shared.stack_options import plan_settings

import settings
from tests.engine_programs import write_program

ROOT = Path(__file__).parents[4]
CONFIGURED = {
    "pythonVersion": "3.12",
    "systemPackages": ["libvips42", "gdal-bin"],
    "startCommand": "gunicorn 'a:b()'",
} | {
    "buildCommand": "flask digest compile",
    "assetsFolder": "none",
}


UNSET = {"pythonVersion": "auto", "systemPackages": [], "startCommand": "", "buildCommand": "", "assetsFolder": ""}
_TEXTS = ("python_version", "start_command", "build_command", "assets_folder", "dockerfile", "dockerfile_target")


@pytest.mark.parametrize("config", [CONFIGURED, UNSET, {}], ids=["configured", "unset", "defaults"])
def test_the_settings_of_a_build_plan_are_those_that_the_program_passes_to_its_image(tmp_path, monkeypatch, config):
    monkeypatch.chdir(ROOT)
    if config is CONFIGURED:  # these settings are only for an app without a Dockerfile
        (tmp_path / "app").mkdir()
        (tmp_path / "app" / "requirements.txt").write_text("flask\n")
        config = {**CONFIGURED, "app": str(tmp_path / "app")}
    lines = "".join(f"  flask-on-aws:{key}: {json.dumps(value)}\n" for key, value in config.items())
    folder = write_program(tmp_path / "program", "", f"config:\n{lines}" if lines else "config: {}\n")
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    project = read_project(folder, "local")
    pulumi.runtime.set_all_config(dict(project.config))
    args = settings.load(pulumi.Config("flask-on-aws"), "flask-on-aws", "local").app
    expected = [args.get(name) or getattr(PlanSettings(), name) for name in _TEXTS]
    plan = plan_settings(project.config, project.name)
    assert [getattr(plan, name) for name in _TEXTS] == expected
    assert plan.system_packages == tuple(args.get("system_packages") or ())
    assert (plan == PlanSettings()) == ("app" not in config)
