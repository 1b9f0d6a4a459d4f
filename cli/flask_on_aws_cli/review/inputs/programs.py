"""Evaluates a program at two commits at the same time, each in its own process."""

import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask_on_aws.database.engines import PROFILES_BY_NAME

from ...pulumi_engine import EngineError, Graph, Resource
from ...pulumi_engine.image_outputs import image_outputs
from ...pulumi_engine.model.references import reference
from ...pulumi_engine.model.values import plain
from ...pulumi_engine.program.evaluate import DEFAULT_REGION, evaluate_project
from ...pulumi_engine.program.hooks import HookArgs, Hooks
from ...pulumi_engine.program.invokes import Answers
from ...pulumi_engine.program.monitor import RegistrationResult
from ...pulumi_engine.program.project import Project
from .errors import ReviewError
from .snapshot import Snapshot

_CACHE_PORT = 6379  # Valkey's and Redis's
# The account of AWS's own examples: a program has ARNs of it, which are the same on both sides.
_ACCOUNT = "123456789012"


@dataclass
class Evaluated:
    """A program's graph, and what its own hooks reject."""

    graph: Graph
    rejections: Mapping[str, str] = field(default_factory=dict[str, str])
    """Why the `before_update` hooks of a component reject its update, by its URN: empty if they accept it."""
    outputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    """The outputs with which the program ran, by URN, apart from those that are references alone."""


class Evaluator:
    """Evaluates a program for a review.

    Args:
        project: the program and its configuration.
        python_path: PYTHONPATH of the program.
        state: the existing stack, with whose outputs the program runs. Default: none, it runs with references.
        replaces: whether an update of a resource from one to the other replaces it. Default: no update does.
    """

    def __init__(
        self,
        project: Project,
        python_path: str,
        state: Snapshot | None = None,
        replaces: Callable[[Resource, Resource], bool] = lambda old, new: False,
    ) -> None:
        self._project, self._python_path, self._replaces = project, python_path, replaces
        self._state = state or Snapshot("")
        self.region = project.config.get("aws:region", DEFAULT_REGION)
        self.account = _account_of(self._state) or _ACCOUNT
        self._outputs: dict[str, Mapping[str, Any]] = {}

    def run(self, base: "Future[Snapshot] | None" = None) -> Evaluated:
        """Run the program.

        Args:
            base: what it is compared with; the program's hooks for updates run with its components. Default: none run.

        Raises:
            ReviewError: if the program fails.
        """
        rejections: dict[str, str] = {}

        def finish(graph: Graph, hooks: Hooks) -> None:
            if base is not None and base.exception() is None:  # its error is reported by the caller
                rejections.update(_rejections(graph, base.result().resources, hooks))

        try:
            graph = evaluate_project(
                self._project,
                Path(sys.executable),
                answers=self._answers(),
                respond=self._respond,
                finish=finish,
                references=True,
                environment={"PYTHONPATH": self._python_path, "PYTHONDONTWRITEBYTECODE": "1"},
            )
        except EngineError as error:
            raise ReviewError(str(error)) from error
        return Evaluated(graph, rejections, self._outputs)

    def _answers(self) -> Answers:
        identity = {"accountId": self.account, "id": self.account}
        return {"aws:index/getCallerIdentity:getCallerIdentity": lambda args: identity}

    def _respond(self, resource: Resource) -> RegistrationResult:
        result = self._response(resource)
        self._outputs[resource.urn] = result.outputs
        return result

    def _response(self, resource: Resource) -> RegistrationResult:
        old = next((urn for urn in resource.urns if urn in self._state.outputs), None)
        if old is not None and not self._replaces(self._state.resources[old], resource):
            outputs = dict(self._state.outputs[old])
            if plain(resource.inputs) != plain(self._state.resources[old].inputs):
                outputs |= self._images(resource)
            return RegistrationResult(str(outputs.pop("id", "")), outputs)
        return RegistrationResult(reference(resource, "id"), {**self._names(resource), **self._images(resource)})

    def _images(self, resource: Resource) -> Mapping[str, Any]:
        """A build's image is known by its context; the registry's digest is another."""
        return image_outputs(resource, self._project.root)

    def _names(self, resource: Resource) -> Mapping[str, Any]:
        """ARNs and addresses in AWS's form, since programs take them apart."""
        package, _, rest = resource.type.partition(":")
        service, kind = rest.partition(":")[0].partition("/")[0], rest.rpartition(":")[2]
        if resource.type == "pulumi:index:Stash":
            return {"output": resource.inputs.get("input")}
        if package != "aws":
            return {}
        if resource.type == "aws:ecr/repository:Repository":
            name = plain(resource.inputs.get("name")) or reference(resource, "name")
            url = f"{self.account}.dkr.ecr.{self.region}.amazonaws.com/{name}"
            return {"arn": f"arn:aws:ecr:{self.region}:{self.account}:repository/{name}", "repositoryUrl": url}
        if service == "iam":
            name = plain(resource.inputs.get("name")) or reference(resource, "name")
            return {"arn": f"arn:aws:iam::{self.account}:{kind.lower()}/{name}"}
        arn = f"arn:aws:{service}:{self.region}:{self.account}:{kind.lower()}/{reference(resource, 'id')}"
        return {"arn": arn, **_numbers(service, resource)}


def evaluate_both(head: Evaluator, base: Callable[[], Snapshot]) -> tuple[Evaluated, Snapshot]:
    """The graph of the working tree and what it is compared with, determined at the same time.

    Raises:
        ReviewError: if one of them cannot be determined.
    """
    with ThreadPoolExecutor(1) as thread:
        future = thread.submit(base)
        evaluated = head.run(future)
        return evaluated, future.result()


def _rejections(graph: Graph, base: Mapping[str, Resource], hooks: Hooks) -> dict[str, str]:
    """Why the hooks of components reject their update; they run as before the update itself."""
    messages: dict[str, str] = {}
    for resource in graph.resources:
        names = resource.options.hooks.get("before_update", ())
        old = next((base[urn] for urn in resource.urns if urn in base), None)
        if resource.custom or not names or old is None or plain(old.inputs) == plain(resource.inputs):
            continue
        arguments = HookArgs(
            resource.urn, "", resource.name, resource.type, new_inputs=resource.inputs, old_inputs=old.inputs
        )
        try:
            hooks.run("before update", names, arguments)
            messages[resource.urn] = ""
        except EngineError as error:
            messages[resource.urn] = str(error)
    return messages


def _numbers(service: str, resource: Resource) -> Mapping[str, int]:
    """Numbers that a program can have taken from AWS: a reference is a text."""
    if service == "elasticache":
        return {"port": _CACHE_PORT}
    if service == "ssm":
        return {"version": 1}  # a parameter's
    engine = plain(resource.inputs.get("engine"))
    return {"port": PROFILES_BY_NAME[engine].port} if service in ("rds", "docdb") and engine in PROFILES_BY_NAME else {}


def _account_of(state: Snapshot) -> str:
    """The account in the ARNs of a state; empty if it has none."""
    for outputs in state.outputs.values():
        arn = outputs.get("arn")
        parts = arn.split(":") if isinstance(arn, str) else []
        if len(parts) > 4 and parts[4].isdigit():
            return parts[4]
    return ""
