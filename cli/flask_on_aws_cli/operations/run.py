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
from flask_on_aws.build_plan.commands.runner_options import RUNNERS
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws.releases.release_task import POLL_SECONDS, entry_point_of
from flask_on_aws.releases.task_logs import LogStream, log_stream
from flask_on_aws.runtime_contract.shell import container_command
from flask_on_aws.runtime_contract.shell_words import commands

from ..shared.durations import Duration
from .app import App, AppService, app_container, short_name
from .errors import OperationError
from .target import app_options
from .task_start import start_task

# Characters of all overrides of a task: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
_MAX_LENGTH = 8192
# CloudWatch returns the last lines shortly after the task has stopped.
_QUIET_SECONDS = 2.0
# Exit codes of shells, 128 plus the number of the signal, and of timeout(1).
_INTERRUPTED, _TERMINATED, _TIMED_OUT = 130, 143, 124
_NOT_FOUND = 127  # of shells, for a program that is not there
_STARTED_BY = "flask-on-aws-run"


@click.command(context_settings={"allow_interspersed_args": False})
@app_options
@click.option("--timeout", type=Duration(), help="Stop the task after this time; the exit code is 124. Default: none.")
@click.option("--detach", is_flag=True, help="Print the task's id and do not wait for its end.")
@click.argument("command", nargs=-1, required=True)
def run(app: App, command: Sequence[str], timeout: int | None, detach: bool) -> NoReturn:
    """Run COMMAND in a new task of the app.

    The task has the service's image, network, roles and environment. This prints its output and exits with its exit
    code. Ctrl-C stops the task. A shell runs a single argument: run "flask db upgrade && flask seed".
    """
    line = command[0] if len(command) == 1 else shlex.join(command)
    if len(line) > _MAX_LENGTH:
        raise OperationError(
            f"The command has {len(line)} characters; shorten it to {_MAX_LENGTH}, the most that ECS accepts."
        )
    task = _task_of(app, app.selected_service)
    if detach:
        if timeout:
            raise OperationError("--timeout and --detach exclude each other: nobody waits to stop the task.")
        click.echo(short_name(task.start(line)))
        sys.exit(0)
    sys.exit(task.run(line, timeout))


def _task_of(app: App, service: AppService) -> "OneOffTask":
    """A task like those that a service runs."""
    return OneOffTask(app, service.cluster, service.running_definition, service.network)


class OneOffTask:
    """A task that runs a command, or its task definition's own."""

    def __init__(self, app: App, cluster: str, definition: str, network: Mapping[str, Any]) -> None:
        """Read the task definition.

        Args:
            app: the app.
            cluster: name or ARN of the cluster.
            definition: ARN of the task definition.
            network: the task's network, as RunTask takes it.
        """
        self._ecs, self._logs = app.client("ecs"), app.client("logs")
        self._cluster, self._network = cluster, network
        self._definition = self._ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]
        self._container = app_container(self._definition)["name"]

    def run(self, line: str | None, timeout: int | None) -> int:
        """Run a command line, or the task definition's own command, until it ends; return its exit code."""
        deadline = time.monotonic() + timeout if timeout else None
        arn = self.start(line)
        click.echo(f"task {short_name(arn)} of {short_name(self._definition['taskDefinitionArn'])}", err=True)
        stream = log_stream(self._logs, self._definition["containerDefinitions"], self._container, arn)
        if stream is None:
            click.echo("The service does not log to CloudWatch, so the output is not shown.", err=True)
        with _signals_as_errors():
            try:
                task = self._follow(arn, stream, deadline)
            except _StoppedError as stopped:
                self._stop(arn, stream, stopped)
                return stopped.code
        code = self._exit_code(task)
        if code == _NOT_FOUND and line and (runner := missing_runner(line)):
            click.echo(
                f"The image has no {runner}: the app's packages are on its PATH. "
                f"Run the command without `{runner} run`.",
                err=True,
            )
        return code

    def start(self, line: str | None) -> str:
        """Start a command line, or the task definition's own command; return the ARN of its task.

        Raises:
            OperationError: if ECS cannot start it.
        """
        overrides: list[Mapping[str, Any]] = []
        if line is not None:
            command = container_command(line, entry_point_of(self._definition, self._container))
            overrides.append({"name": self._container, "command": command})
        task = start_task(
            self._ecs,
            self._cluster,
            self._definition["taskDefinitionArn"],
            self._network,
            _STARTED_BY,
            overrides={"containerOverrides": overrides},
        )
        return task["taskArn"]

    def _follow(self, arn: str, stream: LogStream | None, deadline: float | None) -> Mapping[str, Any]:
        """Print the output until the task has stopped."""
        while True:
            (task,) = self._ecs.describe_tasks(cluster=self._cluster, tasks=[arn])["tasks"]
            _print_new_lines(stream)
            if task["lastStatus"] == "STOPPED":
                _print_last_lines(stream)
                return task
            if deadline is not None and time.monotonic() > deadline:
                raise _StoppedError(_TIMED_OUT, "The timeout has expired")
            time.sleep(POLL_SECONDS)

    def _stop(self, arn: str, stream: LogStream | None, stopped: "_StoppedError") -> None:
        click.echo(f"{stopped}; stopping the task. Press Ctrl-C to exit without waiting for its end.", err=True)
        self._ecs.stop_task(cluster=self._cluster, task=arn, reason=str(stopped))
        try:
            self._follow(arn, stream, deadline=None)
        except _StoppedError:
            return

    def _exit_code(self, task: Mapping[str, Any]) -> int:
        (container,) = (one for one in task["containers"] if one["name"] == self._container)
        code = container.get("exitCode")
        if code == 0:
            return 0
        memory = str(self._definition.get("memory", ""))
        evidence = Evidence(task.get("stopCode", ""), task.get("stoppedReason", ""), task["containers"], memory=memory)
        cause = diagnose(evidence)
        if code is None:
            raise OperationError(f"The command did not run ({cause.kind}): {cause.reason}")
        if cause.kind != "crash":  # the exit code says enough about a crash
            click.echo(f"{cause.kind}: {cause.reason}", err=True)
        return int(code)


def missing_runner(line: str) -> str:
    """The package manager through which a line runs a program, and which no planned image has; empty for none."""
    for command in commands(line) or ():
        words = [word.value for word in command.words[command.program :]]
        if words and words[0] in RUNNERS:
            return words[0]
    return ""


class _StoppedError(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@contextmanager
def _signals_as_errors() -> Generator[None]:
    """Raise `_StoppedError` on Ctrl-C and SIGTERM, so that they stop the task and not only this command."""
    codes = {signal.SIGINT: (_INTERRUPTED, "Ctrl-C"), signal.SIGTERM: (_TERMINATED, "SIGTERM")}

    def stop(number: int, frame: FrameType | None) -> None:
        raise _StoppedError(*codes[signal.Signals(number)])

    previous_handlers = {number: signal.signal(number, stop) for number in codes}
    try:
        yield
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)


def _print_last_lines(stream: LogStream | None) -> None:
    """Print new lines until none arrive for a while."""
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        if _print_new_lines(stream):
            deadline = time.monotonic() + _QUIET_SECONDS


def _print_new_lines(stream: LogStream | None) -> bool:
    """Print the new lines and return whether there were any."""
    lines = stream.new_lines() if stream else []
    for line in lines:
        click.echo(line)
    return bool(lines)
