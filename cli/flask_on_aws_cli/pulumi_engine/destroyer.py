"""Deletes a stack. The program may run meanwhile for its hooks; its registrations return outputs from the state."""

from collections.abc import Mapping
from typing import Any

from .deletion import delete_records
from .model.graph import Resource
from .model.values import plain
from .operations import Operations
from .program import invokes
from .program.monitor import RegistrationResult


class Destroyer:
    """The handler of one `destroy`."""

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._answers = invokes.live_answers(operations.aws)
        self.deleted: list[str] = []
        self.retained: list[str] = []

    def register(self, resource: Resource) -> RegistrationResult:
        record = self._operations.state.resources.get(resource.urn)
        return RegistrationResult(record.id, record.outputs) if record else RegistrationResult("", resource.inputs)

    def read(self, resource: Resource, resource_id: str) -> RegistrationResult:
        return RegistrationResult(resource_id, resource.inputs)

    def invoke(self, token: str, args: Mapping[str, Any]) -> invokes.Answer:
        return invokes.answer(self._answers, token, plain(args))

    def outputs(self, urn: str, values: Mapping[str, Any]) -> None:
        """Ignores them, since the stack is being deleted."""

    def finish(self) -> None:
        """Delete every resource of the stack."""
        state = self._operations.state
        for record in list(state.pending_creations.values()):
            self._operations.undo_creation(record)
        for record, operation in delete_records(
            self._operations, [*state.pending_deletions, *state.resources.values()]
        ):
            if operation == "delete":
                self.deleted.append(record.urn)
            elif operation == "retain":
                self.retained.append(record.urn)
