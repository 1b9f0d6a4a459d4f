"""Which app is meant, and how its AWS is reached: a stack of Pulumi, the local AWS, or a cluster by its name."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask_on_aws.aws_session import ProviderSettings, read_settings

from ..local_project.project import LocalPlace, PlaceError, find_place, place_settings
from .app import App
from .errors import OperationError, sentences
from .pulumi_stack import read_stack

_LOCAL = "local"
# Where the AWS provider looks for the region, in its order; boto3 knows the second alone.
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class Where:
    """What the options say; None is what the folder and the environment say."""

    stack: str | None = None
    project: Path | None = None
    cluster: str | None = None
    service: str | None = None
    region: str | None = None
    profile: str | None = None

    @property
    def aws(self) -> Mapping[str, str]:
        """The provider's settings that are given."""
        return {name: value for name, value in (("region", self.region), ("profile", self.profile)) if value}


# In the order in which --help shows them.
_OPTIONS = (
    click.option(
        "--stack", metavar="NAME", help="Stack. Default: local if that runs here, else Pulumi's selected one."
    ),
    click.option(
        "--project",
        type=click.Path(path_type=Path, file_okay=False, exists=True),
        help="Folder of Pulumi.yaml. Default: this one, or the nearest above it.",
    ),
    click.option("--service", metavar="NAME", help="One service: web, a worker's name, or its name on AWS."),
    click.option("--cluster", metavar="NAME", help="ECS cluster, where no stack is at hand."),
    click.option("--region", metavar="NAME", help="AWS region. Default: the stack's, else the environment's."),
    click.option(
        "--profile", metavar="NAME", help="Profile of AWS's files. Default: the stack's, else the environment's."
    ),
)


def app_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that say which app is meant; the command gets it first, and errors become sentences."""

    @wraps(command)
    def run(**given: Any) -> Any:
        where = Where(**{name: given.pop(name) for name in Where.__annotations__})
        with sentences():
            return command(find_app(where), **given)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def find_app(where: Where) -> App:
    """The app that is meant.

    Raises:
        OperationError: if there is none.
    """
    if where.cluster:
        return App(_settings(where, {}), where.cluster, chosen=where.service)
    project = _project(where.project)
    place = _local_place(project, where.stack)
    if place:
        return _local_app(project, place, where.service)
    found = read_stack(project, where.stack)
    return _stack_app(found.outputs, _settings(where, found.provider), where)


def _stack_app(outputs: Mapping[str, Any], settings: ProviderSettings, where: Where) -> App:
    missing = [name for name in ("clusterName", "serviceName") if not outputs.get(name)]
    if missing:
        raise OperationError(
            f"The stack has no output {' and no output '.join(missing)}; export what FlaskApp calls so, or name the "
            "app with --cluster and --service."
        )
    url = str(outputs.get("url", ""))
    return App(settings, str(outputs["clusterName"]), str(outputs["serviceName"]), where.service, url)


def _settings(where: Where, configured: Mapping[str, str]) -> ProviderSettings:
    region = next((os.environ[name] for name in _REGION_VARIABLES if os.environ.get(name)), "")
    return read_settings({"region": region, **{**configured, **where.aws}})


def _project(given: Path | None) -> Path:
    folder = (given or Path()).resolve()
    for one in (folder,) if given else (folder, *folder.parents):
        if (one / "Pulumi.yaml").is_file():
            return one
    raise OperationError(
        f"There is no Pulumi.yaml in {folder}{'' if given else ' or above'}; name its folder with --project, or the "
        "app with --cluster and --region."
    )


def _local_place(project: Path, stack: str | None) -> LocalPlace | None:
    """The project's local AWS, if that is meant: it is named, or it runs and nothing else is named."""
    if stack not in (None, _LOCAL):
        return None
    try:
        place = find_place(project)
    except PlaceError as error:
        raise OperationError(str(error)) from error
    if place and _runs(place, is_named=stack is not None):
        return place
    if stack is None:
        return None
    if place is None:
        raise OperationError(f"{project} has no local AWS; make one with: flask-on-aws local up")
    raise OperationError(f"The local AWS of {project} does not run; start it with: flask-on-aws local up")


def _runs(place: LocalPlace, is_named: bool) -> bool:
    from ..local_project.daemon_control import (  # with the packages of the local AWS, which others do not need
        DaemonError,
        status,
    )

    try:
        return status(place) is not None
    except DaemonError as error:
        if is_named:
            raise OperationError(str(error)) from error
        return False  # another project's answers there


def _local_app(project: Path, place: LocalPlace, chosen: str | None) -> App:
    from ..pulumi_engine.model.values import plain
    from ..pulumi_engine.session import state_file
    from ..pulumi_engine.state import State

    outputs = plain(State(state_file(place.place, _LOCAL)).outputs)
    if not outputs.get("serviceName"):
        raise OperationError(f"The stack local of {project} is not deployed; deploy it with: flask-on-aws local up")
    return App(place_settings(place), outputs["clusterName"], outputs["serviceName"], chosen, place.url)
