"""A rule for a server that calls an app by another interface than the app has. Pure functions."""

import re

from ..check import Cause, Finding
from ..output import Output, search

_ASGI_SERVER = "uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE"
_WSGI_SERVER = "gunicorn --bind 0.0.0.0:$PORT MODULE:VARIABLE"


def other_interface(output: Output) -> Finding | None:
    """An ASGI application behind a WSGI server, or a WSGI application behind an ASGI server."""
    match = search(
        output,
        # The arguments of a call by the other interface: (environ, start_response), or (scope, receive, send).
        r"TypeError: (?:[\w.<>]+?\.)??(?P<app>\w+)(?:\.__call__)?\(\) missing \d required positional arguments?: .*"
        r"'(?P<missing>send|start_response)'",
        r"AttributeError: '(granian\._granian\.)?RSGI\w+' object has no attribute",
    )
    if not match:
        return None
    groups = match[0].groupdict()
    is_asgi = groups.get("missing") == "send"
    interface, called_as = ("ASGI", "WSGI") if is_asgi else ("WSGI", "ASGI")
    if re.search(r"\bgranian\b", output.command):
        called_as = called_as if "--interface" in output.command else "RSGI, which is granian's default"
        fix = f"set --interface {interface.lower()} in the start command"
    elif is_asgi:
        fix = f"start {_ASGI_SERVER}"
        if re.search(r"\bgunicorn\b", output.command):
            fix += ", or add --worker-class uvicorn_worker.UvicornWorker and the package uvicorn-worker"
    else:
        fix = f"start {_WSGI_SERVER}"
        if re.search(r"\buvicorn\b", output.command):
            fix += ", or add --interface wsgi"
    name = f" ({groups['app']})" if groups.get("app") else ""
    sentence = f"the app has the interface {interface}{name}, and its server calls it by {called_as}"
    return Finding(Cause.SERVER_INTERFACE, sentence, fix, match[1])
