"""Secrets in a stack's file, as Pulumi's passphrase provider encrypts them.

`encryptionsalt` is `v1:<salt>:<check>`, where the check is the encrypted word "pulumi". Every value, like the check, is
`v1:<nonce>:<ciphertext>` in base64: AES-256-GCM with a key derived from the passphrase.
"""

import base64
import binascii
import hashlib
import importlib
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from ..model.errors import EngineError

# Both as in Pulumi's sdk/go/common/resource/config/crypt.go.
_ITERATIONS = 1_000_000
_KEY_BYTES = 32
_CHECK = b"pulumi"


def has_secret(value: Any) -> bool:
    """Whether a value in a stack's file is, or contains, `secure: …`."""
    if isinstance(value, list):
        return any(has_secret(item) for item in cast(list[Any], value))
    if not isinstance(value, dict):
        return False
    entries = cast(dict[str, Any], value)
    return set(entries) == {"secure"} or any(has_secret(item) for item in entries.values())


def ciphertexts(value: Any) -> Any:
    """The value with the ciphertext in place of each `secure: …`."""
    if isinstance(value, list):
        return [ciphertexts(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    entries = cast(dict[str, Any], value)
    if set(entries) == {"secure"}:
        return str(entries["secure"])
    return {key: ciphertexts(item) for key, item in entries.items()}


class Decrypter:
    """Decrypts the values of one stack's file. The key is derived when the first secret is decrypted."""

    def __init__(self, stack_settings: Mapping[str, Any], source: Path) -> None:
        self._settings, self._source = stack_settings, source

    def decrypt(self, key: str, value: Any) -> Any:
        """The value with every secret in it decrypted.

        Raises:
            EngineError: if a secret cannot be decrypted; it names the key and the reason.
        """
        if isinstance(value, list):
            return [self.decrypt(key, item) for item in cast(list[Any], value)]
        if not isinstance(value, dict):
            return value
        entries = cast(dict[str, Any], value)
        if set(entries) == {"secure"}:
            try:
                return _decrypt(self._key, str(entries["secure"])).decode()
            except EngineError as error:
                raise EngineError(f"The secret {key} in {self._source} cannot be read: {error}") from error
        return {name: self.decrypt(key, item) for name, item in entries.items()}

    @cached_property
    def _key(self) -> bytes:
        salt_line = self._settings.get("encryptionsalt")
        if not isinstance(salt_line, str):
            raise EngineError(
                "it is not encrypted with a passphrase. For this stack, set it in plain text with `pulumi config set`."
            )
        version, salt, check = salt_line.split(":", 2)
        if version != "v1":
            raise EngineError(f"its encryption version {version} is not supported; only v1 is.")
        key = hashlib.pbkdf2_hmac("sha256", _passphrase(), base64.b64decode(salt), _ITERATIONS, _KEY_BYTES)
        if _decrypt(key, check) != _CHECK:
            raise EngineError("PULUMI_CONFIG_PASSPHRASE is not the stack's passphrase.")
        return key


def _passphrase() -> bytes:
    passphrase = os.environ.get("PULUMI_CONFIG_PASSPHRASE")
    if passphrase is not None:
        return passphrase.encode()
    file = os.environ.get("PULUMI_CONFIG_PASSPHRASE_FILE")
    if file is not None:
        return Path(file).read_bytes().strip()
    raise EngineError(
        "there is no passphrase. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE, or, for a local stack, "
        "set the value in plain text."
    )


def _decrypt(key: bytes, text: str) -> bytes:
    try:
        # Imported here, since only stacks with secrets need it.
        exceptions: Any = importlib.import_module("cryptography.exceptions")
        ciphers: Any = importlib.import_module("cryptography.hazmat.primitives.ciphers.aead")
    except ImportError:
        raise EngineError("the Python package cryptography is not installed.") from None
    try:
        version, nonce, ciphertext = text.split(":")
        if version != "v1":
            raise ValueError(version)
        return ciphers.AESGCM(key).decrypt(base64.b64decode(nonce), base64.b64decode(ciphertext), None)
    except exceptions.InvalidTag:
        raise EngineError("PULUMI_CONFIG_PASSPHRASE is not the stack's passphrase, or the value was altered.") from None
    except (ValueError, binascii.Error):
        raise EngineError("it is not in the form v1:nonce:ciphertext.") from None
