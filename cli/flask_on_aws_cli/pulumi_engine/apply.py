"""A program's graph applied to an AWS endpoint, while the program runs: each registration is answered with what is."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import planned_outputs
from .deletion import delete_records
from .diff import Step, decide, ignoring
from .model import naming
from .model.errors import EngineError
from .model.graph import STACK_TYPE, Resource
from .model.values import Secret, plain
from .operations import Operations, record_of
from .program import invokes
from .program.monitor import Registered
from .providers import PROVIDERS
from .providers.base import Provider
from .state import Record

# Explicit providers: settings for Pulumi's plugins, and nothing on AWS.
_PROVIDER_TYPES = "pulumi:providers:"


@dataclass
class Changes:
    """URNs by what was done."""

    created: list[str] = field(default_factory=list[str])
    updated: list[str] = field(default_factory=list[str])
    replaced: list[str] = field(default_factory=list[str])
    deleted: list[str] = field(default_factory=list[str])
    retained: list[str] = field(default_factory=list[str])
    unchanged: list[str] = field(default_factory=list[str])
    planned: list[str] = field(default_factory=list[str])


class Applier:
    """The handler of one `apply`."""

    def __init__(self, operations: Operations, default_tags: Mapping[str, str]) -> None:
        self._do, self._default_tags = operations, default_tags
        self._answers = invokes.live_answers(operations.aws)
        self._lock = threading.Lock()
        self._seen: set[str] = set()
        self._torn: set[str] = set()  # deleted before their replacement, since what they hang on was
        self._failed = False
        self.changes = Changes()

    def register(self, resource: Resource) -> Registered:
        self._enter(resource)
        try:
            self._follow_aliases(resource)
            if not resource.custom:
                self._do.component(resource, self._do.state.resources.get(resource.urn))
                return Registered("", resource.inputs)
            record = self._apply(resource)
        except BaseException:
            self._failed = True
            raise
        return Registered(record.id, record.outputs)

    def read(self, resource: Resource, resource_id: str) -> Registered:
        """What exists elsewhere is taken at its word: its id, and the properties that the program gives."""
        self._enter(resource)
        return Registered(resource_id, self._do.overridden(resource, {**resource.inputs, "id": resource_id}))

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, plain(args))

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        if f"::{STACK_TYPE}::" in urn:
            self._do.state.export(values)

    def finish(self) -> None:
        """Delete what was replaced, and what the program has no more."""
        state = self._do.state
        for record in list(state.begun.values()):  # begun by a former run, and not asked for any more
            self._do.undo_begun(record)
        gone = [record for urn, record in state.resources.items() if urn not in self._seen]
        for record, operation in delete_records(self._do, [*state.doomed, *gone]):
            if operation == "retain":
                self.changes.retained.append(record.urn)
            elif operation == "delete" and record.urn not in self._seen:
                self.changes.deleted.append(record.urn)

    def _enter(self, resource: Resource) -> None:
        with self._lock:
            if self._failed:
                raise EngineError(f"{resource.label} was left alone, since another resource failed.")
            if resource.urn in self._seen:
                raise EngineError(f"{resource.label} is registered twice; give each its own name.")
            self._seen.add(resource.urn)

    def _follow_aliases(self, resource: Resource) -> None:
        resources = self._do.state.resources
        if resource.urn in resources:
            return
        for alias in resource.options.aliases:
            if alias in resources and alias not in self._seen:
                self._do.state.rename(alias, resource.urn)
                return

    def _apply(self, resource: Resource) -> Record:
        provider, old = PROVIDERS.get(resource.type), self._do.state.resources.get(resource.urn)
        begun = self._do.state.begun.get(resource.urn)
        if begun is not None:
            self._do.undo_begun(begun)
        if provider is None:
            return self._plan(resource, old)
        if old is not None and old.planned:
            old = None
        inputs = self._inputs(resource, provider, old)
        step = Step.CREATE if old is None else _decide(resource, provider, old, inputs)
        if old is not None and step is Step.SAME:
            kept = self._do.same(resource, inputs, old)
            if kept is not None:
                self.changes.unchanged.append(resource.urn)
                return kept
            old, step = None, Step.CREATE  # it vanished
        if old is not None and step is Step.UPDATE:
            self.changes.updated.append(resource.urn)
            return self._do.update(resource, inputs, old)
        # What is new has all of the program's values, also those whose changes are ignored.
        return self._create(resource, self._inputs(resource, provider, None), old, step)

    def _create(self, resource: Resource, inputs: Mapping[str, Any], old: Record | None, step: Step) -> Record:
        name = naming.physical(resource)
        if old is None and resource.options.import_id:
            self.changes.updated.append(resource.urn)
            return self._do.adopt(resource, inputs)
        if old is None:
            was_torn = resource.urn in self._torn
            (self.changes.replaced if was_torn else self.changes.created).append(resource.urn)
            return self._do.create(resource, inputs, name)
        if resource.options.protect:
            raise EngineError(
                f"{resource.label} is protected and cannot be replaced; take `protect` off it, or the change back."
            )
        old = replace(old, protect=False)
        self.changes.replaced.append(resource.urn)
        if step is Step.REPLACE_DELETE_FIRST:
            self._delete_first(old)
            return self._do.create(resource, inputs, name)
        return self._do.create(resource, inputs, name, doomed=old)

    def _delete_first(self, old: Record) -> None:
        """Delete a resource that must go before its successor comes, after those that must be replaced with it."""
        torn = [old, *self._hanging_on(old)]
        self._torn.update(record.urn for record in torn)
        for record, _ in delete_records(self._do, torn):
            self._torn.add(record.urn)

    def _hanging_on(self, old: Record) -> list[Record]:
        """The resources that must be replaced when this one is, since they cannot change what they have of it."""
        found: dict[str, Record] = {old.urn: old}
        for record in self._do.state.resources.values():  # dependents come after what they depend on
            provider = PROVIDERS.get(record.type)
            if provider is None or record.planned or record.urn in found:
                continue
            fixed = provider.fixed(record.property_dependencies)
            if any(urn in found for key in fixed for urn in record.property_dependencies.get(key, ())):
                found[record.urn] = record
        return [record for urn, record in found.items() if urn != old.urn]

    def _plan(self, resource: Resource, old: Record | None) -> Record:
        """Nothing is created; the outputs are what the rest of the program needs."""
        if not resource.type.startswith(_PROVIDER_TYPES):
            self.changes.planned.append(resource.urn)
        outputs = planned_outputs.outputs(resource, self._do.aws, self._do.root)
        made = self._do.overridden(resource, {**resource.inputs, **outputs})
        record_id = str(plain(made.get("id", "")))
        record = record_of(resource, resource.inputs, id=record_id, outputs=made, planned=True)
        self._do.state.put(record)
        return record

    def _inputs(self, resource: Resource, provider: Provider, old: Record | None) -> Mapping[str, Any]:
        ignored = resource.options.ignore_changes if old else ()
        before: Mapping[str, Any] = old.inputs if old else {}
        inputs = ignoring(before, resource.inputs, ignored)
        if provider.tagged:  # of the tags that are left, as the provider does
            inputs = ignoring(
                before, {**inputs, "tagsAll": _with_tags(inputs.get("tags"), self._default_tags)}, ignored
            )
        return inputs


def _with_tags(tags: Any, defaults: Mapping[str, str]) -> Any:
    if isinstance(tags, Secret):
        return Secret({**defaults, **plain(tags)})
    own: dict[str, Any] = tags or {}
    return {**defaults, **own}


def _decide(resource: Resource, provider: Provider, old: Record, inputs: Mapping[str, Any]) -> Step:
    options = resource.options
    given = options.delete_before_replace
    # A name that the program gives is taken as long as the old resource is there.
    needs = provider.delete_first or (naming.is_fixed(resource) and old.physical == naming.physical(resource))
    return decide(
        old.inputs,
        inputs,
        replace_on=provider.fixed({*old.inputs, *inputs}),
        replace_on_changes=options.replace_on_changes,
        updatable=provider.update is not None,
        delete_first=needs if given is None else given,
        unsure=old.unsure,
    )
