"""The side-effecting part of the service scheduler: it observes running tasks, and starts and stops tasks."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ....task_model.definition import task_plan
from ...api.record_values import ServiceRecord, TaskRecord
from ...api.records import Records
from ...loops import Loop
from ...parts import Targets
from ..tasks.task import TaskDependencies, TaskRun
from ..tasks.usage import Load
from .decisions import step
from .model import AddEvent, Ended, Observation, Phase, Start, Stop, Task
from .service_records import read_service, write_service

_TICK = 0.2  # seconds: changes without a notification, such as a target's health, are noticed within this time
# After this many seconds without a change, the scheduler looks only this often; every change wakes it anyway.
_IDLE_TICK, _IDLE_AFTER = 1.0, 5.0
# A task without any health check counts as healthy after it has run for this many seconds. AWS checks only that it is
# RUNNING, so a task that crashes slowly while it imports its code would complete a deployment there.
_SETTLED = 5.0
# How long stopped tasks are returned: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_STOPPED_SHOWN = timedelta(hours=1)
# Restarting takes a tenth of a second; a task that is being prepared takes as long as its preparation.
_RESTART_SECONDS, _RESTART_TICK = 5.0, 0.02
_ACTIVITY, _STARTING = "scheduling a service", "starting a task"
_CLEANUP_INTERVAL = 60.0  # seconds between two deletions of old stopped tasks


class Scheduler:
    """Runs the services and tasks of the API's records."""

    def __init__(self, dependencies: TaskDependencies) -> None:
        self._dependencies = dependencies
        self._records: Records = dependencies.records
        self._targets: Targets = dependencies.targets
        self._runs: dict[str, TaskRun] = {}
        self._ended: dict[str, list[Ended]] = {}
        self._code_folder: Path | None = None
        self._faults = dependencies.faults
        self._changed_at = time.monotonic()
        self._loop = Loop("ECS", self._schedule, self._pause, self._faults)
        self._records.on_change(self.wake)
        self._cleaned_at = time.monotonic()

    def start(self) -> None:
        """Mark the tasks of a killed daemon as stopped, and start scheduling."""
        now = datetime.now(UTC).replace(tzinfo=None)
        for task in self._records.tasks():
            if task.status != "STOPPED":
                reason = task.stopped_reason or "The local AWS ended while the task was running."
                changes = {"stop_code": "TerminationNotice", "stopped_reason": reason}
                stopped = {"last_status": "STOPPED", "desired_status": "STOPPED", "stopped_at": now}
                self._records.write_task(task.arn, {**changes, **stopped}, {})
        self._loop.start()

    def wake(self) -> None:
        """Run the scheduler at once, because something has changed."""
        self._changed_at = time.monotonic()
        self._loop.wake()

    def _pause(self) -> float:
        return _TICK if time.monotonic() - self._changed_at < _IDLE_AFTER else _IDLE_TICK

    def _is_idle(self) -> bool:
        """Whether nothing is in progress that depends on time, such as a grace period or a delay between two starts."""
        services = self._records.services()
        is_steady = all(getattr(service.raw, "local_steady", False) for service in services)
        return is_steady and all(run.phase is Phase.RUNNING and run.was_healthy for run in self._runs.values())

    def stop(self) -> None:
        """Stop all tasks gracefully, and wait for them."""
        self._loop.stop()
        for run in self._runs.values():
            run.stop("TerminationNotice", "The local AWS was stopped.")
        for run in self._runs.values():
            run.wait()

    def runs(self, service: ServiceRecord | None = None) -> list[TaskRun]:
        """The running tasks of a service, or all of them."""
        runs = list(self._runs.values())
        return [run for run in runs if service is None or _belongs_to(run.record, service)]

    def develop(self, folder: Path | None) -> None:
        """Run the code of the services' tasks from a folder, including future ones, and wait until they do."""
        self._code_folder = folder
        runs = [run for run in self.runs() if run.record.group.startswith("service:")]
        for run in runs:
            run.develop(folder)
        deadline = time.monotonic() + _RESTART_SECONDS
        while not all(run.is_up_to_date for run in runs) and time.monotonic() < deadline:
            time.sleep(_RESTART_TICK)

    def load(self, service: ServiceRecord) -> Load | None:
        """The average load of a service's running tasks that have been healthy; None while there are none.

        Starting a task takes seconds of processor time. On AWS they are negligible in the average of a minute, but
        autoscaling's minutes are shorter here, so that they would be enough to add tasks.
        """
        loads = [run.meter.load for run in self.runs(service) if run.phase is Phase.RUNNING and run.was_healthy]
        if not loads:
            return None
        return Load(sum(load.cpu for load in loads) / len(loads), sum(load.memory for load in loads) / len(loads))

    def _schedule(self) -> None:
        with self._faults.capture("ECS's tasks"):
            self._follow_tasks()
        services = self._records.services()
        self._faults.forget(_ACTIVITY, [service.key for service in services])
        for service in services:
            with self._faults.capture(_ACTIVITY, service.key):  # one service's failure must not affect the others
                self._follow_service(service)
        if not self._is_idle():
            self._changed_at = time.monotonic()
        if time.monotonic() - self._cleaned_at > _CLEANUP_INTERVAL:
            self._cleaned_at = time.monotonic()
            with self._faults.capture("deleting stopped tasks"):
                self._delete_stopped()

    def _follow_tasks(self) -> None:
        """Start tasks of RunTask, stop tasks of StopTask, and drop tasks that have ended."""
        for task in self._records.tasks():
            run = self._runs.get(task.arn)
            if run is None and task.status == "PROVISIONING":
                self._start_task(task, None)
            elif run is not None and task.desired_status == "STOPPED" and run.phase is not Phase.STOPPING:
                run.stop(task.stop_code or "UserInitiated", task.stopped_reason or "Task stopped by user")
        for arn, run in list(self._runs.items()):
            if run.ended:
                del self._runs[arn]
                if run.failed_health_checks or run.stop_code in ("EssentialContainerExited", "TaskFailedToStart"):
                    failed = run.failed_health_checks or not run.was_healthy
                    key = f"{run.record.cluster}:{run.record.group.removeprefix('service:')}"
                    self._ended.setdefault(key, []).append(Ended(run.record.started_by, failed))

    def _start_task(self, task: TaskRecord, service: ServiceRecord | None) -> None:
        """Run a task; if that is impossible, it is stopped with TaskFailedToStart, as in ECS."""
        try:
            self._run(task, service)
        except Exception as error:
            self._faults.report(_STARTING, task.task_definition, error, "Correct its task definition.")
            now, reason = datetime.now(UTC).replace(tzinfo=None), f"InternalError: {error!r}"
            stopped = {"last_status": "STOPPED", "desired_status": "STOPPED", "stopped_at": now}
            changes = {**stopped, "stop_code": "TaskFailedToStart", "stopped_reason": reason}
            self._records.write_task(task.arn, changes, {})
            if service is not None:
                self._ended.setdefault(service.key, []).append(Ended(task.started_by, True))
        else:
            self._faults.clear(_STARTING, task.task_definition)

    def _run(self, task: TaskRecord, service: ServiceRecord | None) -> None:
        plan = task_plan(self._records.task_definition(task.task_definition), task.overrides)
        run = TaskRun(task, plan, service.load_balancers if service else [], self._dependencies)
        self._runs[task.arn] = run
        if service and self._code_folder:
            run.develop(self._code_folder)
        run.start()

    def _follow_service(self, last_service: ServiceRecord) -> None:
        runs = self.runs(last_service)
        # Target health is read before the lock is taken: the balancer may need the records to respond.
        healthy = {run.record.arn for run in runs if self._is_healthy(run)}
        verdicts = {run.record.arn: self._verdict(run, last_service) for run in runs}
        with self._records.lock:
            service = next((service for service in self._records.services() if service.key == last_service.key), None)
            if service is None:
                return
            newly_healthy = frozenset(
                run.record.started_by for run in runs if run.record.arn in healthy and not run.was_healthy
            )
            tasks = [_task(run, run.record.arn in healthy, verdicts[run.record.arn]) for run in runs]
            observation = Observation(tasks, self._ended.pop(service.key, []), newly_healthy)
            state, actions = step(read_service(service), observation, time.time())
            if write_service(service, state, runs):
                self._records.stale.add("ecs")
        for run in runs:
            run.was_healthy = run.was_healthy or run.record.arn in healthy
        for action in actions:
            self._perform(service, action)

    def _perform(self, service: ServiceRecord, action: Start | Stop | AddEvent) -> None:
        prefix = f"(service {service.name})"
        match action:
            case Start(deployment, count):
                started = [task.id for task in self._start_tasks(service, deployment, count)]
                listed = " ".join(f"(task {task})" for task in started)
                self._records.add_event(service, f"{prefix} has started {len(started)} tasks: {listed}.")
            case Stop(task, reason):
                run = self._runs[task]
                run.failed_health_checks = "health checks" in reason
                self._records.add_event(service, f"{prefix} has stopped 1 running tasks: (task {run.record.id}).")
                run.stop("ServiceSchedulerInitiated", reason)
            case AddEvent(message):
                self._records.add_event(service, message)

    def _start_tasks(self, service: ServiceRecord, deployment_id: str, count: int) -> list[TaskRecord]:
        with self._records.lock:
            deployments: list[dict[str, Any]] = [
                deployment for deployment in service.raw.deployments if deployment["id"] == deployment_id
            ]
            tasks = [self._records.new_task(service, deployment) for deployment in deployments for _ in range(count)]
        for task in tasks:
            self._start_task(task, service)
        return tasks

    def _is_healthy(self, run: TaskRun) -> bool:
        if run.phase is not Phase.RUNNING:
            return False
        if run.groups:
            states = [self._targets.health(group, target).state for group, target in run.groups]
            return all(state == "healthy" for state in states) and run.health != "UNHEALTHY"
        if any(container_run.container.health_check for container_run in run.containers):
            return run.health == "HEALTHY"
        return time.monotonic() - run.running_since > _SETTLED

    def _verdict(self, run: TaskRun, service: ServiceRecord) -> str | None:
        """Why a running task has to be replaced; within the grace period, its target may be unhealthy."""
        if run.phase is not Phase.RUNNING or run.is_in_development:
            return None
        if run.health == "UNHEALTHY":
            return "Task failed container health checks"
        if time.monotonic() - run.running_since <= service.grace:
            return None
        for group, target in run.groups:
            health = self._targets.health(group, target)
            if health.state == "unhealthy":
                event = f"(service {service.name}) (port {target.port}) is unhealthy in (target-group {group})"
                self._records.add_event(service, f"{event} due to (reason {health.description or health.reason}).")
                return f"Task failed ELB health checks in (target-group {group})"
        return None

    def _delete_stopped(self) -> None:
        for arn in self._records.forget_tasks(datetime.now(UTC) - _STOPPED_SHOWN):
            for path in self._dependencies.launches.logs.glob(f"{arn.rsplit('/', 1)[-1]}.*.log"):
                path.unlink(missing_ok=True)


def _belongs_to(task: TaskRecord, service: ServiceRecord) -> bool:
    return task.group == f"service:{service.name}" and task.cluster == service.cluster


def _task(run: TaskRun, healthy: bool, verdict: str | None) -> Task:
    return Task(run.record.arn, run.record.started_by, run.phase, healthy and verdict is None, verdict)
