"""The consent to lost data in comments on a pull request: pure functions.

A consent names the commit, in full. GitHub does not record when a commit was pushed, and the dates in a commit are its
author's. So a consent without the commit could count for one that was pushed while its author was writing, and an
abbreviated one for a commit that somebody computed to have the same first digits.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

_LINE = re.compile(r" {0,3}accept: *data-loss +(?P<name>\S(?:.*\S)?) +(?P<commit>[0-9a-f]{40})\s*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


class Comment(NamedTuple):
    """A comment on a pull request."""

    author: str
    """The user's name on the platform; empty for an app or a deleted user, whose consent does not count."""
    text: str


def consent_line(name: str, commit: str) -> str:
    """The line that accepts the loss of a resource's data."""
    return f"accept: data-loss {name} {commit}"


def accepted(
    names: Sequence[str], comments: Iterable[Comment], commit: str, may_accept: Callable[[str], bool]
) -> Mapping[str, str]:
    """Who accepts the loss, by logical name; resources whose loss nobody accepts are left out.

    Args:
        names: the logical names of the resources whose data is lost without consent.
        comments: the comments on the pull request.
        commit: the head commit; a consent for another one does not count.
        may_accept: whether a user may; it is asked only about users with a consent that would count.
    """
    authors: dict[str, str] = {}
    permitted: dict[str, bool] = {}
    for comment in comments:
        for name in _accepted_names(comment.text, commit):
            if name not in names or name in authors or not comment.author:
                continue
            if comment.author not in permitted:
                permitted[comment.author] = may_accept(comment.author)
            if permitted[comment.author]:
                authors[name] = comment.author
    return authors


def _accepted_names(text: str, commit: str) -> Iterable[str]:
    """The names in the lines of a comment, without those that are quoted, in a code block or hidden."""
    fence = ""
    for line in _HIDDEN.sub("", text).splitlines():
        mark = _FENCE.match(line)
        if fence:
            closes = mark and mark[1].startswith(fence) and not line.strip().strip(fence[0])
            fence = "" if closes else fence
        elif mark:
            fence = mark[1]
        elif (match := _LINE.fullmatch(line)) and match["commit"] == commit:
            yield match["name"]
