"""An app's output and exit code, in the form that the diagnosis rules read. Pure functions."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from .check import Finding

# Lines before the decisive one: enough for the location in a traceback.
_LINES_BEFORE = 3
_LAST_LINES = 8
# What npm, yarn, pnpm and pip print about themselves, often after the error of the command that they ran.
_NOTICE = re.compile(
    r"(?i)^npm (notice|warn)\b|^npm (err!|error)\s*$|"
    r"^npm (err!|error) (a complete log of this run|lifecycle script|code \d+$|path |workspace |location |errno |"
    r"command (failed|sh)|.*\.log$)|"
    r"^\[notice\] |a new (release|version) of \w+ is available|update available|running pip as the 'root' user|"
    r"^info visit https://yarnpkg|^pnpm warn|^yarn run v|looking for funding|^run `npm (fund|audit)|"
    r"^found \d+ vulnerabilities"
)


@dataclass(frozen=True)
class Context:
    """What is known of an app besides its output."""

    packages: Mapping[str, str] = field(default_factory=dict[str, str])
    """Versions of the installed distributions, by name; empty if they are not known."""
    release_command: str = ""
    """The release command that ran before the app started."""
    database_scheme: str = "postgresql"
    """The scheme of DATABASE_URL."""
    no_database: str = ""
    """Why no database is running although the stack has one; empty otherwise."""
    environments: Mapping[str, str] = field(default_factory=dict[str, str])
    """The variables with the name of the stack's environment, and their values."""
    release_failed: bool = False
    """Whether the release command ended with another code than 0."""


@dataclass(frozen=True)
class Output:
    """An app's output, with what is needed to interpret it."""

    lines: Sequence[str]
    command: str = ""
    """The start command."""
    exit_code: int | None = None
    """None if it is still running."""
    context: Context = field(default_factory=Context)

    def around(self, number: int) -> tuple[str, ...]:
        """A line and those before it."""
        return tuple(self.lines[max(number - _LINES_BEFORE, 0) : number + 1])

    def last(self) -> tuple[str, ...]:
        """The last lines that are not blank, without a tool's notices about itself unless there are no others."""
        written = [line for line in self.lines if line.strip()]
        telling = [line for line in written if not _NOTICE.search(line)]
        return tuple((telling or written)[-_LAST_LINES:])


Rule = Callable[[Output], Finding | None]


def search(
    output: Output, *patterns: str, where: Callable[[Output, int], bool] = lambda output, number: True
) -> tuple[re.Match[str], tuple[str, ...]] | None:
    """The last line that matches one of the patterns, since the last error is the one that ended the app.

    Args:
        output: the app's output.
        *patterns: regular expressions.
        where: whether a line that matches counts.
    """
    for number in range(len(output.lines) - 1, -1, -1):
        for pattern in patterns:
            if (match := re.search(pattern, output.lines[number])) and where(output, number):
                return match, output.around(number)
    return None


def first_fix(fixes: Mapping[str, str], *texts: str) -> str | None:
    """The fix of the first pattern that is in the first text with any; None if there is none.

    Args:
        fixes: fixes by regular expression, in the order in which they are tried.
        *texts: the start command, then what else shows which server runs.
    """
    return next((fix for text in texts for pattern, fix in fixes.items() if re.search(pattern, text)), None)
