"""What an app's own Dockerfile says about the image that its last stage, or another target, becomes.

A small reader of its own: the library may depend on the Pulumi SDKs alone, and the parsers on PyPI (dockerfile-parse,
dockerfile) bring requests or a compiled Go library, and know neither heredocs nor a target.
https://docs.docker.com/reference/dockerfile/
"""

import itertools
import json
import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

_DEFAULT_SHELL = ("/bin/sh", "-c")
_DIRECTIVE = re.compile(r"#\s*(\w+)\s*=\s*(\S+)\s*")
_HEREDOC = re.compile(r"<<-?\s*([\"']?)(\w+)\1")
_FLAG = re.compile(r"--([a-z-]+)(?:=(\S*))?\s+")
_VARIABLE = re.compile(r"\\(.)|\$(?:(\w+)|\{(\w+)(?:(:?[-+])([^}]*))?\})")
# `ENTRYPOINT` is kept in a stage that another is based on; `ONBUILD` is run in that one, and nothing here needs it.
_FROM = re.compile(r"(\S+)(?:\s+as\s+(\S+))?\s*", re.IGNORECASE)


class DockerfileError(ValueError):
    """What is wrong with a Dockerfile or a target of it, as one sentence."""


class TargetError(DockerfileError):
    """The Dockerfile lacks the stage."""


class Instruction(NamedTuple):
    """An instruction of a Dockerfile, with its continuation lines joined."""

    name: str
    """In capitals."""
    flags: Mapping[str, str]
    text: str
    heredocs: tuple[str, ...] = ()
    """Contents of its heredocs."""


class Words(NamedTuple):
    """The words of ENTRYPOINT or CMD, as the container gets them."""

    argv: tuple[str, ...]
    line: str = ""
    """The command line of the shell form; empty for the exec form."""


class Copy(NamedTuple):
    """A COPY or ADD."""

    sources: tuple[str, ...]
    target: str
    """Absolute; ends in a slash if it is a folder for certain."""
    stage: "Stage | None" = None
    """The stage that it copies from; None for the build context."""
    heredocs: tuple[str, ...] = ()
    """Contents of sources that are heredocs."""


@dataclass(frozen=True)
class Stage:
    """The image of a stage, as far as the Dockerfile says."""

    base: str = "scratch"
    """The image that it is based on, after the stages of the file that lie between."""
    entry_point: Words | None = None
    """None if the stage has none, and that of the base image applies."""
    command: Words | None = None
    """None if there is none; where there is an ENTRYPOINT, a base image's CMD does not count."""
    own_command: bool = False
    """Whether the stage itself has a CMD."""
    folder: str = "/"
    """The last WORKDIR."""
    user: str = ""
    """The last USER; empty if that of the base image applies."""
    volumes: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    """TCP ports of EXPOSE."""
    health_check: bool = False
    """Whether it has a HEALTHCHECK, which ECS ignores."""
    copies: tuple[Copy, ...] = ()
    runs_shell: bool = False
    """Whether a RUN needs a shell in the image."""
    copies_root: bool = False
    """Whether something is copied over the whole root, such as a file system with a shell."""
    needed_args: tuple[str, ...] = ()
    """Names of the ARGs without a default."""
    shell: tuple[str, ...] = _DEFAULT_SHELL
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


# The ARGs that BuildKit sets: https://docs.docker.com/reference/dockerfile/#predefined-args
_PREDEFINED = re.compile(r"(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)|(?i:https?_proxy|ftp_proxy|no_proxy|all_proxy)")


def read_stage(text: str, target: str = "", arguments: Mapping[str, str] | None = None) -> Stage:
    """The image of a Dockerfile.

    Args:
        text: the Dockerfile.
        target: name or number of the stage that is built. Default: the last one.
        arguments: values of its ARGs, besides their defaults.

    Raises:
        DockerfileError: if it has no stage.
        TargetError: if it has none of that name.
    """
    stages: dict[str, Stage] = {}
    named = [str(name) for name in _stage_names(text)]
    if not named:
        raise DockerfileError("has no instruction FROM; name the base image.")
    if target and target.lower() not in [*named, *map(str, range(len(named)))]:
        known = ", ".join(name for name in named if not name.isdecimal())
        raise TargetError(
            f"has no stage {target!r}; it has: {known}." if known else f"names no stage; add `AS {target}` to a FROM."
        )
    given, known_variables, number = dict(arguments or {}), dict[str, str](), -1
    for instruction in instructions(text):
        if instruction.name == "FROM":
            number += 1
            match = _FROM.fullmatch(expand(instruction.text, known_variables))
            base = match[1] if match else instruction.text
            name = named[number]
            stages[name] = stages[str(number)] = _based_on(base, stages)
        elif number < 0:
            known_variables |= _arguments(instruction, given, {})[0]
        else:
            name = named[number]
            stages[name] = stages[str(number)] = _with(
                stages[name], instruction, _Known(given, known_variables, stages)
            )
    return stages[target.lower() or str(number)]


def _stage_names(text: str) -> Iterator[str]:
    for number, instruction in enumerate(one for one in instructions(text) if one.name == "FROM"):
        match = _FROM.fullmatch(instruction.text)
        yield match[2].lower() if match and match[2] else str(number)


def _based_on(base: str, stages: Mapping[str, Stage]) -> Stage:
    """A new stage, which goes on where its base ends if that is a stage of the file."""
    earlier = stages.get(base.lower())
    if earlier is None:
        return Stage(base=base)
    return replace(earlier, needed_args=(), own_command=False)


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions of a Dockerfile, without comments and the content of heredocs."""
    escape, lines = "\\", iter(text.lstrip("\ufeff").splitlines())
    is_head, joined = True, ""
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if is_head and directive:
            escape = directive[2] if directive[1].lower() == "escape" else escape
            continue
        is_head = False
        if line.lstrip().startswith("#") or (joined and not line.strip()):
            continue
        joined += line
        if joined.rstrip().endswith(escape):
            joined = joined.rstrip()[: -len(escape)] + " "
            continue
        instruction = _instruction(joined)
        joined = ""
        if instruction is None:
            continue
        if instruction.name in ("RUN", "COPY", "ADD"):
            ends = [end for _, end in _HEREDOC.findall(instruction.text)]
            instruction = instruction._replace(heredocs=tuple(_until(lines, end) for end in ends))
        yield instruction
    if joined.strip() and (last := _instruction(joined)):
        yield last


def _until(lines: Iterator[str], end: str) -> str:
    """The content of a heredoc."""
    return "\n".join(itertools.takewhile(lambda line: line.strip() != end, lines))


def _instruction(line: str) -> Instruction | None:
    name, _, rest = line.strip().partition(" ") if " " in line.strip() else line.strip().partition("\t")
    if not name:
        return None
    flags, rest = dict[str, str](), rest.strip()
    while match := _FLAG.match(rest):
        flags[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return Instruction(name.upper(), flags, rest)


class _Known(NamedTuple):
    """What instructions of a stage refer to."""

    given: Mapping[str, str]
    """Values of ARGs."""
    before: Mapping[str, str]
    """Those before the first FROM."""
    stages: Mapping[str, Stage]


def _with(stage: Stage, instruction: Instruction, known: _Known) -> Stage:
    """The stage after one more instruction."""
    text = expand(instruction.text, stage.variables)
    match instruction.name:
        case "ENTRYPOINT":
            command = stage.command if stage.own_command else None
            return replace(stage, entry_point=_words(instruction.text, stage.shell), command=command)
        case "CMD":
            return replace(stage, command=_words(instruction.text, stage.shell), own_command=True)
        case "SHELL":
            return replace(stage, shell=_exec_form(instruction.text) or stage.shell)
        case "WORKDIR":
            return replace(stage, folder=posixpath.normpath(posixpath.join(stage.folder, text)))
        case "USER":
            return replace(stage, user=text)
        case "VOLUME":
            return replace(stage, volumes=(*stage.volumes, *(_exec_form(text) or tuple(text.split()))))
        case "EXPOSE":
            return replace(stage, ports=(*stage.ports, *_ports(text)))
        case "HEALTHCHECK":
            return replace(stage, health_check=text.upper() != "NONE")
        case "RUN":
            return replace(stage, runs_shell=stage.runs_shell or _exec_form(instruction.text) is None)
        case "COPY" | "ADD":
            return _with_copy(stage, instruction, text, known.stages)
        case "ARG" | "ENV":
            variables, needed = _arguments(instruction, known.given, stage.variables, known.before)
            merged = {**stage.variables, **variables}
            return replace(stage, variables=merged, needed_args=(*stage.needed_args, *needed))
        case _:
            return stage


def _words(text: str, shell: tuple[str, ...]) -> Words:
    argv = _exec_form(text)
    return Words(argv) if argv is not None else Words((*shell, text), text) if text else Words(())


def _exec_form(text: str) -> tuple[str, ...] | None:
    """The words of `["a", "b"]`; None for the shell form, which is also what Docker takes a mistake in it for."""
    try:
        parsed = json.loads(text) if text.startswith("[") else None
    except ValueError:
        return None
    if not isinstance(parsed, list):
        return None
    words = cast(list[Any], parsed)
    return tuple(words) if all(isinstance(word, str) for word in words) else None


def _ports(text: str) -> Iterator[int]:
    for word in text.split():
        port, _, protocol = word.partition("/")
        if port.isdecimal() and protocol.lower() in ("", "tcp"):
            yield int(port)


def _with_copy(stage: Stage, instruction: Instruction, text: str, stages: Mapping[str, Stage]) -> Stage:
    try:
        words = _exec_form(text) or tuple(shlex.split(text))
    except ValueError:
        return stage
    if len(words) < 2:
        return stage
    source, target = instruction.flags.get("from", ""), posixpath.join(stage.folder, words[-1])
    root = posixpath.normpath(target) == "/" and bool(source or instruction.name == "ADD")
    stage = replace(stage, copies_root=stage.copies_root or root)
    if source and source.lower() not in stages:
        return stage
    is_folder = words[-1].endswith(("/", "/.")) or words[-1] == "." or len(words) > 2
    target = posixpath.normpath(target).rstrip("/") + ("/" if is_folder else "")
    made = Copy(words[:-1], target or "/", stages[source.lower()] if source else None, instruction.heredocs)
    return replace(stage, copies=(*stage.copies, made))


def _arguments(
    instruction: Instruction,
    given: Mapping[str, str],
    known: Mapping[str, str],
    before: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], list[str]]:
    """The variables that ARG or ENV sets, and the names that have no value."""
    if instruction.name not in ("ARG", "ENV"):
        return {}, []
    try:
        words = shlex.split(expand(instruction.text, known))
    except ValueError:
        words = expand(instruction.text, known).split()
    if instruction.name == "ENV" and words and "=" not in words[0]:
        return {words[0]: " ".join(words[1:])}, []
    values, needed = dict[str, str](), list[str]()
    for word in words:
        name, has_value, value = word.partition("=")
        if instruction.name == "ENV":
            values[name] = value
        elif name in given or has_value or name in (before or {}):
            values[name] = given.get(name, value if has_value else (before or {}).get(name, ""))
        elif not _PREDEFINED.fullmatch(name):
            needed.append(name)
    return values, needed


def expand(text: str, variables: Mapping[str, str]) -> str:
    """A text with the variables of ARG and ENV replaced; an unknown one stays as it is, since a base image may set it."""

    def value(match: re.Match[str]) -> str:
        if match[1] is not None:
            return match[0] if match[1] != "$" else "$"
        name, operator, other = match[2] or match[3], match[4] or "", match[5] or ""
        if operator.endswith("-"):
            return variables.get(name) or other
        if operator.endswith("+"):
            return other if variables.get(name) else ""
        return variables.get(name, match[0])

    return _VARIABLE.sub(value, text)
