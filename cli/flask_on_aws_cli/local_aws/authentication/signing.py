"""What a signature is made of and made for, and botocore's signers that make it."""

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
"""Of a signature, always in UTC."""


class Denied(Exception):
    """A request that is not served, with AWS's code for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Keys(NamedTuple):
    """What belongs to an access key's id."""

    secret: str
    token: str | None = None
    """The session token that must come with temporary keys."""
    expires: datetime | None = None


class Scope(NamedTuple):
    """What a signature is for."""

    key_id: str
    date: str
    region: str
    service: str

    @property
    def credential(self) -> str:
        """As the Authorization field has it."""
        return f"{self.key_id}/{self.date}/{self.region}/{self.service}/aws4_request"


FindKeys = Callable[[str], Keys | None]
"""Access key id → what belongs to it; None for an unknown one."""


class SignedRequest(NamedTuple):
    """What of a request is signed."""

    method: str
    target: str
    """Path and query as they were sent, still encoded."""
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values, decoded, in their order; a plus sign is itself."""
        pairs = (pair.partition("=") for pair in urlsplit(self.target).query.split("&") if pair)
        return [(unquote(name), unquote(value)) for name, _, value in pairs]

    @property
    def path(self) -> str:
        """As it was sent."""
        return self.target.partition("?")[0]


def find_keys(key_id: str, token: str | None, find: FindKeys, now: datetime) -> Keys:
    """The keys of an id, if the session token that came with it is theirs; raises `Denied`."""
    keys = find(key_id)
    if keys is None:
        raise Denied("InvalidAccessKeyId", "The access key is not one of this local AWS.")
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


def signer_of(scope: Scope, keys: Keys) -> Any:
    """botocore's signer: S3's paths are signed as they are, other services' are normalised."""
    kind = _signers.S3SigV4Auth if scope.service == S3 else _signers.SigV4Auth
    return kind(_BotocoreCredentials(scope.key_id, keys.secret), scope.service, scope.region)


def signature_of(signer: Any, timestamp: str, text: str) -> str:
    """The signature of a text."""
    return str(signer.signature(text, SimpleNamespace(context={"timestamp": timestamp})))


def read_time(timestamp: str, scope: Scope) -> datetime:
    """The time of a signature, of the day that the credential names; raises `Denied`."""
    try:
        time = datetime.strptime(timestamp, TIMESTAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Denied("AccessDenied", "X-Amz-Date must be like 20260131T235959Z.") from None
    if timestamp[:8] != scope.date:
        raise Denied("SignatureDoesNotMatch", "The credential's date is not that of the request.")
    return time


def check_equal(expected: str, given: str) -> None:
    """Raise `Denied` unless a signature is the expected one; how long that takes says nothing of either."""
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise Denied(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and "
            "signing method.",
        )
