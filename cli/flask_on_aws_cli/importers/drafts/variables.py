"""Decides for each variable of the source whether it becomes `env`, a secret to be set, or is the stack's own: pure."""

import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from flask_on_aws.runtime_contract.contract import BROKER, SERVICES, plain_names, secret_names

from ..reading.source import Place, Value
from .credentials import has_known_credential, may_be_credential
from .draft import Draft

_ARN = re.compile(r"arn:aws[\w-]*:(?:ssm|secretsmanager):")

VARIABLE_SETTINGS = ("secretValues", "secrets", "env")
"""The settings that can have a variable of the app."""
# The stack sets these too, but the source's own value decides how the app behaves. All others describe where the app
# runs, and only the stack's value is right: PORT, DATABASE_URL, SECRET_KEY, WEB_CONCURRENCY …
_OWN_VALUE_COUNTS = frozenset({"APP_ENV", "FLASK_ENV", "LOG_LEVEL", "SEND_FILE_MAX_AGE_DEFAULT"})


def settle_variables(draft: Draft, reserved: Collection[str], environment: str) -> None:
    """Turn the variables of a draft into settings, needs and lines of the report.

    Args:
        draft: the draft, whose other settings are final.
        reserved: names of the variables that the stack sets.
        environment: the type of the environment.
    """
    overridden = list[str]()
    for name, variable in draft.variables.items():
        if name == "FLASK_ENV" and variable.value == environment:
            draft.carry(variable.place, name, "the stack sets the same value.")
        elif name in reserved and name not in _OWN_VALUE_COUNTS:
            draft.carry(variable.place, name, "the stack sets it; the source's value is not used.")
        elif may_be_credential(name, variable.value):
            path = f"secretValues.{name}"
            text = "may be a credential, so its value is not copied; set it as a secret."
            draft.need(variable.place, _paths(name), text, draft.secret_command(path))
        else:
            draft.put(f"env.{name}", variable.value, variable.place)
            if name in reserved:
                overridden.append(name)
    if overridden:
        place = draft.variables[overridden[0]].place
        draft.put("overrideEnv", sorted(overridden), place, "so that the source's value replaces the stack's")
    _drop_reserved_secrets(draft, reserved)


def _drop_reserved_secrets(draft: Draft, reserved: Collection[str]) -> None:
    """Secrets of the source that the stack has itself, such as DATABASE_URL with a database of its own."""
    for setting in [path for path in draft.values if path.partition(".")[0] == "secrets"]:
        name = setting.partition(".")[2]
        if name in reserved:
            draft.carry(draft.places[setting], name, "the stack sets it; the source's secret is not used.")
            del draft.values[setting]
    for need in list(draft.needs):
        names = {path.partition(".")[2] for path in need.settings if path.partition(".")[0] == "secretValues"}
        if names and names <= set(reserved):
            draft.needs.remove(need)
            draft.carry(need.entry.place, names.pop(), "the stack sets it.")


def need_variable(draft: Draft, name: str, place: Any, text: str, *, is_secret: bool, command: str = "") -> None:
    """Report a variable with a value that is not in the source."""
    path = f"secretValues.{name}"
    default = draft.secret_command(path) if is_secret else draft.command(f"env.{name}", "VALUE")
    draft.need(place, _paths(name), text, command or default)


def put_reference(draft: Draft, name: str, reference: Value, *, is_secret: bool, note: str = "") -> None:
    """Set a secret variable to the ARN of a secret or a parameter; without the ARN, report the command that finds it.

    Args:
        draft: the draft.
        name: the variable.
        reference: the ARN, or the name.
        is_secret: whether a name is that of a secret in Secrets Manager, and not of an SSM parameter.
        note: what to add to the report.
    """
    setting, text = f"secrets.{name}", reference.text()
    settings = (setting, f"secretValues.{name}")
    if _ARN.match(text):
        draft.put(setting, text, reference.place)
        return
    if has_known_credential(text):
        reason = "must be the name of a parameter or a secret, and may be a credential; set the ARN of a secret."
        draft.need(reference.place, settings, reason, draft.command(setting, "ARN", "--plaintext "))
        return
    if is_secret:
        secret, colon, rest = text.partition(":")
        suffix = colon + re.sub(r"[^\w:./-]", "", rest)
        look_up = f"aws secretsmanager describe-secret --secret-id {shlex.quote(secret)} --query ARN --output text"
        argument, noun = f'"$({look_up}){suffix}"', "the secret"
    else:
        look_up = f"aws ssm get-parameter --name {shlex.quote(text)} --query Parameter.ARN --output text"
        argument, noun = f'"$({look_up})"', "the parameter"
    command = draft.command(setting, argument, "--plaintext ")
    draft.need(reference.place, settings, f"set the ARN of {noun}.{note}", command)


def replacement_of(text: str, replaced: Mapping[str, str]) -> str:
    """What the app reads instead of a text with the address of a service; empty if it has none.

    Args:
        text: the value of a variable.
        replaced: hosts of services that the stack replaces, each with what the app reads instead.
    """
    for host, replacement in replaced.items():
        if re.search(rf"(?:^|[/@=,]){re.escape(host)}(?::\d+)?(?:$|[/,?])", text):
            return replacement
    return ""


def report_replaced(draft: Draft, name: str, place: Place, replacement: str) -> None:
    """Report a variable with the address of a service that the stack replaces: its value is not copied."""
    services = {*SERVICES, BROKER}
    engine = str(draft.values.get("database", "none"))
    engine = "postgres" if engine == "none" else engine
    if name in {*plain_names(services, (), engine), *secret_names(services, (), engine)}:
        draft.carry(place, name, "the stack sets it")
    else:
        draft.lose(Value("", place, name), f"is the address of a service that the stack replaces; read {replacement}.")


def _paths(name: str) -> tuple[str, ...]:
    return tuple(f"{setting}.{name}" for setting in VARIABLE_SETTINGS)


def is_resolved(settings: tuple[str, ...], config: Mapping[str, Any]) -> bool:
    """Whether a stack's file has one of these settings."""
    for path in settings:
        setting, dot, name = path.partition(".")
        value = config.get(setting)
        if value is not None and (not dot or (isinstance(value, Mapping) and name in value)):
            return True
    return False
