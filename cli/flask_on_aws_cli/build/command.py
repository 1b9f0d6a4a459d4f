"""`flask-on-aws build`."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.image.dockerfile import render_dockerfile

from ..shared.failure import fail
from ..shared.stack_options import plan_options, plan_or_fail
from .base_image_age import old_base_image
from .local_python import local_python
from .run import BuildError, build_image, check_target, eject, make_environment


@click.command()
@plan_options
@click.option("--print", "prints", is_flag=True, help="Print the Dockerfile and build nothing.")
@click.option("--eject", "ejects", is_flag=True, help="Write the Dockerfile to DIR; from then on, you maintain it.")
@click.option(
    "--venv", type=click.Path(path_type=Path), metavar="PATH", help="Build an environment in PATH, without Docker."
)
@click.option("--tag", metavar="NAME", help="Name of the image. Default: the name of DIR.")
@click.option("--build-env", multiple=True, metavar="NAME=VALUE", help="Variable for the build only. Repeatable.")
@click.option(
    "--build-secret",
    multiple=True,
    metavar="NAME",
    help="Environment variable that the build gets as a secret. Repeatable.",
)
def build(
    folder: Path,
    prints: bool,
    ejects: bool,
    venv: Path | None,
    tag: str | None,
    build_env: Sequence[str],
    build_secret: Sequence[str],
    **settings: Any,
) -> None:
    """Build the app in DIR from its plan. Default: an image, with this machine's Docker engine."""
    if sum((prints, ejects, venv is not None)) > 1:
        fail("--print, --eject and --venv are mutually exclusive; use one of them.")
    variables = _variables(build_env, () if prints or ejects else build_secret)
    plan = plan_or_fail(folder, as_processes=venv is not None, **settings)
    try:
        if prints:
            click.echo(_dockerfile(plan, folder, list(variables), build_secret), nl=False)
        elif ejects:
            _eject(plan, folder, list(variables), build_secret)
        elif venv:
            check_target(folder, venv)
            _require_python(plan)
            make_environment(plan, folder, venv, variables, build_secret)
            _print_start_command(plan, venv)
        else:
            image = tag or _image_name(folder)
            build_image(plan, folder, image, variables, build_secret)
            age, fix = old_base_image(image, plan)
            if age:
                click.echo(f"The base image {age}: {fix}", err=True)
    except BuildError as error:
        fail(str(error))


def _require_python(plan: BuildPlan) -> None:
    """End the command unless the plan's Python is here or can be downloaded."""
    if difference := local_python(plan).difference:
        fail(f"{difference}, or choose another version with --python-version.")


def _variables(build_env: Sequence[str], build_secret: Sequence[str]) -> dict[str, str]:
    for text in build_env:
        if not re.match(r"[A-Za-z_]\w*=", text):
            fail(f"--build-env: {text!r} is not of the form NAME=VALUE; use one such as MODE=production.")
    for name in build_secret:
        if name not in os.environ:
            fail(f"--build-secret: the environment variable {name!r} is not set; export it.")
    return dict(text.split("=", 1) for text in build_env)


def _dockerfile(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> str:
    if plan.dockerfile:
        return (folder / plan.dockerfile).read_text(encoding="utf-8")
    return render_dockerfile(plan, build_env, build_secrets)


def _eject(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> None:
    if plan.dockerfile:
        fail(f"{str(folder / plan.dockerfile)!r} already exists and defines the image; there is nothing to eject.")
    for name in eject(plan, folder, build_env, build_secrets):
        click.echo(f"wrote {folder / name}")


def _print_start_command(plan: BuildPlan, target: Path) -> None:
    if plan.run_packages:
        click.echo(f"requires these Debian packages or their equivalents: {' '.join(plan.run_packages)}", err=True)
    click.echo(f"start it with: PORT=8080 {target / 'start'}")


def _image_name(folder: Path) -> str:
    """The folder's name as a valid Docker image name."""
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "app"
