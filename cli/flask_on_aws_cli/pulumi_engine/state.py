"""The state of a stack: one JSON file, replaced after every operation, which only its owner can read."""

import json
import threading
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from ..shared.atomic_files import write_atomically
from .model.errors import EngineError
from .model.values import from_json, to_json

_VERSION = 1  # of the file's format


@dataclass(frozen=True)
class Record:
    """One resource as it was last applied. The names of the fields are keys in the file."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str = ""
    id: str = ""
    physical: str = ""
    """The physical name with which it was created."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    region: str = ""
    """The region that it was created in; empty for the stack's."""
    planned: bool = False
    """Whether it was only planned, so that it does not exist on AWS."""
    unsure: bool = False
    """Whether an update was begun and may not have finished."""

    @property
    def label(self) -> str:
        """Type and name, as messages call a resource."""
        return f"{self.type} {self.name}"


class State:
    """The state file and its content. A method that changes the state returns after the file is written."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it exists.

        Raises:
            EngineError: if it cannot be read or is invalid.
        """
        self._path, self._lock = path, threading.Lock()
        self.resources: dict[str, Record] = {}
        self.pending_deletions: list[Record] = []
        """Replaced resources that must still be deleted."""
        self.pending_creations: dict[str, Record] = {}
        """Creations that were begun and have not finished, by URN."""
        self.outputs: Mapping[str, Any] = {}
        if path.exists():
            self._load()

    def begin_creation(self, record: Record) -> None:
        """Record that a creation begins, so that a later run finds its resource by its name if this run is killed."""
        with self._saved():
            self.pending_creations[record.urn] = record

    def discard_creation(self, urn: str) -> None:
        """Remove a pending creation that has left nothing on AWS."""
        with self._saved():
            self.pending_creations.pop(urn, None)

    def put(self, record: Record, replaced: Record | None = None) -> None:
        """Store a record, and the record that it replaces as a pending deletion."""
        is_pending = record.urn in self.pending_creations
        if replaced is None and not is_pending and self.resources.get(record.urn) == record:
            return
        with self._saved():
            self.pending_creations.pop(record.urn, None)
            self.resources[record.urn] = record
            if replaced is not None:
                self.pending_deletions.append(replaced)

    def remove(self, record: Record) -> None:
        """Remove the record of a deleted or retained resource."""
        with self._saved():
            if record in self.pending_deletions:
                self.pending_deletions.remove(record)
            else:
                self.resources.pop(record.urn, None)

    def rename(self, old: str, new: str) -> None:
        """Change a resource's URN, and every reference to it."""
        with self._saved():
            self.resources = {
                new if urn == old else urn: _renamed(record, old, new) for urn, record in self.resources.items()
            }

    def export(self, outputs: Mapping[str, Any]) -> None:
        """Store the stack's outputs."""
        with self._saved():
            self.outputs = outputs

    @contextmanager
    def _saved(self) -> Generator[None]:
        with self._lock:
            yield
            self._save()

    def _load(self) -> None:
        try:
            document = json.loads(self._path.read_text("utf-8"))
            if document["version"] != _VERSION:
                raise EngineError(f"{self._path} was written by another version of this tool; delete it to start over.")
            self.resources = {record.urn: record for record in map(_from_document, document["resources"])}
            self.pending_deletions = [_from_document(entry) for entry in document["doomed"]]
            self.pending_creations = {record.urn: record for record in map(_from_document, document["begun"])}
            self.outputs = from_json(document["outputs"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"{self._path} cannot be read ({error}); delete it to start over.") from error

    def _save(self) -> None:
        document = {
            "version": _VERSION,
            "resources": [_to_document(record) for record in self.resources.values()],
            "doomed": [_to_document(record) for record in self.pending_deletions],
            "begun": [_to_document(record) for record in self.pending_creations.values()],
            "outputs": to_json(self.outputs),
        }
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # It contains secrets, so only its owner may read it: write_atomically creates it with that mode.
        write_atomically(self._path, json.dumps(document, indent=1), durable=True)


@contextmanager
def exclusive_lock(path: Path) -> Generator[None]:
    """Hold a lock file, which the operating system releases when the process ends for any reason.

    Raises:
        EngineError: if another process holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        lock = FileLock(path).acquire(timeout=0)
    except Timeout:
        raise EngineError(f"Another update of this stack is in progress; it holds {path}.") from None
    with lock:
        yield


def _renamed(record: Record, old: str, new: str) -> Record:
    def follow(urns: Iterable[str]) -> tuple[str, ...]:
        return tuple(new if urn == old else urn for urn in urns)

    return replace(
        record,
        urn=new if record.urn == old else record.urn,
        parent=new if record.parent == old else record.parent,
        dependencies=follow(record.dependencies),
        property_dependencies={key: follow(urns) for key, urns in record.property_dependencies.items()},
    )


def _to_document(record: Record) -> dict[str, Any]:
    return {**asdict(replace(record, inputs={}, outputs={})), **to_json({"i": record.inputs, "o": record.outputs})}


def _from_document(document: Mapping[str, Any]) -> Record:
    fields: dict[str, Any] = dict(document)
    fields["inputs"], fields["outputs"] = from_json(fields.pop("i")), from_json(fields.pop("o"))
    fields["dependencies"] = tuple(fields["dependencies"])
    for key in ("hooks", "property_dependencies"):
        fields[key] = {name: tuple(items) for name, items in fields[key].items()}
    return Record(**fields)
