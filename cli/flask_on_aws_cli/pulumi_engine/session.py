"""The engine's front door: apply a program to a local AWS, and destroy what was applied."""

import json
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..local_project.location import Location
from .apply import Applier
from .aws import Aws
from .destroy import Destroyer
from .model.errors import EngineError
from .operations import Event, Operations, Override
from .program.hooks import Hooks
from .program.monitor import Log
from .program.process import quiet, run_program
from .program.project import Project, read_project
from .state import State, exclusive

Progress = Callable[[Event], None]


@dataclass(frozen=True)
class Result:
    """What a run did; every tuple holds URNs of custom resources."""

    outputs: Mapping[str, Any]
    """The stack's outputs; a `Secret` where the program says so."""
    created: tuple[str, ...] = ()
    updated: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    retained: tuple[str, ...] = ()
    """Gone from the program and left where they are, as their option retain_on_delete says."""
    unchanged: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    """Evaluated, but of a type that is not created here."""


def ignore(event: Event) -> None:
    """Progress that nobody watches."""


def state_file(place: Location, stack: str) -> Path:
    """Where the state of a stack is."""
    return place.folder / f"stack-{stack}.json"


def apply(
    program: Path,
    stack: str,
    interpreter: Path,
    place: Location,
    overrides: Mapping[str, Override] | None = None,
    progress: Progress = ignore,
    log: Log = quiet,
) -> Result:
    """Make a local AWS as a Pulumi program says.

    The state is kept in the place's folder, readable by its owner alone, and written after every operation: a run that
    failed or was killed is taken up by the next.

    Args:
        program: the folder of Pulumi.yaml.
        stack: name of the stack, whose Pulumi.<stack>.yaml is read if it is there.
        interpreter: the Python of the program's environment.
        place: where the local AWS is; its folder holds the state.
        overrides: outputs that the caller decides, by type. Default: none.
        progress: takes every operation on a resource when it is done, from several threads. Default: nobody does.
        log: takes the program's messages, severity and text. Default: they are dropped.

    Raises:
        EngineError: if the project cannot be read, or the program or an operation fails, in words for the user.
    """
    project = read_project(program, stack)
    with _operations(project, place, overrides, progress) as operations:
        applier = Applier(operations, _default_tags(project))
        run_program(
            project, interpreter, applier, operations.hooks, dry_run=False, log=log, environment=_variables(place)
        )
        changes = applier.changes
        found = {name: tuple(urns) for name, urns in vars(changes).items()}
        return Result(operations.state.outputs, **found)


def destroy(
    program: Path,
    stack: str,
    place: Location,
    progress: Progress = ignore,
    interpreter: Path | None = None,
    log: Log = quiet,
) -> Result:
    """Delete all that was applied, in the order in which nothing is deleted before what depends on it.

    Args:
        interpreter: the Python of the program's environment. With it the program runs meanwhile, which hooks before and
            after deletions need. Default: it does not run.

    Raises:
        EngineError: if something is protected, AWS refuses, or a hook does or is not there. What is gone stays gone.
    """
    project = read_project(program, stack)
    with _operations(project, place, None, progress) as operations:
        destroyer = Destroyer(operations)
        if interpreter is None:
            destroyer.finish()
        else:
            run_program(
                project, interpreter, destroyer, operations.hooks, dry_run=False, log=log, environment=_variables(place)
            )
        operations.state.export({})
        return Result({}, deleted=tuple(destroyer.deleted), retained=tuple(destroyer.retained))


@contextmanager
def _operations(
    project: Project, place: Location, overrides: Mapping[str, Override] | None, progress: Progress
) -> Generator[Operations]:
    path = state_file(place, project.stack)
    with exclusive(path.with_suffix(".lock")):
        aws = Aws(place.endpoint, place.region, place.access_key)
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
    """The tags that the configuration of the AWS provider gives every resource."""
    try:
        return dict(json.loads(project.config.get("aws:defaultTags", "{}")).get("tags", {}))
    except (ValueError, AttributeError) as error:
        raise EngineError("aws:defaultTags must be an object with tags, like {tags: {team: web}}.") from error


def _variables(place: Location) -> dict[str, str]:
    """What makes clients of AWS within the program speak to the place."""
    return {
        "AWS_ENDPOINT_URL": place.endpoint,
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ACCESS_KEY_ID": place.access_key.id,
        "AWS_SECRET_ACCESS_KEY": place.access_key.secret,
        # What the user's shell may have of a session at AWS does not belong to that key.
        "AWS_SESSION_TOKEN": "",
        "AWS_SECURITY_TOKEN": "",
    }
