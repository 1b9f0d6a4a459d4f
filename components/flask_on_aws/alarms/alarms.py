"""Baseline alarms and a monthly budget, reported by e-mail through one encrypted topic."""

import re
from collections.abc import Iterator, Mapping
from typing import TypedDict, cast

import pulumi
import pulumi_aws as aws

from ..aurora.aurora_args import DEFAULTS as AURORA_DEFAULTS
from ..aurora.capacity import capacity_problems, max_connections
from ..component import Component, with_defaults
from ..database.engines import CLUSTER_ENGINES
from ..validation.argument_types import typed
from ..validation.choices import AuroraEngine, CacheUse, DatabaseEngine
from ..validation.problems import Problem, raise_problems
from ..validation.references import kms_key_problems
from ..validation.values import range_problems
from . import alarm_rules as rules
from .alarm_topic import create_topic


class AlarmsArgs(TypedDict, total=False):
    email: pulumi.Input[str]
    """Address that gets all messages, once its owner has confirmed it. Default: none, only the topic."""
    watch_load_balancer: bool
    """Whether errors, latency and unhealthy targets raise alarms. Default: false."""
    load_balancer_arn_suffix: pulumi.Input[str]
    """ARN suffix of the load balancer. Required with `watch_load_balancer`. Default: none."""
    target_group_arn_suffix: pulumi.Input[str]
    """ARN suffix of the target group. Required with `watch_load_balancer`. Default: none."""
    watch_service: bool
    """Whether the service's CPU and memory raise alarms. Default: false."""
    cluster_name: pulumi.Input[str]
    """Name of the ECS cluster. Required with `watch_service`. Default: none."""
    service_name: pulumi.Input[str]
    """Name of the ECS service. Required with `watch_service`. Default: none."""
    watch_database: bool
    """Whether the database's storage, CPU and connections raise alarms. Default: false."""
    database_identifier: pulumi.Input[str]
    """Identifier of the RDS instance. Required with `watch_database`. Default: none."""
    database_storage_gib: pulumi.Input[int]
    """Allocated storage of the instance in GiB, preferably its output `allocated_storage_gib`. Required with `watch_database`. Default: none."""
    database_max_storage_gib: int
    """Size in GiB up to which RDS grows the storage automatically; 0 turns this off. Default: 0."""
    database_engine: DatabaseEngine
    """Engine of the instance, from which its connection limit is derived: postgres, mysql, mariadb or sqlserver. Default: postgres."""
    database_instance_class: str
    """Class of the instance, from which its connection limit is derived. Default: none."""
    database_max_connections: int
    """Connection limit of the instance or cluster, if its parameter group sets one or its class is unusual. Default: derived from `database_instance_class` or the capacity."""
    watch_database_cluster: bool
    """Whether the capacity, CPU, memory and connections of an Aurora cluster raise alarms. Default: false."""
    database_cluster_identifier: pulumi.Input[str]
    """Identifier of the Aurora cluster. Required with `watch_database_cluster`. Default: none."""
    database_cluster_engine: AuroraEngine
    """Engine of the cluster, from which its connection limit is derived: aurora-postgres or aurora-mysql. Default: aurora-postgres."""
    database_min_capacity: float
    """Minimum capacity of the cluster in Aurora capacity units. Default: 0.5."""
    database_max_capacity: float
    """Maximum capacity of the cluster in Aurora capacity units. Default: 4."""
    watch_documentdb: bool
    """Whether the CPU, memory and connections of a DocumentDB cluster raise alarms. Default: false."""
    documentdb_cluster_identifier: pulumi.Input[str]
    """Identifier of the DocumentDB cluster. Required with `watch_documentdb`. Default: none."""
    watch_queue: bool
    """Whether failed jobs and jobs that wait too long raise alarms. Default: false."""
    queue_name: pulumi.Input[str]
    """Name of the SQS queue. Required with `watch_queue`. Default: none."""
    dead_letter_queue_name: pulumi.Input[str]
    """Name of the queue's dead-letter queue. Required with `watch_queue`. Default: none."""
    watch_cache: bool
    """Whether the CPU and connections of each node of the cache raise alarms, and its evictions or, of a queue, its memory. Default: false."""
    cache_replication_group_id: pulumi.Input[str]
    """Id of the cache's replication group. Required with `watch_cache`. Default: none."""
    cache_nodes: int
    """Number of the cache's nodes, its replicas included. Default: 1."""
    cache_use: CacheUse
    """What the cache stores: cache or queue. Default: cache."""
    event_rules: bool
    """Whether EventBridge rules of the account may publish to the topic, as those of ScheduledJobs do. Default: false."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the topic's messages; its policy must allow CloudWatch and Budgets, as that of a KmsKey does. Default: one is created."""
    monthly_budget_usd: float
    """Monthly cost in USD; a message is sent when 80 % is spent or 100 % is forecast; 0 for none. It counts the whole AWS account unless `budget_tag` is set. Default: 0."""
    budget_tag: str
    """A tag as `key=value`; the budget then counts only resources with it. Activate the key as a cost allocation tag in Billing, or nothing is counted. Default: none, the whole account."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: AlarmsArgs = {
    "watch_load_balancer": False,
    "watch_service": False,
    "watch_database": False,
    "watch_database_cluster": False,
    "database_cluster_engine": "aurora-postgres",
    "database_min_capacity": AURORA_DEFAULTS["min_capacity"],
    "database_max_capacity": AURORA_DEFAULTS["max_capacity"],
    "watch_documentdb": False,
    "watch_queue": False,
    "watch_cache": False,
    "cache_nodes": 1,
    "cache_use": "cache",
    "database_max_storage_gib": 0,
    "database_engine": "postgres",
    "event_rules": False,
    "monthly_budget_usd": 0,
}
_NEEDED = {
    "watch_load_balancer": ("load_balancer_arn_suffix", "target_group_arn_suffix"),
    "watch_service": ("cluster_name", "service_name"),
    "watch_database": ("database_identifier", "database_storage_gib"),
    "watch_database_cluster": ("database_cluster_identifier",),
    "watch_documentdb": ("documentdb_cluster_identifier",),
    "watch_queue": ("queue_name", "dead_letter_queue_name"),
    "watch_cache": ("cache_replication_group_id",),
}
# https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html: NumCacheClusters
_MOST_CACHE_NODES = 6
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_TAG = re.compile(r"[^=$]+=[^=$]+")
# A month's bill is final days after its end: at 80 % there is time to act, and the forecast warns of a sudden rise.
_BUDGET_NOTIFICATIONS = (("ACTUAL", 80), ("FORECASTED", 100))


@typed(AlarmsArgs)
def problems(args: AlarmsArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    for flag, needed in _NEEDED.items():
        yield from (Problem(*missing) for missing in rules.dimensions_problems(args, flag, needed))
    yield from range_problems("cache_nodes", args["cache_nodes"], 1, _MOST_CACHE_NODES)
    email = args.get("email")
    if isinstance(email, str) and not _EMAIL.fullmatch(email):
        yield Problem("email", f"{email!r} is not an e-mail address, like ops@example.com.")
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    budget = args["monthly_budget_usd"]
    if isinstance(budget, bool) or budget < 0:
        yield Problem("monthly_budget_usd", f"{budget!r} must be a number of USD, or 0 for no budget.")
    if "budget_tag" in args and not _TAG.fullmatch(args["budget_tag"]):
        yield Problem("budget_tag", f"{args['budget_tag']!r} must be a tag's key and value, like project=shop.")
    if args["watch_database"]:
        yield from _database_problems(args)
    if args["watch_database_cluster"]:
        yield from _cluster_problems(args)


def _database_problems(args: AlarmsArgs) -> Iterator[Problem]:
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Storage.html: 64 TiB at most
    size, most = args.get("database_storage_gib", 1), args["database_max_storage_gib"]
    if not isinstance(size, pulumi.Output):
        yield from range_problems("database_storage_gib", cast(int, size), 1, 65536, "GiB")
    yield from range_problems("database_max_storage_gib", most, 0, 65536, "GiB")
    if "database_max_connections" in args:
        yield from range_problems("database_max_connections", args["database_max_connections"], 6, 262143)
    elif rules.memory_gib(args.get("database_instance_class", "")) is None:
        value = args.get("database_instance_class")
        yield Problem("database_instance_class", f"the memory of {value!r} is unknown; set database_max_connections.")


def _cluster_problems(args: AlarmsArgs) -> Iterator[Problem]:
    profile = CLUSTER_ENGINES[args["database_cluster_engine"]]
    least, most = args["database_min_capacity"], args["database_max_capacity"]
    for problem in capacity_problems(least, most, profile.default_version, profile):
        yield Problem(f"database_{problem.argument}", problem.reason)
    if "database_max_connections" in args:
        yield from range_problems("database_max_connections", args["database_max_connections"], 6, 262143)


class Alarms(Component):
    """CloudWatch alarms for what a small team must know, an SNS topic that they publish to, and an optional budget."""

    topic_arn: pulumi.Output[str]
    """ARN of the topic, for more subscriptions and alarms; known once CloudWatch and Budgets may publish to it."""

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_topic()
        self._subscribe()
        if self._args["watch_load_balancer"]:
            self._watch_load_balancer()
        if self._args["watch_service"]:
            self._watch_service()
        if self._args["watch_database"]:
            self._watch_database()
        if self._args["watch_database_cluster"]:
            self._watch_database_cluster()
        if self._args["watch_documentdb"]:
            self._watch_documentdb()
        if self._args["watch_queue"]:
            self._watch_queue()
        if self._args["watch_cache"]:
            self._watch_cache()
        if self._args["monthly_budget_usd"]:
            self._create_budget()
        self._register()

    def _create_topic(self) -> None:
        self.topic_arn = create_topic(
            self._name, self, self._child(), self._args.get("kms_key_id"), self._args["event_rules"]
        )

    def _subscribe(self) -> None:
        if "email" in self._args:
            aws.sns.TopicSubscription(
                f"{self._name}-email",
                topic=self.topic_arn,
                protocol="email",
                endpoint=self._args["email"],
                opts=self._child(),
            )

    def _watch_load_balancer(self) -> None:
        balancer = {"LoadBalancer": self._args["load_balancer_arn_suffix"]}
        target = {**balancer, "TargetGroup": self._args["target_group_arn_suffix"]}
        self._create_error_alarm(target)
        self._create_alarm(rules.BALANCER_ERRORS, balancer)
        self._create_alarm(rules.UNHEALTHY_TARGETS, target)
        self._create_alarm(rules.LATENCY, target)

    def _watch_service(self) -> None:
        dimensions = {"ClusterName": self._args["cluster_name"], "ServiceName": self._args["service_name"]}
        self._create_alarm(rules.SERVICE_CPU, dimensions)
        self._create_alarm(rules.SERVICE_MEMORY, dimensions)

    def _watch_database(self) -> None:
        dimensions = {"DBInstanceIdentifier": self._args["database_identifier"]}
        most = self._args["database_max_storage_gib"]
        allocated = pulumi.Output.from_input(self._args["database_storage_gib"])
        lasting = allocated.apply(lambda gib: float(rules.storage_bytes(int(gib), most)))
        self._create_alarm(rules.storage_rule(lasting), dimensions)
        self._create_alarm(rules.DATABASE_CPU, dimensions)
        memory = rules.memory_gib(self._args.get("database_instance_class", "")) or 0
        limit = self._args.get("database_max_connections") or rules.max_connections(
            memory, self._args["database_engine"]
        )
        self._create_alarm(rules.connections_rule(limit), dimensions)

    def _watch_database_cluster(self) -> None:
        """The instance that accepts writes, whichever it is after a failover."""
        args = self._args
        dimensions = {"DBClusterIdentifier": args["database_cluster_identifier"], "Role": "WRITER"}
        profile = CLUSTER_ENGINES[args["database_cluster_engine"]]
        least, most = args["database_min_capacity"], args["database_max_capacity"]
        limit = args.get("database_max_connections") or max_connections(least, most, profile)
        for rule in (
            rules.CLUSTER_CAPACITY,
            rules.CLUSTER_CPU,
            rules.cluster_memory_rule(most),
            rules.connections_rule(limit),
        ):
            self._create_alarm(rule, dimensions)

    def _watch_documentdb(self) -> None:
        """The instance that accepts writes, whichever it is after a failover."""
        dimensions = {"DBClusterIdentifier": self._args["documentdb_cluster_identifier"], "Role": "WRITER"}
        self._create_alarm(rules.DOCUMENTDB_CPU, dimensions)
        self._create_alarm(rules.DOCUMENTDB_MEMORY, dimensions)
        rule = rules.DOCUMENTDB_CONNECTIONS
        metrics = {"connections": (rule.metric, rule.statistic), "most": (rules.DOCUMENTDB_LIMIT, "Minimum")}
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{rule.role}",
            alarm_description=rule.summary,
            metric_queries=[
                *(_query(name, rule.namespace, *of, dimensions, rule.period) for name, of in metrics.items()),
                {
                    "id": "share",
                    "expression": "100 * connections / most",
                    "label": "Connections that are taken, in percent",
                    "return_data": True,
                },
            ],
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            evaluation_periods=rule.periods,
            datapoints_to_alarm=rule.bad_periods,
            treat_missing_data=rule.missing,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child(),
        )

    def _watch_queue(self) -> None:
        self._create_alarm(rules.FAILED_JOBS, {"QueueName": self._args["dead_letter_queue_name"]})
        self._create_alarm(rules.WAITING_JOBS, {"QueueName": self._args["queue_name"]})

    def _watch_cache(self) -> None:
        """Each node reports for itself. ElastiCache numbers them, and a node keeps its number when it is replaced."""
        for number in range(1, self._args["cache_nodes"] + 1):
            node = pulumi.Output.format(f"{{id}}-{number:03}", id=self._args["cache_replication_group_id"])
            for rule in rules.CACHE_RULES[self._args["cache_use"]]:
                self._create_alarm(rule, {"CacheClusterId": node}, f"cache-{rule.role}-{number}")

    def _create_alarm(
        self, rule: rules.Rule, dimensions: Mapping[str, pulumi.Input[str]], role: str | None = None
    ) -> None:
        percentile = rule.statistic.startswith("p")
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-{role or rule.role}",
            alarm_description=rule.summary,
            namespace=rule.namespace,
            metric_name=rule.metric,
            dimensions=dimensions,
            statistic=None if percentile else rule.statistic,
            extended_statistic=rule.statistic if percentile else None,
            # A percentile of a handful of requests is one slow request.
            evaluate_low_sample_count_percentiles="ignore" if percentile else None,
            comparison_operator=rule.comparison,
            threshold=rule.threshold,
            period=rule.period,
            evaluation_periods=rule.periods,
            datapoints_to_alarm=rule.bad_periods,
            treat_missing_data=rule.missing,
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child(),
        )

    def _create_error_alarm(self, dimensions: Mapping[str, pulumi.Input[str]]) -> None:
        queries = [
            _query(query, "AWS/ApplicationELB", metric, "Sum", dimensions, rules.ERROR_PERIOD)
            for query, metric in (("errors", "HTTPCode_Target_5XX_Count"), ("requests", "RequestCount"))
        ]
        label = "Requests that the app failed, in percent"
        queries.append({"id": "rate", "expression": rules.error_rate_expression(), "label": label, "return_data": True})
        aws.cloudwatch.MetricAlarm(
            f"{self._name}-app-errors",
            alarm_description="The app answers with 5xx: see the log group, and roll back if a release has just gone out.",
            metric_queries=queries,
            comparison_operator="GreaterThanThreshold",
            threshold=rules.ERROR_PERCENT,
            evaluation_periods=rules.ERROR_PERIODS,
            datapoints_to_alarm=rules.ERROR_BAD_PERIODS,
            # Without requests there is no error rate.
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            opts=self._child(),
        )

    def _create_budget(self) -> None:
        aws.budgets.Budget(
            f"{self._name}-budget",
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=str(self._args["monthly_budget_usd"]),
            limit_unit="USD",
            cost_filters=cost_filters(self._args.get("budget_tag")),
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [self.topic_arn],
                }
                for kind, percent in _BUDGET_NOTIFICATIONS
            ],
            opts=self._child(),
        )


def _query(
    name: str, namespace: str, metric: str, statistic: str, dimensions: Mapping[str, pulumi.Input[str]], period: int
) -> "aws.cloudwatch.MetricAlarmMetricQueryArgsDict":
    """A metric of an alarm's expression."""
    return {
        "id": name,
        "metric": {
            "namespace": namespace,
            "metric_name": metric,
            "dimensions": dimensions,
            "stat": statistic,
            "period": period,
        },
    }


def cost_filters(tag: str | None) -> "list[aws.budgets.BudgetCostFilterArgsDict] | None":
    """Billing's name for a tag that users set: `user:key$value`."""
    if tag is None:
        return None
    key, value = tag.split("=")
    return [{"name": "TagKeyValue", "values": [f"user:{key}${value}"]}]
