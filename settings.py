"""The one reader of the configuration: text → typed, validated values, or every mistake at once.

Each argument of FlaskApp is a setting: `min_tasks` is `minTasks`, and the argument's type says how the text of the
setting is read. A setting that is not set is not passed on: the library's own default applies. `FlaskAppArgs` describes
all of them, and `docs/generate.py` writes the reference from it.

Pulumi.yaml declares no setting. Pulumi requires a value or a default for each that is declared there, and a setting
with a default is never unset: an existing network (`vpcId`) would contradict the default of `vpcCidr`.
"""

import json
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, cast, get_args, get_origin

import pulumi
from flask_on_aws import FlaskAppArgs
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.flask_app.checks.lookups import lookup_problems
from flask_on_aws.naming import camel_case as camel_case
from flask_on_aws.naming import snake_case as snake_case
from flask_on_aws.validation.argument_types import head, plain_type
from flask_on_aws.validation.messages import as_settings
from flask_on_aws.validation.problems import ArgumentsError, Problem
from flask_on_aws.validation.setting_texts import is_set, plain
from pulumi.runtime import config as runtime_config

Reader = Callable[[str], Any]
NAME = "app"
"""Default of `name`, the one setting that is no argument in FlaskAppArgs."""


class Settings(NamedTuple):
    """What the program needs to know."""

    name: str
    app: FlaskAppArgs


class SettingsError(pulumi.RunError):
    """Everything that is wrong with the configuration, one line each."""


def text(value: str) -> str:
    """Any text; a list or an object, which Pulumi hands over as JSON, is none."""
    if value.strip()[:1] in ("[", "{") and _parsed(value) is not None:
        raise ValueError(f"{value!r} must be a text.")
    return value


def number(value: str) -> int:
    """A whole number."""
    if not re.fullmatch(r"-?\d+", value.strip()):
        raise ValueError(f"{value!r} must be a whole number.")
    return int(value)


def decimal(value: str) -> float:
    """A number, whole or not."""
    if not re.fullmatch(r"-?\d+(?:\.\d+)?", value.strip()):
        raise ValueError(f"{value!r} must be a number.")
    parsed = float(value)
    return int(parsed) if parsed.is_integer() else parsed


def flag(value: str) -> bool:
    """true or false."""
    if value.lower() not in ("true", "false"):
        raise ValueError(f"{value!r} must be true or false.")
    return value.lower() == "true"


def texts(value: str) -> list[str]:
    """A list of texts, as YAML or JSON gives it."""
    items = _json(value, list, "a list, like [a, b]")
    if not all(isinstance(item, str) for item in items):
        raise ValueError(f"{value!r} must be a list of texts; put numbers and true or false in quotation marks.")
    return items


def numbers(value: str) -> list[int]:
    """A list of whole numbers."""
    return [number(str(item)) for item in _json(value, list, "a list of numbers, like [443, 587]")]


def mapping(value: str) -> dict[str, str]:
    """Names with texts."""
    items = _json(value, dict, "names with values, like {NAME: value}")
    wrong = [name for name, item in items.items() if not isinstance(item, str | int | float | bool)]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} must be a text or a number.")
    return {name: plain(item) for name, item in items.items()}


def commands(value: str) -> dict[str, str]:
    """Names with command lines; null is an empty one."""
    items = _json(value, dict, "names with values, like {NAME: value}")
    return mapping(json.dumps({name: "" if item is None else item for name, item in items.items()}))


def objects(value: str) -> list[Mapping[str, Any]]:
    """A list of objects; names in camelCase become snake_case."""
    items = _json(value, list, "a list of objects")
    if not all(isinstance(item, dict) for item in items):
        raise ValueError(f"{value!r} must be a list of objects, like [{{name: office-hours, …}}].")
    return [{snake_case(key): item for key, item in entry.items()} for entry in items]


def containers(value: str) -> list[Mapping[str, Any]]:
    """A list of ECS container definitions, whose names stay as the ECS API writes them."""
    return _json(value, list, "a list of container definitions")


def _reader(hint: Any) -> Reader:
    """How the text of a setting is read whose argument has this type."""
    kind = plain_type(hint)
    if get_origin(kind) is Mapping:
        return mapping
    if get_origin(kind) is Sequence:
        item = plain_type(get_args(kind)[0])
        return numbers if item is int else objects if get_origin(item) is Mapping else texts
    return {int: number, float: decimal, bool: flag}.get(kind, text)


# Read as secrets: their values are encrypted in the stack's file and its state.
SECRETS = ("buildSecrets", "secretValues")
# Every other setting.
READERS: Mapping[str, Reader] = {
    setting: _reader(hint)
    for setting, hint in ((camel_case(name), hint) for name, hint in FlaskAppArgs.__annotations__.items())
    if setting not in SECRETS
} | {"sidecars": containers, "workers": commands}
NAMES = frozenset({"name", *READERS, *SECRETS})
"""Every setting."""
# Under these the user chooses the names, which stay as they are.
_FREE = tuple(
    snake_case(key) for key in (*SECRETS, *(key for key, read in READERS.items() if read in (mapping, commands)))
)
# Secrets Manager's limit of one secret, in bytes, less what the stack itself keeps in the app's (measured: 1.2 kB with
# all presets): https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
_LARGEST_SECRET = 65_536 - 4096


def load(config: pulumi.Config, project: str, stack: str) -> Settings:
    """Read and check everything.

    Raises:
        SettingsError: naming every setting that is wrong, its value and the fix.
    """
    wrong: list[Problem] = []
    args = cast(FlaskAppArgs, dict(_read_all(config, wrong)))
    args.setdefault("repository_name", _repository_name(project, stack))
    name = config.get("name") or NAME
    # What cannot be read is left out of the checks of values, and reported for that alone.
    unread = {head(problem.argument) for problem in wrong}
    wrong += (problem for problem in problems(name, args) if head(problem.argument) not in unread)
    if not wrong:
        wrong += lookup_problems(args)
    _reject(wrong, _unknown(config))
    return Settings(name, args)


@contextmanager
def named() -> Generator[None]:
    """Report what a component rejects by the names of settings.

    Raises:
        SettingsError: in place of an ArgumentsError.
    """
    try:
        yield
    except ArgumentsError as error:
        _reject(error.problems)


def _reject(wrong: Iterable[Problem], unknown: Iterable[str] = ()) -> None:
    lines = [as_settings(problem, FlaskAppArgs.__annotations__, _FREE) for problem in wrong]
    lines = list(dict.fromkeys([*lines, *unknown]))
    if lines:
        message = "\n  - ".join(["The configuration of this stack needs a correction:", *lines])
        raise SettingsError(message) from None


def _read_all(config: pulumi.Config, wrong: list[Problem]) -> Iterator[tuple[str, Any]]:
    for key, read in READERS.items():
        value = config.get(key)
        if value is None or not is_set(key, value):
            continue
        try:
            yield snake_case(key), read(value)
        except ValueError as error:
            wrong.append(Problem(snake_case(key), str(error)))
    for key in SECRETS:
        try:
            names = mapping(config.get(key) or "{}")
        except ValueError:  # the value is not repeated: it is a secret
            reason = f"must be names with values; set one with: pulumi config set --secret --path {key}.NAME"
            wrong.append(Problem(snake_case(key), reason))
            continue
        wrong += _secret_size_problems(key, names)
        yield snake_case(key), {name: pulumi.Output.secret(value) for name, value in names.items()}


def _secret_size_problems(key: str, values: Mapping[str, str]) -> Iterator[Problem]:
    size = len(json.dumps(values).encode())
    if size > _LARGEST_SECRET:
        yield Problem(
            snake_case(key),
            f"its values take {size} bytes, and Secrets Manager has room for {_LARGEST_SECRET}; keep large ones in "
            "separate secrets, and name these in secrets.",
        )


def _unknown(config: pulumi.Config) -> Iterator[str]:
    """Settings of this project that do not exist: a typing error would otherwise be silent."""
    for full_key in sorted(runtime_config.CONFIG.get() or runtime_config.get_config_env()):
        namespace, _, key = full_key.partition(":")
        if namespace == config.name and key not in NAMES:
            yield f"{key}: is not a setting; see docs/settings.md for their names."


def _repository_name(project: str, stack: str) -> str:
    """A name that ECR accepts and that stays the same, so that an image already pushed is found again."""
    return re.sub(r"[^a-z0-9]+", "-", f"{project}-{stack}".lower()).strip("-")


def _json(value: str, kind: type[Any], what: str) -> Any:
    parsed = _parsed(value)
    if not isinstance(parsed, kind):
        raise ValueError(f"{value!r} must be {what}.")
    return parsed


def _parsed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return None
