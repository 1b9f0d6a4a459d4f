"""Interprets the response to the load balancer's health check. Pure functions."""

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from flask_on_aws.ingress.health_path import DEFAULT_HEALTH_PATH, HEALTH_TIMEOUT_SECONDS

from ...shared.health_paths import FRONT_PAGE
from ..check import Cause, Check, Finding, failed, passed, warned
from ..diagnosis.diagnosis import diagnose
from ..output import Output
from ..running import Answer
from .host_checks import exempt_fix, host_check_of, installed_host_check
from .redirect_fixes import exempt_fix as exempt_redirect
from .redirect_fixes import loop_fix

NAME = "health"
_REDIRECTS = (301, 302, 303, 307, 308)


class Answers(NamedTuple):
    """The responses for one path."""

    probe: Answer
    """To the load balancer: addressed to the IP address, with a Host that the app does not know, over plain HTTP."""
    visit: Answer
    """To a visitor: addressed to the public name, as the load balancer forwards it."""
    host: str
    """The public name."""


def judge_answer(answers: Answers, path: str, output: Output, seconds: float) -> Check:
    """The health check, from the responses on the health path, the output, and the seconds since the start."""
    answer = answers.probe
    if answer.status == 200:
        return passed(NAME, f"answers 200 on {path} after {seconds:.1f} s", seconds)
    if answer.status in _REDIRECTS:
        return failed(NAME, _redirect(answers, path, output))
    if answer.status == 404:
        return failed(NAME, _missing(path, answer))
    if 400 <= answer.status < 500:
        return failed(NAME, _rejected(answers, path, output))
    if answer.status >= 500:
        return failed(NAME, _server_error(answer, path, output))
    if answer.status:
        sentence = f"answers {answer.status} on {path}, but only 200 counts as healthy"
        return failed(NAME, Finding(Cause.NO_ANSWER, sentence, "answer 200", shown(answer)))
    finding = diagnose(output)
    return failed(NAME, finding or _no_answer(answer, path, output))


def judge_chosen_path(default: Answers, path: str, output: Output, *, is_failure: bool) -> Check:
    """The health check of an app that answers 200 on another path than the default one.

    Args:
        default: the responses on the default path.
        path: the path that answers 200.
        output: the app's output.
        is_failure: whether AWS checks the default path, since the stack sets no other.
    """
    problem = judge_answer(default, DEFAULT_HEALTH_PATH, output, 0)
    fix = f"set its path, with `flask-on-aws plan --write` or: pulumi config set healthCheckPath {path}"
    if path == FRONT_PAGE:
        fix += f" (or add a view {DEFAULT_HEALTH_PATH}: the front page is more work, and fails with the database)"
    finding = Finding(
        problem.cause or Cause.HEALTH_PATH_MISSING,
        f"answers 200 on {path}, but not on the default of healthCheckPath: {problem.message}",
        fix,
        problem.evidence,
    )
    return failed(NAME, finding) if is_failure else warned(NAME, finding)


def _redirect(answers: Answers, path: str, output: Output) -> Finding:
    answer, exempt = answers.probe, exempt_redirect(path, output)
    target, visited = urlsplit(answer.location), urlsplit(answers.visit.location)
    same_path = target.path.rstrip("/") == path.rstrip("/")
    if same_path and target.path != path and answers.visit.status != 200:
        to_https = target.scheme == "https" and visited.scheme != "http"
        return _slash(target.path, exempt if to_https else "", answer, path)
    if same_path and (visited.netloc, visited.path) == (answers.host, path):
        return Finding(
            Cause.REDIRECT_LOOP,
            f"redirects {path} to {answers.visit.location} even for visitors who come from there, in an endless loop",
            loop_fix(output),
            shown(answer),
        )
    if same_path and target.scheme == "https" and _is_address(target.hostname or ""):
        return Finding(
            Cause.REDIRECTS_TO_HTTPS,
            f"redirects {path} to {answer.location}, but the load balancer's health check uses plain HTTP",
            f"the load balancer already redirects to HTTPS: {exempt}",
            shown(answer),
        )
    if target.netloc and same_path and not _is_address(target.hostname or ""):
        return Finding(
            Cause.REDIRECTS_TO_HOST,
            f"redirects {path} to {answer.location}, because it does not know the Host of the health check",
            f"the health check uses the task's IP address as Host: {exempt}",
            shown(answer),
        )
    if target.path == path:
        return Finding(Cause.REDIRECT_LOOP, f"redirects {path} to itself", exempt, shown(answer))
    return Finding(
        Cause.REDIRECTS,
        f"redirects {path} to {answer.location}, and the load balancer does not follow redirects",
        f"{exempt}, or set healthCheckPath to {target.path or '/'} if that answers 200",
        shown(answer),
    )


def _slash(target: str, exempt: str, answer: Answer, path: str) -> Finding:
    """A redirect to the same path with a slash more or less, as frameworks make it for every Host."""
    change = "adds a slash" if target.endswith("/") else "removes the slash"
    also = f"; it must answer over plain HTTP: {exempt}" if exempt else ""
    return Finding(
        Cause.REDIRECTS,
        f"redirects {path} to {answer.location}, which {change}, and the load balancer does not follow redirects",
        f"set healthCheckPath to {target or '/'}, which the app has: pulumi config set healthCheckPath "
        f"{target or '/'}{also}",
        shown(answer),
    )


def _is_address(host: str) -> bool:
    return bool(re.fullmatch(r"[\d.]+|.*:.*", host))


def _missing(path: str, answer: Answer) -> Finding:
    return Finding(
        Cause.HEALTH_PATH_MISSING,
        f"answers 404 on {path}",
        f'add a view, @app.get("{path}"), that answers 200 without using the database, or set healthCheckPath to '
        "an existing one",
        shown(answer),
    )


def _rejected(answers: Answers, path: str, output: Output) -> Finding:
    answer, visit = answers.probe, answers.visit
    sentence, host_check = f"answers {answer.status} on {path}", host_check_of(answer, output)
    if answer.status in (401, 403) and visit.status == answer.status:
        fix = "answer the health path without a login"
    elif visit.status == 200:
        host_check = host_check or installed_host_check(output)
        sentence += " to a Host that it does not know" + (f" ({host_check.name})" if host_check else "")
        fix = exempt_fix(host_check, path)
    elif host_check:
        sentence += f", also to its public name {answers.host} ({host_check.name})"
        fix = f"{host_check.allow}; for the health check: {exempt_fix(host_check, path)}"
    else:
        fix = "answer 200 to a plain GET without cookies"
    return Finding(Cause.ANSWERS_4XX, sentence, fix, shown(answer))


def _server_error(answer: Answer, path: str, output: Output) -> Finding:
    finding = diagnose(output)
    if finding:
        return Finding(
            finding.cause, f"answers {answer.status} on {path}: {finding.sentence}", finding.fix, finding.evidence
        )
    sentence = f"answers {answer.status} on {path}"
    return Finding(
        Cause.ANSWERS_5XX, sentence, "see its last log lines for the reason", (*shown(answer), *output.last())
    )


def _no_answer(answer: Answer, path: str, output: Output) -> Finding:
    return Finding(
        Cause.NO_ANSWER,
        f"listens but does not answer on {path} ({answer.error})",
        f"answer over HTTP/1.1 within {HEALTH_TIMEOUT_SECONDS} seconds",
        output.last(),
    )


def shown(answer: Answer) -> tuple[str, ...]:
    """A response as lines of evidence."""
    first = f"HTTP {answer.status}" + (f", Location: {answer.location}" if answer.location else "")
    text = " ".join(re.sub(r"<[^>]+>", " ", answer.body).split())[:200]
    return (first, text) if text else (first,)
