"""`flask-on-aws review`."""

import signal
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from ..shared.failure import fail
from .inputs.errors import ReviewError
from .model import Policy, Report, Severity
from .reports import ENDINGS, FORMATS
from .review import Options, export
from .review import review as make_review

# 1 means a loss that is not accepted, so a review that cannot be made exits with the code of wrong options.
_CANNOT_RUN = click.UsageError.exit_code
_POLICY = 4
_NEVER = "never"
_TERRAFORM = "terraform"
_OVER_BUDGET = 5


def _usd(context: click.Context, parameter: click.Parameter, value: str | None) -> Decimal | None:
    """The amount of an option in USD."""
    if value is None:
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise click.BadParameter(f"{value!r} is not an amount in USD; use a number such as 150 or 99.50.")
    return Decimal(f"{amount:f}")  # without an exponent, as it is shown


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
    "--usage",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML file with traffic and stored data, for the cost. Default: none is assumed.",
)
@click.option(
    "--budget", callback=_usd, metavar="USD", help="Most that the stack may cost in a month. Default: no limit."
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
    "--output",
    "files",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    multiple=True,
    help=f"Also write the report to this file, in the format of its ending: {', '.join(sorted(ENDINGS))}. Repeatable.",
)
@click.option(
    "--fail-on",
    type=click.Choice([*(severity.label for severity in Severity), _NEVER]),
    default=_NEVER,
    show_default=True,
    help="Exit with 4 if the policy has a new finding of this severity or a higher one, which is not waived.",
)
def review(
    project: Path,
    stack: str,
    base: str,
    state: Path | None,
    plan: Path | None,
    usage: Path | None,
    budget: Decimal | None,
    output_format: str,
    files: tuple[Path, ...],
    fail_on: str,
) -> None:
    """Show what the changes in the working tree do to a stack: what restarts, stops, is replaced, and loses data.

    It also shows what the stack costs in a month before and after, by AWS's public prices.

    This runs the program of the working tree and that of another commit without an AWS account, credentials, Pulumi's
    engine or its plugins, and compares what they register.

    The exit code is 0 if no data is lost without consent. It is 1 if a resource loses data that acceptDataLoss does not
    name, or if the update cannot work, 2 if the review cannot be made, 4 if --fail-on finds something, and 5 if the
    stack costs more than --budget.
    """
    signal.signal(signal.SIGTERM, _end)  # the worktree is removed, as on Ctrl-C
    for file in files:
        if _format(file) is None:
            fail(f"--output: {file} must end in {' or '.join(sorted(ENDINGS))}.", code=_CANNOT_RUN)
    options = Options(project, stack, base, state, plan, usage, budget)
    try:
        if output_format == _TERRAFORM:
            click.echo(export(options), nl=False)
            return
        report = make_review(options)
    except ReviewError as error:
        fail(str(error), code=_CANNOT_RUN)
    click.echo(FORMATS[output_format](report))
    for file in files:
        _write(file, FORMATS[_format(file) or output_format](report))
    if report.budget_problem:
        click.echo(report.budget_problem, err=True)
    raise SystemExit(_exit_code(report, fail_on))


def _exit_code(report: Report, fail_on: str) -> int:
    if report.rejected:
        return 1
    if _fails(report.policy, fail_on):
        return _POLICY
    return _OVER_BUDGET if report.budget_problem else 0


def _fails(policy: Policy, fail_on: str) -> bool:
    return fail_on != _NEVER and any(finding.severity >= Severity[fail_on.upper()] for finding in policy.new)


def _format(file: Path) -> str | None:
    """The format of a file's ending."""
    return next((name for ending, name in ENDINGS.items() if file.name.endswith(ending)), None)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        fail(f"--output: {file} cannot be written: {error.strerror}.", code=_CANNOT_RUN)


def _end(number: int, _: object) -> None:
    sys.exit(128 + number)
