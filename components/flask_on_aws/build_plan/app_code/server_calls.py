"""Whether a function starts a server, as far as its code shows."""

import ast
from collections.abc import Collection, Iterator, Sequence
from enum import Enum, auto

from ..own_image.programs import is_server
from .app_objects import AppObjects, required_parameters
from .python_code import Code, FunctionNode, Module, assignments, is_main_guard

_FUNCTIONS = frozenset(
    {
        *("uvicorn.run", "waitress.serve", "hypercorn.asyncio.serve", "hypercorn.trio.serve", "hypercorn.run.run"),
        *("werkzeug.serving.run_simple", "aiohttp.web.run_app", "bjoern.run", "eventlet.wsgi.server", "bottle.run"),
        *("gunicorn.app.wsgiapp.run", "nicegui.ui.run", "cherrypy.quickstart", "cherrypy.engine.block"),
        *("meinheld.server.run", "fastwsgi.run", "socketify.run", "sanic.Sanic.serve", "http.server.test"),
    }
)
_CLASSES = (
    *("uvicorn.Server", "granian.Granian", "granian.server.Server", "flask_socketio.SocketIO", "cheroot.wsgi.Server"),
    *("gunicorn.app.base.BaseApplication", "gunicorn.app.wsgiapp.WSGIApplication", "gevent.pywsgi.WSGIServer"),
    *("gunicorn.app.base.Application", "tornado.ioloop.IOLoop", "cherrypy.wsgiserver.CherryPyWSGIServer"),
    *("robyn.Robyn", "daphne.server.Server", "socketify.App", "tornado.httpserver.HTTPServer"),
)
# Tornado's `listen` starts to serve; what follows waits.
_METHODS = frozenset({"run", "serve", "start", "safe_start", "run_server", "run_app", "run_forever", "listen"})
_FOREVER = frozenset({"serve_forever"})
_PROGRAMS = frozenset(
    {
        *("os.system", "os.popen", "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.Popen"),
        *(f"os.exec{ending}" for ending in ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")),
        *("django.core.management.execute_from_command_line", "django.core.management.call_command"),
    }
)
# What runs a function that it gets, and waits for it.
_CALLERS = frozenset({"asyncio.run", "anyio.run", "trio.run", "typer.run", "uvloop.run"})
_CALLING_METHOD = "run_sync"  # of Tornado's IOLoop
# Functions that call functions: more levels than a program has before it serves.
_DEEPEST = 8


class Starts(Enum):
    """Whether a function starts a server."""

    ALWAYS = "starts a server"
    SOMETIMES = "starts a server on some paths only"
    NEVER = "starts no server"
    UNSEEN = "is not in the app's code"


class _Outcome(Enum):
    """How statements may end."""

    SERVES = auto()
    LEAVES = auto()
    """They leave the function, or the program, without a server."""
    FALLS_THROUGH = auto()


_FALLS_THROUGH = frozenset({_Outcome.FALLS_THROUGH})


class ServerCalls:
    """Finds calls that start a server."""

    def __init__(self, code: Code) -> None:
        self._code, self._objects = code, AppObjects(code)

    def entry_point(self, module_name: str, path: str) -> tuple[Starts, str]:
        """What an entry point does, `module:path`, and where its code is."""
        module = self._code.module(module_name)
        if module is None:
            return Starts.UNSEEN, ""
        if "." in path:
            first, *attributes = path.split(".")
            node: ast.expr = ast.Name(first)
            for attribute in attributes:
                node = ast.Attribute(node, attribute)
            does = self._is_server_call(ast.Call(node, [], []), module, {}, 0)
            return (Starts.ALWAYS if does else Starts.UNSEEN), module.file
        place = self._function(path, module)
        if place is None:
            return Starts.UNSEEN, module.file
        function, owner = place
        where = f"{owner.file}, line {function.lineno}"
        if self._needs_arguments(function, owner):
            return Starts.SOMETIMES, where
        if self._always(function.body, owner, {}, 0):
            return Starts.ALWAYS, where
        return (Starts.SOMETIMES if self._mentions(function, owner, 0) else Starts.NEVER), where

    def main(self, module: Module) -> bool:
        """Whether a module starts a server as a program, `python module.py`."""
        return self._always(_program(module.tree.body), module, {}, 0)

    def _function(self, name: str, module: Module, depth: int = 0) -> tuple[FunctionNode, Module] | None:
        """A function of a module, which it may import from another."""
        if name in module.functions:
            return module.functions[name], module
        place = self._code.split(module.imports.get(name, ""))
        return self._function(place[1], place[0], depth + 1) if place and depth < _DEEPEST else None

    def _needs_arguments(self, function: FunctionNode, module: Module) -> bool:
        """Whether a command line must have more words than its program."""
        for decorator in function.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            last = module.dotted(call).rpartition(".")[2]
            if last in ("group", "argument", "callback") or (last == "option" and _has(decorator, "required")):
                return True
        is_plain = not function.decorator_list
        return is_plain and bool(required_parameters(function))

    def _always(self, body: Sequence[ast.stmt], module: Module, local: dict[str, ast.expr], depth: int) -> bool:
        """Whether every path through statements comes to a call that starts a server."""
        return self._outcomes(body, module, dict(local), depth) == {_Outcome.SERVES}

    def _outcomes(
        self, body: Sequence[ast.stmt], module: Module, local: dict[str, ast.expr], depth: int
    ) -> set[_Outcome]:
        """How statements may end; adds the values of names to `local`."""
        outcomes = set[_Outcome]()
        for node in body:
            local |= dict(assignments([node]))
            of_node = self._outcomes_of(node, module, local, depth)
            outcomes |= set(of_node) - _FALLS_THROUGH
            if _Outcome.FALLS_THROUGH not in of_node:
                return outcomes
        return outcomes | _FALLS_THROUGH

    def _outcomes_of(
        self, node: ast.stmt, module: Module, local: dict[str, ast.expr], depth: int
    ) -> Collection[_Outcome]:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                return _FALLS_THROUGH
            case ast.If():
                if self._any_call(node.test, module, local, depth):
                    return {_Outcome.SERVES}
                branches = [self._outcomes(branch, module, local, depth) for branch in (node.body, node.orelse)]
                return branches[0] | branches[1]
            case ast.With() | ast.AsyncWith() | ast.Try():
                items = [] if isinstance(node, ast.Try) else [item.context_expr for item in node.items]
                if any(self._any_call(item, module, local, depth) for item in items):
                    return {_Outcome.SERVES}
                return self._outcomes([*node.body, *getattr(node, "orelse", [])], module, local, depth)
            case ast.While() if isinstance(node.test, ast.Constant) and node.test.value:
                serves = self._always(node.body, module, local, depth)
                return {_Outcome.SERVES if serves else _Outcome.LEAVES}
            case ast.For() | ast.AsyncFor() | ast.While():
                return _FALLS_THROUGH
            case ast.Match():
                return {_Outcome.LEAVES}
            case _:
                if self._any_call(node, module, local, depth):
                    return {_Outcome.SERVES}
                leaves = isinstance(node, ast.Return | ast.Raise) or _exits(node, module)
                return {_Outcome.LEAVES} if leaves else _FALLS_THROUGH

    def _mentions(self, function: FunctionNode, module: Module, depth: int) -> bool:
        """Whether some path may start a server."""
        return self._any_call(ast.Module(list(function.body), []), module, dict(assignments(function.body)), depth)

    def _any_call(self, node: ast.AST, module: Module, local: dict[str, ast.expr], depth: int) -> bool:
        return any(self._is_server_call(call, module, local, depth) for call in _calls(node))

    def _is_server_call(self, call: ast.Call, module: Module, local: dict[str, ast.expr], depth: int) -> bool:
        dotted = module.dotted(call.func)
        if dotted in _FUNCTIONS:
            return True
        if dotted in _PROGRAMS:
            return _runs_server(call, dotted)
        if isinstance(call.func, ast.Attribute):
            if call.func.attr in _FOREVER:
                return True
            if call.func.attr in _METHODS and self._serves(call.func.value, module, local):
                return True
        if depth > _DEEPEST:
            return False
        called = self._called(call.func, dotted, module)
        is_caller = dotted in _CALLERS or (isinstance(call.func, ast.Attribute) and call.func.attr == _CALLING_METHOD)
        if is_caller and call.args and isinstance(call.args[0], ast.Name):
            called = self._function(call.args[0].id, module)
        return bool(called) and self._always(called[0].body, called[1], {}, depth + 1)

    def _called(self, function: ast.expr, dotted: str, module: Module) -> tuple[FunctionNode, Module] | None:
        """The app's function that a call runs."""
        if isinstance(function, ast.Name):
            return self._function(function.id, module)
        place = self._code.split(dotted)
        return self._function(place[1], place[0]) if place else None

    def _serves(self, node: ast.expr, module: Module, local: dict[str, ast.expr]) -> bool:
        """Whether an object is an application or a server."""
        if isinstance(node, ast.Name):
            name = node.id
            node = local.get(name) or module.objects.get(name) or node
            place = self._code.split(module.imports.get(name, "")) if isinstance(node, ast.Name) else None
            if place and place[1] in place[0].objects:
                return self._serves(place[0].objects[place[1]], place[0], {})
        if self._objects.kind_of(node, module, local):
            return True
        while isinstance(node, ast.Call):
            dotted = module.dotted(node.func)
            if dotted in _CLASSES or dotted.startswith("tornado.ioloop.IOLoop"):
                return True
            owner, name = self._code.split(dotted) or (module, dotted)
            if name in owner.classes:
                return any(owner.dotted(base) in _CLASSES for base in owner.classes[name].bases)
            node = node.func.value if isinstance(node.func, ast.Attribute) else ast.Constant(None)
        return False


def _calls(node: ast.AST) -> Iterator[ast.Call]:
    """The calls of a statement without those of functions that it defines, inner ones first."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return
    for child in ast.iter_child_nodes(node):
        yield from _calls(child)
    if isinstance(node, ast.Call):
        yield node


def _exits(node: ast.stmt, module: Module) -> bool:
    return any(module.dotted(call.func) in ("sys.exit", "exit", "quit", "os._exit") for call in _calls(node))


def _runs_server(call: ast.Call, dotted: str) -> bool:
    """Whether a call that runs a program runs a server: its words are constants, as far as they matter."""
    words = [
        inner.value for inner in ast.walk(call) if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
    ]
    if dotted.startswith("django"):
        return "runserver" in words
    if len(words) == 1:
        words = words[0].split()
    rest = words[1:] if dotted.startswith("os.exec") else words
    return is_server(words) or is_server(rest)


def _has(node: ast.expr, keyword: str) -> bool:
    keywords = node.keywords if isinstance(node, ast.Call) else []
    return any(
        word.arg == keyword and isinstance(word.value, ast.Constant) and word.value.value is True for word in keywords
    )


def _program(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """A module's statements as a program runs them: those of `if __name__ == "__main__":` in its place."""
    made = list[ast.stmt]()
    for node in body:
        if isinstance(node, ast.If) and is_main_guard(node):
            made += node.body
        else:
            made.append(node)
    return made
