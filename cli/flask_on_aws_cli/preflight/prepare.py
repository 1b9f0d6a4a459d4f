"""What comes before a run, in a process or a container: the build plan, and the report of a failed build."""

from collections.abc import Callable
from dataclasses import replace

from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, plan_build

from .check import Cause, Check, Finding, failed, passed
from .settings import AppSettings

PLAN, BUILD, ARCHITECTURE, USER, CERTIFICATES = "build plan", "build", "architecture", "user", "certificates"
# What the database variables point to if there is no database; the app gets them all the same.
NOWHERE, NO_PORT = "localhost", 9
Report = Callable[[Check], None]


class StopHere(Exception):
    """A check failed without which nothing can run; it was reported."""


def plan(settings: AppSettings, dockerfile: str, report: Report) -> BuildPlan:
    """The build plan, with its check.

    Raises:
        StopHere: if there is none.
    """
    try:
        build_plan = plan_build(
            settings.folder, replace(settings.plan, writable_paths=settings.writable_paths), dockerfile
        )
    except BuildPlanError as error:
        report(failed(PLAN, no_plan(error.problems)))
        raise StopHere from error
    command = f"`{build_plan.start_command}`" if build_plan.start_command else f"the CMD of {build_plan.dockerfile}"
    report(passed(PLAN, f"{build_plan.manager or build_plan.dockerfile}, starts with {command}"))
    return build_plan


def no_plan(problems: tuple[str, ...]) -> Finding:
    """Why there is no plan: pure."""
    start = next((text for text in problems if text.startswith("nothing says how the app starts")), "")
    first = start or problems[0]
    cause = Cause.NO_START_COMMAND if start else Cause.NO_PLAN
    fix = "write a Procfile: web: gunicorn --bind 0.0.0.0:$PORT app:app" if start else "fix what the lines name"
    return Finding(cause, first.rstrip("."), fix, tuple(text for text in problems if text != first))


def build_failed(text: str) -> Finding:
    """A build's failure: pure."""
    first, *lines = text.splitlines()
    last = tuple(line for line in lines if line.strip())[-12:]
    return Finding(
        Cause.BUILD_FAILED, first.rstrip(":"), "fix what the lines name; `flask-on-aws plan` shows why", last
    )
