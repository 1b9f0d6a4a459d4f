"""Whether an image's ENTRYPOINT runs the command that it gets: then it is kept, else a task has to replace it.

ECS gives a container's command to the ENTRYPOINT as arguments, as Docker does. A wrapper that ends in `exec "$@"` runs
them; a server takes them for its own options, or ignores them.
"""

import fnmatch
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..project_files import FileError, ProjectFiles
from .dockerfile_stage import Copy, Stage
from .programs import SHELLS, takes_arguments_itself, wrapped
from .script_arguments import runs_arguments

# Images whose ENTRYPOINT is an interpreter, and which have no shell:
# https://github.com/GoogleContainerTools/distroless, https://images.chainguard.dev
_WITHOUT_SHELL = re.compile(r"(?:gcr\.io/distroless/|cgr\.dev/chainguard/(?!.*-dev(?:@|$))|scratch$)")
_PYTHON_ENTRY = re.compile(r"(?:gcr\.io/distroless/python3|cgr\.dev/chainguard/python)(?![\w/])")
# The official images and their likes, all of which have /bin/sh.
_WITH_SHELL = re.compile(
    r"(?:(?:docker\.io/)?(?:library/)?|public\.ecr\.aws/docker/library/|mcr\.microsoft\.com/\S*/)"
    r"(?:python|debian|ubuntu|alpine|node|amazonlinux|fedora|rockylinux|almalinux|buildpack-deps|pypy|busybox|nginx)"
    r"(?::[\w.-]+)?(?:@sha256:\w+)?"
)
# Folders of PATH in the official images.
_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_PYTHON_EXEC = re.compile(r"\bos\.exec[lv]pe?\(\s*sys\.argv\[1\]|\bsubprocess\.(?:run|call|Popen)\(\s*sys\.argv\[1:\]")


class EntryPoint(NamedTuple):
    """What is known of an image's ENTRYPOINT."""

    argv: tuple[str, ...] = ()
    """Its words; empty where the Dockerfile names none and the base image is not known to have one."""
    runs_command: bool | None = True
    """Whether it runs the command that it gets as arguments; None where that cannot be seen."""
    reason: str = ""
    has_shell: bool | None = None
    """Whether the image has /bin/sh; None where that cannot be seen."""


def entry_point(files: ProjectFiles, stage: Stage) -> EntryPoint:
    """What becomes of a command that a container of this image gets.

    Args:
        files: the build context.
        stage: the image.
    """
    shell = _has_shell(stage)
    if stage.entry_point is None:
        if _PYTHON_ENTRY.match(stage.base):
            return EntryPoint(("/usr/bin/python3",), False, f"that of {stage.base}, which runs scripts", shell)
        return EntryPoint((), True, "the Dockerfile has none; that of the base image, if any, is kept", shell)
    words, line = stage.entry_point
    if not words:
        return EntryPoint((), True, "the Dockerfile removes that of its base image", shell)
    if line:
        reason = "its shell form ignores arguments"
        return EntryPoint(words, False, reason, shell)
    return EntryPoint(words, *_runs(files, stage, words), shell)


def _has_shell(stage: Stage) -> bool | None:
    if stage.runs_shell or stage.copies_root:
        return True if stage.runs_shell else None
    if _WITHOUT_SHELL.match(stage.base):
        return False
    return True if _WITH_SHELL.fullmatch(stage.base) else None


def _runs(files: ProjectFiles, stage: Stage, words: Sequence[str]) -> tuple[bool | None, str]:
    """Whether a command runs what follows it, and how that is known."""
    rest = list(words)
    while rest:
        script, follow = _script_of(rest)
        if script:
            return _script_runs(files, stage, script, follow)
        following = wrapped(rest)
        if following is None:
            break
        rest = following
    if not rest:
        return True, f"{words[0]} runs its arguments"
    name = posixpath.basename(rest[0])
    if len(words) == 2 and name in SHELLS and re.fullmatch(r"-\w*c", words[1]):
        return False, f"{words[0]} {words[1]} takes one command line, and no words"
    text, path = script_text(files, stage, rest[0])
    if text is not None:
        return _judged(text, path, rest[1:])
    if takes_arguments_itself(name):
        return False, f"{name} takes arguments for its own"
    return None, f"{rest[0]} is not in the build context"


def _script_of(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The script that a shell runs, as in `bash -e boot.sh`, and the words behind it; empty for anything else."""
    if posixpath.basename(words[0]) not in SHELLS:
        return "", ()
    rest = list(words[1:])
    while rest and rest[0].startswith("-"):
        if re.fullmatch(r"-\w*c", rest[0]):
            return "", ()
        rest = rest[2:] if rest[0] in ("-o", "+o") else rest[1:]
    return (rest[0], rest[1:]) if rest else ("", ())


def _script_runs(files: ProjectFiles, stage: Stage, script: str, more: Sequence[str]) -> tuple[bool | None, str]:
    text, path = script_text(files, stage, posixpath.join(stage.folder, script))
    return (None, f"{script} is not in the build context") if text is None else _judged(text, path, more)


def _judged(text: str, path: str, more: Sequence[str]) -> tuple[bool | None, str]:
    """What a script does with the command, which follows the words that ENTRYPOINT itself gives it."""
    if re.match(r"#!.*python", text):
        return (True, f"{path} runs its arguments") if _PYTHON_EXEC.search(text) else (None, f"{path} is in Python")
    runs = runs_arguments(text, tuple(more))
    if runs is None:
        return None, f"whether {path} runs its arguments depends on what it does before"
    return runs, f"{path} runs its arguments" if runs else f"{path} does not run its arguments"


def script_text(files: ProjectFiles, stage: Stage, name: str) -> tuple[str | None, str]:
    """The text of a script that the image has from the build context, and its path there; None for any other program.

    Args:
        files: the build context.
        stage: the image.
        name: the program, as a command names it.
    """
    folders = [stage.folder] if "/" in name else _PATH
    for folder in folders:
        found = _copied(files, stage, posixpath.normpath(posixpath.join(folder, name)))
        if found is not None:
            return found
    return None, ""


def _copied(files: ProjectFiles, stage: Stage, path: str) -> tuple[str | None, str] | None:
    """What was copied to a path of an image; None if nothing was."""
    for copy in reversed(stage.copies):
        if copy.heredocs and path in (copy.target.rstrip("/"), *_heredoc_targets(copy)):
            return copy.heredocs[0], "its heredoc"
        for source in _sources(files, copy, path):
            if copy.stage:
                if (found := _copied(files, copy.stage, posixpath.join("/", source))) is not None:
                    return found
            elif files.has(source):
                try:
                    return files.text(source), source
                except FileError:
                    return None, source  # a program, not a script
    return None


def _heredoc_targets(copy: Copy) -> Iterator[str]:
    for source in copy.sources:
        yield copy.target + source.lstrip("<-").strip("'\"")


def _sources(files: ProjectFiles, copy: Copy, path: str) -> Iterator[str]:
    """The files in a copy's source that it may have put at a path."""
    target, below = copy.target, ""
    if path.startswith(target.rstrip("/") + "/"):
        below = path[len(target.rstrip("/")) + 1 :]
    for pattern in copy.sources:
        base = posixpath.normpath(pattern).lstrip("/")
        base = "" if base == "." else base
        if path == target.rstrip("/") and not target.endswith("/"):
            yield base
        if not below:
            continue
        yield posixpath.join(base, below)  # of a folder, the content is copied
        if fnmatch.fnmatch(below, posixpath.basename(base)):
            yield posixpath.join(posixpath.dirname(base), below)
        if any(mark in base for mark in "*?["):
            for folder in sorted(files.folder.glob(base)):
                yield posixpath.join(folder.relative_to(files.folder).as_posix(), below)
