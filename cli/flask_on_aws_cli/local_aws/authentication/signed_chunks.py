"""Bodies that are sent in signed chunks, each signature following from the one before.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and …/sigv4-streaming-trailers.html
"""

import hashlib
import hmac
from collections.abc import Callable
from typing import NamedTuple

_EMPTY = hashlib.sha256(b"").hexdigest()
_LONGEST_LINE = 16384  # bytes: chunk headers are about a hundred, and trailing fields few


class SignedChunks(NamedTuple):
    """How the chunks of a request are signed."""

    sign: Callable[[str], str]
    """Text → its signature."""
    timestamp: str
    """Of the request."""
    scope: str
    """Of the credential, from the date on."""

    def verify(self, body: bytes, seed: str) -> bool:
        """Whether every chunk of a body, and the fields behind the last, are what was signed: pure.

        Args:
            body: with the chunks' own heads.
            seed: the signature of the request itself.
        """
        at, before = 0, seed
        while True:
            end = body.find(b"\r\n", at, at + _LONGEST_LINE)
            size, _, given = body[at:end].partition(b";chunk-signature=")
            try:
                length = int(size, 16)
            except ValueError:
                return False
            chunk = body[end + 2 : end + 2 + length]
            head = self._head("PAYLOAD", before) + f"{_EMPTY}\n"
            before = self.sign(head + hashlib.sha256(chunk).hexdigest())
            if end < 0 or len(chunk) != length or not hmac.compare_digest(before.encode(), given):
                return False
            if length == 0:
                return self._is_trailer_signed(body[end + 2 :], before)
            at = end + 2 + length + 2

    def _is_trailer_signed(self, trailer: bytes, before: str) -> bool:
        """Whether there are no fields behind the chunks, or signed ones."""
        lines = [line for line in trailer.split(b"\r\n") if line]
        if not lines:
            return True
        *fields, last = lines
        name, _, given = last.partition(b":")
        signed = "".join(f"{line.decode(errors='replace').strip()}\n" for line in fields)
        expected = self.sign(self._head("TRAILER", before) + hashlib.sha256(signed.encode()).hexdigest())
        return name == b"x-amz-trailer-signature" and hmac.compare_digest(expected.encode(), given.strip())

    def _head(self, kind: str, before: str) -> str:
        return f"AWS4-HMAC-SHA256-{kind}\n{self.timestamp}\n{self.scope}\n{before}\n"
