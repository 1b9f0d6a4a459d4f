"""The conditions that are worth an alarm: metrics, thresholds and times, each with its reason."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pulumi

from ..aurora.capacity import GIB_PER_UNIT
from ..database.engines import DEFAULT, ENGINES

_GIB = 2**30
# RDS grows storage once 10 % or less of it has been free for five minutes, not within six hours of the last growth, by the
# largest of 10 GiB, 10 % and its forecast: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIOPS.Autoscaling.html
_LEAST_GROWTH_GIB, _GROWTH_PERCENT = 10, 10
# So below 8 % for a quarter of an hour it does not keep up; at 10 % the alarm would report what resolves itself.
_GROWING_PERCENT = 8
# Storage that does not grow leaves people to act, who need more time.
_FIXED_PERCENT = 15
# AWS's advice for freeable memory, of what an instance has:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.BestPractices.html
_MEMORY_PERCENT = 5
# DBInstanceClassMemory is the memory that the operating system and RDS leave; 256 MiB less matches the published limits
# of small instances within a few percent (about 81 with 1 GiB, 420 with 4 GiB), where the plain size is a third too high.
_RESERVED_GIB = 0.25
_SMALL_SIZES = {"micro": 1.0, "small": 2.0, "medium": 4.0}
# GiB of the size `large` by family, the letter after `db.`; each larger size is a multiple of it.
_LARGE_GIB = {"t": 8.0, "m": 8.0, "r": 16.0, "c": 4.0, "x": 32.0}
_CLASS = re.compile(r"db\.([a-z])\w*\.(micro|small|medium|large|(\d*)xlarge)")


class Rule(NamedTuple):
    """A metric of one dimension set, and the threshold and duration that raise the alarm."""

    role: str
    """Last part of the alarm's name."""
    summary: str
    """What it means and where to look, for the e-mail."""
    namespace: str
    metric: str
    statistic: str
    """A statistic of CloudWatch, or a percentile like p95."""
    comparison: str
    threshold: pulumi.Input[float]
    period: int
    """Seconds."""
    periods: int
    bad_periods: int
    missing: str
    """How minutes without data count: notBreaching, breaching, ignore or missing."""


_AT_LEAST, _MORE, _LESS = "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold"

# Share of failed requests that is more than noise: one in twenty visitors sees an error page.
ERROR_PERCENT = 5
# Fewer errors a minute may be one visitor who reloads a broken page; without a floor, one error at night is 100 %.
LEAST_ERRORS = 5
# 2 of 3 minutes: one bad minute during a deployment or failover is tolerated, and an outage is reported within three.
ERROR_PERIODS, ERROR_BAD_PERIODS, ERROR_PERIOD = 3, 2, 60

# CloudWatch reports no 5xx count, and no latency, without requests: missing data is fine for all but the unhealthy hosts,
# where it means that the service has no tasks, as when it is asleep; visitors then get 503s.
BALANCER_ERRORS = Rule(
    role="balancer-errors",
    summary="The load balancer answers 502, 503 or 504 itself: no healthy task, or tasks that hang up or time out.",
    namespace="AWS/ApplicationELB",
    metric="HTTPCode_ELB_5XX_Count",
    statistic="Sum",
    comparison=_AT_LEAST,
    threshold=LEAST_ERRORS,
    period=ERROR_PERIOD,
    periods=ERROR_PERIODS,
    bad_periods=ERROR_BAD_PERIODS,
    missing="notBreaching",
)
UNHEALTHY_TARGETS = Rule(
    role="unhealthy-targets",
    summary="A task fails its health check and is not replaced: see the service's events and the log group.",
    namespace="AWS/ApplicationELB",
    metric="UnHealthyHostCount",
    statistic="Maximum",
    comparison=_AT_LEAST,
    threshold=1,
    # ECS replaces a task that crashed within three minutes; what stays unhealthy longer does not recover by itself.
    period=60,
    periods=3,
    bad_periods=3,
    missing="notBreaching",
)
LATENCY = Rule(
    role="latency",
    summary="One request in twenty takes longer than this: see slow queries, CPU and the number of tasks.",
    namespace="AWS/ApplicationELB",
    metric="TargetResponseTime",
    # CloudWatch needs 10 / (1 - p) requests in a period for a percentile: 200 for p95, but 1000 for p99.
    statistic="p95",
    comparison=_MORE,
    # A page that takes 2 s seems broken; Flask apps answer in tenths of that.
    threshold=2,
    period=300,
    periods=2,
    bad_periods=2,
    missing="notBreaching",
)
# A service at zero tasks (asleep) reports nothing, which is not a fault.
SERVICE_CPU = Rule(
    role="service-cpu",
    summary="The tasks have been out of CPU although autoscaling had time to act: raise max_tasks or cpu.",
    namespace="AWS/ECS",
    metric="CPUUtilization",
    statistic="Average",
    comparison=_MORE,
    threshold=90,
    # Autoscaling reacts after three minutes and a new task takes up to four; ten minutes mean that it cannot keep up.
    period=60,
    periods=10,
    bad_periods=10,
    missing="notBreaching",
)
SERVICE_MEMORY = Rule(
    role="service-memory",
    summary="The tasks are about to be killed for their memory: raise memory, or look for a leak.",
    namespace="AWS/ECS",
    metric="MemoryUtilization",
    statistic="Average",
    comparison=_MORE,
    threshold=90,
    period=60,
    periods=5,
    bad_periods=5,
    missing="notBreaching",
)
DATABASE_CPU = Rule(
    role="database-cpu",
    summary="The database has been out of CPU: see Performance Insights for the query, or take a larger instance class.",
    namespace="AWS/RDS",
    metric="CPUUtilization",
    statistic="Average",
    comparison=_MORE,
    threshold=90,
    # A backup or an index takes minutes of CPU; a quarter of an hour is the load itself.
    period=300,
    periods=3,
    bad_periods=3,
    # The storage alarm reports a database without metrics; one e-mail is enough, so this alarm keeps its state.
    missing="ignore",
)

# For Aurora, CPUUtilization and FreeableMemory refer to the maximum capacity, not to the current one:
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html#aurora-serverless-v2.viewing.monitoring
CLUSTER_CPU = DATABASE_CPU._replace(
    summary="The database has been out of CPU at its maximum capacity: see slow queries, or raise databaseMaxCapacity.",
)
CLUSTER_CAPACITY = Rule(
    role="database-capacity",
    summary="The database has been at its maximum capacity, or it no longer reports: see slow queries, or raise "
    "databaseMaxCapacity.",
    namespace="AWS/RDS",
    metric="ACUUtilization",
    statistic="Average",
    comparison=_MORE,
    threshold=90,
    # A backup or an index takes minutes; a quarter of an hour is the load itself.
    period=300,
    periods=3,
    bad_periods=3,
    # A paused cluster reports 0: no data for a quarter of an hour means an outage.
    missing="breaching",
)
# Metrics of DocumentDB: https://docs.aws.amazon.com/documentdb/latest/developerguide/cloud_watch.html
DOCUMENTDB_CPU = DATABASE_CPU._replace(
    summary="The database has been out of CPU, or it no longer reports: see slow operations, or take a larger instance class.",
    namespace="AWS/DocDB",
    # A running instance always reports: no data for a quarter of an hour means an outage.
    missing="breaching",
)
DOCUMENTDB_MEMORY = Rule(
    role="database-memory",
    summary="The database rejects or delays operations for want of memory: add indexes, or take a larger instance class.",
    namespace="AWS/DocDB",
    metric="LowMemNumOperationsThrottled",
    statistic="Sum",
    comparison=_AT_LEAST,
    threshold=1,
    # A single query that is too large is the query's fault.
    period=300,
    periods=3,
    bad_periods=3,
    missing="notBreaching",
)
DOCUMENTDB_CONNECTIONS = Rule(
    role="database-connections",
    summary="More than 80 % of the database's connections are taken: use fewer tasks, smaller pools or a larger instance "
    "class.",
    namespace="AWS/DocDB",
    metric="DatabaseConnectionsMax",
    statistic="Maximum",
    comparison=_MORE,
    # Percent of DatabaseConnectionsLimit, the instance's limit. A deployment doubles the tasks for a while.
    threshold=80,
    period=60,
    periods=5,
    bad_periods=5,
    missing="ignore",
)
DOCUMENTDB_LIMIT = "DatabaseConnectionsLimit"

# SQS reports a queue once a minute, and not at all once nothing has used it for six hours and it is empty:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
FAILED_JOBS = Rule(
    role="failed-jobs",
    summary="A job failed each time and is in the dead-letter queue: see the workers' logs, fix the cause, and redrive it.",
    namespace="AWS/SQS",
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    comparison=_AT_LEAST,
    threshold=1,
    period=60,
    periods=1,
    bad_periods=1,
    missing="notBreaching",
)
JOBS_NOT_STARTED = Rule(
    role="not-started",
    summary="EventBridge Scheduler could not start a job: see the reason in the messages of the jobs' dead-letter queue.",
    namespace="AWS/SQS",
    metric="ApproximateNumberOfMessagesVisible",
    statistic="Maximum",
    comparison=_AT_LEAST,
    threshold=1,
    period=60,
    periods=1,
    bad_periods=1,
    missing="notBreaching",
)
WAITING_JOBS = Rule(
    role="waiting-jobs",
    summary="The oldest job has waited for this long: the workers have stopped, or are too few.",
    namespace="AWS/SQS",
    metric="ApproximateAgeOfOldestMessage",
    statistic="Maximum",
    comparison=_AT_LEAST,
    # Seconds. A job whose worker was replaced, as in every release, is received again after the default visibility
    # timeout of five minutes; three times that is no hiccup.
    threshold=900,
    period=60,
    periods=5,
    bad_periods=5,
    missing="notBreaching",
)

# A node is one process with one thread for commands; the host's CPU, of two or more, would hide that it is full.
CACHE_CPU = Rule(
    role="cpu",
    summary="The cache's engine has been out of CPU: see SLOWLOG for expensive commands, or take a larger node type.",
    namespace="AWS/ElastiCache",
    metric="EngineCPUUtilization",
    statistic="Average",
    comparison=_MORE,
    # What AWS suggests: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.WhichShouldIMonitor.html
    threshold=90,
    period=300,
    periods=3,
    bad_periods=3,
    missing="ignore",
)
CACHE_CONNECTIONS = Rule(
    role="connections",
    summary="More than 80 % of the cache's connections are taken: clients open them without closing any.",
    namespace="AWS/ElastiCache",
    metric="CurrConnections",
    statistic="Maximum",
    comparison=_MORE,
    # 80 % of 65,000, the limit of each node:
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/BestPractices.Clients.Redis.Connections.html
    threshold=52_000,
    period=60,
    periods=5,
    bad_periods=5,
    missing="ignore",
)
# What is wrong when the memory is full depends on the use: a queue rejects jobs, while a cache is full by design.
CACHE_MEMORY = Rule(
    role="memory",
    summary="The queue's memory is almost full, and then no job is accepted: workers have stopped, or take a larger node type.",
    namespace="AWS/ElastiCache",
    metric="DatabaseMemoryUsagePercentage",
    statistic="Maximum",
    comparison=_MORE,
    # Leaves time to act, and the memory that a snapshot needs while it is written.
    threshold=80,
    period=60,
    periods=5,
    bad_periods=5,
    missing="ignore",
)
CACHE_EVICTIONS = Rule(
    role="evictions",
    summary="The cache evicts many keys that are still valid: shorten their time to live, or take a larger node type.",
    namespace="AWS/ElastiCache",
    metric="Evictions",
    statistic="Sum",
    comparison=_AT_LEAST,
    # Ten a second for half an hour: fewer are the normal turnover of a full cache, more mean that it is too small.
    threshold=3000,
    period=300,
    periods=6,
    bad_periods=6,
    missing="notBreaching",
)
CACHE_RULES = {
    "cache": (CACHE_EVICTIONS, CACHE_CPU, CACHE_CONNECTIONS),
    "queue": (CACHE_MEMORY, CACHE_CPU, CACHE_CONNECTIONS),
}
"""By what the cache is used for."""


def storage_bytes(allocated_gib: int, max_gib: int) -> int:
    """Free storage, in bytes, below which it will not last.

    Args:
        allocated_gib: the instance's current storage.
        max_gib: the size up to which RDS grows it automatically; 0: it does not grow.
    """
    grows = max_gib - allocated_gib >= max(_LEAST_GROWTH_GIB, allocated_gib * _GROWTH_PERCENT / 100)
    return allocated_gib * _GIB * (_GROWING_PERCENT if grows else _FIXED_PERCENT) // 100


def storage_rule(threshold: pulumi.Input[float]) -> Rule:
    """Storage that is running out: a database stops when it is full."""
    return Rule(
        role="database-storage",
        summary="The database's free storage will not last, or it no longer reports: raise databaseMaxStorageGib or "
        "databaseStorageGib.",
        namespace="AWS/RDS",
        metric="FreeStorageSpace",
        statistic="Minimum",
        comparison=_LESS,
        threshold=threshold,
        period=300,
        periods=3,
        bad_periods=3,
        # A running database always reports: no data for a quarter of an hour means an outage, or a full disk.
        missing="breaching",
    )


def connections_rule(limit: int) -> Rule:
    """Connections that are running out: the database rejects any above the limit."""
    return Rule(
        role="database-connections",
        summary="More than 80 % of the database's connections are taken: use fewer tasks, smaller pools or RDS Proxy.",
        namespace="AWS/RDS",
        metric="DatabaseConnections",
        statistic="Maximum",
        comparison=_MORE,
        # A deployment doubles the tasks for a while; at 80 % the next one might not fit.
        threshold=int(limit * 0.8),
        period=60,
        periods=5,
        bad_periods=5,
        missing="ignore",
    )


def cluster_memory_rule(max_capacity: float) -> Rule:
    """Memory that is running out at the maximum capacity: queries fail, or the database restarts."""
    return Rule(
        role="database-memory",
        summary="The database is almost out of memory at its maximum capacity: use fewer connections, or raise "
        "databaseMaxCapacity.",
        namespace="AWS/RDS",
        metric="FreeableMemory",
        statistic="Minimum",
        comparison=_LESS,
        threshold=max_capacity * GIB_PER_UNIT * _GIB * _MEMORY_PERCENT / 100,
        period=300,
        periods=3,
        bad_periods=3,
        missing="ignore",
    )


def memory_gib(instance_class: str) -> float | None:
    """Memory of an RDS instance class in GiB; None where the family is not known."""
    match = _CLASS.fullmatch(instance_class)
    if not match or match[1] not in _LARGE_GIB:
        return None
    family, size, multiple = match[1], match[2], match[3]
    if size in _SMALL_SIZES:
        # `medium` is half of `large`; only burstable instances are smaller, all with the same sizes.
        return _SMALL_SIZES[size] if family == "t" else (_LARGE_GIB[family] / 2 if size == "medium" else None)
    return _LARGE_GIB[family] * (1 if size == "large" else 2 * int(multiple or 1))


def max_connections(gib: float, engine: str = DEFAULT) -> int:
    """RDS's default max_connections of an engine for this memory, such as LEAST(DBInstanceClassMemory / 9531392, 5000)."""
    profile = ENGINES[engine]
    if profile.bytes_per_connection is None:
        return profile.most_connections
    return min(int((gib - _RESERVED_GIB) * _GIB / profile.bytes_per_connection), profile.most_connections)


def error_rate_expression() -> str:
    """Percentage of requests that the app failed, 0 while they are few. CloudWatch does not report a count of zero errors."""
    return f"IF(FILL(errors, 0) >= {LEAST_ERRORS}, 100 * FILL(errors, 0) / requests, 0)"


def dimensions_problems(
    arguments: Mapping[str, object], flag: str, needed: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Arguments that a flag makes necessary: name and sentence of each that is missing."""
    for name in needed if arguments.get(flag) else ():
        if name not in arguments:
            yield name, f"is missing: {flag} needs it to find the metrics."
