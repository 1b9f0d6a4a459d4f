"""The release command of a stack on this machine: once for each new task definition, before its tasks serve."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_on_aws.shell import shell_command

# A migration that takes longer than ten minutes on a developer's data is stuck.
_RELEASE_SECONDS = 600
_POLL_SECONDS = 0.2
_LAST_LINES = 20


class ReleaseError(Exception):
    """A release command that failed, with its exit code and last lines."""


class Releases:
    """Runs release commands as tasks, and remembers for which task definitions they succeeded."""

    def __init__(self, client: Callable[[str], Any], done: Path) -> None:
        self._ecs, self._logs, self._ec2, self._done = client("ecs"), client("logs"), client("ec2"), done

    def run(self, task_definition: str, command: str, say: Callable[[str], None]) -> None:
        """Run the command with the task definition's environment, unless that was done.

        Raises:
            ReleaseError: if it fails, or takes longer than ten minutes.
        """
        if task_definition in self._known():
            return
        say(f"release command: {command}")
        definition = self._ecs.describe_task_definition(taskDefinition=task_definition)["taskDefinition"]
        container = definition["containerDefinitions"][0]
        override = {"name": container["name"], "command": shell_command(command)}
        task = self._ecs.run_task(
            cluster=self._cluster(),
            taskDefinition=task_definition,
            launchType="FARGATE",
            startedBy="release",
            networkConfiguration={"awsvpcConfiguration": {"subnets": self._subnets()}},
            overrides={"containerOverrides": [override]},
        )["tasks"][0]
        self._check(self._wait(task), container, say)
        with self._done.open("a") as file:
            file.write(f"{task_definition}\n")

    def _known(self) -> set[str]:
        return set(self._done.read_text().splitlines()) if self._done.is_file() else set()

    def _subnets(self) -> list[str]:
        """Any will do: here a task's network is the machine's."""
        return [subnet["SubnetId"] for subnet in self._ec2.describe_subnets()["Subnets"]][:1]

    def _cluster(self) -> str:
        """The stack's cluster, which may still be on its way."""
        until = time.monotonic() + _RELEASE_SECONDS
        while time.monotonic() < until:
            found = self._ecs.list_clusters()["clusterArns"]
            if found:
                return found[0]
            time.sleep(_POLL_SECONDS)
        raise ReleaseError("the stack has no cluster to run its release command in.")

    def _wait(self, task: dict[str, Any]) -> dict[str, Any]:
        until = time.monotonic() + _RELEASE_SECONDS
        cluster, arn = task["clusterArn"], task["taskArn"]
        while time.monotonic() < until:
            (found,) = self._ecs.describe_tasks(cluster=cluster, tasks=[arn])["tasks"]
            if found["lastStatus"] == "STOPPED":
                return found
            time.sleep(_POLL_SECONDS)
        self._ecs.stop_task(cluster=cluster, task=arn, reason="The release command took too long")
        raise ReleaseError(f"the release command did not end within {_RELEASE_SECONDS} s and was stopped.")

    def _check(self, task: dict[str, Any], container: dict[str, Any], say: Callable[[str], None]) -> None:
        lines = self._lines(task, container)
        for line in lines:
            say(f"  {line}")
        (ended,) = [one for one in task["containers"] if one["name"] == container["name"]]
        if ended.get("exitCode") != 0:
            code = ended.get("exitCode", "none")
            reason = ended.get("reason") or task.get("stoppedReason", "")
            raise ReleaseError(
                f"the release command ended with exit code {code} ({reason}); the old release goes on serving. "
                "Its last lines:\n" + "\n".join(lines[-_LAST_LINES:])
            )

    def _lines(self, task: dict[str, Any], container: dict[str, Any]) -> list[str]:
        options = container.get("logConfiguration", {}).get("options", {})
        number = task["taskArn"].rsplit("/", 1)[-1]
        stream = f"{options.get('awslogs-stream-prefix')}/{container['name']}/{number}"
        try:
            found = self._logs.get_log_events(
                logGroupName=options.get("awslogs-group", ""), logStreamName=stream, startFromHead=True
            )
        except self._logs.exceptions.ResourceNotFoundException:
            return []
        return [event["message"] for event in found["events"]]
