"""Whether a page shows the value of a secret variable to every visitor. Pure functions, which report names alone."""

import html
import json
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote

from ..check import Cause, Check, Finding, not_checked, passed, warned
from ..running import Answer

SECRETS = "secrets"
# A shorter value may be in a page by chance.
_SHORTEST = 8


def judge_secrets(pages: Sequence[tuple[str, Answer]], secrets: Mapping[str, str]) -> Check:
    """The check of what pages show.

    Args:
        pages: paths with their responses.
        secrets: the values of the app's secret variables.
    """
    if not secrets:
        return not_checked(SECRETS, "the app has no secret variable")
    shown = {path: _shown(answer, secrets) for path, answer in pages}
    found = {path: names for path, names in shown.items() if names}
    if not found:
        return passed(SECRETS, f"no value of a secret variable is in {' or '.join(dict.fromkeys(shown))}")
    names = sorted({name for names in found.values() for name in names})
    finding = Finding(
        Cause.SHOWS_SECRET,
        f"{' and '.join(found)} {'show' if len(found) > 1 else 'shows'} every visitor the value of {', '.join(names)}",
        "remove it from the page, also from comments, headers and error pages; on a stack that served it, rotate the "
        "secret as well",
        tuple(f"{path}: {', '.join(names)}" for path, names in found.items()),
    )
    return warned(SECRETS, finding)


def _shown(answer: Answer, secrets: Mapping[str, str]) -> list[str]:
    """Names of the variables with values that a response contains."""
    text = "\n".join((answer.body, *answer.headers.values()))
    return [name for name, value in secrets.items() if any(form in text for form in _forms(value))]


def _forms(value: str) -> Iterator[str]:
    """A value as pages, addresses and JSON contain it."""
    if len(value) >= _SHORTEST:
        yield from {value, html.escape(value), html.escape(value, quote=False), quote(value, safe=""), quote(value)}
        yield json.dumps(value)[1:-1]
