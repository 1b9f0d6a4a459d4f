"""The report for a comment on a pull request, within GitHub's limit.

Its values come from the program of the pull request, which nobody has reviewed yet: they cannot become links, mentions
or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from ...picture import as_mermaid
from ..model import Change, Loss, Operation, Report
from .wording import consent, label, property_text, sections, verdict

# GitHub rejects a comment of more than 65,536 characters; the rest is for what a workflow adds.
LIMIT = 60_000
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~-])")
_ROWS = 50  # rows of the table; all changes are in the details
_PICTURE = 20_000  # characters of a picture; a larger one cannot be read, and leaves no room for the changes
_ZERO_WIDTH = "\u200b"


def marker(stack: str) -> str:
    """The first line of a comment, by which the next review of the stack finds it."""
    return f"<!-- flask-on-aws review: {re.sub(r'[^A-Za-z0-9_.-]', '', stack)} -->"


def as_markdown(report: Report) -> str:
    """The verdict, the losses, a table of changes, and all properties in sections that can be opened."""
    lines = [marker(report.stack), f"### {escaped(verdict(report))}", "", f"Compared with {escaped(report.base)}."]
    lines += _losses([*report.losses, *(loss for change in report.changes for loss in change.losses)])
    lines += _table(report)
    lines += [f"\n{escaped(note)}" for note in report.notes]
    head = "\n".join(lines)[:LIMIT]
    return head + "".join(_fitting([*_picture(report), *_details(report)], LIMIT - len(head)))


def escaped(text: str) -> str:
    """The text without a meaning in Markdown or HTML."""
    return _unlinked(_SPECIAL.sub(r"\\\1", _as_html(" ".join(text.split()))))


def _as_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unlinked(text: str) -> str:
    """The text with an invisible character in what GitHub makes a link of, even where it is escaped."""
    return re.sub(r"@|#|://|www\.|\]\(", lambda match: f"{match[0][0]}{_ZERO_WIDTH}{match[0][1:]}", text)


def _losses(losses: Sequence[Loss]) -> Iterator[str]:
    if losses:
        yield ""
    for loss in losses:
        name = f"**{escaped(loss.resource)}**: {escaped(loss.property)}"
        yield f"- {name}: {escaped(loss.reason)} {escaped(consent(loss))}"


def _table(report: Report) -> Iterator[str]:
    if not report.changes:
        return
    yield from ("", "| effect | resource | changed | what you notice |", "|---|---|---|---|")
    rows = [(name, change) for name, changes in sections(report).items() for change in changes]
    for name, change in rows[:_ROWS]:
        cells = (name, f"{change.operation.value} {change.name}", _properties(change), " ".join(change.notices))
        yield f"| {' | '.join(map(escaped, cells))} |"
    if len(rows) > _ROWS:
        yield f"\n{len(rows) - _ROWS} more are not in this table."


def _properties(change: Change) -> str:
    """The names of the properties that differ."""
    if change.operation is Operation.CREATE:
        return ""
    return ", ".join(dict.fromkeys(difference.path.split(".")[0] for difference in change.properties))


def _picture(report: Report) -> Iterator[str]:
    if report.diagram.nodes:
        flowchart = as_mermaid(report.diagram)
        if len(flowchart) <= _PICTURE:
            yield _folded("Picture of the stack", ["```mermaid", flowchart, "```"])


def _details(report: Report) -> Iterator[str]:
    for name, changes in sections(report).items():
        for change in changes:
            if change.properties and change.operation is not Operation.CREATE:
                yield _section(name, change)


def _section(heading: str, change: Change) -> str:
    lines = [f"! {property_text(difference)}" for difference in change.properties]
    longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return _folded(f"{heading}: {label(change)}", [f"{fence}diff", *lines, fence])


def _folded(summary: str, lines: Iterable[str]) -> str:
    # Markdown has no meaning in a line of HTML.
    title = _unlinked(_as_html(" ".join(summary.split())))
    return "\n".join(["", "", f"<details><summary>{title}</summary>", "", *lines, "", "</details>"])


def _fitting(sections: Sequence[str], limit: int) -> Iterator[str]:
    """As many sections as fit, and how many do not."""
    left_out = "\n\n{} more changes do not fit into a comment; run `flask-on-aws review`."
    remaining = limit - len(left_out) - 10  # digits of the number
    for index, section in enumerate(sections):
        if len(section) > remaining:
            yield left_out.format(len(sections) - index)
            return
        remaining -= len(section)
        yield section
