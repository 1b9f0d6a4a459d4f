"""The line that a finding is about: that of the setting in Pulumi.<stack>.yaml, else that of the program."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import yaml

from ...pulumi_engine import Resource
from ...pulumi_engine.program.project import Project
from ..model import Finding

_ENVIRONMENT = "environment"


class Locations:
    """The lines of a project.

    Args:
        project: the program and its configuration.
        repository: the folder that paths are relative to.
        resources: those of the program, with the lines that create them.
    """

    def __init__(self, project: Project, repository: Path, resources: Iterable[Resource]) -> None:
        self._repository = repository.resolve()
        self._calls = {resource.urn: resource.calls for resource in resources}
        file = project.root / f"Pulumi.{project.stack}.yaml"
        self._file = self._relative(file)
        self._lines = _lines(file, project.name)

    def place(self, finding: Finding) -> dict[str, Any]:
        """`file` and `line` of a finding."""
        if finding.setting in self._lines:
            return {"file": self._file, "line": self._lines[finding.setting]}
        for file, line in self._calls.get(finding.urn, ()):
            if Path(file).resolve().is_relative_to(self._repository):
                return {"file": self._relative(Path(file)), "line": line}
        # The file that has the settings of the stack, and where a new one would be.
        return {"file": self._file, "line": self._lines.get(_ENVIRONMENT, 1)}

    def _relative(self, path: Path) -> str:
        resolved = path.resolve()
        is_inside = resolved.is_relative_to(self._repository)
        return resolved.relative_to(self._repository).as_posix() if is_inside else resolved.as_posix()


def _lines(file: Path, project: str) -> dict[str, int]:
    """Name of a setting → its line, from 1."""
    try:
        node = cast(Any, yaml).compose(file.read_text("utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return {}
    for key, value in _entries(node):
        if key.value == "config":
            pattern = re.compile(rf"(?:{re.escape(project)}:)?(\w+)")
            named = [(pattern.fullmatch(name.value), name) for name, _ in _entries(value)]
            return {match[1]: name.start_mark.line + 1 for match, name in named if match}
    return {}


def _entries(node: Any) -> list[tuple[Any, Any]]:
    return cast(list[tuple[Any, Any]], node.value) if isinstance(node, yaml.MappingNode) else []
