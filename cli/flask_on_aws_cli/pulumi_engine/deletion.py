"""Deleting resources in the right order: none before what depends on it."""

from collections.abc import Generator, Sequence

from .model.errors import EngineError
from .model.graph import dependents_first
from .operations import Operations
from .state import Record


def delete_records(operations: Operations, records: Sequence[Record]) -> Generator[tuple[Record, str]]:
    """Delete resources; yields each that is gone with what was done, as `Operations.delete` tells it.

    Raises:
        EngineError: before anything is deleted if one of them is protected, else at the first that cannot be deleted.
    """
    for record in records:
        if record.protect:
            raise EngineError(
                f"{record.label} is protected and cannot be deleted; take `protect` off it, apply that, and try again."
            )
    urns = {record.urn for record in records}
    # A replaced resource and its successor may both be here, so the keys are places in the list.
    places: dict[str, list[str]] = {}
    for place, record in enumerate(records):
        places.setdefault(record.urn, []).append(str(place))
    edges = {
        str(place): [other for urn in needs(record) if urn != record.urn for other in places.get(urn, ())]
        for place, record in enumerate(records)
    }
    for place in dependents_first(edges):
        record = records[int(place)]
        yield record, operations.delete(record, elsewhere=record.deleted_with in urns)


def needs(record: Record) -> set[str]:
    """The URNs that must be there as long as the resource is."""
    of_properties = {urn for urns in record.property_dependencies.values() for urn in urns}
    return {*record.dependencies, *of_properties, record.parent, record.deleted_with} - {""}
