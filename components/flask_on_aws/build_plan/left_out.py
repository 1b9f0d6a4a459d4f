"""What belongs to a developer's machine and not to the app: never in an image or in the copy that runs."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path, PurePath

from .dockerignore import ContextError, ignore_lines, ignore_rules, ignore_text, sent_entries

LEFT_OUT = (".git", ".env", ".venv", "venv", "node_modules")
"""Names in the app's folder that are left out, whatever .dockerignore says."""
GENERATED = ".flask-on-aws"
"""Folder of the Pulumi program with the build files of apps whose context is not only what .dockerignore describes."""
IGNORE_FILE = "Dockerfile.dockerignore"
"""What Docker reads in place of the .dockerignore of the context, next to a file named `Dockerfile`."""
# The file that marks a virtual environment (https://docs.python.org/3/library/site.html), and conda's folder.
_MARKS = (("pyvenv.cfg", stat.S_ISREG), ("conda-meta", stat.S_ISDIR))
# Never looked into: they hold thousands of folders, and their names leave them out or make them no app's.
_SKIPPED = (".git", "node_modules")


def is_environment(folder: str | PurePath) -> bool:
    """Whether a folder is a virtual environment or one of conda, whatever its name. A link to one is one."""
    return any(_has(os.path.join(folder, name), check) for name, check in _MARKS)


def environments(root: Path, dockerfile: str = "") -> tuple[str, ...]:
    """The virtual environments in an app's folder that .dockerignore does not leave out, by their paths with slashes.

    Args:
        root: the app's folder.
        dockerfile: path in it of the app's own Dockerfile, which may have a .dockerignore of its own. Default: none.

    Raises:
        ContextError: if the folder cannot be read, or a line of the .dockerignore cannot be understood.
    """

    def enters(name: str, entry: "os.DirEntry[str]") -> bool:
        return (
            entry.name not in _SKIPPED and not is_environment(entry.path) and os.access(entry.path, os.R_OK | os.X_OK)
        )

    try:
        entries = sent_entries(root, ignore_rules(root, root / dockerfile if dockerfile else None), enters)
        return tuple(sorted(name for name, entry in entries if entry.is_dir() and is_environment(entry.path)))
    except OSError as error:
        raise ContextError(f"{error.filename!r} cannot be read ({error.strerror}); make it readable.") from error


def ignore_file(root: Path, paths: Iterable[str]) -> str:
    """The text of a .dockerignore that leaves out these paths in addition to those of the app's own."""
    return f"{ignore_text(root / '.dockerignore').rstrip()}\n{ignore_lines(paths)}**/{GENERATED}\n".lstrip()


def ignored_in(root: Path) -> Callable[[str, list[str]], list[str]]:
    """A function for `shutil.copytree(ignore=…)` that leaves out what an image of the app's folder leaves out."""
    return lambda folder, names: [name for name in names if is_left_out(root, Path(folder, name))]


def is_left_out(root: Path, path: Path) -> bool:
    """Whether a path in the app's folder is left out, or is in a folder that is."""
    parts = path.relative_to(root).parts
    return parts[:1] in [(name,) for name in (*LEFT_OUT, GENERATED)] or any(map(is_environment, _up_to(root, parts)))


def _up_to(root: Path, parts: Iterable[str]) -> Iterator[Path]:
    """The folders on the way to a path below the root, and the path itself."""
    path = root
    for part in parts:
        path /= part
        yield path


def _has(path: str, check: Callable[[int], bool]) -> bool:
    try:
        return check(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False
