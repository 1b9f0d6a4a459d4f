"""What an image is built from, as one hash: the files that Docker would send, the Dockerfile and the settings."""

import hashlib
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..build_plan.dockerignore import ignore_rules, sent_entries
from ..build_plan.project_files import FileError

# In front of each file's content, so that no link can look like a file of the same bytes.
_FILE, _LINK = b"file", b"link"

# A folder without a file of this name is built by a plan.
PLANNED = "Dockerfile"


class ContextError(Exception):
    """A build context that cannot be read, as a whole sentence."""


def context_problems(context: str, dockerfile: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a build context: the argument, and a whole sentence."""
    if not Path(context).is_dir():
        yield (
            "context",
            f"{context!r} is not a folder (looked for {str(Path(context).resolve())!r}); give the path of the app's "
            "folder, absolute or relative to the Pulumi program, or a ready reference as `image`.",
        )
    elif dockerfile != PLANNED and not Path(context, dockerfile).is_file():
        yield (
            "dockerfile",
            f"there is no file {dockerfile!r} in {context!r}; write one, or give the path of yours within that folder.",
        )


def context_location(context: str) -> str:
    """The folder relative to the program, so that another machine's checkout is no change."""
    return Path(os.path.relpath(context)).as_posix()


def content_hash(context: str, dockerfile: str, settings: Mapping[str, Any]) -> str:
    """The SHA-256, in hex, of everything that decides the image. Without a Dockerfile, `settings` holds its text.

    Raises:
        ContextError: if a file cannot be read or a line of the .dockerignore cannot be understood.
    """
    root, recipe = Path(context), Path(context, dockerfile) if dockerfile else None
    try:
        total = hashlib.sha256(_file_digest(recipe) if recipe else b"")
        for name, path in sorted(sent_entries(root, ignore_rules(root, recipe))):
            if path.is_symlink() or not path.is_dir():  # folders alone make no new image
                total.update(_entry(name, path))
    except FileError as error:
        raise ContextError(str(error)) from error
    except OSError as error:
        raise ContextError(
            f"{error.filename!r} cannot be read ({error.strerror}); make it readable, or leave it out in .dockerignore."
        ) from error
    total.update(json.dumps(settings, sort_keys=True).encode())
    return total.hexdigest()


def _entry(name: str, path: Path) -> bytes:
    """One file's name, permissions and content, none of which can run into the next.

    All permissions count, not just whether it can be executed: they are in the image, and the provider compares them.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        # The provider compares what a link points to as well; a finer hash than its own keeps the tag ahead of it.
        content = hashlib.sha256(os.fsencode(os.readlink(path)) + (_file_digest(path) if path.is_file() else b""))
        return b"\0".join([os.fsencode(name), _LINK, content.digest()])
    mode = format(stat.S_IMODE(found.st_mode), "o").encode()
    return b"\0".join([os.fsencode(name), _FILE, mode, _file_digest(path)])


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()  # reads in chunks
