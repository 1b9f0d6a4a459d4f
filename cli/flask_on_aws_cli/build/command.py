"""`flask-on-aws build`."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from flask_on_aws.build_plan.plan import BuildPlan
from flask_on_aws.image.dockerfile import render_dockerfile

from ..shared.stack_options import fail, plan_options, plan_or_fail
from .run import BuildError, build_image, eject, make_environment


@click.command()
@plan_options
@click.option("--print", "shows", is_flag=True, help="Show the Dockerfile, and build nothing.")
@click.option("--eject", "ejects", is_flag=True, help="Write the Dockerfile into DIR, to be yours from then on.")
@click.option("--venv", type=click.Path(path_type=Path), metavar="PATH", help="An environment in PATH, without Docker.")
@click.option("--tag", metavar="NAME", help="The image's name. Default: that of DIR.")
@click.option("--build-env", multiple=True, metavar="NAME=VALUE", help="A variable of the build alone.")
@click.option("--build-secret", multiple=True, metavar="NAME", help="A secret of the build: this variable's value.")
def build(
    folder: Path,
    shows: bool,
    ejects: bool,
    venv: Path | None,
    tag: str | None,
    build_env: Sequence[str],
    build_secret: Sequence[str],
    **settings: Any,
) -> None:
    """Build the app in DIR by its plan: an image with this machine's Docker engine, or one of the options below."""
    if sum((shows, ejects, venv is not None)) > 1:
        fail("--print, --eject and --venv exclude each other; give one of them.")
    variables = _variables(build_env, () if shows or ejects else build_secret)
    plan = plan_or_fail(folder, **settings, dockerfile="" if venv else "Dockerfile")
    try:
        if shows:
            click.echo(_dockerfile(plan, folder, list(variables), build_secret), nl=False)
        elif ejects:
            _eject(plan, folder, list(variables), build_secret)
        elif venv:
            secrets = {name: os.environ[name] for name in build_secret}
            make_environment(plan, folder, venv, {**variables, **secrets})
            _report(plan, venv)
        else:
            build_image(plan, folder, tag or _image_name(folder), variables, build_secret)
    except BuildError as error:
        fail(str(error))


def _variables(build_env: Sequence[str], build_secret: Sequence[str]) -> dict[str, str]:
    for text in build_env:
        if not re.match(r"[A-Za-z_]\w*=", text):
            fail(f"--build-env: {text!r} must be a name, an equals sign and a value.")
    for name in build_secret:
        if name not in os.environ:
            fail(
                f"--build-secret: the variable {name!r} is not set; export it, so that its value is on no command line."
            )
    return dict(text.split("=", 1) for text in build_env)


def _dockerfile(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> str:
    if plan.dockerfile:
        return (folder / plan.dockerfile).read_text(encoding="utf-8")
    return render_dockerfile(plan, build_env, build_secrets)


def _eject(plan: BuildPlan, folder: Path, build_env: Sequence[str], build_secrets: Sequence[str]) -> None:
    if plan.dockerfile:
        fail(f"{str(folder / plan.dockerfile)!r} is there already and decides the image; there is nothing to eject.")
    for name in eject(plan, folder, build_env, build_secrets):
        click.echo(f"wrote {folder / name}")


def _report(plan: BuildPlan, target: Path) -> None:
    if plan.run_packages:
        click.echo(f"needs on this machine: {' '.join(plan.run_packages)} (Debian's names)", err=True)
    click.echo(f"start it with: PORT=8080 {target / 'start'}")


def _image_name(folder: Path) -> str:
    """The folder's name as Docker takes it."""
    return re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-") or "app"
