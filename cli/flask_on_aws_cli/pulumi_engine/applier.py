"""Applies a program's graph to an AWS endpoint while the program runs; each registration returns actual outputs."""

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
from .operations import Operations, make_record
from .program import invokes
from .program.monitor import RegistrationResult
from .providers import PROVIDERS
from .providers.base import Provider
from .state import Record

# Explicit providers configure Pulumi's plugins, and are not AWS resources.
_PROVIDER_TYPES = "pulumi:providers:"


@dataclass
class Changes:
    """URNs by operation."""

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
        self._operations, self._default_tags = operations, default_tags
        self._answers = invokes.live_answers(operations.aws)
        self._lock = threading.Lock()
        self._registered: set[str] = set()
        self._deleted_before_replacement: set[str] = set()
        self._failed = False
        self.changes = Changes()

    def register(self, resource: Resource) -> RegistrationResult:
        self._begin(resource)
        try:
            resource = replace(resource, region=self._region(resource))
            self._apply_aliases(resource)
            if not resource.custom:
                self._operations.component(resource, self._operations.state.resources.get(resource.urn))
                return RegistrationResult("", resource.inputs)
            record = self._apply(resource)
        except BaseException:
            self._failed = True
            raise
        return RegistrationResult(record.id, record.outputs)

    def read(self, resource: Resource, resource_id: str) -> RegistrationResult:
        """Assume that the resource exists as the program describes it, by its id and properties."""
        self._begin(resource)
        return RegistrationResult(
            resource_id, self._operations.overridden(resource, {**resource.inputs, "id": resource_id})
        )

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, plain(args))

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        if f"::{STACK_TYPE}::" in urn:
            self._operations.state.export(values)

    def finish(self) -> None:
        """Delete the resources that were replaced and those that the program no longer registers."""
        state = self._operations.state
        for record in list(state.pending_creations.values()):  # interrupted in an earlier run, and no longer registered
            self._operations.undo_creation(record)
        unregistered = [record for urn, record in state.resources.items() if urn not in self._registered]
        for record, operation in delete_records(self._operations, [*state.pending_deletions, *unregistered]):
            if operation == "retain":
                self.changes.retained.append(record.urn)
            elif operation == "delete" and record.urn not in self._registered:
                self.changes.deleted.append(record.urn)

    def _begin(self, resource: Resource) -> None:
        with self._lock:
            if self._failed:
                raise EngineError(f"{resource.label} was not changed, since another resource failed.")
            if resource.urn in self._registered:
                raise EngineError(f"{resource.label} is registered twice; give each a unique name.")
            self._registered.add(resource.urn)

    def _region(self, resource: Resource) -> str:
        """The region of the resource itself or of its explicit provider; empty for the stack's."""
        provider = self._operations.state.resources.get(resource.provider)
        region = plain(resource.inputs.get("region")) or (plain(provider.inputs.get("region")) if provider else "")
        return "" if not resource.custom or region in (None, self._operations.aws.region) else str(region)

    def _apply_aliases(self, resource: Resource) -> None:
        resources = self._operations.state.resources
        if resource.urn in resources:
            return
        for alias in resource.options.aliases:
            if alias in resources and alias not in self._registered:
                self._operations.state.rename(alias, resource.urn)
                return

    def _apply(self, resource: Resource) -> Record:
        provider, old = PROVIDERS.get(resource.type), self._operations.state.resources.get(resource.urn)
        interrupted = self._operations.state.pending_creations.get(resource.urn)
        if interrupted is not None:
            self._operations.undo_creation(interrupted)
        if provider is None:
            return self._plan(resource)
        if old is not None and old.planned:
            old = None
        inputs = self._inputs(resource, provider, old)
        step = Step.CREATE if old is None else _decide(resource, provider, old, inputs)
        if old is not None and step is Step.SAME:
            unchanged = self._operations.refresh(resource, inputs, old)
            if unchanged is not None:
                self.changes.unchanged.append(resource.urn)
                return unchanged
            old, step = None, Step.CREATE  # it was deleted outside the program
        if old is not None and step is Step.UPDATE:
            self.changes.updated.append(resource.urn)
            return self._operations.update(resource, inputs, old)
        # A new resource gets all of the program's values, including those whose changes are ignored.
        return self._create(resource, self._inputs(resource, provider, None), old, step)

    def _create(self, resource: Resource, inputs: Mapping[str, Any], old: Record | None, step: Step) -> Record:
        name = naming.physical_name(resource)
        if old is None and resource.options.import_id:
            self.changes.updated.append(resource.urn)
            return self._operations.import_resource(resource, inputs)
        if old is None:
            is_replacement = resource.urn in self._deleted_before_replacement
            (self.changes.replaced if is_replacement else self.changes.created).append(resource.urn)
            return self._operations.create(resource, inputs, name)
        if resource.options.protect:
            raise EngineError(
                f"{resource.label} is protected and cannot be replaced; remove its option `protect` or undo the change."
            )
        old = replace(old, protect=False)
        self.changes.replaced.append(resource.urn)
        if step is Step.REPLACE_DELETE_FIRST:
            self._delete_before_replacement(old)
            return self._operations.create(resource, inputs, name)
        return self._operations.create(resource, inputs, name, replaced=old)

    def _delete_before_replacement(self, old: Record) -> None:
        """Delete a resource before its replacement is created, after the dependents that must be replaced with it."""
        records = [old, *self._dependents_to_replace(old)]
        self._deleted_before_replacement.update(record.urn for record in records)
        for record, _ in delete_records(self._operations, records):
            self._deleted_before_replacement.add(record.urn)

    def _dependents_to_replace(self, old: Record) -> list[Record]:
        """The resources that must be replaced with this one, since inputs that come from it cannot change in place."""
        replaced: dict[str, Record] = {old.urn: old}
        for record in self._operations.state.resources.values():  # dependents come after what they depend on
            provider = PROVIDERS.get(record.type)
            if provider is None or record.planned or record.urn in replaced:
                continue
            immutable = provider.immutable_inputs(record.property_dependencies)
            if any(urn in replaced for key in immutable for urn in record.property_dependencies.get(key, ())):
                replaced[record.urn] = record
        return [record for urn, record in replaced.items() if urn != old.urn]

    def _plan(self, resource: Resource) -> Record:
        """Record a resource without creating it, with the outputs that the rest of the program needs."""
        if not resource.type.startswith(_PROVIDER_TYPES):
            self.changes.planned.append(resource.urn)
        outputs = planned_outputs.outputs(resource, self._operations.aws, self._operations.root)
        outputs = self._operations.overridden(resource, {**resource.inputs, **outputs})
        record_id = str(plain(outputs.get("id", "")))
        record = make_record(resource, resource.inputs, id=record_id, outputs=outputs, planned=True)
        self._operations.state.put(record)
        return record

    def _inputs(self, resource: Resource, provider: Provider, old: Record | None) -> Mapping[str, Any]:
        ignored = resource.options.ignore_changes if old else ()
        before: Mapping[str, Any] = old.inputs if old else {}
        inputs = ignoring(before, resource.inputs, ignored)
        if provider.tagged:  # like the AWS provider, which computes tagsAll after ignoring changes
            inputs = ignoring(
                before, {**inputs, "tagsAll": _with_tags(inputs.get("tags"), self._default_tags)}, ignored
            )
        return inputs


def _with_tags(tags: Any, defaults: Mapping[str, str]) -> Any:
    if isinstance(tags, Secret):
        return Secret({**defaults, **plain(tags)})
    resource_tags: dict[str, Any] = tags or {}
    return {**defaults, **resource_tags}


def _decide(resource: Resource, provider: Provider, old: Record, inputs: Mapping[str, Any]) -> Step:
    options = resource.options
    if old.region != resource.region:  # AWS moves nothing between regions
        return Step.REPLACE
    # An explicit name is in use for as long as the old resource exists.
    has_same_name = naming.has_explicit_name(resource) and old.physical == naming.physical_name(resource)
    delete_first = options.delete_before_replace
    return decide(
        old.inputs,
        inputs,
        replace_on=provider.immutable_inputs({*old.inputs, *inputs}),
        replace_on_changes=options.replace_on_changes,
        updatable=provider.update is not None,
        delete_first=provider.delete_first or has_same_name if delete_first is None else delete_first,
        unsure=old.unsure,
    )
