"""One task from PROVISIONING to STOPPED, in a thread of its own that tells the API each step.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moto.core.utils import utcnow

from ....local_project.location import Target
from ....task_model.definition import TaskPlan
from ....task_model.runtime import CannotStart, Runtime, TaskSandbox
from ...api.record_values import TaskRecord
from ...api.records import Records
from ...faults import Faults
from ...parts import Targets
from ..scheduler.model import Phase
from .container import ContainerRun
from .launches import Launches
from .log_streams import Streams
from .usage import UsageMeter

_TICK = 0.1  # seconds between two looks at containers that start, which may wait for each other
_RUNNING_TICK = 0.5  # seconds between two measurements; whatever else happens to a container wakes its task
_ACTIVITY, _ENDING = "looking after a task", "ending a task"
# Seconds for a balancer to send no new request after a target was deregistered, before SIGTERM is sent all the same.
_DRAIN = 2.0


@dataclass(frozen=True)
class Tools:
    """What tasks run with."""

    records: Records
    runtime: Runtime
    streams: Streams
    targets: Targets
    launches: Launches
    faults: Faults


class TaskRun:
    """A task that runs; `start` it, and `stop` it at any time."""

    def __init__(
        self, record: TaskRecord, plan: TaskPlan, balancers: Sequence[Mapping[str, Any]], tools: Tools
    ) -> None:
        self.record = record
        self.plan = plan
        self.phase = Phase.STARTING
        self.running_since = 0.0
        """Monotonic time at which it was RUNNING."""
        self.was_healthy = False
        self.condemned = False
        """Whether it was stopped since it failed its health checks."""
        self.stop_code = ""
        self.meter = UsageMeter(plan)
        self.containers: list[ContainerRun] = []
        self.groups: list[tuple[str, Target]] = []
        self._room: TaskSandbox | None = None
        self._code: Path | None = None
        self._renewals = self._renewals_wanted = 0
        self._told: list[dict[str, object]] = []
        self._balancers = balancers
        self._tools = tools
        self._asked, self._woken = threading.Event(), threading.Event()
        self._reason = ""
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"task {record.id}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, code: str, reason: str) -> None:
        """Ask it to end; the first reason is the one that is told."""
        with self._lock:
            if self._asked.is_set():
                return
            self.stop_code, self._reason = code, reason
            self.phase = Phase.STOPPING
            self._asked.set()
            self._woken.set()
        # At once, as ECS does it: while a container is being made, the task's own thread is late to tell.
        self._tools.records.write_task(self.record.arn, self._why(), {})

    def develop(self, folder: Path | None) -> None:
        """Run from a folder from now on, whatever becomes of the processes; None: from the images again."""
        with self._lock:
            self._code = folder
            self._renewals_wanted += 1
        self._woken.set()

    @property
    def is_renewed(self) -> bool:
        """Whether it runs from where it was told last, or is over."""
        return self._renewals == self._renewals_wanted or self.phase is Phase.STOPPING

    @property
    def is_developed(self) -> bool:
        """Whether it runs from a folder in which code is being written."""
        return self._code is not None

    def wait(self, timeout: float | None = None) -> None:
        """Until it has ended."""
        self._thread.join(timeout)

    @property
    def ended(self) -> bool:
        """Whether all is over, and told."""
        return not self._thread.is_alive()

    @property
    def health(self) -> str:
        """By the essential containers' own checks: HEALTHY, UNHEALTHY, or UNKNOWN where there is none."""
        checks = [one.health for one in self.containers if one.container.essential and one.container.health_check]
        return next(
            (state for state in ("UNHEALTHY", "UNKNOWN") if state in checks), "HEALTHY" if checks else "UNKNOWN"
        )

    def _run(self) -> None:
        try:
            self._prepare()
            while not self._asked.is_set():
                self._look()
                self._woken.wait(_TICK if self.phase is Phase.STARTING else _RUNNING_TICK)
                self._woken.clear()
        except CannotStart as why:
            self.stop("TaskFailedToStart", str(why))
        except Exception as broken:
            self._tools.faults.report(_ACTIVITY, self.record.id, broken)
            self.stop("TaskFailedToStart", f"InternalError: {broken}")
        finally:
            self._end()
            self._tools.faults.clear(_ACTIVITY, self.record.id)

    def _look(self) -> None:
        """A look that fails is no end of a task that runs; it is one of a task that does not run yet."""
        if self.phase is not Phase.RUNNING:
            self._advance()
            return
        with self._tools.faults.kept(_ACTIVITY, self.record.id):
            self._advance()

    def _prepare(self) -> None:
        self._tell(last_status="PENDING", pull_started_at=utcnow())
        self._room = self._tools.runtime.create_sandbox(self.record.id, self.plan)
        self.containers = self._tools.launches.prepare(self.record, self.plan, self._room)
        self._tell(pull_stopped_at=utcnow())
        for one in self.containers:
            one.on_change = self._woken.set
        targets = {one.container.name: one.launch.target for one in self.containers if one.launch}
        for one in self.containers:
            if one.launch and one.container.log:
                prefix = one.container.log.prefix
                stream = f"{prefix}/{one.container.name}/{self.record.id}" if prefix else self.record.id
                self._tools.streams.follow(one.launch.log, one.container.log, stream)
        for balancer in self._balancers:
            target = targets.get(balancer.get("containerName", ""))
            if target and balancer.get("targetGroupArn"):
                self.groups.append((balancer["targetGroupArn"], target))

    def _advance(self) -> None:
        """Look at each container, start what may start, and see whether the task runs or is over."""
        self._renew()
        others = {one.container.name: one for one in self.containers}
        for one in self.containers:
            one.poll()
            if one.running is None and one.launch is not None and one.may_start(others):
                one.start()
        self._limit_memory()
        gone = [one for one in self.containers if one.over and one.container.essential]
        if gone or all(one.over for one in self.containers):
            self.stop("EssentialContainerExited", "Essential container in task exited")
        elif self.phase is Phase.STARTING and all(one.running for one in self.containers if one.container.essential):
            self._is_running()
        elif self._told != [one.told() for one in self.containers]:
            self._tell(health_status=self.health)

    def _renew(self) -> None:
        with self._lock:
            folder, wanted = self._code, self._renewals_wanted
        if self._renewals != wanted:
            for one in self.containers:
                one.renew(folder)
            self._renewals = wanted

    def _is_running(self) -> None:
        for group, target in self.groups:
            self._tools.targets.register(group, target)
        self.running_since = time.monotonic()
        with self._lock:
            if self.phase is Phase.STARTING:
                self.phase = Phase.RUNNING
        self._tell(last_status="RUNNING", started_at=utcnow())

    def _limit_memory(self) -> None:
        for container in self.meter.over_limit(self.containers):
            container.kill_for_memory()
            container.poll()

    def _end(self) -> None:
        """Out of the target groups, then SIGTERM, and SIGKILL to those whose time is over."""
        faults = self._tools.faults
        with faults.kept(_ENDING, self.record.id):
            self._tell(last_status="DEACTIVATING", stopping_at=utcnow(), **self._why())
            if self.phase is Phase.STOPPING and self.running_since:
                self._leave_groups()
            self._tell(last_status="STOPPING")
        while any(one.alive for one in self.containers):
            for one in self.containers:
                with faults.kept(_ENDING, self.record.id):
                    if one.alive and not self._is_needed(one):
                        one.ask_to_stop(time.monotonic())
                    one.poll()
            time.sleep(_TICK / 2)
        for one in self.containers:
            if one.launch is not None and one.container.log is not None:
                self._tools.streams.ended(one.launch.log)
        with faults.kept(_ENDING, self.record.id):
            if self._room is not None:
                self._room.close()
            self._tools.launches.credentials.forget(self.record.id)
        faults.clear(_ENDING, self.record.id)
        now = utcnow()
        self._tell(last_status="STOPPED", execution_stopped_at=now, stopped_at=now, connectivity="DISCONNECTED")

    def _is_needed(self, one: ContainerRun) -> bool:
        """A container ends after those that wait for it: dependsOn of API_ContainerDefinition.html."""
        name = one.container.name
        waiting = (other for other in self.containers if name in [needed for needed, _ in other.container.depends_on])
        return any(other.alive for other in waiting)

    def _leave_groups(self) -> None:
        for group, target in self.groups:
            self._tools.targets.deregister(group, target)
        deadline = time.monotonic() + _DRAIN
        while self.groups and any(one.alive for one in self.containers) and time.monotonic() < deadline:
            states = {self._tools.targets.health(group, target).state for group, target in self.groups}
            if states <= {"draining", "unused"}:
                return
            time.sleep(_TICK / 2)

    def _why(self) -> dict[str, Any]:
        return {"desired_status": "STOPPED", "stop_code": self.stop_code, "stopped_reason": self._reason}

    def _tell(self, **changes: Any) -> None:
        self._told = [one.told() for one in self.containers]
        told = {one.container.name: one_told for one, one_told in zip(self.containers, self._told, strict=True)}
        if changes.get("last_status") == "STOPPED":
            told = {name: {**one, "lastStatus": "STOPPED"} for name, one in told.items()}
            if not told:  # nothing was ever prepared
                told = {one.name: {"lastStatus": "STOPPED"} for one in self.plan.containers}
        self._tools.records.write_task(self.record.arn, changes, told)
