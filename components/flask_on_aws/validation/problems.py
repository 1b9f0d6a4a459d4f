"""Problems with arguments: a single one, and all of them as an exception."""

from collections.abc import Iterable
from typing import NamedTuple

import pulumi


class Problem(NamedTuple):
    """One problem with an argument: its name, and a whole sentence with its value and the fix."""

    argument: str
    reason: str


class ArgumentsError(pulumi.InputPropertiesError, pulumi.RunError):
    """All problems with a component's arguments, which Pulumi shows as a message without a traceback in every language."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        message = "; ".join(f"{problem.argument}: {problem.reason}" for problem in self.problems)
        details = [pulumi.InputPropertyErrorDetails(property_path=p.argument, reason=p.reason) for p in self.problems]
        super().__init__(message, details)


def raise_problems(problems: Iterable[Problem]) -> None:
    """Raise all problems at once, before anything is registered.

    Raises:
        ArgumentsError: if there is at least one problem.
    """
    distinct = list(dict.fromkeys(problems))
    if distinct:
        raise ArgumentsError(distinct)
