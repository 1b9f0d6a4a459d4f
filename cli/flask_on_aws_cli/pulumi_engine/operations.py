"""One operation on one resource: its hooks, the requests to AWS, its record in the state, and the caller's event."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from .aws import Aws
from .diff import changed
from .model.errors import EngineError, explain_errors
from .model.graph import Resource
from .model.values import Secret, plain
from .program.hooks import HookArgs, Hooks
from .providers import PROVIDERS
from .providers.base import Call, Provider
from .state import Record, State

Override = Callable[[Resource, Mapping[str, Any]], Mapping[str, Any]]
"""A function that receives a resource and its outputs, and returns the outputs to replace."""


class Event(NamedTuple):
    """One completed operation."""

    type: str
    name: str
    operation: str
    """create, update, delete, replace, or retain (removed from the state but not deleted)."""
    seconds: float


@dataclass
class Operations:
    """The operations of one run, and what they share."""

    aws: Aws
    root: Path
    state: State
    hooks: Hooks
    overrides: Mapping[str, Override]
    progress: Callable[[Event], None]

    def component(self, resource: Resource, old: Record | None) -> None:
        """Record a component and run its hooks; a component creates nothing on AWS itself."""
        record, hooks = make_record(resource, resource.inputs), resource.options.hooks
        operation = "create" if old is None else "update"
        before = _before(old) if old else None
        is_changed = old is None or bool(changed(old.inputs, resource.inputs))
        if is_changed:
            self._run_hooks(f"before_{operation}", hooks, record, before=before)
        self.state.put(record)
        if is_changed:
            self._run_hooks(f"after_{operation}", hooks, record, before=before)

    def create(
        self, resource: Resource, inputs: Mapping[str, Any], name: str, replaced: Record | None = None
    ) -> Record:
        """Create a resource with this physical name.

        Args:
            replaced: the record of the resource that it replaces, to be deleted later. Default: none.

        Raises:
            EngineError: if a hook or AWS rejects it.
        """
        provider = PROVIDERS[resource.type]
        record = make_record(resource, inputs, physical=name)
        self._run_hooks("before_create", resource.options.hooks, record)
        self.state.begin_creation(record)
        call = self._call(record)
        with self._timed(record, "replace" if replaced else "create"), explain_errors(record.label, "created"):
            resource_id = provider.create(call)
            outputs = provider.read(replace(call, id=resource_id))
        if outputs is None:
            raise EngineError(
                f"{record.label} could not be created: {resource_id} does not exist although AWS accepted its creation."
            )
        created = replace(record, id=resource_id, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(created, replaced)
        self._run_hooks("after_create", resource.options.hooks, created)
        return created

    def import_resource(self, resource: Resource, inputs: Mapping[str, Any]) -> Record:
        """Import the existing resource with the id of the option `import_`, and update it to the inputs.

        Raises:
            EngineError: if it does not exist.
        """
        resource_id = resource.options.import_id
        record = make_record(resource, {}, physical=resource_id, id=resource_id)
        with explain_errors(record.label, "imported"):
            outputs = PROVIDERS[resource.type].read(self._call(record))
        if outputs is None:
            raise EngineError(f"{record.label} could not be imported: {resource_id} does not exist.")
        return self.update(resource, inputs, replace(record, outputs=outputs))

    def update(self, resource: Resource, inputs: Mapping[str, Any], old: Record) -> Record:
        """Update a resource in place from its old inputs to the new ones."""
        provider = PROVIDERS[resource.type]
        assert provider.update is not None, f"{resource.type} cannot be updated"  # noqa: S101 decide() ensures it
        hooks, before = resource.options.hooks, _before(old)
        record = make_record(resource, inputs, physical=old.physical, id=old.id)
        self._run_hooks("before_update", hooks, record, before=before)
        self.state.put(replace(old, unsure=True))
        call = replace(self._call(record), old=plain(old.inputs), outputs=plain(old.outputs))
        with self._timed(record, "update"), explain_errors(record.label, "updated"):
            provider.update(call)
            outputs = provider.read(call)
        if outputs is None:
            raise EngineError(f"{record.label} could not be updated: {old.id} no longer exists.")
        updated = replace(record, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(updated)
        self._run_hooks("after_update", hooks, updated, before=before)
        return updated

    def refresh(self, resource: Resource, inputs: Mapping[str, Any], old: Record) -> Record | None:
        """Record an unchanged resource with its current options and outputs; None if it no longer exists."""
        provider = PROVIDERS[resource.type]
        record = make_record(resource, inputs, physical=old.physical, id=old.id)
        call = replace(self._call(record), outputs=plain(old.outputs))
        with explain_errors(record.label, "read"):
            outputs = provider.read(call)
        if outputs is None:
            return None
        refreshed = replace(record, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(refreshed)
        return refreshed

    def delete(self, record: Record, *, with_another: bool = False) -> str:
        """Delete a resource and its record, unless its options retain it on AWS.

        Args:
            with_another: whether AWS deletes it together with another resource. Default: False.

        Returns:
            "delete", "retain", or "" for a component or a planned resource.

        Raises:
            EngineError: if a hook or AWS rejects it.
        """
        is_on_aws = record.custom and not record.planned
        if is_on_aws and not record.retain_on_delete and not with_another:
            self._run_hooks("before_delete", record.hooks, record, before=_before(record))
            with self._timed(record, "delete"), explain_errors(record.label, "deleted"):
                PROVIDERS[record.type].delete(self._call(record))
            self.state.remove(record)
            self._run_hooks("after_delete", record.hooks, record, before=_before(record))
            return "delete"
        self.state.remove(record)
        if is_on_aws and record.retain_on_delete:
            self.progress(Event(record.type, record.name, "retain", 0))
            return "retain"
        return "delete" if is_on_aws else ""

    def undo_creation(self, record: Record) -> None:
        """Delete what an interrupted creation left on AWS.

        The name was recorded before the creation was requested, and no request of the interrupted run takes effect any
        more (`Aws.begin_run`), so a resource that is not found now cannot appear later.
        """
        provider = PROVIDERS.get(record.type)
        if provider is not None and provider.find is not None:
            call = self._call(record)
            with explain_errors(record.label, "looked up"):
                leftover_id = provider.find(call)
            if leftover_id is not None:
                with self._timed(record, "delete"), explain_errors(record.label, "deleted"):
                    provider.delete(replace(call, id=leftover_id))
        self.state.discard_creation(record.urn)

    def overridden(self, resource: Resource, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs, with the caller's overrides."""
        override = self.overrides.get(resource.type)
        return {**outputs, **(override(resource, outputs) if override else {})}

    def _outputs(
        self, resource: Resource, provider: Provider, inputs: Mapping[str, Any], read: Mapping[str, Any]
    ) -> dict[str, Any]:
        secret_outputs = {*provider.secret_outputs, *resource.options.additional_secret_outputs}
        computed = {key: value for key, value in read.items() if not isinstance(inputs.get(key), Secret)}
        outputs = self.overridden(resource, {**inputs, **computed})
        return {
            key: Secret(value) if key in secret_outputs and not isinstance(value, Secret) else value
            for key, value in outputs.items()
        }

    def _call(self, record: Record) -> Call:
        inputs, outputs = plain(record.inputs), plain(record.outputs)
        return Call(self.aws.in_region(record.region), self.root, record.physical, inputs, record.id, outputs=outputs)

    def _run_hooks(
        self,
        kind: str,
        hooks: Mapping[str, Sequence[str]],
        record: Record,
        before: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        properties = dict(before or {})
        if not kind.endswith("delete"):
            properties["new_inputs"] = record.inputs
            if kind.startswith("after"):
                properties["new_outputs"] = record.outputs
        # Hooks receive the program's own inputs; tagsAll, which includes the default tags, is internal to the provider.
        properties = {key: {n: v for n, v in values.items() if n != "tagsAll"} for key, values in properties.items()}
        hook_args = HookArgs(record.urn, record.id, record.name, record.type, **properties)
        self.hooks.run(kind.replace("_", " "), hooks.get(kind, ()), hook_args)

    @contextmanager
    def _timed(self, record: Record, operation: str) -> Generator[None]:
        start = time.monotonic()
        yield
        self.progress(Event(record.type, record.name, operation, time.monotonic() - start))


def _before(record: Record) -> dict[str, Mapping[str, Any]]:
    return {"old_inputs": record.inputs, "old_outputs": record.outputs}


def make_record(resource: Resource, inputs: Mapping[str, Any], **fields: Any) -> Record:
    """The state's record of a resource; `fields` are further fields of the record."""
    options, dependencies = resource.options, resource.property_dependencies
    return Record(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        custom=resource.custom,
        parent=resource.parent,
        inputs=inputs,
        dependencies=tuple(resource.dependencies),
        property_dependencies={key: tuple(urns) for key, urns in dependencies.items() if urns},
        protect=options.protect,
        retain_on_delete=options.retain_on_delete,
        deleted_with=options.deleted_with,
        hooks={kind: tuple(names) for kind, names in options.hooks.items()},
        region=resource.region,
        **fields,
    )
