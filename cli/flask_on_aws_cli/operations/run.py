"""`flask-on-aws run`."""

import shlex
import signal
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, NoReturn

import click
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws.releases.release_task import POLL_SECONDS
from flask_on_aws.releases.task_logs import LogStream, log_stream
from flask_on_aws.runtime_contract.shell import shell_command

from ..shared.durations import Duration
from .app import App, AppService, app_container, short_name
from .errors import OperationError
from .target import app_options

# All overrides of a task: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
_LONGEST = 8192
# CloudWatch shows the last lines a moment after the task has stopped.
_QUIET_SECONDS = 2.0
# As shells say it: 128 and the number of the signal; and what timeout(1) says.
_INTERRUPTED, _TERMINATED, _TIMED_OUT = 130, 143, 124
_MARK = "flask-on-aws-run"


@click.command(context_settings={"allow_interspersed_args": False})
@app_options
@click.option("--timeout", type=Duration(), help="Stop the task then, with exit code 124. Default: none.")
@click.argument("command", nargs=-1, required=True)
def run(app: App, command: Sequence[str], timeout: int | None) -> NoReturn:
    """Run COMMAND as a task of its own, with the service's image, network, roles and environment.

    Its output is printed, and its exit code is this command's. Ctrl-C stops the task. One word alone is for a shell:
    run "flask db upgrade && flask seed".
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    if len(line) > _LONGEST:
        raise OperationError(f"The command has {len(line)} characters; ECS takes up to {_LONGEST}.")
    task = OneOff(app, app.one_service)
    sys.exit(task.run(line, timeout))


class OneOff:
    """One task beside a service."""

    def __init__(self, app: App, service: AppService) -> None:
        self._ecs, self._logs, self._service = app.client("ecs"), app.client("logs"), service
        self._definition = self._ecs.describe_task_definition(taskDefinition=service.running_definition)[
            "taskDefinition"
        ]
        self._container = app_container(self._definition)["name"]

    def run(self, line: str, timeout: int | None) -> int:
        """Run a command line to its end; its exit code."""
        until = time.monotonic() + timeout if timeout else None
        arn = self._start(line)
        click.echo(f"task {short_name(arn)} of {short_name(self._definition['taskDefinitionArn'])}", err=True)
        stream = log_stream(self._logs, self._definition["containerDefinitions"], self._container, arn)
        if stream is None:
            click.echo("The service writes no logs to CloudWatch, so nothing of the output is shown.", err=True)
        with _signals():
            try:
                task = self._follow(arn, stream, until)
            except _StoppedError as stopped:
                self._stop(arn, stream, stopped)
                return stopped.code
        return self._exit_code(task)

    def _start(self, line: str) -> str:
        override = {"name": self._container, "command": shell_command(line)}
        network = self._service.told.get("networkConfiguration") or self._service.deployment["networkConfiguration"]
        answer = self._ecs.run_task(
            cluster=self._service.cluster,
            taskDefinition=self._definition["taskDefinitionArn"],
            launchType="FARGATE",
            networkConfiguration=network,
            overrides={"containerOverrides": [override]},
            startedBy=_MARK,
            propagateTags="TASK_DEFINITION",
        )
        if not answer["tasks"]:
            reasons = "; ".join(str(failure.get("reason", "")) for failure in answer["failures"])
            raise OperationError(f"ECS could not start the task: {reasons}; try again in a minute.")
        return answer["tasks"][0]["taskArn"]

    def _follow(self, arn: str, stream: LogStream | None, until: float | None) -> Mapping[str, Any]:
        """Pass the output on until the task has stopped."""
        while True:
            (task,) = self._ecs.describe_tasks(cluster=self._service.cluster, tasks=[arn])["tasks"]
            _pass_on(stream)
            if task["lastStatus"] == "STOPPED":
                _pass_on_last(stream)
                return task
            if until is not None and time.monotonic() > until:
                raise _StoppedError(_TIMED_OUT, "The time is over")
            time.sleep(POLL_SECONDS)

    def _stop(self, arn: str, stream: LogStream | None, stopped: "_StoppedError") -> None:
        click.echo(f"{stopped}; the task is stopped. Again Ctrl-C does not wait for its end.", err=True)
        self._ecs.stop_task(cluster=self._service.cluster, task=arn, reason=str(stopped))
        try:
            self._follow(arn, stream, until=None)
        except _StoppedError:
            return

    def _exit_code(self, task: Mapping[str, Any]) -> int:
        (app,) = (one for one in task["containers"] if one["name"] == self._container)
        code = app.get("exitCode")
        if code == 0:
            return 0
        memory = str(self._definition.get("memory", ""))
        seen = Evidence(task.get("stopCode", ""), task.get("stoppedReason", ""), task["containers"], memory=memory)
        cause = diagnose(seen)
        if code is None:
            raise OperationError(f"The command did not run ({cause.kind}): {cause.reason}")
        if cause.kind != "crash":  # of which the code says enough
            click.echo(f"{cause.kind}: {cause.reason}", err=True)
        return int(code)


class _StoppedError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@contextmanager
def _signals() -> Generator[None]:
    """Ctrl-C and SIGTERM end the task, not only the one who looks at it."""
    codes = {signal.SIGINT: (_INTERRUPTED, "Ctrl-C"), signal.SIGTERM: (_TERMINATED, "SIGTERM")}

    def stop(number: int, frame: FrameType | None) -> None:
        raise _StoppedError(*codes[signal.Signals(number)])

    before = {number: signal.signal(number, stop) for number in codes}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _pass_on_last(stream: LogStream | None) -> None:
    until = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < until:
        time.sleep(POLL_SECONDS)
        if _pass_on(stream):
            until = time.monotonic() + _QUIET_SECONDS


def _pass_on(stream: LogStream | None) -> bool:
    """Print the new lines; whether there were any."""
    lines = stream.new_lines() if stream else []
    for line in lines:
        click.echo(line)
    return bool(lines)
