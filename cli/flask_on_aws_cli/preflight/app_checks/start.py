"""The checks of an app's start. Pure functions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..diagnosis.bind_rules import bind_fix
from ..diagnosis.diagnosis import diagnose
from ..output import Context, Output
from ..running import Answer, Listener
from .health import Answers, judge_answer, judge_chosen_path

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 what an app has to listen on
STARTS, LISTENS, ANSWERS = "starts", "listens", "health"


@dataclass(frozen=True)
class Expectation:
    """What an app is expected to do."""

    command: str
    port: int
    health_path: str
    startup_seconds: int
    host: str = ""
    """The public name."""
    context: Context = field(default_factory=Context)
    of_stack: bool = False
    """Whether a stack deploys it, so that AWS checks the default health path unless the stack sets another one."""


@dataclass(frozen=True)
class Start:
    """What was observed of an app since its start."""

    seconds: float
    """Time until it answered, exited, or the time limit passed."""
    lines: Sequence[str]
    exit_code: int | None = None
    out_of_memory: bool = False
    listeners: Sequence[Listener] = ()
    answer: Answer = field(default_factory=Answer)
    """To the last probe of its health path."""
    visit: Answer = field(default_factory=Answer)
    """To a visitor's request for the same path."""
    health_path: str = ""
    """The path of these answers."""
    default_answer: Answer | None = None
    """To a probe of the default health path, if another path was chosen instead."""

    @property
    def answers_well(self) -> bool:
        """Whether it is up."""
        return self.exit_code is None and self.answer.status == 200


def fits(listener: Listener, port: int) -> bool:
    """Whether the load balancer can connect to a socket."""
    return listener.port == port and listener.address in _WILDCARDS


def start_checks(start: Start, expected: Expectation) -> list[Check]:
    """The checks whether the app starts, listens and answers."""
    output = Output(start.lines, expected.command, start.exit_code, expected.context)
    if start.exit_code is not None:
        reason = "the app did not stay up"
        return [failed(STARTS, _ended(start, output)), not_checked(LISTENS, reason), not_checked(ANSWERS, reason)]
    listens = _listens(start, output, expected)
    if listens.cause is not None and listens.cause not in (Cause.WRONG_INTERFACE, Cause.WRONG_PORT, Cause.TOO_SLOW):
        # It runs and its log explains why it gets no further: a server that keeps retrying.
        reason = "the app did not start to listen"
        return [replace(listens, name=STARTS), not_checked(LISTENS, reason), not_checked(ANSWERS, reason)]
    starts = passed(STARTS, "runs")
    if listens.cause:
        return [starts, listens, not_checked(ANSWERS, "it does not listen where the load balancer connects")]
    answers = Answers(start.answer, start.visit, expected.host)
    health = judge_answer(answers, expected.health_path, output, start.seconds)
    if start.default_answer and start.answers_well:
        default = Answers(start.default_answer, start.default_answer, expected.host)
        health = judge_chosen_path(default, expected.health_path, output, is_failure=expected.of_stack)
    return [starts, listens, replace(health, health_path=start.health_path if start.answers_well else "")]


def _ended(start: Start, output: Output) -> Finding:
    if start.out_of_memory:
        return Finding(
            Cause.OUT_OF_MEMORY,
            f"it ran out of memory and was killed after {start.seconds:.1f} s",
            "raise the settings memory and cpu, or lower WEB_CONCURRENCY",
            output.last(),
        )
    finding = diagnose(output)
    if finding:
        return finding
    return Finding(
        Cause.CRASHED,
        f"it exited after {start.seconds:.1f} s with exit code {start.exit_code}",
        "see its last log lines for the reason; the start command must keep running while the app serves",
        output.last(),
    )


def _listens(start: Start, output: Output, expected: Expectation) -> Check:
    listeners = start.listeners
    right = next((listener for listener in listeners if fits(listener, expected.port)), None)
    if right:
        return passed(LISTENS, f"listens on {right}", start.seconds)
    if listeners:
        return failed(LISTENS, _elsewhere(listeners, output, expected.port))
    diagnosed = diagnose(output)
    if diagnosed:
        return failed(LISTENS, diagnosed)
    finding = Finding(
        Cause.TOO_SLOW,
        f"does not listen on any port after {start.seconds:.0f} s",
        "do less at startup, or allow more time with the setting startupSeconds (up to 240)",
        output.last(),
    )
    return failed(LISTENS, finding)


def _elsewhere(listeners: Sequence[Listener], output: Output, port: int) -> Finding:
    addresses = ", ".join(str(listener) for listener in listeners)
    same_port = any(listener.port == port for listener in listeners)
    loopback = all(listener.address not in _WILDCARDS for listener in listeners)
    cause = Cause.WRONG_INTERFACE if same_port or loopback else Cause.WRONG_PORT
    fix = bind_fix(output.command)
    if cause is Cause.WRONG_PORT:
        fix += f", or set the setting port to {listeners[0].port}"
    pattern = rf"\b({'|'.join(str(listener.port) for listener in listeners)})\b"
    evidence = tuple(line for line in output.lines if re.search(pattern, line))[:3]
    return Finding(
        cause, f"listens on {addresses}, must be 0.0.0.0:$PORT (here {port})", fix, evidence or output.last()
    )
