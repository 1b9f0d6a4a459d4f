"""Selects the app of a command, and how to reach AWS: by a Pulumi stack, the local AWS, or the name of a cluster."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click
from flask_on_aws.aws_session import ProviderSettings, read_settings

from ..local_project.project import LocalAws, LocalAwsError, find_local_aws, local_provider_settings
from ..shared.stack_options import LOCAL_STACK
from .app import App
from .errors import OperationError, reported_errors
from .pulumi_stack import read_stack

# The variables from which the AWS provider reads the region, in its order; boto3 only reads the second.
_REGION_VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")


@dataclass(frozen=True)
class AppOptions:
    """The options that select an app; None means that the folder and the environment decide."""

    stack: str | None = None
    project: Path | None = None
    cluster: str | None = None
    service: str | None = None
    region: str | None = None
    profile: str | None = None

    @property
    def aws(self) -> Mapping[str, str]:
        """The AWS provider's settings among the options."""
        return {name: value for name, value in (("region", self.region), ("profile", self.profile)) if value}


PROJECT_OPTION = click.option(
    "--project",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Folder of Pulumi.yaml. Default: the current folder, else its nearest parent that has one.",
)
# In the order in which --help shows them.
_OPTIONS = (
    click.option(
        "--stack", metavar="NAME", help="Stack, or local. Default: local if it is running, else the selected stack."
    ),
    PROJECT_OPTION,
    click.option("--service", metavar="NAME", help="Only this service: web, a worker's name, or its name in ECS."),
    click.option("--cluster", metavar="NAME", help="ECS cluster, to select the app without Pulumi."),
    click.option("--region", metavar="NAME", help="AWS region. Default: the stack's, else the environment's."),
    click.option("--profile", metavar="NAME", help="AWS profile. Default: the stack's, else the environment's."),
)


def app_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that select an app, which the command gets as its first argument; report its errors."""

    @wraps(command)
    def run(**options: Any) -> Any:
        selection = AppOptions(**{name: options.pop(name) for name in AppOptions.__annotations__})
        with reported_errors():
            return command(find_app(selection), **options)

    for option in reversed(_OPTIONS):
        run = option(run)
    return run


def find_app(options: AppOptions) -> App:
    """The selected app.

    Raises:
        OperationError: if there is none.
    """
    if options.cluster:
        return App(_settings(options, {}), options.cluster, selected=options.service)
    project = _find_project(options.project)
    local_aws = _selected_local_aws(project, options.stack)
    if local_aws:
        return _local_app(project, local_aws, options.service)
    stack = read_stack(project, options.stack)
    return _stack_app(stack.outputs, _settings(options, stack.provider), options)


def find_stack_project(project: Path | None, stack: str | None) -> Path:
    """The folder of the project whose stack on AWS a command changes.

    Raises:
        OperationError: if there is none, or the local AWS is selected, whose settings are in a file of its own.
    """
    folder = _find_project(project)
    if _selected_local_aws(folder, stack):
        raise OperationError(
            f"The local AWS is selected, whose settings are in {folder / 'Pulumi.local.yaml'}, as plain text: change "
            "them there and run flask-on-aws local up, or select a stack on AWS with --stack."
        )
    return folder


def _stack_app(outputs: Mapping[str, Any], settings: ProviderSettings, options: AppOptions) -> App:
    missing = [name for name in ("clusterName", "serviceName") if not outputs.get(name)]
    if missing:
        raise OperationError(
            f"The stack has no output {' and no output '.join(missing)}; export FlaskApp's output of that name, or "
            "select the app with --cluster and --service."
        )
    url = str(outputs.get("url", ""))
    return App(settings, str(outputs["clusterName"]), str(outputs["serviceName"]), options.service, url)


def _settings(options: AppOptions, configured: Mapping[str, str]) -> ProviderSettings:
    region = next((os.environ[name] for name in _REGION_VARIABLES if os.environ.get(name)), "")
    return read_settings({"region": region, **{**configured, **options.aws}})


def _find_project(option: Path | None) -> Path:
    folder = (option or Path()).resolve()
    for candidate in (folder,) if option else (folder, *folder.parents):
        if (candidate / "Pulumi.yaml").is_file():
            return candidate
    raise OperationError(
        f"There is no Pulumi.yaml in {folder}{'' if option else ' or above'}; select its folder with --project, or the "
        "app with --cluster and --region."
    )


def _selected_local_aws(project: Path, stack: str | None) -> LocalAws | None:
    """The project's local AWS if it is selected: by its name, or because it is running and no stack is named."""
    if stack not in (None, LOCAL_STACK):
        return None
    try:
        local_aws = find_local_aws(project)
    except LocalAwsError as error:
        raise OperationError(str(error)) from error
    if local_aws and _is_running(local_aws, is_named=stack is not None):
        return local_aws
    if stack is None:
        return None
    if local_aws is None:
        raise OperationError(f"{project} has no local AWS; create it with: flask-on-aws local up")
    raise OperationError(f"The local AWS of {project} is not running; start it with: flask-on-aws local up")


def _is_running(local_aws: LocalAws, is_named: bool) -> bool:
    from ..local_project.daemon_control import (  # needs the packages of the local AWS
        DaemonError,
        status,
    )

    try:
        return status(local_aws) is not None
    except DaemonError as error:
        if is_named:
            raise OperationError(str(error)) from error
        return False  # the local AWS of another project answers at its port


def _local_app(project: Path, local_aws: LocalAws, service: str | None) -> App:
    from ..pulumi_engine.model.values import plain
    from ..pulumi_engine.session import state_file
    from ..pulumi_engine.state import State

    outputs = plain(State(state_file(local_aws.location, LOCAL_STACK)).outputs)
    if not outputs.get("serviceName"):
        raise OperationError(f"The stack local of {project} is not deployed; deploy it with: flask-on-aws local up")
    settings = local_provider_settings(local_aws)
    return App(settings, outputs["clusterName"], outputs["serviceName"], service, local_aws.url, local_aws)
