"""Finds the programs of an installed MariaDB."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# Debian, Ubuntu and Fedora; Homebrew on Apple silicon and Intel, also for its versioned formulas, which are not linked.
_FOLDERS = (
    "/usr/sbin",
    "/usr/libexec",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
    "/opt/homebrew/opt/mariadb@*/bin",
    "/usr/local/opt/mariadb@*/bin",
)
_VERSION = re.compile(r"Ver (\d+\.\d+)\.\d+-MariaDB")
INSTALL = "Install it, for example with `apt-get install mariadb-server` or `brew install mariadb`."


class NoMariadbError(Exception):
    """MariaDB is not installed."""


@dataclass(frozen=True)
class Binaries:
    """The programs of one MariaDB installation."""

    server: str
    """Path of `mariadbd`."""
    install_db: str
    """Path of `mariadb-install-db`."""
    version: str
    """The major version, such as `10.11`."""

    def client(self, program: str) -> str:
        """The path of a client program, such as `mariadb-dump`.

        Raises:
            NoMariadbError: if it is missing.
        """
        path = _program(program, [str(Path(self.install_db).parent)])
        if path is None:
            raise NoMariadbError(f"MariaDB's program {program} is not installed. {INSTALL}")
        return path

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of all system variables and options that this version supports."""
        result = subprocess.run(  # noqa: S603 a program found by `find`
            [self.server, "--no-defaults", "--verbose", "--help"], check=True, capture_output=True, text=True
        )
        table = result.stdout.rpartition("\nVariables (--variable-name=value)")[2]
        return frozenset(line.split()[0].replace("-", "_") for line in table.splitlines() if re.match(r"[a-z]", line))


def find() -> Binaries:
    """Find the programs of the installed MariaDB.

    Raises:
        NoMariadbError: if it is not installed.
    """
    folders = [str(path) for pattern in _FOLDERS for path in sorted(Path("/").glob(pattern.removeprefix("/")))]
    server, install_db = _program("mariadbd", folders), _program("mariadb-install-db", folders)
    version = _version(server) if server else None
    if server is None or install_db is None or version is None:
        raise NoMariadbError(f"MariaDB is not installed on this machine. {INSTALL}")
    return Binaries(server, install_db, version)


def _program(name: str, folders: list[str]) -> str | None:
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def _version(server: str) -> str | None:
    """The major version of a server; None if it cannot be run."""
    result = subprocess.run(  # noqa: S603 an installed program
        [server, "--version"], check=False, capture_output=True, text=True
    )
    match = _VERSION.search(result.stdout)
    return match[1] if match else None
