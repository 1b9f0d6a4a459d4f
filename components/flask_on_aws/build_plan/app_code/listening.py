"""Where a program listens that starts its own server, and how that server works, as far as its code shows."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from .app_objects import AppObjects
from .python_code import Code, Module, assignments

# The default of the setting port: a program that listens there serves unless it is changed.
_DEFAULT_PORT = 8080
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_ALL = "0.0.0.0"  # noqa: S104 in the container, which only the load balancer reaches
_RUN = re.compile(r"(?:^|[\s;&|])python[\d.]*\s+(?:-[uOBEIsS]+\s+)*(?:-m\s+(?P<module>[\w.]+)|(?P<file>[\w./-]+\.py))")


class ProgramWarning(NamedTuple):
    """What a program does that its code must change, and the change."""

    sentence: str
    fix: str


class _Call(NamedTuple):
    """How a call that starts a server names the address to listen on."""

    host: int | str
    """The position of the argument, or its keyword alone; a position also has the keyword `host`."""
    port: int | str
    default_host: str = _ALL
    default_port: int = _DEFAULT_PORT
    is_serial: bool = False
    """Whether it serves one request at a time."""


_PAIR = -1  # the first argument is a pair of both
_SERVERS: Mapping[str, _Call] = {
    # https://docs.aiohttp.org/en/stable/web_reference.html
    "aiohttp.web.run_app": _Call("host", "port"),
    "aiohttp.web.TCPSite": _Call(1, 2),
    "bottle.run": _Call("host", "port", "127.0.0.1"),
    "uvicorn.run": _Call("host", "port", "127.0.0.1", 8000),
    "wsgiref.simple_server.make_server": _Call(0, 1, is_serial=True),
    # https://docs.python.org/3/library/http.server.html
    "http.server.HTTPServer": _Call(_PAIR, _PAIR, is_serial=True),
    "http.server.ThreadingHTTPServer": _Call(_PAIR, _PAIR),
    "socketserver.TCPServer": _Call(_PAIR, _PAIR, is_serial=True),
    "socketserver.ThreadingTCPServer": _Call(_PAIR, _PAIR),
    "http.server.test": _Call("bind", "port", default_port=8000),
}
# By the kind of an application and its method.
_METHODS: Mapping[tuple[str, str], _Call] = {
    ("sanic", "run"): _Call(0, 1, "127.0.0.1", 8000),
    ("sanic", "prepare"): _Call(0, 1, "127.0.0.1", 8000),
    ("tornado", "listen"): _Call("address", 0),
    ("wsgi", "run"): _Call(0, 1, "127.0.0.1", 5000),  # Flask's
}
_LISTENING_SERVERS = ("tornado.httpserver.HTTPServer", "tornado.tcpserver.TCPServer")


def program_warnings(code: Code, command: str) -> Iterator[ProgramWarning]:
    """What the program of a start command does that its code must change.

    Args:
        code: the app's modules.
        command: the start command.
    """
    match = _RUN.search(command)
    if not match:
        return
    for module in code.modules:
        if _is_run(module, match["module"], match["file"]):
            yield from _Listening(code, module).warnings()
            return


def _is_run(module: Module, name: str | None, file: str | None) -> bool:
    """Whether `python FILE` or `python -m NAME` runs a module; the folder of a file may be that of a `cd` before."""
    if file:
        return f"/{module.file}".endswith(f"/{file.removeprefix('./')}")
    return module.name == f"{name}.__main__" or (module.name == name and not module.file.endswith("__init__.py"))


class _Listening:
    def __init__(self, code: Code, module: Module) -> None:
        self._code, self._module, self._objects = code, module, AppObjects(code)
        self._values = list(assignments([node for node in ast.walk(module.tree) if isinstance(node, ast.stmt)]))

    def warnings(self) -> Iterator[ProgramWarning]:
        for node in ast.walk(self._module.tree):
            call = self._server(node) if isinstance(node, ast.Call) else None
            if call and isinstance(node, ast.Call):
                yield from self._of_call(node, call)

    def _server(self, node: ast.Call) -> _Call | None:
        dotted = self._module.dotted(node.func)
        if dotted in _SERVERS:
            return _SERVERS[dotted]
        if dotted in self._module.classes:
            bases = [self._module.dotted(base) for base in self._module.classes[dotted].bases]
            call = next((_SERVERS[base] for base in bases if base in _SERVERS), None)
            is_threaded = any(base.endswith("ThreadingMixIn") for base in bases)
            return call and call._replace(is_serial=call.is_serial and not is_threaded)
        if not isinstance(node.func, ast.Attribute):
            return None
        server, method = node.func.value, node.func.attr
        values = [value for name, value in self._values if isinstance(server, ast.Name) and name == server.id]
        if method == "listen" and any(
            isinstance(value, ast.Call) and self._module.dotted(value.func) in _LISTENING_SERVERS
            for value in (server, *values)
        ):
            return _METHODS["tornado", "listen"]
        kinds = [self._objects.kind_of(value, self._module) for value in (server, *values)]
        return next((_METHODS[kind, method] for kind in kinds if kind and (kind, method) in _METHODS), None)

    def _of_call(self, node: ast.Call, call: _Call) -> Iterator[ProgramWarning]:
        host, port = self._address(node, call)
        place = f"{self._module.file}, line {node.lineno}"
        if isinstance(port, int) and port != _DEFAULT_PORT:
            yield ProgramWarning(
                f"{place}: the server listens on port {port}, whatever the variable PORT is",
                'pass int(os.environ["PORT"]) as the port',
            )
        if host in _LOOPBACK:
            yield ProgramWarning(
                f"{place}: the server listens on {host}, which the load balancer does not reach",
                f'pass "{_ALL}" as the host',
            )
        if call.is_serial:
            yield ProgramWarning(
                f"{place}: the server handles one request at a time, so a slow visitor delays the health check, and the "
                "task is replaced",
                "use http.server.ThreadingHTTPServer; or serve a WSGI application with gunicorn",
            )

    def _address(self, node: ast.Call, call: _Call) -> tuple[object, object]:
        """The host and the port; None for one that the code does not show."""
        if any(isinstance(argument, ast.Starred) for argument in node.args) or any(
            keyword.arg is None or keyword.arg in ("sock", "path", "unix", "listen", "fd") for keyword in node.keywords
        ):
            return None, None
        if call.host == _PAIR:
            pair = self._value(node.args[0]) if node.args else None
            if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
                return None, None
            return self._constant(pair.elts[0]), self._constant(pair.elts[1])
        return (
            self._argument(node, call.host, "host", call.default_host),
            self._argument(node, call.port, "port", call.default_port),
        )

    def _argument(self, node: ast.Call, place: int | str, keyword: str, default: object) -> object:
        name = place if isinstance(place, str) else keyword
        for argument in node.keywords:
            if argument.arg == name:
                return self._constant(argument.value)
        if isinstance(place, int) and place < len(node.args):
            return self._constant(node.args[place])
        return default

    def _constant(self, node: ast.expr) -> object:
        value = self._value(node)
        return value.value if isinstance(value, ast.Constant) else None

    def _value(self, node: ast.expr) -> ast.expr:
        """The only value of a name in the module, or in the module that it comes from."""
        if not isinstance(node, ast.Name):
            return node
        values = [value for name, value in self._values if name == node.id]
        place = self._code.split(self._module.imports.get(node.id, "")) if not values else None
        if place and place[1] in place[0].objects:
            return place[0].objects[place[1]]
        return values[0] if len(values) == 1 and not self._is_parameter(node.id) else node

    def _is_parameter(self, name: str) -> bool:
        return any(isinstance(node, ast.arg) and node.arg == name for node in ast.walk(self._module.tree))
