"""What each changed setting of the stack does to its cost: the program runs with that setting as it was before."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

from ..cost_model import SettingCost, cents
from ..inputs.errors import ReviewError

# Each needs a run of the program, of which two run at the same time.
MOST = 8
_WORKERS = 2

Total = Callable[[Mapping[str, str]], Decimal]
"""What the stack costs with a configuration; raises ReviewError if the program does not run with it."""


def changed_settings(before: Mapping[str, str], after: Mapping[str, str], secrets: frozenset[str]) -> list[str]:
    """The settings that differ; secrets decide no cost."""
    return sorted(key for key in {*before, *after} - secrets if before.get(key) != after.get(key))


def setting_costs(
    keys: list[str], before: Mapping[str, str], after: Mapping[str, str], costs: Decimal, total: Total, project: str
) -> list[SettingCost]:
    """The settings that change the cost, the largest difference first.

    Args:
        keys: the settings that differ.
        before: the configuration before.
        after: the configuration after.
        costs: what the stack costs with the configuration after.
        total: what it costs with another one.
        project: the project's name, which settings of its own are shown without.
    """

    def delta(key: str) -> Decimal | None:
        config = dict(_with(after, key, before.get(key)))
        try:
            return costs - total(config)
        except ReviewError:
            return None

    with ThreadPoolExecutor(_WORKERS) as threads:
        deltas = list(threads.map(delta, keys))
    results = [
        SettingCost(key.removeprefix(f"{project}:"), _value(before.get(key)), _value(after.get(key)), each)
        for key, each in zip(keys, deltas, strict=True)
        if each is None or cents(each)
    ]
    return sorted(results, key=lambda cost: (cost.delta is None, -abs(cost.delta or Decimal(0)), cost.setting))


def _with(config: Mapping[str, str], key: str, value: str | None) -> Iterator[tuple[str, str]]:
    """The configuration with another value of a setting, or without it."""
    yield from ((name, each) for name, each in config.items() if name != key)
    if value is not None:
        yield key, value


def _value(text: str | None) -> Any:
    """The value of a setting: lists and objects are JSON."""
    if text is None or text[:1] not in ("{", "["):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
