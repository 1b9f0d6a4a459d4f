"""What reports that jobs do not run: an alarm for runs that could not start, a message for each that failed, and for each
job an alarm for two intervals without a success.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

import pulumi
import pulumi_aws as aws

from ..alarms.alarm_rules import JOBS_NOT_STARTED
from .job import Job
from .job_runner import METRICS, SKIPPED

_HOUR, _DAY = 60 * 60, 24 * 60 * 60
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html: seven days in all with periods of
# an hour or more, a day with shorter ones.
_LONGEST_WITH_HOURS = 7 * _DAY
# A day in as many periods: the alarm is late by one of them at most.
_PERIODS_OF_A_DAY = 24
# Seconds that a task needs to start before its command does: AWS's Fargate, with an image of some hundred MB, takes a minute.
_START_SECONDS = 120


class Window(NamedTuple):
    """The time without a success that raises an alarm, in CloudWatch's periods."""

    period: int
    periods: int


def success_window(job: Job) -> Window | None:
    """Two of a job's longest intervals, and the time that a run may take; None where CloudWatch cannot look back so far."""
    between = job.interval
    if between is None:
        return None
    seconds = 2 * between.longest + job.timeout + _START_SECONDS
    if seconds <= _DAY:
        period = max(60, -(-seconds // _PERIODS_OF_A_DAY // 60) * 60)
        return Window(period, -(-seconds // period))
    # The seven days may cut the time that a run takes, but not the two intervals.
    seconds = min(seconds, max(_LONGEST_WITH_HOURS, 2 * between.longest))
    return Window(_HOUR, -(-seconds // _HOUR)) if seconds <= _LONGEST_WITH_HOURS else None


def create_alarms(
    name: str,
    jobs: Mapping[str, Job],
    families: Mapping[str, str],
    cluster_arn: pulumi.Input[str],
    queue_name: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """The alarms and the rule of a group of jobs; `families` are their task families, by the job's name."""
    rule = JOBS_NOT_STARTED
    aws.cloudwatch.MetricAlarm(
        f"{name}-{rule.role}",
        alarm_description=rule.summary,
        namespace=rule.namespace,
        metric_name=rule.metric,
        dimensions={"QueueName": queue_name},
        statistic=rule.statistic,
        comparison_operator=rule.comparison,
        threshold=rule.threshold,
        period=rule.period,
        evaluation_periods=rule.periods,
        datapoints_to_alarm=rule.bad_periods,
        treat_missing_data=rule.missing,
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=opts,
    )
    for job in jobs.values():
        if window := success_window(job):
            _create_success_alarm(name, job, families[job.name], window, topic_arn, opts)
    _report_failures(name, families, cluster_arn, topic_arn, opts)


def _create_success_alarm(
    name: str, job: Job, family: str, window: Window, topic_arn: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> None:
    aws.cloudwatch.MetricAlarm(
        f"{name}-{job.name}-no-success",
        alarm_description=f"No run of the job {job.name} has succeeded for two intervals of {job.schedule}, or none has yet: "
        f"see flask-on-aws jobs history {job.name}.",
        namespace=METRICS,
        metric_name="Succeeded",
        dimensions={"Family": family},
        statistic="Sum",
        comparison_operator="LessThanThreshold",
        threshold=1,
        period=window.period,
        evaluation_periods=window.periods,
        datapoints_to_alarm=window.periods,
        # Only a success is reported, so that a job which never starts is noticed as well.
        treat_missing_data="breaching",
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        opts=opts,
    )


def _report_failures(
    name: str,
    families: Mapping[str, str],
    cluster_arn: pulumi.Input[str],
    topic_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """A message for each task of a job that did not start or that a container left with an exit code other than 0."""
    rule = aws.cloudwatch.EventRule(
        f"{name}-failures",
        description="Runs of scheduled jobs that failed",
        event_pattern=pulumi.Output.json_dumps(
            pulumi.Output.from_input(cluster_arn).apply(lambda arn: event_pattern(arn, list(families.values())))
        ),
        opts=opts,
    )
    aws.cloudwatch.EventTarget(
        f"{name}-failures",
        rule=rule.name,
        arn=topic_arn,
        input_transformer={"input_paths": _PATHS, "input_template": json.dumps(_MESSAGE)},
        opts=opts,
    )


# A job's container has its name; the containers that prepare it are listed with it.
_PATHS = {
    "containers": "$.detail.containers[*].name",
    "codes": "$.detail.containers[*].exitCode",
    "family": "$.detail.group",
    "reason": "$.detail.stoppedReason",
    "task": "$.detail.taskArn",
}
_MESSAGE = (
    "A run of a scheduled job failed: <family>, exit codes <codes> of the containers <containers> (<reason>). "
    "Task <task>. See flask-on-aws jobs history."
)


def event_pattern(cluster_arn: str, families: list[str]) -> dict[str, object]:
    """Tasks of these families that ended badly; a run that left its turn to an earlier one did not.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    return {
        "source": ["aws.ecs"],
        "detail-type": ["ECS Task State Change"],
        "detail": {
            "clusterArn": [cluster_arn],
            "group": [f"family:{family}" for family in families],
            "lastStatus": ["STOPPED"],
            "$or": [
                {"containers": {"exitCode": [{"anything-but": [0, SKIPPED]}]}},
                # A task that never ran, or that AWS took away, may have no exit code.
                {"stopCode": ["TaskFailedToStart", "SpotInterruption", "TerminationNotice"]},
            ],
        },
    }
