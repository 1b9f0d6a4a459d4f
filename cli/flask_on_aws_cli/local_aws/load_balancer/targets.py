"""The targets of all target groups: their registrations, health and requests, and the choice of the next target.

Targets are registered from other threads than those of requests, so every method is thread-safe.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from ...local_project.location import Target
from ..parts import TargetHealth
from .configuration import HealthCheck, TargetGroup
from .health import DRAINING, HEALTHY, NOT_REGISTERED, Failure, HealthState, after_check
from .stickiness import cookie_value

# Seconds: a deregistration reaches a load balancer's nodes one after another, and until then each still sends requests
# to the target. A server that stops at once fails a fifth of its requests within this time.
DEREGISTRATION_LAG = 2.0


@dataclass
class Registration:
    """A registration of a target in a group; registering it again creates another one."""

    number: int
    group_arn: str
    target: Target
    state: HealthState = field(default_factory=HealthState)
    draining_since: float | None = None
    outstanding: int = 0
    """Requests in progress."""


@dataclass
class Counts:
    """Counts of requests since the start."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    """Responses of targets by class, such as `2XX`."""
    seconds: float = 0.0
    """Total time until targets' responses began."""


class TargetTable:
    """All registrations; implements `Targets` for the services."""

    def __init__(self, *, lag: float = DEREGISTRATION_LAG, clock: Callable[[], float] = time.monotonic) -> None:
        self._lag, self._clock = lag, clock
        self._lock = threading.RLock()
        self._registrations: dict[tuple[str, Target], Registration] = {}
        self._numbers = itertools.count()
        self._turns: Counter[str] = Counter()
        self._group_counts: dict[str, Counts] = {}
        self._target_counts: dict[tuple[str, Target], Counts] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, callback: Callable[[], None]) -> None:
        """Register a callback, called in the changing thread when a registration or a target's health changes."""
        self._listeners.append(callback)

    def register(self, target_group_arn: str, target: Target) -> None:
        """Register the target, or register it again while it drains; a registered target stays as it is."""
        key = (target_group_arn, target)
        with self._lock:
            current = self._registrations.get(key)
            if current is not None and current.draining_since is None:
                return
            self._registrations[key] = Registration(next(self._numbers), *key)
        self._notify()

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Start to drain the target; does nothing if it is not registered."""
        with self._lock:
            current = self._registrations.get((target_group_arn, target))
            if current is None or current.draining_since is not None:
                return
            current.draining_since = self._clock()
        self._notify()

    def _notify(self) -> None:
        for callback in self._listeners:
            callback()

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state in AWS's terms; `unused` if it is not registered."""
        return self.group_health(target_group_arn).get(target, NOT_REGISTERED)

    def group_health(self, target_group_arn: str) -> dict[Target, TargetHealth]:
        """The state of every target of the group, including draining ones."""
        with self._lock:
            return {
                registration.target: DRAINING if registration.draining_since is not None else registration.state.health
                for registration in self._of_group(target_group_arn)
            }

    def _of_group(self, arn: str) -> list[Registration]:
        return [registration for registration in self._registrations.values() if registration.group_arn == arn]

    def registrations(self) -> list[Registration]:
        """All registrations, including draining ones."""
        with self._lock:
            return list(self._registrations.values())

    def record_check(self, registration: Registration, failure: Failure | None, check: HealthCheck) -> None:
        """Record the result of a health check."""
        with self._lock:
            previous = registration.state.health
            registration.state = after_check(registration.state, failure, check)
            is_changed = registration.state.health != previous
        if is_changed:
            self._notify()

    def remove_drained(self, delay: Callable[[str], float]) -> Iterator[Registration]:
        """Remove the registrations whose deregistration delay, by the group's ARN, is over; yields them."""
        now = self._clock()
        with self._lock:
            for key, registration in list(self._registrations.items()):
                since = registration.draining_since
                if since is not None and now - since >= delay(registration.group_arn):
                    del self._registrations[key]
                    yield registration

    def has_draining(self) -> bool:
        """Whether any target is draining."""
        with self._lock:
            return any(registration.draining_since is not None for registration in self._registrations.values())

    def choose(self, group: TargetGroup, cookie: str = "") -> Registration | None:
        """The target for the next request, which is outstanding until `release`; None if there is no target.

        Where sessions are sticky, it is the one of the cookie, unless that is no longer routed to.

        While no target is healthy, all get requests, since a wrong health check must not make an app unavailable:
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
        """
        now = self._clock()
        with self._lock:
            routable = [
                registration for registration in self._of_group(group.arn) if self._is_routable(registration, now)
            ]
            candidates = [registration for registration in routable if registration.state.health == HEALTHY] or routable
            if not candidates:
                return None
            turn = self._turns[group.arn]
            self._turns[group.arn] += 1
            # Starting at the next turn's index, so that equally busy targets take turns.
            ordered = [candidates[(turn + index) % len(candidates)] for index in range(len(candidates))]
            is_least_outstanding = group.algorithm == "least_outstanding_requests"
            chosen = (
                min(ordered, key=lambda registration: registration.outstanding) if is_least_outstanding else ordered[0]
            )
            if group.sticky_seconds and cookie:
                stuck = (item for item in ordered if cookie_value(group.arn, item.target) == cookie)
                chosen = next(stuck, chosen)
            chosen.outstanding += 1
            for counts in self._counts(chosen):
                counts.requests += 1
            return chosen

    def _is_routable(self, registration: Registration, now: float) -> bool:
        if registration.draining_since is None:
            return True
        return registration.state.health == HEALTHY and now - registration.draining_since < self._lag

    def _counts(self, registration: Registration) -> tuple[Counts, Counts]:
        group = self._group_counts.setdefault(registration.group_arn, Counts())
        return group, self._target_counts.setdefault((registration.group_arn, registration.target), Counts())

    def count_response(self, registration: Registration, status: int, seconds: float) -> None:
        """Count a target's response and the seconds until it began."""
        with self._lock:
            for counts in self._counts(registration):
                counts.statuses[f"{status // 100}XX"] += 1
                counts.seconds += seconds

    def release(self, registration: Registration) -> None:
        """Note that a request is complete."""
        with self._lock:
            registration.outstanding -= 1

    def group_counts(self, target_group_arn: str) -> Counts:
        """The target group's counts since the start."""
        with self._lock:
            return _copy(self._group_counts.get(target_group_arn, Counts()))

    def target_counts(self, target_group_arn: str, target: Target) -> Counts:
        """The target's counts as a member of the group since the start."""
        with self._lock:
            return _copy(self._target_counts.get((target_group_arn, target), Counts()))


def _copy(counts: Counts) -> Counts:
    return Counts(counts.requests, counts.statuses.copy(), counts.seconds)
