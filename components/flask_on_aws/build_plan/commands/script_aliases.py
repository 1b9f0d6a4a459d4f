"""Names that a package manager's `run` replaces by a command line: the scripts of Poetry, PDM, Hatch, Rye and Pipenv.

https://python-poetry.org/docs/pyproject/#scripts, https://pdm-project.org/latest/usage/scripts/,
https://hatch.pypa.io/latest/config/environment/overview/#scripts, https://rye.astral.sh/guide/pyproject/#toolryescripts,
https://pipenv.pypa.io/en/stable/scripts.html
"""

import re
import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..project_files import FileError, ProjectFiles, items, table

_PYPROJECT = "pyproject.toml"
_TARGET = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*(?:\[.*\])?\s*")
# PDM and Pipenv also call a function with arguments: `module:function('a', b=1)`.
_CALL = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\s*(\(.*\))?\s*", re.DOTALL)
_FIELD = re.compile(r"\{([a-z_]+)(?::([^{}]*))?\}")
# What a Hatch environment adds to the project's dependencies; a plan does not install it.
_HATCH_DEPENDENCIES = (
    "dependencies",
    "extra-dependencies",
    "features",
    "dependency-groups",
    "detached",
    "skip-install",
)


class Alias(NamedTuple):
    """What a name stands for."""

    line: str
    """The command line, for a shell."""
    names: bool = False
    """Whether its commands may be names of the same package manager, without `run`."""
    variables: tuple[str, ...] = ()
    """Variables that it sets, NAME=value."""


def alias(files: ProjectFiles, runner: str, name: str, arguments: str, installed: bool) -> Alias | None:
    """What `RUNNER run NAME ARGUMENTS` runs in the place of NAME; None for a program of the environment.

    Args:
        files: the app's folder.
        runner: poetry, pipenv, pdm, uv, hatch, rye, conda, mamba or micromamba.
        name: the first word of the command.
        arguments: the rest of the command as it is written.
        installed: whether the project's scripts are programs of the environment.

    Raises:
        FileError: for a script that has no equivalent in an image.
    """
    find = {"pdm": _pdm, "hatch": _hatch, "rye": _rye, "pipenv": _pipenv}.get(runner)
    if find and (found := find(files, name, arguments)):
        return found
    call = None if installed else entry_point_call(files, name)
    return Alias(f"{call} {arguments}".strip()) if call else None


def entry_point_call(files: ProjectFiles, name: str) -> str | None:
    """The command line that does what the project's script of this name does, without its being installed."""
    project = files.toml(_PYPROJECT)
    for section in (("tool", "poetry", "scripts"), ("project", "scripts")):
        target = table(project, *section).get(name)
        if isinstance(target, str):
            return call_of(files, name, target)
        if reference := table(target).get("reference"):
            is_file = table(target).get("type") == "file"
            return f"./{reference}" if is_file else call_of(files, name, str(reference))
    return None


def entry_point_target(target: str) -> tuple[str, str] | None:
    """Module and function of an entry point, `module:function`; None for any other text."""
    match = _TARGET.fullmatch(target)
    return (match[1], f"{match[2]}{match[3]}") if match else None


def call_of(files: ProjectFiles, name: str, target: str) -> str:
    """The command line that calls the function of an entry point.

    Raises:
        FileError: for a target that names no function.
    """
    match = _TARGET.fullmatch(target)
    if not match:
        raise FileError(
            f"{_PYPROJECT}, line {_line(files, name)}: {target!r} must be a module, a colon and a function."
        )
    module, first, rest = match.groups()
    return f"python -c 'import sys; from {module} import {first}; sys.exit({first}{rest}())'"


def _pipenv(files: ProjectFiles, name: str, arguments: str) -> Alias | None:
    script = table(files.toml("Pipfile"), "scripts").get(name)
    if script is None:
        return None
    line = str(script) if isinstance(script, str) else _function(table(script).get("call"))
    return _given(files, "Pipfile", name, line, arguments)


def _rye(files: ProjectFiles, name: str, arguments: str) -> Alias | None:
    script = table(files.toml(_PYPROJECT), "tool", "rye", "scripts").get(name)
    if script is None:
        return None
    if chain := items(table(script).get("chain")):
        return Alias(" && ".join(_words(part) for part in chain), names=True)
    line = _function(table(script).get("call")) or _words(table(script).get("cmd") or script)
    return _given(files, _PYPROJECT, name, line, arguments, table(script))


def _pdm(files: ProjectFiles, name: str, arguments: str) -> Alias | None:
    scripts = table(files.toml(_PYPROJECT), "tool", "pdm", "scripts")
    script = scripts.get(name)
    if script is None or name.startswith("_"):
        return None
    shared, own = table(scripts.get("_")), table(script)
    settings: dict[str, Any] = {**shared, **own, "env": {**table(shared, "env"), **table(own, "env")}}
    if composite := items(own.get("composite")):
        parts = [_with_arguments(str(part), arguments, append=False) for part in composite]
        return Alias(" && ".join(parts), True, _variables(settings["env"]))
    line = _function(own.get("call")) or str(own.get("shell") or "") or _words(own.get("cmd") or script)
    return _given(files, _PYPROJECT, name, line, arguments, settings)


def _given(
    files: ProjectFiles, file: str, name: str, line: str, arguments: str, settings: Mapping[str, Any] | None = None
) -> Alias:
    """The line of a script with its arguments and settings."""
    settings = settings or {}
    for key in ("env_file", "env-file"):
        if settings.get(key):
            raise FileError(
                f"{file}, line {_line(files, name, file)}: {name!r} reads variables from a file ({key}), which the stack "
                "does not; set them in env and secret_values, and write the script's command instead of its name."
            )
    if not line:
        raise FileError(
            f"{file}, line {_line(files, name, file)}: {name!r} is not a command line; write the command to run instead "
            "of the script's name."
        )
    whole = _with_arguments(line.replace("{pdm}", "pdm"), arguments)
    folder = str(settings.get("working_dir") or "")
    line = f"cd {shlex.quote(folder)} && {whole}" if folder else whole
    return Alias(line, variables=_variables(table(settings, "env")))


def _variables(values: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(f"{name}={value}" for name, value in values.items())


def _with_arguments(line: str, arguments: str, append: bool = True) -> str:
    """A line with `{args}` or `{args:default}` replaced, or the arguments at its end."""
    fields = list(re.finditer(r"\{args(?::([^{}]*))?\}", line))
    if not fields:
        return f"{line} {arguments}".strip() if append else line
    for field in reversed(fields):
        line = line[: field.start()] + (arguments or field[1] or "") + line[field.end() :]
    return line.strip()


def _hatch(files: ProjectFiles, name: str, arguments: str) -> Alias | None:
    """A script of the environment `default`, or `environment:script`."""
    environment, colon, script = name.rpartition(":")
    settings = table(files.toml(_PYPROJECT), "tool", "hatch", "envs", environment or "default")
    settings = settings or table(files.toml("hatch.toml"), "envs", environment or "default")
    if colon and not _is_name(environment):
        return None
    if colon and environment != "default" and any(settings.get(key) for key in _HATCH_DEPENDENCIES):
        raise FileError(
            f"{_PYPROJECT}, line {_line(files, environment)}: Hatch's environment {environment!r} has dependencies of its "
            "own, and an image contains only those of the project; add them to [project] dependencies, and use the "
            "environment `default`."
        )
    commands = table(settings, "scripts").get(script)
    if colon and commands is None and environment != "default":
        default = table(files.toml(_PYPROJECT), "tool", "hatch", "envs", "default", "scripts")
        commands = default.get(script)
    if commands is None:
        return Alias(f"{script} {arguments}".strip()) if colon else None
    lines = [str(line) for line in (items(commands) or [commands])]
    parts = [_hatch_line(files, script, line, arguments) for line in lines]
    whole = " && ".join(f"{part} || :" if ignores else part for part, ignores in parts)
    return Alias(whole, True, _variables(table(settings, "env-vars")))


def _hatch_line(files: ProjectFiles, name: str, line: str, arguments: str) -> tuple[str, bool]:
    """A line with its fields replaced, and whether its failure is ignored: https://hatch.pypa.io/latest/config/context/."""
    ignores = line.startswith("- ")
    line = line.removeprefix("- ").strip()

    def value(match: re.Match[str]) -> str:
        field, modifier = match[1], match[2]
        if field == "args":
            return arguments or modifier or ""
        if field == "root" and not modifier:
            return "."
        if field == "env" and modifier:
            variable, colon, default = modifier.partition(":")
            return f"${{{variable}:-{default}}}" if colon else f"${{{variable}}}"
        raise FileError(
            f"{_PYPROJECT}, line {_line(files, name)}: {match[0]!r} in the script {name!r} has a value only in Hatch; write "
            "the command to run instead of the script's name."
        )

    return _FIELD.sub(value, line).strip(), ignores


def _function(target: Any) -> str:
    """The command line that calls a function as PDM, Rye and Pipenv write it; a module alone is run."""
    if not isinstance(target, str):
        return ""
    match = _CALL.fullmatch(target)
    if not match:
        return f"python -m {target.strip()}" if re.fullmatch(r"\s*[A-Za-z_][\w.]*\s*", target) else ""
    module, first, rest, arguments = match.groups()
    statement = f"import sys; from {module} import {first}; sys.exit({first}{rest}{arguments or '()'})"
    return f"python -c {shlex.quote(statement)}"


def _words(command: Any) -> str:
    """A command as text or as a list of words."""
    if words := items(command):
        return shlex.join(map(str, words))
    return command if isinstance(command, str) else ""


def _is_name(text: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*", text) is not None


def _line(files: ProjectFiles, name: str, file: str = _PYPROJECT) -> int:
    return files.line_of(file, rf"\s*(?:\[.*\b)?['\"]?{re.escape(name)}\b")
