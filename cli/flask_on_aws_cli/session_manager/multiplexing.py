"""Several TCP connections in one data channel: frames of the protocol smux, version 1, as AWS's agent uses it.

A frame has a header of 8 bytes, little-endian: version, command, length, stream. Source:
https://github.com/xtaci/smux/blob/v1.5.24/frame.go
"""

import struct
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from .messages import PAYLOAD_SIZE

_HEADER = struct.Struct("<BBHI")
_VERSION = 1
DATA_SIZE = PAYLOAD_SIZE - _HEADER.size
"""Bytes of a connection that fit into one message together with the frame's header."""


class Command(IntEnum):
    """What a frame does."""

    OPEN = 0
    CLOSE = 1
    DATA = 2
    NOTHING = 3


class Frame(NamedTuple):
    """A frame of one connection."""

    command: int
    stream: int
    """The connection's number; those that the client opens are odd."""
    data: bytes = b""

    def encode(self) -> bytes:
        """The frame as bytes."""
        return _HEADER.pack(_VERSION, self.command, len(self.data), self.stream) + self.data


class FrameError(ValueError):
    """Bytes that are not frames of this version."""


class FrameReader:
    """Finds frames in a stream of bytes, whose parts have no relation to the frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are complete now.

        Raises:
            FrameError: if the bytes are of another version.
        """
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            version, command, length, stream = _HEADER.unpack_from(self._buffer)
            if version != _VERSION:
                raise FrameError(f"the agent multiplexes with version {version} of smux, and this client with 1")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            content = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield Frame(command, stream, content)
