"""The values that make up a signature, and botocore's signers that compute it."""

import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, NamedTuple, cast
from urllib.parse import unquote, urlsplit

from botocore import auth as _botocore_auth
from botocore.credentials import Credentials as _BotocoreCredentials

from .origin_check import S3

_signers = cast(Any, _botocore_auth)
ALGORITHM = "AWS4-HMAC-SHA256"
TIMESTAMP = "%Y%m%dT%H%M%SZ"
"""The format of a signature's time, always in UTC."""


class Denied(Exception):
    """A request is denied, with AWS's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Keys(NamedTuple):
    """The secret, and the session token if any, of an access key id."""

    secret: str
    token: str | None = None
    """The session token that a request with temporary keys must have."""
    expires: datetime | None = None


class Scope(NamedTuple):
    """The credential scope of a signature, with the access key id."""

    key_id: str
    date: str
    region: str
    service: str

    @property
    def credential(self) -> str:
        """The credential as in the Authorization header."""
        return f"{self.key_id}/{self.date}/{self.region}/{self.service}/aws4_request"


FindKeys = Callable[[str], Keys | None]
"""Access key id → its keys; None for an unknown id."""


class SignedRequest(NamedTuple):
    """The signed parts of a request."""

    method: str
    target: str
    """Path and query as sent, still encoded."""
    headers: Mapping[str, str]
    """Keyed by lower-case name."""
    body: bytes

    @property
    def query(self) -> list[tuple[str, str]]:
        """Decoded names and values in their order; a plus sign is not decoded to a space."""
        pairs = (pair.partition("=") for pair in urlsplit(self.target).query.split("&") if pair)
        return [(unquote(name), unquote(value)) for name, _, value in pairs]

    @property
    def path(self) -> str:
        """The path as sent, still encoded."""
        return self.target.partition("?")[0]


def find_keys(key_id: str, token: str | None, find: FindKeys, now: datetime) -> Keys:
    """The keys of an access key id, if the session token belongs to them; raises `Denied`."""
    keys = find(key_id)
    if keys is None:
        raise Denied("InvalidAccessKeyId", "The access key does not belong to this local AWS.")
    if not hmac.compare_digest((keys.token or "").encode(), (token or "").encode()):
        raise Denied("InvalidToken", "The session token does not belong to the access key.")
    if keys.expires is not None and now >= keys.expires:
        raise Denied("ExpiredToken", "The session token has expired.")
    return keys


def read_scope(credential: str) -> Scope:
    """The parts of `id/date/region/service/aws4_request`; raises `Denied`."""
    parts = credential.split("/")
    if len(parts) != 5 or not all(parts) or parts[4] != "aws4_request":
        raise Denied("AuthorizationHeaderMalformed", "The credential must be id/date/region/service/aws4_request.")
    return Scope(*parts[:4])


def signer_for(scope: Scope, keys: Keys) -> Any:
    """botocore's signer for a service: S3 paths are signed as they are, those of other services are normalized."""
    signer_class = _signers.S3SigV4Auth if scope.service == S3 else _signers.SigV4Auth
    return signer_class(_BotocoreCredentials(scope.key_id, keys.secret), scope.service, scope.region)


def compute_signature(signer: Any, timestamp: str, text: str) -> str:
    """The signature of a text."""
    return str(signer.signature(text, SimpleNamespace(context={"timestamp": timestamp})))


def read_time(timestamp: str, scope: Scope) -> datetime:
    """The time of a signature; raises `Denied` unless it is on the credential's date."""
    try:
        time = datetime.strptime(timestamp, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Denied("AccessDenied", "X-Amz-Date must have the form 20260131T235959Z.") from None
    if timestamp[:8] != scope.date:
        raise Denied("SignatureDoesNotMatch", "The credential's date differs from the request's date.")
    return time


def check_signature(expected: str, actual: str) -> None:
    """Raise `Denied` unless a signature is the expected one, in a time that reveals neither."""
    if not hmac.compare_digest(expected.encode(), actual.encode()):
        raise Denied(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
        )
