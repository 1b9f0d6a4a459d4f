"""What was applied: one JSON file, replaced as a whole after every operation, readable by its owner alone."""

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

_VERSION = 1  # of the file's form


@dataclass(frozen=True)
class Record:
    """One resource as it was applied."""

    urn: str
    type: str
    name: str
    custom: bool
    parent: str = ""
    id: str = ""
    physical: str = ""
    """The name with which it was created."""
    inputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dependencies: tuple[str, ...] = ()
    property_dependencies: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    hooks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    planned: bool = False
    """Nothing was created for it."""
    unsure: bool = False
    """An update was begun, and its end is not known."""

    @property
    def label(self) -> str:
        """Type and name, as messages call a resource."""
        return f"{self.type} {self.name}"


class State:
    """The file, and what is in it. Every change is in the file before a method returns."""

    def __init__(self, path: Path) -> None:
        """Read the file, if it is there.

        Raises:
            EngineError: if it cannot be understood.
        """
        self._path, self._lock = path, threading.Lock()
        self.resources: dict[str, Record] = {}
        self.doomed: list[Record] = []
        """Replaced resources that are still to be deleted."""
        self.begun: dict[str, Record] = {}
        """Creations that were begun and not ended, by URN."""
        self.outputs: Mapping[str, Any] = {}
        if path.exists():
            self._load()

    def begin(self, record: Record) -> None:
        """A creation begins: what is created under this name belongs to the URN, even if nobody lives to record it."""
        with self._saved():
            self.begun[record.urn] = record

    def forget_begun(self, urn: str) -> None:
        """The begun creation has left nothing."""
        with self._saved():
            self.begun.pop(urn, None)

    def put(self, record: Record, doomed: Record | None = None) -> None:
        """A resource is as the record says; the one that it replaces is to be deleted later."""
        if doomed is None and record.urn not in self.begun and self.resources.get(record.urn) == record:
            return
        with self._saved():
            self.begun.pop(record.urn, None)
            self.resources[record.urn] = record
            if doomed is not None:
                self.doomed.append(doomed)

    def drop(self, record: Record) -> None:
        """A resource is gone."""
        with self._saved():
            if record in self.doomed:
                self.doomed.remove(record)
            else:
                self.resources.pop(record.urn, None)

    def rename(self, old: str, new: str) -> None:
        """A resource has another URN; all that refers to it follows."""
        with self._saved():
            self.resources = {
                new if urn == old else urn: _renamed(record, old, new) for urn, record in self.resources.items()
            }

    def export(self, outputs: Mapping[str, Any]) -> None:
        """The stack's outputs."""
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
                raise EngineError(f"{self._path} was written by another version of this tool; remove it to begin anew.")
            self.resources = {record.urn: record for record in map(_from_document, document["resources"])}
            self.doomed = [_from_document(entry) for entry in document["doomed"]]
            self.begun = {record.urn: record for record in map(_from_document, document["begun"])}
            self.outputs = from_json(document["outputs"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise EngineError(f"{self._path} cannot be read ({error}); remove it to begin anew.") from error

    def _save(self) -> None:
        document = {
            "version": _VERSION,
            "resources": [_to_document(record) for record in self.resources.values()],
            "doomed": [_to_document(record) for record in self.doomed],
            "begun": [_to_document(record) for record in self.begun.values()],
            "outputs": to_json(self.outputs),
        }
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # With secrets, so for its owner alone.
        write_atomically(self._path, json.dumps(document, indent=1), durable=True)


@contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold a lock that the system takes back when the process ends, however it ends.

    Raises:
        EngineError: if another process holds it.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        held = FileLock(path).acquire(timeout=0)
    except Timeout:
        raise EngineError(f"Another update of this stack is under way; it holds {path}.") from None
    with held:
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
