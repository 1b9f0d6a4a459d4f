"""A container of a task, from waiting for its dependencies to its exit code."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ....shared.process_groups import kill_group
from ....task_model.definition import Container, HealthCheck
from ....task_model.runtime import CannotStart, ExecProcess, Launch, RunningContainer
from .processes import ProcessLaunch

_OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
# The message of ECS's agent if a condition can no longer be met (dependencygraph in aws/amazon-ecs-agent).
_UNRESOLVED = (
    "dependency graph: failed to resolve container ordering dependency [{}] for target [{}] as dependency did not {}."
)


@dataclass
class ContainerRun:
    """The current state of a container."""

    container: Container
    launch: Launch | None
    """None if it is skipped."""
    reason: str | None = None
    """Why it was skipped or killed, as in DescribeTasks."""
    running: RunningContainer | None = None
    exit_code: int | None = None
    health: str = "UNKNOWN"
    kill_at: float | None = None
    is_in_development: bool = False
    """Whether it runs code that is being edited."""
    on_change: Callable[[], None] = lambda: None
    """Called, from any thread, when it has ended or its health has changed."""
    _exited: threading.Event = field(default_factory=threading.Event)

    @property
    def alive(self) -> bool:
        """Whether it has started and has not ended."""
        return self.running is not None and self.exit_code is None

    @property
    def ended(self) -> bool:
        """Whether it has ended, or will never start."""
        return self.exit_code is not None or self.launch is None

    def description(self) -> dict[str, object]:
        """Its fields in DescribeTasks."""
        status = "RUNNING" if self.alive else "STOPPED" if self.ended else "PENDING"
        fields: dict[str, object] = {"lastStatus": status, "healthStatus": self.health}
        if self.exit_code is not None:
            fields["exitCode"] = self.exit_code
        if self.reason is not None:
            fields["reason"] = self.reason
        return fields

    def may_start(self, others: Mapping[str, "ContainerRun"]) -> bool:
        """Whether all of its dependencies are met; raises `CannotStart` if one can no longer be met."""
        met = [
            _is_met(self.container.name, others.get(name), name, condition)
            for name, condition in self.container.depends_on
        ]
        return all(met)

    def start(self) -> None:
        """Start it and its health check; raises `CannotStart` if its command does not exist."""
        if self.launch is None:
            return
        self.running = self._start(self.launch)
        health_check = self.container.health_check
        if health_check is not None:
            threading.Thread(target=self._check_health, args=(self.running, health_check), daemon=True).start()

    def _start(self, launch: Launch) -> RunningContainer:
        try:
            running = launch.start()
        except OSError as error:
            raise CannotStart(
                f"CannotStartContainerError: failed to create the process of {self.container.name}: {error}"
            ) from error
        running.on_end(self.on_change)
        return running

    def restart_from(self, folder: Path | None) -> None:
        """Run the code from a folder, at the same address; None: from the image again, unless it already does.

        Mistakes in code that is being edited may end the process. The container does not end: it runs the next version.
        """
        is_unchanged = folder is None and not self.is_in_development
        if not isinstance(self.launch, ProcessLaunch) or is_unchanged or self.ended:
            return
        self.is_in_development = folder is not None
        self.launch = self.launch.with_code_in(folder)
        if self.running is not None:
            self.running.kill()
            self.running = self._start(self.launch)

    def poll(self) -> None:
        """Check whether it has ended."""
        if self.alive and self.running is not None and not self.is_in_development:
            self.exit_code = self.running.exit_code()
            if self.exit_code is not None:
                self._exited.set()
                if self.running.out_of_memory():
                    self.reason = _OUT_OF_MEMORY

    def stop(self, now: float) -> None:
        """Send SIGTERM at the first call, and SIGKILL once the stop timeout has passed."""
        if self.running is None:
            return
        self.is_in_development = False
        if self.kill_at is None:
            self.kill_at = now + self.container.stop_timeout
            self.running.signal(signal.SIGTERM)
        elif now >= self.kill_at:
            self.running.kill()

    def kill_for_memory(self) -> None:
        """Kill it as the kernel does with a container above its memory limit."""
        if self.running is not None:
            self.reason = _OUT_OF_MEMORY
            self.running.kill()

    def _check_health(self, running: RunningContainer, check: HealthCheck) -> None:
        """HEALTHY after one successful check, UNHEALTHY after as many consecutive failures as the check allows."""
        started_at, failures = time.monotonic(), 0
        probe = running.exec_process(check.command)
        while not self._exited.wait(check.interval):
            before = self.health
            if _succeeds(probe, check.timeout):  # any error counts as a failure
                failures, self.health = 0, "HEALTHY"
            elif time.monotonic() - started_at > check.start_period or self.health == "HEALTHY":
                failures += 1
                if failures >= check.retries:
                    self.health = "UNHEALTHY"
            if self.health != before:
                self.on_change()


def _succeeds(probe: ExecProcess, timeout: float) -> bool:
    """Whether a command exits with 0 in time; otherwise it is killed with its child processes."""
    try:
        process = subprocess.Popen(  # noqa: S603 the command of the user's task definition
            list(probe.command),
            cwd=probe.folder,
            env=dict(probe.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError, TypeError):  # not found; a null byte; not a string
        return False
    try:
        return process.wait(timeout) == 0
    except subprocess.TimeoutExpired:
        kill_group(process.pid)
        process.wait()
        return False


def _is_met(target: str, other: ContainerRun | None, name: str, condition: str) -> bool:
    if other is None or other.launch is None:
        raise CannotStart(_UNRESOLVED.format(name, target, "start"))
    if condition == "START":
        return other.running is not None
    if condition == "HEALTHY":
        if other.health == "UNHEALTHY" or other.exit_code is not None:
            raise CannotStart(_UNRESOLVED.format(name, target, "become healthy"))
        return other.health == "HEALTHY"
    if condition == "SUCCESS" and other.exit_code not in (None, 0):
        raise CannotStart(_UNRESOLVED.format(name, target, "exit successfully"))
    return other.exit_code is not None
