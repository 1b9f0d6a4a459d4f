"""A program's graph, without applying it: a preview that needs neither an account nor credentials."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..model import naming
from ..model.errors import EngineError
from ..model.graph import STACK_TYPE, Graph, Resource
from . import invokes
from .hooks import Hooks
from .monitor import Log, RegistrationResult
from .process import discard_log, run_program
from .project import Project, read_project

DEFAULT_REGION = "us-east-1"  # for a project that does not set aws:region

Respond = Callable[[Resource], RegistrationResult]
"""Returns the id and the outputs of a custom resource, those that are inputs excepted."""
Finish = Callable[[Graph, Hooks], None]
"""Called with everything that the program registered, while its hooks can still be run."""


class _Recorder:
    """Records every registration and responds as a first preview does: outputs are the inputs, the rest is unknown."""

    def __init__(self, answers: invokes.Answers, respond: Respond, finish: Callable[[Graph], None]) -> None:
        self._answers, self._respond, self._finish = answers, respond, finish
        self._lock = threading.Lock()
        self.resources: list[Resource] = []
        self.exports: Mapping[str, Any] = {}

    def register(self, resource: Resource) -> RegistrationResult:
        with self._lock:
            if any(resource.urn == other.urn for other in self.resources):
                raise EngineError(f"{resource.label} is registered twice; give each a unique name.")
            self.resources.append(resource)
        result = self._respond(resource) if resource.custom else RegistrationResult("", {})
        return RegistrationResult(result.id, {**result.outputs, **resource.inputs})

    def read(self, resource: Resource, resource_id: str) -> RegistrationResult:
        return RegistrationResult(resource_id, resource.inputs)

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, args)

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        if f"::{STACK_TYPE}::" in urn:
            self.exports = values

    def finish(self) -> None:
        self._finish(self.graph())

    def graph(self) -> Graph:
        return Graph(tuple(self.resources), self.exports)


def _respond_as_first_preview(resource: Resource) -> RegistrationResult:
    # The name is known in advance, as in a real preview, since it is generated here and not by AWS.
    return RegistrationResult("", naming.preview(resource))


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
    return evaluate_project(read_project(program, stack), interpreter, answers=answers, log=log)


def evaluate_project(
    project: Project,
    interpreter: Path,
    *,
    answers: invokes.Answers | None = None,
    log: Log = discard_log,
    respond: Respond = _respond_as_first_preview,
    finish: Finish | None = None,
    references: bool = False,
    environment: Mapping[str, str] | None = None,
) -> Graph:
    """Run a program whose project has been read, as `evaluate` does.

    Args:
        project: the project and the configuration of the stack.
        interpreter: the Python interpreter of the program's environment.
        answers: see `evaluate`.
        log: see `evaluate`.
        respond: the ids and outputs of custom resources. Default: those of a first preview.
        finish: called at the end of the program, before its hooks go away. Default: nothing is called.
        references: whether outputs that are not known yet are texts that name them, such as `${Vpc app-network.id}`,
            instead of unknown values (see `references.py`). The program then has no network. Default: False.
        environment: additional environment variables for the program. Default: none.

    Raises:
        EngineError: if the program fails.
    """
    region = project.config.get("aws:region", DEFAULT_REGION)
    hooks = Hooks(dry_run=True)
    recorder = _Recorder(
        {**invokes.dry_answers(region), **(answers or {})},
        respond,
        lambda graph: finish(graph, hooks) if finish else None,
    )
    run_program(
        project, interpreter, recorder, hooks, dry_run=True, log=log, environment=environment, references=references
    )
    return recorder.graph()
