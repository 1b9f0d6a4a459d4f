"""Sources of packages that an app declares for one package manager, and that another one does not read.

A name that such a source should provide comes from PyPI instead, where anyone may have registered it (dependency
confusion), and the build succeeds. A plan is therefore rejected if its package manager ignores a declared source. No
library reads the sources of all these tools.
"""

import re
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..project_files import ProjectFiles, items, table
from .requirements import normalized

_PYPROJECT = "pyproject.toml"
_PYPI = ("pypi.org", "pypi.python.org", "files.pythonhosted.org")
# Variables by which Hatch's environments configure pip and uv.
_INDEX_VARIABLES = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
)
# Keys of [tool.uv], and of uv.toml, that decide where packages come from, or which.
_UV_KEYS = (
    *("sources", "index", "index-url", "extra-index-url", "find-links", "no-index", "workspace"),
    *("constraint-dependencies", "override-dependencies", "exclude-newer"),
)
_FIXES = {
    "uv": "run `uv lock` and commit uv.lock",
    "poetry": "run `poetry lock` and commit poetry.lock",
    "pipenv": "run `pipenv lock` and commit Pipfile.lock",
    "pdm": "run `pdm export --output requirements.txt` and commit it",
    "rye": "run `rye lock --with-sources` and commit requirements.lock as requirements.txt",
    "hatch": "list the packages in a requirements.txt that has the index in a line `--index-url URL`",
}


class Source(NamedTuple):
    """A source that an app declares."""

    tool: str
    """The package manager that reads it."""
    file: str
    line: int
    where: str
    """The source as a message names it: a URL without a password, a path, or a workspace."""
    package: str = ""
    """Normalized name of the only package that comes from it; empty if any may."""
    is_index: bool = False
    """Whether it is an index, which pip reads in a requirements file."""


def uses_uv(files: ProjectFiles) -> bool:
    """Whether the project's packages depend on uv's own configuration, so that only uv installs what is meant."""
    project = files.toml(_PYPROJECT)
    configuration = {**table(project, "tool", "uv"), **files.toml("uv.toml")}
    return "project" in project and any(key in configuration for key in _UV_KEYS)


def unread_source_problems(
    files: ProjectFiles, manager: str, by_name: Collection[str], has_index: bool
) -> Iterator[str]:
    """Declared sources that the chosen package manager ignores, one sentence each.

    Args:
        files: the app's files.
        manager: the package manager that the plan has.
        by_name: normalized names of the packages that it gets from an index; none with a lock file, which has each
            package's source or hash.
        has_index: whether a requirements file names an index.
    """
    if manager == "uv":
        yield from _workspace_problems(files)
    for source in _sources(files) if by_name else ():
        if source.tool == manager or (source.is_index and has_index):
            continue
        if source.package and source.package not in by_name:
            continue
        subject = f"{source.package!r} would come" if source.package else "a package of the same name could come"
        installer = "pip" if manager in ("pip", "pyproject") else manager
        yield (
            f"{source.file}, line {source.line}: {installer} does not read this source, {source.where}, so {subject} from "
            f"PyPI; {_FIXES[source.tool]}."
        )


def _workspace_problems(files: ProjectFiles) -> Iterator[str]:
    """A member of a workspace, whose other members and lock file are outside of the app's folder."""
    uv = table(files.toml(_PYPROJECT), "tool", "uv")
    if "workspace" in uv:
        return
    for name, source in table(uv, "sources").items():
        if any(table(entry).get("workspace") is True for entry in _entries(source)):
            yield (
                f"{_PYPROJECT}, line {_line(files, name)}: {name!r} is in a workspace, which is not in the app's folder; set "
                "app to the workspace's folder, or run `uv export --no-emit-workspace --output-file requirements.txt` and add "
                f"{name!r} to it as a wheel or a Git URL."
            )


def _sources(files: ProjectFiles) -> Iterator[Source]:
    project = files.toml(_PYPROJECT)
    tools = table(project, "tool")
    yield from _uv(files, table(tools, "uv"))
    yield from _tables(files, "poetry", _PYPROJECT, table(tools, "poetry", "dependencies"))
    yield from _tables(files, "pipenv", "Pipfile", table(files.toml("Pipfile"), "packages"))
    yield from _hatch(files, table(tools, "hatch", "envs"))
    indexes: dict[tuple[str, str], Any] = {
        ("poetry", _PYPROJECT): table(tools, "poetry").get("source"),
        ("pdm", _PYPROJECT): table(tools, "pdm").get("source"),
        ("rye", _PYPROJECT): table(tools, "rye").get("sources"),
        ("pipenv", "Pipfile"): files.toml("Pipfile").get("source"),
    }
    for (tool, file), entries in indexes.items():
        # Poetry asks an explicit source only for packages that name it, which are among the tables above.
        yield from (
            _index(files, tool, file, str(table(entry).get("url", "")))
            for entry in items(entries)
            if table(entry).get("priority") != "explicit" and _is_private(str(table(entry).get("url", "")))
        )


def _uv(files: ProjectFiles, uv: dict[str, Any]) -> Iterator[Source]:
    for name, source in table(uv, "sources").items():
        for entry in _entries(source):
            where = _place(table(entry))
            if where:
                is_index = "index" in table(entry)
                yield Source("uv", _PYPROJECT, _line(files, name), where, normalized(name), is_index)
    for file, configuration in ((_PYPROJECT, uv), ("uv.toml", files.toml("uv.toml"))):
        entries = [entry for entry in items(configuration.get("index")) if not table(entry).get("explicit")]
        urls = [str(table(entry).get("url", "")) for entry in entries]
        for key in ("index-url", "extra-index-url", "find-links"):
            value = configuration.get(key)
            urls += [str(url) for url in items(value)] or ([str(value)] if isinstance(value, str) else [])
        yield from (_index(files, "uv", file, url) for url in urls if _is_private(url))


def _tables(files: ProjectFiles, tool: str, file: str, dependencies: dict[str, Any]) -> Iterator[Source]:
    """Dependencies of Poetry and Pipenv that name a path, a repository or an index."""
    for name, wanted in dependencies.items():
        for entry in _entries(wanted):
            where = _place(table(entry))
            if where:
                is_index = bool({"source", "index"} & table(entry).keys())
                yield Source(tool, file, _line(files, name, file), where, normalized(name), is_index)


def _hatch(files: ProjectFiles, environments: dict[str, Any]) -> Iterator[Source]:
    for environment in environments.values():
        variables = table(environment, "env-vars")
        for name in _INDEX_VARIABLES:
            yield from (
                _index(files, "hatch", _PYPROJECT, url)
                for url in str(variables.get(name, "")).split()
                if _is_private(url)
            )


def _index(files: ProjectFiles, tool: str, file: str, url: str) -> Source:
    line = files.line_of(file, f".*{re.escape(url)}")
    return Source(tool, file, line, f"the index {_without_password(url)}", is_index=True)


def _place(entry: dict[str, Any]) -> str:
    """Where a package comes from; empty for an ordinary version."""
    for key, phrase in (("path", "the folder "), ("file", ""), ("git", ""), ("url", "")):
        if key in entry:
            return phrase + _without_password(str(entry[key]))
    for key in ("index", "source"):
        if key in entry:
            return f"the index {entry[key]!r}"
    return "its workspace" if entry.get("workspace") is True else ""


def _entries(source: Any) -> list[Any]:
    """One source, or a list of those for different environments."""
    return items(source) or [source]


def _is_private(url: str) -> bool:
    return bool(url) and urlsplit(url).hostname not in _PYPI


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _line(files: ProjectFiles, name: str, file: str = _PYPROJECT) -> int:
    return files.line_of(file, rf"\s*[\"']?{re.escape(name)}[\"']?\s*=\s*[\[{{]")
