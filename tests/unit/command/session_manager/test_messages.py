"""Tests of the bytes of a data channel's messages and frames."""

import uuid

import pytest
from flask_on_aws_cli.session_manager import messages
from flask_on_aws_cli.session_manager.messages import Flag, Message, MessageError, PayloadType
from flask_on_aws_cli.session_manager.multiplexing import Command, Frame, FrameError, FrameReader
from hypothesis import given
from hypothesis import strategies as st

# Of the message below, field by field as in AWS's client: src/message/clientmessage.go of session-manager-plugin.
HEADER = (
    "00000074"  # the header's length, 116
    + b"input_stream_data               ".hex()
    + "00000001"  # the schema's version
    + "0000018bcfe56800"  # milliseconds since 1970
    + "0000000000000007"  # the sequence number
    + "0000000000000000"  # flags
    + "8000000000000002"  # the id's less significant half, and
    + "0000000000004001"  # the other
    + "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"  # the SHA-256 of the payload
    + "00000001"  # the payload's type
    + "00000006"  # and length
)
MESSAGE = Message(
    messages.INPUT,
    b"hello\n",
    PayloadType.OUTPUT,
    sequence_number=7,
    id=uuid.UUID("00000000-0000-4001-8000-000000000002"),
    created=1_700_000_000_000,
)


def test_a_message_has_the_bytes_of_awss_client() -> None:
    assert MESSAGE.encode() == bytes.fromhex(HEADER) + b"hello\n"
    assert messages.decode(MESSAGE.encode()) == MESSAGE


@given(st.binary(max_size=2000), st.sampled_from(PayloadType), st.integers(0, 2**62))
def test_a_message_survives_the_way(payload: bytes, kind: PayloadType, number: int) -> None:
    message = Message(messages.OUTPUT, payload, kind, number)
    assert messages.decode(message.encode()) == message


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:100], "has 100 bytes"),
        (lambda data: data[:-1], "was changed or cut off"),
        (lambda data: data[:-1] + b"X", "was changed or cut off"),
    ],
)
def test_a_damaged_message_is_recognized(damage, reason: str) -> None:
    with pytest.raises(MessageError, match=reason):
        messages.decode(damage(MESSAGE.encode()))


def test_a_message_without_data_needs_no_digest() -> None:
    data = bytearray(Message(messages.START_PUBLICATION).encode())
    data[80:112] = bytes(32)  # as from the service
    assert messages.decode(bytes(data)).message_type == messages.START_PUBLICATION


def test_an_acknowledgement_names_the_message() -> None:
    acknowledgement = messages.acknowledgement(MESSAGE)
    assert acknowledgement.payload == (
        b'{"AcknowledgedMessageType": "input_stream_data", "AcknowledgedMessageId": '
        b'"00000000-0000-4001-8000-000000000002", "AcknowledgedMessageSequenceNumber": 7, "IsSequentialMessage": true}'
    )
    assert acknowledgement.flags == 3
    assert messages.acknowledged_number(acknowledgement) == 7
    with pytest.raises(MessageError):
        messages.acknowledged_number(Message(messages.ACKNOWLEDGE, b"{}"))


def test_the_reason_of_a_closed_channel() -> None:
    assert messages.closing_reason(Message(messages.CHANNEL_CLOSED, b'{"Output": "expired"}')) == "expired"
    assert messages.closing_reason(Message(messages.CHANNEL_CLOSED, b'{"Output": null}')) == ""
    assert messages.closing_reason(Message(messages.CHANNEL_CLOSED)) == ""


def test_a_terminating_message() -> None:
    assert Flag.TERMINATE_SESSION.payload == b"\0\0\0\2"
    assert Message(messages.INPUT, Flag.TERMINATE_SESSION.payload, PayloadType.FLAG).is_terminating
    assert not Message(messages.INPUT, Flag.TERMINATE_SESSION.payload, PayloadType.OUTPUT).is_terminating


def test_a_frame_has_the_bytes_of_smux() -> None:
    assert Frame(Command.DATA, 3, b"abc").encode() == bytes.fromhex("01 02 03 00 03 00 00 00") + b"abc"
    assert Frame(Command.OPEN, 1).encode() == bytes.fromhex("01 00 00 00 01 00 00 00")


@given(st.lists(st.tuples(st.sampled_from(Command), st.integers(0, 2**32 - 1), st.binary(max_size=50))), st.data())
def test_frames_are_found_however_the_bytes_are_cut(frames, data) -> None:
    expected = [Frame(*frame) for frame in frames]
    content, reader, found = b"".join(frame.encode() for frame in expected), FrameReader(), []
    while content:
        size = data.draw(st.integers(1, len(content)))
        found += reader.feed(content[:size])
        content = content[size:]
    assert found == expected


def test_another_version_of_smux_is_rejected() -> None:
    with pytest.raises(FrameError, match="version 2"):
        list(FrameReader().feed(bytes.fromhex("02 00 00 00 01 00 00 00")))
