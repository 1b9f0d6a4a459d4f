"""Checks that several components share: each takes an argument's name and value, and yields whole sentences."""

import difflib
import ipaddress
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ..naming import LONGEST_PHYSICAL_NAME, SUFFIX_LENGTH
from .problems import Problem

_NAME = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip


def name_problems(argument: str, name: str, longest_role: str = "") -> Iterator[Problem]:
    """A logical name that AWS accepts as the start of a physical one, followed by its longest role."""
    longest = LONGEST_PHYSICAL_NAME - SUFFIX_LENGTH - len(longest_role)
    if not _NAME.fullmatch(name) or "--" in name:
        yield Problem(
            argument, f"{name!r} must be lower-case letters, digits and single hyphens, and start with a letter."
        )
    elif len(name) > longest:
        yield Problem(
            argument,
            f"{name!r} has {len(name)} characters; use at most {longest}, since AWS allows "
            f"{LONGEST_PHYSICAL_NAME} for a load balancer's name, its suffix included.",
        )
    elif name.startswith(("sg-", "internal-")):
        yield Problem(argument, f"{name!r} starts with a prefix that AWS reserves; choose another name.")


def variable_name_problems(argument: str, name: str) -> Iterator[Problem]:
    """The name of an environment variable."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        yield Problem(argument, f"{name!r} must be letters, digits and underscores, and not start with a digit.")


def choice_problems(argument: str, value: str, choices: Sequence[str]) -> Iterator[Problem]:
    """A value that must be one of a few words."""
    if value not in choices:
        yield Problem(argument, f"{value!r} is not one of {', '.join(choices)}.")


def range_problems(argument: str, value: int, least: int, most: int, unit: str = "") -> Iterator[Problem]:
    """A number within limits, both included. Booleans are not numbers here."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:  # pyright: ignore[reportUnnecessaryIsInstance]
        yield Problem(argument, f"{value!r} must be a whole number from {least} to {most}{f' {unit}' if unit else ''}.")


def cidr_problems(argument: str, value: str) -> Iterator[Problem]:
    """An address range in CIDR notation, IPv4 or IPv6, without host bits."""
    try:
        ipaddress.ip_network(value)
    except ValueError as error:
        yield Problem(argument, f"{value!r} is not an address range in CIDR notation, like 203.0.113.0/24 ({error}).")


def client_range_problems(argument: str, value: str) -> Iterator[Problem]:
    """An address range of clients, for rules in which AWS accepts no address without a prefix length."""
    malformed = list(cidr_problems(argument, value))
    yield from malformed
    if not malformed and "/" not in value:
        range_text = str(ipaddress.ip_network(value))
        yield Problem(argument, f"{value!r} is a single address; write it as the range {range_text!r}.")


def retention_problems(argument: str, days: int) -> Iterator[Problem]:
    """Days for which CloudWatch can keep logs: it accepts only a few values, and this library not "forever"."""
    if isinstance(days, bool) or days not in _RETENTION_DAYS:
        yield Problem(
            argument,
            f"{days!r} is not a retention period that CloudWatch accepts: {', '.join(map(str, _RETENTION_DAYS))}.",
        )


def repeated_problems(argument: str, values: Sequence[Any]) -> Iterator[Problem]:
    """A list in which each value may occur once."""
    for value in dict.fromkeys(values):
        if values.count(value) > 1:
            yield Problem(argument, f"{value!r} is named more than once; name it once.")


def hint(name: str, valid: Collection[str]) -> str:
    """` did you mean …?` for an unknown name, or a list of the valid ones."""
    plain = {re.sub(r"[^a-z0-9]", "", item.lower()): item for item in valid}
    near = difflib.get_close_matches(re.sub(r"[^a-z0-9]", "", name.lower()), plain, 1)
    return f"did you mean {plain[near[0]]}?" if near else f"choose one of {', '.join(valid)}."
