"""Alarms, logs, secrets, keys, queues, topics and schedules."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from ...cost_model import Line
from ..stack import ONE, Priced, number

_STANDARD_SECONDS = 60  # a shorter period has high resolution
_TEN_THOUSAND, _MILLION = Decimal(10**4), Decimal(10**6)


def alarm(alarm: Priced) -> Iterator[Line]:
    """An alarm, by the metrics that it evaluates."""
    queries = [cast(Mapping[str, Any], each) for each in alarm.items("metricQueries") if isinstance(each, Mapping)]
    if any(_is_dynamic(str(query.get("expression") or "")) for query in queries):
        reason = "The number of metrics that its query selects is not known."
        yield alarm.unknown("metrics", reason, ("metricQueries",))
        return
    metrics = [
        cast(Mapping[str, Any], query["metric"]) for query in queries if isinstance(query.get("metric"), Mapping)
    ]
    basis = ("metricQueries", "period", "thresholdMetricId")
    periods = [number(metric.get("period")) for metric in metrics] or [number(alarm.get("period"))]
    is_fast = any(period is not None and period < _STANDARD_SECONDS for period in periods)
    if alarm.get("thresholdMetricId"):
        if is_fast:
            yield alarm.unknown("alarm", "There is no price of anomaly detection with high resolution.", basis)
        else:
            yield alarm.fixed("alarm", "cloudwatch_alarm_anomaly", ONE, basis)
        return
    item = "cloudwatch_alarm_high_resolution" if is_fast else "cloudwatch_alarm_standard"
    yield alarm.fixed("metrics", item, Decimal(len(metrics) or 1), basis)


def _is_dynamic(expression: str) -> bool:
    """Whether a query selects metrics: Metrics Insights or a search."""
    return expression.lstrip().upper().startswith(("SELECT", "SEARCH"))


def dashboard(dashboard: Priced) -> Iterator[Line]:
    """A dashboard."""
    yield dashboard.fixed("dashboard", "cloudwatch_dashboard", ONE)


def metric_filter(metric_filter: Priced) -> Iterator[Line]:
    """A custom metric from log lines."""
    yield metric_filter.fixed("metric", "cloudwatch_custom_metric", ONE)


def log_group(group: Priced) -> Iterator[Line]:
    """What is written to a log group and stored in it."""
    kind = group.get("logGroupClass") or "STANDARD"
    data = group.figure("logGb")
    if kind == "STANDARD":
        yield group.used("ingestion", "logs_ingest_standard", data, ("logGroupClass",))
    else:
        yield group.unknown("ingestion", f"There is no price of logs of the class {kind}.", ("logGroupClass",), data)
    yield group.used("storage", "logs_storage", group.figure("logStoredGb"))


def cluster(cluster: Priced) -> Iterator[Line]:
    """An ECS cluster, which is free without Container Insights."""
    settings = [cast(Mapping[str, Any], each) for each in cluster.items("settings") if isinstance(each, Mapping)]
    value = next((each.get("value") for each in settings if each.get("name") == "containerInsights"), None)
    if value in ("enabled", "enhanced"):
        reason = f"There is no price of Container Insights ({value}), which depends on the number of tasks."
        yield cluster.unknown("Container Insights", reason, ("settings",))


def secret(secret: Priced) -> Iterator[Line]:
    """A secret and its copies in other regions."""
    copies = ONE + len(secret.items("replicas"))
    yield secret.fixed("secret", "secret", copies, ("replicas",))
    yield secret.used("requests", "secret_api", secret.figure("secretRequests") / _TEN_THOUSAND)


def key(key: Priced) -> Iterator[Line]:
    """A KMS key. Each of the first two rotations adds another 1 USD a month, which is not counted."""
    yield key.fixed("key", "kms_key", ONE)
    yield key.used("requests", "kms_requests", key.figure("kmsRequests") / _TEN_THOUSAND)


def queue(queue: Priced) -> Iterator[Line]:
    """An SQS queue."""
    requests = queue.figure("queueRequests") / _MILLION
    if queue.get("fifoQueue") is True:
        yield queue.unknown("requests", "There is no price of a FIFO queue.", ("fifoQueue",), requests)
    else:
        yield queue.used("requests", "sqs_standard", requests, ("fifoQueue",))


def topic(topic: Priced) -> Iterator[Line]:
    """The emails of an SNS topic."""
    yield topic.used("emails", "sns_email", topic.figure("emails") / 10**5)


def schedule(schedule: Priced) -> Iterator[Line]:
    """The invocations of an EventBridge schedule; the tasks that it starts are not counted."""
    yield schedule.used("invocations", "scheduler_invocations", schedule.figure("invocations") / _MILLION)


def parameter(parameter: Priced) -> Iterator[Line]:
    """An SSM parameter, which is free in the standard tier."""
    tier = parameter.get("tier") or "Standard"
    if tier != "Standard":
        yield parameter.unknown("parameter", f"There is no price of the tier {tier}.", ("tier",))


def certificate(certificate: Priced) -> Iterator[Line]:
    """An ACM certificate, which is free if it is public and not exportable."""
    options = certificate.block("options")
    if certificate.get("certificateAuthorityArn"):
        reason = "There is no price of private certificates."
        yield certificate.unknown("certificate", reason, ("certificateAuthorityArn",))
    elif options.get("export") == "ENABLED":
        yield certificate.unknown("certificate", "There is no price of exportable certificates.", ("options",))
