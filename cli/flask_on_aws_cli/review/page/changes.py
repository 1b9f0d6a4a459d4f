"""The changes by effect, each with its properties, and the data that is lost."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .html import Html, element, pretty, shown

_HEADINGS: Mapping[str, str] = {
    "loses-data": "Loses data",
    "replaced": "Replaced",
    "unknown": "Unknown",
    "brief-downtime": "Brief downtime",
    "waits-for-window": "Waits for the maintenance window",
    "restarts-tasks": "Restarts tasks",
    "in-place": "In place",
    "none": "No change on AWS",
    "delete": "Deleted",
    "create": "Created",
}
_SEVERE = ("loses-data", "replaced")
_CONSENT: Mapping[str, str] = {
    "missing": "Not accepted: change it back, or add {name} to acceptDataLoss.",
    "given": "Accepted: acceptDataLoss includes {name}.",
    "impossible": "This cannot work; pulumi up fails.",
    "not-needed": "Nothing is lost yet.",
    "not-guarded": "pulumi up does not ask for consent.",
}
_LONG = 80  # characters of a value that is compared line by line
_LISTED = 4  # properties named in the line of a change
_CONTEXT = 2  # unchanged lines around a difference
_Object = Mapping[str, Any]


def change_id(number: int) -> str:
    """The id of a change's element, by its position in the report."""
    return f"change-{number + 1}"


def changes(entries: Sequence[_Object]) -> Html:
    """All changes, the most severe group first."""
    if not entries:
        return element("p", "Nothing changes.", class_="muted")
    groups: dict[str, list[tuple[int, _Object]]] = {key: [] for key in _HEADINGS}
    for number, entry in enumerate(entries):
        groups.setdefault(_group(entry), []).append((number, entry))
    buttons = element(
        "p",
        element("button", "Expand all", type="button", data_open="true"),
        element("button", "Collapse all", type="button", data_open="false"),
        class_="buttons",
        hidden=True,  # without its script, the page has no use for them
    )
    content = (_changes_of(key, members) for key, members in groups.items() if members)
    return Html(buttons + "".join(content))


def losses(entries: Sequence[_Object]) -> Html | None:
    """What is lost, and whether that is accepted."""
    if not entries:
        return None
    items = (
        element(
            "li",
            element("strong", loss["resource"]),
            ", ",
            element("code", loss["property"]),
            ": ",
            loss["reason"],
            " ",
            element("em", _consent(loss)),
        )
        for loss in sorted(entries, key=lambda loss: not _is_open(loss))
    )
    return element("ul", items, class_=f"losses {'bad' if any(map(_is_open, entries)) else 'warn'}")


def _is_open(loss: _Object) -> bool:
    """Whether the change must not be applied because of it."""
    return loss["consent"] in ("missing", "impossible")


def _consent(loss: _Object) -> str:
    return _CONSENT.get(str(loss["consent"]), "{name}: " + str(loss["consent"])).format(name=loss["resource"])


def _group(entry: _Object) -> str:
    if entry["operation"] == "create":
        return "create"
    return "delete" if entry["operation"] == "delete" and entry["effect"] != "loses-data" else str(entry["effect"])


def _changes_of(key: str, members: Sequence[tuple[int, _Object]]) -> Html:
    heading = element("h3", _HEADINGS.get(key, key), " ", element("span", str(len(members)), class_="count"))
    return element("div", heading, (_change(number, entry, key) for number, entry in members), class_=f"group {key}")


def _change(number: int, entry: _Object, key: str) -> Html:
    names = list(dict.fromkeys(str(item["path"]).split(".")[0] for item in entry["properties"]))
    listed = "" if key == "create" else ", ".join(names[:_LISTED]) + ("…" if len(names) > _LISTED else "")
    previous = entry.get("previousName")
    summary = element(
        "summary",
        element("span", entry["operation"], class_="operation"),
        " ",
        element("strong", entry["name"]),
        " ",
        element("span", str(entry["type"]).rpartition(":")[2], class_="type"),
        " ",
        element("span", listed, class_="muted names") if listed else None,
    )
    content = [
        element("p", element("code", entry["type"]), f", before: {previous}" if previous else None, class_="muted"),
        [element("p", notice) for notice in entry["notices"]],
        losses(entry["losses"]),
        _properties(entry["properties"]),
    ]
    return element(
        "details", summary, element("div", content, class_="body"), id=change_id(number), open=key in _SEVERE
    )


def _properties(entries: Sequence[_Object]) -> Html | None:
    if not entries:
        return None
    return element("dl", ((element("dt", item["path"]), element("dd", _difference(item))) for item in entries))


def _difference(item: _Object) -> Iterable[Any]:
    before, after = item["before"], item["after"]
    if item["secret"]:
        verb = "added" if before is None else "removed" if after is None else "changed"
        return [element("span", f"secret, {verb}", class_="secret")]
    if before is not None and after is not None and (_is_long(before) or _is_long(after)):
        return [element("pre", _lines(pretty(before), pretty(after)), tabindex="0")]
    parts: list[Any] = []
    if before is not None:
        parts.append(element("del", shown(before)))
    if before is not None and after is not None:
        parts.append(" → ")
    if after is not None:
        parts.append(element("ins", shown(after)))
    return parts


def _is_long(value: Any) -> bool:
    return isinstance(value, list | dict) or len(shown(value)) > _LONG or "\n" in shown(value)


def _lines(before: Sequence[str], after: Sequence[str]) -> Iterator[Html]:
    difference = difflib.unified_diff(before, after, n=_CONTEXT, lineterm="")
    for number, line in enumerate(difference):
        if number > 1 and not line.startswith("@@"):  # the first two are file names
            name = {"-": "del", "+": "ins"}.get(line[0], "span")
            yield Html(f"{element(name, line)}\n")
