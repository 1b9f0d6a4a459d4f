"""Property values: conversion between protobuf, Python and the state file.

Pulumi represents what JSON has no type for as objects with a signature. Here a secret is a `Secret`, and a value that
is known only after an update is `UNKNOWN`. Assets and archives keep their wire format.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from google.protobuf import struct_pb2
from pulumi.runtime import rpc

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"  # the key in every such object, and its possible values:
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 not a password but Pulumi's signature of one
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"


class Unknown:
    """A value that is known only after an update. Its one instance is `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value that is never shown, not even by `repr`."""

    value: Any

    def __repr__(self) -> str:
        return "Secret(…)"


def from_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Properties decoded from the wire format. Properties that are null are left out, as Pulumi does."""
    values = {key: _from_value(value) for key, value in struct.fields.items()}
    return {key: value for key, value in values.items() if value is not None}


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties encoded in the wire format."""
    struct = struct_pb2.Struct()
    for key, value in values.items():
        struct.fields[key].CopyFrom(_to_value(value))
    return struct


def plain(value: Any) -> Any:
    """The value with every `Secret` replaced by what it wraps."""
    if isinstance(value, Secret):
        return plain(value.value)
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in cast(list[Any], value)]
    return value


def to_json(value: Any) -> Any:
    """The value as JSON, with secrets and unknown values as Pulumi represents them."""
    if isinstance(value, Secret):
        return {SIGNATURE: SECRET, "value": to_json(value.value)}
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [to_json(item) for item in cast(list[Any], value)]
    return value


def from_json(value: Any) -> Any:
    """The inverse of `to_json`."""
    if isinstance(value, dict):
        return _decode_object({key: from_json(item) for key, item in cast(dict[str, Any], value).items()})
    if isinstance(value, list):
        return [from_json(item) for item in cast(list[Any], value)]
    return UNKNOWN if value == rpc.UNKNOWN else value


def _decode_object(fields: dict[str, Any]) -> Any:
    signature = fields.get(SIGNATURE)
    if signature == SECRET:
        return Secret(fields.get("value"))
    if signature == OUTPUT:
        value = fields.get("value", UNKNOWN)
        return Secret(value) if fields.get("secret") else value
    if signature == RESOURCE:  # a resource as an input means its id, or its URN if it has no id
        return fields.get("id") or (fields["urn"] if "id" not in fields else UNKNOWN)
    return fields


def _from_value(value: struct_pb2.Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _decode_object({key: _from_value(item) for key, item in value.struct_value.fields.items()})
        case "list_value":
            return [_from_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "bool_value":
            return value.bool_value
        case "string_value":
            return UNKNOWN if value.string_value == rpc.UNKNOWN else value.string_value
        case _:
            return None


def _to_value(value: Any) -> struct_pb2.Value:
    json_value = to_json(value)
    if json_value is None:
        return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
    if isinstance(json_value, bool):
        return struct_pb2.Value(bool_value=json_value)
    if isinstance(json_value, int | float):
        return struct_pb2.Value(number_value=json_value)
    if isinstance(json_value, str):
        return struct_pb2.Value(string_value=json_value)
    if isinstance(json_value, dict):
        return struct_pb2.Value(struct_value=to_struct(cast(dict[str, Any], json_value)))
    items = [_to_value(item) for item in cast(list[Any], json_value)]
    return struct_pb2.Value(list_value=struct_pb2.ListValue(values=items))
