"""The steps before an app runs as a process or a container: its build plan, and the report of a failed build."""

from collections.abc import Callable
from dataclasses import replace

from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError

from ..build.run import BuildError
from ..shared.app_plan import plan_app
from .check import Cause, Check, Finding, failed, passed
from .settings import AppSettings

PLAN, BUILD, ARCHITECTURE, USER, CERTIFICATES = "build plan", "build", "architecture", "user", "certificates"
# The address in the database variables if no database is running; the app gets the variables all the same.
NOWHERE, NO_PORT = "localhost", 9
Report = Callable[[Check], None]


class StopHere(Exception):
    """A check failed without which the app cannot run. It was already reported."""


def plan(settings: AppSettings, report: Report, as_processes: bool = False) -> BuildPlan:
    """The build plan, with its check.

    Raises:
        StopHere: if the app has no build plan.
    """
    try:
        build_plan = plan_app(
            settings.folder, replace(settings.plan, writable_paths=settings.writable_paths), as_processes
        )
    except BuildPlanError as error:
        report(failed(PLAN, no_plan(error)))
        raise StopHere from error
    line = build_plan.start_command or build_plan.image_process
    command = f"`{line}`" if line else f"what the base image of {build_plan.dockerfile} starts"
    report(passed(PLAN, f"{build_plan.manager or build_plan.dockerfile}, starts with {command}"))
    return build_plan


def no_plan(error: BuildPlanError) -> Finding:
    """Why the app has no build plan. Pure."""
    if not error.proposal:
        return Finding(
            Cause.NO_PLAN, error.problems[0].rstrip("."), "fix the problems listed above", error.problems[1:]
        )
    start = next(text for text in error.problems if text.startswith("nothing says how the app starts"))
    proposal = error.proposal
    add = f"add {proposal.missing} to the dependencies and " if proposal.missing else ""
    fix = f"{add}write a Procfile: web: {proposal.command or proposal.example}"
    if proposal.command:
        fix += ", or run `flask-on-aws plan --write-procfile` in the app's folder"
    return Finding(Cause.NO_START_COMMAND, start, fix, tuple(text for text in error.problems if text != start))


def build_failed(error: BuildError) -> Finding:
    """The finding of a failed build. Pure."""
    if error.cause:
        sentence = f"{error.sentence}: {error.cause.sentence}"
        return Finding(Cause.BUILD_FAILED, sentence, error.cause.fix, tuple(error.cause.evidence))
    return Finding(
        Cause.BUILD_FAILED,
        error.sentence,
        "correct what its last lines name; `flask-on-aws plan` shows the files and the Python that it is built from",
        tuple(line for line in error.lines if line.strip())[-12:],
    )
