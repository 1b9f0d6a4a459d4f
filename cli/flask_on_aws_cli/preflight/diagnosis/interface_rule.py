"""A rule for a server that calls an app by another interface than the app has. Pure functions."""

import re

from ..check import Cause, Finding
from ..output import Output, search

_ASGI_SERVER = "uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE"
_WSGI_SERVER = "gunicorn --bind 0.0.0.0:$PORT MODULE:VARIABLE"
_SANIC_SERVER = "sanic MODULE:VARIABLE --host 0.0.0.0 --port $PORT"
# Frameworks whose applications have neither interface: what a server's call of one raises, and what serves it.
_FRAMEWORKS = {
    "aiohttp": (
        r"TypeError: Application\.__call__\(\) takes 1 positional argument but \d were given",
        "start the module that calls web.run_app, or gunicorn --bind 0.0.0.0:$PORT --worker-class "
        "aiohttp.GunicornWebWorker MODULE:VARIABLE",
    ),
    # uvicorn takes it for an application of ASGI 2, and calls it with the scope alone.
    "Tornado": (
        r"TypeError: Application\.__call__\(\) takes 2 positional arguments but \d were given|"
        r"AttributeError: 'dict' object has no attribute 'connection'",
        "start the module that calls its method listen, such as python main.py",
    ),
}
_AIOHTTP_WORKER = r"RuntimeError: wsgi app should be either Application or async function returning Application, got"


def other_interface(output: Output) -> Finding | None:
    """An ASGI application behind a WSGI server, or the reverse, or an application that needs its framework's server."""
    return _of_framework(output) or _between_wsgi_and_asgi(output)


def _of_framework(output: Output) -> Finding | None:
    for framework, (pattern, fix) in _FRAMEWORKS.items():
        match = search(output, pattern)
        if match:
            sentence = f"the app is an application of {framework}, and its server calls it by another interface"
            return Finding(Cause.SERVER_INTERFACE, sentence, fix, match[1])
    match = search(output, _AIOHTTP_WORKER)
    if not match:
        return None
    sentence = "the app is not an application of aiohttp, and aiohttp's worker of gunicorn starts no other"
    fix = f"start {_WSGI_SERVER} for a WSGI application, or {_ASGI_SERVER} for an ASGI application"
    return Finding(Cause.SERVER_INTERFACE, sentence, fix, match[1])


def _between_wsgi_and_asgi(output: Output) -> Finding | None:
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
    if groups.get("app") == "Sanic":
        fix = f"start {_SANIC_SERVER}"
    elif re.search(r"\bgranian\b", output.command):
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
