"""The arguments and blocks of Terraform's types, by their names in Pulumi."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, cast

_FILE = "schema.json"


@dataclass(frozen=True)
class Block:
    """A resource, or a block in it."""

    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Name → type, as Terraform writes types in JSON: `string`, `["list", "string"]`."""
    required: Sequence[str] = ()
    computed: Sequence[str] = ()
    """Attributes that are only outputs."""
    blocks: Mapping[str, int] = field(default_factory=dict[str, int])
    """Name → number of the block."""

    def argument(self, name: str) -> str | None:
        """The argument or block with a name in Pulumi, such as `cidrIpv4`; None if there is none."""
        return _matching(name, [*self.arguments, *self.blocks])

    def attribute(self, name: str) -> str | None:
        """The argument or output with a name in Pulumi; None if there is none."""
        return "id" if name == "id" else _matching(name, [*self.arguments, *self.computed])


@cache
def _document() -> Mapping[str, Any]:
    return cast(Mapping[str, Any], json.loads(resources.files(__package__ or "").joinpath(_FILE).read_text("utf-8")))


def provider_version() -> str:
    """The version of the AWS provider with this schema."""
    return str(_document()["provider"])


def resource_block(kind: str) -> Block | None:
    """The block of a type, such as `aws_lb`; None if the provider does not have it."""
    number = _document()["types"].get(kind)
    return None if number is None else block(number)


@cache
def block(number: int) -> Block:
    """A block by its number."""
    return Block(**_document()["blocks"][number])


def _matching(name: str, names: Sequence[str]) -> str | None:
    plain = {each.replace("_", ""): each for each in names}
    return next(
        (plain[candidate] for candidate in _candidates(name.replace("_", "").lower()) if candidate in plain), None
    )


def _candidates(name: str) -> Iterator[str]:
    """Pulumi's name, and the singular ones: in Terraform, blocks that can be repeated have these."""
    yield name
    if name.endswith("ies"):
        yield f"{name[:-3]}y"
    if name.endswith("es"):
        yield name[:-2]
    if name.endswith("s"):
        yield name[:-1]
