"""Sidecars of a service of AWS Copilot, as the ECS API's container definitions."""

import json
import shlex
from typing import cast

from ...drafts.credentials import has_known_credential, may_be_credential
from ...drafts.draft import Draft
from ...reading.source import Value, entries, plain


def read_sidecars(draft: Draft, manifest: Value) -> None:
    """Read the sidecars that need neither a build nor secrets."""
    sidecars, definitions = manifest["sidecars"], list[object]()
    for name, sidecar in entries(sidecars).items():
        image = sidecar["image"]
        variables = sidecar["variables"]
        environment = entries(variables)
        for value in environment.values():
            value.mark_used()
        secret = next((key for key, value in environment.items() if may_be_credential(key, str(value.data))), "")
        if image is None or not image.is_scalar or sidecar["secrets"] or secret:
            draft.lose(sidecar, "needs its own image or secrets; add it to sidecars as an ECS container definition.")
            continue
        definition: dict[str, object] = {"name": name, "image": image.text()}
        if essential := sidecar["essential"]:
            definition["essential"] = essential.flag()
        for key in ("command", "entrypoint"):
            if value := sidecar[key]:
                words = _words(value)
                definition["entryPoint" if key == "entrypoint" else key] = words
        if port := sidecar["port"]:
            number = port.text().partition("/")[0]
            if not number.isdecimal():
                raise port.error("must be a port, like 2000 or 2000/udp")
            protocol = port.text().partition("/")[2] or "tcp"
            definition["portMappings"] = [{"containerPort": int(number), "protocol": protocol}]
        if environment:
            definition["environment"] = [
                {"name": key, "value": str(plain(value))} for key, value in environment.items()
            ]
        words = [*cast(list[str], definition.get("command", [])), *cast(list[str], definition.get("entryPoint", []))]
        if has_known_credential(" ".join((json.dumps(definition), *words))):
            draft.lose(sidecar, "contains what may be a credential; add it to sidecars with the secret's ARN.")
            continue
        definitions.append(definition)
        draft.lose_others(sidecar, {"image", "essential", "command", "entrypoint", "port", "variables"}, {})
    if definitions and sidecars:
        draft.put("sidecars", definitions, sidecars.place)


def _words(value: Value) -> list[str]:
    if not value.is_scalar:
        return [item.text() for item in value.items()]
    try:
        return shlex.split(value.text())
    except ValueError:
        raise value.error("must have a closing quotation mark") from None
