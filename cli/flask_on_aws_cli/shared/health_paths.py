"""The search for the path on which a running app answers the load balancer's health check with 200."""

import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from flask_on_aws.build_plan.left_out import LEFT_OUT, is_environment
from flask_on_aws.ingress.health_path import DEFAULT_HEALTH_PATH

# Paths that only show that the process is alive: names that frameworks and their health packages use. `__lbheartbeat__`
# is Dockerflow's, `healthz/live` flask-healthz's, `ht` django-health-check's.
_LIVENESS = (
    *(
        "/health",
        "/healthz",
        "/healthcheck",
        "/health-check",
        "/health_check",
        "/livez",
        "/live",
        "/alive",
        "/liveness",
    ),
    *("/ping", "/_health", "/_healthz", "/_ping", "/-/health", "/__lbheartbeat__", "/heartbeat"),
    *("/api/up", "/api/health", "/api/healthz", "/api/ping", "/api/v1/health", "/health/live", "/healthz/live", "/ht"),
)
# Paths that usually check the database as well: a database that is down would then take every task out of service.
_READINESS = ("/ready", "/readyz", "/readiness", "/health/ready", "/healthz/ready", "/status")
# The paths to try below the prefix to which an app's front page redirects.
_BELOW_PREFIX = ("up", "health", "healthz", "healthcheck", "ping")
FRONT_PAGE = "/"
_REDIRECTS = (301, 302, 303, 307, 308)
# More requests than this would delay a start, and an app with so many redirects has no health path.
_MOST_REQUESTS = 80

_WORDS = r"up|health[\w-]*|livez?|liveness|alive|ping|l?b?heartbeat|readyz?|readiness"
# `"/internal/healthz"` of Flask and FastAPI, and `"healthz/"` of Django, whose routes have no first slash.
_ROUTE = re.compile(rf"""["']((?:/[\w.-]+)*/_*(?:{_WORDS})_*/?|(?:[\w.-]+/)*_*(?:{_WORDS})_*/)["']""", re.IGNORECASE)
_PREFIX = re.compile(r"""prefix\s*=\s*["'](/[\w./-]*[\w-])/?["']""")
# An app's own code is smaller; what is larger was generated or copied.
_MOST_FILES, _MOST_BYTES, _MOST_ROUTES = 2000, 1_000_000, 20


class Response(NamedTuple):
    """The response to a health check."""

    status: int
    """0 if there was no response."""
    location: str = ""
    """The target of a redirect."""


def is_search_useful(status: int) -> bool:
    """Whether an app that answers its default health path with a status may have another one.

    With a 5xx it has this path, or is starting: the load balancer on AWS reports the same error.
    """
    return 300 <= status < 500


def search(routes: Sequence[str] = ()) -> Generator[str, Response, str]:
    """Yield each path to request, receive its response, and return the first path that answers 200; "" if none does.

    Args:
        routes: health paths in the app's code, as `routes_in_code` returns them.
    """
    paths, tried = deque([DEFAULT_HEALTH_PATH, *_LIVENESS, *routes, *_READINESS, FRONT_PAGE]), set[str]()
    while paths and len(tried) < _MOST_REQUESTS:
        path = paths.popleft()
        if path in tried:
            continue
        tried.add(path)
        response = yield path
        if response.status == 200:
            return path
        target = urlsplit(response.location).path if response.status in _REDIRECTS else ""
        if target != path and target.rstrip("/") == path.rstrip("/"):  # a framework that adds or removes the slash
            paths.appendleft(target)
        elif target and path == FRONT_PAGE:  # an app below a prefix, or a login page
            paths += [target.rstrip("/") + "/" + name for name in _BELOW_PREFIX] if target.endswith("/") else []
            paths.append(target)
    return ""


def routes_in_code(folder: Path) -> tuple[str, ...]:
    """Paths in an app's Python code that look like those of health checks, those with the fewest parts first."""
    routes, prefixes = dict[str, None](), dict[str, None]()
    for text in _python_files(folder):
        routes |= dict.fromkeys("/" + match.lstrip("/") for match in _ROUTE.findall(text))
        prefixes |= dict.fromkeys(_PREFIX.findall(text))
    below = [prefix + route for prefix in prefixes for route in routes if not route.startswith(prefix)]
    return tuple(sorted([*routes, *below], key=lambda route: route.count("/"))[:_MOST_ROUTES])


def _python_files(folder: Path) -> Iterator[str]:
    for path in islice(_walk(folder), _MOST_FILES):
        try:
            if path.stat().st_size <= _MOST_BYTES:
                yield path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue


def _walk(folder: Path) -> Iterator[Path]:
    """The Python files of a folder, without those of virtual environments, hidden folders and tests."""
    try:
        entries: Iterable[Path] = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.is_symlink() or entry.name.startswith((".", "test_")) or entry.name in (*LEFT_OUT, "test", "tests"):
            continue
        if entry.is_dir():
            if not is_environment(entry):
                yield from _walk(entry)
        elif entry.suffix == ".py":
            yield entry
