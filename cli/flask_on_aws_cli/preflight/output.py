"""What an app printed and how it ended, as rules read it: pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .check import Finding

# Lines before the decisive one: enough for the location in a traceback.
_BEFORE = 3
_LAST_LINES = 8


@dataclass(frozen=True)
class Output:
    """An app's output, and what it takes to read it."""

    lines: Sequence[str]
    command: str = ""
    """The start command."""
    exit_code: int | None = None
    """None where it has not ended."""

    def around(self, number: int) -> tuple[str, ...]:
        """A line with those before it."""
        return tuple(self.lines[max(number - _BEFORE, 0) : number + 1])

    def last(self) -> tuple[str, ...]:
        """The last lines that are not blank."""
        return tuple(line for line in self.lines if line.strip())[-_LAST_LINES:]


Rule = Callable[[Output], Finding | None]


def search(output: Output, *patterns: str) -> tuple[re.Match[str], tuple[str, ...]] | None:
    """The last line with one of the patterns: the last error is what ended the app."""
    for number in range(len(output.lines) - 1, -1, -1):
        for pattern in patterns:
            if match := re.search(pattern, output.lines[number]):
                return match, output.around(number)
    return None
