"""A program's graph, without applying it: a preview that needs neither an account nor credentials."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..model import naming
from ..model.errors import EngineError
from ..model.graph import STACK_TYPE, Graph, Resource
from . import invokes
from .hooks import Hooks
from .monitor import Log, RegistrationResult
from .process import discard_log, run_program
from .project import read_project

DEFAULT_REGION = "us-east-1"  # for a project that does not set aws:region


class _Recorder:
    """Records every registration and responds as a first preview does: outputs are the inputs, the rest is unknown."""

    def __init__(self, answers: invokes.Answers) -> None:
        self._answers = answers
        self._lock = threading.Lock()
        self.resources: list[Resource] = []
        self.exports: Mapping[str, Any] = {}

    def register(self, resource: Resource) -> RegistrationResult:
        with self._lock:
            if any(resource.urn == other.urn for other in self.resources):
                raise EngineError(f"{resource.label} is registered twice; give each a unique name.")
            self.resources.append(resource)
        # The name is known in advance, as in a real preview, since it is generated here and not by AWS.
        return RegistrationResult("", {**resource.inputs, **naming.preview(resource)})

    def read(self, resource: Resource, resource_id: str) -> RegistrationResult:
        return RegistrationResult(resource_id, resource.inputs)

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, args)

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        if f"::{STACK_TYPE}::" in urn:
            self.exports = values

    def finish(self) -> None:
        """Does nothing: a preview deletes nothing."""


def evaluate(
    program: Path,
    stack: str,
    interpreter: Path,
    *,
    answers: invokes.Answers | None = None,
    log: Log = discard_log,
) -> Graph:
    """Run a Pulumi program as a preview and return what it registers.

    Args:
        program: the folder of its Pulumi.yaml.
        stack: name of the stack; Pulumi.<stack>.yaml is read if it exists.
        interpreter: the Python interpreter of the program's environment.
        answers: functions that answer data sources, by token, in place of the defaults. Default: only what is known
            without an account.
        log: receives the program's messages. Default: they are discarded.

    Raises:
        EngineError: if the project cannot be read, or the program fails.
    """
    project = read_project(program, stack)
    region = project.config.get("aws:region", DEFAULT_REGION)
    recorder, hooks = _Recorder({**invokes.dry_answers(region), **(answers or {})}), Hooks(dry_run=True)
    run_program(project, interpreter, recorder, hooks, dry_run=True, log=log)
    return Graph(tuple(recorder.resources), recorder.exports)
