"""What is wrong with arguments: one problem, and all of them as an exception."""

from collections.abc import Iterable
from typing import NamedTuple

import pulumi


class Problem(NamedTuple):
    """One thing wrong with the arguments: which argument, and a whole sentence with its value and the fix."""

    argument: str
    reason: str


class ArgumentsError(pulumi.InputPropertiesError, pulumi.RunError):
    """Everything that is wrong with a component's arguments: a message of Pulumi's, and no traceback, in every language."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        message = "; ".join(f"{problem.argument}: {problem.reason}" for problem in self.problems)
        details = [pulumi.InputPropertyErrorDetails(property_path=p.argument, reason=p.reason) for p in self.problems]
        super().__init__(message, details)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise all problems at once, before anything is registered.

    Raises:
        ArgumentsError: if there is at least one problem.
    """
    found = list(dict.fromkeys(problems))
    if found:
        raise ArgumentsError(found)
