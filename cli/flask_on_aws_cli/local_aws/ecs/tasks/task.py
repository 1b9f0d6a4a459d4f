"""A task from PROVISIONING to STOPPED, in its own thread, which writes each step to the API's records.

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
from .log_streams import LogStreams
from .port_watch import PortWatch
from .usage import UsageMeter

_TICK = 0.1  # seconds between two checks of containers that are starting, which may wait for each other
_RUNNING_TICK = 0.5  # seconds between two measurements; all other changes of a container wake its task
_ACTIVITY, _STOPPING = "running a task", "stopping a task"
# Seconds after the deregistration of a target within which the load balancer must stop sending it new requests; after
# that, SIGTERM is sent anyway.
_DRAIN = 2.0


@dataclass(frozen=True)
class TaskDependencies:
    """The objects that all tasks use."""

    records: Records
    runtime: Runtime
    log_streams: LogStreams
    targets: Targets
    launches: Launches
    faults: Faults


class TaskRun:
    """A running task; call `start` first, and `stop` at any time."""

    def __init__(
        self,
        record: TaskRecord,
        plan: TaskPlan,
        load_balancers: Sequence[Mapping[str, Any]],
        dependencies: TaskDependencies,
    ) -> None:
        self.record = record
        self.plan = plan
        self.phase = Phase.STARTING
        self.running_since = 0.0
        """Monotonic time at which it became RUNNING."""
        self.was_healthy = False
        self.failed_health_checks = False
        """Whether it was stopped because it failed its health checks."""
        self.stop_code = ""
        self.meter = UsageMeter(plan)
        self.containers: list[ContainerRun] = []
        self.groups: list[tuple[str, Target]] = []
        self._room: TaskSandbox | None = None
        self._code_folder: Path | None = None
        self._ports: PortWatch | None = None
        self._applied_restarts = self._requested_restarts = 0
        self._descriptions: list[dict[str, object]] = []
        self._load_balancers = load_balancers
        self._dependencies = dependencies
        self._stop_requested, self._woken = threading.Event(), threading.Event()
        self._reason = ""
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True, name=f"task {record.id}")

    def start(self) -> None:
        """Start it."""
        self._thread.start()

    def stop(self, code: str, reason: str) -> None:
        """Request it to stop; only the first reason is reported."""
        with self._lock:
            if self._stop_requested.is_set():
                return
            self.stop_code, self._reason = code, reason
            self.phase = Phase.STOPPING
            self._stop_requested.set()
            self._woken.set()
        # Reported at once, as by ECS: the task's thread may be busy creating a container.
        self._dependencies.records.write_task(self.record.arn, self._stop_fields(), {})

    def develop(self, folder: Path | None) -> None:
        """Run the code from a folder from now on, even if its processes end; None: from the images again."""
        with self._lock:
            self._code_folder = folder
            self._requested_restarts += 1
        self._woken.set()

    @property
    def is_up_to_date(self) -> bool:
        """Whether it runs the code of the last call of `develop`, or is stopping."""
        return self._applied_restarts == self._requested_restarts or self.phase is Phase.STOPPING

    @property
    def is_in_development(self) -> bool:
        """Whether it runs from a folder in which code is being edited."""
        return self._code_folder is not None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until it has ended."""
        self._thread.join(timeout)

    @property
    def ended(self) -> bool:
        """Whether it has ended and its last state is in the records."""
        return not self._thread.is_alive()

    @property
    def health(self) -> str:
        """HEALTHY or UNHEALTHY by the health checks of its essential containers, or UNKNOWN without a result."""
        states = [run.health for run in self.containers if run.container.essential and run.container.health_check]
        return next(
            (state for state in ("UNHEALTHY", "UNKNOWN") if state in states), "HEALTHY" if states else "UNKNOWN"
        )

    def _run(self) -> None:
        try:
            self._prepare()
            while not self._stop_requested.is_set():
                self._update()
                self._woken.wait(_TICK if self.phase is Phase.STARTING else _RUNNING_TICK)
                self._woken.clear()
        except CannotStart as error:
            self.stop("TaskFailedToStart", str(error))
        except Exception as error:
            self._dependencies.faults.report(_ACTIVITY, self.record.id, error)
            self.stop("TaskFailedToStart", f"InternalError: {error}")
        finally:
            self._end()
            self._dependencies.faults.clear(_ACTIVITY, self.record.id)

    def _update(self) -> None:
        """Advance the task; an error ends a task that is starting, but not one that is running."""
        if self.phase is not Phase.RUNNING:
            self._advance()
            return
        with self._dependencies.faults.capture(_ACTIVITY, self.record.id):
            self._advance()

    def _prepare(self) -> None:
        self._write(last_status="PENDING", pull_started_at=utcnow())
        self._room = self._dependencies.runtime.create_sandbox(self.record.id, self.plan)
        self.containers = self._dependencies.launches.prepare(self.record, self.plan, self._room)
        self._write(pull_stopped_at=utcnow())
        for run in self.containers:
            run.on_change = self._woken.set
        targets = {run.container.name: run.launch.target for run in self.containers if run.launch}
        for run in self.containers:
            if run.launch and run.container.log:
                prefix = run.container.log.prefix
                stream = f"{prefix}/{run.container.name}/{self.record.id}" if prefix else self.record.id
                self._dependencies.log_streams.follow(run.launch.log, run.container.log, stream)
        for load_balancer in self._load_balancers:
            target = targets.get(load_balancer.get("containerName", ""))
            if target and load_balancer.get("targetGroupArn"):
                self.groups.append((load_balancer["targetGroupArn"], target))
                (run,) = (run for run in self.containers if run.container.name == load_balancer["containerName"])
                self._ports = PortWatch(run, target)

    def _advance(self) -> None:
        """Poll the containers, start those whose dependencies are met, and update the task's state."""
        self._restart_code()
        runs = {run.container.name: run for run in self.containers}
        for run in self.containers:
            run.poll()
            if run.running is None and run.launch is not None and run.may_start(runs):
                run.start()
        self._limit_memory()
        has_essential_ended = any(run.ended and run.container.essential for run in self.containers)
        if has_essential_ended or all(run.ended for run in self.containers):
            self.stop("EssentialContainerExited", "Essential container in task exited")
        elif self.phase is Phase.STARTING and all(run.running for run in self.containers if run.container.essential):
            self._become_running()
        elif self._descriptions != [run.description() for run in self.containers]:
            self._write(health_status=self.health)
        elif self._ports and not self.was_healthy:
            self._watch_ports(self._ports)

    def _watch_ports(self, watch: PortWatch) -> None:
        """Route to the port on which the app listens, if it is the one of the task definition; else report it."""
        port, problem = watch.look(time.monotonic())
        if problem:
            self.failed_health_checks = True
            self.stop("ServiceSchedulerInitiated", problem)
        if port:
            old, self.groups = self.groups, [(group, target._replace(port=port)) for group, target in self.groups]
            for group, target in old:
                self._dependencies.targets.deregister(group, target)
            for group, target in self.groups:
                self._dependencies.targets.register(group, target)

    def _restart_code(self) -> None:
        with self._lock:
            folder, requested = self._code_folder, self._requested_restarts
        if self._applied_restarts != requested:
            for run in self.containers:
                run.restart_from(folder)
            self._applied_restarts = requested

    def _become_running(self) -> None:
        for group, target in self.groups:
            self._dependencies.targets.register(group, target)
        self.running_since = time.monotonic()
        with self._lock:
            if self.phase is Phase.STARTING:
                self.phase = Phase.RUNNING
        self._write(last_status="RUNNING", started_at=utcnow())

    def _limit_memory(self) -> None:
        for run in self.meter.over_limit(self.containers):
            run.kill_for_memory()
            run.poll()

    def _end(self) -> None:
        """Deregister the targets, then send SIGTERM, and SIGKILL to containers whose stop timeout has passed."""
        faults = self._dependencies.faults
        with faults.capture(_STOPPING, self.record.id):
            self._write(last_status="DEACTIVATING", stopping_at=utcnow(), **self._stop_fields())
            if self.phase is Phase.STOPPING and self.running_since:
                self._deregister_targets()
            self._write(last_status="STOPPING")
        while any(run.alive for run in self.containers):
            for run in self.containers:
                with faults.capture(_STOPPING, self.record.id):
                    if run.alive and not self._is_needed(run):
                        run.stop(time.monotonic())
                    run.poll()
            time.sleep(_TICK / 2)
        for run in self.containers:
            if run.launch is not None and run.container.log is not None:
                self._dependencies.log_streams.finish(run.launch.log)
        with faults.capture(_STOPPING, self.record.id):
            if self._room is not None:
                self._room.close()
            self._dependencies.launches.credentials.forget(self.record.id)
            self._dependencies.launches.metadata.forget(self.record.id)
        faults.clear(_STOPPING, self.record.id)
        now = utcnow()
        self._write(last_status="STOPPED", execution_stopped_at=now, stopped_at=now, connectivity="DISCONNECTED")

    def _is_needed(self, run: ContainerRun) -> bool:
        """Whether a container that depends on it is still running: dependsOn of API_ContainerDefinition.html."""
        name = run.container.name
        dependents = (
            other for other in self.containers if name in [needed for needed, _ in other.container.depends_on]
        )
        return any(dependent.alive for dependent in dependents)

    def _deregister_targets(self) -> None:
        for group, target in self.groups:
            self._dependencies.targets.deregister(group, target)
        deadline = time.monotonic() + _DRAIN
        while self.groups and any(run.alive for run in self.containers) and time.monotonic() < deadline:
            states = {self._dependencies.targets.health(group, target).state for group, target in self.groups}
            if states <= {"draining", "unused"}:
                return
            time.sleep(_TICK / 2)

    def _stop_fields(self) -> dict[str, Any]:
        return {"desired_status": "STOPPED", "stop_code": self.stop_code, "stopped_reason": self._reason}

    def _write(self, **changes: Any) -> None:
        """Write changes of the task, and the state of its containers, to its record."""
        self._descriptions = [run.description() for run in self.containers]
        containers = {
            run.container.name: description
            for run, description in zip(self.containers, self._descriptions, strict=True)
        }
        if changes.get("last_status") == "STOPPED":
            containers = {name: {**fields, "lastStatus": "STOPPED"} for name, fields in containers.items()}
            if not containers:  # it was stopped before its containers were prepared
                containers = {container.name: {"lastStatus": "STOPPED"} for container in self.plan.containers}
        self._dependencies.records.write_task(self.record.arn, changes, containers)
