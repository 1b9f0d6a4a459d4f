"""Writes a Procfile with an app's start command."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


class ProcfileExistsError(Exception):
    """There is a Procfile, which is never changed."""


def write_procfile(folder: Path, lines: Sequence[str]) -> Path:
    """Write lines such as `web: COMMAND` to a new Procfile, whole or not at all.

    Raises:
        ProcfileExistsError: if there is one, or another file of that name.
        OSError: if it cannot be written.
    """
    path = folder / "Procfile"
    if path.is_symlink() or path.exists():
        raise ProcfileExistsError
    descriptor, temporary = tempfile.mkstemp(prefix=".Procfile-", dir=folder)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        Path(temporary).chmod(0o644)
        _publish(temporary, path)
    finally:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
    return path


def _publish(temporary: str, path: Path) -> None:
    """Give a finished file its name, unless another file has it since."""
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise ProcfileExistsError from error
    except OSError:  # a file system without hard links
        if path.exists():
            raise ProcfileExistsError from None
        Path(temporary).rename(path)
