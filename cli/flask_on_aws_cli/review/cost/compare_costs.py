"""Compares what two snapshots of a stack cost, and attributes each difference to the properties that changed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ...pulumi_engine import Resource
from ..cost_model import ZERO, CostChange, CostReport, Line, ResourceCost, amount
from ..matching import pairs
from .estimate import estimate
from .prices import PriceList, collected
from .stack import Stack
from .usage import Usage


@dataclass(frozen=True)
class CostOptions:
    """What a cost report depends on besides the program."""

    usage: Usage = field(default_factory=Usage)
    budget: Decimal | None = None


def compare_costs(
    before: Mapping[str, Resource],
    after: Sequence[Resource],
    region: str,
    options: CostOptions,
    region_before: str = "",
) -> CostReport:
    """What a stack costs before and after a change.

    Args:
        before: the resources before, by URN.
        after: the resources after, in the order of the program.
        region: the stack's region after the change.
        options: assumptions and budget.
        region_before: the region before. Default: the same.
    """
    prices, matched = PriceList(options.usage.prices), pairs(before, after)
    # A renamed resource has its new name on both sides, so that its properties have the same paths.
    renamed = {
        pair.before.urn: replace(pair.before, name=pair.after.name) if pair.after else pair.before
        for pair in matched
        if pair.before
    }
    old = estimate(Stack(renamed, region_before or region, options.usage, prices))
    new = estimate(Stack({resource.urn: resource for resource in after}, region, options.usage, prices))
    costs = [
        _resource_cost(pair.before, pair.after, old, new)
        for pair in matched
        if (pair.before and pair.before.urn in old) or (pair.after and pair.after.urn in new)
    ]
    costs.sort(key=_order)
    names = {resource.name for resource in (*renamed.values(), *after)}
    return CostReport(
        region,
        costs,
        assumptions=options.usage.assumptions(),
        collected=collected(),
        budget=options.budget,
        unused=[
            *(f"resources.{name}" for name in sorted(set(options.usage.resources) - names)),
            *(f"prices.{item}" for item in sorted(prices.unused)),
        ],
    )


def total(resources: Iterable[Resource], region: str, usage: Usage) -> Decimal:
    """What resources cost altogether."""
    stack = Stack({resource.urn: resource for resource in resources}, region, usage, PriceList(usage.prices))
    return sum((amount(lines).total for lines in estimate(stack).values()), ZERO)


def _resource_cost(
    before: Resource | None,
    after: Resource | None,
    old: Mapping[str, Sequence[Line]],
    new: Mapping[str, Sequence[Line]],
) -> ResourceCost:
    resource = after or before
    assert resource is not None  # noqa: S101 a pair has at least one
    lines_before = old.get(before.urn, ()) if before else ()
    lines_after = new.get(after.urn, ()) if after else ()
    is_whole = before is None or after is None
    changes = [] if is_whole else list(_changes(lines_before, lines_after))
    return ResourceCost(resource.urn, resource.type, resource.name, lines_before, lines_after, changes)


def _changes(before: Sequence[Line], after: Sequence[Line]) -> Iterator[CostChange]:
    """The differences of lines, together for those that the same properties decide."""
    old, new = {line.name: line for line in before}, {line.name: line for line in after}
    deltas: dict[tuple[str, ...], tuple[dict[str, tuple[Any, Any]], Decimal]] = {}
    for name in dict.fromkeys((*new, *old)):
        first, last = old.get(name), new.get(name)
        delta = (last.usd if last else ZERO) - (first.usd if first else ZERO)
        if not delta:
            continue
        changed = _changed(first.basis if first else {}, last.basis if last else {}, old, new)
        known, sum_before = deltas.get(tuple(changed), ({}, ZERO))
        deltas[tuple(changed)] = ({**known, **changed}, sum_before + delta)
    for properties, delta in deltas.values():
        yield CostChange(properties, delta)


def _changed(
    first: Mapping[str, Any], last: Mapping[str, Any], old: Mapping[str, Line], new: Mapping[str, Line]
) -> dict[str, tuple[Any, Any]]:
    """The properties of a line that differ; a line that appears has its properties in the lines before."""
    all_before = {key: value for line in old.values() for key, value in line.basis.items()}
    all_after = {key: value for line in new.values() for key, value in line.basis.items()}
    names = dict.fromkeys((*first, *last))
    values = {name: (first.get(name, all_before.get(name)), last.get(name, all_after.get(name))) for name in names}
    return {name: pair for name, pair in values.items() if pair[0] != pair[1]}


def _order(cost: ResourceCost) -> tuple[Any, ...]:
    return -abs(cost.delta), -amount(cost.after).total, -amount(cost.before).total, cost.type, cost.name, cost.urn
