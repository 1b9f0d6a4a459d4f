"""One container of a task, from waiting for others to its exit code."""

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
# Where a condition can no longer come true: the words of ECS's agent (dependencygraph in aws/amazon-ecs-agent).
_UNRESOLVED = (
    "dependency graph: failed to resolve container ordering dependency [{}] for target [{}] as dependency did not {}."
)


@dataclass
class ContainerRun:
    """What is true of a container now."""

    container: Container
    launch: Launch | None
    """None when it is skipped."""
    reason: str | None = None
    """Why it was skipped or killed, as DescribeTasks says it."""
    running: RunningContainer | None = None
    code: int | None = None
    health: str = "UNKNOWN"
    kill_at: float | None = None
    is_developed: bool = False
    """Whether it runs code that is being written."""
    on_change: Callable[[], None] = lambda: None
    """Called, in any thread, when it has ended or its health is another."""
    _ended: threading.Event = field(default_factory=threading.Event)

    @property
    def alive(self) -> bool:
        """Whether it was started and has not ended."""
        return self.running is not None and self.code is None

    @property
    def over(self) -> bool:
        """Whether it has ended or never starts."""
        return self.code is not None or self.launch is None

    def told(self) -> dict[str, object]:
        """What DescribeTasks says of it."""
        status = "RUNNING" if self.alive else "STOPPED" if self.over else "PENDING"
        told: dict[str, object] = {"lastStatus": status, "healthStatus": self.health}
        if self.code is not None:
            told["exitCode"] = self.code
        if self.reason is not None:
            told["reason"] = self.reason
        return told

    def may_start(self, others: Mapping[str, "ContainerRun"]) -> bool:
        """Whether all that it waits for has come true; raises `CannotStart` when something never will."""
        met = [_is_met(self.container.name, others.get(name), name, kind) for name, kind in self.container.depends_on]
        return all(met)

    def start(self) -> None:
        """Start it, and its health check; raises `CannotStart` when its command is not there."""
        if self.launch is None:
            return
        self.running = self._start(self.launch)
        check = self.container.health_check
        if check is not None:
            threading.Thread(target=self._check, args=(self.running, check), daemon=True).start()

    def _start(self, launch: Launch) -> RunningContainer:
        try:
            running = launch.start()
        except OSError as missing:
            raise CannotStart(
                f"CannotStartContainerError: failed to create the process of {self.container.name}: {missing}"
            ) from missing
        running.on_end(self.on_change)
        return running

    def renew(self, folder: Path | None) -> None:
        """Run from a folder, at the same address; None: from the image again, unless it does already.

        Code that is being written ends by mistakes, which is no end of the container: the next version starts in it.
        """
        if not isinstance(self.launch, ProcessLaunch) or (folder is None and not self.is_developed) or self.over:
            return
        self.is_developed = folder is not None
        self.launch = self.launch.moved(folder)
        if self.running is not None:
            self.running.kill()
            self.running = self._start(self.launch)

    def poll(self) -> None:
        """Look whether it has ended."""
        if self.alive and self.running is not None and not self.is_developed:
            self.code = self.running.exit_code()
            if self.code is not None:
                self._ended.set()
                if self.running.out_of_memory():
                    self.reason = _OUT_OF_MEMORY

    def ask_to_stop(self, now: float) -> None:
        """SIGTERM once, and SIGKILL when its time is over."""
        if self.running is None:
            return
        self.is_developed = False
        if self.kill_at is None:
            self.kill_at = now + self.container.stop_timeout
            self.running.signal(signal.SIGTERM)
        elif now >= self.kill_at:
            self.running.kill()

    def kill_for_memory(self) -> None:
        """What the kernel does with a container above its limit."""
        if self.running is not None:
            self.reason = _OUT_OF_MEMORY
            self.running.kill()

    def _check(self, running: RunningContainer, check: HealthCheck) -> None:
        """HEALTHY after one good answer, UNHEALTHY after as many bad ones in a row as the check says."""
        started, failures = time.monotonic(), 0
        probe = running.exec_process(check.command)
        while not self._ended.wait(check.interval):
            before = self.health
            if _succeeds(probe, check.timeout):  # or else whatever went wrong is the check's failure
                failures, self.health = 0, "HEALTHY"
            elif time.monotonic() - started > check.start_period or self.health == "HEALTHY":
                failures += 1
                if failures >= check.retries:
                    self.health = "UNHEALTHY"
            if self.health != before:
                self.on_change()


def _succeeds(probe: ExecProcess, timeout: float) -> bool:
    """Whether a command ends well in time; it is ended with its children when it does not."""
    try:
        process = subprocess.Popen(  # noqa: S603 what the user's task definition says
            list(probe.command),
            cwd=probe.folder,
            env=dict(probe.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except (OSError, ValueError, TypeError):  # not there, a byte that no command may have, no text at all
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
        if other.health == "UNHEALTHY" or other.code is not None:
            raise CannotStart(_UNRESOLVED.format(name, target, "become healthy"))
        return other.health == "HEALTHY"
    if condition == "SUCCESS" and other.code not in (None, 0):
        raise CannotStart(_UNRESOLVED.format(name, target, "exit successfully"))
    return other.code is not None
