"""Finds the machine's mongod, or else builds FerretDB."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import ferretdb

MONGOD, FERRETDB = "MongoDB", "FerretDB"
# Homebrew on Apple silicon and Intel, and MongoDB's own packages.
_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")
_VERSION = re.compile(r"db version v(\d+\.\d+)")


class NoMongodbError(Exception):
    """There is no server of MongoDB's protocol on this machine, and none can be built."""


@dataclass(frozen=True)
class Program:
    """A server's program."""

    product: str
    """`MONGOD` or `FERRETDB`."""
    version: str
    """The major version, such as `7.0`."""
    path: str

    @property
    def name(self) -> str:
        """Product and version, as in `FerretDB 1.24`."""
        return f"{self.product} {self.version}"


def find(cache: Path, product: str = "") -> Program:
    """Find mongod, or FerretDB, which is built once if the machine has Go.

    Args:
        cache: the folder in which a built program is kept.
        product: the only one that is suitable, because data of it exists. Default: either.

    Raises:
        NoMongodbError: if there is none.
    """
    if product != FERRETDB and (path := _mongod()) and (version := _version(path)):
        return Program(MONGOD, version, path)
    if product == MONGOD:
        raise NoMongodbError("mongod is no longer installed on this machine, and its data needs it; install it again.")
    try:
        return Program(FERRETDB, ferretdb.SERIES, str(ferretdb.build(cache)))
    except ferretdb.BuildError as error:
        raise NoMongodbError(
            f"DocumentDB does not run here: mongod is not installed, and FerretDB cannot be built instead ({error})."
        ) from error


def _mongod() -> str | None:
    return shutil.which("mongod") or shutil.which("mongod", path=os.pathsep.join(_FOLDERS))


def _version(path: str) -> str | None:
    """The major version; None if the program cannot be run."""
    result = subprocess.run([path, "--version"], check=False, capture_output=True, text=True)  # noqa: S603
    match = _VERSION.search(result.stdout)
    return match[1] if match else None
