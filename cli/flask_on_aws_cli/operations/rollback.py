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
from ..shared.output_format import moment, short_digest
from .app import App, AppService, app_container, short_name
from .errors import OperationError, explain
from .old_release import Revision, check_images, copied_from, deployable, find_revision
from .releases import releases_of
from .rollback_target import companion, numbered, original, release_before, running_release
from .target import app_options


@dataclass(frozen=True)
class Step:
    """One service's way back."""

    service: AppService
    history: Sequence[Release]
    running: Release | None
    """What it is at; None if no release is known of it, as while one is rolled out."""
    goal: Release
    revision: Revision

    @property
    def is_there(self) -> bool:
        """Whether it runs this already, and the record says so."""
        at = self.running
        if at is None or at != self.history[0]:
            return False
        return original(self.history, at) == original(self.history, self.goal)


@click.command()
@app_options
@click.argument("release", type=int, required=False)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--timeout", type=Duration(), default=f"{DEFAULTS['rollout_seconds']}s", show_default=True, help="For each service."
)
def rollback(app: App, release: int | None, yes: bool, timeout: int) -> None:
    """Go back to RELEASE, by default the one before that which runs; workers go with the web service."""
    steps = _plan(app, release)
    for step in steps:
        click.echo(_intention(step))
    if all(step.is_there for step in steps):
        return
    if not yes and sys.stdin.isatty():
        click.confirm("Go back?", abort=True)
    done: list[str] = []
    for step in steps:
        if not step.is_there:
            done.append(_go(app, step, timeout, done))
    click.echo("A pulumi up that changes image or settings deploys the program's version again.")


def _plan(app: App, number: int | None) -> Sequence[Step]:
    """What is to be done, once everything that it needs is seen to be there."""
    first, *others = app.services
    history = releases_of(app, first)
    if not history:
        raise OperationError(f"No release of {first.name} is recorded yet, so there is none to go back to.")
    goal = _default(history, _running(app, first, history)) if number is None else numbered(history, number)
    steps = [_step(app, first, history, goal)]
    for service in others:
        history = releases_of(app, service)
        beside = companion(history, goal)
        if beside is None:
            click.echo(f"{service.role} stays as it is: no release of it has the image {short_digest(goal.image)}.")
        else:
            steps.append(_step(app, service, history, beside))
    return steps


def _running(app: App, service: AppService, history: Sequence[Release]) -> Release | None:
    arn = service.deployment["taskDefinition"]
    # A copy that no record names yet is what an interrupted rollback left.
    return running_release(history, arn) or running_release(history, copied_from(app.client("ecs"), arn))


def _default(history: Sequence[Release], running: Release | None) -> Release:
    """The one before that which runs; the newest while one is rolled out that is not recorded yet."""
    return release_before(history, running) if running else history[0]


def _step(app: App, service: AppService, history: Sequence[Release], goal: Release) -> Step:
    revision = find_revision(app.client("ecs"), goal)
    step = Step(service, history, _running(app, service, history), goal, revision)
    if not step.is_there:
        check_images(app.client("ecr"), revision, goal)
    return step


def _intention(step: Step) -> str:
    if step.is_there:
        return f"{step.service.role} runs release {step.goal.number} already."
    before = f"release {step.running.number}" if step.running else short_name(step.service.deployment["taskDefinition"])
    made = f"{short_name(step.goal.task_definition)}, image {short_digest(step.goal.image)}, {moment(step.goal.time)}"
    return f"{step.service.role}: {before} → release {step.goal.number} ({made})"


def _go(app: App, step: Step, timeout: int, done: Sequence[str]) -> str:
    """Deploy, follow and record one service's way back; what was done."""
    began, role = time.monotonic(), step.service.role
    try:
        deployed = _deploy(app, step, timeout)
    except RolloutError as error:
        so_far = f" Done before: {'; '.join(done)}." if done else ""
        raise OperationError(
            f"{error}\n{role} did not go back to release {step.goal.number}; its record is as it was.{so_far}"
        ) from error
    except KeyboardInterrupt as error:
        raise OperationError(
            f"ECS goes on with what was begun, and {role}'s record is as it was; give the same command again, with the "
            "release's number, to follow and record it."
        ) from error
    number = _record(app, step, deployed)
    what = f"{role} runs release {step.goal.number} again, recorded as release {number}"
    click.echo(f"{what} ({time.monotonic() - began:.0f} s)")
    return what


def _deploy(app: App, step: Step, timeout: int) -> str:
    """The ARN of the task definition that runs now."""
    ecs, service = app.client("ecs"), step.service
    arn = deployable(ecs, step.revision, current=service.deployment["taskDefinition"])
    if service.deployment["taskDefinition"] != arn:
        ecs.update_service(cluster=app.cluster, service=service.name, taskDefinition=arn)
    container = app_container(step.revision.definition)["name"]
    Rollouts(app.client, click.echo).follow(Rollout(app.cluster, service.name, arn, container, timeout))
    return arn


def _record(app: App, step: Step, deployed: str) -> int:
    """Record what was seen to run; its number."""
    newest = step.history[0]
    record = replace(
        newest,  # subnets and the like are as they were
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
            f"{step.service.role} runs release {step.goal.number} again, but that is not recorded; run the command "
            f"again. {explain(error)}"
        ) from error
    return int(written["Version"])
