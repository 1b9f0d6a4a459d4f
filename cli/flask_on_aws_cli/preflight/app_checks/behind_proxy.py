"""Whether an app fits a load balancer: idle connections, and headers that visitors can forge. Pure but for `forge`."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from flask_on_aws.runtime_contract.timers import TIMERS

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..output import first_fix
from ..running import Answer, App, IdleConnection

IDLE, HOST = "idle connections", "forwarded host"
# No public name: https://www.rfc-editor.org/rfc/rfc2606#section-2
FORGED_HOST = "forged-host.invalid"
_KEEP_ALIVE = TIMERS.keep_alive
_UVICORN = "uvicorn --host 0.0.0.0 --port $PORT MODULE:VARIABLE"

# How to make each server keep idle connections: a pattern of the start command, or of the code that it runs.
_FIXES = {
    r"\bgunicorn\b": f"remove --keep-alive from the start command, or set it to {_KEEP_ALIVE}",
    r"\bfastapi\b.*\brun\b": f"start {_UVICORN} instead of fastapi run, which has no option for it",
    r"\buvicorn\.(run|Config)\b": f"pass timeout_keep_alive={_KEEP_ALIVE} to uvicorn, or start {_UVICORN}",
    r"\buvicorn\b": f"remove --timeout-keep-alive from the start command, or set it to {_KEEP_ALIVE}",
    r"\bwaitress\b": f"pass channel_timeout={_KEEP_ALIVE} to waitress.serve, or set --channel-timeout={_KEEP_ALIVE}",
    r"\bgranian\b": "pass http1_settings=HTTP1Settings(header_read_timeout=60_000) to Granian, or remove "
    "--http1-header-read-timeout from the start command",
    r"\btornado\b": f"pass idle_connection_timeout={_KEEP_ALIVE} to HTTPServer or Application.listen",
    r"\bcheroot\b|\bcherrypy\b": f"pass timeout={_KEEP_ALIVE} to the WSGI server",
    r"\baiohttp\b": f"pass keepalive_timeout={_KEEP_ALIVE} to web.run_app",
    r"\bsanic\b": "do not set app.config.KEEP_ALIVE_TIMEOUT and env_prefix: Sanic reads SANIC_KEEP_ALIVE_TIMEOUT",
    r"\blitestar\b.*\brun\b": f"start {_UVICORN} instead of litestar run, which has no option for it",
    r"\bhypercorn\b": f"add --keep-alive {_KEEP_ALIVE} to the start command, or set keep_alive_timeout",
    r"\buwsgi\b": "use --http instead of --http-socket or --http11-socket, whose connections it keeps with "
    f"--http-keepalive={_KEEP_ALIVE}",
    r"\bnode\b|\bnpm\b": f"set server.keepAliveTimeout = {_KEEP_ALIVE}_000 on the HTTP server",
}
# Servers whose keep-alive the stack sets, and the options that change it.
_SET_BY_STACK = re.compile(
    r"(?<![\w.-])(?:gunicorn|granian|uvicorn|hypercorn|waitress-serve|uwsgi|sanic|daphne)(?![\w.-])"
    r"(?!.*--(?:keep-?alive|timeout-keep-alive|channel-timeout|http1-header-read-timeout|http-keepalive|http-timeout)\b)"
)
# Code that starts a server's command line, which reads the stack's variables.
_COMMAND_LINE_IN_CODE = re.compile(r"\bgranian\.cli\b|\bgunicorn\.app\.wsgiapp\b|\buvicorn\.main\b")
_OTHERWISE = f"set the server's keep-alive timeout to {_KEEP_ALIVE} s, or send `Connection: close`"


def idle_seconds(commands: str, source: str, watch_seconds: int, is_update: bool) -> float:
    """For how long to watch an idle connection: as long as the load balancer keeps it, if the stack does not set this.

    Args:
        commands: the start command, and those of the shell script that it runs.
        source: the text of the Python file that the command runs.
        watch_seconds: how long the app is watched anyway.
        is_update: whether an update waits for the check, which only warns.
    """
    if is_update or _SET_BY_STACK.search(commands) or _COMMAND_LINE_IN_CODE.search(source):
        return watch_seconds + 1.0  # uvicorn and hypercorn close after 5 s
    return max(watch_seconds, TIMERS.idle_timeout) + 1.0


def judge_idle_connection(connection: IdleConnection, seconds: float, command: str, source: str = "") -> Check:
    """Whether a server leaves it to the load balancer to close idle connections.

    Args:
        connection: what was observed.
        seconds: for how long it was observed.
        command: the start command.
        source: the text of the Python file that the command runs.
    """
    if connection.error:
        return not_checked(IDLE, f"the request failed: {connection.error}")
    if connection.announced:
        return passed(IDLE, "each response announces that its connection is closed")
    if connection.closed_after is None:
        limit = (
            "" if seconds > TIMERS.idle_timeout else f"; the load balancer keeps it for up to {TIMERS.idle_timeout} s"
        )
        return passed(IDLE, f"kept for the {seconds:.0f} s of this check{limit}", seconds)
    after = f"{connection.closed_after:.0f} s" if connection.closed_after >= 1 else "the response, unannounced"
    finding = Finding(
        Cause.KEEP_ALIVE,
        f"closed after {after}; the load balancer reuses a connection for up to {TIMERS.idle_timeout} s, and answers "
        "502 if the app closes it as a request is on its way",
        first_fix(_FIXES, command, source) or _OTHERWISE,
    )
    return warned(IDLE, finding)


def forge(app: App, path: str, headers: Mapping[str, str]) -> Answer:
    """Visit a page with a header that the load balancer passes on as the visitor sent it."""
    return app.ask(path, {**headers, "X-Forwarded-Host": FORGED_HOST})


def judge_forged_host(answer: Answer) -> Check:
    """Whether an app makes links with the host that a visitor claims in X-Forwarded-Host."""
    if not answer.status:
        return not_checked(HOST, f"the request failed: {answer.error}")
    place = ""
    if urlsplit(answer.location).hostname == FORGED_HOST:
        place = f"redirects to {answer.location}"
    elif FORGED_HOST in answer.body or any(FORGED_HOST in value for value in answer.headers.values()):
        place = "has it in its response"
    if not place:
        return passed(HOST, "X-Forwarded-Host from a visitor has no effect")
    finding = Finding(
        Cause.TRUSTS_HOST,
        f"it trusts X-Forwarded-Host, which the load balancer passes on as the visitor sent it: given {FORGED_HOST}, "
        f"it {place}, and so may links in emails and cached pages",
        "ignore that header, since Host is right: x_host=0 in ProxyFix, USE_X_FORWARDED_HOST = False in Django",
    )
    return warned(HOST, finding)
