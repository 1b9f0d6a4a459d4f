"""One operation on one resource: its hooks, the call to AWS, the record in the state, and the event for the caller."""

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from .aws import Aws
from .diff import changed
from .model.errors import EngineError, explained
from .model.graph import Resource
from .model.values import Secret, plain
from .program.hooks import Hooks, Moment
from .providers import PROVIDERS
from .providers.base import Call, Provider
from .state import Record, State

Override = Callable[[Resource, Mapping[str, Any]], Mapping[str, Any]]
"""Takes a registration and its outputs, and returns outputs that replace some of them."""


class Event(NamedTuple):
    """One operation that is done."""

    type: str
    name: str
    operation: str
    """create, update, delete, replace, or retain for what is left where it is."""
    seconds: float


@dataclass
class Operations:
    """What all operations of one run share."""

    aws: Aws
    root: Path
    state: State
    hooks: Hooks
    overrides: Mapping[str, Override]
    progress: Callable[[Event], None]

    def component(self, resource: Resource, old: Record | None) -> None:
        """Keep a component, which is nothing on AWS; its hooks run as those of other resources do."""
        record, hooks = record_of(resource, resource.inputs), resource.options.hooks
        kind = "create" if old is None else "update"
        before = _before(old) if old else None
        does_change = old is None or bool(changed(old.inputs, resource.inputs))
        if does_change:
            self._run_hooks(f"before_{kind}", hooks, record, before=before)
        self.state.put(record)
        if does_change:
            self._run_hooks(f"after_{kind}", hooks, record, before=before)

    def create(self, resource: Resource, inputs: Mapping[str, Any], name: str, doomed: Record | None = None) -> Record:
        """Create a resource under a name; `doomed` is the one that it replaces, which is deleted later."""
        provider = PROVIDERS[resource.type]
        record = record_of(resource, inputs, physical=name)
        self._run_hooks("before_create", resource.options.hooks, record)
        self.state.begin(record)
        call = self._call(record)
        with self._timed(record, "replace" if doomed else "create"), explained(record.label, "created"):
            created = provider.create(call)
            outputs = provider.read(replace(call, id=created))
        if outputs is None:
            raise EngineError(f"{record.label} could not be created: {created} is not there after its creation.")
        made = replace(record, id=created, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(made, doomed)
        self._run_hooks("after_create", resource.options.hooks, made)
        return made

    def adopt(self, resource: Resource, inputs: Mapping[str, Any]) -> Record:
        """Take over what exists under the id that the option `import_` gives, and bring it to the inputs.

        Raises:
            EngineError: if it is not there.
        """
        resource_id = resource.options.import_id
        record = record_of(resource, {}, physical=resource_id, id=resource_id)
        with explained(record.label, "imported"):
            outputs = PROVIDERS[resource.type].read(self._call(record))
        if outputs is None:
            raise EngineError(f"{record.label} could not be imported: {resource_id} does not exist.")
        return self.update(resource, inputs, replace(record, outputs=outputs))

    def update(self, resource: Resource, inputs: Mapping[str, Any], old: Record) -> Record:
        """Bring a resource from its old inputs to the new ones, in place."""
        provider = PROVIDERS[resource.type]
        assert provider.update is not None, f"{resource.type} cannot be updated"  # noqa: S101 decide() sees to it
        hooks, before = resource.options.hooks, _before(old)
        record = record_of(resource, inputs, physical=old.physical, id=old.id)
        self._run_hooks("before_update", hooks, record, before=before)
        self.state.put(replace(old, unsure=True))
        call = replace(self._call(record), old=plain(old.inputs), outputs=plain(old.outputs))
        with self._timed(record, "update"), explained(record.label, "updated"):
            provider.update(call)
            outputs = provider.read(call)
        if outputs is None:
            raise EngineError(f"{record.label} could not be updated: {old.id} is not there any more.")
        made = replace(record, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(made)
        self._run_hooks("after_update", hooks, made, before=before)
        return made

    def same(self, resource: Resource, inputs: Mapping[str, Any], old: Record) -> Record | None:
        """Keep a resource, its options and outputs as they are now; None if it is not there any more."""
        provider = PROVIDERS[resource.type]
        record = record_of(resource, inputs, physical=old.physical, id=old.id)
        call = replace(self._call(record), outputs=plain(old.outputs))
        with explained(record.label, "read"):
            outputs = provider.read(call)
        if outputs is None:
            return None
        made = replace(record, outputs=self._outputs(resource, provider, inputs, outputs))
        self.state.put(made)
        return made

    def delete(self, record: Record, *, elsewhere: bool = False) -> str:
        """Delete a resource, or what replaced it left behind; the operation that was done, or "" for none.

        Args:
            elsewhere: whether it goes with another resource that is deleted.

        Raises:
            EngineError: if a hook refuses, or AWS does.
        """
        made = record.custom and not record.planned
        if made and not record.retain_on_delete and not elsewhere:
            self._run_hooks("before_delete", record.hooks, record, before=_before(record))
            with self._timed(record, "delete"), explained(record.label, "deleted"):
                PROVIDERS[record.type].delete(self._call(record))
            self.state.drop(record)
            self._run_hooks("after_delete", record.hooks, record, before=_before(record))
            return "delete"
        self.state.drop(record)
        if made and record.retain_on_delete:
            self.progress(Event(record.type, record.name, "retain", 0))
            return "retain"
        return "delete" if made else ""

    def undo_begun(self, record: Record) -> None:
        """Remove what an interrupted creation left.

        The name was noted before the creation was asked for, and no call of the interrupted run takes effect any more
        (`Aws.begin_run`): what is not found now never comes.
        """
        provider = PROVIDERS.get(record.type)
        if provider is not None and provider.find is not None:
            call = self._call(record)
            with explained(record.label, "looked for"):
                left = provider.find(call)
            if left is not None:
                with self._timed(record, "delete"), explained(record.label, "deleted"):
                    provider.delete(replace(call, id=left))
        self.state.forget_begun(record.urn)

    def overridden(self, resource: Resource, outputs: Mapping[str, Any]) -> dict[str, Any]:
        """The outputs with those of the caller."""
        override = self.overrides.get(resource.type)
        return {**outputs, **(override(resource, outputs) if override else {})}

    def _outputs(
        self, resource: Resource, provider: Provider, inputs: Mapping[str, Any], read: Mapping[str, Any]
    ) -> dict[str, Any]:
        secret = {*provider.secret_outputs, *resource.options.additional_secret_outputs}
        found = {key: value for key, value in read.items() if not isinstance(inputs.get(key), Secret)}
        outputs = self.overridden(resource, {**inputs, **found})
        return {
            key: Secret(value) if key in secret and not isinstance(value, Secret) else value
            for key, value in outputs.items()
        }

    def _call(self, record: Record) -> Call:
        inputs, outputs = plain(record.inputs), plain(record.outputs)
        return Call(self.aws, self.root, record.physical, inputs, record.id, outputs=outputs)

    def _run_hooks(
        self,
        kind: str,
        hooks: Mapping[str, Sequence[str]],
        record: Record,
        before: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        told = dict(before or {})
        if not kind.endswith("delete"):
            told["new_inputs"] = record.inputs
            if kind.startswith("after"):
                told["new_outputs"] = record.outputs
        # Hooks see the program's own inputs; the tags with the default ones are the provider's affair.
        told = {key: {n: v for n, v in values.items() if n != "tagsAll"} for key, values in told.items()}
        moment = Moment(record.urn, record.id, record.name, record.type, **told)
        self.hooks.run(kind.replace("_", " "), hooks.get(kind, ()), moment)

    @contextmanager
    def _timed(self, record: Record, operation: str) -> Generator[None]:
        start = time.monotonic()
        yield
        self.progress(Event(record.type, record.name, operation, time.monotonic() - start))


def _before(record: Record) -> dict[str, Mapping[str, Any]]:
    return {"old_inputs": record.inputs, "old_outputs": record.outputs}


def record_of(resource: Resource, inputs: Mapping[str, Any], **more: Any) -> Record:
    """A record of a registration."""
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
        **more,
    )
