"""The resources of a stack as functions that price them see them: properties, relations, prices, assumptions."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any, cast

from ...pulumi_engine import Resource
from ...pulumi_engine.model.references import references
from ...pulumi_engine.model.values import Secret, Unknown, plain
from ..cost_model import Line
from ..effects.terraform_names import canonical_type
from ..values import shown
from .prices import PriceList, unit_of
from .usage import Usage

_PROVIDER = "pulumi:providers:aws"
ONE = Decimal(1)


@dataclass
class Stack:
    """A snapshot of a stack with what prices depend on."""

    resources: Mapping[str, Resource]
    """By URN."""
    region: str
    """That of resources which name none."""
    usage: Usage = field(default_factory=Usage)
    prices: PriceList = field(default_factory=PriceList)
    _relations: dict[tuple[str, str, str], dict[str, "Priced"]] = field(
        default_factory=dict[tuple[str, str, str], dict[str, "Priced"]]
    )

    def region_of(self, resource: Resource) -> str:
        """The region that a resource is created in."""
        own = resource.region or plain(resource.inputs.get("region"))
        provider = self.resources.get(resource.provider.rpartition("::")[0]) or self.resources.get(resource.provider)
        of_provider = plain(provider.inputs.get("region")) if provider and provider.type == _PROVIDER else None
        return next((name for name in (own, of_provider) if isinstance(name, str) and name), self.region)

    def of_type(self, type_token: str) -> list["Priced"]:
        """The resources of a type."""
        return self._by_type.get(type_token, [])

    def referring(self, type_token: str, name: str, to_type: str, to: "Priced") -> "Priced | None":
        """The resource of a type with a property that refers to a resource; the last one if there are several."""
        key = (type_token, name, to_type)
        if key not in self._relations:
            pairs = ((each.related(name, to_type), each) for each in self.of_type(type_token))
            self._relations[key] = {found.resource.urn: each for found, each in pairs if found}
        return self._relations[key].get(to.resource.urn)

    @cached_property
    def _by_type(self) -> Mapping[str, list["Priced"]]:
        groups: dict[str, list[Priced]] = {}
        for resource in self.resources.values():
            groups.setdefault(canonical_type(resource.type), []).append(Priced(resource, self))
        return groups


class Priced:
    """A resource to be priced.

    Args:
        resource: the resource.
        stack: the stack that it belongs to.
    """

    def __init__(self, resource: Resource, stack: Stack) -> None:
        self.resource, self.stack = resource, stack
        self.region = stack.region_of(resource)
        self.usage = stack.usage

    @property
    def name(self) -> str:
        """Logical name."""
        return self.resource.name

    @property
    def hours(self) -> Decimal:
        """Hours in the month."""
        return self.usage.number("hours", self.name)

    def get(self, name: str) -> Any:
        """A property; None if it is not set or not known."""
        value = plain(self.resource.inputs.get(name))
        return None if isinstance(value, Unknown) else value

    def items(self, name: str) -> list[Any]:
        """A property that is a list of values or of blocks; empty if it is not set."""
        value = self.get(name)
        return cast(list[Any], value) if isinstance(value, list) else [] if value is None else [value]

    def block(self, name: str) -> Mapping[str, Any]:
        """A property that is an object; empty if it is not set."""
        value = self.get(name)
        return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}

    def figure(self, key: str) -> Decimal:
        """An assumption for this resource."""
        return self.usage.number(key, self.name)

    def related(self, name: str, type_token: str) -> "Priced | None":
        """The resource of a type that a property refers to, if it is in the stack."""
        candidates = self.stack.of_type(type_token)
        urns = set(self.resource.property_dependencies.get(name, ()))
        by_dependency = [each for each in candidates if each.resource.urn in urns]
        if len(by_dependency) == 1:
            return by_dependency[0]
        text = self.get(name)
        if not isinstance(text, str):
            return None
        kind = type_token.rpartition(":")[2]
        names = {each.name for each in references(text) if each.type == kind}
        return next((each for each in candidates if each.name in names or each.is_named_by(text)), None)

    def is_named_by(self, text: str) -> bool:
        """Whether an ARN, an id or a name is that of this resource, by the names in its properties."""
        names = {self.name, *(self.get(key) for key in ("family", "name", "clusterIdentifier"))} - {None}
        pattern = "|".join(re.escape(str(name)) for name in names)
        return re.search(rf"(?:^|[:/])(?:{pattern})(?::\d+)?$", text) is not None

    def basis(self, *names: str) -> dict[str, Any]:
        """Properties by their paths in a report, such as `networkConfiguration.assignPublicIp`, for `Line.basis`."""
        return {f"{self.name}.{name}": shown(_at(self.resource.inputs, name.split("."))) for name in names}

    def fixed(self, name: str, item: str, quantity: Decimal, basis: Iterable[str] = (), **more: Any) -> Line:
        """A line whose quantity the stack decides.

        It is there also if the quantity is zero because of a property, so that a change of that is attributed to it.
        """
        return self._line(name, item, quantity, False, {**self.basis(*basis), **more.get("more", {})})

    def used(self, name: str, item: str, quantity: Decimal, basis: Iterable[str] = ()) -> Line:
        """A line whose quantity is an assumption."""
        return self._line(name, item, quantity, True, self.basis(*basis))

    def unknown(self, name: str, reason: str, basis: Iterable[str] = (), quantity: Decimal = ONE) -> Line:
        """A line without a price."""
        return Line(name, quantity, None, False, self.basis(*basis), reason)

    def _line(self, name: str, item: str, quantity: Decimal, is_usage: bool, basis: Mapping[str, Any]) -> Line:
        price = self.stack.prices.find(self.region, item)
        unit = f" ({unit_of(item)})" if unit_of(item) else ""
        missing = "" if price else f"There is no price of {item}{unit} in {self.region}."
        return Line(name, quantity, price, is_usage, basis, missing)


def _at(value: Any, path: Sequence[str]) -> Any:
    """The value at a path; None if there is none."""
    for name in path:
        if isinstance(value, Secret):
            value = value.value
        value = cast(Mapping[str, Any], value).get(name) if isinstance(value, Mapping) else None
    return value


def number(value: Any) -> Decimal | None:
    """A property that is a number, or a text with one; None if it is neither."""
    try:
        return Decimal(str(value)) if value is not None and not isinstance(value, bool) else None
    except InvalidOperation:
        return None
