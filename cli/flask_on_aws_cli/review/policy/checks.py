"""Checks that several rules are made of: functions that return a `Check`."""

from collections.abc import Callable, Iterator
from typing import Any

from .rule import Check, Violation
from .stack import Node, Stack, is_known


def described(value: Any) -> str:
    """The end of a sentence about a value: `is 1`, `is not set`."""
    if value is None:
        return "is not set"
    return f"is {str(value).lower() if isinstance(value, bool) else repr(value) if value == '' else value}"


def must_be(path: str, *allowed: Any, default: Any = None) -> Check:
    """Every value at a path is one of those that are allowed; AWS's default counts where there is none."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for value in node.at(path) or [default]:
            if is_known(value) and value not in allowed:
                yield Violation(path, described(value))

    return check


def must_not_be(path: str, *rejected: Any, default: Any = None) -> Check:
    """No value at a path is one of those that are rejected; AWS's default counts where there is none."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for value in node.at(path) or [default]:
            if is_known(value) and value in rejected:
                yield Violation(path, described(value))

    return check


def at_least(path: str, least: float, default: float | None = None) -> Check:
    """The number at a path is not smaller."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for value in node.at(path) or [default]:
            number = None if isinstance(value, bool) else _number(value)
            if is_known(value) and (number is None or number < least):
                yield Violation(path, described(value))

    return check


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def is_set(*paths: str) -> Check:
    """One of the paths has a value that is not empty."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        if not any(value not in ("", [], {}) for path in paths for value in _whole(node, path)):
            yield Violation(paths[0], "is not set")

    return check


def _whole(node: Node, path: str) -> list[Any]:
    """The values at a path; a list or an object counts as one."""
    first, dot, _ = path.partition(".")
    return node.at(path) if dot else [node.inputs[first]] if node.inputs.get(first) is not None else []


def has(kind: str, property_name: str, title: str, accepts: Callable[[Node], bool] = lambda node: True) -> Check:
    """Another resource of a type refers to this one.

    Args:
        kind: the other type.
        property_name: its property that refers to this one.
        title: what is missing otherwise, as the path in the finding.
        accepts: whether it is the right one. Default: every one is.
    """

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        if not any(accepts(other) for other in stack.referring(node, kind, property_name)):
            yield Violation(title, "is missing")

    return check


def every(*checks: Check) -> Check:
    """All of these."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        for each in checks:
            yield from each(node, stack)

    return check


def when(condition: Callable[[Node, Stack], bool], check: Check) -> Check:
    """The check for resources that meet a condition; others are right."""
    return lambda node, stack: check(node, stack) if condition(node, stack) else ()


def encrypted_in_state(path: str) -> Check:
    """The value is a secret of Pulumi, which is encrypted in the state."""

    def check(node: Node, stack: Stack) -> Iterator[Violation]:
        value = node.inputs.get(path)
        if stack.secrets_known and is_known(value) and value is not None and not node.is_secret(path):
            yield Violation(path, "is plain text in Pulumi's state")

    return check
