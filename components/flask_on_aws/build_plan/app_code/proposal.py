"""What would start an app that does not say so: its application object, by a server that is among its dependencies."""

import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from ..project_files import ProjectFiles
from .app_objects import AppObject, AppObjects, Kind
from .python_code import Code
from .server_program import ServerProgram, server_program

# What is proposed where the code shows no application.
EXAMPLE = "gunicorn --bind 0.0.0.0:$PORT app:app"
TORNADO_EXAMPLE = "python main.py"


class Proposal(NamedTuple):
    """A start command that would run."""

    command: str
    """Empty if nothing in the code shows how the app starts."""
    reason: str
    """Where it comes from, or what prevents it; the part of a sentence."""
    missing: str = ""
    """The package that must be added to the dependencies first."""
    release: str = ""
    """The release command that would run the app's migrations; empty if it has one, or none."""
    example: str = EXAMPLE
    """What to show where there is no command."""

    @property
    def sentence(self) -> str:
        """What to do, the end of a sentence."""
        if not self.command:
            return f"set start_command, for example to: {self.example} ({self.reason})"
        add = f"add {self.missing} to the dependencies and " if self.missing else ""
        return f"{add}set start_command to: {self.command} ({self.reason})"


class _Server(NamedTuple):
    """A server, and how its command line names an application."""

    package: str
    command: Callable[[str, bool], str]
    """From `module:object` and whether that is a factory to call."""
    provided_by: tuple[str, ...] = ()
    """Packages that bring it, besides its own."""
    can_load: Callable[[AppObject], bool] = lambda found: not found.is_async
    """Whether it can load an application."""


def _called(target: str) -> str:
    return shlex.quote(f"{target}()")


def _gunicorn(target: str, is_factory: bool) -> str:
    return f"gunicorn --bind 0.0.0.0:$PORT {_called(target) if is_factory else target}"


def _gunicorn_aiohttp(target: str, is_factory: bool) -> str:
    name = _called(target) if is_factory else target
    return f"gunicorn --bind 0.0.0.0:$PORT --worker-class aiohttp.GunicornWebWorker {name}"


def _aiohttp(target: str, is_factory: bool) -> str:
    return f"python -m aiohttp.web --hostname 0.0.0.0 --port $PORT {target}"


def _granian(interface: str) -> Callable[[str, bool], str]:
    start = f"granian --interface {interface} --host 0.0.0.0 --port $PORT"
    return lambda target, is_factory: f"{start} {'--factory ' if is_factory else ''}{target}"


def _waitress(target: str, is_factory: bool) -> str:
    return f"waitress-serve --listen 0.0.0.0:$PORT {'--call ' if is_factory else ''}{target}"


def _uwsgi(target: str, is_factory: bool) -> str:
    return f"uwsgi --http 0.0.0.0:$PORT --master --module {_called(target) if is_factory else target}"


def _uvicorn(target: str, is_factory: bool) -> str:
    return f"uvicorn --host 0.0.0.0 --port $PORT {'--factory ' if is_factory else ''}{target}"


def _hypercorn(target: str, is_factory: bool) -> str:
    return f"hypercorn --bind 0.0.0.0:$PORT {_called(target) if is_factory else target}"


def _daphne(target: str, is_factory: bool) -> str:
    return f"daphne --bind 0.0.0.0 --port $PORT {target}"


def _sanic(target: str, is_factory: bool) -> str:
    # Sanic does not read the variable, and starts one process without the option.
    workers = "--workers ${WEB_CONCURRENCY:-1}"
    return f"sanic {target} --host 0.0.0.0 --port $PORT {workers}{' --factory' if is_factory else ''}"


def _has_no_factory(found: AppObject) -> bool:
    return not found.is_factory


def _needs_no_arguments(found: AppObject) -> bool:
    return found.argv != "required"


def _takes_arguments(found: AppObject) -> bool:
    return found.argv != ""


# Packages that bring uvicorn.
_UVICORN_EXTRAS = (
    *("uvicorn-standard", "uvicorn-worker", "fastapi-standard", "fastapi-all", "fastapi-cli-standard"),
    *(
        "fastapi-standard-no-fastapi-cloud-cli",
        "litestar-cli",
        "litestar-full",
        "litestar-standard",
        "connexion-uvicorn",
    ),
)
# The first of each row that is a dependency is proposed; the first of all where none is.
_SERVERS: Mapping[Kind, tuple[_Server, ...]] = {
    "wsgi": (
        _Server("gunicorn", _gunicorn),
        _Server("granian", _granian("wsgi")),
        _Server("waitress", _waitress),
        _Server("uwsgi", _uwsgi, ("pyuwsgi", "uwsgi-tools")),
        _Server("hypercorn", _hypercorn),
    ),
    "asgi": (
        _Server("uvicorn", _uvicorn, _UVICORN_EXTRAS),
        _Server("granian", _granian("asgi")),
        _Server("hypercorn", _hypercorn, ("quart",)),
        _Server("daphne", _daphne, can_load=_has_no_factory),
    ),
    "sanic": (_Server("sanic", _sanic),),
    "aiohttp": (
        # Its worker calls a coroutine function itself.
        _Server("gunicorn", _gunicorn_aiohttp, can_load=_needs_no_arguments),
        _Server("aiohttp", _aiohttp, can_load=_takes_arguments),
    ),
}


def propose(files: ProjectFiles, packages: Collection[str], installed: bool) -> Proposal:
    """The start command that an app's code and dependencies show.

    Args:
        files: the app's folder.
        packages: normalized names of the dependencies.
        installed: whether the app is installed as a package.
    """
    code = files.once(Code)
    finder = AppObjects(code)
    found = _group(finder.servable())
    found = [app for app in found if _servers(app)]
    choices = [command_for(app, packages, installed) for app in found]
    ready = [choice for choice in choices if not choice.missing]
    program = server_program(code, installed)
    # The server of aiohttp's own is meant for production.
    is_own = program and choices and found[0].kind == "aiohttp" and not ready
    if choices and not is_own:
        # Django has both interfaces; WSGI needs no code that is safe for asyncio.
        of_wsgi = [choice for choice, app in zip(choices, found, strict=True) if app.kind == "wsgi"]
        return (ready or of_wsgi or choices)[0]
    if program:
        return _of_program(program)
    for factory in finder.factories_with_parameters():
        return Proposal(
            "",
            f"{factory.name} in {factory.file} needs arguments, {', '.join(factory.parameters)}; add a wsgi.py that calls it, "
            "and name its object",
        )
    tornado = next((app for app in finder.applications() if app.kind == "tornado"), None)
    if tornado:
        return _own_server(code, tornado, installed)
    return Proposal("", "the code shows no WSGI or ASGI application; put yours in the place of app:app")


def fitting(code: Code, found: AppObject, packages: Collection[str], installed: bool) -> Proposal:
    """The command that serves an application: that of a server, or of the app's program that starts its own.

    Args:
        code: the app's modules.
        found: the application.
        packages: normalized names of the dependencies.
        installed: whether the app is installed as a package.
    """
    if found.kind == "tornado":
        return _own_server(code, found, installed)
    choice = command_for(found, packages, installed)
    program = server_program(code, installed) if choice.missing and found.kind == "aiohttp" else None
    return _of_program(program) if program else choice


def _own_server(code: Code, found: AppObject, installed: bool) -> Proposal:
    """The program that serves an application whose framework's server is started in code, as Tornado's."""
    program = server_program(code, installed)
    if program:
        return _of_program(program)
    reason = (
        f"no module of the app starts the server of {found.name}{'()' if found.is_factory else ''} in {found.module.file}: "
        "add a main.py that calls its method listen with the port of the variable PORT"
    )
    return Proposal("", reason, example=TORNADO_EXAMPLE)


def _of_program(program: ServerProgram) -> Proposal:
    return Proposal(program.command, f"{program.module.file} starts its own server")


def _group(found: Sequence[AppObject]) -> list[AppObject]:
    """The likeliest application, and those of the other interface next to it, as Django has in wsgi.py and asgi.py."""
    names = {app.module.name.rpartition(".")[2] for app in found[:1]}
    if names <= {"wsgi", "asgi"}:
        return [app for app in found if app.module.name.rpartition(".")[2] in ("wsgi", "asgi")]
    return list(found[:1])


def _servers(found: AppObject) -> list[_Server]:
    """The servers that can load an application."""
    return [server for server in _SERVERS.get(found.kind, ()) if server.can_load(found)]


def command_for(found: AppObject, packages: Collection[str], installed: bool) -> Proposal:
    """The command that serves an application, with the first server that is a dependency.

    Args:
        found: an application that some server can load.
        packages: normalized names of the dependencies.
        installed: whether the app is installed as a package.
    """
    servers = _servers(found)
    there = [server for server in servers if not {server.package, *server.provided_by}.isdisjoint(packages)]
    server = (there or servers)[0]
    command = server.command(f"{found.module.name}:{found.name}", found.is_factory and not found.is_async)
    interface = {"wsgi": "WSGI", "asgi": "ASGI", "sanic": "Sanic", "aiohttp": "aiohttp"}[found.kind]
    reason = f"{found.name}{'()' if found.is_factory else ''} in {found.module.file} is the {interface} application"
    # Without any name, the dependencies are not known before they are installed.
    missing = server.package if packages and not there else ""
    return Proposal(found.module.in_root(command, installed), reason, missing)
