"""EventBridge Scheduler, as far as schedules start tasks of ECS; a part of the local AWS."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from ....local_project.clients import client
from ....local_project.location import Location
from ...api.records import Records
from ...faults import Faults
from ...loops import Loop
from .schedules import is_due

_ACTIVITY = "scheduled tasks"
_FIX = "Correct or delete it; all other schedules continue to be followed."
# Between checks. AWS starts a task within a minute of its time.
_SECONDS = 1.0
# AWS's retries wait longer each time; it does not say how long. These fit many into the shortest age, a minute.
_FIRST_PAUSE, _MAX_DOUBLINGS = timedelta(seconds=1), 6


@dataclass
class _Start:
    """A start of a schedule's task, which is repeated if it fails."""

    schedule: Any
    due: datetime
    retries: int = 0
    not_before: datetime | None = None

    @property
    def policy(self) -> Any:
        """The schedule's retry policy; moto fills in AWS's defaults."""
        return self.schedule["Target"]["RetryPolicy"]


class ScheduledTasks:
    """Starts the tasks of schedules on time. What was due while the local AWS did not run is not started later."""

    def __init__(self, location: Location, records: Records, faults: Faults) -> None:
        self._scheduler, self._ecs, self._sqs = (client(location, name) for name in ("scheduler", "ecs", "sqs"))
        self._records, self._faults = records, faults
        self._schedules: Sequence[Any] = ()
        self._version = -1
        self._checked_at: dict[str, datetime] = {}
        """By ARN of a schedule: the time up to which it was checked; for a rate, the time of its last run."""
        self._failed: list[_Start] = []
        self._given_up: dict[str, tuple[Any, Exception]] = {}
        """By ARN of a schedule whose last run could not start: when it was changed before, and the reason."""
        self._loop = Loop(_ACTIVITY, self._start_due, _SECONDS, faults)

    def start(self) -> None:
        """Start to follow schedules."""
        self._loop.start()

    def stop(self) -> None:
        """Follow no schedule any more; tasks that run are ECS's."""
        self._loop.stop()

    def _start_due(self) -> None:
        now, schedules = datetime.now(UTC), self._read_schedules()
        arns = {schedule["Arn"] for schedule in schedules}
        self._checked_at = {arn: at for arn, at in self._checked_at.items() if arn in arns}
        self._given_up = {arn: reason for arn, reason in self._given_up.items() if arn in arns}
        self._faults.forget(_ACTIVITY, [_subject(schedule) for schedule in schedules])
        repeated, self._failed = self._failed, []
        for start in repeated:
            if start.schedule["Arn"] in arns:
                self._try(start, now)
        for schedule in schedules:
            with self._faults.capture(_ACTIVITY, _subject(schedule), _FIX):
                if self._is_due(schedule, now):
                    self._try(_Start(schedule, now), now)
                changed, reason = self._given_up.get(schedule["Arn"], (None, None))
                if reason and changed == schedule["LastModificationDate"]:
                    raise reason

    def _read_schedules(self) -> Sequence[Any]:
        """The schedules of tasks, read again only after a call that may have changed them."""
        version = self._records.version
        if version != self._version:
            pages = self._scheduler.get_paginator("list_schedules").paginate()
            listed = [schedule for page in pages for schedule in page["Schedules"]]
            schedules = [self._scheduler.get_schedule(Name=one["Name"], GroupName=one["GroupName"]) for one in listed]
            self._schedules = [schedule for schedule in schedules if "EcsParameters" in schedule["Target"]]
            self._version = version
        return self._schedules

    def _is_due(self, schedule: Any, now: datetime) -> bool:
        arn, expression = schedule["Arn"], schedule["ScheduleExpression"]
        last = self._checked_at.setdefault(arn, now)
        due = is_due(expression, schedule["ScheduleExpressionTimezone"], last, now)
        if due or not expression.startswith("rate"):
            self._checked_at[arn] = now
        # moto forgets it in an update without one, where AWS enables the schedule.
        return due and schedule.get("State", "ENABLED") == "ENABLED"

    def _try(self, start: _Start, now: datetime) -> None:
        """Start the task, or remember to try again, or put it into the dead-letter queue."""
        if start.not_before and now < start.not_before:
            self._failed.append(start)
            return
        try:
            self._run(start.schedule)
            self._given_up.pop(start.schedule["Arn"], None)
        except (ClientError, BotoCoreError) as error:
            again = start.not_before = now + _FIRST_PAUSE * 2 ** min(start.retries, _MAX_DOUBLINGS)
            last = start.due + timedelta(seconds=start.policy["MaximumEventAgeInSeconds"])
            if start.retries < start.policy["MaximumRetryAttempts"] and again < last:
                start.retries += 1
                self._failed.append(start)
            else:
                self._give_up(start, error)

    def _run(self, schedule: Any) -> None:
        target = schedule["Target"]
        parameters = target["EcsParameters"]
        network = parameters.get("NetworkConfiguration", {}).get("awsvpcConfiguration", {})
        given = {
            "launchType": parameters.get("LaunchType"),
            "group": parameters.get("Group"),
            "platformVersion": parameters.get("PlatformVersion"),
            "propagateTags": parameters.get("PropagateTags"),
            "overrides": json.loads(target["Input"]) if target.get("Input") else None,
        }
        self._ecs.run_task(
            cluster=target["Arn"],
            taskDefinition=parameters["TaskDefinitionArn"],
            count=parameters.get("TaskCount", 1),
            enableExecuteCommand=parameters.get("EnableExecuteCommand", False),
            networkConfiguration={
                "awsvpcConfiguration": {name[:1].lower() + name[1:]: value for name, value in network.items()}
            },
            startedBy=f"chronos-schedule/{schedule['Name']}",
            **{name: value for name, value in given.items() if value is not None},
        )

    def _give_up(self, start: _Start, error: Exception) -> None:
        """Send the message that EventBridge Scheduler would: https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"""
        schedule = start.schedule
        self._given_up[schedule["Arn"]] = (schedule["LastModificationDate"], error)
        queue = schedule["Target"].get("DeadLetterConfig", {}).get("Arn")
        if not queue:
            return
        attempts_used = start.retries >= start.policy["MaximumRetryAttempts"]
        attributes = {
            "ERROR_CODE": _code(error),
            "ERROR_MESSAGE": str(error),
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts" if attempts_used else "MaximumEventAgeInSeconds",
            "RETRY_ATTEMPTS": str(start.retries),
            "SCHEDULE_ARN": schedule["Arn"],
            "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:ecs:runTask",
        }
        self._sqs.send_message(
            QueueUrl=self._sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"],
            MessageBody=schedule["Target"].get("Input") or "{}",
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )


def _code(error: Exception) -> str:
    return str(cast(Any, error).response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def _subject(schedule: Any) -> str:
    return f"schedule {schedule['Name']}"
