"""The promises in docs/promises.md and the tests that show them."""

import re
from collections.abc import Collection
from pathlib import Path

FILE = Path(__file__).parents[1] / "docs" / "promises.md"
_ROW = re.compile(r"\| (?P<promise>[^|]+) \| [^|]*\| `(?P<test>tests/[^|`]+::[^|`]+)` \|")


def read_promises() -> list[tuple[str, str]]:
    """Each promise with the node id of its test; an id without a parameter stands for all parameters."""
    return [(row["promise"].strip(), row["test"]) for row in map(_ROW.fullmatch, FILE.read_text().splitlines()) if row]


def not_shown(ran: Collection[str], skipped: Collection[str]) -> list[tuple[str, str]]:
    """The promises of which no test ran, from the node ids of the tests of a run and of those that were skipped."""
    shown = set(ran) - set(skipped)
    shown |= {nodeid.partition("[")[0] for nodeid in shown}
    return [(promise, test) for promise, test in read_promises() if test not in shown]
