"""The file `.environment`, a script that the shells of Upsun and Platform.sh source before they run a command.

https://docs.upsun.com/development/variables/set-variables.html#set-variables-via-script
"""

import re
import shlex
from collections.abc import Collection

from flask_on_aws.runtime_contract.contract import BROKER, SERVICES, plain_names, secret_names

from ...drafts.draft import Draft
from ...reading.source import Place, Value, read_text

_NAME = ".environment"
_EXPORT = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_]\w*)=(?P<text>.*)")
# In single quotes, a shell replaces nothing; in double quotes, only variables and commands.
_QUOTED = re.compile(r"'[^']*'|\"[^\"$`]*\"")
_COMPUTED = re.compile(r"[$`;&|<>()]")


def read_environment_file(draft: Draft) -> None:
    """Read the variables that the file sets to a text; report those that it computes, and its other commands.

    Args:
        draft: the draft, whose services are known.
    """
    path = draft.app / _NAME
    if not path.is_file():
        return
    text, own = read_text(path), _names_of_the_stack(draft)
    others = list[Place]()
    for number, line in enumerate(text.splitlines(), start=1):
        place, line = Place(str(path), number), line.strip()
        if not line or line.startswith("#"):
            continue
        export = _EXPORT.fullmatch(line)
        if not (export and _read_export(draft, export["name"], export["text"], place, text, own)):
            others.append(place)
    if others:
        reason = "contains commands, which nothing runs; put what the app needs into the start command."
        draft.lose(Value("", others[0], _NAME), reason)


def _names_of_the_stack(draft: Draft) -> Collection[str]:
    engine = str(draft.values.get("database", "postgres"))
    engine = "postgres" if engine == "none" else engine
    services, presets = {*SERVICES, BROKER}, draft.values.get("compat", ())
    return {*plain_names(services, presets, engine), *secret_names(services, presets, engine)}


def _read_export(draft: Draft, name: str, text: str, place: Place, script: str, own: Collection[str]) -> bool:
    """Read a variable. False for a command that has one, such as `A=b make`, and for a text of several lines."""
    if not _COMPUTED.search(_QUOTED.sub("", text)):
        try:
            words = shlex.split(text, comments=True)
        except ValueError:
            return False
        if len(words) > 1:
            return False
        draft.set_variable(name, Value("".join(words), place, name))
    elif name in own:
        draft.carry(place, name, "the stack sets it")
    elif re.search(rf"\$\{{?{name}\b", script):
        draft.carry(place, name, "the file's own; the variables that it computes from it are listed")
    else:
        draft.lose(Value("", place, name), "is computed by a shell; set its value in env, or in secretValues.")
    return True
