"""Which command starts an app: setting, Procfile, its Dockerfile, or the project's only script."""

import shlex
from collections.abc import Iterator
from typing import Any

from .image_process import process_of_image
from .own_image import read_own_image
from .project_files import FileError, ProjectFiles, table
from .script_aliases import call_of

_PYPROJECT = "pyproject.toml"


def start_command(
    files: ProjectFiles, setting: str, web: str | None, installed: bool, dockerfile: str = "Dockerfile"
) -> tuple[str, str]:
    """The command and why.

    Args:
        files: the app's folder.
        setting: the setting start_command.
        web: the Procfile's `web:`; None without it.
        installed: whether the project's scripts are commands in the environment.
        dockerfile: the app's own Dockerfile, if there is one, whose CMD a process may run.

    Raises:
        FileError: if no source names one, with all that were examined.
    """
    if setting.strip():
        return setting.strip(), "the setting start_command"
    if web:
        return web, "`web:` in Procfile"
    looked_at = ""
    if files.has(dockerfile):
        try:
            return process_of_image(files, read_own_image(files.folder, dockerfile), dockerfile)
        except FileError as error:
            looked_at = f"{error}, "
    scripts = list(_scripts(files))
    if len(scripts) == 1:
        ((section, name, target),) = scripts
        reason = f"the only entry of [{section}] in {_PYPROJECT}"
        if installed:
            return shlex.quote(name), reason
        return call_of(files, name, target), f"{reason}, called directly since the project is not installed"
    image = ", or run its image with --runtime container (preflight: --runner container)" if looked_at else ""
    raise FileError(
        "nothing says how the app starts; looked at the setting start_command (not set), "
        f"{_looked_at_procfile(files)}{', ' if looked_at else ' and '}{looked_at}{'and ' if looked_at else ''}"
        f"{_looked_at_scripts(files, [name for _, name, _ in scripts])}; "
        f"set start_command, for example to: gunicorn --bind 0.0.0.0:$PORT app:app{image}"
    )


def _scripts(files: ProjectFiles) -> Iterator[tuple[str, str, str]]:
    """Section, name and target of every script, each name once."""
    project, names = files.toml(_PYPROJECT), set[str]()
    for section in ("tool.poetry.scripts", "project.scripts"):
        for name, target in table(project, *section.split(".")).items():
            if name not in names:
                names.add(name)
                yield section, name, _reference(target)


def _reference(target: Any) -> str:
    """Poetry also accepts `{reference = "module:function", type = "console"}`."""
    reference = table(target).get("reference", target)
    return reference if isinstance(reference, str) else ""


def _looked_at_procfile(files: ProjectFiles) -> str:
    return "Procfile (has no line `web:`)" if files.has("Procfile") else "Procfile (there is none)"


def _looked_at_scripts(files: ProjectFiles, names: list[str]) -> str:
    sections = f"[tool.poetry.scripts] and [project.scripts] of {_PYPROJECT}"
    if not files.has(_PYPROJECT):
        return f"{sections} (there is none)"
    return f"{sections} ({len(names)} entries: {', '.join(names)})" if names else f"{sections} (no entry)"
