"""The resources of a blueprint of Render."""

from collections.abc import Mapping
from dataclasses import dataclass

from ...reading.source import Value

CACHES = ("keyvalue", "redis")
TYPES = ("web", "worker", "pserv", "cron", "static", *CACHES)


@dataclass(frozen=True)
class Blueprint:
    """The resources of one environment."""

    services: Mapping[str, Value]
    databases: Mapping[str, Value]
    groups: Mapping[str, Value]


def service_type(service: Value) -> str:
    """The type of a service; a web service of static files is `static`."""
    kind, choices = service["type"], ", ".join(TYPES)
    if kind is None:
        raise service.error(f"must have a type: one of {choices}")
    if kind.text() not in TYPES:
        raise kind.error(f"must be one of {choices}")
    return "static" if runtime_of(service) == "static" else kind.text()


def runtime_of(service: Value) -> str:
    """The runtime of a service, which older files call `env`."""
    runtime = service["runtime"] or service["env"]
    return runtime.text() if runtime else "python"
