"""Checks recorded requests against the constraints of AWS's service models.

botocore checks only required members and minimum lengths, and emulators accept almost anything; AWS rejects a
deployment also for enums, patterns, maximum lengths and ranges. `localstack-core` parses a request of any protocol into
the operation's members.
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

# Issues that parliament reports about correct documents, each with the reason.
_ACCEPTED: Mapping[tuple[str, str], str] = {
    ("iam.CreateRole", "MALFORMED"): "a trust policy is about the role that it belongs to, so it names no resource",
    ("iam.UpdateAssumeRolePolicy", "MALFORMED"): "as above",
    ("kms.CreateKey", "RESOURCE_STAR"): "in a key's policy, * means the key",
    ("kms.PutKeyPolicy", "RESOURCE_STAR"): "as above",
    ("sns.SetTopicAttributes", "OLD_VERSION"): "the default policy that SNS itself attaches to a topic",
    ("sns.SetTopicAttributes", "INVALID_SID"): "as above",
}
# Invalid values that the provider sends because of the emulator.
_EMULATED: Mapping[tuple[str, str], str] = {
    ("cloudfront.ListTagsForResource", "Resource"): "the emulator's ARN of a distribution lacks a colon",
    ("wafv2.UpdateIPSet", "LockToken"): "the emulator's tokens of IP sets are no UUIDs",
    ("wafv2.DeleteIPSet", "LockToken"): "as above",
}


class Violation(NamedTuple):
    """A value that AWS's service model does not allow."""

    operation: str
    member: str
    reason: str


def violations(requests: Iterable[Recorded]) -> tuple[set[Violation], set[str]]:
    """All violations in the requests, and the operations that were requested."""
    result: set[Violation] = set()
    operations: set[str] = set()
    for recorded in requests:
        parsed = _parse(recorded)
        if parsed is None:
            continue
        operation, shape, members = parsed
        operations.add(operation)
        for member, reason in check(shape, members, ""):
            if (operation, member) not in _EMULATED:
                result.add(Violation(operation, member, reason))
        for member, issue, detail in check_policies(members, ""):
            if (operation, issue) not in _ACCEPTED:
                result.add(Violation(operation, member, f"{issue}: {detail}"))
    return result, operations


def _parse(recorded: Recorded) -> tuple[str, Shape, Mapping[str, Any]] | None:
    path, _, query = recorded.target.partition("?")
    request = Request(recorded.method, path, recorded.headers, recorded.body, query_string=query)
    service = determine_aws_service_model(request)
    if service is None:
        return None  # for the emulator itself
    for parser in _parsers(service.service_name):
        with suppress(RequestParserError):
            operation, members = parser.parse(request)
            return f"{service.service_name}.{operation.name}", operation.input_shape, members
    raise AssertionError(f"No protocol of {service.service_name} can parse this request: {recorded}")


@cache
def _parsers(service: str) -> list[RequestParser]:
    """A parser for each protocol of the service, since only parsing shows which protocol a request uses."""
    model = load_service(service)
    protocols = model.metadata.get("protocols") or [model.metadata["protocol"]]
    descriptions = [
        {**model._service_description, "metadata": {**model.metadata, "protocol": protocol}} for protocol in protocols
    ]
    return [create_parser(ServiceModel(description, service)) for description in descriptions]


def check(shape: Shape | None, value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Each member that its shape does not allow, with the reason."""
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
    """Whether a text matches a pattern; AWS's patterns use Java's syntax and apply to the entire text."""
    try:
        return regex.fullmatch(pattern.removeprefix("^").removesuffix("$"), text, regex.DOTALL) is not None
    except regex.error:  # a few use syntax that only Java supports
        return True


def check_policies(value: Any, path: str) -> Iterator[tuple[str, str, str]]:
    """Parliament's findings in each IAM document among the members: the member, the issue's name, and its details."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from check_policies(item, _join(path, name))
    elif isinstance(value, list):
        for item in value:
            yield from check_policies(item, f"{path}[]")
    elif isinstance(value, str) and re.match(r'\s*\{.*"Statement"', value, re.DOTALL):
        for finding in parliament.analyze_policy_string(value).findings:
            yield path, finding.issue, f"{finding.detail} {json.dumps(finding.location, default=str)}"
