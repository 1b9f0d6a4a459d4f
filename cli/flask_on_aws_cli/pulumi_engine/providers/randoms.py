"""Random values from the operating system. They are stored only in the state, and each creation generates new ones."""

import base64
import secrets
import string
from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"  # the default of Pulumi's random provider
# For each class of characters: the input that enables it (default: true), that with its minimum, and the characters.
_CHARACTER_CLASSES = (
    ("upper", "minUpper", string.ascii_uppercase),
    ("lower", "minLower", string.ascii_lowercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", _SPECIAL),
)


class _CreatedValues:
    """The values of each creation, until they are read once and stored in the state."""

    def __init__(self) -> None:
        self._values: dict[str, Json] = {}

    def add(self, key: str, values: Json) -> str:
        self._values[key] = values
        return key

    def read(self, call: Call) -> Json | None:
        return self._values.pop(call.id, None) or call.outputs


_created_values = _CreatedValues()


def password(inputs: Mapping[str, Any]) -> str:
    """A password of the requested length with at least the requested number of characters of each class."""
    special = inputs.get("overrideSpecial") or _SPECIAL
    allowed, chosen = "", list[str]()
    for switch, minimum, characters in _CHARACTER_CLASSES:
        characters = special if switch == "special" else characters
        if inputs.get(switch, True):
            allowed += characters
        chosen += [secrets.choice(characters) for _ in range(inputs.get(minimum, 0))]
    if not allowed:
        raise ValueError("a password needs at least one class of characters")
    chosen += [secrets.choice(allowed) for _ in range(inputs["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def create_password(call: Call) -> str:
    return _created_values.add(call.name, {"result": password(call.inputs)})


def create_bytes(call: Call) -> str:
    data = secrets.token_bytes(call.inputs["length"])
    return _created_values.add(call.name, {"base64": base64.b64encode(data).decode(), "hex": data.hex()})


def create_id(call: Call) -> str:
    data, prefix = secrets.token_bytes(call.inputs["byteLength"]), call.inputs.get("prefix", "")
    random_id = base64.urlsafe_b64encode(data).decode().rstrip("=")
    values = {
        "b64Url": prefix + random_id,
        "b64Std": prefix + base64.b64encode(data).decode(),
        "hex": prefix + data.hex(),
        "dec": prefix + str(int.from_bytes(data)),
    }
    return _created_values.add(random_id, values)


def delete(call: Call) -> None:
    """Does nothing: the value exists only in the state."""


def _provider(create: Any, *secret_outputs: str) -> Provider:
    return Provider(create=create, read=_created_values.read, delete=delete, secret_outputs=frozenset(secret_outputs))


PROVIDERS: Mapping[str, Provider] = {
    "random:index/randomPassword:RandomPassword": _provider(create_password, "result"),
    "random:index/randomString:RandomString": _provider(create_password),
    "random:index/randomBytes:RandomBytes": _provider(create_bytes, "base64", "hex"),
    "random:index/randomId:RandomId": _provider(create_id),
}
