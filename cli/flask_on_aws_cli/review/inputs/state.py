"""Reads a stack from its exported state (`pulumi stack export`), or from a plan of it (`pulumi preview --json`)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from ...pulumi_engine import Options, Resource, Secret
from ...pulumi_engine.model.values import SECRET, SIGNATURE, from_json
from .errors import ReviewError
from .snapshot import Snapshot

# Keys that Pulumi and its AWS provider add to the inputs of the program.
_ADDED = {"__defaults", "tagsAll"}
_DEFAULTS = "__defaults"
_CIPHERTEXT = "ciphertext"
_HIDDEN = "[secret]"  # a secret in a plan
ENCRYPTED = "(encrypted in the state)"
"""The value of a secret that the file has in encrypted form."""


def read_state(path: Path) -> Snapshot:
    """The snapshot in a file that `pulumi stack export` wrote.

    Raises:
        ReviewError: if it is not such a file.
    """
    document = _read(path, "--state")
    deployment = document.get("deployment")
    if not isinstance(deployment, dict):
        raise ReviewError(
            f"--state: {path} is not an exported state; write it with `pulumi stack export --file {path}`."
        )
    resources: list[dict[str, Any]] = cast(dict[str, Any], deployment).get("resources") or []
    return _snapshot(f"the state in {path.name}", [entry for entry in resources if not entry.get("delete")])


def read_plan(path: Path) -> Snapshot:
    """The snapshot before the plan in a file with the output of `pulumi preview --json`.

    Raises:
        ReviewError: if it is not such a file.
    """
    steps = _read(path, "--plan").get("steps")
    if not isinstance(steps, list):
        raise ReviewError(f"--plan: {path} is not a plan; write it with `pulumi preview --json > {path}`.")
    entries = cast(list[dict[str, Any]], steps)
    old = {str(step.get("urn")): step["oldState"] for step in entries if step.get("oldState")}
    snapshot = _snapshot(f"the plan in {path.name}", list(old.values()))
    return replace(snapshot, created=frozenset(str(step.get("urn")) for step in entries) - old.keys())


def _read(path: Path, option: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReviewError(f"{option}: {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ReviewError(f"{option}: {path} is not JSON: {error}.") from error
    return cast(dict[str, Any], document) if isinstance(document, dict) else {}


def _snapshot(label: str, entries: list[dict[str, Any]]) -> Snapshot:
    try:
        resources = {resource.urn: resource for resource in map(_resource, entries)}
        outputs = {entry["urn"]: _outputs(entry) for entry in entries}
    except (KeyError, TypeError, AttributeError) as error:
        raise ReviewError(f"{label} has a resource that cannot be read: {error!r}.") from error
    return Snapshot(label, resources, outputs, secrets_known=not _is_encrypted(entries))


def _is_encrypted(entries: list[dict[str, Any]]) -> bool:
    text = json.dumps(entries)
    return f'"{_CIPHERTEXT}"' in text or f'"{_HIDDEN}"' in text


def _resource(entry: dict[str, Any]) -> Resource:
    urn = entry["urn"]
    return Resource(
        urn=urn,
        type=entry["type"],
        name=urn.rpartition("::")[2],
        parent=entry.get("parent", ""),
        custom=bool(entry.get("custom")),
        inputs=program_inputs(_decoded(entry.get("inputs") or {})),
        dependencies=entry.get("dependencies") or [],
        property_dependencies=entry.get("propertyDependencies") or {},
        options=Options(protect=bool(entry.get("protect")), retain_on_delete=bool(entry.get("retainOnDelete"))),
    )


def _outputs(entry: dict[str, Any]) -> Mapping[str, Any]:
    return {**_decoded(entry.get("outputs") or {}), "id": entry.get("id", "")}


def _decoded(values: Mapping[str, Any]) -> dict[str, Any]:
    return cast(dict[str, Any], from_json(_with_encrypted(values)))


def _with_encrypted(value: Any) -> Any:
    """The JSON with a value in each secret that is encrypted, and the value of each that is not as JSON of JSON."""
    if isinstance(value, list):
        return [_with_encrypted(item) for item in cast(list[Any], value)]
    if value == _HIDDEN:
        return {SIGNATURE: SECRET, "value": ENCRYPTED}
    if not isinstance(value, dict):
        return value
    entries = cast(dict[str, Any], value)
    if _CIPHERTEXT in entries and "value" not in entries:
        return {**{key: item for key, item in entries.items() if key != _CIPHERTEXT}, "value": ENCRYPTED}
    if "plaintext" in entries and "value" not in entries:  # pulumi stack export --show-secrets
        return {**entries, "value": _with_encrypted(json.loads(entries["plaintext"]))}
    return {key: _with_encrypted(item) for key, item in entries.items()}


def program_inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs without those that are defaults of the provider, such as automatic names."""
    defaults = set(cast(list[str], inputs.get(_DEFAULTS) or ()))
    return {key: _without_defaults(value) for key, value in inputs.items() if key not in _ADDED | defaults}


def _without_defaults(value: Any) -> Any:
    if isinstance(value, Secret):
        return Secret(_without_defaults(value.value))
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value)
        return program_inputs(entries) if _DEFAULTS in entries else dict(_walked(entries))
    return [_without_defaults(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _walked(entries: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in entries.items():
        yield key, _without_defaults(value)
