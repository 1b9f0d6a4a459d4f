"""The system account of database servers and folders that it can access: PostgreSQL refuses to run as root."""

import functools
import hashlib
import os
import pwd
import shutil
from pathlib import Path
from typing import TypedDict

# For files that the unprivileged user must access if the project is in a folder that only root can enter.
_SYSTEM_FOLDER = Path("/var/lib/flask-on-aws")


@functools.cache
def _unprivileged() -> pwd.struct_passwd | None:
    """The user that servers run as; None if the current user is not root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise LookupError("PostgreSQL cannot run as root, and there is no user postgres or nobody; add one of them.")


class ProcessOptions(TypedDict, total=False):
    """Keyword arguments of subprocess's functions."""

    user: int
    group: int
    extra_groups: list[int]


def process_options() -> ProcessOptions:
    """Arguments with which subprocess runs a program as the servers' user; empty if the current user is not root."""
    user = _unprivileged()
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give_to_server_user(path: Path) -> None:
    """Make the servers' user the owner of a file, or of a folder and everything in it."""
    user = _unprivileged()
    if user is None:
        return
    descendants = path.rglob("*") if path.is_dir() else iter(())
    for entry in (path, *descendants):
        os.chown(entry, user.pw_uid, user.pw_gid, follow_symlinks=False)


def _is_accessible_to_all(folder: Path) -> bool:
    return all(ancestor.stat().st_mode & 0o001 for ancestor in (folder, *folder.parents))


def accessible_folder(folder: Path) -> Path:
    """A folder for servers' files: this one or, if the servers' user cannot access it, a system folder.

    The same folder always leads to the same system folder, by a symbolic link in it. A system folder without a link
    belonged to a folder that has been deleted, so its content is deleted as well.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    if _unprivileged() is None or _is_accessible_to_all(folder):
        return folder
    system_folder = _SYSTEM_FOLDER / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    link = folder / "elsewhere"
    if not link.is_symlink():
        remove(system_folder)
        link.symlink_to(system_folder)
    system_folder.mkdir(parents=True, exist_ok=True)
    return system_folder


def remove(folder: Path) -> None:
    """Delete a folder and its content, if it exists."""
    shutil.rmtree(folder, ignore_errors=True)
