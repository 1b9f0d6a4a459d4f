"""Plain WSGI and ASGI applications, recognized by the parameters of functions and classes."""

import ast
from typing import Literal

from .python_code import FunctionNode, Module

Interface = Literal["wsgi", "asgi"]
_ENVIRONMENTS = ("environ", "env")
_START = "start_response"
_ASGI = ["scope", "receive", "send"]
# Decorators that turn a function of a request into a WSGI application.
_WSGI_DECORATORS = frozenset(
    {"werkzeug.wrappers.Request.application", "werkzeug.Request.application", "webob.dec.wsgify"}
)


def interface_of_function(function: FunctionNode, module: Module, is_strict: bool = False) -> Interface | None:
    """The interface of a function that is an application itself; None for any other function.

    Args:
        function: a function or a method.
        module: the module that it is in.
        is_strict: whether a function with an unknown decorator has no interface. Default: decorators are ignored.
    """
    if any(module.dotted(decorator) in _WSGI_DECORATORS for decorator in function.decorator_list):
        return "wsgi"
    return None if is_strict and function.decorator_list else _interface(function, 0)


def interface_of_instances(node: ast.ClassDef) -> Interface | None:
    """The interface of a class's instances, by its `__call__`."""
    method = _method(node, "__call__")
    return _interface(method, 1) if method else None


def is_wsgi_class(node: ast.ClassDef) -> bool:
    """Whether a server can call the class itself: each instance is the response to one request (PEP 3333)."""
    method = _method(node, "__init__")
    return bool(method and _method(node, "__iter__") and _interface(method, 1) == "wsgi")


def positional(function: FunctionNode) -> list[str]:
    """The names of a function's positional parameters."""
    return [parameter.arg for parameter in (*function.args.posonlyargs, *function.args.args)]


def _interface(function: FunctionNode, skipped: int) -> Interface | None:
    names = positional(function)[skipped:]
    if isinstance(function, ast.AsyncFunctionDef):
        return "asgi" if names == _ASGI else None
    is_wsgi = len(names) == 2 and (names[1] == _START or (names[0] in _ENVIRONMENTS and names[1].startswith("start")))
    return "wsgi" if is_wsgi else None


def _method(node: ast.ClassDef, name: str) -> FunctionNode | None:
    methods = [item for item in node.body if isinstance(item, FunctionNode) and item.name == name]
    return methods[-1] if methods else None
