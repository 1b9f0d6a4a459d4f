"""The targets of all groups: who is registered, how healthy, how busy, and whose turn it is.

Registrations come from other threads than the requests, so every method is safe to call from any.
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
from .health import DRAINING, HEALTHY, NOT_REGISTERED, Checkup, Failure, examined

# Seconds: a load balancer's nodes learn of a deregistration one after another, and until then each still sends requests
# to the target. A server that stops at once loses a fifth of its requests in so short a time.
DEREGISTRATION_LAG = 2.0


@dataclass
class Registration:
    """One stay of a target in a group; coming back is another."""

    number: int
    group_arn: str
    target: Target
    checkup: Checkup = field(default_factory=Checkup)
    draining_since: float | None = None
    outstanding: int = 0
    """Requests under way."""


@dataclass
class Counts:
    """Requests since the start."""

    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter[str])
    """Answers of targets by class, like `2XX`."""
    seconds: float = 0.0
    """Time that targets took until their answers began, in all."""


class TargetTable:
    """All registrations; `Targets` for the services."""

    def __init__(self, *, lag: float = DEREGISTRATION_LAG, clock: Callable[[], float] = time.monotonic) -> None:
        self._lag, self._clock = lag, clock
        self._lock = threading.RLock()
        self._registrations: dict[tuple[str, Target], Registration] = {}
        self._numbers = itertools.count()
        self._turns: Counter[str] = Counter()
        self._group_counts: dict[str, Counts] = {}
        self._target_counts: dict[tuple[str, Target], Counts] = {}
        self._listeners: list[Callable[[], None]] = []

    def on_change(self, call: Callable[[], None]) -> None:
        """Have a function called, in the thread of the change, when a target comes, goes or has another health."""
        self._listeners.append(call)

    def register(self, target_group_arn: str, target: Target) -> None:
        """Add the target, or take back its deregistration; one that is registered stays as it is."""
        key = (target_group_arn, target)
        with self._lock:
            known = self._registrations.get(key)
            if known is not None and known.draining_since is None:
                return
            self._registrations[key] = Registration(next(self._numbers), *key)
        self._tell()

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Begin to drain the target; nothing happens where it is not registered."""
        with self._lock:
            known = self._registrations.get((target_group_arn, target))
            if known is None or known.draining_since is not None:
                return
            known.draining_since = self._clock()
        self._tell()

    def _tell(self) -> None:
        for call in self._listeners:
            call()

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state in AWS's words; `unused` when it is not registered."""
        return self.group_health(target_group_arn).get(target, NOT_REGISTERED)

    def group_health(self, target_group_arn: str) -> dict[Target, TargetHealth]:
        """The state of every target of the group, those that leave too."""
        with self._lock:
            found = self._of_group(target_group_arn)
            return {one.target: DRAINING if one.draining_since is not None else one.checkup.health for one in found}

    def _of_group(self, arn: str) -> list[Registration]:
        return [one for one in self._registrations.values() if one.group_arn == arn]

    def registrations(self) -> list[Registration]:
        """All that is there, those that leave too."""
        with self._lock:
            return list(self._registrations.values())

    def examine(self, registration: Registration, failure: Failure | None, check: HealthCheck) -> None:
        """Take in what a health check found."""
        with self._lock:
            before = registration.checkup.health
            registration.checkup = examined(registration.checkup, failure, check)
            is_changed = registration.checkup.health != before
        if is_changed:
            self._tell()

    def expire(self, delay: Callable[[str], float]) -> Iterator[Registration]:
        """Forget the targets whose group's deregistration delay, by its ARN, is over."""
        now = self._clock()
        with self._lock:
            for key, one in list(self._registrations.items()):
                if one.draining_since is not None and now - one.draining_since >= delay(one.group_arn):
                    del self._registrations[key]
                    yield one

    def any_draining(self) -> bool:
        """Whether a target is leaving, which ends at a time."""
        with self._lock:
            return any(one.draining_since is not None for one in self._registrations.values())

    def choose(self, group: TargetGroup) -> Registration | None:
        """The target for the next request, counted as busy until `release`; None where there is none.

        While no target is healthy all get requests, since a wrong health check must not take an app away:
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health.html
        """
        now = self._clock()
        with self._lock:
            open_to = [one for one in self._of_group(group.arn) if self._takes_requests(one, now)]
            candidates = [one for one in open_to if one.checkup.health == HEALTHY] or open_to
            if not candidates:
                return None
            turn = self._turns[group.arn]
            self._turns[group.arn] += 1
            # From this turn's place on, so that equally busy targets take turns.
            ordered = [candidates[(turn + place) % len(candidates)] for place in range(len(candidates))]
            least = group.algorithm == "least_outstanding_requests"
            chosen = min(ordered, key=lambda one: one.outstanding) if least else ordered[0]
            chosen.outstanding += 1
            for counts in self._counts(chosen):
                counts.requests += 1
            return chosen

    def _takes_requests(self, one: Registration, now: float) -> bool:
        if one.draining_since is None:
            return True
        return one.checkup.health == HEALTHY and now - one.draining_since < self._lag

    def _counts(self, one: Registration) -> tuple[Counts, Counts]:
        group = self._group_counts.setdefault(one.group_arn, Counts())
        return group, self._target_counts.setdefault((one.group_arn, one.target), Counts())

    def answered(self, registration: Registration, status: int, seconds: float) -> None:
        """Count a target's answer and the seconds until it began."""
        with self._lock:
            for counts in self._counts(registration):
                counts.statuses[f"{status // 100}XX"] += 1
                counts.seconds += seconds

    def release(self, registration: Registration) -> None:
        """The request is over."""
        with self._lock:
            registration.outstanding -= 1

    def group_counts(self, target_group_arn: str) -> Counts:
        """What the group was asked since the start."""
        with self._lock:
            return _copy(self._group_counts.get(target_group_arn, Counts()))

    def target_counts(self, target_group_arn: str, target: Target) -> Counts:
        """What the target was asked as a member of the group since the start."""
        with self._lock:
            return _copy(self._target_counts.get((target_group_arn, target), Counts()))


def _copy(counts: Counts) -> Counts:
    return Counts(counts.requests, counts.statuses.copy(), counts.seconds)
