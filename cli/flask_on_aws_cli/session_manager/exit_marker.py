"""Carries a command's exit code through a terminal session, which has no place for it.

ECS Exec reports no exit code: https://github.com/aws/containers-roadmap/issues/1153. So a shell in the container prints
a marker with it after the command, and the client removes the marker from the output.
"""

import re
import secrets
import shlex
from collections.abc import Sequence
from enum import Enum, auto

_SEPARATOR = b"\x1e"  # ASCII's record separator, which programs do not print
_NONCE_BYTES = 8
# Prepares a terminal whose output goes to a file or a pipe: no echo of the input, no carriage returns.
_AS_PIPE = "stty -echo -onlcr 2>/dev/null; "
# Input that is not typed, as lines of text that a terminal transfers unchanged.
_DECODED_INPUT = "base64 -d | "
_NO_INPUT = " </dev/null"


class Input(Enum):
    """Where a command's input comes from."""

    TERMINAL = auto()
    """From the user's terminal, which also shows the output."""
    ENCODED = auto()
    """From a file or a pipe, as base64."""
    NONE = auto()


class ExitMarker:
    """The marker of one command."""

    def __init__(self, nonce: str | None = None) -> None:
        self._nonce = nonce or secrets.token_hex(_NONCE_BYTES)
        self._start = _SEPARATOR + self._nonce.encode() + b":"
        self._pattern = re.compile(re.escape(self._start) + rb"(\d+)" + _SEPARATOR)
        self._held = b""
        self._has_begun = False
        self.code: int | None = None
        """The command's exit code, once it has ended."""

    def command_line(self, words: Sequence[str], source: Input) -> str:
        """The command line for ECS Exec that runs a command in a shell and prints the markers.

        Args:
            words: the command's words; a shell runs a single one.
            source: where the command's input comes from.
        """
        line = words[0] if len(words) == 1 else shlex.join(words)
        # A subshell, so that an `exit` in it does not end this shell; with the trap, Ctrl-C ends only the command.
        run = f"trap : INT QUIT; ( {line}\n){_NO_INPUT if source is Input.NONE else ''}; {self._print('$?')}"
        if source is Input.ENCODED:
            run = f"{_DECODED_INPUT}{{ {run}; }}"
        prepare = "" if source is Input.TERMINAL else _AS_PIPE
        return shlex.join(["/bin/sh", "-c", f"{prepare}{self._print('0')}; {run}"])

    def _print(self, code: str) -> str:
        # In octal, so that the command line itself, which a terminal may echo, does not contain a marker.
        return f"printf '\\036%s:%d\\036' {self._nonce} {code}"

    @property
    def has_begun(self) -> bool:
        """Whether the command has been started, and so may get its input."""
        return self._has_begun

    def feed(self, data: bytes) -> bytes:
        """The command's own output in a part of the terminal's output; a possible start of a marker is held back."""
        self._held += data
        output = b""
        while match := self._pattern.search(self._held):
            if self._has_begun:
                output += self._held[: match.start()]
                self.code = int(match[1])
            self._has_begun, self._held = True, self._held[match.end() :]
        if not self._has_begun:
            return b""
        keep = self._possible_start()
        output, self._held = output + self._held[:keep], self._held[keep:]
        return output

    def rest(self) -> bytes:
        """What is left at the end, such as the error of a container without a shell."""
        rest, self._held = self._held, b""
        return rest

    def _possible_start(self) -> int:
        """Where a marker may begin that is not complete yet; the length if nowhere."""
        at = self._held.rfind(_SEPARATOR)
        if at < 0:
            return len(self._held)
        tail = self._held[at:]
        complete = len(tail) > len(self._start)
        is_start = tail.startswith(self._start) and tail[len(self._start) :].isdigit() if complete else False
        return at if is_start or self._start.startswith(tail) else len(self._held)
