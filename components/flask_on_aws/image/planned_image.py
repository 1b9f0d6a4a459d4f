"""The image of a folder without a Dockerfile: the build plan's part of `Image`."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pulumi
import pulumi_docker_build as docker_build

from ..build_plan.left_out import GENERATED, IGNORE_FILE, ignore_file
from ..build_plan.plan import OTHER_COMMAND, BuildPlan, BuildPlanError, PlanSettings, plan_build
from ..build_plan.plan_values import DOCKERFILE
from ..validation.problems import Problem
from .build_context import content_hash, context_location
from .dockerfile import CA_CONTEXT, CA_FOLDER, render_dockerfile

# 64 bits of a hash: no two builds of a program have the same.
_NAME_LENGTH = 16


def is_planned(args: Mapping[str, Any]) -> bool:
    """Whether a build plan generates the Dockerfile, since the folder has none."""
    return args["dockerfile"] == DOCKERFILE and not Path(args["context"], DOCKERFILE).is_file()


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
            argument = "commands" if argument == OTHER_COMMAND else argument
            of_argument = argument in (
                "commands",
                "python_version",
                "system_packages",
                "start_command",
                "assets_folder",
                "dockerfile_target",
            )
            yield Problem(argument, reason) if of_argument else Problem("context", sentence)


def planned_build(args: Mapping[str, Any]) -> BuildPlan:
    """The build plan of an image's arguments.

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
        dockerfile_target=args["dockerfile_target"],
    )
    return plan_build(Path(args["context"]), settings)


def planned_dockerfile(args: Mapping[str, Any]) -> str:
    """The Dockerfile that a build plan generates.

    Raises:
        BuildPlanError: if there is no plan for the folder.
    """
    return _rendered(args, planned_build(args))


def planned_content(args: Mapping[str, Any]) -> dict[str, Any]:
    """What determines the image besides the folder, and what else the provider compares."""
    certificates = [context_location(str(CA_FOLDER)), content_hash(str(CA_FOLDER), "", {})]
    plan = planned_build(args)
    source = _source(args, plan)
    text = _rendered(args, plan)
    return {"inline": text, "certificates": certificates, **({} if "inline" in source else source)}


def dockerfile_source(args: Mapping[str, Any]) -> docker_build.DockerfileArgsDict:
    """The build's Dockerfile: its text, or, with virtual environments in the folder, the path of a file that has it.

    Only next to a file can there be a .dockerignore other than the app's, so that the builder does not get, and the
    provider does not compare, what .dockerignore does not name.
    """
    return _source(args, planned_build(args))


def _rendered(args: Mapping[str, Any], plan: BuildPlan) -> str:
    return render_dockerfile(plan, args["build_args"], args["build_secrets"])


def _source(args: Mapping[str, Any], plan: BuildPlan) -> docker_build.DockerfileArgsDict:
    text = _rendered(args, plan)
    if not plan.environments:
        return {"inline": text}
    ignored = ignore_file(Path(args["context"]), plan.environments)
    folder = Path(
        GENERATED, hashlib.sha256(f"{text}\0{ignored}".encode(errors="surrogateescape")).hexdigest()[:_NAME_LENGTH]
    )
    folder.mkdir(parents=True, exist_ok=True)
    # Version control is to ignore it all.
    files = {Path(GENERATED, ".gitignore"): "*\n", folder / "Dockerfile": text, folder / IGNORE_FILE: ignored}
    for path, content in files.items():
        _write(path, content)
    return {"location": (folder / "Dockerfile").as_posix()}


def _write(path: Path, content: str) -> None:
    """Write a file whole or not at all: another stack's program may read it at the same time."""
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=path.name, delete=False, encoding="utf-8", errors="surrogateescape"
    ) as file:
        file.write(content)
    os.replace(file.name, path)


def named_contexts() -> Mapping[str, pulumi.Input[docker_build.ContextArgsDict]]:
    """The folder from which the Dockerfile copies the RDS root certificates."""
    return {CA_CONTEXT: {"location": context_location(str(CA_FOLDER))}}
