"""`flask-on-aws rollback`."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
from botocore.exceptions import ClientError
from flask_on_aws.ecs.service_args import DEFAULTS
from flask_on_aws.releases.release_record import Release
from flask_on_aws.releases.rollout import Rollout, RolloutError, Rollouts

from ..shared.durations import Duration
from ..shared.output_format import format_time, short_digest
from .app import App, AppService, app_container, short_name
from .errors import OperationError, explain
from .old_release import Revision, check_images, copied_from, ensure_deployable, find_revision
from .releases import releases_of
from .rollback_target import find_release, matching_release, original, release_before, running_release
from .target import app_options

ROLLOUT_TIMEOUT = click.option(
    "--timeout",
    type=Duration(),
    default=f"{DEFAULTS['rollout_seconds']}s",
    show_default=True,
    help="Time limit per service.",
)


@dataclass(frozen=True)
class Step:
    """The rollback of one service."""

    service: AppService
    history: Sequence[Release]
    running: Release | None
    """The release of its latest deployment; None if that is not recorded, for example while it is rolled out."""
    goal: Release
    revision: Revision

    @property
    def is_done(self) -> bool:
        """Whether the service already runs the goal, and this is recorded."""
        if self.running is None or self.running != self.history[0]:
            return False
        return original(self.history, self.running) == original(self.history, self.goal)


@click.command()
@app_options
@click.argument("release", type=int, required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask for confirmation.")
@ROLLOUT_TIMEOUT
def rollback(app: App, release: int | None, yes: bool, timeout: int) -> None:
    """Roll back to the previous release, or to RELEASE.

    The web service is rolled back first, then the workers. Migrations are not undone.
    """
    steps = _plan(app, release)
    for step in steps:
        click.echo(_announcement(step))
    if all(step.is_done for step in steps):
        return
    if not yes and sys.stdin.isatty():
        click.confirm("Roll back?", abort=True)
    done: list[str] = []
    for step in steps:
        if not step.is_done:
            done.append(_roll_back(app, step, timeout, done))
    click.echo("The next pulumi up that changes the image or settings deploys the program's version again.")


def _plan(app: App, number: int | None) -> Sequence[Step]:
    """The rollback of each service, after checking that everything it needs exists."""
    first, *others = app.services
    history = releases_of(app, first)
    if not history:
        raise OperationError(f"No release of {first.name} is recorded yet; the next pulumi up records one.")
    goal = _default_goal(history, _running(app, first, history)) if number is None else find_release(history, number)
    steps = [_step(app, first, history, goal)]
    for service in others:
        history = releases_of(app, service)
        matching = matching_release(history, goal)
        if matching is None:
            click.echo(f"{service.role} is not changed: none of its releases has the image {short_digest(goal.image)}.")
        else:
            steps.append(_step(app, service, history, matching))
    return steps


def _running(app: App, service: AppService, history: Sequence[Release]) -> Release | None:
    arn = service.deployment["taskDefinition"]
    # An interrupted rollback leaves a copy that is not recorded.
    return running_release(history, arn) or running_release(history, copied_from(app.client("ecs"), arn))


def _default_goal(history: Sequence[Release], running: Release | None) -> Release:
    """The release before the running one; the newest while a release is rolled out, which is not recorded yet."""
    return release_before(history, running) if running else history[0]


def _step(app: App, service: AppService, history: Sequence[Release], goal: Release) -> Step:
    revision = find_revision(app.client("ecs"), goal)
    step = Step(service, history, _running(app, service, history), goal, revision)
    if not step.is_done:
        check_images(app.client("ecr"), revision, goal)
    return step


def _announcement(step: Step) -> str:
    if step.is_done:
        return f"{step.service.role} already runs release {step.goal.number}."
    current = (
        f"release {step.running.number}" if step.running else short_name(step.service.deployment["taskDefinition"])
    )
    goal = (
        f"{short_name(step.goal.task_definition)}, image {short_digest(step.goal.image)}, {format_time(step.goal.time)}"
    )
    return f"{step.service.role}: {current} → release {step.goal.number} ({goal})"


def _roll_back(app: App, step: Step, timeout: int, done: Sequence[str]) -> str:
    """Deploy, follow and record the rollback of one service; return a summary of it."""
    began_at, role = time.monotonic(), step.service.role
    try:
        deployed = _deploy(app, step, timeout)
    except RolloutError as error:
        completed = f" Completed before: {'; '.join(done)}." if done else ""
        raise OperationError(
            f"{error}\n{role} was not rolled back to release {step.goal.number}; its record is unchanged.{completed}"
        ) from error
    except KeyboardInterrupt as error:
        raise OperationError(
            f"ECS continues the deployment, but {role}'s record is unchanged; run the same command again, with the "
            "number of the release, to follow and record it."
        ) from error
    number = _record(app, step, deployed)
    summary = f"{role} runs release {step.goal.number} again, recorded as release {number}"
    click.echo(f"{summary} ({time.monotonic() - began_at:.0f} s)")
    return summary


def _deploy(app: App, step: Step, timeout: int) -> str:
    """Deploy the revision and wait for the rollout; return the ARN of the task definition."""
    ecs, service = app.client("ecs"), step.service
    arn = ensure_deployable(ecs, step.revision, current=service.deployment["taskDefinition"])
    if service.deployment["taskDefinition"] != arn:
        ecs.update_service(cluster=app.cluster, service=service.name, taskDefinition=arn)
    container = app_container(step.revision.definition)["name"]
    Rollouts(app.client, click.echo).follow(Rollout(app.cluster, service.name, arn, container, timeout))
    return arn


def _record(app: App, step: Step, deployed: str) -> int:
    """Record the rollback as a release; return its number."""
    newest = step.history[0]
    record = replace(
        newest,  # subnets and other fields are unchanged
        image=step.goal.image,
        task_definition=deployed,
        rolled_back_from=newest.number,
        rolled_back_to=original(step.history, step.goal).number,
    )
    try:
        written = app.client("ssm").put_parameter(
            Name=step.service.releases_parameter, Value=record.value, Type="String", Overwrite=True
        )
    except ClientError as error:
        raise OperationError(
            f"{step.service.role} runs release {step.goal.number} again, but this was not recorded; run the command "
            f"again. {explain(error)}"
        ) from error
    return int(written["Version"])
