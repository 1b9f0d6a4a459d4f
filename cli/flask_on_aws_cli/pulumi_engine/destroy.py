"""Deleting a stack. The program may run meanwhile, for its hooks; its registrations are answered from the state."""

from collections.abc import Mapping
from typing import Any

from .deletion import delete_records
from .model.graph import Resource
from .model.values import plain
from .operations import Operations
from .program import invokes
from .program.monitor import Registered


class Destroyer:
    """The handler of one `destroy`."""

    def __init__(self, operations: Operations) -> None:
        self._do = operations
        self._answers = invokes.live_answers(operations.aws)
        self.deleted: list[str] = []
        self.retained: list[str] = []

    def register(self, resource: Resource) -> Registered:
        record = self._do.state.resources.get(resource.urn)
        return Registered(record.id, record.outputs) if record else Registered("", resource.inputs)

    def read(self, resource: Resource, resource_id: str) -> Registered:
        return Registered(resource_id, resource.inputs)

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, plain(args))

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        """They are about to be gone."""

    def finish(self) -> None:
        """Delete everything."""
        state = self._do.state
        for record in list(state.begun.values()):
            self._do.undo_begun(record)
        for record, operation in delete_records(self._do, [*state.doomed, *state.resources.values()]):
            if operation == "delete":
                self.deleted.append(record.urn)
            elif operation == "retain":
                self.retained.append(record.urn)
