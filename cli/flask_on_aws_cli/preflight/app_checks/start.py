"""What a start came to, as checks: pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..diagnosis.diagnosis import diagnose
from ..output import Output
from ..running import Answer, Listener
from .health import Answers, judge_answer

_WILDCARDS = ("0.0.0.0", "::")  # noqa: S104 what an app has to listen on
STARTS, LISTENS, ANSWERS = "starts", "listens", "health"


@dataclass(frozen=True)
class Expectation:
    """What an app is to do."""

    command: str
    port: int
    health_path: str
    startup_seconds: int
    host: str = ""
    """The public name."""


@dataclass(frozen=True)
class Start:
    """What was seen of an app from its start on."""

    seconds: float
    """Until it answered, ended, or the time was over."""
    lines: Sequence[str]
    exit_code: int | None = None
    out_of_memory: bool = False
    listeners: Sequence[Listener] = ()
    answer: Answer = field(default_factory=Answer)
    """To the last probe of its health path."""
    visit: Answer = field(default_factory=Answer)
    """To a visitor's request for the same path."""

    @property
    def answers_well(self) -> bool:
        """Whether it is up."""
        return self.exit_code is None and self.answer.status == 200


def fits(listener: Listener, port: int) -> bool:
    """Whether the load balancer reaches a socket."""
    return listener.port == port and listener.address in _WILDCARDS


def start_checks(start: Start, expected: Expectation) -> list[Check]:
    """Whether it starts, listens and answers."""
    output = Output(start.lines, expected.command, start.exit_code)
    if start.exit_code is not None:
        reason = "the app did not stay up"
        return [failed(STARTS, _ended(start, output)), not_checked(LISTENS, reason), not_checked(ANSWERS, reason)]
    listens = _listens(start, output, expected)
    if listens.cause is not None and listens.cause not in (Cause.WRONG_INTERFACE, Cause.WRONG_PORT, Cause.TOO_SLOW):
        # It runs, and says itself why it goes no further: a server that tries again and again.
        reason = "the app did not start to listen"
        return [replace(listens, name=STARTS), not_checked(LISTENS, reason), not_checked(ANSWERS, reason)]
    starts = passed(STARTS, "runs")
    if listens.cause:
        return [starts, listens, not_checked(ANSWERS, "it does not listen where the load balancer asks")]
    answers = Answers(start.answer, start.visit, expected.host)
    return [starts, listens, judge_answer(answers, expected.health_path, output, start.seconds)]


def _ended(start: Start, output: Output) -> Finding:
    if start.out_of_memory:
        return Finding(
            Cause.OUT_OF_MEMORY,
            f"it used up its memory and was killed after {start.seconds:.1f} s",
            "give it more: settings memory and cpu, or fewer WEB_CONCURRENCY",
            output.last(),
        )
    known = diagnose(output)
    if known:
        return known
    return Finding(
        Cause.CRASHED,
        f"it ended after {start.seconds:.1f} s with exit code {start.exit_code}",
        "its last lines say why; the start command must run for as long as the app serves",
        output.last(),
    )


def _listens(start: Start, output: Output, expected: Expectation) -> Check:
    found = start.listeners
    right = next((one for one in found if fits(one, expected.port)), None)
    if right:
        return passed(LISTENS, f"listens on {right}", start.seconds)
    if found:
        return failed(LISTENS, _elsewhere(found, output, expected.port))
    known = diagnose(output)
    if known:
        return failed(LISTENS, known)
    finding = Finding(
        Cause.TOO_SLOW,
        f"listens nowhere after {start.seconds:.0f} s",
        "do less at the start, or give it more time: the setting startupSeconds (up to 240)",
        output.last(),
    )
    return failed(LISTENS, finding)


def _elsewhere(found: Sequence[Listener], output: Output, port: int) -> Finding:
    there = ", ".join(str(one) for one in found)
    same_port = any(one.port == port for one in found)
    loopback = all(one.address not in _WILDCARDS for one in found)
    cause = Cause.WRONG_INTERFACE if same_port or loopback else Cause.WRONG_PORT
    ways = bind_way_out(output.command)
    if cause is Cause.WRONG_PORT:
        ways += f", or set the setting port to {found[0].port}"
    pattern = rf"\b({'|'.join(str(one.port) for one in found)})\b"
    evidence = tuple(line for line in output.lines if re.search(pattern, line))[:3]
    return Finding(cause, f"listens on {there}, must be 0.0.0.0:$PORT (here {port})", ways, evidence or output.last())


def bind_way_out(command: str) -> str:
    """How a start command is told where to listen, in the words of its server."""
    servers = {
        r"\bgunicorn\b": "add --bind 0.0.0.0:$PORT to the start command, in place of another --bind",
        r"\bgranian\b": "add --host 0.0.0.0 --port $PORT to the start command",
        r"\bwaitress-serve\b": "add --listen 0.0.0.0:$PORT to the start command",
        r"\b(uvicorn|hypercorn)\b": "let the start command bind to 0.0.0.0 and $PORT",
        r"\buwsgi\b": "add --http 0.0.0.0:$PORT to the start command",
        r"\bflask\b.*\brun\b": "start a server for production: gunicorn --bind 0.0.0.0:$PORT app:app",
    }
    for pattern, way in servers.items():
        if re.search(pattern, command):
            return way
    return (
        "listen on 0.0.0.0 and the port in PORT, by options of the start command or in the code, such as "
        'app.run(host="0.0.0.0", port=int(os.environ["PORT"]))'
    )
