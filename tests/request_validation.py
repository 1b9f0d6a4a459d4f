"""Recorded requests checked against AWS's own service models, as far as they say what a value may be.

botocore checks required members and least lengths alone, and emulators accept almost anything: enums, patterns,
greatest lengths and ranges are what AWS refuses a deployment for. `localstack-core` turns a request of any protocol
back into the operation's members.
"""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import Any, NamedTuple
from unittest.mock import patch

import parliament
import regex
from botocore.model import ServiceModel, Shape

from tests.request_recorder import Recorded

with patch.dict(os.environ):  # localstack sets NO_PROXY, which httpx then cannot read
    from localstack.aws.protocol.parser import RequestParser, RequestParserError, create_parser
    from localstack.aws.protocol.service_router import determine_aws_service_model
    from localstack.aws.spec import load_service
    from localstack.http import Request

# What parliament reports of documents that are as they must be, and why.
_FINE: Mapping[tuple[str, str], str] = {
    ("iam.CreateRole", "MALFORMED"): "a trust policy is about the role that it belongs to, so it names no resource",
    ("iam.UpdateAssumeRolePolicy", "MALFORMED"): "likewise",
    ("kms.CreateKey", "RESOURCE_STAR"): "in a key's policy * is the key",
    ("kms.PutKeyPolicy", "RESOURCE_STAR"): "likewise",
    ("sns.SetTopicAttributes", "OLD_VERSION"): "the policy that SNS itself gives a topic",
    ("sns.SetTopicAttributes", "INVALID_SID"): "likewise",
}
# What the emulator has the provider say.
_EMULATED: Mapping[tuple[str, str], str] = {
    ("cloudfront.ListTagsForResource", "Resource"): "the emulator's ARN of a distribution lacks a colon",
}


class Violation(NamedTuple):
    """What AWS's model does not allow."""

    operation: str
    member: str
    reason: str


def violations(requests: Iterable[Recorded]) -> tuple[set[Violation], set[str]]:
    """Everything that is wrong with the requests, and the operations that were seen."""
    found: set[Violation] = set()
    operations: set[str] = set()
    for recorded in requests:
        parsed = _parse(recorded)
        if parsed is None:
            continue
        operation, shape, members = parsed
        operations.add(operation)
        for member, reason in check(shape, members, ""):
            if (operation, member) not in _EMULATED:
                found.add(Violation(operation, member, reason))
        for member, issue, detail in check_policies(members, ""):
            if (operation, issue) not in _FINE:
                found.add(Violation(operation, member, f"{issue}: {detail}"))
    return found, operations


def _parse(recorded: Recorded) -> tuple[str, Shape, Mapping[str, Any]] | None:
    path, _, query = recorded.target.partition("?")
    request = Request(recorded.method, path, recorded.headers, recorded.body, query_string=query)
    service = determine_aws_service_model(request)
    if service is None:
        return None  # of the emulator itself
    for parser in _parsers(service.service_name):
        with suppress(RequestParserError):
            operation, members = parser.parse(request)
            return f"{service.service_name}.{operation.name}", operation.input_shape, members
    raise AssertionError(f"{service.service_name} has no protocol in which this can be read: {recorded}")


@cache
def _parsers(service: str) -> list[RequestParser]:
    """One for each protocol of the service: which it is shows only when a request can be read."""
    model = load_service(service)
    protocols = model.metadata.get("protocols") or [model.metadata["protocol"]]
    descriptions = [
        {**model._service_description, "metadata": {**model.metadata, "protocol": protocol}} for protocol in protocols
    ]
    return [create_parser(ServiceModel(description, service)) for description in descriptions]


def check(shape: Shape | None, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each member of a value that its shape does not allow, with the reason."""
    if shape is None or value is None:
        return
    if shape.type_name == "structure":
        for name in shape.required_members:
            if value.get(name) is None:
                yield _join(path, name), "is required"
        for name, member in shape.members.items():
            yield from check(member, value.get(name), _join(path, name))
    elif shape.type_name == "list":
        yield from _size(shape, len(value), "elements", path)
        for item in value:
            yield from check(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        yield from _size(shape, len(value), "entries", path)
        for key, item in value.items():
            yield from check(shape.key, key, f"{path}{{}}")
            yield from check(shape.value, item, f"{path}{{}}")
    elif shape.type_name == "string":
        yield from _text(shape, str(value), path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _size(shape, float(value), "", path)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _size(shape: Shape, size: float, unit: str, path: str) -> Iterator[tuple[str, str]]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield path, f"{size:g} {unit} is less than {least}"
    if most is not None and size > most:
        yield path, f"{size:g} {unit} is more than {most}"


def _text(shape: Shape, text: str, path: str) -> Iterator[tuple[str, str]]:
    yield from _size(shape, len(text), "characters", path)
    if shape.enum and text not in shape.enum:
        yield path, f"{text!r} is not one of {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, text):
        yield path, f"{text!r} does not match {pattern}"


def _matches(pattern: str, text: str) -> bool:
    """AWS's patterns are Java's, and are for the whole of a text."""
    try:
        return regex.fullmatch(pattern.removeprefix("^").removesuffix("$"), text, regex.DOTALL) is not None
    except regex.error:  # a few are written in ways that only Java reads
        return True


def check_policies(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """What parliament finds in each IAM document among the members: where, the issue's name, and its details."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from check_policies(item, _join(path, name))
    elif isinstance(value, list):
        for item in value:
            yield from check_policies(item, f"{path}[]")
    elif isinstance(value, str) and re.match(r'\s*\{.*"Statement"', value, re.DOTALL):
        for finding in parliament.analyze_policy_string(value).findings:
            yield path, finding.issue, f"{finding.detail} {json.dumps(finding.location, default=str)}"
