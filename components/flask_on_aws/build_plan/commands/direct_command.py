"""Commands without the package manager that would run them: `poetry run gunicorn …` is `gunicorn …` in an image.

An image contains one environment, which is on PATH, and no package manager. A command that is not the same without one is
rejected.
"""

import posixpath
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ...runtime_contract.shell_words import OPENING_WORDS, Command, Word, commands
from ..own_image.programs import SHELLS, wrapped
from ..project_files import FileError, ProjectFiles
from .runner_options import RUNNERS, Option
from .script_aliases import alias

# Scripts that run scripts; more are a cycle.
_MOST_ALIASES = 8


_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
# A program of the developer's own environment, which is never part of an image.
_OF_ENVIRONMENT = re.compile(r"(?:\./)?(?:\.?venv|\.?env|\.?virtualenv)/bin/([\w.+-]+)")
_INLINE_METADATA = re.compile(r"^# /// script\s*$", re.MULTILINE)


class DirectCommand(NamedTuple):
    """A command line without runners."""

    line: str
    removed: tuple[str, ...] = ()
    """What was removed, such as `poetry run`."""

    def reason(self, reason: str) -> str:
        """The reason of a decision with what was removed."""
        if not self.removed:
            return reason
        names = " and ".join(f"`{name}`" for name in dict.fromkeys(self.removed))
        return f"{reason}, without {names}: packages are on the image's PATH"


def direct_command(files: ProjectFiles, line: str, place: str, installed: bool) -> DirectCommand:
    """A command line as an image runs it.

    Args:
        files: the app's folder.
        line: the command line, for a shell.
        place: where it comes from, with which an error begins: a setting, or a file with its line.
        installed: whether the project's scripts are programs of the environment.

    Raises:
        FileError: if a command is not the same without its runner.
    """
    rewriter = _Rewriter(files, place, installed)
    return DirectCommand(rewriter.line(line.strip()), tuple(rewriter.removed))


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


class _Run(NamedTuple):
    """`RUNNER run` before a command."""

    rest: int
    """Index of the command among the words."""
    is_module: bool = False
    folder: str = ""
    variables: tuple[str, ...] = ()
    environment: str = ""


class _Rewriter:
    def __init__(self, files: ProjectFiles, place: str, installed: bool) -> None:
        self._files, self._place, self._installed = files, place, installed
        self.removed: list[str] = []

    def line(self, text: str, depth: int = 0, runner: str = "") -> str:
        """A line without runners; with a runner, its commands may be scripts of it."""
        parts = commands(text) or []
        if depth > _MOST_ALIASES:
            raise self._error(f"`{text}` runs itself; write the command to run instead of the script's name")
        edits = [self._edit(text, part, depth, runner, len(parts) == 1) for part in parts]
        for edit in reversed(edits):
            if edit:
                text = text[: edit.start] + edit.text + text[edit.end :]
        return text

    def _edit(self, text: str, part: Command, depth: int, runner: str, alone: bool) -> _Edit | None:
        words, index = part.words, part.program
        while index < len(words) and (words[index].text in OPENING_WORDS or _ASSIGNMENT.match(words[index].text)):
            index += 1
        if runner and index < len(words):
            return self._alias(text, words, index, index, _Run(index), runner, depth, alone and index == 0)
        while index < len(words):
            rest = words[index:]
            values = [word.value for word in rest]
            name = posixpath.basename(values[0])
            if re.fullmatch(r"python[\d.]*", name) and values[1:2] == ["-m"] and values[2:3] and values[2] in RUNNERS:
                return self._runner(text, words, index, 2, depth, alone)
            if name in RUNNERS:
                return self._runner(text, words, index, 0, depth, alone)
            if values[0] in (".", "source") and _OF_ENVIRONMENT.fullmatch(" ".join(values[1:2])):
                self.removed.append(f"{values[0]} {values[1]}")
                return _Edit(rest[0].start, rest[1].end, ":")
            if program := _OF_ENVIRONMENT.fullmatch(values[0]):
                self.removed.append(values[0].removesuffix(program[1]))
                return _Edit(rest[0].start, rest[0].end, program[1])
            following = wrapped(values)
            if not following:
                return self._shell(rest, depth) if name in SHELLS else None
            index += len(values) - len(following)
        return None

    def _shell(self, words: Sequence[Word], depth: int) -> _Edit | None:
        """`sh -c LINE`."""
        option = next((n for n, word in enumerate(words) if n and re.fullmatch(r"-\w*c", word.value)), 0)
        if not option or option + 1 >= len(words):
            return None
        word = words[option + 1]
        quote = word.text[0] if re.fullmatch(r"'[^']*'|\"[^\"\\]*\"", word.text) else ""
        inner = word.text[1:-1] if quote else word.value
        made = self.line(inner, depth)
        if made == inner:
            return None
        return _Edit(
            word.start, word.end, f"{quote}{made}{quote}" if quote and quote not in made else shlex.quote(made)
        )

    def _runner(
        self, text: str, words: Sequence[Word], start: int, skipped: int, depth: int, alone: bool
    ) -> _Edit | None:
        """The command from its runner on; `skipped` words precede the runner's name."""
        at = start + skipped
        values = [word.value for word in words[at:]]
        runner = posixpath.basename(values[0])
        run = self._run(runner, values)
        if run is None:
            return None
        if run.rest >= len(values):
            raise self._error(f"`{' '.join(values)}` runs no command; write the command that starts the app")
        self.removed.append(f"{runner} run")
        return self._alias(text, words, start, at + run.rest, run, runner, depth, alone and start == 0)

    def _run(self, runner: str, values: Sequence[str]) -> _Run | None:
        """What stands between a runner and the command; None for another subcommand, which is left alone."""
        options, installs = RUNNERS[runner]
        run, index = self._options(runner, options, values, 1, _Run(0))
        subcommand = values[index] if index < len(values) else ""
        if runner == "uvx" or (runner, subcommand) in (("uv", "tool"), ("pipx", "run")):
            raise self._error(
                f"`{' '.join(values[: index + 1])}` installs a program when the command runs; add it to the app's "
                "dependencies, and write its name alone"
            )
        if subcommand == "run":
            run, index = self._options(runner, options, values, index + 1, run)
            return run._replace(rest=index)
        if subcommand in installs:
            raise self._error(
                f"`{runner} {subcommand}` does not run: the image does not contain {runner}, and packages are installed "
                "when it is built; remove it from the command"
            )
        if runner == "pdm" and subcommand and alias(self._files, runner, subcommand, "", self._installed):
            return run._replace(rest=index)  # `pdm start` is short for `pdm run start`
        return None

    def _options(
        self, runner: str, options: Mapping[str, Option], values: Sequence[str], index: int, run: _Run
    ) -> tuple[_Run, int]:
        while index < len(values) and values[index].startswith("-"):
            if values[index] == "--":
                return run, index + 1
            name, equals, value = values[index].partition("=")
            option = options.get(name)
            if option is Option.MODULE:
                return run._replace(is_module=True), index + 1
            index += 1
            if option is None:
                continue
            if isinstance(option.value, str):
                raise self._error(f"`{runner} run {name}` {option.value}")
            if not equals:
                value = values[index] if index < len(values) else ""
                index += 1
            run = self._with(runner, run, name, option, value)
        return run, index

    def _with(self, runner: str, run: _Run, name: str, option: Option, value: str) -> _Run:
        if option is Option.PROJECT and posixpath.normpath(value) not in (".", "pyproject.toml"):
            raise self._error(
                f"`{runner} {name} {value}` uses the project in {value}, and the packages of the app's folder are "
                f"installed; set app to the folder of that project, and remove the option"
            )
        if option is Option.FOLDER:
            return run._replace(folder="" if posixpath.normpath(value) == "." else value)
        if option is Option.VARIABLE:
            return run._replace(variables=(*run.variables, value))
        if option is Option.ENVIRONMENT:
            return run._replace(environment=value)
        return run

    def _alias(
        self, text: str, words: Sequence[Word], start: int, at: int, run: _Run, runner: str, depth: int, alone: bool
    ) -> _Edit | None:
        """The command at a word in place of the words from `start` on, with a script's command line for its name."""
        name, end = words[at].value, words[-1].end
        arguments = text[words[at + 1].start : end] if at + 1 < len(words) else ""
        line = text[words[at].start : end]
        if run.is_module:
            line = f"python -m {line}"
        elif runner == "uv" and name.endswith((".py", ".pyw")):
            if _INLINE_METADATA.search(self._files.text(name)):
                raise self._error(f"`uv run {name}` {Option.SCRIPT.value}")
            line = f"python {line}"
        elif runner == "hatch" and re.match(r"[+-]", name):
            raise self._error(f"`hatch run {name}` {Option.OTHER_ENVIRONMENT.value}")
        else:
            script = f"{run.environment}:{name}" if run.environment and ":" not in name else name
            found = alias(self._files, runner, script, arguments, self._installed)
            if found:
                line = self.line(found.line, depth + 1, runner if found.names else "")
                run = run._replace(variables=(*run.variables, *found.variables))
            elif start == at:
                return self._edit(text, Command(tuple(words), "", ""), depth, "", alone)
            else:
                line = self.line(line, depth + 1)
        line = _in_place(line, run, alone)
        return _Edit(words[start].start, end, line)

    def _error(self, reason: str) -> FileError:
        return FileError(f"{self._place}: {reason}." if self._place else f"{reason}.")


def _in_place(line: str, run: _Run, alone: bool) -> str:
    """A line in the place of a command, with the folder and the variables of its runner."""
    if run.folder:
        line = f"cd {shlex.quote(run.folder)} && {line}"
    parts = commands(line)
    is_simple = parts is not None and len(parts) == 1 and parts[0].is_simple and not parts[0].assigns
    if not is_simple and (run.variables or not alone):
        line = f"sh -c {shlex.quote(line)}"
    return f"env {' '.join(map(shlex.quote, run.variables))} {line}" if run.variables else line
