"""How a command line becomes a container's process."""

import re
import shlex
from collections.abc import Sequence

from .servers import with_server_options
from .shell_words import commands

# The entry point of a container whose image has one that does not run its arguments. It runs the container's command,
# and so also that of a one-off task: RunTask and EventBridge Scheduler can replace a command, but no entry point.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
PASS_ARGUMENTS = ("/bin/sh", "-c", 'exec "$@"', "sh")
# The same for an image that has no shell, behind the name of its Python.
_PASS_WITHOUT_SHELL = ("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])")
# What only a shell does: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
_NEEDS_SHELL = re.compile(r"[$`|&;<>()*?\[\n#~]|^\s*\w+=|^\s*(?:cd|exec|export|set|source|\.)\s")
_QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.")
# Pipes and groups, whose commands run in shells of their own.
_PIPES_AND_GROUPS = ("|", "|&", "(", ")")


def shell_command(command: str) -> list[str]:
    """The arguments that run a command line in a shell: variables expand, and SIGTERM reaches the program itself.

    `exec` puts the last program in the shell's place, since a shell that waits for it does not pass the signal on:
    `migrate && serve` becomes `migrate && exec serve`. Only a program can take that place: builtins of the shell, such as
    `wait`, stay as they are, and so do pipes and groups. A command that serves gets the options that its server needs:
    the last one, and those in the background, in pipes and in groups.
    """
    line = command.strip()
    parts = commands(line) or []
    last = parts[-1] if parts and not parts[-1].after else None
    is_list = not any({part.before, part.after} & {*_PIPES_AND_GROUPS} for part in parts)
    for part in reversed(parts):
        if not part.words or (part is not last and part.after not in ("&", *_PIPES_AND_GROUPS)):
            continue
        start, end = part.words[0].start, len(line) if part is last else part.words[-1].end
        text = with_server_options(line[start:end])
        line = line[:start] + (_with_exec(text) if part is last and is_list else text) + line[end:]
    return ["/bin/sh", "-c", line]


def _with_exec(text: str) -> str:
    """A command with `exec`, if a program can take the shell's place."""
    parts = commands(text) or []
    if len(parts) != 1 or not parts[0].is_simple:
        return text
    if not parts[0].assigns:
        return f"exec {text}"
    for word in reversed(parts[0].words[: parts[0].program]):
        if re.search(r"[$`]", _QUOTED.sub("", word.text)):
            # The shell splits the value of an argument into words, but not that of an assignment.
            if re.search(r"['\"\\\\]", word.text):
                return text
            text = f'{text[: word.start]}"{word.text}"{text[word.end :]}'
    return f"exec env {text}"


def pass_arguments_without_shell(python: str) -> tuple[str, ...]:
    """The entry point that runs a container's command in an image without a shell, by the image's Python."""
    return (python, *_PASS_WITHOUT_SHELL)


def container_command(line: str, entry_point: Sequence[str]) -> list[str]:
    """A command line as the command of a container that has this entry point; empty for the image's own."""
    if tuple(entry_point[1:]) == _PASS_WITHOUT_SHELL:
        return shlex.split(line)
    return shell_command(line)


def shell_syntax(line: str) -> str:
    """What needs a shell in a command line; empty if it consists of words alone."""
    quoted = re.sub(r"'[^']*'", "''", line)
    match = _NEEDS_SHELL.search(quoted)
    try:
        shlex.split(line)
    except ValueError:
        return "an open quotation mark"
    return match[0].strip() if match else ""
