"""Asks the Terraform AWS provider which properties of a resource it cannot change in place.

    python cli/force_new.py PATH_OF_TERRAFORM_PROVIDER_AWS

Writes `flask_on_aws_cli/review/effects/force_new.json`. The provider plans a change of each argument of each type, over
Terraform's plugin protocol 5, and lists the paths that require a replacement. It needs neither a network nor an
account.
"""

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import grpc
from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

OUTPUT = Path(__file__).parent / "flask_on_aws_cli/review/effects/force_new.json"
# What HashiCorp's go-plugin expects of the process that starts a provider.
COOKIE = {"TF_PLUGIN_MAGIC_COOKIE": "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2"}
CONFIGURATION = {
    "region": "us-east-1",
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_requesting_account_id": True,
    "skip_metadata_api_check": "true",
    "skip_region_validation": True,
}
# Arguments without which the provider rejects every change of a type.
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "aws_lb_target_group": {"port": 80, "protocol": "HTTP", "target_type": "ip", "vpc_id": "vpc-1"},
}
# The part of https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto that is used here:
# message → field → number and type.
MESSAGES: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "Empty": {},
    "Value": {"msgpack": (1, "bytes")},
    "Diagnostic": {"severity": (1, "int64"), "summary": (2, "string")},
    "Step": {"attribute_name": (1, "string"), "key": (2, "string"), "index": (3, "int64")},
    "Path": {"steps": (1, "repeated Step")},
    "Attribute": {
        "name": (1, "string"),
        "type": (2, "bytes"),
        "required": (4, "bool"),
        "optional": (5, "bool"),
        "computed": (6, "bool"),
    },
    "NestedBlock": {"type_name": (1, "string"), "block": (2, "Block"), "nesting": (3, "int64")},
    "Block": {"attributes": (2, "repeated Attribute"), "block_types": (3, "repeated NestedBlock")},
    "Schema": {"block": (2, "Block")},
    "NamedSchema": {"key": (1, "string"), "value": (2, "Schema")},
    "Schemas": {"provider": (1, "Schema"), "resources": (2, "repeated NamedSchema")},
    "ConfigureRequest": {"terraform_version": (1, "string"), "config": (2, "Value")},
    "ConfigureResponse": {"diagnostics": (1, "repeated Diagnostic")},
    "PlanRequest": {
        "type_name": (1, "string"),
        "prior_state": (2, "Value"),
        "proposed_new_state": (3, "Value"),
        "config": (4, "Value"),
        "provider_meta": (6, "Value"),
    },
    "PlanResponse": {"requires_replace": (2, "repeated Path"), "diagnostics": (4, "repeated Diagnostic")},
}
ERROR, SINGLE, MAP = 1, 1, 4  # a severity and two kinds of nesting, of the protocol
UNLIMITED = (("grpc.max_receive_message_length", -1),)


def message_classes() -> dict[str, Any]:
    """The classes of MESSAGES."""
    file = descriptor_pb2.FileDescriptorProto(name="tfplugin5.proto", package="tfplugin5", syntax="proto3")
    field_type = descriptor_pb2.FieldDescriptorProto
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            label = field_type.LABEL_REPEATED if kind.startswith("repeated ") else field_type.LABEL_OPTIONAL
            kind = kind.removeprefix("repeated ")
            if kind in MESSAGES:
                options = {"type": field_type.TYPE_MESSAGE, "type_name": f".tfplugin5.{kind}"}
            else:
                options = {"type": getattr(field_type, f"TYPE_{kind.upper()}")}
            message.field.add(name=field, number=number, label=label, **options)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tfplugin5.{name}")) for name in MESSAGES}


CLASSES = message_classes()


class Provider:
    """A provider process."""

    def __init__(self, binary: Path) -> None:
        variables = {**os.environ, **COOKIE, "PLUGIN_PROTOCOL_VERSIONS": "5"}
        self._process = subprocess.Popen([binary], env=variables, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)  # noqa: S603 the caller's
        assert self._process.stdout is not None  # noqa: S101
        address = self._process.stdout.readline().decode().split("|")[3]
        self._channel = grpc.insecure_channel(f"unix://{address}", options=UNLIMITED)
        schemas = self._call("GetSchema", CLASSES["Empty"](), "Schemas")
        self.schemas = {entry.key: entry.value.block for entry in schemas.resources}
        config = value_of(schemas.provider.block, CONFIGURATION)
        self._call(
            "Configure", CLASSES["ConfigureRequest"](terraform_version="1.11.0", config=config), "ConfigureResponse"
        )

    def replaces(self, kind: str, path: tuple[str, ...], before: Any, after: Any) -> bool | None:
        """Whether another value at a path requires a replacement; None if the provider rejects the values."""
        block, others = self.schemas[kind], OTHERS.get(kind, {})
        before, after = {**others, **nest(path, before)}, {**others, **nest(path, after)}
        request = CLASSES["PlanRequest"](
            type_name=kind,
            prior_state=value_of(block, {"id": "it", **before}),
            proposed_new_state=value_of(block, {"id": "it", **after}),
            config=value_of(block, after),
            provider_meta=CLASSES["Value"](msgpack=b"\xc0"),
        )
        response = self._call("PlanResourceChange", request, "PlanResponse")
        if any(diagnostic.severity == ERROR for diagnostic in response.diagnostics):
            return None
        required = [
            tuple(step.attribute_name for step in each.steps if step.attribute_name)
            for each in response.requires_replace
        ]
        # A default that the state before does not have can require a replacement too, at its own path.
        return any(names == path[: len(names)] for names in required)

    def stop(self) -> None:
        """End the process."""
        self._channel.close()
        self._process.terminate()

    def _call(self, method: str, request: Any, response: str) -> Any:
        call: Any = cast(Any, self._channel).unary_unary(
            f"/tfplugin5.Provider/{method}",
            request_serializer=cast(Any, type(request)).SerializeToString,
            response_deserializer=CLASSES[response].FromString,
        )
        return call(request, wait_for_ready=True)


def value_of(block: Any, values: Mapping[str, Any]) -> Any:
    """A block's value in the protocol's encoding: arguments that are not in `values` are null."""
    return CLASSES["Value"](msgpack=packed(complete(block, values)))


def complete(block: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with null for each other argument and nothing for each other block."""
    result: dict[str, Any] = {attribute.name: values.get(attribute.name) for attribute in block.attributes}
    for nested in block.block_types:
        inner = values.get(nested.type_name)
        if nested.nesting == SINGLE:
            result[nested.type_name] = None if inner is None else complete(nested.block, inner)
        else:
            empty: Any = {} if nested.nesting == MAP else []
            result[nested.type_name] = empty if inner is None else [complete(nested.block, inner)]
    return result


def packed(value: Any) -> bytes:
    """MessagePack of null, texts, numbers, lists and objects: https://github.com/msgpack/msgpack/blob/master/spec.md."""
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return b"\xd2" + struct.pack(">i", value)
    if isinstance(value, str):
        return b"\xdb" + struct.pack(">I", len(value.encode())) + value.encode()
    if isinstance(value, list):
        items = cast(list[Any], value)
        return b"\xdd" + struct.pack(">I", len(items)) + b"".join(map(packed, items))
    return b"\xdf" + struct.pack(">I", len(value)) + b"".join(packed(key) + packed(value[key]) for key in value)


def arguments(block: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The paths of all arguments that can be set, with their types as JSON."""
    for attribute in block.attributes:
        if (attribute.required or attribute.optional) and attribute.name not in ("id", "tags_all"):
            yield (*path, attribute.name), json.loads(attribute.type)
    for nested in block.block_types:
        if nested.type_name != "timeouts":
            yield from arguments(nested.block, (*path, nested.type_name))


def samples(kind: Any) -> tuple[Any, Any]:
    """Two values of a type."""
    match kind:
        case "string":
            return "a", "b"
        case "number":
            return 1, 2
        case "bool":
            return False, True
        case ["map", inner]:
            return tuple({"key": sample} for sample in samples(inner))  # type: ignore[return-value]
        case ["list" | "set", inner]:
            return tuple([sample] for sample in samples(inner))  # type: ignore[return-value]
        case ["object", fields]:
            values = {name: samples(inner) for name, inner in fields.items()}
            return tuple({name: pair[index] for name, pair in values.items()} for index in (0, 1))  # type: ignore[return-value]
        case _:
            return None, None


def nest(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The value at a path."""
    return {path[0]: nest(path[1:], value) if path[1:] else value}


def probe(provider: Provider, kind: str) -> dict[str, list[str]]:
    """What a change of each argument of a type does."""
    answers: dict[bool | None, list[str]] = {True: [], False: [], None: []}
    for path, value_type in arguments(provider.schemas[kind]):
        before, after = samples(value_type)
        answers[provider.replaces(kind, path, before, after)].append(".".join(path))
    result = {"replaces": sorted(set(answers[True]))}
    return result | ({"not_probed": sorted(set(answers[None]))} if answers[None] else {})


def main() -> None:
    """Ask the provider about every type that a review knows."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    binary = Path(sys.argv[1])
    version = re.search(r"_v?(\d+\.\d+\.\d+)", binary.name)
    provider = Provider(binary)
    try:
        kinds = sorted(kind for kind in set(TERRAFORM_TYPES.values()) if kind in provider.schemas)
        types = {kind: probe(provider, kind) for kind in kinds}
    finally:
        provider.stop()
    document = {
        "provider": f"hashicorp/aws {version[1] if version else 'unknown'}",
        "date": datetime.now(UTC).date().isoformat(),
        "types": types,
    }
    OUTPUT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
