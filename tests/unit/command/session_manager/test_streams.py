"""Tests of the order and the repetition of messages."""

import random

import pytest
from flask_on_aws_cli.session_manager import messages
from flask_on_aws_cli.session_manager.messages import Message, PayloadType
from flask_on_aws_cli.session_manager.streams import MAX_UNCONFIRMED, Inbox, Outbox, UnconfirmedError
from hypothesis import given
from hypothesis import strategies as st


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def message(number: int) -> Message:
    return Message(messages.OUTPUT, b"%d" % number, PayloadType.OUTPUT, number)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outbox(clock: Clock) -> Outbox:
    return Outbox(messages.INPUT, clock)


def test_messages_are_numbered_from_zero(outbox: Outbox) -> None:
    sent = [messages.decode(outbox.add(PayloadType.OUTPUT, b"x")) for _ in range(3)]
    assert [each.sequence_number for each in sent] == [0, 1, 2]
    assert {each.message_type for each in sent} == {messages.INPUT}


def test_the_oldest_message_is_repeated_until_it_is_confirmed(outbox: Outbox, clock: Clock) -> None:
    first, second = outbox.add(1, b"first"), outbox.add(1, b"second")
    assert outbox.due() is None
    clock.now += 0.21
    assert outbox.due() == first
    assert outbox.due() is None
    clock.now += 0.21
    assert outbox.due() == first
    outbox.confirm(0)
    outbox.confirm(0)
    assert outbox.due() == second
    assert outbox.all() == [second]
    outbox.confirm(1)
    assert outbox.is_empty


def test_the_pause_before_a_repetition_follows_the_round_trip(outbox: Outbox, clock: Clock) -> None:
    for number in range(50):
        outbox.add(1, b"")
        clock.now += 0.01
        outbox.confirm(number)
    outbox.add(1, b"")
    clock.now += 0.05
    assert outbox.due() is not None  # at first it would have been 0.2
    outbox.confirm(50)
    for number in range(51, 100):
        outbox.add(1, b"")
        clock.now += 30
        outbox.confirm(number)
    outbox.add(1, b"")
    clock.now += 1.01  # and never more than a second
    assert outbox.due() is not None


def test_a_side_that_never_confirms_is_given_up(outbox: Outbox, clock: Clock) -> None:
    outbox.add(1, b"")
    began = clock.now
    for _ in range(3000):
        clock.now += 0.25
        assert outbox.due()
    clock.now += 0.25
    with pytest.raises(UnconfirmedError):
        outbox.due()
    assert clock.now - began > 5 * 60


def test_the_number_of_messages_in_flight_is_limited(outbox: Outbox) -> None:
    for _ in range(MAX_UNCONFIRMED):
        assert outbox.has_room
        outbox.add(1, b"")
    assert not outbox.has_room
    outbox.confirm(5)
    assert outbox.has_room


@given(st.integers(0, 60), st.randoms(), st.data())
def test_messages_are_put_into_order(count: int, order: random.Random, data) -> None:
    arrivals = list(range(count)) + [data.draw(st.integers(0, count - 1)) for _ in range(count // 3)]
    order.shuffle(arrivals)
    inbox, received = Inbox(), []
    for number in arrivals:
        is_confirmed, ready = inbox.accept(message(number))
        assert is_confirmed
        received += [each.sequence_number for each in ready]
    assert received == list(range(count))


def test_more_early_messages_than_fit_are_not_confirmed() -> None:
    inbox = Inbox()
    for number in range(1, 10_001):
        assert inbox.accept(message(number)) == (True, [])
    assert inbox.accept(message(10_001)) == (False, [])
    assert len(inbox.accept(message(0))[1]) == 10_001
    assert inbox.accept(message(10_001))[0]
