"""The scheduled jobs of an app, and their last runs: what EventBridge Scheduler, ECS and the log know of them."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, cast

from flask_on_aws.jobs.job_runner import KEY

from .app import App, app_container, short_name
from .errors import OperationError

# DescribeTasks takes no more at a time.
_MOST_TASKS = 100
# What a run reports when it begins and, between attempts, while it goes on.
_UNFINISHED = ("started", "retried")


@dataclass(frozen=True)
class ScheduledJob:
    """A job, its schedule and the task definition that it starts."""

    name: str
    schedule: Mapping[str, Any]
    """As GetSchedule returns it."""
    definition: Mapping[str, Any]
    """As DescribeTaskDefinition returns it."""

    @property
    def network(self) -> Mapping[str, Any]:
        """The network of its tasks, as RunTask takes it; EventBridge Scheduler writes the names differently."""
        network = self.schedule["Target"]["EcsParameters"]["NetworkConfiguration"]["awsvpcConfiguration"]
        return {"awsvpcConfiguration": {name[0].lower() + name[1:]: value for name, value in network.items()}}

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the program that runs the command gets as its last argument: `timeout`, `retries` and more."""
        return json.loads(app_container(self.definition)["command"][-1])


class Run(NamedTuple):
    """One run of a job."""

    task: str
    """Id of its task."""
    started: datetime | None
    """When its command began, or the task was created if none did."""
    seconds: float | None
    """From the beginning of the command to its end; None while it runs, or if the log does not say."""
    exit_code: int | None
    outcome: str
    """`succeeded`, `failed`, `timed out`, `stopped`, `skipped`, `undecided`, `running`, `not started` or `unknown`."""
    attempts: int | None
    reason: str


def jobs_of(app: App) -> list[ScheduledJob]:
    """The jobs of an app by name, found by their task families, such as `shop-jobs-cleanup` beside `shop-web`."""
    prefix = f"{app.selected_service.app_name}-jobs-"
    scheduler, ecs = app.client("scheduler"), app.client("ecs")
    jobs: list[ScheduledJob] = []
    for page in scheduler.get_paginator("list_schedules").paginate(NamePrefix=prefix):
        for listed in page["Schedules"]:
            if short_name(listed["Target"]["Arn"]) != short_name(app.cluster):
                continue
            schedule = scheduler.get_schedule(Name=listed["Name"], GroupName=listed["GroupName"])
            arn = schedule["Target"].get("EcsParameters", {}).get("TaskDefinitionArn", "")
            family = short_name(arn).partition(":")[0]
            if family.startswith(prefix):
                definition = ecs.describe_task_definition(taskDefinition=arn)["taskDefinition"]
                jobs.append(ScheduledJob(family.removeprefix(prefix), schedule, definition))
    return sorted(jobs, key=lambda job: job.name)


def find_job(app: App, name: str) -> ScheduledJob:
    """The job of a name.

    Raises:
        OperationError: if the app has none of it.
    """
    jobs = {job.name: job for job in jobs_of(app)}
    if name not in jobs:
        raise OperationError(f"The app has no job {name}; it has: {', '.join(jobs) or 'none'}")
    return jobs[name]


def runs_of(app: App, job: ScheduledJob, seconds: int) -> list[Run]:
    """The runs of a job in the last seconds, newest first: those in the log, and those that ECS still reports."""
    tasks = {short_name(task["taskArn"]): task for task in _tasks(app, job)}
    reports: dict[str, list[Mapping[str, Any]]] = {}
    for task, report in _reports(app, job, seconds):
        reports.setdefault(task, []).append(report)
    runs = [_logged(task, lines, tasks.get(task)) for task, lines in reports.items()]
    runs += [_unlogged(name, task) for name, task in tasks.items() if name not in reports]
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(runs, key=lambda run: run.started or oldest, reverse=True)


def _tasks(app: App, job: ScheduledJob) -> Iterator[Mapping[str, Any]]:
    """The tasks that ECS still reports: those that run, and for an hour those that have stopped."""
    ecs = app.client("ecs")
    arns: list[str] = []
    for status in ("RUNNING", "STOPPED"):
        pages = ecs.get_paginator("list_tasks")
        for page in pages.paginate(cluster=app.cluster, family=job.definition["family"], desiredStatus=status):
            arns += page["taskArns"]
    for first in range(0, len(arns), _MOST_TASKS):
        yield from ecs.describe_tasks(cluster=app.cluster, tasks=arns[first : first + _MOST_TASKS])["tasks"]


def _reports(app: App, job: ScheduledJob, seconds: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The lines of the log in which runs report, each with the id of its task."""
    container = app_container(job.definition)
    options = container["logConfiguration"]["options"]
    pages = app.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(
        logGroupName=options["awslogs-group"],
        logStreamNamePrefix=f"{options['awslogs-stream-prefix']}/{container['name']}/",
        filterPattern=f'"{KEY}"',
        startTime=int((time.time() - seconds) * 1000),
    ):
        for event in page["events"]:
            report = _report(event["message"])
            if report.get(KEY) == job.name:
                yield event["logStreamName"].rpartition("/")[2], report


def _report(line: str) -> Mapping[str, Any]:
    """The report in a line; empty if it is a line of the command's own."""
    try:
        report = json.loads(line)
    except ValueError:
        return {}
    return cast(Mapping[str, Any], report) if isinstance(report, dict) else {}


def _logged(name: str, reports: list[Mapping[str, Any]], task: Mapping[str, Any] | None) -> Run:
    """A run that has reported."""
    last = reports[-1]
    started = datetime.fromisoformat(str(last["started_at"]))
    if last["outcome"] not in _UNFINISHED:
        attempts, reason = last.get("attempts"), str(last.get("reason", ""))
        return Run(name, started, last.get("seconds"), last.get("exit_code"), str(last["outcome"]), attempts, reason)
    if task is None:
        return Run(name, started, None, None, "unknown", None, "the task ended without a report")
    if task["lastStatus"] != "STOPPED":
        return Run(name, started, None, None, "running", None, "")
    return Run(name, started, None, _exit_code(task), "failed", None, str(task.get("stoppedReason", "")))


def _unlogged(name: str, task: Mapping[str, Any]) -> Run:
    """A task of which the log has no report."""
    if task["lastStatus"] != "STOPPED":
        return Run(name, task["createdAt"], None, None, "running", None, "")
    return Run(name, task["createdAt"], None, _exit_code(task), "not started", None, str(task.get("stoppedReason", "")))


def _exit_code(task: Mapping[str, Any]) -> int | None:
    """The exit code of the task's first container that has one other than 0."""
    codes = [container["exitCode"] for container in task["containers"] if container.get("exitCode") is not None]
    return next((code for code in codes if code), codes[0] if codes else None)
