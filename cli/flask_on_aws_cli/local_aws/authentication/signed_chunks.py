"""Bodies sent in signed chunks, where each chunk's signature includes the previous one.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple

_EMPTY_HASH = hashlib.sha256(b"").hexdigest()
_MAX_LINE_LENGTH = 16384  # bytes: chunk headers have about a hundred, and there are few trailing fields


class SignedChunks(NamedTuple):
    """Verifies the chunks of a signed request."""

    sign: Callable[[str], str]
    """Text → its signature."""
    timestamp: str
    """The request's timestamp."""
    scope: str
    """The credential's scope, from the date on."""

    def verify(self, body: bytes, seed: str) -> bool:
        """Whether every chunk of a body and the trailing fields match their signatures: pure.

        Args:
            body: the body, including the chunk headers.
            seed: the signature of the request itself.
        """
        position, previous = 0, seed
        while True:
            end = body.find(b"\r\n", position, position + _MAX_LINE_LENGTH)
            size, _, signature = body[position:end].partition(b";chunk-signature=")
            try:
                length = int(size, 16)
            except ValueError:
                return False
            chunk = body[end + 2 : end + 2 + length]
            prefix = self._string_prefix("PAYLOAD", previous) + f"{_EMPTY_HASH}\n"
            previous = self.sign(prefix + hashlib.sha256(chunk).hexdigest())
            if end < 0 or len(chunk) != length or not hmac.compare_digest(previous.encode(), signature):
                return False
            if length == 0:
                return self._is_trailer_signed(body[end + 2 :], previous)
            position = end + 2 + length + 2

    def _is_trailer_signed(self, trailer: bytes, previous: str) -> bool:
        """Whether the trailing fields are signed, or there are none."""
        lines = [line for line in trailer.split(b"\r\n") if line]
        if not lines:
            return True
        *fields, last = lines
        name, _, signature = last.partition(b":")
        signed = "".join(f"{line.decode(errors='replace').strip()}\n" for line in fields)
        expected = self.sign(self._string_prefix("TRAILER", previous) + hashlib.sha256(signed.encode()).hexdigest())
        return name == b"x-amz-trailer-signature" and hmac.compare_digest(expected.encode(), signature.strip())

    def _string_prefix(self, kind: str, previous: str) -> str:
        return f"AWS4-HMAC-SHA256-{kind}\n{self.timestamp}\n{self.scope}\n{previous}\n"
