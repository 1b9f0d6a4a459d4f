"""What ECS's service scheduler decides: desired and observed in, actions out. No clock, no process, no API.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html
"""

from collections.abc import Sequence
from dataclasses import replace

from .circuit_breaker import retry_delay
from .model import Action, Deployment, Phase, Say, Seen, Service, Start, Stop, Task

# Seconds for which a failed deployment stays in DescribeServices after the rollback. AWS names no time; clients that
# wait for a steady state ask every few seconds, the AWS provider at most every ten.
_FAILURE_TOLD = 30


def step(service: Service, seen: Seen, now: float) -> tuple[Service, list[Action]]:
    """One look at a service: how far its deployments are now, and what to do about it."""
    said: list[Action] = []
    service = _count_failures(service, seen, now)
    service = _break(service, now, said)
    verdicts = [Stop(task.id, task.verdict) for task in seen.tasks if task.verdict and task.phase is Phase.RUNNING]
    condemned = {stop.task for stop in verdicts}
    active = [task for task in seen.tasks if task.phase is not Phase.STOPPING and task.id not in condemned]
    stops = _stops(service, active)
    stopped = {stop.task for stop in stops}
    left = [task for task in active if task.id not in stopped]
    starts = _starts(service, left, now)
    service = _complete(service, seen, now, said)
    if verdicts or stops or starts or seen.ended:
        service = replace(service, steady=False)
    return service, [*verdicts, *stops, *starts, *said]


def _count_failures(service: Service, seen: Seen, now: float) -> Service:
    """Failures in a row: a healthy task starts the count anew."""
    changed: list[Deployment] = []
    for deployment in service.deployments:
        failures = 0 if deployment.id in seen.newly_healthy and _resets(service) else deployment.failed
        retry_at = deployment.retry_at
        for ended in seen.ended:
            if ended.deployment == deployment.id and ended.failed:
                failures += 1
                retry_at = now + retry_delay(failures)
        changed.append(replace(deployment, failed=failures, retry_at=retry_at))
    return replace(service, deployments=tuple(changed))


def _resets(service: Service) -> bool:
    return service.breaker is None or service.breaker.reset_on_healthy


def _break(service: Service, now: float, said: list[Action]) -> Service:
    """The circuit breaker: a deployment with too many failures has failed, and the last good one is brought back."""
    primary, *others = service.deployments or (None,)
    breaker = service.breaker
    if primary is None or breaker is None or primary.rollout != "IN_PROGRESS":
        return service
    if primary.failed < breaker.threshold(service.desired):
        return service
    where = f"(service {service.name}) (deployment {primary.id})"
    said.append(Say(f"{where} deployment failed: tasks failed to start."))
    why = "ECS deployment circuit breaker: tasks failed to start."
    failed = replace(primary, rollout="FAILED", reason=why, failed_at=now)
    good = service.last_good
    if not breaker.rollback or good is None or good.id == primary.id:
        return replace(service, deployments=(failed, *others))
    said.append(Say(f"(service {service.name}) rolling back to deployment {good.id}."))
    why = f"ECS deployment circuit breaker: rolling back to deploymentId {good.id}."
    back = replace(good, rollout="IN_PROGRESS", reason=why, failed=0, retry_at=0)
    rest = [deployment for deployment in others if deployment.id != good.id]
    # Not a candidate again until it is complete again.
    return replace(service, deployments=(back, failed, *rest), last_good=None)


def _stops(service: Service, active: Sequence[Task]) -> list[Stop]:
    """Tasks of older deployments and tasks too many, as far as enough healthy ones stay."""
    if not service.deployments:
        return [Stop(task.id, f"(service {service.name}) is deleted") for task in active]
    primary = service.deployments[0]
    reason = f"Scaling activity initiated by (deployment {primary.id})"
    if primary.rollout == "FAILED":  # stalled, until an operator deploys something else
        return [Stop(task.id, reason) for task in active] if service.desired == 0 else []
    spare = max(0, sum(task.healthy for task in active) - service.least)
    mine = [task for task in active if task.deployment == primary.id]
    others = [task for task in active if task.deployment != primary.id]
    # Those that are not well go first, and then the newest.
    surplus = sorted(mine, key=lambda task: task.healthy)[: max(0, len(mine) - service.desired)]
    stops: list[Stop] = []
    for task in [*(task for task in others if not task.healthy), *surplus, *(task for task in others if task.healthy)]:
        if task.healthy:
            if spare == 0:
                continue
            spare -= 1
        stops.append(Stop(task.id, reason))
    return stops


def _starts(service: Service, active: Sequence[Task], now: float) -> list[Start]:
    """What the primary deployment lacks, as far as the maximum leaves room."""
    if not service.deployments:
        return []
    primary = service.deployments[0]
    lacking = service.desired - sum(task.deployment == primary.id for task in active)
    count = min(lacking, service.most - len(active))
    if primary.rollout == "FAILED" or now < primary.retry_at or count <= 0:
        return []
    return [Start(primary.id, count)]


def _complete(service: Service, seen: Seen, now: float, said: list[Action]) -> Service:
    """A deployment is complete when all its tasks are well and no other's task is left."""
    if not service.deployments:
        return service
    tasks = seen.tasks
    primary, *others = service.deployments
    kept = [other for other in others if _is_told(other, seen, now)]
    well = sum(task.healthy and task.verdict is None and task.deployment == primary.id for task in tasks)
    alone = all(task.deployment == primary.id or task.phase is Phase.STOPPING for task in tasks)
    running = sum(task.phase is not Phase.STOPPING for task in tasks)
    if primary.rollout == "IN_PROGRESS" and well >= service.desired and alone:
        primary = replace(primary, rollout="COMPLETED", reason=f"ECS deployment {primary.id} completed.", retry_at=0)
        said.append(Say(f"(service {service.name}) (deployment {primary.id}) deployment completed."))
    good = primary if primary.rollout == "COMPLETED" else service.last_good
    steady = primary.rollout == "COMPLETED" and well == running == service.desired and alone
    if steady and not service.steady:
        said.append(Say(f"(service {service.name}) has reached a steady state."))
    return replace(service, deployments=(primary, *kept), last_good=good, steady=steady or service.steady)


def _is_told(other: Deployment, seen: Seen, now: float) -> bool:
    """A deployment is told for as long as it has tasks; a failed one long enough that who waits for it learns of it."""
    just_failed = other.rollout == "FAILED" and now - other.failed_at < _FAILURE_TOLD
    return just_failed or any(task.deployment == other.id for task in seen.tasks)
