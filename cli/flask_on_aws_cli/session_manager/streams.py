"""The order and repetition of messages with data: each side numbers, confirms and repeats those that it sends.

Both directions are alike, so the local AWS's agent uses these classes as well.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from .messages import Message

# All of AWS's client: https://github.com/aws/session-manager-plugin/blob/mainline/src/config/config.go
_ROUND_TRIP, _FIRST_TIMEOUT, _MAX_TIMEOUT, _GRANULARITY = 0.1, 0.2, 1.0, 0.01  # seconds
_ROUND_TRIP_SHARE, _VARIATION_SHARE = 1 / 8, 1 / 4
_MAX_REPETITIONS = 3000  # 5 to 50 minutes, in which a laptop may change its network
_MAX_EARLY = 10_000  # messages
RESEND_SECONDS = 0.1
"""Seconds between two looks for messages to repeat."""
MAX_UNCONFIRMED = 256
"""Messages in flight. AWS's client sends at most one per millisecond, without a limit; with a round trip of 100 ms, 256
of them are twice that rate, and a lost connection has at most 256 kB to repeat."""


class UnconfirmedError(Exception):
    """A message was repeated for minutes, and the other side never confirmed it."""


@dataclass
class _Sent:
    data: bytes
    at: float
    repetitions: int = 0


class Outbox:
    """Messages that were sent and are not confirmed."""

    def __init__(self, message_type: str, clock: Callable[[], float]) -> None:
        """Number messages from 0.

        Args:
            message_type: the type of all messages.
            clock: seconds of a monotonic clock.
        """
        self._type, self._clock = message_type, clock
        self._next = 0
        self._sent = OrderedDict[int, _Sent]()
        self._round_trip, self._variation, self._timeout = _ROUND_TRIP, 0.0, _FIRST_TIMEOUT

    @property
    def has_room(self) -> bool:
        """Whether another message may be sent now."""
        return len(self._sent) < MAX_UNCONFIRMED

    @property
    def is_empty(self) -> bool:
        """Whether every message is confirmed."""
        return not self._sent

    def add(self, payload_type: int, payload: bytes) -> bytes:
        """The bytes of the next message, which is remembered until it is confirmed."""
        data = Message(self._type, payload, payload_type, self._next).encode()
        self._sent[self._next] = _Sent(data, self._clock())
        self._next += 1
        return data

    def confirm(self, number: int) -> None:
        """Forget a confirmed message; a number that is not known is ignored, since a confirmation may be repeated."""
        sent = self._sent.pop(number, None)
        if sent is None or sent.repetitions:  # of a repeated message, nobody knows which copy was confirmed
            return
        trip = self._clock() - sent.at
        self._variation += _VARIATION_SHARE * (abs(self._round_trip - trip) - self._variation)
        self._round_trip += _ROUND_TRIP_SHARE * (trip - self._round_trip)
        self._timeout = min(_MAX_TIMEOUT, self._round_trip + max(_GRANULARITY, 4 * self._variation))

    def due(self) -> bytes | None:
        """The oldest message if it is to be sent again, as AWS's client does; None if not.

        Raises:
            UnconfirmedError: if it has been sent for minutes.
        """
        sent = next(iter(self._sent.values()), None)
        if sent is None or self._clock() - sent.at <= self._timeout:
            return None
        if sent.repetitions >= _MAX_REPETITIONS:
            raise UnconfirmedError("the other side no longer answers")
        sent.repetitions += 1
        sent.at = self._clock()
        return sent.data

    def all(self) -> list[bytes]:
        """All messages that are not confirmed, in order, for a new connection."""
        return [sent.data for sent in self._sent.values()]


class Inbox:
    """Puts received messages into order."""

    def __init__(self) -> None:
        self._expected = 0
        self._early: dict[int, Message] = {}

    def accept(self, message: Message) -> tuple[bool, list[Message]]:
        """Whether to confirm a message, and the messages that are next in order: none, it, or it and later ones.

        A message that was received before is confirmed again, since the first confirmation may be lost.
        """
        number = message.sequence_number
        if number < self._expected:
            return True, []
        if number > self._expected:
            if len(self._early) >= _MAX_EARLY:
                return False, []
            self._early[number] = message
            return True, []
        ready = [message]
        self._expected += 1
        while following := self._early.pop(self._expected, None):
            ready.append(following)
            self._expected += 1
        return True, ready
