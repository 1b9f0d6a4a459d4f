"""The packages of a repository that its program imports from the environment, taken from a worktree instead."""

import importlib.metadata
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit


def python_path(repository: Path, worktree: Path) -> str:
    """PYTHONPATH of a program in a worktree.

    The environment has packages of the repository's working tree, such as after `pip install -e ./components`. The
    program of another commit needs those of that commit. This process and the program have the same environment.

    Args:
        repository: the folder of the repository that the environment was made from.
        worktree: the folder of the repository whose packages the program imports.
    """
    folders = dict.fromkeys((*_package_folders(repository), *_import_folders(repository)))
    here = [str(worktree / folder) for folder in folders if (worktree / folder).is_dir()]
    inherited = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    others = [path for path in inherited if not Path(path).resolve().is_relative_to(repository)]
    return os.pathsep.join([*here, *others])


def _package_folders(repository: Path) -> Iterator[Path]:
    """The folders of installed packages, relative to the repository."""
    for distribution in importlib.metadata.distributions():
        origin = distribution.read_text("direct_url.json")
        url = urlsplit(str(json.loads(origin).get("url", ""))) if origin else None
        if url and url.scheme == "file":
            folder = Path(unquote(url.path)).resolve()
            for source in (folder / "src", folder):
                if source.is_dir() and source.is_relative_to(repository):
                    yield source.relative_to(repository)
                    break


def _import_folders(repository: Path) -> Iterator[Path]:
    """The folders of the import path, relative to the repository; the environment itself is not one."""
    for path in sys.path:
        folder = Path(path).resolve()
        if path and folder.is_relative_to(repository) and not folder.is_relative_to(sys.prefix):
            yield folder.relative_to(repository)
