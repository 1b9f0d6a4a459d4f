"""Commands that a source has as a text or as a list of arguments."""

import re
import shlex

from ..reading.source import Value

_ALL = "0.0.0.0"  # noqa: S104 in the container, which only the load balancer reaches
_LOOPBACK = r"(?:localhost|127\.0\.0\.1|::1|\[::1\])"
_LOCAL_PORT = re.compile(rf"{_LOOPBACK}(?=:\$)")
_LOCAL_HOST = re.compile(rf"(?<=\s)(--host|--bind|--hostname|-h|-b)([ =]){_LOOPBACK}(?=\s|$)")
# Servers that listen on 127.0.0.1 unless an option names another address. gunicorn listens on all addresses if PORT is
# set, and waitress always does.
_OPTION = r"(?:\s+-\S+(?:\s+[^-\s]\S*)?)*"
_LOCAL_SERVER = re.compile(
    rf"(?<![\w./-])(?:flask{_OPTION}\s+run|litestar{_OPTION}\s+run|uvicorn|granian|sanic|(?P<bind>daphne))(?=\s)"
)
_ADDRESS = re.compile(r"\s(?:--host|--bind|-h|-H|-b|--uds|--unix|-u|--fd|--endpoint|-e)(?:[ =]|$)")
_RUNSERVER = re.compile(r"(?<=\srunserver )(?=\$|\d+(?:\s|$))")
_URL = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1?\])(?::[^/\s'\"]+)?(/[^\s'\"|;&)]*)?")


def command_line(value: Value | None) -> str:
    """A command as one line of the shell; empty if there is none."""
    if value is None:
        return ""
    if value.is_scalar:
        return " ".join(value.text().split())
    # Without quotation marks around a variable, which the shell of the task expands.
    words = [item.text() for item in value.items()]
    return " ".join(word if re.fullmatch(r"[\w./:=@%+,$\[\]-]+", word) else shlex.quote(word) for word in words)


def health_path(command: str) -> str:
    """The path that a command of a health check asks for; empty if it asks for none."""
    match = _URL.search(command)
    return (match[1] or "/") if match else ""


def on_all_addresses(command: str) -> str:
    """A start command whose server accepts connections from the load balancer, and not only from its own machine."""
    command = _LOCAL_PORT.sub(_ALL, command)
    command = _LOCAL_HOST.sub(rf"\1\g<2>{_ALL}", command)
    command = _RUNSERVER.sub(f"{_ALL}:", command)
    server = _LOCAL_SERVER.search(command)
    if not server or _ADDRESS.search(command, server.end()):
        return command
    option = "--bind" if server["bind"] else "--host"
    return f"{command[: server.end()]} {option} {_ALL}{command[server.end() :]}"
