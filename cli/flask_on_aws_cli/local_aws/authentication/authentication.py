"""Who may call the endpoint, and what for: decided before anything of a request is acted upon.

Whoever calls it can have programs run. So a call bears the signature of the place's own key, of a role's temporary keys
or of an IAM user's, is no page's (but the app's, to its bucket), and goes to the service that it was signed for.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol, cast
from urllib.parse import unquote
from xml.sax.saxutils import escape

from botocore.auth import HmacV1Auth

from ...local_project.access_keys import AccessKey
from ...local_project.clients import CONTROL_SERVICE
from .origin_check import S3, rejection
from .post_policy import is_form, verify_form
from .signatures import verify
from .signing import ALGORITHM, Denied, Keys, Scope, SignedRequest

_READS = ("GET", "HEAD")
_ANYBODY = "anonymous"
# What a query asks of an object besides its content, which a right to read it does not give.
_SUBRESOURCES = {*cast(Any, HmacV1Auth).QSAOfInterest, "attributes", "legal-hold", "retention"}
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_BUCKET_HERE = re.compile(r"(.+)\.localhost\.?")
_BUCKET_ON_AWS = re.compile(r"(.+)\.s3[.-].*amazonaws\.com\.?")
# Where services of JSON have other codes than S3.
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
    """What the records know of keys and of public objects."""

    def keys(self, key_id: str) -> Keys | None:
        """What belongs to the key of a role's session or of a user; None for an unknown one."""
        ...

    def is_public(self, bucket: str, key: str) -> bool:
        """Whether anybody may read an object."""
        ...


class Authentication:
    """Lets a request pass, or raises why not."""

    def __init__(
        self,
        key: AccessKey,
        region: str,
        identities: Identities,
        pages: Callable[[], Collection[str]],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Know the callers.

        Args:
            key: the place's own.
            region: the place's.
            identities: who else there is.
            pages: origins of the project's own pages.
            clock: the time. Default: the system's.
        """
        self._key, self._region, self._identities, self._pages, self._clock = key, region, identities, pages, clock

    def control(self, environ: dict[str, Any]) -> None:
        """Pass a call of the local AWS's own routes, which the place's own key alone may make; raises `Denied`."""
        self.check_origin(environ, CONTROL_SERVICE)
        scope = verify(signed_request(environ), self._find, self._clock())
        if scope is None or scope.key_id != self._key.id or scope.service != CONTROL_SERVICE:
            raise Denied("AccessDenied", "This needs a signature by the local AWS's own key.")

    def check_origin(self, environ: Mapping[str, Any], service: str) -> None:
        """Raise `Denied` for a page's request, and for one to another host."""
        why = rejection(environ, service, self._pages())
        if why:
            raise Denied("AccessDenied", why)

    def authenticate(self, environ: dict[str, Any]) -> str:
        """Pass a call of AWS's API, and have the request say whose it is; returns the service that it is for.

        Raises:
            Denied: if it does not pass.
        """
        request = signed_request(environ)
        scope = verify(request, self._find, self._clock())
        if scope is None and environ["REQUEST_METHOD"] == "OPTIONS" and "HTTP_ORIGIN" in environ:
            self.check_origin(environ, S3)  # browsers sign no preflight
            return S3
        if scope is None and is_form(request):
            scope = self._verify_form(request)
        service = scope.service if scope else S3
        self.check_origin(environ, service)
        if scope is None:
            self._check_public(request)
            scope = Scope(_ANYBODY, "", self._region, S3)  # moto would ask for s3:HeadObject, which no policy allows
        if service == CONTROL_SERVICE:
            raise Denied("AccessDenied", "This signature is for the local AWS's own routes.")
        _declare(environ, scope._replace(region=scope.region or self._region))
        return service

    def _find(self, key_id: str) -> Keys | None:
        return Keys(self._key.secret) if key_id == self._key.id else self._identities.keys(key_id)

    def _verify_form(self, request: SignedRequest) -> Scope:
        bucket, key = bucket_and_key(request)
        if key:
            raise Denied("MethodNotAllowed", "A form is sent to a bucket, not to an object.")
        return verify_form(request, bucket, self._find, self._clock())

    def _check_public(self, request: SignedRequest) -> None:
        if request.headers.keys() & {"x-amz-target", "x-amz-date"} or request.method not in _READS:
            raise Denied("MissingAuthenticationToken", "The request is not signed.")
        bucket, key = bucket_and_key(request)
        if (
            not key
            or {name for name, _ in request.query} & _SUBRESOURCES
            or not self._identities.is_public(bucket, key)
        ):
            raise Denied("AccessDenied", "Access Denied: the request is not signed, and the object is not public.")


def may_be_signed(environ: Mapping[str, Any]) -> bool:
    """Whether there is anything in a request that may be a signature: pure."""
    kind = str(environ.get("CONTENT_TYPE", "")).lower()
    in_form = environ["REQUEST_METHOD"] == "POST" and "multipart/form-data" in kind
    return in_form or "HTTP_AUTHORIZATION" in environ or "Signature=" in str(environ.get("QUERY_STRING", ""))


def signed_request(environ: Mapping[str, Any]) -> SignedRequest:
    """What of a WSGI request is signed; its body has been read into memory. Raises `Denied` for what is no request."""
    target = str(environ.get("RAW_URI", ""))
    if not target.startswith("/") or "#" in target:
        raise Denied("InvalidURI", "The request's target must be a path.")
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    decoded = {name: str(value).encode("latin-1").decode(errors="replace") for name, value in headers.items()}
    return SignedRequest(str(environ["REQUEST_METHOD"]), target, decoded, environ["wsgi.input"].getvalue())


def bucket_by_host(host: str) -> str:
    """The bucket that a host's name begins with; empty if it names none: pure."""
    name = host.partition(":")[0].lower()
    for known in (_BUCKET_HERE, _BUCKET_ON_AWS):
        if found := known.fullmatch(name):
            return found[1]
    return ""


def bucket_and_key(request: SignedRequest) -> tuple[str, str]:
    """The bucket of a request to S3, by its host's name or in its path, and the object's key; either may be empty.

    A bucket that is written in another way than it is named is none, so that nobody reads it as another one.
    """
    bucket, path = bucket_by_host(request.headers.get("host", "")), request.path.removeprefix("/")
    if not bucket:
        bucket, _, path = path.partition("/")
    return (bucket, unquote(path)) if _BUCKET.fullmatch(bucket) else ("", "")


def refusal(environ: Mapping[str, Any], denied: Denied) -> tuple[str, str, bytes]:
    """Status, type and body for who is not served, in the words of the protocol that the request seems to be of."""
    kind, message = str(environ.get("CONTENT_TYPE", "")), denied.message
    if "HTTP_X_AMZ_TARGET" in environ or "json" in kind:
        code = _JSON_CODES.get(denied.code, denied.code)
        return "403 Forbidden", "application/x-amz-json-1.1", json.dumps({"__type": code, "message": message}).encode()
    error = f"<Error><Code>{denied.code}</Code><Message>{escape(message)}</Message></Error>"
    if "x-www-form-urlencoded" in kind:
        error = f"<ErrorResponse>{error}</ErrorResponse>"
    return "403 Forbidden", "text/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{error}'.encode()


def _declare(environ: dict[str, Any], scope: Scope) -> None:
    """Have moto find who called and which service, wherever the signature was and however it was written."""
    environ["HTTP_AUTHORIZATION"] = f"{ALGORITHM} Credential={scope.credential}, SignedHeaders=host, Signature=verified"
