"""Rules for what the system denied an app: processor, disk, root, ports. Pure functions."""

import re

from ..check import Cause, Finding
from ..output import Output, search
from .decisive import is_decisive

_REFUSED_WRITES = (
    r"\[Errno 30\] Read-only file system(: b?'(?P<path>[^']+)')?",
    r"\[Errno 13\] Permission denied: b?'(?P<path>[^']+)'",
    r"(?i)(cannot|can't|could not|couldn't|unable to|failed to) (create|open|touch|write|remove|make|save|move|copy)\b"
    r".*['\"` \u2018](?P<path>/?[\w./-]+)['\"`\u2019]?: (Permission denied|Read-only file system)",
    r"(?i)\bRead-only file system\b( \(os error 30\))?",
    r"(?i)\bEROFS\b",
)
_WRITE_ELSEWHERE = (
    "keep uploads in the bucket (MEDIA_BUCKET) and data in the database; write scratch files to /tmp, or add the "
    "folder to the setting writablePaths"
)
_SQLITE = (r"unable to open database file", r"attempt to write a readonly database")


def architecture(output: Output) -> Finding | None:
    """A program or library for another processor architecture."""
    match = search(output, r"(?i)exec format error", r"(?i)wrong ELF class", r"(?i)incompatible architecture")
    if not match:
        return None
    return Finding(
        Cause.ARCHITECTURE,
        "a program or library is for another processor architecture",
        "build for the tasks' architecture (setting architecture), and keep compiled files out of the app's folder",
        match[1],
    )


def tls(output: Output) -> Finding | None:
    """A database driver without TLS."""
    match = search(output, r"(?i)SSL support is not compiled in")
    if not match:
        return None
    return Finding(
        Cause.WITHOUT_TLS,
        "the database driver was built without TLS, and the database rejects connections without it",
        "use a driver with TLS: psycopg[binary] or psycopg2-binary, or libpq from Debian's package libpq5",
        match[1],
    )


def address_in_use(output: Output) -> Finding | None:
    """A port that is already in use."""
    match = search(output, r"(?i)address already in use", r"Connection in use: (?P<address>.+)", r"Port \d+ is in use")
    if not match:
        return None
    return Finding(
        Cause.ADDRESS_IN_USE,
        "the port is already in use: the app opens it twice, or another program on this machine uses it",
        "open each port once; only one process of the container may listen on $PORT",
        match[1],
    )


def root(output: Output) -> Finding | None:
    """An operation that only root may perform."""
    match = search(
        output,
        r"\[Errno 1\] Operation not permitted",
        r"PermissionError: \[Errno 13\] Permission denied$",  # without a path: a port below 1024
        r"(?i)(must be|needs to be|has to be|please) (run|started)? ?(as|by) root",
        r"(?i)requires root|are you root|root privileges|run (this|it) as root",
        r"(?i)(chown|chmod).*: Operation not permitted",
        r"(?i)can.t connect to \('[^']*', \d{1,3}\)",
        r"(?i)bind\(\).* failed \(13: Permission denied\)",
        where=is_decisive,
    )
    if not match:
        return None
    return Finding(
        Cause.NEEDS_ROOT,
        "it needs root, but tasks do not run as root",
        "listen on $PORT, above 1024, and do chown, setuid and installations during the build, not at the start",
        match[1],
    )


def sqlite(output: Output) -> Finding | None:
    """An app that fails because SQLite's disk is not writable."""
    match = search(output, *_SQLITE, where=is_decisive)
    if not match:
        return None
    return Finding(
        Cause.SQLITE,
        "it keeps its data in SQLite, on a disk that is read-only or deleted with the task",
        f"use the database in DATABASE_URL{_database_line(output)}",
        match[1],
    )


def _database_line(output: Output) -> str:
    """The line of the framework's configuration; empty if the framework is not known."""
    packages = output.context.packages
    if "django" in packages:
        return ': DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}, with dj-database-url'
    return ': SQLALCHEMY_DATABASE_URI = os.environ["DATABASE_URL"]' if "flask-sqlalchemy" in packages else ""


def refused_sqlite(output: Output) -> Finding | None:
    """SQLite's disk is not writable, and the app goes on."""
    match = search(output, *_SQLITE)
    if not match:
        return None
    return Finding(
        Cause.SQLITE,
        "SQLite could not open or change a file, since tasks cannot write there, and the app went on without it",
        "if it is data, use the database in DATABASE_URL; if it is a cache, write it to /tmp, or turn it off",
        match[1],
    )


def disk(output: Output) -> Finding | None:
    """An app that fails by a file that it could not write."""
    match = search(output, *_REFUSED_WRITES, where=is_decisive)
    return Finding(Cause.WRITES_TO_DISK, _written(match[0]), _WRITE_ELSEWHERE, match[1]) if match else None


def refused_write(output: Output) -> Finding | None:
    """A file that could not be written, and an app that goes on."""
    match = search(output, *_REFUSED_WRITES)
    if not match:
        return None
    sentence = f"{_written(match[0])}, and went on without it"
    fix = f"if it needs what it writes: {_WRITE_ELSEWHERE}; else nothing has to change"
    return Finding(Cause.WRITES_TO_DISK, sentence, fix, match[1])


def _written(match: re.Match[str]) -> str:
    path = match.groupdict().get("path")
    return f"it writes to {path}, where tasks cannot write" if path else "it writes to a read-only disk"
