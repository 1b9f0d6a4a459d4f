"""Problems translated for their reader: into another component's argument names, or the names of settings."""

import re
from collections.abc import Iterable, Iterator, Mapping

from ..naming import camel_case
from .argument_types import head
from .problems import Problem

# A quoted value, which stays as written; a name in backticks; a word. An apostrophe within a word is not a quote.
_QUOTED = r"(?<!\w)'(?:[^'\\]|\\.)*'|(?<!\w)\"(?:[^\"\\]|\\.)*\""
_TOKEN = re.compile(rf"{_QUOTED}|`\w+`|\b\w+\b")


def translated(problems: Iterable[Problem], names: Mapping[str, str]) -> Iterator[Problem]:
    """A component's problems as those of the component that passed its arguments: `names` maps ours to theirs.

    Within a sentence a word counts as a name if it has an underscore or stands in backticks.
    """
    ours = {theirs: name for name, theirs in names.items()}
    for problem in problems:
        start = head(problem.argument)
        words = {name: outer for name, outer in ours.items() if "_" in name}
        words |= {f"`{name}`": f"`{outer}`" for name, outer in ours.items()}
        path = ours.get(start, start) + problem.argument.removeprefix(start)
        yield Problem(path, _replaced(problem.reason, words))


def distinct(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Each problem once, as the first component that sees it reports it."""
    yield from dict.fromkeys(problems)


def as_settings(problem: Problem, arguments: Iterable[str], free: Iterable[str]) -> str:
    """One line in the names of settings; `free` are the arguments under which users choose the names."""
    words = {"True": "true", "False": "false"}
    for name in arguments:
        words |= {f"`{name}`": f"`{camel_case(name)}`"} | ({name: camel_case(name)} if "_" in name else {})
    start, dot, rest = problem.argument.partition(".")
    path = camel_case(start) + dot + (rest if start in free else camel_case(rest))
    return f"{path}: {_replaced(problem.reason, words)}"


def _replaced(reason: str, words: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda match: words.get(match[0], match[0]), reason)
