"""The service scheduler's decisions, without clocks or processes."""

import math
from dataclasses import dataclass, field, replace

import pytest
from flask_on_aws_cli.local_aws.ecs.scheduler.circuit_breaker import CircuitBreaker, read_breaker, retry_delay
from flask_on_aws_cli.local_aws.ecs.scheduler.decisions import step
from flask_on_aws_cli.local_aws.ecs.scheduler.model import (
    AddEvent,
    Deployment,
    Ended,
    Observation,
    Phase,
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
    """Tasks that start, become healthy and end according to their task definition, one step at a time."""

    service: Service
    tasks: dict[str, Task] = field(default_factory=dict)
    ended: list[Ended] = field(default_factory=list)
    started: int = 0
    now: float = 0
    events: list[str] = field(default_factory=list)

    def deploy(self, name: str, definition: str = GOOD) -> None:
        new = Deployment(name, definition)
        self.service = replace(self.service, deployments=(new, *self.service.deployments))

    def schedule(self) -> None:
        """Run the scheduler once, and perform its actions."""
        healthy = frozenset(task.deployment for task in self.tasks.values() if task.healthy)
        observation = Observation(list(self.tasks.values()), self.ended, healthy)
        self.ended = []
        self.service, actions = step(self.service, observation, self.now)
        for action in actions:
            match action:
                case Start(deployment, count):
                    for _ in range(count):
                        self.started += 1
                        self.tasks[f"t{self.started}"] = Task(f"t{self.started}", deployment, Phase.STARTING)
                case Stop(task, _):
                    self.tasks[task] = replace(self.tasks[task], phase=Phase.STOPPING, healthy=False)
                case AddEvent(message):
                    self.events.append(message)

    def advance(self, definitions: dict[str, str], order: list[int] | None = None) -> None:
        """Advance every task by one step, or those that `order` selects."""
        selected = list(self.tasks.values())
        if order is not None and selected:
            selected = [selected[index % len(selected)] for index in order]
        for task in {task.id: task for task in selected}.values():
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
            self.schedule()
            self.advance(definitions)
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
    """A service whose first deployment has completed."""
    world = World(Service("web", desired, (Deployment("d1", GOOD),), breaker=CircuitBreaker(), **kwargs))  # type: ignore[arg-type]
    world.run({})
    assert (world.primary.rollout, world.healthy, world.active) == ("COMPLETED", desired, desired)
    return world


def test_the_first_deployment_completes_with_one_event() -> None:
    world = settled()
    assert world.events == [
        "(service web) (deployment d1) deployment completed.",
        "(service web) has reached a steady state.",
    ]
    assert world.primary.reason == "ECS deployment d1 completed."


def test_a_new_deployment_replaces_the_old_one() -> None:
    world = settled()
    world.deploy("d2")
    world.run({})
    assert {task.deployment for task in world.tasks.values()} == {"d2"}
    assert [deployment.id for deployment in world.service.deployments] == ["d2"]
    assert world.service.last_good == world.primary


def test_a_crashing_deployment_is_rolled_back_and_the_old_tasks_stay() -> None:
    world = settled()
    before = {id: task for id, task in world.tasks.items() if task.healthy}
    world.deploy("d2", BAD)
    world.run({"d2": BAD})
    assert (world.primary.id, world.primary.rollout) == ("d1", "COMPLETED")
    assert world.tasks == before
    assert "(service web) (deployment d2) deployment failed: tasks failed to start." in world.events
    assert "(service web) rolling back to deployment d1." in world.events


def test_a_failed_deployment_is_shown_for_30_seconds() -> None:
    world = settled()
    world.deploy("d2", BAD)
    deployments: list[set[tuple[str, str, str]]] = []
    for _ in range(80):
        world.schedule()
        deployments.append({(d.id, d.rollout, d.reason) for d in world.service.deployments})
        world.advance({"d2": BAD})
        world.now += 1
    failure = ("d2", "FAILED", "ECS deployment circuit breaker: tasks failed to start.")
    seconds = [second for second, shown in enumerate(deployments) if failure in shown]
    assert len(seconds) == 30
    assert [deployment[0] for deployment in deployments[-1]] == ["d1"]


def test_a_rollback_that_starts_tasks_has_its_reason() -> None:
    world = settled(minimum_percent=0)
    world.deploy("d2", BAD)
    reasons: set[str] = set()
    for _ in range(40):
        world.schedule()
        reasons |= {d.reason for d in world.service.deployments}
        world.advance({"d2": BAD})
        world.now += 1
    assert "ECS deployment circuit breaker: rolling back to deploymentId d1." in reasons
    assert (world.primary.id, world.healthy) == ("d1", 2)


def test_without_a_completed_deployment_the_failed_one_stalls() -> None:
    world = World(Service("web", 2, (Deployment("d1", BAD),), breaker=CircuitBreaker()))
    world.run({"d1": BAD})
    assert (world.primary.rollout, world.active) == ("FAILED", 0)
    started = world.started
    world.run({"d1": BAD})
    assert world.started == started


def test_without_rollback_the_old_tasks_stay() -> None:
    world = settled()
    world.service = replace(world.service, breaker=CircuitBreaker(rollback=False))
    world.deploy("d2", BAD)
    world.run({"d2": BAD})
    assert (world.primary.id, world.primary.rollout, world.healthy) == ("d2", "FAILED", 2)


def test_without_a_circuit_breaker_the_deployment_keeps_trying() -> None:
    world = settled()
    world.service = replace(world.service, breaker=None)
    world.deploy("d2", BAD)
    world.run({"d2": BAD}, 300)
    assert (world.primary.rollout, world.healthy) == ("IN_PROGRESS", 2)
    assert world.primary.failed > 50


def test_a_healthy_task_that_crashes_is_replaced_at_once() -> None:
    world = settled()
    crashed = world.tasks.pop(next(iter(world.tasks)))
    world.ended.append(Ended(crashed.deployment, failed=False))
    world.schedule()
    assert [task.phase for task in world.tasks.values()].count(Phase.STARTING) == 1
    assert world.primary.failed == 0


def test_an_unhealthy_task_is_stopped_with_its_verdict_and_replaced() -> None:
    world = settled()
    first = next(iter(world.tasks))
    world.tasks[first] = replace(world.tasks[first], healthy=False, verdict="Task failed ELB health checks")
    _, actions = step(world.service, Observation(list(world.tasks.values())), 0)
    assert actions == [Stop(first, "Task failed ELB health checks"), Start("d1", 1)]


@pytest.mark.parametrize("counts", [(2, 4, 1), (5, 0, 3)])
def test_scaling(counts: tuple[int, ...]) -> None:
    world = settled(counts[0])
    for count in counts[1:]:
        world.service = replace(world.service, desired=count)
        world.run({})
        assert (world.active, world.healthy, len(world.service.deployments)) == (count, count, 1)


def test_a_deleted_service_stops_all_tasks() -> None:
    world = settled(3)
    world.service = replace(world.service, desired=0, deployments=())
    world.run({}, 3)
    assert world.tasks == {}


@pytest.mark.parametrize(
    ("desired", "threshold"), [(1, 3), (6, 3), (7, 4), (25, 13), (400, 200), (401, 200), (5000, 200)]
)
def test_the_thresholds_are_those_of_the_documentation(desired: int, threshold: int) -> None:
    assert CircuitBreaker().threshold(desired) == threshold
    service = Service("web", desired, (Deployment("d2", BAD),), breaker=CircuitBreaker())
    for failures, state in ((threshold - 1, "IN_PROGRESS"), (threshold, "FAILED")):
        ended = [Ended("d2", failed=True)] * failures
        tasks = [Task("t", "d2", Phase.STARTING)]
        assert step(service, Observation(tasks, ended), 0)[0].deployments[0].rollout == state


def test_other_thresholds_can_be_configured() -> None:
    def threshold(kind: str, value: int) -> int:
        configuration = {"enable": True, "thresholdConfiguration": {"type": kind, "value": value}}
        breaker = read_breaker({"deploymentCircuitBreaker": configuration})
        assert breaker is not None
        return breaker.threshold(10)

    assert CircuitBreaker().threshold(0) == 3
    assert (threshold("COUNT", 1), threshold("UNBOUNDED_PERCENT", 10), threshold("BOUNDED_PERCENT", 80)) == (1, 1, 8)
    assert read_breaker({}) is None
    assert read_breaker({"deploymentCircuitBreaker": {"enable": False, "rollback": True}}) is None


def test_delays_grow_up_to_a_limit() -> None:
    delays = [retry_delay(failures) for failures in range(1, 20)]
    assert delays[:4] == [0, 0.5, 1, 2]
    assert delays == sorted(delays)
    assert max(delays) == 30


def test_no_task_starts_before_the_delay_has_passed() -> None:
    service = Service("web", 1, (Deployment("d", BAD, retry_at=10),))
    assert step(service, Observation([]), 9.9)[1] == []
    assert step(service, Observation([]), 10)[1] == [Start("d", 1)]


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
    minimum, maximum = math.ceil(desired * percents[0] / 100), desired * percents[1] // 100
    definitions = {"d2": BAD if bad else GOOD, "d3": GOOD}
    world.deploy("d2", definitions["d2"])

    def check_step() -> None:
        before = world.healthy
        world.schedule()
        assert world.healthy >= min(minimum, before)
        assert world.active <= max(maximum, desired)

    for index, order in enumerate(orders):
        if second and index == len(orders) // 2:
            world.deploy("d3")
        check_step()
        world.advance(definitions, order)
        world.now += 60
    for _ in range(200):
        check_step()
        world.advance(definitions)
        world.now += 60
    if maximum > minimum:  # otherwise AWS can neither start nor stop a task
        assert (world.active, world.healthy, world.primary.rollout) == (desired, desired, "COMPLETED")
        assert {task.deployment for task in world.tasks.values()} == {world.primary.id}
        assert definitions.get(world.primary.id, GOOD) == GOOD


@settings(max_examples=100, deadline=None)
@given(counts=st.lists(st.integers(0, 8), min_size=1, max_size=6), kills=st.lists(st.integers(0, 50), max_size=8))
def test_the_desired_count_is_reached_whatever_is_killed(counts: list[int], kills: list[int]) -> None:
    world = settled(2)
    for count in counts:
        world.service = replace(world.service, desired=count)
        for kill in kills:
            if world.tasks:
                killed = world.tasks.pop(list(world.tasks)[kill % len(world.tasks)])
                world.ended.append(Ended(killed.deployment, not killed.healthy))
            world.schedule()
            world.advance({})
            world.now += 1
    world.run({})
    assert (world.active, world.healthy) == (counts[-1], counts[-1])
