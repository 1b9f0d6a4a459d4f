"""Checks CloudFront's signed links and cookies.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html
"""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from .rules import matches

_FIELDS = ("Expires", "Policy", "Signature", "Key-Pair-Id")
# CloudFront's replacements of characters that have a meaning in a query string.
_CHARACTERS = str.maketrans("-_~", "+=/")


def is_signed(url: str, cookies: str, public_keys: Mapping[str, str], now: float | None = None) -> bool:
    """Whether a link's query string, or cookies, allow to read it.

    Args:
        url: the link, with its query string.
        cookies: the value of the header Cookie.
        public_keys: keys in PEM form by their id.
        now: seconds since 1970. Default: the current time.
    """
    base, _, query = url.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    signature = {name: value for name, value in pairs if name in _FIELDS} or _of_cookies(cookies)
    # What is signed is the link without the signature, as it was sent.
    rest = "&".join(part for part in query.split("&") if part.partition("=")[0] not in _FIELDS)
    resource = f"{base}?{rest}" if rest else base
    key = public_keys.get(signature.get("Key-Pair-Id", ""))
    try:
        policy = _policy(signature, resource)
        return (
            key is not None
            and _verifies(key, _decoded(signature["Signature"]), policy)
            and _allows(json.loads(policy), resource, time.time() if now is None else now)
        )
    except (KeyError, ValueError, TypeError, IndexError):
        return False


def _of_cookies(header: str) -> dict[str, str]:
    try:
        cookies = SimpleCookie(header)
    except CookieError:
        return {}
    return {field: cookies[name].value for field in _FIELDS if (name := f"CloudFront-{field}") in cookies}


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.translate(_CHARACTERS), validate=True)
    except binascii.Error as error:
        raise ValueError from error


def _policy(signature: Mapping[str, str], resource: str) -> bytes:
    """The signed policy: the custom one, or the canned one, of which a link has only the time."""
    if "Policy" in signature:
        return _decoded(signature["Policy"])
    expires = int(signature["Expires"])
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]}, separators=(",", ":")).encode()


def _verifies(pem: str, signature: bytes, policy: bytes) -> bool:
    key, algorithm = serialization.load_pem_public_key(pem.encode()), hashes.SHA1()  # noqa: S303 CloudFront's
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, policy, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, policy, ec.ECDSA(algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _allows(policy: Any, resource: str, now: float) -> bool:
    (statement,) = policy["Statement"]
    condition = statement["Condition"]
    starts = condition.get("DateGreaterThan", {"AWS:EpochTime": 0})["AWS:EpochTime"]
    ends = condition["DateLessThan"]["AWS:EpochTime"]
    return starts <= now < ends and matches(statement.get("Resource", "*"), resource)
