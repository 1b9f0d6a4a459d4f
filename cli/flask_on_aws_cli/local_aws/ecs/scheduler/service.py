"""The edge of the service scheduler: what it sees of running tasks, and what it does to them."""

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ....task_model.definition import task_plan
from ...api.record_values import ServiceRecord, TaskRecord
from ...api.records import Records
from ...loops import Loop
from ...parts import Targets
from ..tasks.task import TaskRun, Tools
from ..tasks.usage import Load
from .decisions import step
from .model import Ended, Phase, Say, Seen, Start, Stop, Task
from .service_records import read_service, write_service

_TICK = 0.2  # seconds: what nobody tells, like a target's health, is acted on within it
# While nothing moves, whatever does wakes the scheduler; so often it looks all the same, after so many seconds of rest.
_RESTING_TICK, _MOVING = 1.0, 5.0
# A task without any health check counts as well after it has run for so many seconds. AWS looks whether it is RUNNING;
# one that crashes while it imports its code would complete a deployment there if it were slow to crash.
_SETTLED = 5.0
# How long stopped tasks are told: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
_STOPPED_TOLD = timedelta(hours=1)
# A kill and a start take a tenth of a second; a task that is being prepared takes as long as its preparation.
_RENEWAL, _RENEWAL_TICK = 5.0, 0.02
_SERVICES = "scheduling a service"
_HOUSEKEEPING = 60.0  # seconds between two looks for what is old


class Scheduler:
    """Runs the services and tasks that the API's records want."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._records: Records = tools.records
        self._targets: Targets = tools.targets
        self._runs: dict[str, TaskRun] = {}
        self._ended: dict[str, list[Ended]] = {}
        self._developed: Path | None = None
        self._faults = tools.faults
        self._moved_at = time.monotonic()
        self._loop = Loop("ECS", self._look, self._pause, self._faults)
        self._records.on_change(self.wake)
        self._cleaned_at = time.monotonic()

    def start(self) -> None:
        """Tell the end of tasks that a killed daemon left, and begin."""
        now = datetime.now(UTC).replace(tzinfo=None)
        for task in self._records.tasks():
            if task.status != "STOPPED":
                why = "The local AWS ended while the task ran."
                changes = {"stop_code": "TerminationNotice", "stopped_reason": task.stopped_reason or why}
                stopped = {"last_status": "STOPPED", "desired_status": "STOPPED", "stopped_at": now}
                self._records.write_task(task.arn, {**changes, **stopped}, {})
        self._loop.start()

    def wake(self) -> None:
        """Look at once: something has changed."""
        self._moved_at = time.monotonic()
        self._loop.wake()

    def _pause(self) -> float:
        return _TICK if time.monotonic() - self._moved_at < _MOVING else _RESTING_TICK

    def _is_resting(self) -> bool:
        """Whether nothing is under way that only time moves on, like a grace period or a pause between two starts."""
        services = self._records.services()
        steady = all(getattr(service.raw, "local_steady", False) for service in services)
        return steady and all(run.phase is Phase.RUNNING and run.was_healthy for run in self._runs.values())

    def stop(self) -> None:
        """End all tasks in order."""
        self._loop.stop()
        for run in self._runs.values():
            run.stop("TerminationNotice", "The local AWS was stopped.")
        for run in self._runs.values():
            run.wait()

    def runs(self, service: ServiceRecord | None = None) -> list[TaskRun]:
        """The tasks that run, of one service or all."""
        found = list(self._runs.values())
        return [run for run in found if service is None or _belongs(run.record, service)]

    def develop(self, folder: Path | None) -> None:
        """Have the services' tasks run from a folder, those to come as well, and wait until they do."""
        self._developed = folder
        runs = [run for run in self.runs() if run.record.group.startswith("service:")]
        for run in runs:
            run.develop(folder)
        until = time.monotonic() + _RENEWAL
        while not all(run.is_renewed for run in runs) and time.monotonic() < until:
            time.sleep(_RENEWAL_TICK)

    def load(self, service: ServiceRecord) -> Load | None:
        """The average load of a service's tasks that were healthy once; None while none runs.

        A start takes seconds here as on AWS, where they vanish in the average of a minute. Autoscaling's minutes are
        shorter here, so that the start alone would add tasks.
        """
        loads = [run.meter.load for run in self.runs(service) if run.phase is Phase.RUNNING and run.was_healthy]
        if not loads:
            return None
        return Load(sum(load.cpu for load in loads) / len(loads), sum(load.memory for load in loads) / len(loads))

    def _look(self) -> None:
        with self._faults.kept("ECS's tasks"):
            self._follow_tasks()
        services = self._records.services()
        self._faults.forget(_SERVICES, [service.key for service in services])
        for service in services:
            with self._faults.kept(_SERVICES, service.key):  # one service's trouble is not the others'
                self._follow_service(service)
        if not self._is_resting():
            self._moved_at = time.monotonic()
        if time.monotonic() - self._cleaned_at > _HOUSEKEEPING:
            self._cleaned_at = time.monotonic()
            with self._faults.kept("forgetting stopped tasks"):
                self._forget()

    def _follow_tasks(self) -> None:
        """Start what RunTask wants, stop what StopTask names, and take leave of what has ended."""
        for task in self._records.tasks():
            run = self._runs.get(task.arn)
            if run is None and task.status == "PROVISIONING":
                self._begin(task, None)
            elif run is not None and task.desired_status == "STOPPED" and run.phase is not Phase.STOPPING:
                run.stop(task.stop_code or "UserInitiated", task.stopped_reason or "Task stopped by user")
        for arn, run in list(self._runs.items()):
            if run.ended:
                del self._runs[arn]
                if run.condemned or run.stop_code in ("EssentialContainerExited", "TaskFailedToStart"):
                    failed = run.condemned or not run.was_healthy
                    key = f"{run.record.cluster}:{run.record.group.removeprefix('service:')}"
                    self._ended.setdefault(key, []).append(Ended(run.record.started_by, failed))

    def _begin(self, task: TaskRecord, service: ServiceRecord | None) -> None:
        """Run a task; one for which that cannot even be tried has failed, as ECS tells it."""
        try:
            self._run(task, service)
        except Exception as error:
            self._faults.report("starting a task", task.task_definition, error, "Correct its task definition.")
            now, why = datetime.now(UTC).replace(tzinfo=None), f"InternalError: {error!r}"
            told = {"last_status": "STOPPED", "desired_status": "STOPPED", "stopped_at": now}
            self._records.write_task(task.arn, {**told, "stop_code": "TaskFailedToStart", "stopped_reason": why}, {})
            if service is not None:
                self._ended.setdefault(service.key, []).append(Ended(task.started_by, True))
        else:
            self._faults.clear("starting a task", task.task_definition)

    def _run(self, task: TaskRecord, service: ServiceRecord | None) -> None:
        plan = task_plan(self._records.task_definition(task.task_definition), task.overrides)
        run = TaskRun(task, plan, service.load_balancers if service else [], self._tools)
        self._runs[task.arn] = run
        if service and self._developed:
            run.develop(self._developed)
        run.start()

    def _follow_service(self, known: ServiceRecord) -> None:
        runs = self.runs(known)
        # Target health first: the balancer may want the records while it answers.
        healthy = {run.record.arn for run in runs if self._is_healthy(run)}
        verdicts = {run.record.arn: self._verdict(run, known) for run in runs}
        with self._records.lock:
            service = next((one for one in self._records.services() if one.key == known.key), None)
            if service is None:
                return
            newly = frozenset(
                run.record.started_by for run in runs if run.record.arn in healthy and not run.was_healthy
            )
            tasks = [_task(run, run.record.arn in healthy, verdicts[run.record.arn]) for run in runs]
            seen = Seen(tasks, self._ended.pop(service.key, []), newly)
            state, actions = step(read_service(service), seen, time.time())
            if write_service(service, state, runs):
                self._records.stale.add("ecs")
        for run in runs:
            run.was_healthy = run.was_healthy or run.record.arn in healthy
        for action in actions:
            self._act(service, action)

    def _act(self, service: ServiceRecord, action: Start | Stop | Say) -> None:
        where = f"(service {service.name})"
        match action:
            case Start(deployment, number):
                made = [task.id for task in self._start(service, deployment, number)]
                listed = " ".join(f"(task {task})" for task in made)
                self._records.say(service, f"{where} has started {len(made)} tasks: {listed}.")
            case Stop(task, reason):
                run = self._runs[task]
                run.condemned = "health checks" in reason
                self._records.say(service, f"{where} has stopped 1 running tasks: (task {run.record.id}).")
                run.stop("ServiceSchedulerInitiated", reason)
            case Say(message):
                self._records.say(service, message)

    def _start(self, service: ServiceRecord, deployment: str, number: int) -> list[TaskRecord]:
        with self._records.lock:
            told: list[dict[str, Any]] = [one for one in service.raw.deployments if one["id"] == deployment]
            tasks = [self._records.new_task(service, one) for one in told for _ in range(number)]
        for task in tasks:
            self._begin(task, service)
        return tasks

    def _is_healthy(self, run: TaskRun) -> bool:
        if run.phase is not Phase.RUNNING:
            return False
        if run.groups:
            states = [self._targets.health(group, target).state for group, target in run.groups]
            return all(state == "healthy" for state in states) and run.health != "UNHEALTHY"
        if any(one.container.health_check for one in run.containers):
            return run.health == "HEALTHY"
        return time.monotonic() - run.running_since > _SETTLED

    def _verdict(self, run: TaskRun, service: ServiceRecord) -> str | None:
        """Why a task that runs has to be replaced; its target has the grace period to become healthy."""
        if run.phase is not Phase.RUNNING or run.is_developed:
            return None
        if run.health == "UNHEALTHY":
            return "Task failed container health checks"
        if time.monotonic() - run.running_since <= service.grace:
            return None
        for group, target in run.groups:
            health = self._targets.health(group, target)
            if health.state == "unhealthy":
                said = f"(service {service.name}) (port {target.port}) is unhealthy in (target-group {group})"
                self._records.say(service, f"{said} due to (reason {health.description or health.reason}).")
                return f"Task failed ELB health checks in (target-group {group})"
        return None

    def _forget(self) -> None:
        for arn in self._records.forget_tasks(datetime.now(UTC) - _STOPPED_TOLD):
            for path in self._tools.launches.logs.glob(f"{arn.rsplit('/', 1)[-1]}.*.log"):
                path.unlink(missing_ok=True)


def _belongs(task: TaskRecord, service: ServiceRecord) -> bool:
    return task.group == f"service:{service.name}" and task.cluster == service.cluster


def _task(run: TaskRun, healthy: bool, verdict: str | None) -> Task:
    return Task(run.record.arn, run.record.started_by, run.phase, healthy and verdict is None, verdict)
