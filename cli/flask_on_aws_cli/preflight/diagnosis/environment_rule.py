"""The rule for an app that has no configuration for the stack's environment. Pure functions."""

import re

from ..check import Cause, Finding
from ..output import Output, search

# The last line of a traceback, or of a server that repeats it: `KeyError: 'Staging'`, `AttributeError: module
# 'config.settings' has no attribute 'StagingConfig'`, `No module named 'config.staging'`, `'staging' is not a valid
# Environment`, `FileNotFoundError: … 'config/staging.yaml'`; pydantic's line has the value as `input_value='Staging'`.
_LINE = (
    r"(?:^|\s)(?:[\w.]*(?:Error|Exception)\b.*|.*failed for .*)"
    r"""['"./_]{value}(?:_?(?:Config|Configuration|Settings|Environment)\w*)?(?:['"._]|$)"""
)
_PYDANTIC = r"input_value=['\"]{value}['\"]"


def unknown_environment(output: Output) -> Finding | None:
    """The name of the environment is what the app does not know."""
    for variable, value in output.context.environments.items():
        patterns = (pattern.replace("{value}", re.escape(value)) for pattern in (_LINE, _PYDANTIC))
        match = search(output, *patterns) if value else None
        if match:
            return Finding(
                Cause.UNKNOWN_ENVIRONMENT,
                f"it has no configuration for {value!r}, the value of {variable} in this environment",
                "add that configuration to the app, or set the name of one that it has: "
                f"pulumi config set --path env.{variable} NAME, and also: "
                f"pulumi config set --path 'overrideEnv[0]' {variable}",
                match[1],
            )
    return None
