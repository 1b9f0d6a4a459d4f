"""The messages of a data channel, as bytes: a header of 120 bytes, big-endian, and a payload."""

import hashlib
import json
import struct
import time
import uuid
from dataclasses import dataclass, field
from enum import IntEnum

INPUT, OUTPUT = "input_stream_data", "output_stream_data"
"""Types of the messages with data: from the client, and from the agent."""
ACKNOWLEDGE, CHANNEL_CLOSED = "acknowledge", "channel_closed"
START_PUBLICATION, PAUSE_PUBLICATION = "start_publication", "pause_publication"
"""Sent by the service when the agent's side of the channel connects or is lost; data that is sent meanwhile is sent
again until it is acknowledged."""
PAYLOAD_SIZE = 1024
"""The most bytes of data that AWS's client sends in a message; larger ones are not documented to work."""

# Header length, type, schema version, creation time, sequence number, flags, id, digest, payload type, payload length.
_HEADER = struct.Struct(">I32sIQqQ16s32sII")
_HEADER_LENGTH = _HEADER.size - 4  # what the field says: without the payload length
_SCHEMA_VERSION = 1
_ACKNOWLEDGE_FLAGS = 3  # SYN and FIN: a message that is not part of a stream


class PayloadType(IntEnum):
    """What a message with data contains."""

    OUTPUT = 1
    ERROR = 2
    SIZE = 3
    PARAMETER = 4
    HANDSHAKE_REQUEST = 5
    HANDSHAKE_RESPONSE = 6
    HANDSHAKE_COMPLETE = 7
    ENCRYPTION_CHALLENGE_REQUEST = 8
    ENCRYPTION_CHALLENGE_RESPONSE = 9
    FLAG = 10
    STDERR = 11
    EXIT_CODE = 12


class Flag(IntEnum):
    """The payloads of type `FLAG`."""

    DISCONNECT_TO_PORT = 1
    TERMINATE_SESSION = 2
    CONNECT_TO_PORT_ERROR = 3

    @property
    def payload(self) -> bytes:
        """The flag as bytes."""
        return struct.pack(">I", self)


class MessageError(ValueError):
    """Bytes that are not a message of this protocol."""


@dataclass(frozen=True)
class Message:
    """A message of a data channel."""

    message_type: str
    payload: bytes = b""
    payload_type: int = 0
    sequence_number: int = 0
    flags: int = 0
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    created: int = field(default_factory=lambda: int(time.time() * 1000))
    """Milliseconds since 1970."""

    def encode(self) -> bytes:
        """The message as bytes."""
        header = _HEADER.pack(
            _HEADER_LENGTH,
            self.message_type.encode().ljust(32),
            _SCHEMA_VERSION,
            self.created,
            self.sequence_number,
            self.flags,
            self.id.bytes[8:] + self.id.bytes[:8],  # the protocol has the less significant half first
            hashlib.sha256(self.payload).digest(),
            self.payload_type,
            len(self.payload),
        )
        return header + self.payload

    @property
    def is_terminating(self) -> bool:
        """Whether it ends the session."""
        return self.payload_type == PayloadType.FLAG and self.payload == Flag.TERMINATE_SESSION.payload


def decode(data: bytes) -> Message:
    """The message in a binary frame.

    Raises:
        MessageError: if the frame is too short, or its payload does not match its digest.
    """
    if len(data) < _HEADER.size:
        raise MessageError(f"a message has {len(data)} bytes, fewer than its header's {_HEADER.size}")
    length, name, _, created, sequence, flags, identity, digest, payload_type, size = _HEADER.unpack_from(data)
    payload = data[length + 4 : length + 4 + size]
    # An empty payload may have no digest, as in AWS's client.
    if len(payload) != size or (size and hashlib.sha256(payload).digest() != digest):
        raise MessageError(f"message {sequence} was changed or cut off on its way")
    message_type = name.rstrip(b" \0").decode(errors="replace")
    message_id = uuid.UUID(bytes=identity[8:] + identity[:8])
    return Message(message_type, payload, payload_type, sequence, flags, message_id, created)


def acknowledgement(message: Message) -> Message:
    """The message that confirms the receipt of a message with data."""
    content = {
        "AcknowledgedMessageType": message.message_type,
        "AcknowledgedMessageId": str(message.id),
        "AcknowledgedMessageSequenceNumber": message.sequence_number,
        "IsSequentialMessage": True,
    }
    return Message(ACKNOWLEDGE, json.dumps(content).encode(), flags=_ACKNOWLEDGE_FLAGS)


def acknowledged_number(message: Message) -> int:
    """The sequence number that an acknowledgement confirms.

    Raises:
        MessageError: if it has none.
    """
    try:
        return int(json.loads(message.payload)["AcknowledgedMessageSequenceNumber"])
    except (ValueError, LookupError, TypeError) as error:
        raise MessageError("an acknowledgement without a sequence number") from error


def closing_reason(message: Message) -> str:
    """Why the service closed the channel, in its words; empty for the session's regular end."""
    try:
        return str(json.loads(message.payload).get("Output") or "")
    except (ValueError, AttributeError):
        return ""
