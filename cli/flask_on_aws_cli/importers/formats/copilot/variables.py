"""Variables and secrets of a service of AWS Copilot."""

import re
from pathlib import Path

from ...drafts.credentials import may_be_credential
from ...drafts.draft import Draft
from ...drafts.env_file import read_env_file
from ...drafts.variables import put_reference
from ...reading.source import Value, entries


def read_variables(draft: Draft, manifest: Value, folder: Path) -> None:
    """Read the variables of a service, those of its file of variables, and its references to secrets."""
    if env_file := manifest["env_file"]:
        read_env_file(draft, folder, env_file)
    variables, secrets = manifest["variables"], manifest["secrets"]
    for name, value in entries(variables).items():
        if value.is_mapping and value["from_cfn"]:
            text = "is an output of a CloudFormation stack; set the value, or create the resource in __main__.py."
            draft.need(value.place, (f"env.{name}", f"secrets.{name}", f"secretValues.{name}"), text)
        elif value.is_scalar and re.search(r"\$\{\w+\}", value.text()) and not may_be_credential(name, value.text()):
            text = "contains a variable of the shell that runs Copilot; set the value."
            draft.need(value.place, (f"env.{name}", f"secrets.{name}", f"secretValues.{name}"), text)
        else:
            draft.set_variable(name, value)
    for name, value in entries(secrets).items():
        _read_secret(draft, name, value)


def _read_secret(draft: Draft, name: str, value: Value) -> None:
    """A reference to a parameter or a secret. Its ARN has the account, which the manifest does not have."""
    setting, settings = f"secrets.{name}", (f"secrets.{name}", f"secretValues.{name}")
    if value.data is None:
        draft.need(
            value.place, settings, "names no secret; set the ARN of one.", draft.command(setting, "ARN", "--plaintext ")
        )
        return
    if value.is_mapping and value["from_cfn"]:
        text = "is an output of a CloudFormation stack; set the ARN of the secret."
        draft.need(value.place, settings, text, draft.command(setting, "ARN", "--plaintext "))
        return
    manager = value["secretsmanager"] if value.is_mapping else None
    if value.is_mapping and manager is None:
        raise value.error("must be the name of a parameter, or have the key secretsmanager or from_cfn")
    reference = manager or value
    note = " The variable in its name has no value, because copilot/.workspace does not name the application."
    put_reference(draft, name, reference, is_secret=bool(manager), note=note if "${" in reference.text() else "")
