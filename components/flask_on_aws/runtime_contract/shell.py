"""How a command line becomes a container's process."""

import re

from .servers import with_server_options

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


def _with_exec(last: str) -> str:
    words = last.split()
    if not words or words[0] in _KEYWORDS:
        return last
    space = last[: len(last) - len(last.lstrip())]
    assigns = re.match(r"[A-Za-z_]\w*=", words[0])
    return f"{space}exec {'env ' if assigns else ''}{last.lstrip()}"
