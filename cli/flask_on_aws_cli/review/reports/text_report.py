"""The report for a terminal."""

from collections.abc import Iterator

from ..cost_model import CostReport
from ..model import Change, Loss, Operation, Policy, Report
from .cost_sections import assumptions, no_price, rows, unverified, usage_prices
from .wording import consent, finding_title, label, policy_summary, property_text, sections, verdict

_LABEL = 70  # characters of the first column of the costs


def as_text(report: Report) -> str:
    """The verdict, then each change, the most severe first."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    yield verdict(report)
    yield f"Compared with {report.base}."
    for loss in report.losses:
        yield ""
        yield from _loss(loss, "")
    for heading, changes in sections(report).items():
        yield ""
        yield f"{heading}:"
        for change in changes:
            yield from _change(change)
    yield from _policy(report.policy)
    if report.costs and report.costs.resources:
        yield ""
        yield from _costs(report.costs)
    for note in report.notes:
        yield ""
        yield note


def _change(change: Change) -> Iterator[str]:
    yield f"  {label(change)}"
    for loss in change.losses:
        yield from _loss(loss, "    ")
    if change.operation is not Operation.CREATE:
        yield from (f"    {property_text(difference)}" for difference in change.properties)
    yield from (f"    {notice}" for notice in change.notices)


def _policy(policy: Policy) -> Iterator[str]:
    if summary := policy_summary(policy):
        yield ""
        yield f"{summary}:"
    for finding in policy.new:
        yield f"  new: {finding_title(finding)}"
        yield f"    {finding.message}"
        yield f"    {finding.reason} {finding.fix}"
    yield from (f"  fixed: {finding_title(finding)}" for finding in policy.fixed)
    for finding in policy.new_waived:
        yield f"  new, waived: {finding_title(finding)}"
        yield f"    {finding.message} {finding.waiver}"
    yield from (f"  {problem}" for problem in policy.problems)


def _loss(loss: Loss, indent: str) -> Iterator[str]:
    yield f"{indent}{loss.resource}: {loss.property}: {loss.reason}"
    yield f"{indent}  {consent(loss)}"


def _costs(costs: CostReport) -> Iterator[str]:
    yield f"Cost in {costs.region}, USD a month:"
    heads = ("before", "after", "difference")
    table = [("", heads), *((f"{'    ' if row.is_part else '  '}{row.label}", row.cells) for row in rows(costs))]
    width = min(max(len(title) for title, _ in table), _LABEL)
    widths = [max(len(cells[column]) for _, cells in table) for column in range(len(heads))]
    for title, cells in table:
        columns = "  ".join(f"{cell:>{size}}" for cell, size in zip(cells, widths, strict=True))
        yield f"{title:<{width}}  {columns}".rstrip()
    for sentence in no_price(costs):
        yield f"  No price: {sentence}"
    for title, parts in (
        ("Assumed", assumptions(costs)),
        ("New usage, 0 unless --usage sets it, in USD", usage_prices(costs)),
        (f"Prices of {costs.collected}; read these again", unverified(costs)),
    ):
        if parts:
            yield f"  {title}: {'; '.join(parts)}."
    if costs.budget_problem:
        yield f"  {costs.budget_problem}"
