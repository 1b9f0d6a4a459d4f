"""The words and separators of a shell's command line, with their places in it.

shlex splits words alone: it knows no operators within words' quotes, no substitutions and no comments, and no library
without dependencies does. https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
"""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

# Quoted text, escapes, substitutions and redirections are parts of words; what separates commands stands alone.
TOKEN = re.compile(
    r"""(?P<space>[ \t]+|\\\n)|(?P<comment>\#[^\n]*)|(?P<end>;;&?|;&|&&|\|\||[;\n]|&(?!>)|\|&?)|(?P<group>[()])|"""
    r"""(?P<word>(?:'[^']*'|"(?:\\.|\$\((?:[^()]|\([^()]*\))*\)|[^"\\])*"|\\.|\$\(\((?:[^()]|\([^()]*\))*\)\)|"""
    r"""\$\((?:[^()]|\([^()]*\))*\)|\$\{[^}]*\}|`[^`]*`|[<>]\([^()]*\)|\d*[<>]+&?-?|&>>?|[^\s'"\\;&|()<>`])+)""",
    re.DOTALL,
)
# Words that belong to the shell's grammar: commands may follow the first kind, and nothing can be told after the second.
OPENING_WORDS = frozenset({"if", "then", "elif", "else", "while", "until", "do", "!", "{", "time"})
_OTHER_WORDS = frozenset({"for", "case", "select", "function", "in", "fi", "done", "esac", "}"})
# What the shell itself does, so that no program can take its place.
_BUILTINS = frozenset(
    {
        *("exec", "cd", "export", "set", "unset", ".", "source", "eval", ":", "return", "exit", "wait", "read", "trap"),
        *("shift", "local", "readonly", "declare", "typeset", "let", "alias", "unalias", "bg", "fg", "jobs", "kill"),
        *("umask", "ulimit", "type", "hash", "getopts", "times", "command", "builtin", "break", "continue", "disown"),
        *("pushd", "popd", "shopt", "suspend", "caller", "mapfile", "readarray", "enable", "logout", "history", "[["),
    }
)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]]*\])?\+?=")
_REDIRECTION = re.compile(r"(?:\d*[<>]|&>)")
# A redirection without the name of its file, which is the next word.
_OPEN_REDIRECTION = re.compile(r"(?:\d*[<>]+&?\|?|&>>?)")
_HEREDOC = re.compile(r"\d*<<(?!<)")


class Word(NamedTuple):
    """A word as it is written, with its place in the line."""

    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The word without its quotes; variables stay as they are."""
        return unquoted(self.text)


class Command(NamedTuple):
    """A part of a command line between two separators."""

    words: tuple[Word, ...]
    before: str
    """The separator before it; empty at the start of the line."""
    after: str
    """The separator after it; empty at the end of the line."""

    @property
    def program(self) -> int:
        """The index of the program among the words, after variables and redirections; their number if there is none."""
        skips = False
        for index, word in enumerate(self.words):
            if skips:
                skips = False
            elif _REDIRECTION.match(word.text):
                skips = bool(_OPEN_REDIRECTION.fullmatch(word.text))
            elif not _ASSIGNMENT.match(word.text):
                return index
        return len(self.words)

    @property
    def is_simple(self) -> bool:
        """Whether it runs a program, and nothing of the shell's own."""
        if self.program == len(self.words):
            return False
        return self.words[self.program].value not in _BUILTINS | OPENING_WORDS | _OTHER_WORDS

    @property
    def assigns(self) -> bool:
        """Whether variables precede the program."""
        return any(_ASSIGNMENT.match(word.text) for word in self.words[: self.program])


def commands(line: str) -> list[Command] | None:
    """The commands of a line in their order, those of groups too; None if the line cannot be read.

    A line with a heredoc or an open quotation mark cannot be.
    """
    found, words, before = list[Command](), list[Word](), ""
    for kind, word in _tokens(line):
        if kind == "other" or (kind == "word" and _HEREDOC.match(word.text)):
            return None
        if kind == "word":
            words.append(word)
        elif kind in ("end", "group"):
            if words or word.text == "&":
                found.append(Command(tuple(words), before, word.text))
            words, before = [], word.text
    if words:
        found.append(Command(tuple(words), before, ""))
    return found


def unquoted(text: str) -> str:
    """A word without its quotes."""
    try:
        return "".join(shlex.split(text)) if any(mark in text for mark in "'\"\\") else text
    except ValueError:
        return text


def _tokens(line: str) -> Iterator[tuple[str, Word]]:
    position = 0
    while position < len(line):
        match = TOKEN.match(line, position)
        if match is None:
            yield "other", Word(line[position:], position, len(line))
            return
        yield match.lastgroup or "", Word(match[0], position, match.end())
        position = match.end()
