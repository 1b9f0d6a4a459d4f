"""The release command: one task of a new task definition, which must succeed before any service gets it."""

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..runtime_contract.shell import container_command
from .diagnosis import Cause, Evidence, capacity_cause, diagnose
from .task_logs import LogStream, log_stream

Clients = Callable[[str], Any]
Say = Callable[[str], None]

# ECS lets an account describe tasks twenty times a second, after a burst of a hundred:
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html; CloudWatch Logs allows as much.
POLL_SECONDS = 1.0
# Enough for the end of a traceback.
LAST_LINES = 20
# A new role's policies take a minute or so to propagate, and only a service retries a start:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
_PROPAGATION_SECONDS, _RETRY_SECONDS = 90, 10
# A start that failed for one of these never ran the command, and the next may succeed.
_TRANSIENT = ("denied secret", "no capacity")


class ReleaseTaskError(Exception):
    """A release command that failed, took too long or could not be started, with its cause and last lines."""


class ReleaseCommand(NamedTuple):
    """The command to run."""

    cluster: str
    task_definition: str
    container: str
    command: str
    subnets: Sequence[str]
    security_groups: Sequence[str]
    assign_public_ip: bool
    release: str
    """What is released, and after what; the same text identifies the same run, even if it was interrupted."""
    seconds: int
    """How long it may take."""

    @property
    def started_by(self) -> str:
        """Identifies this run's tasks, so that an update after an interrupted one finds them; ECS allows 128 characters."""
        return f"release-{hashlib.sha256(self.release.encode()).hexdigest()[:24]}"


class ReleaseTask:
    """Runs release commands with a cluster's API."""

    def __init__(self, client: Clients, say: Say, sleep: Callable[[float], None] = time.sleep) -> None:
        self._ecs, self._logs, self._say, self._sleep = client("ecs"), client("logs"), say, sleep

    def run(self, wanted: ReleaseCommand) -> None:
        """Run it to its end, unless it has already succeeded; one that an interrupted update left running is awaited.

        Raises:
            ReleaseTaskError: if it fails, or does not end in time and is stopped.
        """
        until = time.monotonic() + wanted.seconds
        definition = self._ecs.describe_task_definition(taskDefinition=wanted.task_definition)["taskDefinition"]
        earlier = self._earlier(wanted, definition["family"])
        if any(_succeeded(task, wanted.container) for task in earlier):
            self._say("The release command has already succeeded; the interrupted update continues after it.")
            return
        running = [task for task in earlier if task["lastStatus"] != "STOPPED"]
        attempt, propagated = len(earlier), time.monotonic() + _PROPAGATION_SECONDS
        while True:
            task = running.pop() if running else self._start(wanted, definition, attempt, until)
            ended, cause, lines = self._follow(task, wanted, definition, until)
            if cause is None:
                return
            if cause.kind not in _TRANSIENT or time.monotonic() > min(propagated, until):
                raise ReleaseTaskError(_failure(wanted, ended, cause, lines))
            attempt += 1
            self._say(f"The release command could not start and is retried: {cause.reason}")
            self._sleep(_RETRY_SECONDS)

    def _earlier(self, wanted: ReleaseCommand, family: str) -> list[Mapping[str, Any]]:
        """The tasks of this run that ECS still reports: it keeps stopped ones for an hour."""
        tasks: list[Mapping[str, Any]] = []
        for status in ("RUNNING", "STOPPED"):
            pages = self._ecs.get_paginator("list_tasks")
            for page in pages.paginate(cluster=wanted.cluster, family=family, desiredStatus=status):
                if page["taskArns"]:
                    tasks += self._ecs.describe_tasks(cluster=wanted.cluster, tasks=page["taskArns"])["tasks"]
        return [task for task in tasks if task.get("startedBy") == wanted.started_by]

    def _start(
        self, wanted: ReleaseCommand, definition: Mapping[str, Any], attempt: int, until: float
    ) -> Mapping[str, Any]:
        self._say(f"release command: {wanted.command}")
        while True:
            answer = self._run_task(wanted, definition, attempt)
            if answer["tasks"]:
                return answer["tasks"][0]
            reasons = [str(failure.get("reason", "")) for failure in answer["failures"]]
            shortage = capacity_cause(reasons)
            if shortage is None or time.monotonic() > until:
                raise ReleaseTaskError(
                    f"The release command {wanted.command!r} could not be started: "
                    f"{shortage.reason if shortage else '; '.join(reasons)}"
                )
            self._sleep(_RETRY_SECONDS)

    def _run_task(self, wanted: ReleaseCommand, definition: Mapping[str, Any], attempt: int) -> Mapping[str, Any]:
        command = container_command(wanted.command, entry_point_of(definition, wanted.container))
        override = {"name": wanted.container, "command": command}
        network = {
            "subnets": list(wanted.subnets),
            "securityGroups": list(wanted.security_groups),
            "assignPublicIp": "ENABLED" if wanted.assign_public_ip else "DISABLED",
        }
        return self._ecs.run_task(
            cluster=wanted.cluster,
            taskDefinition=wanted.task_definition,
            launchType="FARGATE",
            startedBy=wanted.started_by,
            # With the same token ECS starts no second task if the answer to the first request was lost.
            clientToken=f"{wanted.started_by}-{attempt}",
            networkConfiguration={"awsvpcConfiguration": network},
            overrides={"containerOverrides": [override]},
            propagateTags="TASK_DEFINITION",
        )

    def _follow(
        self, task: Mapping[str, Any], wanted: ReleaseCommand, definition: Mapping[str, Any], until: float
    ) -> tuple[Mapping[str, Any], Cause | None, Sequence[str]]:
        stream = log_stream(self._logs, definition["containerDefinitions"], wanted.container, task["taskArn"])
        lines: list[str] = []
        while True:
            (current,) = self._ecs.describe_tasks(cluster=wanted.cluster, tasks=[task["taskArn"]])["tasks"]
            lines += self._forward_lines(stream)
            if current["lastStatus"] == "STOPPED":
                if _succeeded(current, wanted.container):
                    return current, None, lines
                return current, _cause(current, lines, definition), lines
            if time.monotonic() > until:
                reason = f"The release command took longer than {wanted.seconds} s"
                self._ecs.stop_task(cluster=wanted.cluster, task=task["taskArn"], reason=reason)
                late = (
                    f"it did not end within {wanted.seconds} s and was stopped; raise release_seconds if it needs more."
                )
                return current, Cause("too slow", late), lines
            self._sleep(POLL_SECONDS)

    def _forward_lines(self, stream: LogStream | None) -> list[str]:
        lines = stream.new_lines() if stream else []
        for line in lines:
            self._say(f"  {line}")
        return lines


def entry_point_of(definition: Mapping[str, Any], container: str) -> Sequence[str]:
    """The entry point that a task definition gives a container; empty if it is the image's."""
    for one in definition["containerDefinitions"]:
        if one["name"] == container:
            return one.get("entryPoint") or ()
    return ()


def _app(task: Mapping[str, Any], container: str) -> Mapping[str, Any]:
    nothing: Mapping[str, Any] = {}
    return next((item for item in task["containers"] if item["name"] == container), nothing)


def _succeeded(task: Mapping[str, Any], container: str) -> bool:
    return task["lastStatus"] == "STOPPED" and _app(task, container).get("exitCode") == 0


def _cause(task: Mapping[str, Any], lines: Sequence[str], definition: Mapping[str, Any]) -> Cause:
    return diagnose(
        Evidence(
            stop_code=task.get("stopCode", ""),
            stopped_reason=task.get("stoppedReason", ""),
            containers=task["containers"],
            lines=lines[-LAST_LINES:],
            memory=str(definition.get("memory", "")),
        )
    )


def _failure(wanted: ReleaseCommand, task: Mapping[str, Any], cause: Cause, lines: Sequence[str]) -> str:
    code = _app(task, wanted.container).get("exitCode", "none")
    message = f"The release command {wanted.command!r} failed ({cause.kind}, exit code {code}): {cause.reason}"
    reason = task.get("stoppedReason", "")
    if reason and reason not in cause.reason:
        message += f" ECS says: {reason}."
    if lines:
        message += "\nIts last lines:\n" + "\n".join(f"  {line}" for line in lines[-LAST_LINES:])
    return f"{message}\nNo service was changed; what served before serves on."
