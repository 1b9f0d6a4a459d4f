"""The service scheduler's decisions, without time and without processes."""

import math
from dataclasses import dataclass, field, replace

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.circuit_breaker import CircuitBreaker, breaker_of, retry_delay
from flask_on_aws_cli.local_aws.ecs.scheduler.decisions import step
from flask_on_aws_cli.local_aws.ecs.scheduler.model import (
    Deployment,
    Ended,
    Phase,
    Say,
    Seen,
    Service,
    Start,
    Stop,
    Task,
)
from hypothesis import given, settings
from hypothesis import strategies as st

GOOD, BAD = "good", "bad"


@dataclass
class World:
    """Tasks that start, become healthy and end as their version says, one step at a time."""

    service: Service
    tasks: dict[str, Task] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    number: int = 0
    now: float = 0
    events: list[str] = field(default_factory=list)
    least_seen: int | None = None

    def deploy(self, name: str, definition: str = GOOD) -> None:
        new = Deployment(name, definition)
        self.service = replace(self.service, deployments=(new, *self.service.deployments))

    def look(self) -> None:
        """What the scheduler sees and does once."""
        healthy = frozenset(task.deployment for task in self.tasks.values() if task.healthy)
        seen = Seen(list(self.tasks.values()), self.ended, healthy)
        self.ended = []
        self.service, actions = step(self.service, seen, self.now)
        for action in actions:
            match action:
                case Start(deployment, number):
                    for _ in range(number):
                        self.number += 1
                        self.tasks[f"t{self.number}"] = Task(f"t{self.number}", deployment, Phase.STARTING)
                case Stop(task, _):
                    self.tasks[task] = replace(self.tasks[task], phase=Phase.STOPPING, healthy=False)
                case Say(message):
                    self.events.append(message)

    def live(self, definitions: dict[str, str], order: list[int] | None = None) -> None:
        """Every task goes one step on, or those that `order` picks."""
        picked = list(self.tasks.values())
        if order is not None and picked:
            picked = [picked[index % len(picked)] for index in order]
        for task in {task.id: task for task in picked}.values():
            match task.phase:
                case Phase.STARTING:
                    self.tasks[task.id] = replace(task, phase=Phase.RUNNING)
                case Phase.RUNNING if definitions.get(task.deployment) == BAD:
                    del self.tasks[task.id]
                    self.ended.append(Ended(task.deployment, not task.healthy))
                case Phase.RUNNING:
                    self.tasks[task.id] = replace(task, healthy=True)
                case Phase.STOPPING:
                    del self.tasks[task.id]

    def run(self, definitions: dict[str, str], steps: int = 60) -> None:
        for _ in range(steps):
            self.look()
            self.live(definitions)
            self.now += 60

    @property
    def healthy(self) -> int:
        return sum(task.healthy for task in self.tasks.values())

    @property
    def active(self) -> int:
        return sum(task.phase is not Phase.STOPPING for task in self.tasks.values())

    @property
    def primary(self) -> Deployment:
        return self.service.deployments[0]


def settled(desired: int = 2, **kwargs: object) -> World:
    """A service that runs its first version."""
    world = World(Service("web", desired, (Deployment("d1", GOOD),), breaker=CircuitBreaker(), **kwargs))  # type: ignore[arg-type]
    world.run({})
    assert (world.primary.rollout, world.healthy, world.active) == ("COMPLETED", desired, desired)
    return world


def test_the_first_deployment_completes_and_says_so_once() -> None:
    world = settled()
    assert world.events == [
        "(service web) (deployment d1) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert world.primary.reason == "ECS deployment d1 completed."


def test_a_new_version_replaces_the_old_one() -> None:
    world = settled()
    world.deploy("d2")
    world.run({})
    assert {task.deployment for task in world.tasks.values()} == {"d2"}
    assert [deployment.id for deployment in world.service.deployments] == ["d2"]
    assert world.service.last_good == world.primary


def test_a_version_that_crashes_is_rolled_back_and_never_touches_the_old_tasks() -> None:
    world = settled()
    before = {id: task for id, task in world.tasks.items() if task.healthy}
    world.deploy("d2", BAD)
    world.run({"d2": BAD})
    assert (world.primary.id, world.primary.rollout) == ("d1", "COMPLETED")
    assert world.tasks == before
    assert "(service web) (deployment d2) deployment failed: tasks failed to start." in world.events
    assert "(service web) rolling back to deployment d1." in world.events


def test_a_failed_deployment_is_told_for_a_while() -> None:
    world = settled()
    world.deploy("d2", BAD)
    told: list[set[tuple[str, str, str]]] = []
    for _ in range(80):
        world.look()
        told.append({(d.id, d.rollout, d.reason) for d in world.service.deployments})
        world.live({"d2": BAD})
        world.now += 1
    failure = ("d2", "FAILED", "ECS deployment circuit breaker: tasks failed to start.")
    seconds = [second for second, deployments in enumerate(told) if failure in deployments]
    assert len(seconds) == 30
    assert [deployment[0] for deployment in told[-1]] == ["d1"]


def test_a_rollback_that_needs_new_tasks_says_that_it_is_one() -> None:
    world = settled(minimum_percent=0)
    world.deploy("d2", BAD)
    reasons: set[str] = set()
    for _ in range(40):
        world.look()
        reasons |= {d.reason for d in world.service.deployments}
        world.live({"d2": BAD})
        world.now += 1
    assert "ECS deployment circuit breaker: rolling back to deploymentId d1." in reasons
    assert (world.primary.id, world.healthy) == ("d1", 2)


def test_without_a_good_version_the_deployment_stalls() -> None:
    world = World(Service("web", 2, (Deployment("d1", BAD),), breaker=CircuitBreaker()))
    world.run({"d1": BAD})
    assert (world.primary.rollout, world.active) == ("FAILED", 0)
    number = world.number
    world.run({"d1": BAD})
    assert world.number == number


def test_without_rollback_the_old_tasks_stay() -> None:
    world = settled()
    world.service = replace(world.service, breaker=CircuitBreaker(rollback=False))
    world.deploy("d2", BAD)
    world.run({"d2": BAD})
    assert (world.primary.id, world.primary.rollout, world.healthy) == ("d2", "FAILED", 2)


def test_without_a_breaker_it_tries_on() -> None:
    world = settled()
    world.service = replace(world.service, breaker=None)
    world.deploy("d2", BAD)
    world.run({"d2": BAD}, 300)
    assert (world.primary.rollout, world.healthy) == ("IN_PROGRESS", 2)
    assert world.primary.failed > 50


def test_a_crash_of_a_healthy_task_is_mended_at_once() -> None:
    world = settled()
    gone = world.tasks.pop(next(iter(world.tasks)))
    world.ended.append(Ended(gone.deployment, failed=False))
    world.look()
    assert [task.phase for task in world.tasks.values()].count(Phase.STARTING) == 1
    assert world.primary.failed == 0


def test_an_unhealthy_task_is_stopped_for_its_verdict_and_replaced() -> None:
    world = settled()
    first = next(iter(world.tasks))
    world.tasks[first] = replace(world.tasks[first], healthy=False, verdict="Task failed ELB health checks")
    _, actions = step(world.service, Seen(list(world.tasks.values())), 0)
    assert actions == [Stop(first, "Task failed ELB health checks"), Start("d1", 1)]


@pytest.mark.parametrize("counts", [(2, 4, 1), (5, 0, 3)])
def test_scaling(counts: tuple[int, ...]) -> None:
    world = settled(counts[0])
    for count in counts[1:]:
        world.service = replace(world.service, desired=count)
        world.run({})
        assert (world.active, world.healthy, len(world.service.deployments)) == (count, count, 1)


def test_a_deleted_service_stops_everything() -> None:
    world = settled(3)
    world.service = replace(world.service, desired=0, deployments=())
    world.run({}, 3)
    assert world.tasks == {}


@pytest.mark.parametrize(
    ("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (401, 200), (5000, 200)]
)
def test_the_documented_thresholds(desired: int, threshold: int) -> None:
    assert CircuitBreaker().threshold(desired) == threshold
    service = Service("web", desired, (Deployment("d2", BAD),), breaker=CircuitBreaker())
    for failures, state in ((threshold - 1, "IN_PROGRESS"), (threshold, "FAILED")):
        ended = [Ended("d2", failed=True)] * failures
        tasks = [Task("t", "d2", Phase.STARTING)]
        assert step(service, Seen(tasks, ended), 0)[0].deployments[0].rollout == state


def test_other_thresholds_can_be_configured() -> None:
    def threshold(kind: str, value: int) -> int:
        given = {"enable": True, "thresholdConfiguration": {"type": kind, "value": value}}
        found = breaker_of({"deploymentCircuitBreaker": given})
        assert found is not None
        return found.threshold(10)

    assert CircuitBreaker().threshold(0) == 3
    assert (threshold("COUNT", 1), threshold("UNBOUNDED_PERCENT", 10), threshold("BOUNDED_PERCENT", 80)) == (1, 1, 8)
    assert breaker_of({}) is None
    assert breaker_of({"deploymentCircuitBreaker": {"enable": False, "rollback": True}}) is None


def test_delays_grow_and_end() -> None:
    delays = [retry_delay(failures) for failures in range(1, 20)]
    assert delays[:4] == [0, 0.5, 1, 2]
    assert delays == sorted(delays)
    assert max(delays) == 30


def test_no_start_before_the_delay_is_over() -> None:
    service = Service("web", 1, (Deployment("d", BAD, retry_at=10),))
    assert step(service, Seen([]), 9.9)[1] == []
    assert step(service, Seen([]), 10)[1] == [Start("d", 1)]


percents = st.tuples(st.integers(0, 100), st.integers(100, 300)).filter(lambda both: both[0] < both[1])


@settings(max_examples=150, deadline=None)
@given(
    desired=st.integers(1, 9),
    percents=percents,
    bad=st.booleans(),
    second=st.booleans(),
    orders=st.lists(st.lists(st.integers(0, 30), max_size=6), max_size=25),
)
def test_a_deployment_keeps_its_limits_and_converges(
    desired: int, percents: tuple[int, int], bad: bool, second: bool, orders: list[list[int]]
) -> None:
    world = settled(desired, minimum_percent=percents[0], maximum_percent=percents[1])
    least, most = math.ceil(desired * percents[0] / 100), desired * percents[1] // 100
    definitions = {"d2": BAD if bad else GOOD, "d3": GOOD}
    world.deploy("d2", definitions["d2"])

    def look() -> None:
        before = world.healthy
        world.look()
        assert world.healthy >= min(least, before)
        assert world.active <= max(most, desired)

    for index, order in enumerate(orders):
        if second and index == len(orders) // 2:
            world.deploy("d3")
        look()
        world.live(definitions, order)
        world.now += 60
    for _ in range(200):
        look()
        world.live(definitions)
        world.now += 60
    if most > least:  # otherwise AWS can neither start nor stop a task
        assert (world.active, world.healthy, world.primary.rollout) == (desired, desired, "COMPLETED")
        assert {task.deployment for task in world.tasks.values()} == {world.primary.id}
        assert definitions.get(world.primary.id, GOOD) == GOOD


@settings(max_examples=100, deadline=None)
@given(counts=st.lists(st.integers(0, 8), min_size=1, max_size=6), kills=st.lists(st.integers(0, 50), max_size=8))
def test_whatever_is_killed_and_wanted_the_count_is_reached(counts: list[int], kills: list[int]) -> None:
    world = settled(2)
    for count in counts:
        world.service = replace(world.service, desired=count)
        for kill in kills:
            if world.tasks:
                gone = world.tasks.pop(list(world.tasks)[kill % len(world.tasks)])
                world.ended.append(Ended(gone.deployment, not gone.healthy))
            world.look()
            world.live({})
            world.now += 1
    world.run({})
    assert (world.active, world.healthy) == (counts[-1], counts[-1])
