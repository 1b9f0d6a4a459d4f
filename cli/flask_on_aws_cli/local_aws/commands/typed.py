"""Commands as the user types them."""

import os
import shlex

CALLED_AS = "FLASK_ON_AWS_COMMAND"
"""Set by `./up` to how it was called itself: whoever came by it has no `flask-on-aws` on PATH."""


def typed(command: str) -> str:
    """`logs` → `flask-on-aws local logs`, or `./up logs`; `up` alone is what `./up` does without a word."""
    called = os.environ.get(CALLED_AS)
    if not called:
        return f"flask-on-aws local {command}"
    return shlex.quote(called) if command == "up" else f"{shlex.quote(called)} {command}"
