"""What the stack costs, in each format."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ..cost_model import Amount, CostChange, CostReport, Line, Price, ResourceCost, SettingCost, amount, cents

_CONFIDENCE = {"C": "not verified", "own": "of the usage file"}


class Row(NamedTuple):
    """A row of the table of costs."""

    label: str
    before: str
    after: str
    delta: str
    is_part: bool = False
    """Whether it explains the row above."""

    @property
    def cells(self) -> tuple[str, str, str]:
        """The columns after the label."""
        return self.before, self.after, self.delta


def verdict_part(costs: CostReport) -> str:
    """`+36.50 to 115.67 USD a month`, as a part of the verdict."""
    total = cents(costs.after.total)
    delta = cents(costs.delta)
    text = f"{_signed(delta)} to {_usd(total)} USD a month" if delta else f"{_usd(total)} USD a month"
    names = list(dict.fromkeys(resource.name for resource, _ in costs.without_price))
    if not names:
        return text
    shown = f"{', '.join(names[:3])} and {len(names) - 3} others" if len(names) > 4 else ", ".join(names)
    return f"{text} without {shown} (no price)"


def rows(costs: CostReport) -> Iterator[Row]:
    """The table: totals, changed settings, changed resources with their properties, then all others."""
    before, after = costs.before, costs.after
    yield _row("fixed", before.fixed, after.fixed)
    yield _row("usage", before.usage, after.usage)
    yield _row("total", before.total, after.total)
    yield from (_setting(setting) for setting in costs.settings)
    changed = [cost for cost in costs.resources if _is_changed(cost)]
    for cost in changed:
        yield _resource(cost)
        yield from (
            Row(_properties(change), "", "", _signed(cents(change.delta)), True)
            for change in cost.changes
            if cents(change.delta)
        )
    yield from _unchanged([cost for cost in costs.resources if not _is_changed(cost)])


def no_price(costs: CostReport) -> list[str]:
    """What has no price, a sentence each."""
    return list(
        dict.fromkeys(f"{resource.name}, {line.name}: {line.missing}" for resource, line in costs.without_price)
    )


def unverified(costs: CostReport) -> list[str]:
    """Prices that count and are not AWS's own or not verified."""
    return list(
        dict.fromkeys(
            f"{price.item} of {price.region} ({_CONFIDENCE[price.confidence]})"
            for price in _prices(costs)
            if price.confidence in _CONFIDENCE
        )
    )


def usage_prices(costs: CostReport) -> list[str]:
    """What the change adds for usage that is assumed to be zero; JSON has that of all resources."""
    return list(
        dict.fromkeys(
            f"{kind(resource.type)} {line.name} {_plain(line.price.usd)} per {line.price.unit}"
            for resource in costs.resources
            for line in resource.after
            if line.is_usage and not line.quantity and line.price and not _has(resource.before, line)
        )
    )


def _has(lines: Sequence[Line], line: Line) -> bool:
    return any(each.name == line.name and each.price == line.price for each in lines)


def assumptions(costs: CostReport) -> list[str]:
    """The assumptions that are not zero: `hours: 730`."""
    return [
        f"{each.resource + ' ' if each.resource else ''}{each.key}: {_plain(each.value)}"
        for each in costs.assumptions
        if each.value != 0 and each.value != "false"
    ]


def as_object(costs: CostReport | None) -> dict[str, Any] | None:
    """The costs for JSON. Amounts are texts, since they are exact decimals."""
    if costs is None:
        return None
    return {
        "currency": "USD",
        "region": costs.region,
        "pricesCollected": costs.collected,
        "before": _amount(costs.before),
        "after": _amount(costs.after),
        "delta": str(cents(costs.delta)),
        "complete": not costs.incomplete,
        "budget": _budget(costs),
        "settings": [
            {
                "setting": setting.setting,
                "before": setting.before,
                "after": setting.after,
                "delta": None if setting.delta is None else str(cents(setting.delta)),
            }
            for setting in costs.settings
        ],
        "resources": [_resource_object(cost) for cost in costs.resources],
        "assumptions": [
            {
                "key": each.key,
                "value": str(each.value) if isinstance(each.value, str) else _plain(each.value),
                "resource": each.resource or None,
                "meaning": each.meaning,
                "default": each.is_default,
            }
            for each in costs.assumptions
        ],
    }


def kind(type_token: str) -> str:
    """`aws:ec2/natGateway:NatGateway` → `NatGateway`."""
    return type_token.rpartition(":")[2]


def _budget(costs: CostReport) -> dict[str, Any] | None:
    if costs.budget is None:
        return None
    return {"limit": str(costs.budget), "problem": costs.budget_problem or None}


def _resource_object(cost: ResourceCost) -> dict[str, Any]:
    return {
        "urn": cost.urn,
        "type": cost.type,
        "name": cost.name,
        "before": _amount(amount(cost.before)) if cost.before else None,
        "after": _amount(amount(cost.after)) if cost.after else None,
        "delta": str(cents(cost.delta)),
        "lines": [_line_object(line) for line in cost.after],
        "linesBefore": [_line_object(line) for line in cost.before] if cost.before != cost.after else None,
        "changes": [
            {
                "properties": [
                    {"path": path, "before": before, "after": after}
                    for path, (before, after) in change.properties.items()
                ],
                "delta": str(cents(change.delta)),
            }
            for change in cost.changes
        ],
    }


def _line_object(line: Line) -> dict[str, Any]:
    price = line.price
    return {
        "name": line.name,
        "usage": line.is_usage,
        "quantity": _plain(line.quantity),
        "unit": price.unit if price else None,
        "item": price.item if price else None,
        "price": _plain(price.usd) if price else None,
        "usd": str(cents(line.usd)) if price or not line.quantity else None,
        "missing": line.missing or None,
        "source": price.source if price else None,
        "date": (price.date or None) if price else None,
        "confidence": price.confidence if price else None,
    }


def _amount(value: Amount) -> dict[str, str]:
    return {"fixed": str(cents(value.fixed)), "usage": str(cents(value.usage)), "total": str(cents(value.total))}


def _row(label: str, before: Decimal, after: Decimal) -> Row:
    delta = cents(after - before)
    return Row(label, _usd(cents(before)), _usd(cents(after)), _signed(delta) if delta else "")


def _resource(cost: ResourceCost) -> Row:
    before, after = cents(amount(cost.before).total), cents(amount(cost.after).total)
    delta = cents(cost.delta)
    return Row(
        f"{cost.name} ({kind(cost.type)})",
        _shown(cost.before, before),
        _shown(cost.after, after),
        _signed(delta) if delta else "",
    )


def _shown(lines: Sequence[Line], total: Decimal) -> str:
    if not lines:
        return "-"
    return "no price" if not total and any(line.is_incomplete for line in lines) else _usd(total)


def _unchanged(costs: Sequence[ResourceCost]) -> Iterator[Row]:
    """Those that cost the same as before; equal ones of a type are one row."""
    groups: dict[tuple[str, str], list[ResourceCost]] = {}
    for cost in costs:
        shown = _shown(cost.after, cents(amount(cost.after).total))
        if cost.after and shown != "0.00":
            groups.setdefault((kind(cost.type), shown), []).append(cost)
    for (name, shown), group in groups.items():
        if len(group) == 1 or shown == "no price":
            yield from (Row(f"{cost.name} ({name})", shown, shown, "") for cost in group)
        else:
            total = _usd(cents(sum((amount(cost.after).total for cost in group), Decimal(0))))
            yield Row(f"{len(group)} resources ({name})", total, total, "")


def _is_changed(cost: ResourceCost) -> bool:
    """Whether the cost differs, or something without a price appears."""
    before, after = ([line.name for line in lines if line.is_incomplete] for lines in (cost.before, cost.after))
    return bool(cents(cost.delta)) or before != after


def _setting(setting: SettingCost) -> Row:
    label = f"setting {setting.setting}: {_value(setting.before)} → {_value(setting.after)}"
    delta = "only with others" if setting.delta is None else _signed(cents(setting.delta))
    return Row(label, "", "", delta)


def _properties(change: CostChange) -> str:
    names = [f"{path}: {_value(before)} → {_value(after)}" for path, (before, after) in change.properties.items()]
    return "; ".join(names) or "another region"


def _value(value: Any) -> str:
    text = "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:59]}…"  # characters that fit into a row


def _prices(costs: CostReport) -> Iterator[Price]:
    for resource in costs.resources:
        for line in (*resource.before, *resource.after):
            if line.price and line.quantity:
                yield line.price


def _usd(value: Decimal) -> str:
    return f"{value:,}"


def _signed(value: Decimal) -> str:
    return f"{value:+,}"


def _plain(value: Decimal | str) -> str:
    """A number without trailing zeros and without an exponent."""
    if isinstance(value, str):
        return value
    return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
