"""What an app's framework needs besides a start command: collected static files, and migrations at each release."""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from .app_code.django_project import DjangoProject, find_django, static_files
from .app_code.python_code import Code
from .app_code.release_proposal import migrates, propose_release
from .project_files import ProjectFiles

NO_BUILD_COMMAND = "none"


class FrameworkSteps(NamedTuple):
    """The steps that an app's framework needs."""

    build_command: str
    """The command of the build that the framework needs; empty if it needs none, or the setting decides."""
    release: str
    """The release command that is proposed; empty if the app has one, or needs none."""
    decisions: Sequence[tuple[str, str, str]]
    """Subject, value and reason of each decision."""


def framework_steps(
    files: ProjectFiles, packages: Collection[str], build_command: str, release_command: str, commands: Sequence[str]
) -> FrameworkSteps:
    """The steps that an app's framework needs, and the decisions about them.

    Args:
        files: the app's folder.
        packages: normalized names of the dependencies.
        build_command: the setting build_command; empty if it is not set, none to run none.
        release_command: the release command; empty without one.
        commands: the other commands of the app.
    """
    code = files.once(Code)
    django = find_django(code) if "django" in packages else None
    decisions = list[tuple[str, str, str]]()
    command = ""
    if django:
        if django.settings:
            decisions.append(("Django settings", django.settings, django.settings_reason()))
        command, decision = _collects(django, packages, build_command, [release_command, *commands])
        decisions.append(decision)
    release = None
    if not release_command and not any(map(migrates, commands)):
        release = propose_release(files, code, django, packages)
    if release:
        reason = f"{release.reason}; unless the setting release_command runs them, write in Procfile: release: {release.command}"
        decisions.append(("release command", "none", reason))
    return FrameworkSteps(command, release.command if release else "", decisions)


def _collects(
    django: DjangoProject, packages: Collection[str], build_command: str, commands: Sequence[str]
) -> tuple[str, tuple[str, str, str]]:
    """The command that collects Django's static files, and the decision about it."""
    subject, not_collected = "static files", "not collected"
    if build_command == NO_BUILD_COMMAND:
        return "", (subject, not_collected, "the setting build_command is none")
    if build_command:
        return "", (subject, "the build command decides", "the setting build_command")
    if any("collectstatic" in command for command in commands):
        return "", (subject, not_collected, "a command of the app collects them, which works only in a writable folder")
    static = static_files(django, packages)
    return static.command, (subject, static.command or not_collected, static.reason)
