"""Random values, from the system's own source. They are kept in the state alone, and each creation makes new ones."""

import base64
import secrets
import string
from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider

_SPECIAL = "!@#$%&*()-_=+[]{}<>:?"  # the default of Pulumi's random provider
# The kinds of characters: the switch (with its default, true), the least number, and the characters.
_KINDS = (
    ("upper", "minUpper", string.ascii_uppercase),
    ("lower", "minLower", string.ascii_lowercase),
    ("numeric", "minNumeric", string.digits),
    ("special", "minSpecial", _SPECIAL),
)


class _Values:
    """What one creation made, until it is read once and the state keeps it."""

    def __init__(self) -> None:
        self._made: dict[str, Json] = {}

    def keep(self, key: str, values: Json) -> str:
        self._made[key] = values
        return key

    def read(self, call: Call) -> Json | None:
        return self._made.pop(call.id, None) or call.outputs


_values = _Values()


def password(given: Mapping[str, Any]) -> str:
    """A password of the wanted length with at least the wanted number of each kind of characters."""
    special = given.get("overrideSpecial") or _SPECIAL
    allowed, chosen = "", list[str]()
    for switch, least, characters in _KINDS:
        characters = special if switch == "special" else characters
        if given.get(switch, True):
            allowed += characters
        chosen += [secrets.choice(characters) for _ in range(given.get(least, 0))]
    if not allowed:
        raise ValueError("a password needs at least one kind of characters")
    chosen += [secrets.choice(allowed) for _ in range(given["length"] - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def create_password(call: Call) -> str:
    return _values.keep(call.name, {"result": password(call.inputs)})


def create_bytes(call: Call) -> str:
    made = secrets.token_bytes(call.inputs["length"])
    return _values.keep(call.name, {"base64": base64.b64encode(made).decode(), "hex": made.hex()})


def create_id(call: Call) -> str:
    made, prefix = secrets.token_bytes(call.inputs["byteLength"]), call.inputs.get("prefix", "")
    plain_id = base64.urlsafe_b64encode(made).decode().rstrip("=")
    values = {
        "b64Url": prefix + plain_id,
        "b64Std": prefix + base64.b64encode(made).decode(),
        "hex": prefix + made.hex(),
        "dec": prefix + str(int.from_bytes(made)),
    }
    return _values.keep(plain_id, values)


def delete(call: Call) -> None:
    """There is nothing but the state."""


def _provider(create: Any, *secret: str) -> Provider:
    return Provider(create=create, read=_values.read, delete=delete, secret_outputs=frozenset(secret))


PROVIDERS: Mapping[str, Provider] = {
    "random:index/randomPassword:RandomPassword": _provider(create_password, "result"),
    "random:index/randomString:RandomString": _provider(create_password),
    "random:index/randomBytes:RandomBytes": _provider(create_bytes, "base64", "hex"),
    "random:index/randomId:RandomId": _provider(create_id),
}
