"""Problems translated for their reader: into another component's argument names, or the names of settings."""

from collections.abc import Iterable, Iterator, Mapping

from ..naming import camel_case
from .argument_types import head
from .problems import Problem
from .setting_names import in_settings_names, replace_words


def translated(problems: Iterable[Problem], names: Mapping[str, str]) -> Iterator[Problem]:
    """A component's problems as those of the component that passed its arguments.

    Within a sentence a word counts as a name if it has an underscore or stands in backticks.

    Args:
        problems: the component's.
        names: the outer component's name of each argument, by the inner one's.
    """
    words = {name: given for name, given in names.items() if "_" in name}
    words |= {f"`{name}`": f"`{given}`" for name, given in names.items()}
    for problem in problems:
        start = head(problem.argument)
        path = names.get(start, start) + problem.argument.removeprefix(start)
        yield Problem(path, replace_words(problem.reason, words))


def distinct(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Each problem once, as the first component that sees it reports it."""
    yield from dict.fromkeys(problems)


def as_settings(problem: Problem, arguments: Iterable[str], free: Iterable[str]) -> str:
    """One line in the names of settings; `free` are the arguments under which users choose the names."""
    start, dot, rest = problem.argument.partition(".")
    path = camel_case(start) + dot + (rest if start in free else camel_case(rest))
    return f"{path}: {in_settings_names(problem.reason, arguments)}"
