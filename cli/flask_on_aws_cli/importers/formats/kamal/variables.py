"""Variables of Kamal: `env` of the app and of its roles. Values of secrets are in .kamal/secrets, which is not read.

https://kamal-deploy.org/docs/configuration/environment-variables/
"""

from collections.abc import Mapping

from ...drafts.draft import Draft
from ...drafts.variables import need_variable, replacement_of, report_replaced
from ...reading.source import Value, entries, items
from .servers import primary_role, roles

_KEYS = ("clear", "secret", "tags")


def read_variables(draft: Draft, root: Value, replaced: Mapping[str, str]) -> None:
    """Read the variables of the app, then those of its roles that it does not have.

    Args:
        draft: the draft.
        root: the configuration.
        replaced: hosts of accessories that the stack replaces, each with what the app reads instead.
    """
    _read(draft, root["env"], replaced, "")
    for name, role in roles(root).items():
        _read(draft, role["env"] if role.is_mapping else None, replaced, "" if name == primary_role(root) else name)


def _read(draft: Draft, env: Value | None, replaced: Mapping[str, str], role: str) -> None:
    if env is None:
        return
    is_divided = bool(set(_KEYS) & env.mapping().keys())
    for name, value in entries(env["clear"] if is_divided else env).items():
        _read_clear(draft, name, value, replaced, role)
    for item in items(env["secret"]) if is_divided else ():
        # The name of the variable, and perhaps that of the secret: https://kamal-deploy.org/docs/configuration/…
        name = item.text().partition(":")[0]
        text = "has its value in .kamal/secrets, which is not read; set it."
        need_variable(draft, name, item.place, text, is_secret=True)
    for tag in entries(env["tags"]).values() if is_divided else ():
        draft.lose(tag, "tasks have no tags; all tasks of an app have the same variables.")
    if is_divided:
        draft.lose_others(env, set(_KEYS), {})


def _read_clear(draft: Draft, name: str, value: Value, replaced: Mapping[str, str], role: str) -> None:
    text = "" if value.data is None else value.text()
    replacement = replacement_of(text, replaced)
    former = draft.variables.get(name)
    if replacement:
        value.mark_used()
        report_replaced(draft, name, value.place, replacement)
    elif role and former and former.value != text:
        draft.lose(value, "keeps the value of the app; all processes of an app have the same variables.")
    else:
        draft.set_variable(name, value)
