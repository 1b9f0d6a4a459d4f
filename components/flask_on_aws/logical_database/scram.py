"""PostgreSQL's stored form of a password, so that the password itself appears in no statement and no server log.

Implemented here because only libpq offers it, and libpq may not be installed where Pulumi runs.
https://www.postgresql.org/docs/17/catalog-pg-authid.html, https://datatracker.ietf.org/doc/html/rfc5802#section-3
"""

import base64
import hashlib
import hmac

_ITERATIONS = 4096  # PostgreSQL's default, and RFC 5802's minimum; the passwords here are random


def verifier(password: str, salt: bytes) -> str:
    """What `ALTER ROLE … PASSWORD` accepts instead of a password of ASCII characters."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, _ITERATIONS)
    stored_key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    keys = f"{_text(stored_key)}:{_text(server_key)}"
    return f"SCRAM-SHA-256${_ITERATIONS}:{_text(salt)}${keys}"


def _text(binary: bytes) -> str:
    return base64.b64encode(binary).decode("ascii")
