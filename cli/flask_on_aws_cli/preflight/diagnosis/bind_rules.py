"""Rules for what a start command or an app gets wrong about its port, and for one that the shell cannot read. Pure."""

import re

from ..check import Cause, Finding
from ..output import Output, first_fix, search
from .decisive import is_decisive, last_traceback

_SERVERS = {
    r"\bgunicorn\b": "add --bind 0.0.0.0:$PORT to the start command, instead of any other --bind",
    r"\b(granian|uvicorn)\b": "add --host 0.0.0.0 --port $PORT to the start command",
    r"\bhypercorn\b": "add --bind 0.0.0.0:$PORT to the start command, instead of any other --bind",
    r"\bwaitress-serve\b": "add --listen 0.0.0.0:$PORT to the start command",
    r"\buwsgi\b": "add --http 0.0.0.0:$PORT to the start command",
    r"\bflask\b.*\brun\b": "start a production server: gunicorn --bind 0.0.0.0:$PORT app:app",
}
# An app in the notation MODULE:FUNCTION(ARGUMENTS) outside quotes.
_CALL = re.compile(r"(?<!['\"\w.])[A-Za-z_][\w.]*:[A-Za-z_]\w*\([^'\"()]*\)(?!['\"])")


def bind_fix(command: str) -> str:
    """How to make a start command listen on the right address, in the options of its server."""
    return first_fix(_SERVERS, command) or (
        "listen on 0.0.0.0 and the port in PORT, with options of the start command or in the code, such as "
        'app.run(host="0.0.0.0", port=int(os.environ["PORT"]))'
    )


def shell_syntax(output: Output) -> Finding | None:
    """A command that the shell cannot read."""
    match = search(
        output,
        r"(?i)^\S*\b(sh|bash|ash|dash)\b.*: syntax error",
        r"^\S*\b(sh|bash|ash|dash)\b.*: unexpected EOF while looking for matching",
    )
    if not match:
        return None
    call = _CALL.search(output.command)
    fix = f"quote it in the start command: '{call[0]}'" if call else "quote what the shell must not interpret"
    return Finding(
        Cause.INVALID_COMMAND, f"the shell cannot read `{output.command}`", f"{fix}; parentheses need quotes", match[1]
    )


def unexpanded_port(output: Output) -> Finding | None:
    """`$PORT` as text, since no shell expanded it, or a variable that is not set."""
    match = search(
        output,
        r"(?i)['\"(:]\$\{?(?P<name>\w+)\}?['\"]? is not a valid",
        r"(?i)invalid literal for int\(\) with base 10: '[^']*\$\{?(?P<name>\w+)\}?'",
        r"(?i)(?:connect to|connection to|invalid address:?) \('[^']*\$\{?(?P<name>\w+)\}?'",
        r"(?P<name>)'' is not a valid (port|integer)",
    )
    if not match:
        return None
    if not match[0]["name"]:
        fix = f"the variable is PORT: {bind_fix(output.command)}"
        return Finding(Cause.BAD_PORT, "the port that it was told to listen on is empty", fix, match[1])
    name = match[0]["name"].upper()
    return Finding(
        Cause.BAD_PORT,
        f"it got the text ${name} instead of the variable's value",
        f"write ${name} in double quotes or in none, since the shell expands nothing in single quotes; in a "
        "Dockerfile, a CMD in JSON form has no shell: CMD exec gunicorn --bind 0.0.0.0:$PORT app:app",
        match[1],
    )


def port_as_text(output: Output) -> Finding | None:
    """The variable PORT, which is text, where a number is needed."""
    match = search(
        output,
        r"TypeError: '?str'? object cannot be interpreted as an integer",
        r"TypeError: an integer is required \(got type str\)",
        r"TypeError: %d format: a (real )?number is required, not str",
        r"TypeError: '[<>]=?' not supported between instances of '(str' and 'int|int' and 'str)'",
        r"TypeError: .*\bport\b.*\b(int|integer|number)\b",
        where=is_decisive,
    )
    frames = output.lines[last_traceback(output) :]
    if not match or not any(re.search(r"(?i)\bport\b|_port\b|\bbind\(", line) for line in frames):
        return None
    return Finding(
        Cause.BAD_PORT,
        "it uses PORT as a number, but a variable is text",
        'convert it where the server is started: port=int(os.environ["PORT"])',
        match[1],
    )


def wrong_address(output: Output) -> Finding | None:
    """An address to listen on that is not one of the task's, such as a port in its place."""
    match = search(
        output,
        r"(?i)(?:can't connect to|invalid address:?) \('(?P<host>[^']*)', \d{4,}\)",
        r"(?i)attempting to bind on address \('(?P<host>[^']*)', \d+.*cannot assign",
        # Not of a connection to another address.
        r"(?i)^(?!.*\bconnect).*(cannot|can't) assign requested address",
        r"(?i)while attempting to bind.*(name or service not known|nodename nor servname)",
        where=is_decisive,
    )
    if not match:
        return None
    host = match[0].groupdict().get("host") or "what it was told to listen on"
    return Finding(
        Cause.BAD_PORT, f"{host} is not an address of the task: 0.0.0.0 is missing", bind_fix(output.command), match[1]
    )
