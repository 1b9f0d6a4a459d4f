"""The prices of `prices.json`, and those of a usage file that replace or complete them."""

import json
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any, cast

from ..cost_model import Price

GLOBAL = "global"
OWN = "own"
_PACKAGE = "flask_on_aws_cli.review.cost"


class PriceList:
    """Prices by region and item.

    Args:
        own: item → USD for one unit, in every region, from a usage file. Default: none.
    """

    def __init__(self, own: Mapping[str, Decimal] | None = None) -> None:
        self._own = own or {}
        self._used: set[str] = set()

    def find(self, region: str, item: str) -> Price | None:
        """The price in a region, or of all regions; None if it is not known."""
        row = _rows().get((region, item)) or _rows().get((GLOBAL, item))
        if item in self._own:
            self._used.add(item)
            unit = row["unit"] if row else _units().get(item, "")
            return Price(region, item, self._own[item], unit, "the usage file", "", OWN)
        if row is None:
            return None
        source = _document()["sources"][row["source"]]
        return Price(row["region"], item, Decimal(row["usd"]), row["unit"], source, row["date"], row["confidence"])

    @property
    def unused(self) -> set[str]:
        """Items of the usage file that no resource has."""
        return set(self._own) - self._used


def unit_of(item: str) -> str:
    """The unit of an item, also where its price is known only in other regions; empty if there is none."""
    return _units().get(item, "")


def collected() -> str:
    """The date on which the prices were read."""
    return str(_document()["collected"])


def regions() -> set[str]:
    """The regions that have prices."""
    return {region for region, _ in _rows()} - {GLOBAL}


@cache
def _document() -> Mapping[str, Any]:
    text = resources.files(_PACKAGE).joinpath("prices.json").read_text("utf-8")
    return cast(Mapping[str, Any], json.loads(text))


@cache
def _rows() -> Mapping[tuple[str, str], Mapping[str, str]]:
    return {(row["region"], row["item"]): row for row in _document()["prices"]}


@cache
def _units() -> Mapping[str, str]:
    return {item: row["unit"] for (_, item), row in _rows().items()}
