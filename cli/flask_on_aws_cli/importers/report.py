"""Formats the outcomes of an import as text or JSON: pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..shared.output_format import as_json
from ..shared.stack_options import LOCAL_STACK
from .drafts.draft import Entry
from .reading.source import printable
from .stacks.settle import Outcome

_SECTIONS = {
    "carried": "Carried over",
    "kept": "Kept as you set it",
    "needs": "Needs you",
    "lost": "Cannot be carried over",
}


def text_report(outcomes: Sequence[Outcome], written: Mapping[str, bool]) -> str:
    """The lists of all stacks. What is the same in all of them is there once.

    Args:
        outcomes: one for each stack.
        written: whether the file of a stack was changed, by its name.
    """
    lines = list[str]()
    for section, title in _SECTIONS.items():
        rows = list(_rows(outcomes, section))
        if rows or section != "kept":
            lines += [f"{title}:", *(rows or ["  nothing"]), ""]
    for outcome in outcomes:
        done = "was written" if written[outcome.stack] else "is unchanged"
        lines.append(f"{outcome.file.path.name} {done}.")
    lines += ["", *_next_steps(outcomes)]
    return "\n".join(lines)


def json_report(outcomes: Sequence[Outcome], written: Mapping[str, bool]) -> str:
    """The same as JSON."""
    return as_json(
        [
            {
                "stack": outcome.stack,
                "file": str(outcome.file.path),
                "written": written[outcome.stack],
                **{section: [_record(entry) for entry in getattr(outcome, section)] for section in _SECTIONS},
            }
            for outcome in outcomes
        ]
    )


def _record(entry: Entry) -> Mapping[str, Any]:
    record = {"file": entry.place.file, "line": entry.place.line, "subject": entry.subject, "text": entry.text}
    return {**record, "command": entry.command} if entry.command else record


def _rows(outcomes: Sequence[Outcome], section: str) -> Iterator[str]:
    stacks = dict[Entry, list[str]]()
    for outcome in outcomes:
        for entry in dict.fromkeys(getattr(outcome, section)):
            stacks.setdefault(entry, []).append(outcome.stack)
    for entry, names in sorted(stacks.items(), key=lambda item: (item[0].place, item[0].subject, item[1])):
        where = "" if len(names) == len(outcomes) else f"[{', '.join(names)}] "
        yield printable(f"  {entry.place}  {where}{entry.subject}: {entry.text}".rstrip(".: "))
        if entry.command:
            yield f"      {printable(entry.command)}"


def _next_steps(outcomes: Sequence[Outcome]) -> Iterator[str]:
    if [outcome.stack for outcome in outcomes] == [LOCAL_STACK]:
        needs = 'add the lines under "Needs you" to the file, and ' if outcomes[0].needs else ""
        yield f"Next: {needs}start the stack on this machine:"
        yield "  ./up"
        return
    needs = ', run its commands under "Needs you"' if any(outcome.needs for outcome in outcomes) else ""
    yield f"Next: create each stack that does not exist yet{needs}, set its region, and deploy it:"
    for outcome in outcomes:
        yield f"  pulumi stack init {outcome.stack}"
        yield f"  pulumi config set aws:region REGION --stack {outcome.stack}"
        yield f"  pulumi up --stack {outcome.stack}"
