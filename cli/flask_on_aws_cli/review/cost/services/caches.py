"""ElastiCache."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from ...cost_model import ZERO, Line
from ..stack import ONE, Priced, number

# The least that AWS bills of a serverless cache: https://aws.amazon.com/elasticache/pricing/
_LEAST_GB = {"valkey": Decimal("0.1"), "redis": ONE}


def replication_group(group: Priced) -> Iterator[Line]:
    """The nodes of a cache with replicas."""
    nodes = number(group.get("numCacheClusters"))
    if nodes is None:
        shards = number(group.get("numNodeGroups")) or ONE
        nodes = shards * (ONE + (number(group.get("replicasPerNodeGroup")) or ZERO))
    counts = ("numCacheClusters", "numNodeGroups", "replicasPerNodeGroup")
    yield from _nodes(group, str(group.get("engine") or "redis"), nodes, counts)


def cluster(cluster: Priced) -> Iterator[Line]:
    """The nodes of a cache without replicas."""
    nodes = number(cluster.get("numCacheNodes")) or ONE
    yield from _nodes(cluster, str(cluster.get("engine") or "redis"), nodes, ("numCacheNodes",))


def _nodes(cache: Priced, engine: str, nodes: Decimal, counts: tuple[str, ...]) -> Iterator[Line]:
    size = cache.get("nodeType")
    basis = ("engine", "nodeType", *counts)
    if size:
        yield cache.fixed("nodes", f"elasticache_{engine}_{size}", nodes * cache.hours, basis)
    else:
        yield cache.unknown("nodes", "Its node type is not set.", basis)
    if number(cache.get("snapshotRetentionLimit")):
        yield cache.used("snapshots", "elasticache_backup", cache.figure("cacheBackupGb"), ("snapshotRetentionLimit",))


def serverless(cache: Priced) -> Iterator[Line]:
    """A serverless cache."""
    engine = str(cache.get("engine") or "redis")
    limits = cast(Mapping[str, Any], cache.block("cacheUsageLimits").get("dataStorage") or {})
    least = max(number(limits.get("minimum")) or ZERO, _LEAST_GB.get(engine, ONE))
    most = number(limits.get("maximum"))
    item = f"elasticache_serverless_{engine}_data"
    yield cache.fixed("least data", item, least * cache.hours, ("engine", "cacheUsageLimits"))
    figure = cache.usage.get("cacheGb", cache.name)
    if most is None:
        average = max(figure, least) if isinstance(figure, Decimal) else least
    else:
        average = cache.usage.between("cacheGb", cache.name, least, most)
    yield cache.used("data above the least", item, (average - least) * cache.hours)
    yield cache.used("requests", f"elasticache_serverless_{engine}_ecpu", cache.figure("cacheMillionEcpu"))
