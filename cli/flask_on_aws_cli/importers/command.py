"""`flask-on-aws import`."""

from collections.abc import Mapping
from pathlib import Path

import click

from ..shared.atomic_files import write_all
from ..shared.failure import fail
from .formats import FORMATS, read_drafts
from .reading.source import InputError, printable, read_yaml
from .report import json_report, text_report
from .stacks.settle import Outcome, settle
from .stacks.stack_file import read_stack_file, with_settings

_NOT_RUNNABLE, _NOTHING_WRITTEN = 1, 2
_NEW_FILE_MODE = 0o644  # as Pulumi creates it


@click.command("import")
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "platform",
    type=click.Choice([form.name for form in FORMATS]),
    help="Platform, if DIR has files of several.",
)
@click.option("--service", default="", metavar="NAME", help="Service or app to import, if there are several.")
@click.option(
    "--project", type=click.Path(path_type=Path), default=".", help="Folder of Pulumi.yaml. Default: the current one."
)
@click.option("--dry-run", is_flag=True, help="Print the report and write nothing.")
@click.option("--json", "in_json", is_flag=True, help="Print the report as JSON.")
def import_(folder: Path, platform: str | None, service: str, project: Path, dry_run: bool, in_json: bool) -> None:
    """Write stack files from the configuration of another platform in DIR.

    This reads the files of App Runner, AWS Copilot, Docker Compose, Fly.io, Heroku, Kamal, Railway, Render, Upsun or
    Platform.sh. It writes Pulumi.STACK.yaml, and reports what was carried over, what you must do, and what cannot be
    carried over, with the lines of the source. Settings that a stack's file has are kept, and values that may be
    credentials are never copied.

    The exit code is 0 if the stacks can run, 1 if you must do something first, and 2 if nothing was written because the
    files cannot be imported.
    """
    try:
        outcomes = _outcomes(folder, platform or "", service, project)
        texts = {outcome.stack: with_settings(outcome.file, outcome.new) for outcome in outcomes}
    except InputError as error:
        fail(printable(str(error)), code=_NOTHING_WRITTEN)
    except OSError as error:
        fail(f"{folder}: a path in it cannot be read ({error.strerror}); correct it.", code=_NOTHING_WRITTEN)
    except RecursionError:
        fail(f"{folder}: a file in it is nested too deeply; write it flatter.", code=_NOTHING_WRITTEN)
    changed = {outcome.stack: texts[outcome.stack] != outcome.file.text for outcome in outcomes}
    if dry_run:
        changed = dict.fromkeys(changed, False)
    _write(
        {
            outcome.file.path: texts[outcome.stack].replace("\n", outcome.file.line_end)
            for outcome in outcomes
            if changed[outcome.stack]
        }
    )
    click.echo((json_report if in_json else text_report)(outcomes, changed))
    if any(outcome.needs for outcome in outcomes):
        raise SystemExit(_NOT_RUNNABLE)


def _outcomes(folder: Path, platform: str, service: str, project: Path) -> list[Outcome]:
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder; name the folder with the platform's files.")
    pulumi_file = project / "Pulumi.yaml"
    if not pulumi_file.is_file():
        raise InputError(f"There is no {pulumi_file}; set its folder with --project.")
    name = read_yaml(pulumi_file).get("name")
    if name is None:
        raise InputError(f"{pulumi_file}:1: has no name; add one, such as name: flask-on-aws.")
    drafts = read_drafts(folder, platform, service)
    for draft in drafts:
        draft.set_app(project)
    return [
        settle(draft, read_stack_file(project / f"Pulumi.{draft.stack}.yaml", name.text()), project) for draft in drafts
    ]


def _write(texts: Mapping[Path, str]) -> None:
    """Write the files: all of them, or none."""
    targets = {path.resolve(): path for path in texts}
    modes = {target: target.stat().st_mode & 0o777 if target.exists() else _NEW_FILE_MODE for target in targets}
    try:
        write_all({target: texts[path] for target, path in targets.items()}, modes)
    except OSError as error:
        path = targets[Path(str(error.filename))]
        fail(
            f"{path} cannot be written ({error.strerror}), so nothing was written; make its folder writable.",
            code=_NOTHING_WRITTEN,
        )
