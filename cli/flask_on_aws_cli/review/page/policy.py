"""What the policy finds, if the report has it."""

from collections.abc import Mapping, Sequence
from typing import Any

from .html import Html, element

_TITLES: Mapping[str, str] = {
    "new": "New",
    "unchanged": "There before",
    "waived": "Waived",
    "fixed": "Fixed",
}
_Object = Mapping[str, Any]


def policy(entry: _Object) -> Html:
    """The findings by what the change does to them, the new ones first."""
    groups: dict[str, list[_Object]] = {key: entry.get(key) or [] for key in _TITLES}
    if not any(groups.values()):
        return element("p", "No findings.", class_="good")
    parts = [element("p", problem, class_="warn") for problem in entry.get("problems") or ()]
    for key, findings in groups.items():
        if findings:
            heading = element("summary", _TITLES[key], " ", element("span", str(len(findings)), class_="count"))
            parts.append(element("details", heading, _findings(findings), open=key == "new"))
    return Html("".join(parts))


def _findings(findings: Sequence[_Object]) -> Html:
    return element("ul", map(_finding, findings), class_="findings")


def _finding(finding: _Object) -> Html:
    place = finding.get("file") or ""
    if place and finding.get("line"):
        place = f"{place}:{finding['line']}"
    waiver = finding.get("waiver")
    return element(
        "li",
        element("span", finding["severity"], class_=f"severity {finding['severity']}"),
        " ",
        element("strong", finding["name"]),
        " ",
        element("code", finding["rule"]),
        element("p", finding.get("message")),
        element("p", finding.get("reason"), class_="muted") if finding.get("reason") else None,
        element("p", "Fix: ", finding.get("fix")) if finding.get("fix") else None,
        element("p", "Waived: ", waiver) if waiver else None,
        element("p", element("code", place)) if place else None,
    )
