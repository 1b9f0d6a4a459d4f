"""Forms by which browsers send files to a bucket: signed by their policy, and held to it.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, NamedTuple, cast

from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from .origin_check import S3
from .signatures_v2 import verify_version_2_policy
from .signing import (
    ALGORITHM,
    Denied,
    FindKeys,
    Scope,
    SignedRequest,
    find_keys,
    read_scope,
    read_time,
    signature_of,
    signer_of,
)

# Fields that need no condition. Those with the prefix are ignored by S3, as by us.
_FREE, _IGNORED = ("policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"), "x-ignore-"
_DATES = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ")
_LARGEST = 5 * 2**30  # bytes of a single upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html


class _Form(NamedTuple):
    fields: Mapping[str, str]
    """By names in lower case."""
    size: int
    """Bytes of the file."""


def is_form(request: SignedRequest) -> bool:
    """Whether a request sends a form as browsers do."""
    return request.method == "POST" and _media_type(request) == "multipart/form-data"


def verify_form(request: SignedRequest, bucket: str, find: FindKeys, now: datetime) -> Scope:
    """Who has signed a form.

    Raises:
        Denied: if nobody has, or the form is not what its policy allows.
    """
    if "?" in request.target:
        raise Denied("InvalidArgument", "A form is sent to the bucket itself, without a query.")
    form = _read(request)
    scope = _signed_by(form.fields, find, now)
    _check(_policy(form.fields["policy"]), {**form.fields, "bucket": bucket}, form.size, now)
    return scope


def _media_type(request: SignedRequest) -> str:
    return parse_options_header(request.headers.get("content-type", ""))[0].lower()


def _read(request: SignedRequest) -> _Form:
    options = parse_options_header(request.headers["content-type"])[1]
    parser = FormDataParser(max_form_memory_size=len(request.body), silent=False)
    try:
        _, form, files = parser.parse(BytesIO(request.body), "multipart/form-data", len(request.body), options)
    except ValueError as broken:
        raise Denied("MalformedPOSTRequest", "The body of the form is not multipart/form-data.") from broken
    pairs = list(form.items(multi=True))
    fields = {name.lower(): value for name, value in pairs}
    names = [*(name for name, _ in pairs), *(name for name, _ in files.items(multi=True))]
    if len({name.lower() for name in names}) != len(names):
        raise Denied("InvalidArgument", "A field of the form is there more than once.")
    if any(name != "file" for name in files):
        raise Denied("InvalidArgument", "The form's only file is the field `file`.")
    file = files.get("file")
    size = len(file.read()) if file is not None else len(fields.get("file", "").encode())
    return _Form(fields, size)


def _signed_by(fields: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    policy, token = fields.get("policy"), fields.get("x-amz-security-token")
    if policy and "awsaccesskeyid" in fields and "x-amz-signature" not in fields:
        return verify_version_2_policy(fields, find, now)
    if not policy or fields.get("x-amz-algorithm") != ALGORITHM:
        raise Denied("AccessDenied", "The form has no signed policy.")
    scope = read_scope(fields.get("x-amz-credential", ""))
    timestamp = fields.get("x-amz-date", "")
    read_time(timestamp, scope)
    keys = find_keys(scope.key_id, token, find, now)
    expected = signature_of(signer_of(scope, keys), timestamp, policy)
    if scope.service != S3 or not hmac.compare_digest(expected.encode(), fields.get("x-amz-signature", "").encode()):
        raise Denied("SignatureDoesNotMatch", "The form's signature is not that of its policy.")
    return scope


def _policy(text: str) -> Mapping[str, Any]:
    try:
        found: Any = json.loads(base64.b64decode(text, validate=True))
    except ValueError as broken:
        raise Denied("InvalidPolicyDocument", "The policy is not JSON in base64.") from broken
    if not isinstance(found, dict):
        raise Denied("InvalidPolicyDocument", "The policy is not an object.")
    return cast(Mapping[str, Any], found)


def _check(policy: Mapping[str, Any], fields: Mapping[str, str], size: int, now: datetime) -> None:
    """Hold a form to its policy; raises `Denied`."""
    if now >= _expiration(str(policy.get("expiration"))):
        raise Denied("AccessDenied", "Invalid according to Policy: Policy expired.")
    covered: set[str] = set()
    for condition in policy.get("conditions") or ():
        covered |= _meet(condition, fields, size)
    for name in fields:
        if name not in covered and name not in (*_FREE, "bucket") and not name.startswith(_IGNORED):
            raise Denied("AccessDenied", f"Invalid according to Policy: Extra input fields: {name}")
    if not {"key", "bucket"} <= covered or size > _LARGEST:
        raise Denied("AccessDenied", "Invalid according to Policy: it must say bucket and key.")


def _expiration(text: str) -> datetime:
    for form in _DATES:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Denied("InvalidPolicyDocument", "The policy's expiration must be like 2026-01-31T23:59:59Z.")


def _meet(condition: Any, fields: Mapping[str, str], size: int) -> set[str]:
    """The fields that a condition is about; raises `Denied` unless they meet it."""
    failed = Denied("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}")
    if isinstance(condition, dict):
        wanted = {str(name).lower(): str(value) for name, value in cast(Mapping[Any, Any], condition).items()}
        if any(fields.get(name) != value for name, value in wanted.items()):
            raise failed
        return set(wanted)
    if not isinstance(condition, list) or len(cast(list[Any], condition)) != 3:
        raise Denied("InvalidPolicyDocument", f"This is no condition: {json.dumps(condition)}")
    kind, first, second = cast(list[Any], condition)
    if str(kind).lower() == "content-length-range":
        _check_size(size, first, second)
        return set()
    name, value = str(first).removeprefix("$").lower(), fields.get(str(first).removeprefix("$").lower())
    tests = {"eq": lambda: value == str(second), "starts-with": lambda: (value or "").startswith(str(second))}
    if str(kind).lower() not in tests or not tests[str(kind).lower()]():
        raise failed
    return {name}


def _check_size(size: int, least: Any, most: Any) -> None:
    try:
        is_small, is_large = size < int(least), size > int(most)
    except (TypeError, ValueError):
        raise Denied("InvalidPolicyDocument", f"This is no range: {least} to {most}") from None
    if is_small or is_large:
        code = "EntityTooSmall" if is_small else "EntityTooLarge"
        raise Denied(code, f"The file's size of {size} bytes is not between {least} and {most}.")
