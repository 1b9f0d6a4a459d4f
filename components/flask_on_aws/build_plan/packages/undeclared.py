"""Where the app's packages may be listed if none of the files that are read is in its folder."""

import re
from collections.abc import Collection, Iterator

from ..project_files import ProjectFiles

# Of several requirements files, the one for production; a file such as dev.txt usually includes it.
_PRODUCTION = ("production", "prod", "deploy", "requirements", "base", "common", "main", "web", "app")
_DEVELOPMENT = re.compile(r"dev|test|lint|doc|ci\b|local|constraint|freeze", re.IGNORECASE)
# Folders below the app's whose files describe something else.
_SKIPPED = re.compile(
    r"\..*|_.*|node_modules|v?env|tests?|docs?|examples?|migrations|static|templates|build|dist|vendor"
)


def where_packages_may_be(files: ProjectFiles, read: Collection[str]) -> str:
    """What to write so that they are found, as the end of a sentence; empty if nothing seems to list them.

    Args:
        files: the app's folder.
        read: the names of the files that are read.
    """
    if texts := list(_names(files, ".txt")):
        more = f" (or another of {', '.join(texts)})" if len(texts) > 1 else ""
        return f"write a requirements.txt with the line `-r {_production(texts)}`{more}"
    if sources := list(_names(files, ".in")):
        source = _production(sources)
        return f"{source} has no versions; write them with `uv pip compile {source} -o requirements.txt`"
    if project := next((name for name in ("setup.py", "setup.cfg") if files.has(name)), ""):
        return f"{project} describes a package; write a requirements.txt with the line `.`, which installs it"
    if files.has("environment.yaml"):
        return "rename environment.yaml to environment.yml"
    if below := sorted(_below(files, read)):
        folders = ", ".join(f"{folder} (it has {name})" for folder, name in below)
        return f"if the app is in a folder below, give that one, by the setting app or as an argument: {folders}"
    return ""


def _names(files: ProjectFiles, suffix: str) -> Iterator[str]:
    patterns = (f"requirements*{suffix}", f"requirements/*{suffix}", f"requirements/*/*{suffix}", f"reqs*{suffix}")
    for pattern in patterns:
        for path in sorted(files.folder.glob(pattern)):
            name = path.relative_to(files.folder).as_posix()
            if path.is_file() and not _DEVELOPMENT.search(name):
                yield name


def _production(names: Collection[str]) -> str:
    def rank(name: str) -> int:
        return next((at for at, word in enumerate(_PRODUCTION) if word in re.sub(r"^requirements/", "", name)), 99)

    return min(names, key=rank)


def _below(files: ProjectFiles, read: Collection[str]) -> Iterator[tuple[str, str]]:
    for pattern in ("*", "*/*"):  # as in backend/ and apps/web/
        for folder in files.folder.glob(pattern):
            relative = folder.relative_to(files.folder)
            if folder.is_dir() and not any(_SKIPPED.fullmatch(part) for part in relative.parts):
                found = next((name for name in read if (folder / name).is_file()), "")
                if found:
                    yield relative.as_posix(), found
