"""Whether a shell script ends in running its arguments, such as `exec "$@"`: what an image's entry point script does.

The script is read, never run. It is followed with the arguments that a command line of the stack has, `/bin/sh -c …`,
on every path that conditions leave open.
"""

import re
from collections.abc import Sequence
from enum import Enum

from ...runtime_contract.shell_words import TOKEN
from ...runtime_contract.shell_words import unquoted as _plain
from .programs import is_server, wrapped

_SHEBANG = re.compile(r"#!\s*(?:/\S*/env\s+(?:-S\s+)?)?(?:\S*/)?(sh|bash|dash|ash|ksh|zsh)\b.*")
# All arguments, in the ways in which scripts write them.
_ALL_WORD = re.compile(r"\"?\$(?:[@*]|\{[@*](?::1)?\})\"?")
_FIRST = re.compile(r"\"?\$(?:1|\{1(?::?-[^}]*)?\})\"?")
_ITSELF = re.compile(r"\"?\$(?:0|\{0\}|BASH_SOURCE|\{BASH_SOURCE(?:\[0\])?\})\"?")
_COUNT = re.compile(r"\"?\$(?:#|\{#\})\"?")
# What the stack's commands have as arguments: runtime_contract/shell.py.
_ARGUMENTS = ("/bin/sh", "-c", "…")
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")


class End(Enum):
    """How a path through a script ends."""

    RUNS_ARGUMENTS = "runs its arguments"
    RUNS_OTHER = "runs another program"
    GOES_ON = "goes on"


def runs_arguments(script: str, before: tuple[str, ...] = ()) -> bool | None:
    """Whether a script runs its arguments as a command; None if that cannot be seen, or if it depends.

    Args:
        script: its text.
        before: words that it gets before the command.
    """
    first = script.lstrip("\ufeff").split("\n", 1)[0].strip()
    if first.startswith("#!") and not _SHEBANG.fullmatch(first):
        return None
    try:
        ends = _Script(_tokens(script), (*before, *_ARGUMENTS)).follow()
    except (_UnreadableError, RecursionError):
        return None
    ends = {End.RUNS_OTHER if end is End.GOES_ON else end for end in ends}
    return (End.RUNS_ARGUMENTS in ends) if len(ends) == 1 else None


class _UnreadableError(ValueError):
    """A script that this reader cannot follow."""


def _tokens(script: str) -> list[str]:
    text, kept = script.replace("\r\n", "\n"), list[str]()
    waiting = list[str]()
    for line in text.split("\n"):
        if waiting:
            if line.strip() == waiting[0]:
                waiting.pop(0)
            continue
        bare = re.sub(r"<<<", "", line)
        waiting += [name for _, name in _HEREDOC.findall(bare)] if not bare.lstrip().startswith("#") else []
        kept.append(line)
    text, tokens, position = "\n".join(kept), list[str](), 0
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise _UnreadableError
        position = match.end()
        if match["comment"] or match["space"]:
            continue
        tokens.append(match[0])
    return tokens


_SEPARATORS = {";", "\n", "&", "&&", "||", "|", "|&", ";;", ";&", ";;&"}


class _Script:
    """Follows a script's commands; each method returns how the paths through a part of it may end."""

    def __init__(self, tokens: Sequence[str], arguments: tuple[str, ...]) -> None:
        self._tokens, self._at = tokens, 0
        self._arguments: tuple[str, ...] | None = arguments
        """What `"$@"` is; None once that is unknown. `…` stands for all of the rest."""
        self._functions: dict[str, int] = {}
        """Where the bodies of functions begin."""
        self._depth = 0
        """How many functions are being called."""

    def follow(self) -> set[End]:
        ends = self._list(set())
        if self._peek():
            raise _UnreadableError
        return ends

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _skip(self, *tokens: str) -> None:
        while self._peek() in tokens and self._peek():
            self._at += 1

    def _expect(self, token: str) -> None:
        self._skip("\n", ";")
        if self._next() != token:
            raise _UnreadableError

    def _list(self, stops: set[str]) -> set[End]:
        """Commands one after another; what follows on no path is read and does not count."""
        ends, reached = set[End](), True
        while True:
            self._skip("\n", ";", "&")
            if not self._peek() or self._peek() in stops:
                return ends | ({End.GOES_ON} if reached else set())
            before = self._arguments
            found = self._and_or()
            if not reached:
                self._arguments = before
                continue
            ends |= found - {End.GOES_ON}
            reached = End.GOES_ON in found

    def _and_or(self) -> set[End]:
        """`a && b || c`: whether the later ones run depends, unless the condition is known."""
        state = self._arguments
        found, known, piped = *self._command(), False
        ends = set(found)
        while self._peek() in ("&&", "||", "|", "|&"):
            operator = self._next()
            piped = piped or operator in ("|", "|&")
            self._skip("\n")
            later, next_known = self._command()
            runs = None if known is None else known is (operator == "&&")
            if operator in ("|", "|&"):
                known = None
            elif runs is None:
                ends |= later
                self._arguments = state if state == self._arguments else None
                known = None
            elif runs:
                ends = (ends - {End.GOES_ON}) | later if End.GOES_ON in ends else ends
                known = next_known
            else:
                self._arguments = state
        if self._peek() == "&" or piped:
            return {End.GOES_ON}
        return ends

    def _command(self) -> tuple[set[End], bool | None]:
        """A command's ends, and whether it succeeds, if that is known."""
        word = self._peek()
        if word == "!":
            self._next()
            ends, known = self._command()
            return ends, None if known is None else not known
        compound = {"if": self._if, "case": self._case, "while": self._loop, "until": self._loop, "for": self._loop}
        if word in compound:
            self._next()
            return self._after_compound(compound[word]()), None
        if word in ("{", "("):
            closing = "}" if word == "{" else ")"
            self._next()
            ends = self._list({closing})
            self._expect(closing)
            return self._after_compound(ends if word == "{" else {End.GOES_ON}), None
        return self._simple()

    def _after_compound(self, ends: set[End]) -> set[End]:
        """Skips redirections behind a compound command."""
        while self._peek() and self._peek() not in _SEPARATORS | {")", "}"}:
            if not re.match(r"\d*[<>&]", self._next()):
                raise _UnreadableError
            if self._peek() not in _SEPARATORS | {")", "}"}:
                self._next()
        return ends

    def _branches(self, branches: list[tuple[set[End], tuple[str, ...] | None]]) -> set[End]:
        """The ends of branches one of which is taken; their arguments count if all that go on agree."""
        left = {arguments for ends, arguments in branches if End.GOES_ON in ends}
        if left:
            self._arguments = left.pop() if len(left) == 1 else None
        return set[End]().union(*(ends for ends, _ in branches))

    def _if(self) -> set[End]:
        taken = list[tuple[set[End], tuple[str, ...] | None]]()
        before, decided, word = self._arguments, False, "if"
        while word in ("if", "elif"):
            known = self._condition({"then"})
            self._expect("then")
            self._arguments = before
            ends = self._list({"elif", "else", "fi"})
            if not decided and known is not False:
                taken.append((ends, self._arguments))
                decided = known is True
            word = self._next()
        self._arguments = before
        if word == "else":
            ends = self._list({"fi"})
            self._expect("fi")
            if not decided:
                taken.append((ends, self._arguments))
        elif word != "fi":
            raise _UnreadableError
        elif not decided:
            taken.append(({End.GOES_ON}, before))
        return self._branches(taken)

    def _condition(self, stops: set[str]) -> bool | None:
        """The condition of `if`, if it is one of the arguments that is known."""
        state = self._arguments
        self._skip("\n", ";")
        _, known = self._command()
        single = True
        while self._peek() not in stops:
            if not self._peek():
                raise _UnreadableError
            if self._peek() in ("&&", "||") and single:
                operator = self._next()
                _, other = self._command()
                if operator == "&&":
                    known = False if False in (known, other) else True if known and other else None
                else:
                    known = True if True in (known, other) else False if known is False and other is False else None
            elif self._peek() in (";", "\n"):
                self._next()
            else:
                single, known = False, None
                self._next()
        self._arguments = state
        return known

    def _case(self) -> set[End]:
        subject = self._next()
        self._expect("in")
        before, decided = self._arguments, False
        is_first = bool(_FIRST.fullmatch(subject)) and before is not None
        taken = list[tuple[set[End], tuple[str, ...] | None]]()
        while True:
            self._skip("\n", ";")
            if self._peek() == "esac":
                self._next()
                break
            self._skip("(")
            patterns = list[str]()
            while self._peek() != ")":
                if not self._peek():
                    raise _UnreadableError
                if self._peek() != "|":
                    patterns.append(self._peek())
                self._next()
            self._next()
            self._arguments = before
            ends = self._list({";;", "esac", ";&", ";;&"})
            if self._peek() in (";&", ";;&"):
                raise _UnreadableError
            self._skip(";;")
            known = _matches(patterns, before[0]) if is_first and before else True if "*" in patterns else None
            if not decided and known is not False:
                taken.append((ends, self._arguments))
                decided = known is True
        if not decided:
            taken.append(({End.GOES_ON}, before))
        self._arguments = before
        return self._branches(taken)

    def _loop(self) -> set[End]:
        """A loop's body may run or not; one that waits for something goes on."""
        while self._peek() != "do":
            if not self._next():
                raise _UnreadableError
        self._next()
        before = self._arguments
        ends = self._list({"done"})
        self._expect("done")
        if self._arguments != before:
            self._arguments = None
        return ends | {End.GOES_ON}

    def _simple(self) -> tuple[set[End], bool | None]:
        if self._peek() == "function":
            self._next()
            return self._function(self._next())
        words = list[str]()
        while self._peek() and self._peek() not in _SEPARATORS and self._peek() not in ("(", ")"):
            words.append(self._next())
        if self._peek() == "(" and len(words) == 1 and "=" not in words[0]:
            return self._function(words[0])
        if self._peek() == "(" and words and words[-1].endswith("="):
            while self._peek() and self._next() != ")":
                pass  # an array
            return {End.GOES_ON}, None
        if not words:
            raise _UnreadableError
        return self._run(_without_redirections(words))

    def _function(self, name: str) -> tuple[set[End], bool | None]:
        """A definition runs nothing by itself."""
        self._skip("(", ")", "\n")
        if self._peek() != "{":
            raise _UnreadableError
        self._functions[name] = self._at
        before = self._arguments
        self._command()
        self._arguments = before
        return {End.GOES_ON}, True

    def _call(self, body: int, words: Sequence[str]) -> tuple[set[End], bool | None]:
        at, before = self._at, self._arguments
        self._arguments = self._expanded(words)
        self._at, self._depth = body, self._depth + 1
        ends, _ = self._command()
        self._at, self._arguments, self._depth = at, before, self._depth - 1
        return ends, None

    def _expanded(self, words: Sequence[str]) -> tuple[str, ...] | None:
        """Words with the arguments in place of `"$@"`; None if these are unknown."""
        made = list[str]()
        for word in words:
            if not _ALL_WORD.fullmatch(word):
                made.append(_plain(word))
            elif self._arguments is None:
                return None
            else:
                made += self._arguments
        return tuple(made)

    def _run(self, words: list[str]) -> tuple[set[End], bool | None]:
        while words and re.match(r"[A-Za-z_]\w*\+?=", words[0]):
            words = words[1:]
        if not words:
            return {End.GOES_ON}, None
        name = _plain(words[0])
        if name in self._functions:
            return self._call(self._functions[name], words[1:])
        if name in ("[", "[[", "test"):
            return {End.GOES_ON}, self._test([word for word in words[1:] if word not in ("]", "]]")])
        if name in ("true", ":"):
            return {End.GOES_ON}, True
        if name == "false":
            return {End.GOES_ON}, False
        if name == "return" and self._depth:
            return {End.GOES_ON}, None
        if name in ("exit", "return"):
            return {End.RUNS_OTHER}, None
        if name == "shift":
            self._arguments = None
            return {End.GOES_ON}, True
        if name == "set":
            self._set(words[1:])
            return {End.GOES_ON}, True
        return self._program(name, words), None

    def _program(self, name: str, words: list[str]) -> set[End]:
        rest = words
        if name == "exec":
            rest = _after_exec(words[1:])
            if not rest:
                return {End.GOES_ON}  # `exec 2>&1` changes the shell's own files alone
        elif name in ("eval", "command", "wait", "nohup"):
            rest = words[1:]
        is_last = name == "exec"
        if any(_ALL_WORD.fullmatch(word) for word in rest):
            if any(_ITSELF.fullmatch(word) for word in rest):
                return set()  # the script starts again, as another user
            runs = self._passes(rest)
            if runs is None:
                raise _UnreadableError
            return {End.RUNS_ARGUMENTS} if runs else {End.RUNS_OTHER} if is_last else {End.GOES_ON}
        if is_last or is_server([_plain(word) for word in rest]):
            return {End.RUNS_OTHER}
        return {End.GOES_ON}

    def _passes(self, words: Sequence[str]) -> bool | None:
        """Whether a command with `"$@"` in it runs that; None if what it stands for is unknown."""
        all_words = self._expanded(words)
        return None if all_words is None else _ends_in_arguments(all_words)

    def _set(self, words: Sequence[str]) -> None:
        if "--" not in words:
            if words and not words[0].startswith(("-", "+")):
                self._arguments = tuple(map(_plain, words))
            return
        self._arguments = self._expanded(words[words.index("--") + 1 :])

    def _test(self, words: list[str]) -> bool | None:
        """What a test says of the arguments; None for any other."""
        if words[:1] == ["!"]:
            known = self._test(words[1:])
            return None if known is None else not known
        if self._arguments is None or not words:
            return None
        values = [self._value(word) for word in words]
        match values:
            case ["-z", str(value)]:
                return not value
            case ["-n", str(value)] | [str(value)]:
                return bool(value)
            case [str(left), str(operator), str(right)]:
                return _compare(left, operator, right, words[2])
            case _:
                return None

    def _value(self, word: str) -> str | None:
        """The value of a word, if it is known."""
        arguments = self._arguments or ()
        if _COUNT.fullmatch(word):
            return str(len(arguments))
        if _FIRST.fullmatch(word):
            return arguments[0] if arguments else ""
        if _ALL_WORD.fullmatch(word):
            return " ".join(arguments)
        if re.fullmatch(r"\"?\$\{1:0:1\}\"?|\"?\$\{1%\"?\$\{1#\?\}\"?\}\"?", word):
            return arguments[0][:1] if arguments else ""
        if cut := re.fullmatch(r"\"?\$\{1##?(.)\}\"?", word):
            return arguments[0].removeprefix(cut[1]) if arguments else ""
        plain = _plain(word)
        return None if "$" in plain or "`" in plain else plain


def _compare(left: str, operator: str, right: str, pattern: str) -> bool | None:
    if "$" in pattern and operator in ("=", "==", "!="):
        return (left == right) is (operator != "!=")
    if operator in ("=", "=="):
        return _matches([pattern], left)
    if operator == "!=":
        matched = _matches([pattern], left)
        return None if matched is None else not matched
    if left.isdecimal() and right.isdecimal():
        first, second = int(left), int(right)
        numbers = {"-eq": first == second, "-ne": first != second, "-lt": first < second}
        return {**numbers, "-le": first <= second, "-gt": first > second, "-ge": first >= second}.get(operator)
    return None


def _matches(patterns: Sequence[str], value: str) -> bool | None:
    """Whether a word matches one of the shell's patterns; None if that cannot be said."""
    unknown = False
    for pattern in patterns:
        if "$" in pattern:
            unknown = True
            continue
        expression = "".join(
            ".*" if part == "*" else "." if part == "?" else re.escape(part)
            for part in re.split(r"([*?])", _plain(pattern))
        )
        if "[" in pattern:
            unknown = True
        elif re.fullmatch(expression, value, re.DOTALL):
            return True
    return None if unknown else False


def _without_redirections(words: Sequence[str]) -> list[str]:
    kept, skips = list[str](), False
    for word in words:
        if skips:
            skips = False
        elif re.match(r"\d*[<>]|&>", word):
            skips = bool(re.fullmatch(r"\d*[<>]+&?|&>>?", word))
        else:
            kept.append(word)
    return kept


def _after_exec(words: Sequence[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0] in ("-c", "-l", "-cl", "-lc", "--", "-a"):
        rest = rest[2:] if rest[0] == "-a" else rest[1:]
    return rest


def _ends_in_arguments(words: Sequence[str]) -> bool:
    """Whether a command runs the stack's `/bin/sh -c …`, directly or by programs that run what follows them."""
    rest = list(words)
    while rest:
        if tuple(rest[: len(_ARGUMENTS)]) == _ARGUMENTS:
            return True
        following = wrapped(rest)
        if following is None:
            return False
        rest = following
    return False
