"""HTML as Python values: every text is escaped unless it is `Html`."""

import json
from html import escape
from typing import Any


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def element(name: str, *content: Any, **attributes: str | bool) -> Html:
    """An element. Names of attributes are without a trailing `_`, and have hyphens in place of other `_`."""
    return Html(f"<{name}{_attributes(attributes)}>{joined(content)}</{name}>")


def joined(content: Any) -> Html:
    """Texts, escaped, and elements, in their order."""
    if content is None:
        return Html("")
    if isinstance(content, Html):
        return content
    if isinstance(content, str):
        return Html(escape(content, quote=True))
    return Html("".join(joined(item) for item in content))


def shown(value: Any) -> str:
    """A value of the JSON on one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pretty(value: Any) -> list[str]:
    """A value of the JSON on as many lines as it has parts."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
    return text.splitlines() or [""]


def _attributes(attributes: dict[str, str | bool]) -> str:
    parts: list[str] = []
    for key, value in attributes.items():
        name = key.rstrip("_").replace("_", "-")
        if value is True:
            parts.append(f" {name}")
        elif value is not False:
            parts.append(f' {name}="{escape(value, quote=True)}"')
    return "".join(parts)
