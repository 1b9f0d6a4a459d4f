"""Options that several commands share: the app's folder, and the settings of its plan."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
from flask_on_aws.build_plan import BuildPlan, BuildPlanError, PlanSettings, plan_build

# In the order in which --help shows them; the names are those of the Pulumi program's settings.
_OPTIONS = (
    click.option("--python-version", default="", metavar="X.Y", help="Python. Default: the app's files decide."),
    click.option("--system-package", "system_packages", multiple=True, metavar="NAME", help="A Debian package."),
    click.option("--start-command", default="", metavar="LINE", help="Start command. Default: the app's files decide."),
)


def plan_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The app's folder and the settings of a plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))(command)


def plan_or_fail(
    folder: Path,
    python_version: str,
    system_packages: Sequence[str],
    start_command: str,
    dockerfile: str = "Dockerfile",
) -> BuildPlan:
    """The plan, or everything that is wrong and the end of the command."""
    try:
        return plan_build(folder, PlanSettings(python_version, tuple(system_packages), start_command), dockerfile)
    except BuildPlanError as error:
        fail(*error.problems)


def fail(*sentences: str, code: int = 1) -> NoReturn:
    """End the command with these sentences on standard error."""
    for sentence in sentences:
        click.echo(sentence, err=True)
    raise SystemExit(code)
