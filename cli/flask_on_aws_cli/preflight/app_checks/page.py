"""What visitors get: redirects, static files, and no debugger. Pure but for `visit`, which asks."""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..running import Answer, App
from .health import LOOP_WAY_OUT, shown

FRONT, STATIC, DEBUGGER = "front page", "static files", "debugger"
_MOST_REDIRECTS = 5
_MOST_FILES = 20
# What Werkzeug's debugger serves of itself; without it the parameters mean nothing.
_DEBUGGER_PATH = "/?__debugger__=yes&cmd=resource&f=debugger.js"
_DEBUGGER_LINES = ("Debugger is active!", "Debugger PIN:", "* Debug mode: on")
_REDIRECTS = (301, 302, 303, 307, 308)


class Visit(NamedTuple):
    """What a visitor of `/` meets."""

    steps: Sequence[tuple[str, Answer]]
    """Paths and answers, from `/` on to where redirects lead within the site."""
    files: Mapping[str, int]
    """Status of each file that the page names."""
    debugger: Answer


def visit(app: App, headers: Mapping[str, str]) -> Visit:
    """Ask as a visitor's browser does."""
    host, path = headers["Host"], "/"
    steps: list[tuple[str, Answer]] = []
    while len(steps) <= _MOST_REDIRECTS:
        answer = app.ask(path, headers)
        steps.append((path, answer))
        following = _following(path, answer, host)
        if following is None:
            break
        path = following
    path, answer = steps[-1]
    named = named_files(answer.body, path, host) if answer.status == 200 else []
    return Visit(steps, {name: app.ask(name, headers).status for name in named}, app.ask(_DEBUGGER_PATH, headers))


def named_files(html: str, path: str, host: str) -> list[str]:
    """Paths of the site's own style sheets, scripts and pictures that a page names."""
    reader = _Reader()
    reader.feed(html)
    found: list[str] = []
    for reference in reader.found:
        target = urlsplit(urljoin(f"https://{host}{path}", reference))
        if target.scheme in ("http", "https") and target.netloc == host:
            found.append(target.path + (f"?{target.query}" if target.query else ""))
    return list(dict.fromkeys(found))[:_MOST_FILES]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        words = (given.get("rel") or "").lower().split()
        if tag == "link" and {"stylesheet", "icon", "modulepreload"} & set(words):
            self._add(given.get("href"))
        if tag in ("script", "img"):
            self._add(given.get("src"))

    def _add(self, reference: str | None) -> None:
        if reference:
            self.found.append(reference)


def _following(path: str, answer: Answer, host: str) -> str | None:
    """The path to ask next; None if the answer is no redirect, or leads elsewhere."""
    if answer.status not in _REDIRECTS or not answer.location:
        return None
    target = urlsplit(urljoin(f"https://{host}{path}", answer.location))
    if target.netloc != host:
        return None
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def page_checks(visited: Visit, lines: Sequence[str]) -> list[Check]:
    """The checks of what visitors get."""
    return [_front(visited), _static(visited), _debugger(visited, lines)]


def _front(visited: Visit) -> Check:
    path, answer = visited.steps[-1]
    if len(visited.steps) > _MOST_REDIRECTS:
        finding = Finding(
            Cause.REDIRECT_LOOP,
            f"redirects visitors from {path} to {answer.location} without an end",
            LOOP_WAY_OUT,
            shown(answer),
        )
        return failed(FRONT, finding)
    if not answer.status:
        return not_checked(FRONT, f"{path} did not answer ({answer.error})")
    if answer.status >= 500:
        return not_checked(FRONT, f"{path} answers {answer.status}; it may need what is not here, such as a bucket")
    leads = f" and leads to {answer.location}" if answer.location else ""
    return passed(FRONT, f"{path} answers {answer.status}{leads}")


def _static(visited: Visit) -> Check:
    path, answer = visited.steps[-1]
    if not visited.files:
        what = f"answers {answer.status}" if answer.status != 200 else "names no files of its own"
        return not_checked(STATIC, f"{path} {what}")
    missing = {name: status for name, status in visited.files.items() if status != 200}
    if missing:
        finding = Finding(
            Cause.STATIC_FILES,
            f"{path} names {len(visited.files)} files, of which {len(missing)} are not served",
            "there is no nginx before the app: serve them by Flask's static folder or WhiteNoise, and build assets in "
            "the build",
            tuple(f"{status} {name}" for name, status in missing.items())[:8],
        )
        return failed(STATIC, finding)
    return passed(STATIC, f"all {len(visited.files)} files that {path} names are served")


def _debugger(visited: Visit, lines: Sequence[str]) -> Check:
    served = visited.debugger.status == 200 and "debugger" in visited.debugger.body.lower()
    served = served and "javascript" in visited.debugger.headers.get("content-type", "")
    printed = tuple(line for line in lines if any(mark in line for mark in _DEBUGGER_LINES))
    if served or printed:
        finding = Finding(
            Cause.DEBUGGER,
            "Flask's debugger is on, and runs code for everybody who reaches it",
            "take debug=True and --debug away; the contract's FLASK_DEBUG is 0",
            printed or (f"200 {_DEBUGGER_PATH}",),
        )
        return failed(DEBUGGER, finding)
    return passed(DEBUGGER, "off")
