"""Public keys for CloudFront's signed links, as far as they can be checked without a library for cryptography."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Sequence

from ..validation.problems import Problem
from ..validation.values import repeated_problems

# "Public keys in a single key group": AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html#limits-key-groups
_MOST_KEYS = 5
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----\s+([A-Za-z0-9+/=\s]+?)\s+-----END PUBLIC KEY-----\s*")
# The first bytes and the length of a SubjectPublicKeyInfo (RFC 5280) of the two kinds of keys that CloudFront accepts:
# AmazonCloudFront/latest/DeveloperGuide/private-content-trusted-signers.html
_KINDS = (
    (bytes.fromhex("30820122300d06092a864886f70d01010105000382010f003082010a02820101"), 294),  # RSA with 2048 bits
    (bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d030107034200"), 91),  # ECDSA on the curve P-256
)
# Of a name that CloudFront keeps for a key: enough that no two keys of an app have the same.
_DIGEST_LENGTH = 8


def public_key_problems(argument: str, keys: Sequence[str]) -> Iterator[Problem]:
    """Keys that CloudFront rejects. No message repeats a key, since it may be the private one by mistake."""
    for index, key in enumerate(keys):
        path = f"{argument}[{index}]"
        if "PRIVATE KEY" in key:
            yield Problem(
                path,
                "is a private key, which must not be in the stack's file: remove it there, create another pair, and give "
                "the public key, the output of `openssl rsa -in private.pem -pubout`.",
            )
        elif not _is_accepted(key):
            yield Problem(
                path,
                "is not a public key in PEM form that CloudFront accepts, an RSA key of 2048 bits or an ECDSA key of the "
                "curve P-256: `openssl genrsa -out private.pem 2048` creates a pair, and `openssl rsa -in private.pem "
                "-pubout` writes the public key.",
            )
    if len(keys) > _MOST_KEYS:
        yield Problem(argument, f"{len(keys)} are too many; CloudFront allows {_MOST_KEYS} in a key group.")
    yield from repeated_problems(argument, [_digest(key) for key in keys if _is_accepted(key)])


def _is_accepted(key: str) -> bool:
    return any(data.startswith(start) and len(data) == length for data in [_data(key)] for start, length in _KINDS)


def _data(key: str) -> bytes:
    match = _PEM.fullmatch(key.strip())
    try:
        return base64.b64decode("".join(match[1].split()), validate=True) if match else b""
    except binascii.Error:
        return b""


def _digest(key: str) -> str:
    return hashlib.sha256(_data(key)).hexdigest()[:_DIGEST_LENGTH]


def role_of(key: str) -> str:
    """The part of a logical name that identifies a key, wherever it is in the list."""
    return f"key-{_digest(key)}"


def pem_of(key: str) -> str:
    """The key as CloudFront returns it: with a line break at its end."""
    return f"{key.strip()}\n"
