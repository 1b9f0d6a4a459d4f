"""Whether the server of a start command calls the app by the interface that the app has: WSGI or ASGI."""

import ast
import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from ...runtime_contract.shell_words import commands
from ..own_image.programs import wrapped
from ..project_files import FileError, ProjectFiles
from .app_objects import AppObject, AppObjects, Kind
from .proposal import Proposal, fitting
from .python_code import Code, assignments

Interface = Literal["wsgi", "asgi", "either", "sanic", "aiohttp"]
# Servers with one interface, and hypercorn, which recognizes both; granian and gunicorn have an option.
_INTERFACES: Mapping[str, Interface] = {
    **{"daphne": "asgi", "waitress-serve": "wsgi", "uwsgi": "wsgi", "hypercorn": "either"},
    **{"sanic": "sanic", "aiohttp.web": "aiohttp"},
}
# The interfaces by which an application of each kind can be called.
_CALLED_BY: Mapping[Kind, Collection[Interface]] = {
    "wsgi": ("wsgi", "either"),
    "asgi": ("asgi", "either"),
    "sanic": ("sanic", "asgi", "either"),
    "aiohttp": ("aiohttp",),
    "tornado": (),
}
_NAMES = {
    "wsgi": "a WSGI application",
    "asgi": "an ASGI application",
    "either": "a WSGI or ASGI application",
    "sanic": "a Sanic application",
    "aiohttp": "an aiohttp application",
    "tornado": "a Tornado application",
}
# Servers of one framework check the application before they start.
_CHECKED = ("sanic", "aiohttp")
# https://docs.gunicorn.org/en/stable/settings.html#worker-class
_WSGI_WORKERS = frozenset({"sync", "gthread", "gevent", "gevent_wsgi", "gevent_pywsgi", "eventlet"})
_ASGI_WORKER = re.compile(r"asgi|uvicorn(?:_worker|\.workers)\.\w+")
_AIOHTTP_WORKER = re.compile(r"aiohttp(?:\.worker)?\.Gunicorn\w*WebWorker")
_CONFIGURATION = "gunicorn.conf.py"
# Variables with options that the command line lacks.
_VARIABLES = ("GUNICORN_CMD_ARGS", "GRANIAN_INTERFACE", "UVICORN_INTERFACE")
_TARGET = re.compile(r"(?P<module>[A-Za-z_][\w.]*)(?::(?P<name>[A-Za-z_]\w*))?(?:\(.*\))?")


class Mismatch(NamedTuple):
    """A server that calls an app by another interface than the app has."""

    reason: str
    """What is wrong, the part of a sentence."""
    proposal: Proposal
    """The start command that fits."""

    @property
    def sentence(self) -> str:
        """What is wrong and what to do, the end of a sentence."""
        missing = self.proposal.missing
        add = f"add {missing} to the dependencies and " if missing else ""
        start = f"start it with: {self.proposal.command}" if self.proposal.command else self.proposal.reason
        return f"{self.reason}; {add}{start}"


def interface_mismatch(
    files: ProjectFiles, command: str, packages: Collection[str], installed: bool
) -> Mismatch | None:
    """The mismatch of a start command; None without one, and where the code does not show both interfaces.

    Args:
        files: the app's folder.
        command: the start command.
        packages: normalized names of the dependencies.
        installed: whether the app is installed as a package.
    """
    if any(name in command for name in _VARIABLES):
        return None
    code = files.once(Code)
    for server, arguments in _server_calls(command):
        interface = _interface(files, code, server, arguments)
        app = _application(code, server, arguments) if interface else None
        if app and interface and app.kind in _CALLED_BY and interface not in _CALLED_BY[app.kind]:
            outcome = "would not start" if interface in _CHECKED else "would answer 500 to every request"
            reason = (
                f"{server} calls it as {_NAMES[interface]}, but {app.name} in {app.module.file} is {_NAMES[app.kind]} "
                f"and {outcome}"
            )
            return Mismatch(reason, fitting(code, app, packages, installed))
    return None


def _server_calls(line: str) -> Iterator[tuple[str, list[str]]]:
    """The servers that a command line starts, with their arguments."""
    for part in commands(line) or []:
        words = [word.value for word in part.words[part.program :]]
        while words and (following := wrapped(words)):
            words = following
        if len(words) > 2 and re.fullmatch(r"python[\d.]*", posixpath.basename(words[0])) and words[1] == "-m":
            words = words[2:]
        if words:
            name = posixpath.basename(words[0])
            yield ("waitress-serve" if name == "waitress" else name), words[1:]


def _interface(files: ProjectFiles, code: Code, server: str, arguments: Sequence[str]) -> Interface | None:
    """The interface by which a server calls an app; None if that is not known."""
    if server == "gunicorn":
        worker = _option(arguments, "-k", "--worker-class")
        worker = _configured_worker(files, code, arguments) if worker is None else worker
        if worker in ("", *_WSGI_WORKERS):
            return "wsgi"
        if worker and _AIOHTTP_WORKER.fullmatch(worker):
            return "aiohttp"
        return "asgi" if worker and _ASGI_WORKER.fullmatch(worker) else None
    if server == "uvicorn":
        return "wsgi" if _option(arguments, "--interface") == "wsgi" else "asgi"
    if server == "granian":
        value = _option(arguments, "--interface")
        return "wsgi" if value == "wsgi" else "asgi" if value in ("asgi", "asginl") else None
    return _INTERFACES.get(server)


def _option(arguments: Sequence[str], *names: str) -> str | None:
    """The last value of an option; None if it is not there."""
    value = None
    for index, word in enumerate(arguments):
        name, equals, rest = word.partition("=")
        if name in names:
            value = rest if equals else arguments[index + 1] if index + 1 < len(arguments) else ""
        elif len(word) > 2 and word[:2] in names:  # -kgthread
            value = word[2:]
    return value


def _configured_worker(files: ProjectFiles, code: Code, arguments: Sequence[str]) -> str | None:
    """The worker class of gunicorn's configuration file: empty for the default, None if it is not known."""
    chosen = _option(arguments, "-c", "--config")
    if chosen is not None:
        return _worker_class(files, chosen) if files.has(chosen) else None
    # gunicorn reads the one in its working directory, which may be a folder of the app.
    names = [module.file for module in code.modules if posixpath.basename(module.file) == _CONFIGURATION]
    workers = {_worker_class(files, name) for name in names} or {""}
    return workers.pop() if len(workers) == 1 else None


def _worker_class(files: ProjectFiles, name: str) -> str | None:
    try:
        tree = ast.parse(files.text(name))
    except (FileError, SyntaxError, ValueError):
        return None
    values = [value for key, value in assignments(tree.body) if key == "worker_class"]
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "worker_class"]
    if not names:
        return ""
    value = values[-1].value if len(names) == len(values) and isinstance(values[-1], ast.Constant) else None
    return value if isinstance(value, str) else None


def _application(code: Code, server: str, arguments: Sequence[str]) -> AppObject | None:
    """The application that a server loads."""
    finder = AppObjects(code, is_strict=True)
    words = list(arguments)
    if server == "uwsgi":
        words = [_option(arguments, "-w", "--module", "--wsgi", "--mount") or ""]
    for word in reversed(words):
        target = _TARGET.fullmatch(word)
        if target and (target["name"] or server in ("gunicorn", "uwsgi")):
            app = finder.find(target["module"], target["name"] or "application")
            if app:
                return app
    return None
