"""What the stack costs a month, if the report has it."""

from collections.abc import Iterator, Mapping
from typing import Any

from .html import Html, element, shown
from .tables import table

_Object = Mapping[str, Any]
_NOTHING = "0.00"


def cost(entry: _Object) -> Html:
    """The total, what each change adds, and what each resource costs."""
    before, after, currency = entry["before"], entry["after"], str(entry.get("currency", ""))
    totals = [
        (name, before[key], after[key]) for key, name in (("fixed", "Fixed"), ("usage", "Usage"), ("total", "Total"))
    ]
    parts = [
        element(
            "p",
            element("strong", signed(entry["delta"])),
            f" to {after['total']} {currency} a month",
            "" if entry.get("complete", True) else ", without what has no price",
            class_="figure",
        ),
        _budget(entry.get("budget")),
        table(("", "Before", "After"), totals, "Month", numbers=(1, 2)),
        _settings(entry.get("settings") or ()),
        table(
            ("Resource", "Type", "Before", "After", "Difference"),
            _resources(entry.get("resources") or ()),
            f"Resources, {currency} a month",
            numbers=(2, 3, 4),
        ),
        _assumptions(entry.get("assumptions") or ()),
    ]
    return Html("".join(part for part in parts if part))


def signed(amount: Any) -> str:
    """An amount with its sign, and without one if it is zero."""
    text = str(amount)
    return text if text.startswith("-") or text in (_NOTHING, "0") else f"+{text}"


def _budget(budget: _Object | None) -> Html | None:
    if not budget:
        return None
    problem = budget.get("problem")
    return element("p", problem or f"Within the budget of {budget['limit']}.", class_="bad" if problem else "good")


def _settings(entries: Any) -> Html | None:
    rows = [(item["setting"], shown(item["before"]), shown(item["after"]), _delta(item["delta"])) for item in entries]
    return table(("Setting", "Before", "After", "Difference"), rows, "Settings", numbers=(3,)) if rows else None


def _delta(amount: Any) -> str:
    return "only with others" if amount is None else signed(amount)


def _resources(entries: Any) -> Iterator[tuple[str, ...]]:
    for item in entries:
        before, after = item["before"], item["after"]
        yield (
            item["name"],
            str(item["type"]).rpartition(":")[2],
            before["total"] if before else "",
            after["total"] if after else "",
            signed(item["delta"]),
        )


def _assumptions(entries: Any) -> Html | None:
    rows = [(item["key"], item.get("resource") or "", shown(item["value"]), item["meaning"]) for item in entries]
    if not rows:
        return None
    return element(
        "details",
        element("summary", "Assumptions"),
        table(("Name", "Resource", "Value", "Meaning"), rows, "Assumptions", numbers=(2,)),
    )
