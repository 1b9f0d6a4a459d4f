"""How a command line becomes a container's process."""

import re
import shlex
from collections.abc import Sequence

from .servers import with_server_options

# The entry point of a container whose image has one that does not run its arguments. It runs the container's command,
# and so also that of a one-off task: RunTask and EventBridge Scheduler can replace a command, but no entry point.
# https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerOverride.html
PASS_ARGUMENTS = ("/bin/sh", "-c", 'exec "$@"', "sh")
# The same for an image that has no shell, behind the name of its Python.
_PASS_WITHOUT_SHELL = ("-c", "import os, sys; os.execvp(sys.argv[1], sys.argv[1:])")
# What only a shell does: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html#tag_19_02
_NEEDS_SHELL = re.compile(r"[$`|&;<>()*?\[\n#~]|^\s*\w+=|^\s*(?:cd|exec|export|set|source|\.)\s")
# Words that cannot follow `exec`: those of the shell.
_KEYWORDS = frozenset(
    [
        "exec",
        "cd",
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "for",
        "while",
        "until",
        "do",
        "done",
        "case",
        "esac",
        "{",
        "}",
        "!",
        "export",
        "set",
        "unset",
        ".",
        "eval",
        ":",
        "return",
        "exit",
    ]
)
# Quoted text, escapes, substitutions and redirections are parts of words; what separates commands stands alone.
_TOKEN = re.compile(
    r"""'[^']*'|"(?:\\.|[^"\\])*"|\\.|\$\([^()]*\)|`[^`]*`|\d*[<>]&\d*|&>|(?P<end>&&|\|\||[;&\n])|(?P<other>[|()])|.""",
    re.DOTALL,
)


def shell_command(command: str) -> list[str]:
    """The arguments that run a command line in a shell: variables expand, and SIGTERM reaches the program itself.

    `exec` puts the last program in the shell's place, since a shell that waits for it does not pass the signal on:
    `migrate && serve` becomes `migrate && exec serve`. Pipes and groups stay as they are. The last command is the one that
    serves, so it gets the options that its server needs.
    """
    line = command.strip()
    tokens = list(_TOKEN.finditer(line))
    start = max((token.end() for token in tokens if token["end"]), default=0)
    last = with_server_options(line[start:])
    if not any(token["other"] for token in tokens):
        last = _with_exec(last)
    return ["/bin/sh", "-c", line[:start] + last]


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


def _with_exec(last: str) -> str:
    words = last.split()
    if not words or words[0] in _KEYWORDS:
        return last
    space = last[: len(last) - len(last.lstrip())]
    assigns = re.match(r"[A-Za-z_]\w*=", words[0])
    return f"{space}exec {'env ' if assigns else ''}{last.lstrip()}"
