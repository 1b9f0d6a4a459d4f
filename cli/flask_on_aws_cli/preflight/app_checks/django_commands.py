"""What a Django app's own commands report in the environment of the stack: pending migrations, deployment checks."""

import re
import shlex
from collections.abc import Callable

from flask_on_aws.build_plan.app_code.django_project import DjangoProject

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..running import Outcome

MIGRATIONS, DEPLOY = "migrations", "deploy check"
# What the stack does itself or another check measures: SECURE_SSL_REDIRECT, DEBUG, ALLOWED_HOSTS.
# https://docs.djangoproject.com/en/5.2/ref/checks/#security
_LEFT_OUT = frozenset({"security.W008", "security.W018", "security.W020"})
# It asks for 50 characters. The stack's key has 43, which are 256 random bits.
_WEAK_KEY = "security.W009"
_FINDING = re.compile(r"\((?P<id>\w+\.[WEC]\d+)\) (?P<text>.*)")
_SETTING = re.compile(r"\b[A-Z]+(?:_[A-Z]+)+\b")


def migrations_check(project: DjangoProject, run: Callable[[str], Outcome], release_command: str) -> Check:
    """Whether the database has every migration after the release command.

    Args:
        project: the Django project.
        run: runs a command of the app.
        release_command: the release command, which has run; empty without one.
    """
    command = project.command("migrate --check")
    outcome = run(command)
    if not outcome.code:
        return passed(MIGRATIONS, "none is pending")
    lines = [line for line in outcome.lines if line.strip()]
    if outcome.code != 1 or any(re.search(r"^Traceback|Error\b", line) for line in lines):
        return not_checked(MIGRATIONS, f"`{command}` fails: {lines[-1].strip() if lines else outcome.code}")
    migrate = project.command("migrate --noinput")
    if release_command:
        sentence = f"the database lacks migrations, although the release command `{release_command}` ended with 0"
        fix = f"run `{migrate}` in it"
    else:
        sentence = "the database lacks migrations, and the app has no release command that runs them"
        fix = f"add the line `release: {migrate}` to the Procfile, or: pulumi config set releaseCommand "
        fix += shlex.quote(migrate)
    return warned(MIGRATIONS, Finding(Cause.PENDING_MIGRATIONS, sentence, fix, tuple(lines[-6:])))


def deploy_check(project: DjangoProject, run: Callable[[str], Outcome]) -> Check:
    """The findings of Django's deployment checks, as a note.

    Args:
        project: the Django project.
        run: runs a command of the app.
    """
    command = project.command("check --deploy --no-color")
    outcome = run(command)
    findings = [match for line in outcome.lines if (match := _FINDING.search(line))]
    if outcome.code and not findings:
        last = next((line.strip() for line in reversed(outcome.lines) if line.strip()), str(outcome.code))
        return not_checked(DEPLOY, f"`{command}` fails: {last}")
    left_out = {*_LEFT_OUT, *([_WEAK_KEY] if project.reads("SECRET_KEY") else [])}
    # Each once: Django reports some for every model.
    notes = dict.fromkeys(f"{match['id']}{_named(match['text'])}" for match in findings if match["id"] not in left_out)
    if not notes:
        return passed(DEPLOY, "`manage.py check --deploy` has no findings")
    return passed(DEPLOY, f"`manage.py check --deploy` notes {', '.join(notes)}")


def _named(text: str) -> str:
    """The setting that a finding is about."""
    settings = _SETTING.findall(text)
    return f" ({settings[-1] if 'CsrfViewMiddleware' in text else settings[0]})" if settings else ""
