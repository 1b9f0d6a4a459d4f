"""What an image is built from, as one hash: the files that Docker would send, the Dockerfile and the settings.

The rules of `.dockerignore` are those of https://docs.docker.com/build/concepts/context/#dockerignore-files. They are not
matched by docker-py's `PatternMatcher`: unlike BuildKit it ignores case, knows no escapes, negates a set by `!` instead of `^`,
and leaves out what `!` keeps by a pattern that begins with `*`; and the library does without Docker's client.
"""

import hashlib
import json
import os
import posixpath
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

# In front of each file's content, so that no link can look like a file of the same bytes.
_FILE, _LINK = b"file", b"link"
# `**/` is any number of folders, `*` and `?` stay within one, `[a-z]` is a set, `\` takes the next character as it is.
_TOKEN = re.compile(r"\*\*/?|\*|\?|\[(?:\\.|[^\]\\])+\]|\\.|.", re.DOTALL)


# A folder without a file of this name is built by a plan.
PLANNED = "Dockerfile"


class ContextError(Exception):
    """A build context that cannot be read, as a whole sentence."""


class _Rule(NamedTuple):
    """One line of a .dockerignore: what it matches, and whether that is kept (`!`) rather than left out."""

    pattern: re.Pattern[str]
    keep: bool


def context_problems(context: str, dockerfile: str) -> Iterator[tuple[str, str]]:
    """What is wrong with a build context: the argument, and a whole sentence."""
    if not Path(context).is_dir():
        yield (
            "context",
            f"{context!r} is not a folder (looked for {str(Path(context).resolve())!r}); give the path of the app's "
            "folder, absolute or relative to the Pulumi program, or a ready reference as `image`.",
        )
    elif dockerfile != PLANNED and not Path(context, dockerfile).is_file():
        yield (
            "dockerfile",
            f"there is no file {dockerfile!r} in {context!r}; write one, or give the path of yours within that folder.",
        )


def context_location(context: str) -> str:
    """The folder relative to the program, so that another machine's checkout is no change."""
    return Path(os.path.relpath(context)).as_posix()


def content_hash(context: str, dockerfile: str, settings: Mapping[str, Any]) -> str:
    """The SHA-256, in hex, of everything that decides the image. Without a Dockerfile, `settings` holds its text.

    Raises:
        ContextError: if a file cannot be read or a line of the .dockerignore cannot be understood.
    """
    root, recipe = Path(context), Path(context, dockerfile) if dockerfile else None
    try:
        total = hashlib.sha256(_file_digest(recipe) if recipe else b"")
        for name, path in sorted(_sent_files(root, _ignore_rules(root, recipe))):
            total.update(_entry(name, path))
    except OSError as error:
        raise ContextError(
            f"{error.filename!r} cannot be read ({error.strerror}); make it readable, or leave it out in .dockerignore."
        ) from error
    total.update(json.dumps(settings, sort_keys=True).encode())
    return total.hexdigest()


def _sent_files(root: Path, rules: Sequence[_Rule]) -> Iterator[tuple[str, Path]]:
    """Files and links that are not left out, by their path with slashes. Empty folders alone make no new image."""
    may_keep = any(rule.keep for rule in rules)
    # A rule that matches a folder matches everything in it, so each folder hands down which rules matched it.
    waiting: list[tuple[Path, str, list[bool]]] = [(root, "", [False] * len(rules))]
    while waiting:
        folder, prefix, inherited = waiting.pop()
        for entry in os.scandir(folder):
            name = prefix + entry.name
            matched = [had or bool(rule.pattern.fullmatch(name)) for had, rule in zip(inherited, rules, strict=True)]
            decisive = [rule for rule, hit in zip(rules, matched, strict=True) if hit]
            left_out = bool(decisive) and not decisive[-1].keep  # the last line that matches decides
            if entry.is_dir(follow_symlinks=False):
                if may_keep or not left_out:  # with a `!` somewhere, a folder left out may hold files that are sent
                    waiting.append((Path(entry.path), f"{name}/", matched))
            elif not left_out and (entry.is_symlink() or entry.is_file()):
                yield name, Path(entry.path)


def _entry(name: str, path: Path) -> bytes:
    """One file's name, permissions and content, none of which can run into the next.

    All permissions count, not just whether it can be executed: they are in the image, and the provider compares them.
    """
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        # The provider compares what a link points to as well; a finer hash than its own keeps the tag ahead of it.
        content = hashlib.sha256(os.fsencode(os.readlink(path)) + (_file_digest(path) if path.is_file() else b""))
        return b"\0".join([os.fsencode(name), _LINK, content.digest()])
    mode = format(stat.S_IMODE(found.st_mode), "o").encode()
    return b"\0".join([os.fsencode(name), _FILE, mode, _file_digest(path)])


def _file_digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()  # reads in chunks


def _ignore_rules(root: Path, recipe: Path | None) -> list[_Rule]:
    """The rules of `<Dockerfile>.dockerignore` if there is one, else those of the folder's `.dockerignore`."""
    own = recipe.with_name(f"{recipe.name}.dockerignore") if recipe else root
    source = own if own.is_file() else root / ".dockerignore"
    if not source.is_file():
        return []
    # A byte order mark is dropped; a comment is a line whose very first character is "#".
    lines = source.read_text("utf-8-sig", errors="surrogateescape").splitlines()
    return [_rule(line.strip(), source) for line in lines if line.strip() and not line.startswith("#")]


def _rule(line: str, source: Path) -> _Rule:
    keep = line.startswith("!")
    pattern = posixpath.normpath(line.removeprefix("!").strip() or ".").lstrip("/")
    try:
        return _Rule(re.compile(_expression(pattern), re.DOTALL), keep)
    except re.error as error:
        raise ContextError(f"{line!r} in {str(source)!r} is not a pattern ({error}); correct it.") from error


def _expression(pattern: str) -> str:
    """A pattern of a .dockerignore as a regular expression for a whole path."""
    if re.fullmatch(r"\*\*[^*?\[\]\\/][^*?\[\]\\]*", pattern):
        return ".*" + re.escape(pattern[2:])  # `**.log`: any path that ends so
    translated = ""
    for found in _TOKEN.finditer(pattern):
        piece = found[0]
        if piece.startswith("**"):
            translated += ".*" if found.end() == len(pattern) else "(?:.*/)?"
        elif piece == "[" or len(piece) > 1:
            translated += piece  # sets and escapes mean the same in both; a set without an end is an error in both
        else:
            translated += {"*": "[^/]*", "?": "[^/]"}.get(piece) or re.escape(piece)
    return translated
