"""The encryption of a session's data, where the account's preferences or the cluster name a KMS key.

AES-256-GCM with two keys, which are the halves of one data key: https://github.com/aws/session-manager-plugin/blob/mainline/src/encryption/encrypter.go
"""

import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

DATA_KEY_BYTES = 64
"""The size of the data key that the client requests of KMS."""
_NONCE_BYTES = 12


class SessionCipher:
    """Encrypts what one side sends, and decrypts what it receives."""

    def __init__(self, receiving: bytes, sending: bytes) -> None:
        self._receiving, self._sending = AESGCM(receiving), AESGCM(sending)

    def encrypt(self, data: bytes) -> bytes:
        """The nonce and the encrypted data."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._sending.encrypt(nonce, data, None)

    def decrypt(self, data: bytes) -> bytes:
        """The data; raises `cryptography.exceptions.InvalidTag` if it was encrypted with another key."""
        return self._receiving.decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], None)


def client_cipher(data_key: bytes) -> SessionCipher:
    """The cipher of the session's client, which decrypts with the first half of the data key."""
    half = len(data_key) // 2
    return SessionCipher(data_key[:half], data_key[half:])


def agent_cipher(data_key: bytes) -> SessionCipher:
    """The cipher of the session's agent."""
    half = len(data_key) // 2
    return SessionCipher(data_key[half:], data_key[:half])
