"""A module of the app that starts its own server, as those of Tornado, aiohttp and http.server do, and its command."""

import ast
import posixpath
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from .python_code import Code, Module
from .server_calls import ServerCalls

_MAIN = "__main__"
# Modules that are programs by convention.
_NAMES = ("main", "app", "server", "run", "serve", "web", "api", _MAIN)
_HOST_OPTIONS = ("--host", "--hostname", "--address", "--ip", "--bind")
_PORT_OPTION = "--port"
_EVERYWHERE = "0.0.0.0"  # noqa: S104 in the container, which only the load balancer reaches


class ServerProgram(NamedTuple):
    """A module that serves when Python runs it."""

    module: Module
    command: str


def server_program(code: Code, installed: bool) -> ServerProgram | None:
    """The likeliest module that starts its own server; None without one.

    Args:
        code: the app's modules.
        installed: whether the app is installed as a package.
    """
    calls = ServerCalls(code)
    modules = [module for module in code.modules if _is_program(module) and calls.main(module)]
    if not modules:
        return None
    module = min(modules, key=_likelihood)
    return ServerProgram(module, _command(module, installed))


def _is_program(module: Module) -> bool:
    """Whether Python may run a module: in the upper folder each, elsewhere those that say so."""
    return "/" not in module.file or module.name.endswith(_MAIN) or module.has_main_guard


def _likelihood(module: Module) -> tuple[int, int, str]:
    last = module.name.rpartition(".")[2]
    return module.file.count("/"), _NAMES.index(last) if last in _NAMES else len(_NAMES), module.file


def _command(module: Module, installed: bool) -> str:
    if "." in module.name:
        run = module.in_root(f"python -m {module.name.removesuffix(f'.{_MAIN}')}", installed)
    elif module.root in ("", "src"):
        run = f"python {shlex.quote(module.file)}"
    else:
        run = module.in_root(f"python {shlex.quote(posixpath.basename(module.file))}")
    return " ".join([run, *_arguments(module)])


def _arguments(module: Module) -> list[str]:
    """The arguments that make a program listen on the port of the environment."""
    if any(isinstance(node, ast.Constant) and node.value == "PORT" for node in ast.walk(module.tree)):
        return []  # it reads the variable itself
    options = dict(_options(module))
    port, hosts = options.get(_PORT_OPTION), [name for name in _HOST_OPTIONS if name in options]
    arguments = [port.format("$PORT")] if port else []
    arguments += [options[name].format(_EVERYWHERE) for name in hosts[:1]] if port else []
    return arguments or (["$PORT"] if not options and _reads_first_argument(module) else [])


def _options(module: Module) -> Iterator[tuple[str, str]]:
    """The options of a program's command line, and how each is written with a value."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call):
            continue
        words = [word.value for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str)]
        last = node.func.attr if isinstance(node.func, ast.Attribute) else module.dotted(node.func).rpartition(".")[2]
        if last in ("add_argument", "option"):  # argparse and click
            yield from ((word, f"{word} {{}}") for word in words if word.startswith("--"))
        elif module.dotted(node.func) == "tornado.options.define" and words:
            yield f"--{words[0]}", f"--{words[0]}={{}}"  # the only form that Tornado reads


def _reads_first_argument(module: Module) -> bool:
    """Whether the program's first argument is a number, which is the port of a server."""
    for node in ast.walk(module.tree):
        match node:
            case ast.Call(func=ast.Name(id="int"), args=[ast.Subscript(value=value, slice=ast.Constant(value=1))]):
                if module.dotted(value) == "sys.argv":
                    return True
            case _:
                continue
    return False
