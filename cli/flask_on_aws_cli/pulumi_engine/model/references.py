"""References: texts that stand for outputs which only an update determines, such as `${Vpc app-network.id}`."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .graph import Resource

_REFERENCE = re.compile(r"\$\{(\w+) ([^{}]+)\.(\w+)\}")


class Reference(NamedTuple):
    """An output of a resource."""

    type: str
    """The last part of the type's token: `Vpc`."""
    name: str
    """The resource's logical name."""
    output: str


def reference(resource: Resource, output: str) -> str:
    """The reference to an output of a resource."""
    return f"${{{resource.type.rpartition(':')[2]} {resource.name}.{output}}}"


def references(text: str) -> Iterator[Reference]:
    """The references in a text."""
    for match in _REFERENCE.finditer(text):
        yield Reference(*match.groups())


def replace_references(text: str, replacement: Callable[[Reference], str | None]) -> str:
    """The text with other texts in place of references; a reference stays if its replacement is None."""

    def replace(match: re.Match[str]) -> str:
        text = replacement(Reference(*match.groups()))
        return match[0] if text is None else text

    return _REFERENCE.sub(replace, text)
