"""Judges how an app ended after SIGTERM, and names the line to change. Pure functions."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..check import Cause, Check, Finding, failed, passed, warned
from ..output import Output, first_fix

NAME = "stops"
_BY_SIGTERM = 143  # 128 and the signal's number
_HANDLER = "signal.signal(signal.SIGTERM, lambda *_: {stop})"
GUNICORN = "gunicorn --bind 0.0.0.0:$PORT MODULE:VARIABLE"

# How to make each server finish its requests: a pattern of the start command, the code that it runs, or the output.
_FIXES = {
    r"\buwsgi\b": "add --die-on-term to uWSGI's options (die-on-term = true in its ini file)",
    r"\bwaitress-serve\b": f"waitress-serve does not handle SIGTERM: start {GUNICORN} instead, or call "
    f"waitress.serve() in a script after {_HANDLER.format(stop='sys.exit(0)')}, which it finishes its requests after",
    r"\bimport waitress|from waitress\b|INFO:waitress:": f"before waitress.serve(), which finishes its requests after "
    f"SystemExit: {_HANDLER.format(stop='sys.exit(0)')}",
    r"\btornado\b": "in the coroutine that runs the server: asyncio.get_running_loop().add_signal_handler("
    "signal.SIGTERM, stopped.set), then `await stopped.wait(); server.stop(); await asyncio.sleep(30)` in place of "
    "`await asyncio.Event().wait()`; close_all_connections() would cut off the requests that are running",
    r"-m http\.server\b": f"http.server does not handle SIGTERM: start a server such as {GUNICORN}",
    r"\b(http\.server|wsgiref|socketserver|werkzeug\.serving)\b": "before server.serve_forever(): "
    + _HANDLER.format(stop="threading.Thread(target=server.shutdown).start()"),
    r"\bflask\b.*\brun\b|development server": "Flask's development server does not handle SIGTERM: start "
    f"{GUNICORN} instead",
    r"^(\S*/)?(ba|da|z|k)?sh\b|\.sh\b|[^&]&[^&]": "put `exec` before the server in the shell script, so that it "
    "gets the signal in place of the shell",
    r"^(\S*/)?(npm|pnpm|yarn|npx|honcho|foreman|pipenv|poetry|uv|hatch|pdm)\b": "start the server itself instead of "
    "through {word}, which does not pass its exit code on",
}
_OTHERWISE = (
    "use a server that finishes its requests and exits with 0, such as gunicorn, or do so in a handler: "
    + _HANDLER.format(stop="sys.exit(0)")
)


class Stop(NamedTuple):
    """What was observed of an app after SIGTERM."""

    code: int | None
    """Its exit code; None if it still ran when the stop timeout had passed."""
    seconds: float
    """Until it ended."""
    lines: Sequence[str]
    """All of its output."""
    logged: bool = False
    """Whether it printed something after the signal."""


def judge_stop(stop: Stop, command: str, limit: int, source: str = "") -> Check:
    """Whether it stopped as it should: not cleanly is a warning, since only requests in flight are lost.

    Args:
        stop: what was observed.
        command: the start command.
        limit: the stop timeout, in seconds.
        source: the text of the Python file that the command runs.
    """
    evidence = Output(stop.lines, command).last()[-3:]
    if stop.code is None:
        finding = Finding(
            Cause.IGNORES_SIGTERM,
            f"still runs {limit} s after SIGTERM, and would be killed with its open requests",
            "make sure the server receives the signal: start it with `exec` in a shell script, use no wrapper that "
            "does not forward signals, and no handler that ignores SIGTERM",
            evidence,
        )
        return failed(NAME, finding)
    if stop.code == _BY_SIGTERM and stop.logged:
        # uvicorn shuts down, logs it, and only then ends by the signal that it deferred.
        return passed(NAME, f"ends {stop.seconds:.1f} s after SIGTERM, which it handles before it exits", stop.seconds)
    if not stop.code:
        return passed(NAME, f"ends {stop.seconds:.1f} s after SIGTERM with exit code 0", stop.seconds)
    by_signal = " (the signal itself ended it, since nothing handles it)" if stop.code == _BY_SIGTERM else ""
    finding = Finding(
        Cause.FAILS_ON_SIGTERM,
        f"stopped, not cleanly: ends with exit code {stop.code} on SIGTERM{by_signal}, not with 0, so requests in "
        "flight are cut off at each release and scale-in, and their visitors get an error",
        stop_fix(command, stop.lines, source),
        evidence,
    )
    return warned(NAME, finding)


def stop_fix(command: str, lines: Sequence[str], source: str = "") -> str:
    """The line to change so that the app finishes its requests on SIGTERM, in the options of its server."""
    words = command.split()
    fix = first_fix(_FIXES, command, source, "\n".join(lines)) or _OTHERWISE
    return fix.replace("{word}", words[0] if words else "")


def shell_script_of(command: str, folder: Path) -> str:
    """The text of the shell script that a start command runs; empty if it runs none. Reads the file."""
    match = re.search(r"(?<!\S)(?:/app/)?([\w.-][\w./-]*\.sh)(?!\S)", command)
    return _text(folder / match[1]) if match else ""


def script_of(command: str, folder: Path) -> str:
    """The text of the Python file that a start command runs; empty if it runs none. Reads the file.

    Of `python drain.py python serve.py`, the last one serves.
    """
    python = r"\bpython[\d.]*\s+(?:-\S+\s+)*?(?:(?P<file>[\w./-]+\.py)|-m\s+(?P<module>[\w.]+))"
    matches = list(re.finditer(python, command))
    if not matches:
        return ""
    match = matches[-1]
    return _text(folder / (match["file"] or match["module"].replace(".", "/") + ".py"))


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
