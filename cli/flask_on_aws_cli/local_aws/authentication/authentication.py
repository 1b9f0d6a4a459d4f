"""Who may call the endpoint and for which service: decided before any part of a request is acted on.

A caller of the API can run programs on this machine. So a request must be signed with the local AWS's own key, a role's
temporary keys or an IAM user's key, must not come from a web page (except from the app's, to its bucket), and is
dispatched to the service that it was signed for.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from urllib.parse import unquote

from botocore.auth import HmacV1Auth

from ...local_project.access_keys import AccessKey
from ...local_project.clients import CONTROL_SERVICE
from ..error_responses import ErrorResponse, error_response
from .origin_check import S3, rejection_reason
from .post_policy import is_form, verify_form
from .signatures import verify
from .signing import ALGORITHM, Denied, Keys, Scope, SignedRequest

_READ_METHODS = ("GET", "HEAD")
_ANONYMOUS = "anonymous"
# Query parameters that request something other than an object's content; public read access does not cover them.
_SUBRESOURCES = {*cast(Any, HmacV1Auth).QSAOfInterest, "attributes", "legal-hold", "retention"}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOCAL_BUCKET_HOST = re.compile(r"(.+)\.localhost\.?")
_AWS_BUCKET_HOST = re.compile(r"(.+)\.s3[.-].*amazonaws\.com\.?")
# Error codes of services with a JSON protocol where they differ from S3's.
_JSON_CODES = {
    "AccessDenied": "AccessDeniedException",
    "ExpiredToken": "ExpiredTokenException",
    "InvalidAccessKeyId": "UnrecognizedClientException",
    "InvalidToken": "UnrecognizedClientException",
    "MissingAuthenticationToken": "MissingAuthenticationTokenException",
    "RequestTimeTooSkewed": "InvalidSignatureException",
    "SignatureDoesNotMatch": "InvalidSignatureException",
}


class Identities(Protocol):
    """Access keys and public objects in the API's records."""

    def keys(self, key_id: str) -> Keys | None:
        """The keys of a role's session or of a user, by access key id; None for an unknown id."""
        ...

    def is_public(self, bucket: str, key: str) -> bool:
        """Whether anyone may read an object."""
        ...


class Authentication:
    """Accepts a request, or raises `Denied` with the reason."""

    def __init__(
        self,
        key: AccessKey,
        region: str,
        identities: Identities,
        pages: Callable[[], Collection[str]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Set up who may call.

        Args:
            key: the local AWS's own access key.
            region: the local AWS's region.
            identities: the other callers that the records know.
            pages: returns the origins of the project's own pages.
            clock: returns the current time. Default: the system's.
        """
        self._key, self._region, self._identities, self._pages, self._clock = key, region, identities, pages, clock

    def authenticate_control(self, environ: dict[str, Any]) -> None:
        """Accept a call to the local AWS's own routes, which requires the local AWS's own key; raises `Denied`."""
        self.check_origin(environ, CONTROL_SERVICE)
        scope = verify(signed_request(environ), self._find_keys, self._clock())
        if scope is None or scope.key_id != self._key.id or scope.service != CONTROL_SERVICE:
            raise Denied("AccessDenied", "This route requires a signature made with the local AWS's own key.")

    def check_origin(self, environ: Mapping[str, Any], service: str) -> None:
        """Raise `Denied` for a request from a foreign web page or to another host."""
        reason = rejection_reason(environ, service, self._pages())
        if reason:
            raise Denied("AccessDenied", reason)

    def authenticate(self, environ: dict[str, Any]) -> str:
        """Accept a call to AWS's API and declare its caller to moto; returns the service that it is for.

        Raises:
            Denied: if the call is not accepted.
        """
        request = signed_request(environ)
        scope = verify(request, self._find_keys, self._clock())
        if scope is None and environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ORIGIN" in environ:
            self.check_origin(environ, S3)  # browsers do not sign preflight requests
            return S3
        if scope is None and is_form(request):
            scope = self._verify_form(request)
        service = scope.service if scope else S3
        self.check_origin(environ, service)
        if scope is None:
            self._check_public(request)
            scope = Scope(_ANONYMOUS, "", self._region, S3)  # moto would check s3:HeadObject, which no policy allows
        if service == CONTROL_SERVICE:
            raise Denied("AccessDenied", "This signature is for the local AWS's own routes.")
        _set_authorization(environ, scope._replace(region=scope.region or self._region))
        return service

    def _find_keys(self, key_id: str) -> Keys | None:
        return Keys(self._key.secret) if key_id == self._key.id else self._identities.keys(key_id)

    def _verify_form(self, request: SignedRequest) -> Scope:
        bucket, key = bucket_and_key(request)
        if key:
            raise Denied("MethodNotAllowed", "A form must be sent to a bucket, not to an object.")
        return verify_form(request, bucket, self._find_keys, self._clock())

    def _check_public(self, request: SignedRequest) -> None:
        if request.headers.keys() & {"x-amz-target", "x-amz-date"} or request.method not in _READ_METHODS:
            raise Denied("MissingAuthenticationToken", "The request is not signed.")
        bucket, key = bucket_and_key(request)
        if (
            not key
            or {name for name, _ in request.query} & _SUBRESOURCES
            or not self._identities.is_public(bucket, key)
        ):
            raise Denied("AccessDenied", "Access Denied: the request is not signed, and the object is not public.")


def may_be_signed(environ: Mapping[str, Any]) -> bool:
    """Whether a request has anything that may be a signature: pure."""
    content_type = str(environ.get("CONTENT_TYPE", "")).lower()
    in_form = environ["REQUEST_METHOD"] == "POST" and "multipart/form-data" in content_type
    return in_form or "HTTP_AUTHORIZATION" in environ or "Signature=" in str(environ.get("QUERY_STRING", ""))


def signed_request(environ: Mapping[str, Any]) -> SignedRequest:
    """The signed parts of a WSGI request whose body is in memory; raises `Denied` for an invalid request target."""
    target = str(environ.get("RAW_URI", ""))
    if not target.startswith("/") or "#" in target:
        raise Denied("InvalidURI", "The request target must be a path.")
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    decoded = {name: str(value).encode("latin-1").decode(errors="replace") for name, value in headers.items()}
    return SignedRequest(str(environ["REQUEST_METHOD"]), target, decoded, environ["wsgi.input"].getvalue())


def bucket_by_host(host: str) -> str:
    """The bucket named by the start of a host name; empty if there is none: pure."""
    name = host.partition(":")[0].lower()
    for pattern in (_LOCAL_BUCKET_HOST, _AWS_BUCKET_HOST):
        if match := pattern.fullmatch(name):
            return match[1]
    return ""


def bucket_and_key(request: SignedRequest) -> tuple[str, str]:
    """The bucket of a request to S3, from its host name or its path, and the object's key; either may be empty.

    Only a valid bucket name counts, so that no encoding of a name can be mistaken for another bucket.
    """
    bucket, path = bucket_by_host(request.headers.get("host", "")), request.path.removeprefix("/")
    if not bucket:
        bucket, _, path = path.partition("/")
    return (bucket, unquote(path)) if _BUCKET.fullmatch(bucket) else ("", "")


def denial_response(environ: Mapping[str, Any], denied: Denied) -> ErrorResponse:
    """The response to a denied request, in the protocol that it appears to use."""
    is_json = "HTTP_X_AMZ_TARGET" in environ or "json" in str(environ.get("CONTENT_TYPE", ""))
    code = _JSON_CODES.get(denied.code, denied.code) if is_json else denied.code
    return error_response(environ, "403 Forbidden", code, denied.message)


def _set_authorization(environ: dict[str, Any], scope: Scope) -> None:
    """Put caller and service where moto reads them, wherever the signature was and whatever its form."""
    environ["HTTP_AUTHORIZATION"] = f"{ALGORITHM} Credential={scope.credential}, SignedHeaders=host, Signature=verified"
