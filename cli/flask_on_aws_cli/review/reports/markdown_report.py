"""The report for a comment on a pull request, within GitHub's limit.

Its values come from the program of the pull request, which nobody has reviewed yet: they cannot become links, mentions
or HTML.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from ...picture import as_mermaid
from ..cost_model import CostReport
from ..model import Change, Finding, Loss, Operation, Policy, Report
from .cost_sections import Row, assumptions, no_price, rows, unverified, usage_prices
from .wording import consent, finding_title, label, place, policy_summary, property_text, sections, verdict

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
    lines += _policy(report.policy)
    if report.costs and (report.changes or report.budget_problem):  # a comment is about what changes
        lines += _costs(report.costs)
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


def _policy(policy: Policy) -> Iterator[str]:
    """New findings in a table; what is fixed and what is waived below it."""
    summary = policy_summary(policy)
    if summary:
        yield f"\n{summary}"
    if policy.new:
        yield from ("", "| severity | rule | where | finding |", "|---|---|---|---|")
    for finding in policy.new[:_ROWS]:
        cells = (finding.severity.label, finding.rule, f"{finding.name} {place(finding)}", _advice(finding))
        yield f"| {' | '.join(map(escaped, cells))} |"
    if len(policy.new) > _ROWS:
        yield f"\n{len(policy.new) - _ROWS} more are not in this table."
    if policy.fixed or policy.new_waived:
        yield ""
    yield from (f"- fixed: {escaped(finding_title(finding))}" for finding in policy.fixed[:_ROWS])
    for finding in policy.new_waived[:_ROWS]:
        yield f"- new, waived: {escaped(f'{finding_title(finding)}: {finding.message} {finding.waiver}')}"
    # A paragraph: a workflow posts a comment for a list or a table, and these are not about the change.
    yield from (f"\n{escaped(problem)}" for problem in policy.problems[:_ROWS])


def _advice(finding: Finding) -> str:
    return f"{finding.message} {finding.reason} {finding.fix}"


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


def _costs(costs: CostReport) -> Iterator[str]:
    """The differences of cost, and whether the budget is kept."""
    if costs.budget_problem:
        yield f"\n**{escaped(costs.budget_problem)}**"
    changed = [row for row in rows(costs) if row.delta]
    if changed:
        yield from ("", *_cost_table(changed[:_ROWS]))


def _cost_section(costs: CostReport) -> str:
    """All that the stack costs."""
    sentences = [f"No price: {sentence}" for sentence in no_price(costs)]
    for title, parts in (
        ("Assumed", assumptions(costs)),
        ("New usage, 0 unless --usage sets it, in USD", usage_prices(costs)),
        (f"Prices of {costs.collected}; read these again", unverified(costs)),
    ):
        sentences += [f"{title}: {'; '.join(parts)}."] if parts else []
    table = list(rows(costs))
    lines = [*_cost_table(table), *(f"\n{escaped(sentence)}" for sentence in sentences)]
    return _folded(f"Cost in {costs.region}: {_total(table)} USD a month", lines)


def _total(table: Sequence[Row]) -> str:
    return next(row.after for row in table if row.label == "total")


def _cost_table(table: Sequence[Row]) -> Iterator[str]:
    yield from ("| USD a month | before | after | difference |", "|---|--:|--:|--:|")
    for row in table:
        label = f"{'· ' if row.is_part else ''}{row.label}"
        yield f"| {' | '.join(map(escaped, (label, *row.cells)))} |"


def _picture(report: Report) -> Iterator[str]:
    if report.diagram.nodes:
        flowchart = as_mermaid(report.diagram)
        if len(flowchart) <= _PICTURE:
            yield _folded("Picture of the stack", ["```mermaid", flowchart, "```"])


def _details(report: Report) -> Iterator[str]:
    if report.costs and report.costs.resources and report.changes:
        yield _cost_section(report.costs)
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
    left_out = "\n\n{} more sections do not fit into a comment; run `flask-on-aws review`."
    remaining = limit - len(left_out) - 10  # digits of the number
    for index, section in enumerate(sections):
        if len(section) > remaining:
            yield left_out.format(len(sections) - index)
            return
        remaining -= len(section)
        yield section
