"""The containers of a task as processes of this machine: commands, without a container's own ENTRYPOINT."""

from pathlib import Path

import pytest
from flask_on_aws.runtime_contract.shell import PASS_ARGUMENTS
from flask_on_aws_cli.task_model.definition import task_plan
from flask_on_aws_cli.task_model.process_containers import ImagePlan, ProcessPlanner


@pytest.fixture
def plan(tmp_path):
    """The process of an app's container, whose image starts ./boot.sh and whose Procfile starts gunicorn."""
    image = ImagePlan(tmp_path / "app", "gunicorn app:app", {}, {}, "./boot.sh")
    planner = ProcessPlanner(tmp_path, lambda uri: image)

    def run(**values):
        definition = {"containerDefinitions": [{"name": "web", "image": "shop@sha256:1", **values}]}
        (container,) = task_plan(definition).containers
        return planner.plan("task", container, container.environment, Path("log"))

    return run


def test_the_image_s_own_process_is_the_plan_s(plan):
    command = ["/bin/sh", "-c", "exec ./boot.sh"]
    gunicorn = ["/bin/sh", "-c", "exec gunicorn app:app"]
    assert plan(entryPoint=list(PASS_ARGUMENTS), command=command).command == gunicorn
    assert plan().command == gunicorn


def test_any_other_command_runs_behind_the_entry_point(plan):
    command = ["/bin/sh", "-c", "exec flask db upgrade"]
    assert plan(entryPoint=list(PASS_ARGUMENTS), command=command).command == [*PASS_ARGUMENTS, *command]
    assert plan(command=command).command == command
