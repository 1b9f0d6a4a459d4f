"""What an own Dockerfile's image starts, as a command line for a process of this machine, without the container."""

import posixpath
import re
import shlex
from collections.abc import Sequence

from ..commands.direct_command import direct_command
from ..project_files import FileError, ProjectFiles
from .dockerfile_stage import Stage, expand
from .own_image import OwnImage
from .programs import SHELLS, wrapped

# The contract's variable, which a task gives another value than the image.
_PORT = "PORT"
# Folders that a process has as well as a container.
_EVERYWHERE = re.compile(r"/(?:tmp|dev|proc)(?:/|$)")
_PATH = re.compile(r"(?<![\w./:$}~\\-])/(?!/)[\w.+-]+(?:/[\w.+-]*)*")


def process_of_image(files: ProjectFiles, image: OwnImage, dockerfile: str) -> tuple[str, str]:
    """The command line, and where it comes from.

    An ENTRYPOINT that only runs its arguments, such as tini or a script that ends in `exec "$@"`, is left out.

    Args:
        files: the app's folder.
        image: what the Dockerfile says.
        dockerfile: its name.

    Raises:
        FileError: if the image starts nothing that a process can be; the text follows "looked at".
    """
    stage, entry = image
    command = stage.command
    if entry.argv and entry.runs_command is not True:
        source = "ENTRYPOINT and CMD" if command else "ENTRYPOINT"
        words: Sequence[str] = (*entry.argv, *(command.argv if command else ()))
        line = stage.entry_point.line if stage.entry_point else ""
    else:
        source, words, line = "CMD", command.argv if command else (), command.line if command else ""
    if not words:
        raise FileError(f"{dockerfile} (it has no CMD)")
    ordinary = _line(files, stage, line) if line else _words(files, stage, words)
    if isinstance(ordinary, _Reason):
        raise FileError(f"the {source} of {dockerfile} ({shlex.join(words)}: {ordinary})")
    return ordinary, f"the {source} of {dockerfile}"


class _Reason(str):
    """Why a command cannot be a process."""

    __slots__ = ()


def _words(files: ProjectFiles, stage: Stage, words: Sequence[str]) -> str | _Reason:
    joined = shlex.join(words)
    direct = _direct(files, joined)
    if direct != joined:
        return direct if isinstance(direct, _Reason) else _line(files, stage, direct)
    rest = list(words)
    while following := wrapped(rest):
        rest = following
    is_line = posixpath.basename(rest[0]) in SHELLS and len(rest) > 2 and re.fullmatch(r"-\w*c", rest[1])
    if is_line:
        return _line(files, stage, rest[2])
    folder, name = posixpath.split(rest[0])
    if folder and posixpath.basename(folder) in ("bin", "sbin"):
        rest[0] = name  # of an environment, which is another here
    elif folder and name not in SHELLS:
        where = "" if files.has(_relative(stage, rest[0])) else ", which is not in the folder"
        return _Reason(f"{rest[0]} is a script or program of the image{where}")
    elif name in SHELLS:
        return _Reason("it is a script of the image")
    return _local(stage, shlex.join(rest))


def _direct(files: ProjectFiles, line: str) -> str | _Reason:
    """A line without the package manager that would run it; scripts of the project are called, installed or not."""
    try:
        return direct_command(files, line, "", installed=False).line
    except FileError as error:
        return _Reason(str(error).rstrip("."))


def _line(files: ProjectFiles, stage: Stage, line: str) -> str | _Reason:
    """A command line of a shell, with the variables of the image."""
    direct = _direct(files, line)
    if isinstance(direct, _Reason):
        return direct
    text = re.sub(r"(^|&&|\|\||;)(\s*)exec\s+", r"\1\2", direct.strip())
    try:
        first = shlex.split(text)
    except ValueError:
        return _Reason("it is not a command line")
    if not first:
        return _Reason("it is empty")
    if "/" in first[0] and posixpath.basename(posixpath.dirname(first[0])) != "bin":
        return _Reason(f"{first[0]} is a script or program of the image")
    known = {name: value for name, value in stage.variables.items() if name != _PORT}
    following = wrapped(first)
    if following and re.fullmatch(r"[\w\s./:='\"@$,+-]*", text):
        text = text[text.index(following[0], len(first[0])) :]
    return _local(stage, expand(text, known))


def _local(stage: Stage, line: str) -> str | _Reason:
    """A line with the paths of the image's folder relative to it."""
    foreign = list[str]()

    def path(match: re.Match[str]) -> str:
        whole = match[0]
        if stage.folder != "/" and f"{whole}/".startswith(f"{stage.folder}/"):
            return posixpath.relpath(whole, stage.folder)
        if posixpath.basename(posixpath.dirname(whole)) == "bin":
            return posixpath.basename(whole)
        if not _EVERYWHERE.match(whole):
            foreign.append(whole)
        return whole

    local = _PATH.sub(path, line)
    return _Reason(f"{foreign[0]} is a path of the image") if foreign else local


def _relative(stage: Stage, path: str) -> str:
    return posixpath.relpath(posixpath.join(stage.folder, path), stage.folder)
