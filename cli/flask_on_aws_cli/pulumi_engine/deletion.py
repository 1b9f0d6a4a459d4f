"""Deletes resources in dependency order: each after all resources that depend on it."""

from collections.abc import Generator, Sequence

from .model.errors import EngineError
from .model.graph import dependents_first
from .operations import Operations
from .state import Record


def delete_records(operations: Operations, records: Sequence[Record]) -> Generator[tuple[Record, str]]:
    """Delete resources; yields each removed record with the operation that `Operations.delete` returned.

    Raises:
        EngineError: before anything is deleted if a resource is protected, or at the first that cannot be deleted.
    """
    for record in records:
        if record.protect:
            raise EngineError(
                f"{record.label} is protected and cannot be deleted; remove its option `protect`, apply, and try again."
            )
    urns = {record.urn for record in records}
    # A replaced resource and its replacement have the same URN, so the graph's keys are indices of the list.
    indices: dict[str, list[str]] = {}
    for index, record in enumerate(records):
        indices.setdefault(record.urn, []).append(str(index))
    edges = {
        str(index): [other for urn in dependencies(record) if urn != record.urn for other in indices.get(urn, ())]
        for index, record in enumerate(records)
    }
    for index in dependents_first(edges):
        record = records[int(index)]
        yield record, operations.delete(record, with_another=record.deleted_with in urns)


def dependencies(record: Record) -> set[str]:
    """The URNs that must exist for as long as the resource does."""
    property_dependencies = {urn for urns in record.property_dependencies.values() for urn in urns}
    return {*record.dependencies, *property_dependencies, record.parent, record.deleted_with} - {""}
