"""The files of an app's folder that a build gets: the rules of its `.dockerignore`.

https://docs.docker.com/build/concepts/context/#dockerignore-files. They are not matched by docker-py's `PatternMatcher`:
unlike BuildKit it ignores case, knows no escapes, negates a set by `!` instead of `^`, and leaves out what `!` keeps by a
pattern that begins with `*`; and the library does without Docker's client.
"""

import os
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .project_files import FileError

# `**/` is any number of folders, `*` and `?` stay within one, `[a-z]` is a set, `\` takes the next character as it is.
_TOKEN = re.compile(r"\*\*/?|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|.", re.DOTALL)

# Characters of a name that mean something else in a pattern.
_SPECIAL, _ESCAPED = re.compile(r"[*?\[\\]"), r"\\\g<0>"


class ContextError(FileError):
    """A build context that cannot be read, as a whole sentence."""


class IgnoreRule(NamedTuple):
    """One line of a .dockerignore: what it matches, and whether that is kept (`!`) rather than left out."""

    pattern: re.Pattern[str]
    keep: bool
    line: int
    text: str


Entry = tuple[str, "os.DirEntry[str]"]
"""The path of a file or folder in the context, with slashes, and the file or folder."""


def ignore_rules(root: Path, recipe: Path | None = None) -> list[IgnoreRule]:
    """The rules of `<Dockerfile>.dockerignore` if there is one, else those of the folder's `.dockerignore`.

    Args:
        root: the app's folder.
        recipe: path of its Dockerfile. Default: none.

    Raises:
        ContextError: if the file cannot be read or a line cannot be understood.
    """
    own = recipe.with_name(f"{recipe.name}.dockerignore") if recipe else root
    source = own if own.is_file() else root / ".dockerignore"
    lines = enumerate(ignore_text(source).splitlines(), 1)  # a comment is a line whose very first character is "#"
    return [_rule(line.strip(), number, source) for number, line in lines if line.strip() and not line.startswith("#")]


def ignore_text(source: Path) -> str:
    """The text of a .dockerignore, without a byte order mark; empty if there is none.

    Raises:
        ContextError: if it cannot be read.
    """
    try:
        return source.read_text("utf-8-sig", errors="surrogateescape") if source.is_file() else ""
    except OSError as error:
        raise ContextError(f"{str(source)!r} cannot be read ({error.strerror}); make it readable.") from error


def ignore_lines(names: Iterable[str]) -> str:
    """Lines of a .dockerignore that leave out these paths and no others."""
    return "".join(f"/{_SPECIAL.sub(_ESCAPED, name)}\n" for name in names)


def excluded_by(rules: Sequence[IgnoreRule], name: str) -> IgnoreRule | None:
    """The rule that leaves out a file or folder; None if it is sent. The last line that matches decides."""
    path = PurePosixPath(name)
    names = [str(path), *(str(folder) for folder in path.parents if folder.name)]
    matching = [rule for rule in rules if any(rule.pattern.fullmatch(part) for part in names)]
    return matching[-1] if matching and not matching[-1].keep else None


def sent_entries(
    root: Path,
    rules: Sequence[IgnoreRule],
    enters: Callable[[str, "os.DirEntry[str]"], bool] = lambda name, entry: True,
) -> Iterator[Entry]:
    """Files, links and folders that are not left out; of folders that are left out, what a `!` keeps.

    Args:
        root: the folder.
        rules: the lines of its .dockerignore.
        enters: whether to look into a folder. Default: into every folder.
    """
    may_keep = any(rule.keep for rule in rules)
    # A rule that matches a folder matches everything in it, so each folder hands down which rules matched it.
    waiting: list[tuple[str, str, list[bool]]] = [(str(root), "", [False] * len(rules))]
    while waiting:
        folder, prefix, inherited = waiting.pop()
        for entry in os.scandir(folder):
            name = prefix + entry.name
            matched = [had or bool(rule.pattern.fullmatch(name)) for had, rule in zip(inherited, rules, strict=True)]
            decisive = [rule for rule, hit in zip(rules, matched, strict=True) if hit]
            left_out = bool(decisive) and not decisive[-1].keep  # the last line that matches decides
            is_folder = entry.is_dir(follow_symlinks=False)
            # With a `!` somewhere, a folder that is left out may hold files that are sent.
            if is_folder and (may_keep or not left_out) and enters(name, entry):
                waiting.append((entry.path, f"{name}/", matched))
            if not left_out:
                yield name, entry


def _rule(line: str, number: int, source: Path) -> IgnoreRule:
    keep = line.startswith("!")
    pattern = posixpath.normpath(line.removeprefix("!").strip() or ".").lstrip("/")
    try:
        return IgnoreRule(re.compile(_expression(pattern), re.DOTALL), keep, number, line)
    except re.error as error:
        raise ContextError(f"{line!r} in {str(source)!r} is not a pattern ({error}); correct it.") from error


def _expression(pattern: str) -> str:
    """A pattern of a .dockerignore as a regular expression for a whole path."""
    if re.fullmatch(r"\*\*[^*?\[\]\\/][^*?\[\]\\]*", pattern):
        return ".*" + re.escape(pattern[2:])  # `**.log`: any path that ends so
    translated = ""
    for token in _TOKEN.finditer(pattern):
        piece = token[0]
        if piece.startswith("**"):
            translated += ".*" if token.end() == len(pattern) else "(?:.*/)?"
        elif piece == "[" or len(piece) > 1:
            translated += piece  # sets and escapes mean the same in both; a set without an end is an error in both
        else:
            translated += {"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece)
    return translated
