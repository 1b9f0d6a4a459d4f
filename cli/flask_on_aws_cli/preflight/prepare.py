"""What comes before a run, whatever it runs in: the build plan, and what a failed build says."""

from collections.abc import Callable
from dataclasses import replace

from flask_on_aws.build_plan.plan import BuildPlan, BuildPlanError, plan_build

from .check import Cause, Check, Finding, failed, passed
from .settings import AppSettings

PLAN, BUILD, ARCHITECTURE, USER, CERTIFICATES = "build plan", "build", "architecture", "user", "certificates"
# Where the variables of a database lead that could not be had; the app finds them all the same.
NOWHERE, NO_PORT = "localhost", 9
Tell = Callable[[Check], None]


class StopHere(Exception):
    """A check failed without which nothing can run; it was told."""


def plan(settings: AppSettings, dockerfile: str, tell: Tell) -> BuildPlan:
    """The build plan, with its check.

    Raises:
        StopHere: if there is none.
    """
    try:
        made = plan_build(settings.folder, replace(settings.plan, writable_paths=settings.writable_paths), dockerfile)
    except BuildPlanError as error:
        tell(failed(PLAN, no_plan(error.problems)))
        raise StopHere from error
    command = f"`{made.start_command}`" if made.start_command else f"the CMD of {made.dockerfile}"
    tell(passed(PLAN, f"{made.manager or made.dockerfile}, starts with {command}"))
    return made


def no_plan(problems: tuple[str, ...]) -> Finding:
    """Why there is no plan: pure."""
    start = next((text for text in problems if text.startswith("nothing says how the app starts")), "")
    first = start or problems[0]
    cause = Cause.NO_START_COMMAND if start else Cause.NO_PLAN
    way_out = "write a Procfile: web: gunicorn --bind 0.0.0.0:$PORT app:app" if start else "correct what the lines name"
    return Finding(cause, first.rstrip("."), way_out, tuple(text for text in problems if text != first))


def build_failed(text: str) -> Finding:
    """A build's failure: pure."""
    first, *lines = text.splitlines()
    last = tuple(line for line in lines if line.strip())[-12:]
    return Finding(
        Cause.BUILD_FAILED, first.rstrip(":"), "correct what the lines name; `flask-on-aws plan` tells why", last
    )
