"""What an image is built from, as one hash: the files that Docker would send, the Dockerfile and the settings."""

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..build_plan.dockerignore import ContextError as ContextError
from ..build_plan.dockerignore import ignore_rules, sent_entries
from ..build_plan.left_out import GENERATED
from ..build_plan.plan_values import DOCKERFILE

# In front of each file's content, so that no link can look like a file of the same bytes.
_FILE, _LINK = b"file", b"link"


def context_problems(context: str, dockerfile: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a build context: the argument, and a whole sentence."""
    if not Path(context).is_dir():
        yield (
            "context",
            f"{context!r} is not a folder (looked for {str(Path(context).resolve())!r}); give the path of the app's "
            "folder, absolute or relative to the Pulumi program, or a ready reference as `image`.",
        )
    elif dockerfile != DOCKERFILE and not Path(context, dockerfile).is_file():
        yield (
            "dockerfile",
            f"there is no file {dockerfile!r} in {context!r}; write one, or give the path of yours within that folder.",
        )


def context_location(context: str) -> str:
    """The folder relative to the program, so that another machine's checkout is no change."""
    return Path(os.path.relpath(context)).as_posix()


def content_hash(context: str, dockerfile: str, settings: Mapping[str, Any], left_out: Collection[str] = ()) -> str:
    """The SHA-256, in hex, of everything that decides the image.

    Args:
        context: the folder.
        dockerfile: path of the Dockerfile in it; empty without one: `settings` then holds its text.
        settings: what else decides the image.
        left_out: paths in the folder that the builder does not get, besides those that .dockerignore names.

    Raises:
        ContextError: if a file cannot be read or a line of the .dockerignore cannot be understood.
    """
    root, recipe = Path(context), Path(context, dockerfile) if dockerfile else None
    try:
        total = hashlib.sha256(_file_digest(recipe) if recipe else b"")
        for name, path in sorted(_sent_files(root, recipe, left_out)):
            total.update(_entry(name, path))
    except OSError as error:
        raise ContextError(
            f"{error.filename!r} cannot be read ({error.strerror}); make it readable, or leave it out in .dockerignore."
        ) from error
    total.update(json.dumps(settings, sort_keys=True).encode())
    return total.hexdigest()


def _sent_files(root: Path, recipe: Path | None, left_out: Collection[str]) -> Iterator[tuple[str, Path]]:
    """Files and links that are sent, by their path with slashes. Empty folders alone make no new image."""

    def is_left_out(name: str, entry: "os.DirEntry[str]") -> bool:
        return name in left_out or (recipe is None and entry.name == GENERATED)

    rules = ignore_rules(root, recipe)
    for name, entry in sent_entries(root, rules, lambda name, entry: not is_left_out(name, entry)):
        if not is_left_out(name, entry) and (entry.is_symlink() or entry.is_file()):
            yield name, Path(entry.path)


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
