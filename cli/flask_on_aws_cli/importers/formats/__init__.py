"""The formats, a module or folder each, with a `Format`. They import only the common modules of `importers`.

To add a format, write a module with a `Format` and add it to `FORMATS`.
"""

from collections.abc import Sequence
from pathlib import Path

from ..drafts.draft import Draft, Format, report_unused
from ..reading.source import InputError
from . import app_runner, heroku, railway
from .compose import project as compose
from .copilot import workloads as copilot
from .fly import project as fly
from .kamal import project as kamal
from .render import blueprint as render
from .upsun import project as upsun

FORMATS: Sequence[Format] = (
    app_runner.FORMAT,
    compose.FORMAT,
    copilot.FORMAT,
    fly.FORMAT,
    heroku.FORMAT,
    kamal.FORMAT,
    upsun.PLATFORM_SH,
    railway.FORMAT,
    render.FORMAT,
    upsun.UPSUN,
)


def read_drafts(folder: Path, chosen: str, service: str) -> list[Draft]:
    """The stacks that the files of a folder describe.

    Args:
        folder: the folder with the files.
        chosen: name of the format; empty if there are files of one format only.
        service: name of the service to import; empty if there is only one.

    Raises:
        InputError: if there are no such files, files of several formats, or files that cannot be read.
    """
    present = [form for form in FORMATS if form.is_in(folder)]
    if chosen:
        present = [form for form in present if form.name == chosen]
    elif len(present) > 1:
        # Many apps of other platforms have a file of Compose for development.
        present = [form for form in present if form is not compose.FORMAT]
    if not present:
        files = "; ".join(f"{form.title}: {form.files}" for form in FORMATS if chosen in ("", form.name))
        raise InputError(f"{folder}: there is nothing to import; expected are the files of {files}.")
    if len(present) > 1:
        names = ", ".join(form.name for form in present)
        raise InputError(f"{folder}: there are files of several platforms; choose one of {names} with --from.")
    drafts = present[0].read(folder, service)
    report_unused(drafts)
    return drafts
