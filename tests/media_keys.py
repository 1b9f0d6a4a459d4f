"""Key pairs for signed links, created once for all tests of a process."""

from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_PEM = serialization.Encoding.PEM


@cache
def private_key(number: int = 1, size: int = 2048) -> str:
    """An RSA key in PEM form; another one for each number."""
    return _private_pem(rsa.generate_private_key(65537, size))


@cache
def elliptic_key(curve: type[ec.EllipticCurve] = ec.SECP256R1) -> str:
    """An ECDSA key in PEM form."""
    return _private_pem(ec.generate_private_key(curve()))


def _private_pem(key: PrivateKeyTypes) -> str:
    return key.private_bytes(
        _PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    ).decode()


def public_key(private: str) -> str:
    """The public key of a private one, as `openssl rsa -pubout` writes it."""
    key = serialization.load_pem_private_key(private.encode(), None).public_key()
    return key.public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
