"""Whose processes database servers are, and where their files can be: PostgreSQL refuses to run as root."""

import functools
import hashlib
import os
import pwd
import shutil
from pathlib import Path
from typing import TypedDict

# Where files go that the unprivileged user must reach and a project below root's home does not let it.
_SYSTEM_FOLDER = Path("/var/lib/flask-on-aws")


@functools.cache
def _unprivileged() -> pwd.struct_passwd | None:
    """The user for servers; None where we are one already."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("PostgreSQL cannot run as root, and there is neither a user postgres nor nobody; add one.")


class ProcessOptions(TypedDict, total=False):
    """As subprocess takes them."""

    user: int
    group: int
    extra_groups: list[int]


def process_options() -> ProcessOptions:
    """What subprocess needs so that a process is not root's; empty where nobody is root."""
    user = _unprivileged()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give(path: Path) -> None:
    """Make the servers' user the owner of a file, or of a folder and all in it."""
    user = _unprivileged()
    if user is None:
        return
    below = path.rglob("*") if path.is_dir() else iter(())
    for one in (path, *below):
        os.chown(one, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _everyone_enters(folder: Path) -> bool:
    return all(one.stat().st_mode & 0o001 for one in (folder, *folder.parents))


def reachable(folder: Path) -> Path:
    """A folder for servers' files: this one, or where the servers' user cannot come to it, a place of the system's.

    A symbolic link in the folder leads to the latter, and one folder always leads to the same. What is there without a
    link is of a folder that was deleted since, and goes as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    if _unprivileged() is None or _everyone_enters(folder):
        return folder
    elsewhere = _SYSTEM_FOLDER / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    link = folder / "elsewhere"
    if not link.is_symlink():
        remove(elsewhere)
        link.symlink_to(elsewhere)
    elsewhere.mkdir(parents=True, exist_ok=True)
    return elsewhere


def remove(folder: Path) -> None:
    """Delete a folder with all that is in it, if it is there."""
    shutil.rmtree(folder, ignore_errors=True)
