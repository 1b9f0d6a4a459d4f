"""Scripts with the line endings of Windows, which Linux does not run: the carriage return belongs to the interpreter's name."""

import posixpath
import re
import shlex
from collections.abc import Iterator, Sequence

from ...runtime_contract.shell_words import commands
from ..own_image.entry_point import script_text
from ..own_image.own_image import OwnImage
from ..own_image.programs import SHELLS, wrapped
from ..project_files import FileError, ProjectFiles

_SOURCES = (".", "source")
_KEYWORDS = ("exec", "command", "time", "if", "then", "else", "do", "!", "{")
# What a Dockerfile converts scripts with: dos2unix, or an expression with \r such as that of sed or tr.
_CONVERTS = re.compile(r"dos2unix|\\r|fromdos")


def command_line_problems(files: ProjectFiles, line: str) -> Iterator[str]:
    """One sentence for each script in the app's folder that a command line runs and Linux does not."""
    for program in dict.fromkeys(_programs_of(line)):
        name = posixpath.normpath(program)
        if "/" in program and not name.startswith(("..", "/")) and files.has(name):
            yield from _problems(name, _text(files, name))


def image_problems(files: ProjectFiles, image: OwnImage, dockerfile: str) -> Iterator[str]:
    """The same for ENTRYPOINT and CMD of the app's own Dockerfile, unless it converts scripts."""
    if _CONVERTS.search(_text(files, dockerfile)):
        return
    stage = image.stage
    for words in filter(None, (stage.entry_point, stage.command)):
        programs = _programs_of(words.line) if words.line else _programs(words.argv)
        for program in dict.fromkeys(programs):
            text, name = script_text(files, stage, program)
            yield from _problems(name, text or "")


def _text(files: ProjectFiles, name: str) -> str:
    try:
        return files.text(name)
    except FileError:
        return ""  # a program, not a script


def _problems(name: str, text: str) -> Iterator[str]:
    first = text.split("\n", 1)[0]
    is_shell = name.endswith(".sh") or re.match(r"#!.*sh\b", first)
    if (first.startswith("#!") and first.endswith("\r")) or (is_shell and "\r\n" in text):
        yield (
            f"{name} has the line endings of Windows, with which Linux does not run it; convert it with "
            f"`dos2unix {shlex.quote(name)}`, and have Git keep them with the line `{name} text eol=lf` in .gitattributes."
        )


def _programs_of(line: str) -> Iterator[str]:
    """The programs and scripts that a command line runs; none of a line that cannot be read."""
    for command in commands(line) or ():
        words = [word.value for word in command.words[command.program :]]
        while words and words[0] in _KEYWORDS:
            words = words[1:]
        yield from _programs(words)


def _programs(words: Sequence[str]) -> Iterator[str]:
    """The same of the words of one command; scripts of a shell are relative to the folder, whatever PATH has."""
    rest: Sequence[str] | None = words
    while rest:
        yield rest[0]
        if posixpath.basename(rest[0]) in SHELLS or rest[0] in _SOURCES:
            script = next((word for word in rest[1:] if not word.startswith(("-", "+"))), "")
            is_line = any(re.fullmatch(r"-\w*c", word) for word in rest[1:2])
            yield from _programs_of(script) if is_line else [posixpath.join(".", script)]
        rest = wrapped(rest)
