"""Commands as the user types them."""

import os
import shlex
from pathlib import Path

CALLED_AS = "FLASK_ON_AWS_COMMAND"
"""`./up` sets this variable to the path by which it was called: its users have no `flask-on-aws` on their PATH."""


def command_line(command: str, app: Path | None = None) -> str:
    """`logs` → `flask-on-aws local logs`, or `./up logs`; `up` → `./up`, since `up` is its default command.

    With an app, `up` → `flask-on-aws local up --app ../shop`, or `./up ../shop`.
    """
    script = os.environ.get(CALLED_AS)
    words = [script] if script else ["flask-on-aws", "local", command]
    if app:
        words += [str(app)] if script else ["--app", str(app)]
    if script and command != "up":
        words.append(command)
    return shlex.join(words)
