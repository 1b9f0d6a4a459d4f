"""The image of a folder without a Dockerfile: the build plan's part of `Image`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker_build as docker_build

from ..build_plan.plan import BuildPlanError, PlanSettings, plan_build
from ..validation.problems import Problem
from .build_context import PLANNED, content_hash, context_location
from .dockerfile import CA_CONTEXT, CA_FOLDER, render_dockerfile


def is_planned(args: Mapping[str, Any]) -> bool:
    """Whether a build plan generates the Dockerfile, since the folder has none."""
    return args["dockerfile"] == PLANNED and not Path(args["context"], PLANNED).is_file()


def plan_problems(args: Mapping[str, Any]) -> Iterator[Problem]:
    """What prevents a build without a Dockerfile."""
    if args["builder"] == "docker":
        yield Problem(
            "builder",
            "'docker' needs a Dockerfile; have one written with `flask-on-aws build --eject`, or use 'docker-build'.",
        )
    try:
        planned_dockerfile(args)
    except BuildPlanError as error:
        for sentence in error.problems:
            argument, _, reason = sentence.partition(": ")
            of_argument = argument in ("python_version", "system_packages", "assets_folder")
            yield Problem(argument, reason) if of_argument else Problem("context", sentence)


def planned_dockerfile(args: Mapping[str, Any]) -> str:
    """The Dockerfile that a build plan generates.

    Raises:
        BuildPlanError: if there is no plan for the folder.
    """
    settings = PlanSettings(
        args["python_version"],
        tuple(args["system_packages"]),
        args["start_command"],
        tuple(args["writable_paths"]),
        other_commands=tuple(args["commands"]),
        build_command=args["build_command"],
        assets_folder=args["assets_folder"],
    )
    return render_dockerfile(plan_build(Path(args["context"]), settings), args["build_args"], args["build_secrets"])


def planned_content(args: Mapping[str, Any]) -> dict[str, Any]:
    """What determines the image besides the folder, and what else the provider compares."""
    certificates = [context_location(str(CA_FOLDER)), content_hash(str(CA_FOLDER), "", {})]
    return {"inline": planned_dockerfile(args), "certificates": certificates}


def named_contexts() -> Mapping[str, pulumi.Input[docker_build.ContextArgsDict]]:
    """The folder from which the Dockerfile copies the RDS root certificates."""
    return {CA_CONTEXT: {"location": context_location(str(CA_FOLDER))}}
