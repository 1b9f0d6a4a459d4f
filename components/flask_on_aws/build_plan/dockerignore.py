"""The files of an app's folder that a build gets: the rules of its `.dockerignore`.

https://docs.docker.com/build/concepts/context/#dockerignore-files. They are not matched by docker-py's `PatternMatcher`:
unlike BuildKit it ignores case, knows no escapes, negates a set by `!` instead of `^`, and leaves out what `!` keeps by a
pattern that begins with `*`; and the library does without Docker's client.
"""

import os
import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from .project_files import FileError

# `**/` is any number of folders, `*` and `?` stay within one, `[a-z]` is a set, `\` takes the next character as it is.
_TOKEN = re.compile(r"\*\*/?|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|.", re.DOTALL)


class IgnoreRule(NamedTuple):
    """One line of a .dockerignore: what it matches, and whether that is kept (`!`) rather than left out."""

    pattern: re.Pattern[str]
    keep: bool
    line: int
    text: str


def ignore_rules(root: Path, recipe: Path | None = None) -> list[IgnoreRule]:
    """The rules of `<Dockerfile>.dockerignore` if there is one, else those of the folder's `.dockerignore`.

    Args:
        root: the app's folder.
        recipe: path of its Dockerfile. Default: none.

    Raises:
        FileError: if the file cannot be read or a line cannot be understood.
    """
    own = recipe.with_name(f"{recipe.name}.dockerignore") if recipe else root
    source = own if own.is_file() else root / ".dockerignore"
    if not source.is_file():
        return []
    try:
        text = source.read_text("utf-8-sig", errors="surrogateescape")  # without a byte order mark
    except OSError as error:
        raise FileError(f"{str(source)!r} cannot be read ({error.strerror}); make it readable.") from error
    lines = enumerate(text.splitlines(), 1)  # a comment is a line whose very first character is "#"
    return [_rule(line.strip(), number, source) for number, line in lines if line.strip() and not line.startswith("#")]


def excluded_by(rules: Sequence[IgnoreRule], name: str) -> IgnoreRule | None:
    """The rule that leaves out a file or folder; None if it is sent. The last line that matches decides."""
    path = PurePosixPath(name)
    names = [str(path), *(str(folder) for folder in path.parents if folder.name)]
    matching = [rule for rule in rules if any(rule.pattern.fullmatch(part) for part in names)]
    return matching[-1] if matching and not matching[-1].keep else None


def sent_entries(root: Path, rules: Sequence[IgnoreRule], left_out: Collection[str] = ()) -> Iterator[tuple[str, Path]]:
    """Everything that is sent to a builder, by its path with slashes: folders, files and links.

    Args:
        root: the app's folder.
        rules: the rules of its .dockerignore.
        left_out: files and folders that are left out as well. Default: none.
    """
    may_keep = any(rule.keep for rule in rules)
    # A rule that matches a folder matches everything in it, so each folder hands down which rules matched it.
    waiting: list[tuple[Path, str, list[bool]]] = [(root, "", [False] * len(rules))]
    while waiting:
        folder, prefix, inherited = waiting.pop()
        for entry in os.scandir(folder):
            name = prefix + entry.name
            if name in left_out:
                continue
            matched = [had or bool(rule.pattern.fullmatch(name)) for had, rule in zip(inherited, rules, strict=True)]
            decisive = [rule for rule, hit in zip(rules, matched, strict=True) if hit]
            is_excluded = bool(decisive) and not decisive[-1].keep  # the last line that matches decides
            # With a `!` somewhere, an excluded folder may hold files that are sent.
            if entry.is_dir(follow_symlinks=False) and (may_keep or not is_excluded):
                waiting.append((Path(entry.path), f"{name}/", matched))
            if not is_excluded and (entry.is_dir() or entry.is_symlink() or entry.is_file()):
                yield name, Path(entry.path)


def _rule(line: str, number: int, source: Path) -> IgnoreRule:
    keep = line.startswith("!")
    pattern = posixpath.normpath(line.removeprefix("!").strip() or ".").lstrip("/")
    try:
        return IgnoreRule(re.compile(_expression(pattern), re.DOTALL), keep, number, line)
    except re.error as error:
        raise FileError(f"{line!r} in {str(source)!r} is not a pattern ({error}); correct it.") from error


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
