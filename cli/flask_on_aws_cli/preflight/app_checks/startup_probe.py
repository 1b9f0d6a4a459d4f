"""Waits for an app to start, and stops it, within the time limits of the stack."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from flask_on_aws.ingress.health_path import AUTO_HEALTH_PATH, DEFAULT_HEALTH_PATH, HEALTH_TIMEOUT_SECONDS

from ...shared.health_paths import Response, is_search_useful, routes_in_code, search
from ..check import Check
from ..environment import external_host
from ..output import Output
from ..running import Answer, App, FinishedRequest, HeldRequest, Listener
from ..settings import AppSettings
from .draining import AFTER_SECONDS
from .health import Answers, judge_answer
from .shutdown import Stop
from .start import Expectation, Start, fits, start_checks

_POLL_SECONDS = 0.2
# An app that opened another port, or answers another status, may still be starting; after this long it is not.
_ELSEWHERE_SECONDS = 10.0
_OTHERWISE_SECONDS = 3.0
_NOT_YET = 503
_PROBE_HEADERS = {"User-Agent": "ELB-HealthChecker/2.0", "Connection": "close", "Accept-Encoding": "gzip, compressed"}


def visitor_headers(settings: AppSettings) -> dict[str, str]:
    """Headers of a visitor's request as the load balancer passes it on."""
    return {
        "Host": external_host(settings),
        "User-Agent": "Mozilla/5.0 (preflight)",
        "Accept": "text/html,*/*",
        "Connection": "close",
        "X-Forwarded-For": "203.0.113.7",  # an address reserved for documentation
        # CloudFront's hop to the load balancer is HTTP.
        "X-Forwarded-Proto": "http" if settings.behind_cloudfront else "https",
        "X-Forwarded-Port": "80" if settings.behind_cloudfront else "443",
    }


def probe(app: App, path: str) -> Answer:
    """Send the load balancer's health check, which waits no longer than on AWS."""
    return app.ask(path, _PROBE_HEADERS, HEALTH_TIMEOUT_SECONDS)


def search_path(app: App, folder: Path) -> tuple[str, Answer]:
    """The first path on which an app answers the health check with 200, and that answer; an empty path if none does."""
    paths, answer, response = search(routes_in_code(folder)), Answer(), None
    try:
        while True:
            path = next(paths) if response is None else paths.send(response)
            answer = probe(app, path)
            response = Response(answer.status, answer.location)
    except StopIteration as end:
        return end.value, answer


def wait_for_start(app: App, settings: AppSettings, port: int) -> Start:
    """Watch a started app until it answers 200, exits, or runs out of time."""
    watch = _Watch(app, settings, port)
    while not watch.poll():
        time.sleep(_POLL_SECONDS)
    return watch.result()


class _Watch:
    def __init__(self, app: App, settings: AppSettings, port: int) -> None:
        self._app, self._settings, self._port = app, settings, port
        self._began = time.monotonic()
        self._elsewhere_since = self._otherwise_since = 0.0
        self._code: int | None = None
        self._listeners: Sequence[Listener] = ()
        self._answer = Answer()
        self._searches = settings.health_path == AUTO_HEALTH_PATH
        self._path = DEFAULT_HEALTH_PATH if self._searches else settings.health_path
        self._default_answer: Answer | None = None

    def poll(self) -> bool:
        """Poll once; returns whether the watch is over."""
        self._code = self._app.exit_code()
        if self._code is not None:
            return True
        now = time.monotonic()
        self._listeners = self._app.listeners()
        if any(fits(listener, self._port) for listener in self._listeners):
            self._answer = probe(self._app, self._path)
            if self._answer.status == 200 or self._has_other_path():
                return True
            if self._answer.status >= 300 and self._answer.status != _NOT_YET:
                self._otherwise_since = self._otherwise_since or now
        elif self._listeners:
            self._elsewhere_since = self._elsewhere_since or now
        return (
            now - self._began > self._settings.startup_seconds
            or 0 < self._elsewhere_since < now - _ELSEWHERE_SECONDS
            or 0 < self._otherwise_since < now - _OTHERWISE_SECONDS
        )

    def _has_other_path(self) -> bool:
        """Whether the app answers 200 on a path other than the default one; searched once, at its first answer."""
        if not self._searches or not is_search_useful(self._answer.status):
            return False
        self._searches = False
        path, answer = search_path(self._app, self._settings.folder)
        if path in ("", self._path):
            return False
        self._default_answer, self._path, self._answer = self._answer, path, answer
        return True

    def result(self) -> Start:
        """What was observed, with the response that a visitor gets."""
        seconds, running = time.monotonic() - self._began, self._code is None
        has_answered = running and self._answer.status
        visit = self._app.ask(self._path, visitor_headers(self._settings)) if has_answered else Answer()
        return Start(
            seconds=seconds,
            lines=self._app.lines(),
            exit_code=self._code,
            out_of_memory=not running and self._app.out_of_memory(),
            listeners=self._listeners,
            answer=self._answer,
            visit=visit,
            health_path=self._path,
            default_answer=self._default_answer,
        )


def watch_on(app: App, start: Start, expected: Expectation, seconds: int) -> Check | None:
    """Watch an app that answers for some more seconds; return the check that it then fails, or None."""
    began = time.monotonic()
    while time.monotonic() - began < seconds:
        code = app.exit_code()
        total = start.seconds + time.monotonic() - began
        if code is not None:
            later = Start(total, app.lines(), code, app.out_of_memory())
            return start_checks(later, expected)[0]
        answer = probe(app, expected.health_path)
        if answer.status != 200 and app.exit_code() is None:
            output = Output(app.lines(), expected.command, context=expected.context)
            return judge_answer(Answers(answer, answer, expected.host), expected.health_path, output, total)
        time.sleep(min(1.0, seconds))
    return None


def replaced(checks: Sequence[Check], by: Check | None) -> list[Check]:
    """The checks, with one of them replaced by another of the same name."""
    return [by if by and check.name == by.name else check for check in checks]


class Stopped(NamedTuple):
    """What was observed of an app after SIGTERM."""

    stop: Stop
    request: FinishedRequest | None
    """What became of the request that was in flight; None if there was none."""


def stop(app: App, seconds: float, held: HeldRequest | None = None) -> Stopped:
    """Send SIGTERM, finish the request that is in flight, and wait until the app ends, for at most some seconds."""
    before = len(app.lines())
    app.terminate()
    began = time.monotonic()
    request = None
    if held:
        _wait_for_end(app, AFTER_SECONDS)
        request = held.finish()
    _wait_for_end(app, seconds - (time.monotonic() - began))
    lines, duration = app.lines(), time.monotonic() - began
    return Stopped(Stop(app.exit_code(), duration, lines, len(lines) > before), request)


def _wait_for_end(app: App, seconds: float) -> None:
    end = time.monotonic() + seconds
    while app.exit_code() is None and time.monotonic() < end:
        time.sleep(_POLL_SECONDS / 2)
