"""The common model: what a format's files contain for one stack, before it is combined with the stack's file."""

import json
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ...shared.stack_options import LOCAL_STACK
from ..reading.source import InputError, Place, Value, entries

DEFAULT_STACK = "prod"
"""The stack of formats without environments."""
# https://www.pulumi.com/docs/iac/concepts/stacks/#stack-names
_STACK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_NO_SETTING = "has no setting; check whether the app needs it."
_DEVELOPMENT = re.compile(
    r"(?:dev|develop|development|review|preview|sandbox|pr|feature)(?:[-_.0-9].*)?", re.IGNORECASE
)
_STAGING = re.compile(
    r"(?:test|testing|stag|stage|staging|stg|qa|uat|acceptance|pre-?prod|preproduction|integration)(?:[-_.0-9].*)?",
    re.IGNORECASE,
)


class Entry(NamedTuple):
    """A line of the report."""

    place: Place
    subject: str
    """The setting, or the key of the source where there is no setting."""
    text: str
    command: str = ""
    """The command to run, if one is needed."""


class Need(NamedTuple):
    """Something that the user must do before the stack can run."""

    entry: Entry
    settings: tuple[str, ...]
    """The settings of which one must be set, like `secretValues.STRIPE_KEY`."""


class Variable(NamedTuple):
    """An environment variable of the app."""

    value: str
    place: Place


@dataclass
class Draft:
    """The settings of one stack, as the source has them."""

    stack: str
    app: Path
    """The app's folder."""
    app_place: Place
    """Where the source names it."""
    values: dict[str, Any] = field(default_factory=dict[str, Any])
    """Settings; entries of objects are paths, like `workers.mail`."""
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    notes: dict[str, str] = field(default_factory=dict[str, str])
    """What was changed about a value, by its setting."""
    variables: dict[str, Variable] = field(default_factory=dict[str, Variable])
    carried: list[Entry] = field(default_factory=list[Entry])
    """What applies without a setting."""
    needs: list[Need] = field(default_factory=list[Need])
    lost: list[Entry] = field(default_factory=list[Entry])
    sources: list[Value] = field(default_factory=list[Value])
    """The files that it was read from. What no format asked for is reported: see `report_unused`."""

    def put(self, setting: str, value: Any, place: Place, note: str = "") -> None:
        """Set a setting, or an entry of an object: `workers.mail`."""
        self.values[setting], self.places[setting] = value, place
        if note:
            self.notes[setting] = note

    def put_health_path(self, path: str, place: Place, note: str = "") -> None:
        """Set the path of the load balancer's health check, which some platforms accept without its slash."""
        self.put("healthCheckPath", path if path.startswith("/") else f"/{path}", place, note)

    def set_app(self, project: Path) -> None:
        """Set the app's folder, relative to that of Pulumi.yaml."""
        if "image" not in self.values:
            self.put("app", Path(os.path.relpath(self.app, project)).as_posix(), self.app_place)

    def set_variable(self, name: str, value: Value) -> None:
        """Set an environment variable of the app; null is an empty text."""
        self.variables[name] = Variable("" if value.data is None else value.text(), value.place)

    def carry(self, place: Place, subject: str, text: str) -> None:
        """Report what applies without a setting."""
        self.carried.append(Entry(place, subject, text))

    def need(self, place: Place, settings: str | tuple[str, ...], text: str, command: str = "") -> None:
        """Report what the user must do. Without a command, it is to set the first of the settings."""
        paths = (settings,) if isinstance(settings, str) else settings
        self.needs.append(Need(Entry(place, paths[0], text, command or self.command(paths[0], "VALUE")), paths))

    def lose(self, value: Value, reason: str) -> None:
        """Report a key that has no setting, with the alternative."""
        value.mark_used()
        self.lost.append(Entry(value.place, value.path, reason))

    def lose_others(self, value: Value | None, read: set[str], reasons: Mapping[Any, str]) -> None:
        """Report the keys of a mapping that are not read, each with its reason if it has one."""
        for key, item in entries(value).items():
            if key in read and item.is_scalar:
                item.mark_used()
            if key in read or item.data is None or item.data == []:
                continue
            self.lose(item, reasons.get(key, _NO_SETTING))

    def skip(self, value: Value | None, *keys: str) -> None:
        """Leave keys of a mapping out of the report: those that describe it, or that its other keys decide."""
        for key in keys:
            if value and value.is_mapping and (item := value[key]):
                item.mark_used()

    def command(self, setting: str, value: str, options: str = "") -> str:
        """The command that sets a setting of this stack."""
        path = "--path " if re.search(r"[.\[]", setting) else ""
        return f"pulumi config set {options}{path}{_config_path(setting)} {value} --stack {self.stack}"

    def secret_command(self, setting: str) -> str:
        """The command that asks for a secret value and sets it."""
        return f"pulumi config set --secret --path {_config_path(setting)} --stack {self.stack}"

    @property
    def environment(self) -> str:
        return environment_of(self.stack)


def report_unused(drafts: Sequence[Draft]) -> None:
    """Report what the files of drafts contain and no format asked for, so that no key is dropped silently."""
    unused = [[value for source in draft.sources for value in source.unused()] for draft in drafts]
    for draft, values in zip(drafts, unused, strict=True):
        for value in values:
            draft.lose(value, _NO_SETTING)


class Format(NamedTuple):
    """A format of configuration files."""

    name: str
    """Its name for --from."""
    title: str
    files: str
    """The files that it reads, for messages."""
    is_in: Callable[[Path], bool]
    """Whether a folder has files of this format."""
    read: Callable[[Path, str], list[Draft]]
    """The drafts of a folder's stacks; the second argument is the service to import, or empty."""


def _config_path(setting: str) -> str:
    """A setting as an argument of the Pulumi CLI; names come from the source and may be anything."""
    head, dot, name = setting.partition(".")
    if dot and not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return shlex.quote(f"{head}[{json.dumps(name)}]")
    return shlex.quote(setting)


def environment_of(stack: str) -> str:
    """The type of an environment by its name; unknown ones are production, where data is protected."""
    if stack == LOCAL_STACK or _DEVELOPMENT.fullmatch(stack):
        return "development"
    return "staging" if _STAGING.fullmatch(stack) else "production"


def checked_stack(name: str, place: Place) -> str:
    """The name of an environment as that of a stack.

    Raises:
        InputError: if it cannot be one.
    """
    if not _STACK_NAME.fullmatch(name) or not name.strip("."):
        raise InputError(f"{place}: the environment {name!r} cannot be a stack; use letters, digits, hyphens and dots.")
    if name == LOCAL_STACK:
        raise InputError(f"{place}: the environment 'local' is the stack of ./up; rename the environment.")
    return name


def choose(names: Mapping[str, Place], service: str, noun: str, folder: Path) -> str:
    """The service to import.

    Args:
        names: the services that can be imported, each with its place.
        service: the option --service.
        noun: what the format calls them.
        folder: the folder, for messages.

    Raises:
        InputError: if there is none, or none is chosen of several.
    """
    listed = ", ".join(sorted(names))
    if service and service not in names:
        raise InputError(f"{folder}: there is no {noun} {service!r}; choose one of {listed or 'none'} with --service.")
    if service:
        return service
    if not names:
        raise InputError(f"{folder}: there is no {noun} to import; add one, or choose another folder.")
    if len(names) > 1:
        place = max(names.values())
        raise InputError(f"{place}: there are several {noun}s ({listed}); choose one with --service NAME.")
    return next(iter(names))
