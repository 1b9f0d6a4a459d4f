"""The timers from the load balancer to the app's server, which depend on each other: each rule below avoids a 502 or 504.

Pure values, standard library only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

# granian's limit for --http1-header-read-timeout.
_GRANIAN_LONGEST_MS = 60_000
# Fargate's limit: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
_FARGATE_LONGEST_STOP = 120
# A server that has used its whole grace period still has to stop its processes before SIGKILL.
_SECONDS_TO_EXIT = 5


@dataclass(frozen=True)
class Timers:
    """One consistent set, in seconds unless the name says otherwise."""

    idle_timeout: int = 50
    """Load balancer: closes a connection without traffic, and answers 504 if the app has not answered by then."""
    keep_alive: int = 75
    """gunicorn: closes an idle connection; later than the load balancer, or its next request meets a closed one (502)."""
    granian_header_read_ms: int = 60_000
    """granian: the same in milliseconds; its maximum."""
    request_timeout: int = 45
    """gunicorn: kills a worker that is stuck; earlier than the load balancer gives up, so that the app's log shows why."""
    deregistration_delay: int = 20
    """Load balancer: waits for the requests of a task being stopped before ECS sends SIGTERM. Its default of 300 makes releases slow."""
    drain: int = 10
    """Launcher: holds SIGTERM back, since tasks stopped by hand or on Spot are still routed to for some seconds (21 % of requests lost without)."""
    graceful: int = 30
    """Server: finishes its requests after SIGTERM."""
    stop_timeout: int = 60
    """ECS: sends SIGKILL this long after SIGTERM."""


TIMERS = Timers()


def timer_problems(timers: Timers) -> Iterator[str]:
    """Which rules are violated, one sentence each."""
    t = timers
    for field in fields(t):
        if getattr(t, field.name) < 1:
            yield f"{field.name} is {getattr(t, field.name)}; it must be at least 1."
    if t.idle_timeout >= t.keep_alive:
        yield (
            f"idle_timeout ({t.idle_timeout} s) must be below keep_alive ({t.keep_alive} s); otherwise the load balancer "
            "sends requests into connections that gunicorn has just closed (502)."
        )
    if t.idle_timeout * 1000 >= t.granian_header_read_ms:
        yield (
            f"idle_timeout ({t.idle_timeout} s) must be below granian_header_read_ms ({t.granian_header_read_ms} ms); "
            "otherwise the load balancer sends requests into connections that granian has just closed (502)."
        )
    if t.granian_header_read_ms > _GRANIAN_LONGEST_MS:
        yield f"granian_header_read_ms is {t.granian_header_read_ms}; granian allows at most {_GRANIAN_LONGEST_MS}."
    if t.request_timeout >= t.idle_timeout:
        yield (
            f"request_timeout ({t.request_timeout} s) must be below idle_timeout ({t.idle_timeout} s); otherwise the load "
            "balancer answers 504 before the app can log what was slow."
        )
    yield from _stop_problems(t)


def _stop_problems(t: Timers) -> Iterator[str]:
    needed = t.drain + t.graceful + _SECONDS_TO_EXIT
    if needed > t.stop_timeout:
        yield (
            f"stop_timeout ({t.stop_timeout} s) must be at least {needed} s: drain ({t.drain} s), graceful ({t.graceful} s) "
            f"and {_SECONDS_TO_EXIT} s to exit; otherwise requests in flight are killed."
        )
    if t.stop_timeout > _FARGATE_LONGEST_STOP:
        yield f"stop_timeout is {t.stop_timeout} s; Fargate waits at most {_FARGATE_LONGEST_STOP} s."
    leaving = t.deregistration_delay + t.drain + t.graceful
    if leaving < t.request_timeout:
        yield (
            f"deregistration_delay, drain and graceful add up to {leaving} s; they must be at least request_timeout "
            f"({t.request_timeout} s), or a release cuts off a request that is allowed to take that long."
        )
