"""Makes the outputs that only an update determines into references, so that what is computed from them can be compared.

In a preview, a container definition is unknown as a whole if one variable in it is the host of a database that does not
exist yet. Here that host is the text `${Instance app-db.address}`, and the rest of the definition is known.

A program may do in `apply` what needs the actual value, such as call an API. So an `apply` of a value with references
cannot change anything outside of the process, and its result is unknown if it fails. The whole program has no network.

Runs in the program's own interpreter: it imports nothing of this package.
"""

import contextlib
import contextvars
import inspect
import os
import re
import sys
import typing
from collections.abc import Callable, Generator, Mapping
from typing import Any, cast

import pulumi
from pulumi import _types as sdk_types  # pyright: ignore[reportPrivateUsage]
from pulumi.output import UNKNOWN
from pulumi.runtime import rpc

# As `reference` in ../model/references.py writes it.
_REFERENCE = re.compile(r"\$\{\w+ [^{}]+\.\w+\}")
_NETWORK_EVENTS = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
# Audit events of what changes something outside of the process (https://docs.python.org/3/library/audit_events.html).
_EFFECTS = frozenset(
    {
        *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty"),
        *("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod"),
        *("shutil.rmtree", "shutil.move", "shutil.copyfile", "socket.connect", "socket.bind"),
    }
)
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_LOCAL = ("127.0.0.1", "::1", "localhost")

_is_pure = contextvars.ContextVar("is_pure", default=False)
_resource: contextvars.ContextVar[Any] = contextvars.ContextVar("resource", default=None)


class _EffectError(Exception):
    """An `apply` of a value with references tried to change something outside of the process."""


def install() -> None:
    """Change the SDK of this process. Called once, before the program runs."""
    sys.addaudithook(_audit)
    # The SDK sends a message for each step of each resource, and waits for the response.
    cast(Any, pulumi.log).debug = _discard
    _name_outputs()
    _run_applies()


def _discard(*arguments: Any, **named: Any) -> None:
    """Does nothing."""


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _NETWORK_EVENTS and (host := _remote_host(event, arguments)):
        raise pulumi.RunError(
            f"The program connects to {host}, and a review has no network. Pass the value that it looks up as "
            "configuration, or read it with a data source of pulumi_aws."
        )
    if _is_pure.get() and (event in _EFFECTS or (event == "open" and _opens_for_writing(arguments))):
        raise _EffectError(event)


def _remote_host(event: str, arguments: tuple[Any, ...]) -> str:
    """The host of another machine in the arguments of an audit event; empty if it is this machine."""
    address = arguments[0] if event.startswith("socket.get") else arguments[1]
    if isinstance(address, tuple):
        address = cast(tuple[Any, ...], address)[0]
    elif event in ("socket.connect", "socket.sendto"):
        return ""  # a socket of this machine, by its path
    host = address.decode() if isinstance(address, bytes) else str(address or "")
    return "" if host in _LOCAL else host


def _opens_for_writing(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2]
    return isinstance(flags, int) and bool(flags & _WRITES)


def _name_outputs() -> None:
    """Resolve text outputs for which the engine has no value to references."""
    resolve_outputs, resolve_properties = cast(Any, rpc.resolve_outputs), cast(Any, rpc.resolve_properties)

    def with_resource(res: Any, *arguments: Any, **named: Any) -> Any:
        token = _resource.set(res)
        try:
            return resolve_outputs(res, *arguments, **named)
        finally:
            _resource.reset(token)

    def with_references(resolvers: Mapping[str, Any], properties: dict[str, Any], *arguments: Any, **named: Any) -> Any:
        resource = _resource.get()
        if isinstance(resource, pulumi.CustomResource):
            properties = {**_references(resource, resolvers.keys() - properties.keys()), **properties}
        return resolve_properties(resolvers, properties, *arguments, **named)

    cast(Any, rpc).resolve_outputs, cast(Any, rpc).resolve_properties = with_resource, with_references


def _references(resource: pulumi.CustomResource, attributes: set[str]) -> dict[str, str]:
    """References to those of the attributes that are texts."""
    kind = type(resource)
    types = sdk_types.resource_types(kind)
    names = {attribute: name for name, attribute in sdk_types.resource_pulumi_to_py_names(kind).items()}
    token = str(cast(Any, resource)._type).rpartition(":")[2]
    label = f"{token} {cast(Any, resource)._name}"
    texts = [attribute for attribute in attributes if _is_text(types.get(names.get(attribute, attribute)))]
    return {attribute: f"${{{label}.{names.get(attribute, attribute)}}}" for attribute in texts}


def _is_text(kind: Any) -> bool:
    members = [member for member in typing.get_args(kind) if member is not type(None)]
    return kind is str or members == [str]


def _run_applies() -> None:
    """Run `apply` on values with references; the result is unknown if the function fails."""
    apply: Any = cast(Any, pulumi.Output).apply

    def apply_to_references(self: Any, func: Callable[[Any], Any], run_with_unknowns: bool = False) -> Any:
        def call(value: Any) -> Any:
            return _call(func, value) if _has_reference(value) else func(value)

        return apply(self, call, run_with_unknowns)

    cast(Any, pulumi.Output).apply = apply_to_references


def _call(func: Callable[[Any], Any], value: Any) -> Any:
    with _pure():
        try:
            result = func(value)
        except Exception:
            return UNKNOWN
    return _awaited(result) if inspect.isawaitable(result) and not isinstance(result, pulumi.Output) else result


async def _awaited(result: Any) -> Any:
    with _pure():
        try:
            return await result
        except Exception:
            return UNKNOWN


@contextlib.contextmanager
def _pure() -> Generator[None]:
    token = _is_pure.set(True)
    try:
        yield
    finally:
        _is_pure.reset(token)


def _has_reference(value: Any) -> bool:
    if isinstance(value, str):
        return bool(_REFERENCE.search(value))
    if isinstance(value, Mapping):
        return any(_has_reference(item) for item in cast(Mapping[Any, Any], value).values())
    return isinstance(value, list | tuple) and any(_has_reference(item) for item in cast(list[Any], value))
