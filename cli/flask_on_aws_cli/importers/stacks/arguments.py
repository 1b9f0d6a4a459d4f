"""The arguments that the program would get from a draft and a stack's file."""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args, get_origin

from flask_on_aws.flask_app.flask_app_args import FlaskAppArgs
from flask_on_aws.naming import snake_case
from flask_on_aws.validation.argument_types import plain_type
from flask_on_aws.validation.setting_texts import is_set, plain

from ..drafts.draft import Draft
from .stack_file import StackFile


def stack_arguments(draft: Draft, file: StackFile, project: Path) -> FlaskAppArgs:
    """The arguments of FlaskApp with the settings of a draft, over which those of the stack's file take precedence."""
    values = dict[str, Any]()
    for path, value in draft.values.items():
        setting, dot, name = path.partition(".")
        if dot:
            values.setdefault(setting, {})[name] = value
        else:
            values[setting] = value
    for setting, value in file.config.items():
        read = _read(setting, value)
        if read is None:
            continue
        if isinstance(read, dict) and isinstance(values.get(setting), dict):
            values[setting] = {**values[setting], **cast(dict[str, Any], read)}
        else:
            values[setting] = read
    values.pop("name", None)
    if "app" in values:
        values["app"] = os.path.normpath(project / str(values["app"]))
    return cast(FlaskAppArgs, {snake_case(setting): value for setting, value in values.items()})


def _read(setting: str, value: Any) -> Any:
    """A value of a stack's file as the argument that the program reads from it; None if it is not set."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if value is None or not is_set(setting, text) or snake_case(setting) not in FlaskAppArgs.__annotations__:
        return None
    kind = plain_type(FlaskAppArgs.__annotations__[snake_case(setting)])
    if isinstance(value, dict) and set(cast(dict[str, Any], value)) == {"secure"}:
        return None  # it cannot be read without the stack's key
    if isinstance(value, str) and (get_origin(kind) or kind) not in (str,) and value.lstrip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return value
    if get_origin(kind) is Mapping and isinstance(value, dict):
        entries = cast(dict[str, Any], value)
        return {name: _plain_entry(item) for name, item in entries.items()}
    if (
        get_origin(kind) is Sequence
        and isinstance(value, list)
        and get_origin(plain_type(get_args(kind)[0])) is Mapping
    ):
        return [
            {
                snake_case(key) if setting == "schedules" else key: item
                for key, item in cast(dict[str, Any], entry).items()
            }
            if isinstance(entry, dict)
            else entry
            for entry in cast(list[Any], value)
        ]
    if kind is int and isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value.strip()):
        return int(value)
    if kind is bool and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return plain(value) if kind not in (int, bool) and isinstance(value, int | float) else cast(Any, value)


def _plain_entry(value: Any) -> Any:
    if isinstance(value, dict):
        return "secret"  # {secure: …}
    return plain(value) if isinstance(value, str | int | float) else ""
