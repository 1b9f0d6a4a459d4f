"""What a server in a start command does that neither a variable nor an option of the stack can change. Pure."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from ...runtime_contract.timers import TIMERS

# What ends when ECS sends SIGTERM: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
_CUT_OFF = (
    f"at each release and scale-in, {{}} ends without finishing its requests: those that take longer than the "
    f"{TIMERS.deregistration_delay} s for which the load balancer waits before are cut off"
)
_BELIEVES = (
    "{} believes an address that a visitor sends in X-Forwarded-For, which logs, rate limits and allowlists then see"
)
_UVICORN = "uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE"


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
        _BELIEVES.format("Daphne with --proxy-headers"),
        "remove --proxy-headers and read X-Forwarded-For with TRUST_PROXY_DEPTH in the app",
    ),
    r"(?<![\w.-])fastapi\s+run(?!\S)": ServerWarning(
        "fastapi run closes idle connections after 5 s, which the load balancer reuses for up to "
        f"{TIMERS.idle_timeout} s (502), and believes an address that a visitor sends in X-Forwarded-For; it has no "
        "option for either",
        f"start `{_UVICORN}`",
    ),
    r"(?<![\w.-])gunicorn(?=\s)(?=.*\buvicorn[._]worker)(?!.*\s--forwarded-allow-ips\b)": ServerWarning(
        _BELIEVES.format("uvicorn's worker in gunicorn"),
        f"start `{_UVICORN}`, which needs no gunicorn for several processes; or add --forwarded-allow-ips "
        '"$UVICORN_FORWARDED_ALLOW_IPS", which needs gunicorn 24 or newer',
    ),
}


def server_warnings(command: str) -> Iterator[ServerWarning]:
    """The warnings of a start command."""
    return (warning for pattern, warning in _WARNINGS.items() if re.search(pattern, command))
