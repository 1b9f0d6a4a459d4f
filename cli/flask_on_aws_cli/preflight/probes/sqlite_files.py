"""Finds SQLite databases in folders, with their tables. Like `probe.py`, its source also runs inside containers."""

import json
import os
import stat
import sys
import urllib.parse
from typing import List, Tuple  # noqa: UP035 as in probe.py

# https://www.sqlite.org/fileformat.html
_MAGIC = b"SQLite format 3\x00"


def sqlite_files(folders: List[str], since: float, deep: bool = True) -> List[str]:  # noqa: UP006
    """Databases, and empty files with a database's extension, that were changed after a time."""
    databases: List[str] = []  # noqa: UP006
    for folder in folders:
        for parent, children, names in os.walk(folder):
            if not deep:
                children.clear()
            paths = [os.path.join(parent, name) for name in names]
            databases += [path for path in paths if _is_database(path, since)]
    return sorted(databases)


def tables(path: str) -> List[str]:  # noqa: UP006
    """Names of a database's tables; none if it cannot be read. Creates no file and waits for no lock."""
    try:
        import sqlite3  # a Python may lack it

        connection = sqlite3.connect("file:" + urllib.parse.quote(path) + "?mode=ro&immutable=1", uri=True)
        try:
            rows = connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            return sorted(name for (name,) in rows)
        finally:
            connection.close()
    except Exception:  # not SQLite, or half written: the names only help to tell a cache from data
        return []


def with_tables(paths: List[str]) -> List[Tuple[str, List[str]]]:  # noqa: UP006
    """Each database with its tables."""
    return [(path, tables(path)) for path in paths]


def _is_database(path: str, since: float) -> bool:
    try:
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_mtime < since:
            return False
        if not status.st_size:  # SQLite writes the header with the first change
            return path.endswith((".db", ".sqlite", ".sqlite3"))
        with open(path, "rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


if __name__ == "__main__":
    print(json.dumps(with_tables(sqlite_files(sys.argv[2:], float(sys.argv[1])))))
