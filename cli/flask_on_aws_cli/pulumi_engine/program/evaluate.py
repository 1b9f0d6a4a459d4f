"""A program's graph without applying it: a preview that needs neither an account nor credentials."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..model import naming
from ..model.errors import EngineError
from ..model.graph import STACK_TYPE, Graph, Resource
from . import invokes
from .hooks import Hooks
from .monitor import Log, Registered
from .process import quiet, run_program
from .project import read_project

DEFAULT_REGION = "us-east-1"  # where a project says nothing else


class _Recorder:
    """Keeps every registration and answers as a first preview does: inputs are outputs, the rest is unknown."""

    def __init__(self, answers: invokes.Answers) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self.resources: list[Resource] = []
        self.exports: Mapping[str, Any] = {}

    def register(self, resource: Resource) -> Registered:
        with self._lock:
            if any(resource.urn == other.urn for other in self.resources):
                raise EngineError(f"{resource.label} is registered twice; give each its own name.")
            self.resources.append(resource)
        # Its name is known beforehand, as in the real preview, because it is made up here and not by AWS.
        return Registered("", {**resource.inputs, **naming.preview(resource)})

    def read(self, resource: Resource, resource_id: str) -> Registered:
        return Registered(resource_id, resource.inputs)

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, args)

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        if f"::{STACK_TYPE}::" in urn:
            self.exports = values

    def finish(self) -> None:
        """Nothing is left to do."""


def evaluate(
    program: Path,
    stack: str,
    interpreter: Path,
    *,
    answers: invokes.Answers | None = None,
    log: Log = quiet,
) -> Graph:
    """Run a Pulumi program as a preview and return what it registers.

    Args:
        program: the folder of its Pulumi.yaml.
        stack: name of the stack; Pulumi.<stack>.yaml is read if it is there.
        interpreter: the Python of the program's environment.
        answers: data sources to answer otherwise, by token. Default: what is known without an account.
        log: takes the program's messages. Default: they are dropped.

    Raises:
        EngineError: if the project cannot be read, or the program fails.
    """
    project = read_project(program, stack)
    region = project.config.get("aws:region", DEFAULT_REGION)
    recorder, hooks = _Recorder({**invokes.dry_answers(region), **(answers or {})}), Hooks(dry_run=True)
    run_program(project, interpreter, recorder, hooks, dry_run=True, log=log)
    return Graph(tuple(recorder.resources), recorder.exports)
