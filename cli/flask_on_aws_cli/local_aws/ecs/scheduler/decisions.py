"""The decisions of ECS's service scheduler: desired and observed state in, actions out. No clock, process or API.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from collections.abc import Sequence
from dataclasses import replace

from .circuit_breaker import retry_delay
from .model import Action, AddEvent, Deployment, Observation, Phase, Service, Start, Stop, Task

# Seconds for which a failed deployment stays in DescribeServices after the rollback. AWS does not document how long;
# clients that wait for a steady state poll every few seconds, the AWS provider at least every ten.
_FAILURE_SHOWN = 30


def step(service: Service, observation: Observation, now: float) -> tuple[Service, list[Action]]:
    """Update a service's deployments to what was observed, and decide what to do about them."""
    events: list[Action] = []
    service = _count_failures(service, observation, now)
    service = _break_circuit(service, now, events)
    replacements = [
        Stop(task.id, task.verdict) for task in observation.tasks if task.verdict and task.phase is Phase.RUNNING
    ]
    replaced = {stop.task for stop in replacements}
    active = [task for task in observation.tasks if task.phase is not Phase.STOPPING and task.id not in replaced]
    stops = _stops(service, active)
    stopped = {stop.task for stop in stops}
    remaining = [task for task in active if task.id not in stopped]
    starts = _starts(service, remaining, now)
    service = _complete(service, observation, now, events)
    if replacements or stops or starts or observation.ended:
        service = replace(service, steady=False)
    return service, [*replacements, *stops, *starts, *events]


def _count_failures(service: Service, observation: Observation, now: float) -> Service:
    """Count consecutive failures: a healthy task resets the count."""
    deployments: list[Deployment] = []
    for deployment in service.deployments:
        is_reset = deployment.id in observation.newly_healthy and _resets(service)
        failures = 0 if is_reset else deployment.failed
        retry_at = deployment.retry_at
        for ended in observation.ended:
            if ended.deployment == deployment.id and ended.failed:
                failures += 1
                retry_at = now + retry_delay(failures)
        deployments.append(replace(deployment, failed=failures, retry_at=retry_at))
    return replace(service, deployments=tuple(deployments))


def _resets(service: Service) -> bool:
    return service.breaker is None or service.breaker.reset_on_healthy


def _break_circuit(service: Service, now: float, events: list[Action]) -> Service:
    """Fail a deployment that has too many failures, and roll back to the last completed one."""
    primary, *others = service.deployments or (None,)
    breaker = service.breaker
    if primary is None or breaker is None or primary.rollout != "IN_PROGRESS":
        return service
    if primary.failed < breaker.threshold(service.desired):
        return service
    prefix = f"(service {service.name}) (deployment {primary.id})"
    events.append(AddEvent(f"{prefix} deployment failed: tasks failed to start."))
    reason = "ECS deployment circuit breaker: tasks failed to start."
    failed = replace(primary, rollout="FAILED", reason=reason, failed_at=now)
    last_good = service.last_good
    if not breaker.rollback or last_good is None or last_good.id == primary.id:
        return replace(service, deployments=(failed, *others))
    events.append(AddEvent(f"(service {service.name}) rolling back to deployment {last_good.id}."))
    reason = f"ECS deployment circuit breaker: rolling back to deploymentId {last_good.id}."
    rollback = replace(last_good, rollout="IN_PROGRESS", reason=reason, failed=0, retry_at=0)
    rest = [deployment for deployment in others if deployment.id != last_good.id]
    # It cannot be rolled back to again until it has completed again.
    return replace(service, deployments=(rollback, failed, *rest), last_good=None)


def _stops(service: Service, active: Sequence[Task]) -> list[Stop]:
    """Stop tasks of older deployments and surplus tasks, as long as enough healthy tasks remain."""
    if not service.deployments:
        return [Stop(task.id, f"(service {service.name}) is deleted") for task in active]
    primary = service.deployments[0]
    reason = f"Scaling activity initiated by (deployment {primary.id})"
    if primary.rollout == "FAILED":  # stalled until there is a new deployment
        return [Stop(task.id, reason) for task in active] if service.desired == 0 else []
    spare = max(0, sum(task.healthy for task in active) - service.minimum_healthy)
    current = [task for task in active if task.deployment == primary.id]
    older = [task for task in active if task.deployment != primary.id]
    # Unhealthy tasks are stopped first, then the oldest.
    surplus = sorted(current, key=lambda task: task.healthy)[: max(0, len(current) - service.desired)]
    stops: list[Stop] = []
    for task in [*(task for task in older if not task.healthy), *surplus, *(task for task in older if task.healthy)]:
        if task.healthy:
            if spare == 0:
                continue
            spare -= 1
        stops.append(Stop(task.id, reason))
    return stops


def _starts(service: Service, active: Sequence[Task], now: float) -> list[Start]:
    """Start the tasks that the primary deployment lacks, up to the maximum."""
    if not service.deployments:
        return []
    primary = service.deployments[0]
    lacking = service.desired - sum(task.deployment == primary.id for task in active)
    count = min(lacking, service.maximum_running - len(active))
    if primary.rollout == "FAILED" or now < primary.retry_at or count <= 0:
        return []
    return [Start(primary.id, count)]


def _complete(service: Service, observation: Observation, now: float, events: list[Action]) -> Service:
    """Complete the primary deployment once all its tasks are healthy and no other deployment has tasks."""
    if not service.deployments:
        return service
    tasks = observation.tasks
    primary, *others = service.deployments
    shown = [deployment for deployment in others if _is_shown(deployment, observation, now)]
    healthy = sum(task.healthy and task.verdict is None and task.deployment == primary.id for task in tasks)
    is_only = all(task.deployment == primary.id or task.phase is Phase.STOPPING for task in tasks)
    running = sum(task.phase is not Phase.STOPPING for task in tasks)
    if primary.rollout == "IN_PROGRESS" and healthy >= service.desired and is_only:
        primary = replace(primary, rollout="COMPLETED", reason=f"ECS deployment {primary.id} completed.", retry_at=0)
        events.append(AddEvent(f"(service {service.name}) (deployment {primary.id}) deployment completed."))
    last_good = primary if primary.rollout == "COMPLETED" else service.last_good
    steady = primary.rollout == "COMPLETED" and healthy == running == service.desired and is_only
    if steady and not service.steady:
        events.append(AddEvent(f"(service {service.name}) has reached a steady state."))
    return replace(service, deployments=(primary, *shown), last_good=last_good, steady=steady or service.steady)


def _is_shown(deployment: Deployment, observation: Observation, now: float) -> bool:
    """Whether an older deployment is reported: while it has tasks, and a failed one long enough for clients to see."""
    just_failed = deployment.rollout == "FAILED" and now - deployment.failed_at < _FAILURE_SHOWN
    return just_failed or any(task.deployment == deployment.id for task in observation.tasks)
