"""Commands as the user types them."""

import os
import shlex

CALLED_AS = "FLASK_ON_AWS_COMMAND"
"""`./up` sets this variable to the path by which it was called: its users have no `flask-on-aws` on their PATH."""


def command_line(command: str) -> str:
    """`logs` → `flask-on-aws local logs`, or `./up logs`; `up` → `./up`, since `up` is its default command."""
    script = os.environ.get(CALLED_AS)
    if not script:
        return f"flask-on-aws local {command}"
    return shlex.quote(script) if command == "up" else f"{shlex.quote(script)} {command}"
