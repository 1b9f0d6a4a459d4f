"""Production stacks of this repository's program, evaluated as `flask-on-aws review` does it."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from flask_on_aws_cli.pulumi_engine.program.project import Project, read_project
from flask_on_aws_cli.review.inputs.import_path import python_path
from flask_on_aws_cli.review.inputs.programs import Evaluated, Evaluator
from flask_on_aws_cli.review.terraform.export import configuration

ROOT = Path(__file__).parents[1]
STACKS: Mapping[str, Mapping[str, str]] = {
    "domain": {
        "domain": "app.example.com",
        "zoneId": "Z123",
        "alarmEmail": "ops@example.com",
        "monthlyBudgetUsd": "100",
    },
    "cloudfront": {"alarmEmail": "ops@example.com"},
    "services": {"database": "sqlserver", "cache": "valkey", "cloudfrontOrigin": "public"},
}
"""Name → settings in addition to `environment: production`."""


def _project(stack: str) -> Project:
    project = read_project(ROOT, "prod")
    settings = {"environment": "production", **STACKS[stack]}
    return replace(project, config=dict(project.config) | {f"{project.name}:{key}": v for key, v in settings.items()})


@cache
def evaluated(stack: str) -> Evaluated:
    """What the program registers for a stack of `STACKS`."""
    return Evaluator(_project(stack), python_path(ROOT, ROOT)).run()


@cache
def exported(stack: str) -> dict[str, Any]:
    """The stack's configuration in Terraform's JSON syntax."""
    project, result = _project(stack), evaluated(stack)
    evaluator = Evaluator(project, "")
    return configuration(result.graph.resources, result.outputs, project.config, evaluator.region, evaluator.account)
