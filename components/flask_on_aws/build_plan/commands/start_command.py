"""Which command starts an app: setting, Procfile, its Dockerfile, or the project's only script if that is a server."""

import shlex
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

from ..app_code.proposal import Proposal, propose
from ..app_code.python_code import Code
from ..app_code.server_calls import ServerCalls, Starts
from ..own_image.image_process import process_of_image
from ..own_image.own_image import ImageTargetError, read_own_image
from ..plan_values import PlanSettings
from ..project_files import FileError, ProjectFiles, table
from .script_aliases import call_of, entry_point_target

_PYPROJECT = "pyproject.toml"


class NoStartCommandError(FileError):
    """Nothing says how the app starts; with a proposal."""

    def __init__(self, sentence: str, proposal: Proposal) -> None:
        super().__init__(sentence)
        self.proposal = proposal


class _Script(NamedTuple):
    """A script of the project, and what its code does."""

    section: str
    name: str
    target: str
    starts: Starts
    place: str
    """Where its code is; empty if that is not in the folder."""


def start_command(
    files: ProjectFiles,
    settings: PlanSettings,
    web: str | None,
    installed: bool,
    packages: Collection[str] = (),
) -> tuple[str, str]:
    """The command and why.

    Args:
        files: the app's folder.
        settings: the setting start_command, and the app's own Dockerfile, whose CMD a process may run.
        web: the Procfile's `web:`; None without it.
        installed: whether the project's scripts are commands in the environment.
        packages: normalized names of the app's dependencies, for a proposal.

    Raises:
        NoStartCommandError: if no source names one, with all that were examined, and a proposal.
    """
    if command := settings.start_command.strip():
        return command, "the setting start_command"
    if web:
        return web, "`web:` in Procfile"
    looked_at = ""
    if files.has(settings.dockerfile):
        try:
            image = read_own_image(files.folder, settings.dockerfile, settings.dockerfile_target)
            return process_of_image(files, image, settings.dockerfile)
        except ImageTargetError:
            raise
        except FileError as error:
            looked_at = f"{error}, "
    scripts = list(_scripts(files))
    if len(scripts) == 1 and scripts[0].starts is Starts.ALWAYS:
        return _command(files, scripts[0], installed), _reason(scripts[0], installed)
    proposal = _proposal(files, scripts, packages, installed)
    image = ", or run its image with --runtime container (preflight: --runner container)" if looked_at else ""
    write = ", or run `flask-on-aws plan --write-procfile` in the app's folder" if proposal.command else ""
    sentence = (
        "nothing says how the app starts; looked at the setting start_command (not set), "
        f"{_looked_at_procfile(files)}{', ' if looked_at else ' and '}{looked_at}{'and ' if looked_at else ''}"
        f"{_looked_at_scripts(files, scripts)}; {proposal.sentence}{write}{image}"
    )
    raise NoStartCommandError(sentence, proposal)


def _proposal(
    files: ProjectFiles, scripts: Collection[_Script], packages: Collection[str], installed: bool
) -> Proposal:
    """The application of the code, else a script that is a server or may be one."""
    proposal = propose(files, packages, installed)
    if proposal.command:
        return proposal
    servers = [script for script in scripts if script.starts is Starts.ALWAYS]
    servers = servers or [script for script in scripts if script.starts in (Starts.UNSEEN, Starts.SOMETIMES)]
    if len(servers) != 1:
        return proposal
    (script,) = servers
    return Proposal(_command(files, script, installed), f"if {script.name} of [{script.section}] starts a server")


def _command(files: ProjectFiles, script: _Script, installed: bool) -> str:
    return shlex.quote(script.name) if installed else call_of(files, script.name, script.target)


def _reason(script: _Script, installed: bool) -> str:
    reason = f"the only entry of [{script.section}] in {_PYPROJECT}, which {script.starts.value} ({script.place})"
    return reason if installed else f"{reason}, called directly since the project is not installed"


def _scripts(files: ProjectFiles) -> Iterator[_Script]:
    """Every script, each name once."""
    project, names, calls = files.toml(_PYPROJECT), set[str](), ServerCalls(files.once(Code))
    for section in ("tool.poetry.scripts", "project.scripts"):
        for name, target in table(project, *section.split(".")).items():
            if name not in names:
                names.add(name)
                reference = _reference(target)
                parts = entry_point_target(reference)
                starts, place = calls.entry_point(*parts) if parts else (Starts.UNSEEN, "")
                yield _Script(section, name, reference, starts, place)


def _reference(target: Any) -> str:
    """Poetry also accepts `{reference = "module:function", type = "console"}`."""
    reference = table(target).get("reference", target)
    return reference if isinstance(reference, str) else ""


def _looked_at_procfile(files: ProjectFiles) -> str:
    return "Procfile (has no line `web:`)" if files.has("Procfile") else "Procfile (there is none)"


def _looked_at_scripts(files: ProjectFiles, scripts: Collection[_Script]) -> str:
    sections = f"[tool.poetry.scripts] and [project.scripts] of {_PYPROJECT}"
    if not files.has(_PYPROJECT):
        return f"{sections} (there is none)"
    if len(scripts) == 1:
        (script,) = scripts
        return f"{sections} (1 entry: {script.name}, which {script.starts.value}{script.place and f': {script.place}'})"
    names = ", ".join(script.name for script in scripts)
    return f"{sections} ({len(scripts)} entries: {names})" if scripts else f"{sections} (no entry)"
