"""`flask-on-aws review`."""

import signal
import sys
from pathlib import Path

import click

from ..shared.failure import fail
from .inputs.errors import ReviewError
from .model import Policy, Severity
from .reports import FORMATS
from .review import Options, export
from .review import review as make_review

# 1 means a loss that is not accepted, so a review that cannot be made exits with the code of wrong options.
_CANNOT_RUN = click.UsageError.exit_code
_POLICY = 4
_NEVER = "never"
_TERRAFORM = "terraform"


@click.command()
@click.option(
    "--project", type=click.Path(path_type=Path), default=".", help="Folder of Pulumi.yaml. Default: the current one."
)
@click.option(
    "--stack", default="", metavar="NAME", help="Stack to review. Default: prod or production, or the only one."
)
@click.option(
    "--base",
    default="",
    metavar="REF",
    help="Commit to compare with. Default: where the branch left the main branch.",
)
@click.option(
    "--state",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with the output of pulumi stack export instead.",
)
@click.option(
    "--plan",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare with the stack before a plan instead, the output of pulumi preview --json.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(sorted([*FORMATS, _TERRAFORM])),
    default="text",
    show_default=True,
    help="Format of the report; markdown is for a comment on a pull request. terraform writes the resources instead.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*(severity.label for severity in Severity), _NEVER]),
    default=_NEVER,
    show_default=True,
    help="Exit with 4 if the policy has a new finding of this severity or a higher one, which is not waived.",
)
def review(
    project: Path, stack: str, base: str, state: Path | None, plan: Path | None, output_format: str, fail_on: str
) -> None:
    """Show what the changes in the working tree do to a stack: what restarts, stops, is replaced, and loses data.

    This runs the program of the working tree and that of another commit without an AWS account, credentials, Pulumi's
    engine or its plugins, and compares what they register.

    The exit code is 0 if no data is lost without consent. It is 1 if a resource loses data that acceptDataLoss does not
    name, or if the update cannot work, 2 if the review cannot be made, and 4 if --fail-on finds something.
    """
    signal.signal(signal.SIGTERM, _end)  # the worktree is removed, as on Ctrl-C
    options = Options(project, stack, base, state, plan)
    try:
        if output_format == _TERRAFORM:
            click.echo(export(options), nl=False)
            return
        report = make_review(options)
    except ReviewError as error:
        fail(str(error), code=_CANNOT_RUN)
    click.echo(FORMATS[output_format](report))
    raise SystemExit(1 if report.rejected else _POLICY if _fails(report.policy, fail_on) else 0)


def _fails(policy: Policy, fail_on: str) -> bool:
    return fail_on != _NEVER and any(finding.severity >= Severity[fail_on.upper()] for finding in policy.new)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)
