"""AWS's signatures, recomputed by botocore's own signers: who has made a request, if it is what was signed.

Header and query form of Signature Version 4, and the query form of Version 2, by which boto3 presigns S3's URLs in the
oldest regions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import Message
from email.utils import parsedate_to_datetime
from functools import partial
from types import SimpleNamespace
from typing import Any, NamedTuple
from urllib.parse import quote

from .origin_check import S3
from .signatures_v2 import verify_version_2
from .signed_chunks import SignedChunks
from .signing import (
    ALGORITHM,
    TIMESTAMP,
    Denied,
    FindKeys,
    Scope,
    SignedRequest,
    check_equal,
    find_keys,
    read_scope,
    read_time,
    signature_of,
    signer_of,
)

# A signature counts this long before and after its time: five minutes, and fifteen for S3.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
_SKEW, _S3_SKEW = timedelta(minutes=5), timedelta(minutes=15)
_LONGEST = 604_800  # seconds, seven days: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_HEADER = re.compile(
    rf"{ALGORITHM} +Credential=(?P<credential>[^,\s]+), *SignedHeaders=(?P<headers>[^,\s]+), *"
    r"Signature=(?P<signature>\w+)"
)
_UNSIGNED, _UNSIGNED_TRAILER = "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_CHUNKS = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")


class _Claim(NamedTuple):
    """A signature of Version 4 with what it says of itself."""

    scope: Scope
    signed_headers: str
    signature: str
    timestamp: str
    token: str | None


def verify(request: SignedRequest, find: FindKeys, now: datetime) -> Scope | None:
    """Who has signed a request, and for what; None if it is not signed.

    Raises:
        Denied: if it is signed and the signature does not count.
    """
    query = dict(request.query)
    authorization = request.headers.get("authorization")
    forms = [authorization is not None, "X-Amz-Signature" in query, "Signature" in query and "AWSAccessKeyId" in query]
    if sum(forms) > 1 or (len(query) != len(request.query) and any(forms[1:])):
        raise Denied("InvalidArgument", "Only one signature is allowed, and each of its parameters once.")
    if authorization is not None:
        return _verify_header(request, authorization, find, now)
    if forms[1]:
        return _verify_query(request, query, find, now)
    return verify_version_2(request, query, find, now) if forms[2] else None


def _verify_header(request: SignedRequest, authorization: str, find: FindKeys, now: datetime) -> Scope:
    found = _HEADER.fullmatch(authorization.strip())
    if found is None:
        raise Denied("AuthorizationHeaderMalformed", f"The Authorization field must be of {ALGORITHM}.")
    scope, headers = read_scope(found["credential"]), request.headers
    claim = _Claim(
        scope, found["headers"], found["signature"], _header_timestamp(headers), headers.get("x-amz-security-token")
    )
    skew = _S3_SKEW if scope.service == S3 else _SKEW
    if abs(now - read_time(claim.timestamp, scope)) > skew:
        raise Denied("RequestTimeTooSkewed", f"The request's time is more than {skew.seconds // 60} minutes off.")
    keys = find_keys(scope.key_id, claim.token, find, now)
    _check(request, claim, signer_of(scope, keys), _payload_hash(request, scope))
    return scope


def _header_timestamp(headers: Mapping[str, str]) -> str:
    if "x-amz-date" in headers:
        return headers["x-amz-date"]
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC).strftime(TIMESTAMP)
    except (KeyError, ValueError):
        raise Denied("AccessDenied", "A signed request needs X-Amz-Date or Date.") from None


def _payload_hash(request: SignedRequest, scope: Scope) -> str:
    """What stands for the body in the signature; raises `Denied` if it is said to be another body."""
    declared = request.headers.get("x-amz-content-sha256")
    if scope.service == S3:
        if declared is None:
            raise Denied("MissingSecurityHeader", "Signed requests to S3 need x-amz-content-sha256.")
        if declared in (_UNSIGNED, _UNSIGNED_TRAILER, *_CHUNKS):
            return declared
    actual = hashlib.sha256(request.body).hexdigest()
    if declared not in (None, actual):
        raise Denied("XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not that of the body.")
    return actual


def _verify_query(request: SignedRequest, query: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    try:
        scope = read_scope(query["X-Amz-Credential"])
        claim = _Claim(
            scope,
            query["X-Amz-SignedHeaders"],
            query["X-Amz-Signature"],
            query["X-Amz-Date"],
            query.get("X-Amz-Security-Token"),
        )
        seconds = int(query["X-Amz-Expires"])
    except (KeyError, ValueError) as missing:
        raise Denied("AuthorizationQueryParametersError", f"A presigned URL has no valid {missing}.") from None
    if query.get("X-Amz-Algorithm") != ALGORITHM or not 0 < seconds <= _LONGEST:
        raise Denied("AuthorizationQueryParametersError", f"Presigned URLs are of {ALGORITHM}, for up to {_LONGEST} s.")
    signed_at = read_time(claim.timestamp, scope)
    if now > signed_at + timedelta(seconds=seconds) or now < signed_at - _S3_SKEW:
        raise Denied("AccessDenied", "Request has expired")
    keys = find_keys(scope.key_id, claim.token, find, now)
    if scope.service == S3:  # who presigns does not know what will be sent
        payload = request.headers.get("x-amz-content-sha256", _UNSIGNED)
    else:
        payload = hashlib.sha256(request.body).hexdigest()
    _check(request, claim, signer_of(scope, keys), payload)
    return scope


def _check(request: SignedRequest, claim: _Claim, signer: Any, payload: str) -> None:
    """Compare the signature, and those of the body's chunks; raises `Denied`."""
    names = claim.signed_headers.split(";")
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in names]
    if "host" not in names or unsigned:
        raise Denied("AccessDenied", f"There were headers present in the request which were not signed: {unsigned}")
    signed = Message()
    for name in names:
        if name not in request.headers:
            raise Denied("AccessDenied", f"The signed header {name} is not there.")
        signed[name] = request.headers[name]
    parts = [
        request.method,
        signer._normalize_url_path(request.path),
        _canonical_query(request),
        signer.canonical_headers(signed) + "\n",
        claim.signed_headers,
        payload,
    ]
    asked = SimpleNamespace(context={"timestamp": claim.timestamp})
    expected = signer.signature(signer.string_to_sign(asked, "\n".join(parts)), asked)
    check_equal(str(expected), claim.signature)
    if payload in _CHUNKS:
        scope = claim.scope.credential.partition("/")[2]
        chunks = SignedChunks(partial(signature_of, signer, claim.timestamp), claim.timestamp, scope)
        if not chunks.verify(request.body, claim.signature):
            raise Denied("SignatureDoesNotMatch", "The signature of a chunk of the body is not that of the chunk.")


def _canonical_query(request: SignedRequest) -> str:
    pairs = [(quote(name, "-_.~"), quote(value, "-_.~")) for name, value in request.query if name != "X-Amz-Signature"]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
