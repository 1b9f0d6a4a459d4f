"""What a stack costs, before and after a change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

ZERO = Decimal(0)
_CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """An amount in USD as it is shown: amounts are exact until then, so a sum is the rounded sum of exact amounts."""
    return amount.quantize(_CENT, ROUND_HALF_UP) + ZERO  # which is never -0.00


@dataclass(frozen=True)
class Price:
    """A unit price of AWS, in USD without tax."""

    region: str
    """`global` for services that have the same price in all regions."""
    item: str
    """Such as `nat_hour`."""
    usd: Decimal
    unit: str
    """Such as `GB-month`, or `10k requests` for the price of 10,000 requests."""
    source: str
    """A sentence: where the price was read."""
    date: str
    confidence: str
    """A (AWS's own figure, or several sources), B (a secondary source), C (not verified) or `own` (of a usage file)."""


@dataclass(frozen=True)
class Line:
    """A part of what a resource costs in a month."""

    name: str
    """Unique in its resource, such as `instance`."""
    quantity: Decimal
    """In the unit of the price."""
    price: Price | None
    """None if it is not known."""
    is_usage: bool = False
    """Whether the quantity is an assumption and not decided by the stack."""
    basis: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The properties that decide price and quantity: `app-db.instanceClass` → value."""
    missing: str = ""
    """A sentence: why there is no price."""

    @property
    def usd(self) -> Decimal:
        """The exact amount; 0 if the price is not known."""
        return self.quantity * self.price.usd if self.price else ZERO

    @property
    def is_incomplete(self) -> bool:
        """Whether it costs something that is not known."""
        return self.price is None and self.quantity != 0


@dataclass(frozen=True)
class Amount:
    """What something costs in a month, exactly."""

    fixed: Decimal = ZERO
    usage: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """Both."""
        return self.fixed + self.usage


def amount(lines: Sequence[Line]) -> Amount:
    """The sum of lines."""
    return Amount(
        sum((line.usd for line in lines if not line.is_usage), ZERO),
        sum((line.usd for line in lines if line.is_usage), ZERO),
    )


@dataclass(frozen=True)
class CostChange:
    """What changed properties of one or more resources do to the cost of a resource."""

    properties: Mapping[str, tuple[Any, Any]]
    """Property such as `app-db.instanceClass` → value before and after; empty if the prices are those of another
    region."""
    delta: Decimal


@dataclass(frozen=True)
class ResourceCost:
    """What a resource costs before and after the change."""

    urn: str
    type: str
    name: str
    """Logical name."""
    before: Sequence[Line]
    """Empty if it is created, or free."""
    after: Sequence[Line]
    """Empty if it is deleted, or free."""
    changes: Sequence[CostChange] = ()

    @property
    def delta(self) -> Decimal:
        """The exact difference."""
        return amount(self.after).total - amount(self.before).total

    @property
    def incomplete(self) -> list[Line]:
        """The lines after the change that have no price."""
        return [line for line in self.after if line.is_incomplete]


@dataclass(frozen=True)
class SettingCost:
    """What one changed setting of the stack does, all others being as they are after the change."""

    setting: str
    before: Any
    """None if it was not set."""
    after: Any
    delta: Decimal | None
    """None if the program does not run with the value before and all other values after."""


@dataclass(frozen=True)
class Assumption:
    """A figure that the program does not decide."""

    key: str
    value: Decimal | str
    meaning: str
    is_default: bool = True
    resource: str = ""
    """Logical name, if it is for one resource."""


@dataclass(frozen=True)
class CostReport:
    """What a stack costs in a month, before and after the change."""

    region: str
    resources: Sequence[ResourceCost]
    """Those that cost something or may, the largest difference first, then the largest amount."""
    settings: Sequence[SettingCost] = ()
    """Empty if no setting of the stack changes, or what changes is not known."""
    settings_left_out: int = 0
    """How many settings change if they are too many to determine the cost of each."""
    assumptions: Sequence[Assumption] = ()
    collected: str = ""
    """When the prices were read."""
    budget: Decimal | None = None
    unused: Sequence[str] = ()
    """Keys of the usage file that nothing in the stack has, such as `resources.app-mail`."""

    @property
    def before(self) -> Amount:
        """The sum of all resources."""
        return amount([line for resource in self.resources for line in resource.before])

    @property
    def after(self) -> Amount:
        """The sum of all resources."""
        return amount([line for resource in self.resources for line in resource.after])

    @property
    def delta(self) -> Decimal:
        """The exact difference."""
        return self.after.total - self.before.total

    @property
    def incomplete(self) -> list[tuple[ResourceCost, Line]]:
        """What has no price after the change."""
        return [(resource, line) for resource in self.resources for line in resource.incomplete]

    @property
    def without_price(self) -> list[tuple[ResourceCost, Line]]:
        """What has no price before or after the change, so that the difference is not known either."""
        return [
            (resource, line)
            for resource in self.resources
            for line in (resource.incomplete or resource.before)
            if line.is_incomplete
        ]

    @property
    def budget_problem(self) -> str:
        """A sentence: why the budget is not kept, or not known to be; empty if it is kept or there is none."""
        if self.budget is None:
            return ""
        total = cents(self.after.total)
        if total > self.budget:
            return f"--budget: {total} USD a month is more than {self.budget}."
        if self.incomplete:
            parts = dict.fromkeys(f"{line.name} of {resource.name}" for resource, line in self.incomplete)
            return (
                f"--budget: whether the stack costs more than {self.budget} USD a month is not known: there is no "
                f"price for {', '.join(parts)}. Add it to prices in the file of --usage."
            )
        return ""
