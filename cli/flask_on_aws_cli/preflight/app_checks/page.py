"""What visitors get: redirects, static files, and no debugger. Pure functions except `visit`, which sends requests."""

from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from ..check import Cause, Check, Finding, failed, not_checked, passed
from ..output import Output
from ..running import Answer, App
from .health import shown
from .host_checks import host_check_of
from .page_error import judge_page_error
from .redirect_fixes import loop_fix

FRONT, STATIC, DEBUGGER = "front page", "static files", "debugger"
_MAX_REDIRECTS = 5
_MAX_FILES = 20
# A resource of Werkzeug's debugger; without the debugger the parameters have no effect.
_DEBUGGER_PATH = "/?__debugger__=yes&cmd=resource&f=debugger.js"
_MISSING_PATH = "/preflight-asks-for-a-page-that-is-missing"
# Django's technical error pages: https://docs.djangoproject.com/en/5.2/ref/settings/#debug
_DJANGO_DEBUG = "<code>DEBUG = True</code>"
_DEBUGGER_LINES = ("Debugger is active!", "Debugger PIN:", "* Debug mode: on")
_REDIRECTS = (301, 302, 303, 307, 308)


class Visit(NamedTuple):
    """The responses to a visitor of `/`."""

    steps: Sequence[tuple[str, Answer]]
    """Paths and responses, from `/` along the redirects within the site."""
    files: Mapping[str, Answer]
    """Response of each file that the page refers to, by its path and query."""
    debugger: Answer
    missing: Answer = Answer()
    """To a request of a page that no app has."""


def visit(app: App, headers: Mapping[str, str]) -> Visit:
    """Send the requests of a visitor's browser."""
    host, path = headers["Host"], "/"
    steps: list[tuple[str, Answer]] = []
    while len(steps) <= _MAX_REDIRECTS:
        answer = app.ask(path, headers)
        steps.append((path, answer))
        following = _following(path, answer, host)
        if following is None:
            break
        path = following
    path, answer = steps[-1]
    names = referenced_files(answer.body, path, host) if answer.status == 200 else []
    files = {name: app.ask(name, headers) for name in names}
    return Visit(steps, files, app.ask(_DEBUGGER_PATH, headers), app.ask(_MISSING_PATH, headers))


def referenced_files(html: str, path: str, host: str) -> list[str]:
    """Paths of the site's own style sheets, scripts and images that a page refers to."""
    parser = _ReferenceParser()
    parser.feed(html)
    paths: list[str] = []
    for reference in parser.references:
        target = urlsplit(urljoin(f"https://{host}{path}", reference))
        if target.scheme in ("http", "https") and target.netloc == host:
            paths.append(target.path + (f"?{target.query}" if target.query else ""))
    return list(dict.fromkeys(paths))[:_MAX_FILES]


class _ReferenceParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        link_types = (attributes.get("rel") or "").lower().split()
        if tag == "link" and {"stylesheet", "icon", "modulepreload"} & set(link_types):
            self._add(attributes.get("href"))
        if tag in ("script", "img"):
            self._add(attributes.get("src"))

    def _add(self, reference: str | None) -> None:
        if reference:
            self.references.append(reference)


def _following(path: str, answer: Answer, host: str) -> str | None:
    """The path to request next; None if the response is not a redirect, or leads to another site."""
    if answer.status not in _REDIRECTS or not answer.location:
        return None
    target = urlsplit(urljoin(f"https://{host}{path}", answer.location))
    if target.netloc != host:
        return None
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def page_checks(visited: Visit, lines: Sequence[str], during: Output) -> list[Check]:
    """The checks of what visitors get.

    Args:
        visited: the responses.
        lines: all of the app's output.
        during: its output during the visit.
    """
    return [_front(visited, during), _static(visited), _debugger(visited, lines)]


def _front(visited: Visit, during: Output) -> Check:
    path, answer = visited.steps[-1]
    if len(visited.steps) > _MAX_REDIRECTS:
        finding = Finding(
            Cause.REDIRECT_LOOP,
            f"redirects visitors from {path} to {answer.location} in an endless loop",
            loop_fix(during),
            shown(answer),
        )
        return failed(FRONT, finding)
    if not answer.status or answer.status >= 500:
        return judge_page_error(FRONT, path, answer, during)
    host_check = host_check_of(answer, during) if answer.status == 400 else None
    if host_check:
        sentence = f"{path} answers 400 to visitors, since {host_check.name} lacks the app's public name"
        return failed(FRONT, Finding(Cause.ANSWERS_4XX, sentence, host_check.allow, shown(answer)))
    leads = f" and leads to {answer.location}" if answer.location else ""
    return passed(FRONT, f"{path} answers {answer.status}{leads}")


def _static(visited: Visit) -> Check:
    path, answer = visited.steps[-1]
    if not visited.files:
        reason = f"answers {answer.status}" if answer.status != 200 else "refers to no files of this site"
        return not_checked(STATIC, f"{path} {reason}")
    missing = {name: file.status for name, file in visited.files.items() if file.status != 200}
    if missing:
        finding = Finding(
            Cause.STATIC_FILES,
            f"{path} refers to {len(visited.files)} files, of which {len(missing)} are not served",
            "there is no nginx in front of the app: serve them from Flask's static folder or with WhiteNoise, and "
            "compile assets during the build",
            tuple(f"{status} {name}" for name, status in missing.items())[:8],
        )
        return failed(STATIC, finding)
    return passed(STATIC, f"all {len(visited.files)} files that {path} refers to are served")


def _debugger(visited: Visit, lines: Sequence[str]) -> Check:
    served = visited.debugger.status == 200 and "debugger" in visited.debugger.body.lower()
    served = served and "javascript" in visited.debugger.headers.get("content-type", "")
    printed = tuple(line for line in lines if any(mark in line for mark in _DEBUGGER_LINES))
    if served or printed:
        finding = Finding(
            Cause.DEBUGGER,
            "Flask's debugger is on, and lets anyone who reaches it run code",
            "remove debug=True and --debug; the contract sets FLASK_DEBUG to 0",
            printed or (f"200 {_DEBUGGER_PATH}",),
        )
        return failed(DEBUGGER, finding)
    if _DJANGO_DEBUG in visited.missing.body:
        finding = Finding(
            Cause.DEBUGGER,
            "Django's DEBUG is True, so its error pages show code, settings and queries to every visitor",
            'DEBUG = os.environ.get("DEBUG") == "1"',
            (f"{visited.missing.status} {_MISSING_PATH}: you have DEBUG = True in your Django settings file",),
        )
        return failed(DEBUGGER, finding)
    return passed(DEBUGGER, "off")
