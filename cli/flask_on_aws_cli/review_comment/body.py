"""The text of a comment: pure functions."""

import re
from collections.abc import Iterator, Mapping, Sequence

from .consent import consent_line
from .report import Report

MARK = "<!-- review of this pull request -->"
"""The first line of a comment, by which the next review finds it."""
_SHORT = 7  # digits of a commit, as git shows them
_ZERO_WIDTH = "\u200b"


def comment(report: Report, limit: int, consent: str = "") -> str:
    """The comment for a report, which notifies nobody.

    Args:
        report: the report.
        limit: the number of characters that the platform accepts.
        consent: what is to be said about the consent. Default: nothing.
    """
    text = f"{consent}\n\n{report.text}" if consent else report.text
    return f"{MARK}\n{text}".replace("@", f"@{_ZERO_WIDTH}")[:limit]


def without_html(text: str) -> str:
    """The Markdown without folded sections and the mark of the report, for a platform that shows HTML as text."""
    head = re.split(r"^<details>", text, maxsplit=1, flags=re.MULTILINE)[0]
    return re.sub(r"<!--.*?-->\n?", "", head, flags=re.DOTALL).strip()


def consent_text(missing: Sequence[str], authors: Mapping[str, str], commit: str) -> str:
    """Who accepted the losses, and how to accept the others; empty if none needs consent.

    Args:
        missing: the logical names of the resources whose data is lost without the setting acceptDataLoss.
        authors: who accepted the loss on the pull request, by logical name.
        commit: the head commit.
    """
    return "\n".join(_consent_lines(missing, authors, commit))


def _consent_lines(missing: Sequence[str], authors: Mapping[str, str], commit: str) -> Iterator[str]:
    for name, author in authors.items():
        yield f"- Accepted for {commit[:_SHORT]} by {author}: {_code(name)} loses data."
    names = [name for name in missing if name not in authors]
    if names:
        yield from ("", "To accept the loss for this commit, comment with this line; it needs write access:", "")
        yield from _block([consent_line(name, commit) for name in names])
    if missing:
        yield from ("", "`pulumi up` still needs the setting `acceptDataLoss`.")


def _code(text: str) -> str:
    """Text of a program as code in a line."""
    text = " ".join(text.split())
    fence = "`" * (_longest_run(text) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"


def _block(lines: Sequence[str]) -> Iterator[str]:
    texts = [" ".join(line.split()) for line in lines]
    fence = "`" * max(3, *(_longest_run(text) + 1 for text in texts))
    yield from (fence, *texts, fence)


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall(r"`+", text)), default=0)
