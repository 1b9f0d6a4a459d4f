"""Forms with which browsers upload files to a bucket: their policy is signed, and they must comply with it.

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
    compute_signature,
    find_keys,
    read_scope,
    read_time,
    signer_for,
)

# Fields that need no condition. S3 ignores fields with this prefix.
_UNCONDITIONED, _IGNORED_PREFIX = ("policy", "x-amz-signature", "signature", "awsaccesskeyid", "file"), "x-ignore-"
_DATE_FORMATS = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ")
# Bytes of a single upload: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
_MAX_UPLOAD_SIZE = 5 * 2**30


class _Form(NamedTuple):
    fields: Mapping[str, str]
    """Keyed by lower-case name."""
    size: int
    """Size of the file in bytes."""


def is_form(request: SignedRequest) -> bool:
    """Whether a request is a browser's form upload."""
    return request.method == "POST" and _media_type(request) == "multipart/form-data"


def verify_form(request: SignedRequest, bucket: str, find: FindKeys, now: datetime) -> Scope:
    """The scope with which a form was signed.

    Raises:
        Denied: if the form has no valid signature or does not comply with its policy.
    """
    if "?" in request.target:
        raise Denied("InvalidArgument", "A form must be sent to the bucket itself, without a query.")
    form = _read_form(request)
    scope = _verify_signature(form.fields, find, now)
    _check_policy(_read_policy(form.fields["policy"]), {**form.fields, "bucket": bucket}, form.size, now)
    return scope


def _media_type(request: SignedRequest) -> str:
    return parse_options_header(request.headers.get("content-type", ""))[0].lower()


def _read_form(request: SignedRequest) -> _Form:
    options = parse_options_header(request.headers["content-type"])[1]
    parser = FormDataParser(max_form_memory_size=len(request.body), silent=False)
    try:
        _, form, files = parser.parse(BytesIO(request.body), "multipart/form-data", len(request.body), options)
    except ValueError as error:
        raise Denied("MalformedPOSTRequest", "The body of the form is not valid multipart/form-data.") from error
    pairs = list(form.items(multi=True))
    fields = {name.lower(): value for name, value in pairs}
    names = [*(name for name, _ in pairs), *(name for name, _ in files.items(multi=True))]
    if len({name.lower() for name in names}) != len(names):
        raise Denied("InvalidArgument", "A field of the form is present more than once.")
    if any(name != "file" for name in files):
        raise Denied("InvalidArgument", "A form may have only one file, in the field `file`.")
    file = files.get("file")
    size = len(file.read()) if file is not None else len(fields.get("file", "").encode())
    return _Form(fields, size)


def _verify_signature(fields: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    policy, token = fields.get("policy"), fields.get("x-amz-security-token")
    if policy and "awsaccesskeyid" in fields and "x-amz-signature" not in fields:
        return verify_version_2_policy(fields, find, now)
    if not policy or fields.get("x-amz-algorithm") != ALGORITHM:
        raise Denied("AccessDenied", "The form has no signed policy.")
    scope = read_scope(fields.get("x-amz-credential", ""))
    timestamp = fields.get("x-amz-date", "")
    read_time(timestamp, scope)
    keys = find_keys(scope.key_id, token, find, now)
    expected = compute_signature(signer_for(scope, keys), timestamp, policy)
    if scope.service != S3 or not hmac.compare_digest(expected.encode(), fields.get("x-amz-signature", "").encode()):
        raise Denied("SignatureDoesNotMatch", "The form's signature does not match its policy.")
    return scope


def _read_policy(text: str) -> Mapping[str, Any]:
    try:
        policy: Any = json.loads(base64.b64decode(text, validate=True))
    except ValueError as error:
        raise Denied("InvalidPolicyDocument", "The policy is not base64-encoded JSON.") from error
    if not isinstance(policy, dict):
        raise Denied("InvalidPolicyDocument", "The policy is not a JSON object.")
    return cast(Mapping[str, Any], policy)


def _check_policy(policy: Mapping[str, Any], fields: Mapping[str, str], size: int, now: datetime) -> None:
    """Raise `Denied` unless a form complies with its policy."""
    if now >= _expiration(str(policy.get("expiration"))):
        raise Denied("AccessDenied", "Invalid according to Policy: Policy expired.")
    covered: set[str] = set()
    for condition in policy.get("conditions") or ():
        covered |= _check_condition(condition, fields, size)
    for name in fields:
        if name not in covered and name not in (*_UNCONDITIONED, "bucket") and not name.startswith(_IGNORED_PREFIX):
            raise Denied("AccessDenied", f"Invalid according to Policy: Extra input fields: {name}")
    if not {"key", "bucket"} <= covered or size > _MAX_UPLOAD_SIZE:
        raise Denied("AccessDenied", "Invalid according to Policy: the policy must have conditions on bucket and key.")


def _expiration(text: str) -> datetime:
    for date_format in _DATE_FORMATS:
        try:
            return datetime.strptime(text, date_format).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Denied("InvalidPolicyDocument", "The policy's expiration must have the form 2026-01-31T23:59:59Z.")


def _check_condition(condition: Any, fields: Mapping[str, str], size: int) -> set[str]:
    """The fields that a condition covers; raises `Denied` unless they meet it."""
    failed = Denied("AccessDenied", f"Invalid according to Policy: Policy Condition failed: {json.dumps(condition)}")
    if isinstance(condition, dict):
        required = {str(name).lower(): str(value) for name, value in cast(Mapping[Any, Any], condition).items()}
        if any(fields.get(name) != value for name, value in required.items()):
            raise failed
        return set(required)
    if not isinstance(condition, list) or len(cast(list[Any], condition)) != 3:
        raise Denied("InvalidPolicyDocument", f"This is not a valid condition: {json.dumps(condition)}")
    operator, first, second = cast(list[Any], condition)
    if str(operator).lower() == "content-length-range":
        _check_size(size, first, second)
        return set()
    name, value = str(first).removeprefix("$").lower(), fields.get(str(first).removeprefix("$").lower())
    tests = {"eq": lambda: value == str(second), "starts-with": lambda: (value or "").startswith(str(second))}
    if str(operator).lower() not in tests or not tests[str(operator).lower()]():
        raise failed
    return {name}


def _check_size(size: int, minimum: Any, maximum: Any) -> None:
    try:
        is_too_small, is_too_large = size < int(minimum), size > int(maximum)
    except (TypeError, ValueError):
        raise Denied("InvalidPolicyDocument", f"This is not a valid range: {minimum} to {maximum}") from None
    if is_too_small or is_too_large:
        code = "EntityTooSmall" if is_too_small else "EntityTooLarge"
        raise Denied(code, f"The file's size of {size} bytes is not between {minimum} and {maximum}.")
