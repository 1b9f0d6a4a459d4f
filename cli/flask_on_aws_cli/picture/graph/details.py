"""The line below the title of a node: what it is, and its size."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .kinds import TASK_DEFINITION, Kind, kind_of
from .resources import Resource, Resources, entries, text_of

_ENGINES = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "aurora-postgresql": "Aurora PostgreSQL",
    "aurora-mysql": "Aurora MySQL",
    "docdb": "DocumentDB",
    "valkey": "Valkey",
    "redis": "Redis OSS",
    "memcached": "Memcached",
}
_SERVER = "sqlserver-"
_UNITS = 1024  # CPU units of one vCPU, and MiB of one GiB


def detail(resource: Resource, resources: Resources) -> str:
    """The line below a resource's name, such as `PostgreSQL 17, db.t4g.micro, one zone`."""
    kind = kind_of(resource.type)
    parts = _DETAILS.get(kind.id if kind else "", _label)(resource, resources)
    return ", ".join(filter(None, parts))


def _label(resource: Resource, _: Resources) -> Iterable[str]:
    kind = kind_of(resource.type)
    yield kind.label if kind else resource.service


def _balancer(resource: Resource, _: Resources) -> Iterable[str]:
    kind = {"network": "Network", "gateway": "Gateway"}.get(resource.text("loadBalancerType"), "Application")
    yield f"{kind} Load Balancer"
    yield "internal" if resource.inputs.get("internal") is True else "internet-facing"


def _service(resource: Resource, resources: Resources) -> Iterable[str]:
    yield "ECS on Fargate" if _is_fargate(resource, resources) else "ECS service"
    for definition in resources.referred(resource, "taskDefinition"):
        if definition.type.endswith(TASK_DEFINITION):
            yield _size(definition)
            break
    yield _tasks(resource, resources)


def _is_fargate(service: Resource, resources: Resources) -> bool:
    strategies = [
        str(each.get("capacityProvider")) for each in entries(service.inputs.get("capacityProviderStrategies"))
    ]
    definitions = resources.referred(service, "taskDefinition")
    compatible = [str(item) for each in definitions for item in each.inputs.get("requiresCompatibilities") or ()]
    return any(text.startswith("FARGATE") for text in (*strategies, *compatible, service.text("launchType")))


def _size(definition: Resource) -> str:
    cpu, memory = definition.number("cpu"), definition.number("memory")
    if not cpu or not memory:
        return ""
    return f"{cpu / _UNITS:g} vCPU, {memory / _UNITS:g} GiB"


def _tasks(service: Resource, resources: Resources) -> str:
    for target in resources.users(service):
        if target.type.endswith("appautoscaling/target:Target"):
            least, most = target.text("minCapacity"), target.text("maxCapacity")
            if least and most:
                return _counted(least, "task") if least == most else f"{least} to {most} tasks"
    return _counted(service.text("desiredCount"), "task")


def _database(resource: Resource, _: Resources) -> Iterable[str]:
    if resource.type.endswith("dynamodb/table:Table"):
        yield "DynamoDB table"
        return
    yield _engine(resource, "engineVersion")
    yield resource.text("instanceClass")
    for scaling in entries(resource.inputs.get("serverlessv2ScalingConfiguration")):
        yield f"{text_of(scaling.get('minCapacity'))} to {text_of(scaling.get('maxCapacity'))} ACU"
    if resource.type.endswith("rds/instance:Instance"):
        yield "Multi-AZ" if resource.inputs.get("multiAz") is True else "one zone"


def _engine(resource: Resource, version: str) -> str:
    engine = resource.text("engine")
    kind = kind_of(resource.type)
    name = "SQL Server" if engine.startswith(_SERVER) else _ENGINES.get(engine, engine or (kind.label if kind else ""))
    return f"{name} {resource.text(version)}".strip()


def _cache(resource: Resource, _: Resources) -> Iterable[str]:
    yield _engine(resource, "engineVersion")
    yield resource.text("nodeType")
    yield _counted(resource.text("numCacheClusters") or resource.text("numCacheNodes"), "node")


def _edge(resource: Resource, resources: Resources) -> Iterable[str]:
    yield from _label(resource, resources)
    aliases: list[Any] = resource.inputs.get("aliases") or []
    yield from map(str, aliases[:1])


def _topic(resource: Resource, resources: Resources) -> Iterable[str]:
    yield from _label(resource, resources)
    subscriptions = [user for user in resources.users(resource) if "topicSubscription:" in user.type]
    yield from sorted({user.text("protocol") for user in subscriptions})


_DETAILS: Mapping[str, Callable[[Resource, Resources], Iterable[Any]]] = {
    "balancer": _balancer,
    "tasks": _service,
    "database": _database,
    "cache": _cache,
    "edge": _edge,
    "mail": _topic,
}


def shared_detail(kind: Kind, members: list[Resource]) -> str:
    """The line below the title of a node for several resources."""
    if kind.id == "dns":
        return ", ".join(sorted({member.text("name") or member.name for member in members}))
    if kind.label == "VPC endpoints":
        return ", ".join(sorted({member.text("serviceName").rpartition(".")[2] or member.name for member in members}))
    if kind.id in ("bell", "clock", "list"):
        noun = {"Scheduled jobs": "job", "CloudWatch alarms": "alarm", "CloudWatch Logs": "log group"}.get(
            kind.label, "parameter"
        )
        return _counted(str(len(members)), noun)
    return ", ".join(sorted(member.name for member in members))


def _counted(number: str, noun: str) -> str:
    """`1 task`, `2 tasks`, or nothing without a number."""
    return f"{number} {noun}{'' if number == '1' else 's'}" if number else ""
