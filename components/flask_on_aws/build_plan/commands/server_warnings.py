"""What a server in a start command does that no variable of the stack can change. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from packaging.version import Version

from ...runtime_contract.timers import TIMERS

# A release and a scale-in send SIGTERM: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
_CUT_OFF = (
    f"at each release and scale-in, {{}} ends without finishing its requests: those that take longer than the "
    f"{TIMERS.deregistration_delay} s for which the load balancer waits before are cut off"
)
_TRUSTS = (
    "{} trusts an address that a visitor sends in X-Forwarded-For, which logs, rate limits and allowlists then see"
)
_UVICORN = "uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE"
# uvicorn's worker trusts what gunicorn's setting lists. Earlier versions reject networks in it, and 24.1.0 passes them on
# in a form that uvicorn cannot read.
_ACCEPTS_NETWORKS = Version("24.1.1")
_TRUST = '--forwarded-allow-ips "$UVICORN_FORWARDED_ALLOW_IPS"'
_UVICORN_WORKER = re.compile(
    r"(?<![\w.-])gunicorn(?=\s)(?=[^;&|]*\s(?:-k|--worker-class)[ =]?['\"]?uvicorn[._]worker)(?!.*\s--forwarded-allow-ips\b)"
)


class ServerWarning(NamedTuple):
    """What the server does, and the change that corrects it."""

    sentence: str
    fix: str


# By a pattern of the start command: a program, with or without its path, or the module after `-m`.
_WARNINGS = {
    r"(?<![\w.-])waitress(?:-serve)?(?=\s)": ServerWarning(
        _CUT_OFF.format("waitress"),
        "start `gunicorn --bind 0.0.0.0:$PORT MODULE:VARIABLE`; or keep waitress if no request takes so long",
    ),
    r"(?<![\w.-])daphne(?=\s)": ServerWarning(
        _CUT_OFF.format("Daphne"),
        f"start `{_UVICORN}`, which serves Django Channels too; or keep Daphne if no request takes so long",
    ),
    r"(?<![\w.-])daphne(?=\s)(?=.*\s--proxy-headers\b)": ServerWarning(
        _TRUSTS.format("Daphne with --proxy-headers"),
        "remove --proxy-headers and read X-Forwarded-For with TRUST_PROXY_DEPTH in the app",
    ),
    r"(?<![\w.-])fastapi\s+run(?!\S)": ServerWarning(
        "fastapi run closes idle connections after 5 s, which the load balancer reuses for up to "
        f"{TIMERS.idle_timeout} s (502), and has no option for it; without --forwarded-allow-ips it also trusts an "
        "address that a visitor sends in X-Forwarded-For",
        f"start `{_UVICORN}`",
    ),
    r"(?<![\w.-])litestar\s(?:[^;&|]*\s)?run(?!\S)": ServerWarning(
        f"litestar run closes idle connections after 5 s, which the load balancer reuses for up to {TIMERS.idle_timeout} s "
        "(502), and has no option for it; it also trusts an address that a visitor sends in X-Forwarded-For",
        f"start `{_UVICORN}`",
    ),
    r"(?<![\w.-])python[\d.]*\s+-m\s+http\.server(?!\S)": ServerWarning(
        _CUT_OFF.format("http.server"),
        "keep it for files alone, without requests that take so long",
    ),
    _UVICORN_WORKER.pattern: ServerWarning(
        _TRUSTS.format("uvicorn's worker in gunicorn"),
        f"start `{_UVICORN}`, which needs no gunicorn for several processes; or add {_TRUST}, "
        f"which needs gunicorn {_ACCEPTS_NETWORKS}; the plan adds it if the dependencies have "
        f"gunicorn>={_ACCEPTS_NETWORKS}",
    ),
}


def server_warnings(command: str) -> Iterator[ServerWarning]:
    """The warnings of a start command."""
    return (warning for pattern, warning in _WARNINGS.items() if re.search(pattern, command))


def with_trust(command: str, lowest: Mapping[str, Version | None]) -> str:
    """A start command in which uvicorn's worker trusts the load balancer alone, if its gunicorn accepts networks.

    Args:
        command: the start command.
        lowest: the lowest version of each package that may be installed, by its normalized name.
    """
    version, program = lowest.get("gunicorn"), _UVICORN_WORKER.search(command)
    if not program or not version or version < _ACCEPTS_NETWORKS:
        return command
    return f"{command[: program.end()]} {_TRUST}{command[program.end() :]}"
