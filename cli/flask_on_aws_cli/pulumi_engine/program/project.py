"""The files of a Pulumi project: its name, program and stack configuration, read as the Pulumi CLI reads them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from ..model.errors import EngineError
from . import passphrase


@dataclass(frozen=True)
class Project:
    """A program and the configuration of one stack."""

    name: str
    stack: str
    root: Path
    """The folder of Pulumi.yaml."""
    program: Path
    """The folder or file that Python runs."""
    config: Mapping[str, str]
    """`namespace:key` → text; lists and objects as JSON."""
    secret_keys: frozenset[str]
    """The keys of `config` with secret values."""


def read_project(root: Path, stack: str, decrypts: bool = True, as_ciphertext: bool = False) -> Project:
    """Read Pulumi.yaml and, if it exists, Pulumi.<stack>.yaml.

    Args:
        root: the folder of Pulumi.yaml.
        stack: the stack's name.
        decrypts: whether secrets are decrypted; otherwise they stay `{"secure": …}`. Default: True.
        as_ciphertext: whether secrets that are not decrypted are their ciphertext, a text like every secret's value.
            Default: False.

    Raises:
        EngineError: if a file is missing or invalid, or a secret cannot be decrypted.
    """
    root = root.resolve()
    settings = _read_yaml(root / "Pulumi.yaml")
    name = settings.get("name")
    if not isinstance(name, str):
        raise EngineError(f"{root / 'Pulumi.yaml'} has no name; add one, such as name: my-app.")
    stack_file = root / f"Pulumi.{stack}.yaml"
    stack_settings = _read_yaml(stack_file) if stack_file.is_file() else {}
    if stack_settings.get("environment"):
        raise EngineError(
            f"{stack_file} imports configuration from Pulumi Cloud environments, which this engine cannot read; "
            "set the values under config: instead."
        )
    values: dict[str, Any] = dict(_defaults(name, settings.get("config") or {}))
    stack_values = cast(dict[str, Any], stack_settings.get("config") or {})
    values.update({_qualified(name, key): value for key, value in stack_values.items()})
    decrypter = passphrase.Decrypter(stack_settings, stack_file)
    secrets = frozenset(key for key, value in values.items() if passphrase.has_secret(value))
    readable = {key: decrypter.decrypt(key, value) for key, value in values.items()} if decrypts else values
    if as_ciphertext:
        readable = {key: passphrase.ciphertexts(value) for key, value in readable.items()}
    return Project(
        name=name,
        stack=stack,
        root=root,
        program=root / str(settings.get("main") or "."),
        config={key: _text(value) for key, value in readable.items()},
        secret_keys=secrets,
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise EngineError(f"There is no {path}; run this command in the folder of a Pulumi project.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise EngineError(f"{path} cannot be read: {error}") from error
    if content is not None and not isinstance(content, dict):
        raise EngineError(f"{path} must be a mapping of names to values.")
    return cast(dict[str, Any], content or {})


def _defaults(project: str, declared: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The values that Pulumi.yaml sets: each is a plain value, `value: …`, or a declaration with `default: …`."""
    for key, entry in declared.items():
        if not isinstance(entry, dict):
            yield _qualified(project, key), entry
            continue
        declaration = cast(dict[str, Any], entry)
        for field in ("value", "default"):
            if field in declaration:
                yield _qualified(project, key), declaration[field]
                break


def _qualified(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return json.dumps(value, separators=(",", ":"))
    return "" if value is None else str(value)
