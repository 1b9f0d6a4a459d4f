"""The engine's entry points: apply a program to a local AWS, and destroy its resources."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..local_project.location import Location
from .applier import Applier
from .aws import Aws
from .destroyer import Destroyer
from .model.errors import EngineError
from .operations import Event, Operations, Override
from .program.hooks import Hooks
from .program.monitor import Log
from .program.process import discard_log, run_program
from .program.project import Project, read_project
from .state import State, exclusive_lock

Progress = Callable[[Event], None]


@dataclass(frozen=True)
class Result:
    """The result of a run; every tuple holds URNs of custom resources."""

    outputs: Mapping[str, Any]
    """The stack's outputs; secret ones are a `Secret`."""
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    """Removed from the program but not deleted, because of their option retain_on_delete."""
    unchanged: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    """Evaluated, but of a type that the engine does not create."""


def ignore_progress(event: Event) -> None:
    """Ignores the event."""


def state_file(location: Location, stack: str) -> Path:
    """The file with the state of a stack."""
    return location.state_file(stack)


def apply(
    program: Path,
    stack: str,
    interpreter: Path,
    location: Location,
    overrides: Mapping[str, Override] | None = None,
    progress: Progress = ignore_progress,
    log: Log = discard_log,
    config: Mapping[str, str] | None = None,
) -> Result:
    """Apply a Pulumi program to a local AWS.

    The state is a file that only its owner can read, written after every operation: the next run continues one that
    failed or was killed.

    Args:
        program: the folder of Pulumi.yaml.
        stack: name of the stack; Pulumi.<stack>.yaml is read if it exists.
        interpreter: the Python interpreter of the program's environment.
        location: the local AWS; its folder holds the state.
        overrides: functions by type that replace outputs. Default: none.
        progress: receives every completed operation, from several threads. Default: they are ignored.
        log: receives the program's messages: severity and text. Default: they are discarded.
        config: settings that replace the stack's, `namespace:key` → text. Default: none.

    Raises:
        EngineError: if the project cannot be read, or the program or an operation fails, with a message for the user.
    """
    project = read_project(program, stack)
    project = replace(project, config={**project.config, **(config or {})})
    with _operations(project, location, overrides, progress) as operations:
        applier = Applier(operations, _default_tags(project))
        run_program(
            project, interpreter, applier, operations.hooks, dry_run=False, log=log, environment=_variables(location)
        )
        urns_by_operation = {name: tuple(urns) for name, urns in vars(applier.changes).items()}
        return Result(operations.state.outputs, **urns_by_operation)


def destroy(
    program: Path,
    stack: str,
    location: Location,
    progress: Progress = ignore_progress,
    interpreter: Path | None = None,
    log: Log = discard_log,
) -> Result:
    """Delete all resources of a stack, each after the resources that depend on it.

    Args:
        interpreter: the Python interpreter of the program's environment; if it is set, the program runs meanwhile, as
            its hooks before and after deletions require. Default: the program does not run.

    Raises:
        EngineError: if a resource is protected, AWS or a hook rejects a deletion, or a hook is not registered. What was
            already deleted stays deleted.
    """
    project = read_project(program, stack)
    with _operations(project, location, None, progress) as operations:
        destroyer = Destroyer(operations)
        if interpreter is None:
            destroyer.finish()
        else:
            run_program(
                project,
                interpreter,
                destroyer,
                operations.hooks,
                dry_run=False,
                log=log,
                environment=_variables(location),
            )
        operations.state.export({})
        return Result({}, deleted=tuple(destroyer.deleted), retained=tuple(destroyer.retained))


@contextmanager
def _operations(
    project: Project, location: Location, overrides: Mapping[str, Override] | None, progress: Progress
) -> Generator[Operations]:
    path = state_file(location, project.stack)
    with exclusive_lock(path.with_suffix(".lock")):
        aws = Aws(location.endpoint, location.region, location.access_key)
        aws.begin_run(project.stack)
        yield Operations(
            aws=aws,
            root=project.program,
            state=State(path),
            hooks=Hooks(dry_run=False),
            overrides=overrides or {},
            progress=progress,
        )


def _default_tags(project: Project) -> Mapping[str, str]:
    """The tags that the AWS provider's configuration adds to every resource."""
    try:
        return dict(json.loads(project.config.get("aws:defaultTags", "{}")).get("tags", {}))
    except (ValueError, AttributeError) as error:
        raise EngineError("aws:defaultTags must be an object with tags, such as {tags: {team: web}}.") from error


def _variables(location: Location) -> dict[str, str]:
    """The environment variables that make AWS clients in the program use the local AWS."""
    return {
        "AWS_ENDPOINT_URL": location.endpoint,
        "AWS_REGION": location.region,
        "AWS_DEFAULT_REGION": location.region,
        "AWS_ACCESS_KEY_ID": location.access_key.id,
        "AWS_SECRET_ACCESS_KEY": location.access_key.secret,
        # A session token in the user's shell would not belong to this key.
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
    }
