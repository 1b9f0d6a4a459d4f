"""Finds the WSGI or ASGI application in an app's code, without importing it."""

import ast
from collections.abc import Iterator
from typing import Literal, NamedTuple

from .python_code import Code, FunctionNode, Module, assignments
from .signatures import interface_of_function, interface_of_instances, is_wsgi_class, positional

Kind = Literal["wsgi", "asgi", "sanic", "aiohttp", "tornado", "dash"]
_WSGI = (
    *("flask.Flask", "flask.app.Flask", "apiflask.APIFlask", "flask_openapi3.OpenAPI", "bottle.Bottle", "falcon.App"),
    *("bottle.default_app", "bottle.app", "falcon.API", "django.core.wsgi.get_wsgi_application", "socketio.WSGIApp"),
    *("cherrypy.Application", "cherrypy.tree.mount", "a2wsgi.ASGIMiddleware", "whitenoise.WhiteNoise"),
    "werkzeug.middleware.dispatcher.DispatcherMiddleware",
)
_ASGI = (
    *("fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette", "quart.Quart"),
    *("quart.app.Quart", "litestar.Litestar", "litestar.app.Litestar", "falcon.asgi.App", "blacksheep.Application"),
    *("blacksheep.server.Application", "django.core.asgi.get_asgi_application", "channels.routing.ProtocolTypeRouter"),
    *("socketio.ASGIApp", "asgiref.wsgi.WsgiToAsgi", "a2wsgi.WSGIMiddleware", "connexion.AsyncApp", "connexion.App"),
    *("connexion.FlaskApp", "esmerald.Esmerald", "ravyn.Ravyn", "gradio.mount_gradio_app"),
)
_CLASSES: dict[str, Kind] = {
    **dict.fromkeys(_WSGI, "wsgi"),
    **dict.fromkeys(_ASGI, "asgi"),
    "sanic.Sanic": "sanic",
    "sanic.app.Sanic": "sanic",
    "aiohttp.web.Application": "aiohttp",
    "tornado.web.Application": "tornado",
    "dash.Dash": "dash",
    "dash.dash.Dash": "dash",
}
# Classes that are WSGI applications in older versions of their library.
_AMBIGUOUS = "connexion."
# Modules named for their server interface first, then those that hold an app by convention.
_MODULES = ("app", "application", "main", "server", "autoapp", "run", "api", "web")
_NAMES = ("application", "app", "server", "api", "asgi", "wsgi")
# How far from a name to its value, through imports, factories and wrappers.
_FARTHEST = 12


class AppObject(NamedTuple):
    """An application, or a function that creates it."""

    module: Module
    name: str
    kind: Kind
    is_factory: bool = False
    is_async: bool = False
    """Whether the function that creates it is a coroutine function."""
    argv: Literal["", "optional", "required"] = ""
    """Whether that function takes the arguments of a command line, as `python -m aiohttp.web` passes them."""


class Factory(NamedTuple):
    """A function that creates an application and needs arguments, which a server does not give."""

    file: str
    name: str
    parameters: tuple[str, ...]


class AppObjects:
    """The applications in an app's code."""

    def __init__(self, code: Code, is_strict: bool = False) -> None:
        """Read no code yet.

        Args:
            code: the app's modules.
            is_strict: whether wrappers of unknown origin have no kind. Default: they have that of what they wrap.
        """
        self._code, self._is_strict = code, is_strict

    def applications(self) -> list[AppObject]:
        """All applications, and functions that create one, the most likely first."""
        return sorted((app for module in self._code.modules for app in self._of_module(module)), key=_likelihood)

    def servable(self) -> list[AppObject]:
        """The applications that a server can load, the most likely first."""
        return [app for app in self.applications() if app.kind in ("wsgi", "asgi", "sanic", "aiohttp")]

    def find(self, module_name: str, name: str) -> AppObject | None:
        """The application, or the function that creates it, that a server finds by `module:name`.

        None if the app has several modules of that name in different folders, and not all have such an application.
        """
        apps = [self._named(module, name) for module in self._code.modules if module.name == module_name]
        return apps[0] if len({app and app.kind for app in apps}) == 1 else None

    def _named(self, module: Module, name: str) -> AppObject | None:
        function, node = module.functions.get(name), module.classes.get(name)
        app = self._of_function(module, name, function) if function else None
        if app or (node and is_wsgi_class(node)):
            return app or AppObject(module, name, "wsgi")
        kind = self.kind_of_function(function, module) if function else self._of_name(ast.Name(name), module, None, 0)
        return AppObject(module, name, kind, is_factory=function is not None) if kind else None

    def _interface(self, function: FunctionNode, module: Module) -> Kind | None:
        return interface_of_function(function, module, self._is_strict)

    def factories_with_parameters(self) -> list[Factory]:
        """Functions that create an application from arguments."""
        return [
            Factory(module.file, name, parameters)
            for module in self._code.modules
            for name, function in module.functions.items()
            if (parameters := required_parameters(function)) and self.kind_of_function(function, module)
        ]

    def kind_of(
        self, node: ast.expr, module: Module, local: dict[str, ast.expr] | None = None, depth: int = 0
    ) -> Kind | None:
        """What kind of application an expression is; None for anything else.

        Args:
            node: the expression.
            module: the module that it is in.
            local: values of names of the function that it is in.
            depth: how many names have led to it.
        """
        if depth > _FARTHEST:
            return None
        match node:
            case ast.Name(id=name) if local and name in local:
                value = local[name]
                rest = {key: other for key, other in local.items() if key != name}
                return self.kind_of(value, module, rest, depth + 1)
            case ast.Name() | ast.Attribute():
                return self._of_name(node, module, local, depth)
            case ast.Call():
                return self._of_call(node, module, local, depth)
            case ast.BoolOp(values=[*_, last]):
                return self.kind_of(last, module, local, depth + 1)
            case ast.IfExp():
                return self.kind_of(node.body, module, local, depth + 1)
            case _:
                return None

    def kind_of_function(self, function: FunctionNode, module: Module, depth: int = 0) -> Kind | None:
        """What kind of application a function returns."""
        nodes = list(own_nodes(function))
        inner: dict[str, Kind | None] = {
            node.name: self._interface(node, module) for node in nodes if isinstance(node, FunctionNode)
        }
        local = dict[str, ast.expr]()
        for name, value in assignments([node for node in nodes if isinstance(node, ast.stmt)]):
            if not _names(value, name):  # `app = Middleware(app)` has the kind of the app before it
                local[name] = value
            elif self._is_strict:
                local[name] = ast.Constant(None)
        for node in nodes:
            if isinstance(node, ast.Return) and node.value:
                name = node.value.id if isinstance(node.value, ast.Name) else ""
                kind: Kind | None = inner.get(name) or self.kind_of(node.value, module, local, depth + 1)
                if kind:
                    return kind
        return None

    def _of_name(
        self, node: ast.Name | ast.Attribute, module: Module, local: dict[str, ast.expr] | None, depth: int
    ) -> Kind | None:
        if isinstance(node, ast.Attribute) and node.attr in ("server", "wsgi_app", "app"):
            kind = self.kind_of(node.value, module, local, depth + 1)
            if kind:
                return "wsgi" if kind == "dash" else kind
        if isinstance(node, ast.Name) and node.id in module.objects:
            return self._of_object(module, node.id, depth)
        if isinstance(node, ast.Name) and node.id in module.functions:
            return self._interface(module.functions[node.id], module)
        place = self._code.split(module.dotted(node))
        if place and (place[0] is not module or place[1] not in module.imports):
            other, name = place
            return self.kind_of(ast.Name(name), other, None, depth + 1)
        return None

    def _of_call(self, node: ast.Call, module: Module, local: dict[str, ast.expr] | None, depth: int) -> Kind | None:
        dotted = module.dotted(node.func)
        if dotted in _CLASSES:
            return None if self._is_strict and dotted.startswith(_AMBIGUOUS) else _CLASSES[dotted]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "make_wsgi_app":
            return "wsgi"  # Pyramid's Configurator
        other, name = self._code.split(dotted) or (module, dotted)
        if name in other.functions:
            return self.kind_of_function(other.functions[name], other, depth + 1)
        if name in other.classes:
            return self._of_class(other.classes[name], other, depth + 1)
        if name in other.imports and other is not module and depth < _FARTHEST:
            return self._of_call(ast.Call(ast.Name(name), node.args, node.keywords), other, None, depth + 1)
        # A wrapper of unknown origin, such as the middleware of a monitoring service.
        wraps = not self._is_strict and node.args and isinstance(node.args[0], ast.Name | ast.Attribute | ast.Call)
        return self.kind_of(node.args[0], module, local, depth + 1) if wraps else None

    def _of_class(self, node: ast.ClassDef, module: Module, depth: int) -> Kind | None:
        for base in node.bases:
            kind = self._of_call(ast.Call(base, [], []), module, None, depth + 1) if depth < _FARTHEST else None
            if kind:
                return kind
        return interface_of_instances(node)

    def _of_module(self, module: Module) -> Iterator[AppObject]:
        for name in module.objects:
            kind = self._of_object(module, name, 0)
            if kind:
                yield AppObject(module, name, kind)
        for name, function in module.functions.items():
            app = self._of_function(module, name, function)
            if app:
                yield app
        yield from (AppObject(module, name, "wsgi") for name, node in module.classes.items() if is_wsgi_class(node))
        if _last(module) in ("wsgi", "asgi", *_MODULES):
            for name in module.imports.keys() & set(_NAMES) - module.objects.keys():
                kind = self._of_name(ast.Name(name), module, None, 0)
                if kind:
                    yield AppObject(module, name, kind)

    def _of_function(self, module: Module, name: str, function: FunctionNode) -> AppObject | None:
        """The application that a function is or creates, if a server can load it."""
        kind: Kind | None = self._interface(function, module)
        if kind or function.decorator_list:
            return AppObject(module, name, kind) if kind else None
        required = required_parameters(function)
        takes_argv = positional(function)[:1] in (["argv"], ["args"]) and len(required) <= 1
        kind = self.kind_of_function(function, module) if takes_argv or not required else None
        is_async = isinstance(function, ast.AsyncFunctionDef)
        if kind == "aiohttp":
            argv = ("required" if required else "optional") if takes_argv else ""
            return AppObject(module, name, kind, is_factory=True, is_async=is_async, argv=argv)
        return AppObject(module, name, kind, is_factory=True) if kind and not (is_async or required) else None

    def _of_object(self, module: Module, name: str, depth: int) -> Kind | None:
        """The kind of a module's object; one that wraps the value before it, as `app = Middleware(app)`, has its kind."""
        assigned = [value for key, value in assignments(module.statements) if key == name]
        values = [value for value in assigned if not _names(value, name)]
        if self._is_strict and len(values) < len(assigned):
            return None
        return self.kind_of(values[-1], module, None, depth + 1) if values else None


def own_nodes(function: FunctionNode) -> Iterator[ast.AST]:
    """The nodes of a function's body without those of functions in it."""
    waiting: list[ast.AST] = list(reversed(function.body))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
            waiting += reversed(list(ast.iter_child_nodes(node)))


def _names(node: ast.expr, name: str) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id == name for inner in ast.walk(node))


def required_parameters(function: FunctionNode) -> tuple[str, ...]:
    """The parameters of a function that have no default."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    keywords = [
        argument
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if default is None
    ]
    return tuple(argument.arg for argument in (*needed, *keywords))


def _last(module: Module) -> str:
    return module.name.rpartition(".")[2]


def _likelihood(found: AppObject) -> tuple[int, int, bool, int, int, str]:
    last = _last(found.module)
    rank = _MODULES.index(last) if last in _MODULES else len(_MODULES)
    name = _NAMES.index(found.name) if found.name in _NAMES else len(_NAMES)
    depth = found.module.name.count(".") + bool(found.module.root and found.module.root != "src")
    return (last not in ("wsgi", "asgi"), depth, found.is_factory, rank, name, f"{found.module.name}:{found.name}")
