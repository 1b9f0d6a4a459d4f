"""What the system refused an app: processor, disk, root, ports, the database. Pure."""

from ..check import Cause, Finding
from ..output import Output, search


def architecture(output: Output) -> Finding | None:
    """A program or library for another processor."""
    found = search(output, r"(?i)exec format error", r"(?i)wrong ELF class", r"(?i)incompatible architecture")
    if not found:
        return None
    return Finding(
        Cause.ARCHITECTURE,
        "a program or library is for another kind of processor",
        "build for the tasks' processor (setting architecture), and keep compiled files out of the app's folder",
        found[1],
    )


def tls(output: Output) -> Finding | None:
    """A database driver without TLS."""
    found = search(output, r"(?i)SSL support is not compiled in")
    if not found:
        return None
    return Finding(
        Cause.WITHOUT_TLS,
        "the database driver was built without TLS, and the database takes no connection without it",
        "use a driver that brings TLS: psycopg[binary] or psycopg2-binary, or libpq from Debian's package libpq5",
        found[1],
    )


def address_in_use(output: Output) -> Finding | None:
    """A port that is taken."""
    found = search(output, r"(?i)address already in use", r"Connection in use: (?P<address>.+)", r"Port \d+ is in use")
    if not found:
        return None
    return Finding(
        Cause.ADDRESS_IN_USE,
        "the port is taken: the app opens it twice, or another program on this machine has it",
        "open each port once; one process of the container listens on $PORT",
        found[1],
    )


def root(output: Output) -> Finding | None:
    """What root alone may do."""
    found = search(
        output,
        r"\[Errno 1\] Operation not permitted",
        r"PermissionError: \[Errno 13\] Permission denied$",  # without a path: a port below 1024
        r"(?i)(must be|needs to be|has to be|please) (run|started)? ?(as|by) root",
        r"(?i)requires root|are you root|root privileges|run (this|it) as root",
        r"(?i)(chown|chmod).*: Operation not permitted",
        r"(?i)can.t connect to \('[^']*', \d{1,3}\)",
        r"(?i)bind\(\).* failed \(13: Permission denied\)",
    )
    if not found:
        return None
    return Finding(
        Cause.NEEDS_ROOT,
        "it needs root, which no task is",
        "listen on $PORT, above 1024, and take chown, setuid and installations out of the start: the build does those",
        found[1],
    )


def sqlite(output: Output) -> Finding | None:
    """SQLite where nothing can be written."""
    found = search(output, r"unable to open database file", r"attempt to write a readonly database")
    if not found:
        return None
    return Finding(
        Cause.SQLITE,
        "it keeps its data in SQLite, on a disk that is read-only or gone with the task",
        "use the database in DATABASE_URL",
        found[1],
    )


def disk(output: Output) -> Finding | None:
    """A file that could not be written."""
    found = search(
        output,
        r"\[Errno 30\] Read-only file system(: '(?P<path>[^']+)')?",
        r"PermissionError: \[Errno 13\] Permission denied: '(?P<path>[^']+)'",
        r"(?i)(cannot|can't|could not) (create|open|touch|write|remove)\b.*['\" ](?P<path>/?[\w./-]+)['\"]?: "
        r"(Permission denied|Read-only file system)",
    )
    if not found:
        return None
    path = found[0].groupdict().get("path")
    return Finding(
        Cause.WRITES_TO_DISK,
        f"it writes to {path}, where no task can write" if path else "it writes to a read-only disk",
        "keep uploads in the bucket (MEDIA_BUCKET) and data in the database; scratch files go to /tmp, or name the "
        "folder in the setting writablePaths",
        found[1],
    )


def interpolation(output: Output) -> Finding | None:
    """A URL with a percent sign in a configuration that gives it a meaning."""
    found = search(output, r"invalid interpolation syntax in ['\"]\w+(\+\w+)?://")
    if not found:
        return None
    return Finding(
        Cause.DATABASE,
        "a configuration file's % stands for something else than the one in DATABASE_URL",
        'write it twice where the URL is set, as in migrations/env.py: url.replace("%", "%%")',
        found[1],
    )


def database(output: Output) -> Finding | None:
    """A database that is not reached, or has no tables."""
    found = search(
        output,
        r"relation \"(?P<table>[^\"]+)\" does not exist",
        r"OperationalError\b.*(connection|server|host|password|timeout)",
        r"connection to server at .+ failed",
    )
    if not found:
        return None
    table = found[0].groupdict().get("table")
    if table:
        return Finding(
            Cause.DATABASE,
            f"the database has no table {table} yet",
            "create tables by a release command: `release: flask db upgrade` in the Procfile",
            found[1],
        )
    return Finding(
        Cause.DATABASE,
        "it cannot use its database",
        "connect to DATABASE_URL, whose sslmode and sslrootcert the driver must take over",
        found[1],
    )
