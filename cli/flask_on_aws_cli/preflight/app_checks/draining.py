"""Whether an app finishes a request that is in flight at SIGTERM. Pure except `hold`, which sends requests."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from flask_on_aws.runtime_contract.timers import TIMERS

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..output import first_fix
from ..running import Answer, App, FinishedRequest, HeldRequest, UnfinishedRequest
from .shutdown import GUNICORN, stop_fix

NAME = "draining"
AFTER_SECONDS = 1.0
"""The time between SIGTERM and the rest of the request, in which a server that does not wait for it ends."""
NOT_HELD = "the app answers each request at once, so none was in flight at SIGTERM"
_OPENAPI = "/openapi.json"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
# A form without a field, and JSON that is not valid: no handler acts on them.
_EMPTY = {_FORM: "&&", _JSON: "  "}
_MAX_REQUESTS = 6
_GRACEFUL = TIMERS.graceful
# How to make a server wait that handles SIGTERM but does not wait: a pattern of the start command, or of the code.
_FIXES = {
    r"\bdaphne\b": "Daphne ends without finishing requests, and has no option for it: start uvicorn --host 0.0.0.0 "
    "--port $PORT MODULE:VARIABLE instead, which serves Django Channels too",
    r"\bgunicorn\b": f"remove --graceful-timeout from the start command, or set it to {_GRACEFUL}",
    r"\buvicorn\.(run|Config)\b": f"pass timeout_graceful_shutdown={_GRACEFUL} to uvicorn",
    r"\buvicorn\b": f"remove --timeout-graceful-shutdown from the start command, or set it to {_GRACEFUL}",
    r"\bhypercorn\b": f"add --graceful-timeout {_GRACEFUL} to the start command, or set graceful_timeout",
    r"\bwaitress\b(?=[\s\S]*SIGTERM)": "waitress finishes only requests that have arrived completely, for 5 s: to "
    f"finish all, start {GUNICORN} instead",
    r"\bsanic\b": "do not set app.config.GRACEFUL_SHUTDOWN_TIMEOUT and env_prefix: Sanic reads "
    "SANIC_GRACEFUL_SHUTDOWN_TIMEOUT",
    # It ignores what arrives after SIGTERM, so this check always finds it.
    r"\baiohttp\b": "aiohttp finishes only requests that have arrived completely: send uploads to the bucket, or "
    "let clients repeat them; do not pass a shutdown_timeout that is shorter than your longest request",
}


def unfinished_requests(
    page: Answer, page_path: str, host: str, openapi: Answer, health_path: str
) -> list[UnfinishedRequest]:
    """The requests for whose bodies an app may wait: those that read one, then those of pages.

    Args:
        page: the response to a visitor of `/`.
        page_path: its path.
        host: the public name of the app.
        openapi: the response to a request for the app's description as OpenAPI.
        health_path: the path of the health check.
    """
    paths = [
        *((path, _FORM) for path in _form_paths(page.body, page_path, host)),
        *((path, _JSON) for path in _json_paths(openapi)),
    ]
    requests = [*paths[: _MAX_REQUESTS - 2], (page_path, _FORM), (health_path, _FORM)]
    kinds: dict[str, str] = {}
    for path, kind in requests:
        kinds.setdefault(path, kind)
    return [UnfinishedRequest(path, kind, _EMPTY[kind]) for path, kind in kinds.items()]


def hold(
    app: App, page: tuple[str, Answer], headers: Mapping[str, str], health_path: str, seconds: float
) -> HeldRequest | None:
    """Start a request that the app waits for; None if it answers each at once.

    Args:
        app: the running app.
        page: the path and the response of the front page.
        headers: the headers of a visitor's request.
        health_path: the path of the health check.
        seconds: how long the response may take, once the request is complete.
    """
    openapi = app.ask(_OPENAPI, headers)
    requests = unfinished_requests(page[1], page[0], headers["Host"], openapi, health_path)
    return app.hold(requests, headers, seconds)


def judge_draining(
    path: str, outcome: FinishedRequest | None, command: str, lines: Sequence[str], source: str = ""
) -> Check:
    """Whether the app answered the request that was in flight at SIGTERM.

    Args:
        path: the path of the request.
        outcome: what became of it; None if the app answered before SIGTERM.
        command: the start command.
        lines: the app's output.
        source: the text of the Python file that the command runs.
    """
    if outcome is None:
        return not_checked(NAME, NOT_HELD)
    if outcome.status:
        return passed(NAME, f"a POST to {path} that was in flight at SIGTERM got its answer, {outcome.status}")
    finding = Finding(
        Cause.CUTS_OFF,
        f"a POST to {path} whose body was still arriving at SIGTERM got no answer ({outcome.error}): at each release "
        f"and scale-in, requests are cut off that take longer than the {TIMERS.deregistration_delay} s which the load "
        "balancer waits before",
        first_fix(_FIXES, command, source) or stop_fix(command, lines, source),
    )
    return warned(NAME, finding)


def _form_paths(html: str, page_path: str, host: str) -> Iterator[str]:
    parser = _FormParser()
    parser.feed(html)
    for action in parser.actions:
        target = urlsplit(urljoin(f"https://{host}{page_path}", action))
        if target.netloc == host:
            yield target.path or "/"


def _json_paths(openapi: Answer) -> list[str]:
    try:
        paths: Mapping[str, Any] = json.loads(openapi.body)["paths"] if openapi.status == 200 else {}
        reading = [path for path, operations in paths.items() if "requestBody" in operations.get("post", {})]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []  # another document
    return [path for path in reading if not re.search(r"[{}\s]", path)]


class _FormParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.actions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and attributes.get("method", "").lower() == "post":
            self.actions.append(attributes.get("action", ""))
