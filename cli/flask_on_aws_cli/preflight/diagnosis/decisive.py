"""Tells the error that an app failed by from those that it logged and went on from. Pure functions."""

import re

from ..output import Output

_TRACEBACK = re.compile(r"Traceback \(most recent call last\):")
# What Python prints between the tracebacks of chained exceptions.
_CHAINED = re.compile(r"The above exception was the direct cause of|During handling of the above exception")
# A log record has its level before the message, also in JSON; a warning has its class.
_RECORD = re.compile(r"(?i)\b(debug|info|notice|warn|error|err|critical|fatal)\b|\b\w*Warning\b")
# What Python prints before a traceback that ends a thread or a finalizer, but not the program.
_OF_NO_CONSEQUENCE = re.compile(r"^Exception (ignored in|in thread)\b")
# What servers, PostgreSQL, SQLAlchemy and npm print after the error that ended the app or its request, and the further
# lines of its message.
_AFTERWARDS = re.compile(
    r"(?i)^\s|^$|worker.* exit|exited with code|booting worker|shutting down|shutdown|failed to (load|boot)|"
    r"stopp(ing|ed)|waiting for .* to |^(line \d+|detail|hint|context): |^(multiple connection attempts|- host: )|"
    r'^\((background on this error|hint)|^\[(sql|parameters): |^npm (err|notice|warn)|" 5\d\d\b'
)


def is_decisive(output: Output, number: int) -> bool:
    """Whether the app can have failed by the error in a line: the last traceback has it, and nothing went on after it.

    What a log record reports, or a traceback that an app that ended had logged, counts only as the last word.
    """
    first = last_traceback(output)
    if number < first:
        return False
    is_record = _is_record(output.lines[number].partition("[Errno")[0])
    ended = output.exit_code not in (None, 0)
    is_logged = ended and first > 0 and _is_record(output.lines[first - 1])
    last_word = all(_AFTERWARDS.search(line) for line in output.lines[number + 1 :])
    return last_word or not (is_record or is_logged)


def _is_record(line: str) -> bool:
    return bool(_RECORD.search(line) or _OF_NO_CONSEQUENCE.search(line))


def last_traceback(output: Output) -> int:
    """The line at which the last traceback begins, with those that it was chained from; 0 without one."""
    lines = output.lines
    starts = [number for number, line in enumerate(lines) if _TRACEBACK.search(line)]
    while len(starts) > 1 and any(_CHAINED.search(line) for line in lines[max(starts[-1] - 3, 0) : starts[-1]]):
        starts.pop()
    return starts[-1] if starts else 0
