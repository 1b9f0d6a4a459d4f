"""Verifies AWS signatures by recomputing them with botocore's own signers: who signed a request, if it is unchanged.

Supports the header and query forms of Signature Version 4, and the query form of Version 2, with which boto3 presigns
S3 URLs in the oldest regions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html
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
    check_signature,
    compute_signature,
    find_keys,
    read_scope,
    read_time,
    signer_for,
)

# A signature is valid this long before and after its time: five minutes, and fifteen for S3.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (RequestTimeTooSkewed)
_SKEW, _S3_SKEW = timedelta(minutes=5), timedelta(minutes=15)
# Seconds, seven days: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
_MAX_EXPIRES = 604_800
_AUTHORIZATION = re.compile(
    rf"{ALGORITHM} +Credential=(?P<credential>[^,\s]+), *SignedHeaders=(?P<headers>[^,\s]+), *"
    r"Signature=(?P<signature>\w+)"
)
_UNSIGNED, _UNSIGNED_TRAILER = "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
_SIGNED_CHUNKS = ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")


class _Signature(NamedTuple):
    """A Version 4 signature with the values it declares."""

    scope: Scope
    signed_headers: str
    signature: str
    timestamp: str
    token: str | None


def verify(request: SignedRequest, find: FindKeys, now: datetime) -> Scope | None:
    """The caller and the service of a signed request; None if it is not signed.

    Raises:
        Denied: if the request has a signature that is not valid.
    """
    query = dict(request.query)
    authorization = request.headers.get("authorization")
    forms = [authorization is not None, "X-Amz-Signature" in query, "Signature" in query and "AWSAccessKeyId" in query]
    if sum(forms) > 1 or (len(query) != len(request.query) and any(forms[1:])):
        raise Denied("InvalidArgument", "A request may have only one signature, and each query parameter only once.")
    if authorization is not None:
        return _verify_header(request, authorization, find, now)
    if forms[1]:
        return _verify_query(request, query, find, now)
    return verify_version_2(request, query, find, now) if forms[2] else None


def _verify_header(request: SignedRequest, authorization: str, find: FindKeys, now: datetime) -> Scope:
    match = _AUTHORIZATION.fullmatch(authorization.strip())
    if match is None:
        raise Denied("AuthorizationHeaderMalformed", f"The Authorization header must use {ALGORITHM}.")
    scope, headers = read_scope(match["credential"]), request.headers
    declared = _Signature(
        scope, match["headers"], match["signature"], _header_timestamp(headers), headers.get("x-amz-security-token")
    )
    skew = _S3_SKEW if scope.service == S3 else _SKEW
    if abs(now - read_time(declared.timestamp, scope)) > skew:
        raise Denied(
            "RequestTimeTooSkewed",
            f"The request's time is off by more than {skew.seconds // 60} minutes.",
        )
    keys = find_keys(scope.key_id, declared.token, find, now)
    _check_signature(request, declared, signer_for(scope, keys), _payload_hash(request, scope))
    return scope


def _header_timestamp(headers: Mapping[str, str]) -> str:
    if "x-amz-date" in headers:
        return headers["x-amz-date"]
    try:
        return parsedate_to_datetime(headers["date"]).astimezone(UTC).strftime(TIMESTAMP)
    except (KeyError, ValueError):
        raise Denied("AccessDenied", "A signed request must have an X-Amz-Date or Date header.") from None


def _payload_hash(request: SignedRequest, scope: Scope) -> str:
    """The payload hash in the signature; raises `Denied` if the declared hash is not that of the body."""
    declared_hash = request.headers.get("x-amz-content-sha256")
    if scope.service == S3:
        if declared_hash is None:
            raise Denied("MissingSecurityHeader", "Signed requests to S3 must have an x-amz-content-sha256 header.")
        if declared_hash in (_UNSIGNED, _UNSIGNED_TRAILER, *_SIGNED_CHUNKS):
            return declared_hash
    actual = hashlib.sha256(request.body).hexdigest()
    if declared_hash not in (None, actual):
        raise Denied("XAmzContentSHA256Mismatch", "x-amz-content-sha256 is not the hash of the body.")
    return actual


def _verify_query(request: SignedRequest, query: Mapping[str, str], find: FindKeys, now: datetime) -> Scope:
    try:
        scope = read_scope(query["X-Amz-Credential"])
        declared = _Signature(
            scope,
            query["X-Amz-SignedHeaders"],
            query["X-Amz-Signature"],
            query["X-Amz-Date"],
            query.get("X-Amz-Security-Token"),
        )
        seconds = int(query["X-Amz-Expires"])
    except (KeyError, ValueError) as error:
        raise Denied("AuthorizationQueryParametersError", f"The presigned URL has no valid {error}.") from None
    if query.get("X-Amz-Algorithm") != ALGORITHM or not 0 < seconds <= _MAX_EXPIRES:
        raise Denied(
            "AuthorizationQueryParametersError",
            f"Presigned URLs must use {ALGORITHM} and expire within {_MAX_EXPIRES} s.",
        )
    signed_at = read_time(declared.timestamp, scope)
    if now > signed_at + timedelta(seconds=seconds) or now < signed_at - _S3_SKEW:
        raise Denied("AccessDenied", "Request has expired")
    keys = find_keys(scope.key_id, declared.token, find, now)
    if scope.service == S3:  # the body is unknown when the URL is presigned
        payload_hash = request.headers.get("x-amz-content-sha256", _UNSIGNED)
    else:
        payload_hash = hashlib.sha256(request.body).hexdigest()
    _check_signature(request, declared, signer_for(scope, keys), payload_hash)
    return scope


def _check_signature(request: SignedRequest, declared: _Signature, signer: Any, payload_hash: str) -> None:
    """Check the signature, and those of the body's chunks; raises `Denied`."""
    names = declared.signed_headers.split(";")
    unsigned = [name for name in request.headers if name.startswith("x-amz-") and name not in names]
    if "host" not in names or unsigned:
        raise Denied("AccessDenied", f"There were headers present in the request which were not signed: {unsigned}")
    signed = Message()
    for name in names:
        if name not in request.headers:
            raise Denied("AccessDenied", f"The signed header {name} is missing.")
        signed[name] = request.headers[name]
    canonical_request = [
        request.method,
        signer._normalize_url_path(request.path),
        _canonical_query(request),
        signer.canonical_headers(signed) + "\n",
        declared.signed_headers,
        payload_hash,
    ]
    context = SimpleNamespace(context={"timestamp": declared.timestamp})
    expected = signer.signature(signer.string_to_sign(context, "\n".join(canonical_request)), context)
    check_signature(str(expected), declared.signature)
    if payload_hash in _SIGNED_CHUNKS:
        scope = declared.scope.credential.partition("/")[2]
        chunks = SignedChunks(partial(compute_signature, signer, declared.timestamp), declared.timestamp, scope)
        if not chunks.verify(request.body, declared.signature):
            raise Denied("SignatureDoesNotMatch", "The signature of a chunk of the body does not match the chunk.")


def _canonical_query(request: SignedRequest) -> str:
    pairs = [(quote(name, "-_.~"), quote(value, "-_.~")) for name, value in request.query if name != "X-Amz-Signature"]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
