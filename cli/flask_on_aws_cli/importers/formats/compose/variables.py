"""Variables and secrets of a service of Compose."""

import re
from collections.abc import Mapping
from pathlib import Path

from ...drafts.credentials import may_be_credential
from ...drafts.draft import Draft
from ...drafts.env_file import read_env_file
from ...drafts.variables import need_variable, replacement_of, report_replaced
from ...reading.source import Value, entries, items
from .interpolation import VARIABLE

_SECRETS = "/run/secrets/"


def read_variables(draft: Draft, service: Value, folder: Path, replaced: Mapping[str, str]) -> None:
    """Read the variables of a service.

    Args:
        draft: the draft.
        service: the service.
        folder: the folder of the file.
        replaced: the services that the stack replaces, each with what the app reads instead of its address.
    """
    files = service["env_file"]
    for file in [files] if files and files.is_scalar else items(files):
        name = file["path"] if file.is_mapping else file
        if file.is_mapping:
            draft.skip(file, "required", "format")
        if name:
            read_env_file(draft, folder, name)
    for name, value in entries(service["environment"]).items():
        _read_variable(draft, name, value)
    for name, variable in list(draft.variables.items()):
        if replacement := replacement_of(variable.value, replaced):
            del draft.variables[name]
            report_replaced(draft, name, variable.place, replacement)


def _read_variable(draft: Draft, name: str, value: Value) -> None:
    if value.data is not None and value.kind != VARIABLE:
        draft.set_variable(name, value)
        return
    value.mark_used()
    is_secret = may_be_credential(name, "unknown") or bool(value.data and may_be_credential(name, str(value.data)))
    text = "has its value in the shell or the file .env; set it."
    need_variable(draft, name, value.place, text, is_secret=is_secret)


def read_secrets(draft: Draft, service: Value) -> None:
    """Report the secrets, which are files in Compose and variables here."""
    for item in items(service["secrets"]):
        source = item["source"] if item.is_mapping else item
        if source is None:
            raise item.error("must have a source")
        name = re.sub(r"\W", "_", source.text()).upper()
        text = f"is the file {_SECRETS}{source.text()} in Compose, and a variable here; set it."
        need_variable(draft, name, item.place, text, is_secret=True)
        if item.is_mapping:
            draft.lose_others(item, {"source", "target"}, dict.fromkeys(("uid", "gid", "mode"), "is about the file."))
