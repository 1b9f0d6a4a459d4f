"""One scheduled job: its keys, their defaults and their checks, and the times that follow from its schedule."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..ecs.schedules import expression_problems, timezone_problems
from ..runtime_contract.task_sizes import fargate_size_problems
from ..validation.problems import Problem
from ..validation.values import hint, name_problems, range_problems
from .intervals import Interval, interval

_DEFAULTS: Mapping[str, Any] = {
    "timezone": "UTC",
    "cpu": 256,
    "memory": 512,
    # What a run that hangs may cost at most: an hour of the smallest task is 0.013 USD.
    "timeout": 3600,
    "retries": 0,  # a command that is not idempotent must not run twice unasked
    "overlap": False,
    "concurrency": 0,
}
_NEEDED = ("name", "schedule", "command")
KEYS = (*_NEEDED, *_DEFAULTS)
_TEXTS = ("name", "schedule", "command", "timezone")
_NUMBERS = ("cpu", "memory", "timeout", "retries", "concurrency")
# A day: AWS retires Fargate's hosts, so what runs for longer is work for a worker, which is started again.
_LONGEST_TIMEOUT, _SHORTEST_TIMEOUT = 24 * 60 * 60, 10
_MOST_RETRIES = 10
# The most tasks that a schedule starts at once on ECS's side of the API; more runs than these side by side are a queue's.
_MOST_AT_ONCE = 10
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_RetryPolicy.html
_SHORTEST_AGE, _LONGEST_AGE = 60, 24 * 60 * 60


class Job(NamedTuple):
    """A job with its defaults."""

    name: str
    schedule: str
    command: str
    timezone: str
    cpu: int
    memory: int
    timeout: int
    """Seconds for a run, its retries included."""
    retries: int
    """How often the command runs again after a failure, in the same task."""
    overlap: bool
    """Whether runs may overlap."""
    concurrency: int
    """The most runs at a time where they may overlap; 0 for any number."""

    @property
    def most_at_once(self) -> int:
        """The most runs at a time; 0 for any number."""
        return self.concurrency if self.overlap else 1

    @property
    def interval(self) -> Interval | None:
        """The shortest and longest time between two runs."""
        return interval(self.schedule)

    @property
    def start_within(self) -> int:
        """Seconds after its time in which a run may still start: until the next one, within EventBridge Scheduler's limits."""
        between = self.interval
        return min(max(between.shortest if between else _LONGEST_AGE, _SHORTEST_AGE), _LONGEST_AGE)


def read_job(job: Mapping[str, Any]) -> Job:
    """A job as it is written, with its defaults."""
    return Job(**{**_DEFAULTS, **{key: value for key, value in job.items() if value is not None}})


def job_problems(path: str, job: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a job, one sentence each."""
    for key in job:
        if key not in KEYS:
            yield Problem(f"{path}.{key}", f"is not a key of a job; {hint(key, KEYS)}")
    for key in _NEEDED:
        if job.get(key) is None:
            yield Problem(f"{path}.{key}", "is missing; each job needs it.")
    type_problems = list(_type_problems(path, job))
    yield from type_problems
    valid = {key: value for key, value in job.items() if f"{path}.{key}" not in {p.argument for p in type_problems}}
    settled = {**_DEFAULTS, **{key: value for key, value in valid.items() if value is not None}}
    yield from _text_problems(path, settled)
    yield from _number_problems(path, settled)


def _type_problems(path: str, job: Mapping[str, Any]) -> Iterator[Problem]:
    for key, value in job.items():
        if value is None:
            continue
        if key in _TEXTS and not isinstance(value, str):
            yield Problem(f"{path}.{key}", f"{value!r} must be a text.")
        elif key in _NUMBERS and (not isinstance(value, int) or isinstance(value, bool)):
            yield Problem(f"{path}.{key}", f"{value!r} must be a whole number.")
        elif key == "overlap" and not isinstance(value, bool):
            yield Problem(f"{path}.{key}", f"{value!r} must be true or false.")


def _text_problems(path: str, job: Mapping[str, Any]) -> Iterator[Problem]:
    if "name" in job:
        yield from name_problems(f"{path}.name", job["name"])
    if "schedule" in job:
        yield from _schedule_problems(f"{path}.schedule", job["schedule"])
    yield from timezone_problems(f"{path}.timezone", job["timezone"])
    if "command" in job and not job["command"].strip():
        yield Problem(f"{path}.command", f"{job['command']!r} is empty; give the command that the job runs.")


def _schedule_problems(path: str, schedule: str) -> Iterator[Problem]:
    if schedule.startswith("at("):
        yield Problem(
            path,
            f"{schedule!r} runs once; a job needs cron(…) or rate(…), and flask-on-aws run runs a command once.",
        )
        return
    problems = list(expression_problems(path, schedule))
    yield from problems
    if not problems and interval(schedule) is None:
        yield Problem(path, f"{schedule!r} has at most one time; a job needs a schedule that repeats.")


def _number_problems(path: str, job: Mapping[str, Any]) -> Iterator[Problem]:
    for sentence in fargate_size_problems(job["cpu"], job["memory"]):
        key, _, reason = sentence.partition(" ")
        yield Problem(f"{path}.{key}", reason)
    yield from range_problems(f"{path}.timeout", job["timeout"], _SHORTEST_TIMEOUT, _LONGEST_TIMEOUT, "seconds")
    yield from range_problems(f"{path}.retries", job["retries"], 0, _MOST_RETRIES)
    if job["concurrency"] != 0:
        yield from range_problems(f"{path}.concurrency", job["concurrency"], 1, _MOST_AT_ONCE)
    if job["concurrency"] > 1 and not job["overlap"]:
        yield Problem(
            f"{path}.concurrency",
            f"{job['concurrency']} has no effect while runs must not overlap; set overlap to true, or leave it out.",
        )
