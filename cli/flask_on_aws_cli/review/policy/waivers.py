"""Why findings are accepted: `waivers.yaml` for the components, and a file of the stack's project.

Those of the components are about what they create by themselves, whatever a stack is called: they name the component.
Those of a project name the resource.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, cast

import yaml

from ..inputs.errors import ReviewError
from ..model import Finding

FILE = ".flask-on-aws-policy.yaml"
"""The file of a project, next to Pulumi.yaml."""
_COMPONENTS = "flask-on-aws:index:"
_KEYS = {"rule", "resource", "reason", "expires", "stack"}


@dataclass(frozen=True)
class Waiver:
    """A waiver of a rule for some resources."""

    rule: str
    reason: str
    resource: str = "*"
    """Logical name, where `*` matches any characters."""
    component: str = ""
    """The component that the resource is a part of, such as `Database`; empty for any resource."""
    property: str = "*"
    expires: date | None = None
    """The last day on which it holds. None: it does not expire."""
    label: str = ""
    """Where it is, such as `.flask-on-aws-policy.yaml: db-standby`."""

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is accepted by it, as long as it holds."""
        return (
            finding.rule == self.rule
            and fnmatchcase(finding.name, self.resource)
            and fnmatchcase(finding.property, self.property)
            and (not self.component or f"{_COMPONENTS}{self.component}" in _types(finding))
        )

    def has_expired(self, today: date) -> bool:
        """Whether it does not hold any more."""
        return self.expires is not None and self.expires < today


def _types(finding: Finding) -> list[str]:
    """The types of a resource and of the components around it, from its URN."""
    return finding.urn.split("::")[2].split("$")


@cache
def built_in() -> tuple[Waiver, ...]:
    """The waivers of the components."""
    text = resources.files(__package__ or "").joinpath("waivers.yaml").read_text("utf-8")
    return tuple(_component_waivers(yaml.safe_load(text)))


def _component_waivers(entries: list[dict[str, Any]]) -> Iterator[Waiver]:
    for entry in entries:
        for component in entry["components"]:
            where = {key: entry[key] for key in ("resource", "property") if key in entry}
            yield Waiver(entry["rule"], entry["reason"], component=component, **where)


def read_waivers(folder: Path, stack: str) -> list[Waiver]:
    """The waivers of a project that are about a stack; none if it has no file of them.

    Raises:
        ReviewError: if the file is wrong.
    """
    path = folder / FILE
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ReviewError(f"{path} cannot be read: {error}") from error
    entries: Any = cast(Mapping[str, Any], content).get("waivers") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise ReviewError(f"{path} must have a list `waivers` of objects with rule, resource and reason.")
    checked = [_checked(path, number, entry) for number, entry in enumerate(cast(list[Any], entries), 1)]
    return [waiver for name, waiver in checked if fnmatchcase(stack, name)]


def _checked(path: Path, number: int, entry: Any) -> tuple[str, Waiver]:
    """The stack that an entry is about, and its waiver."""
    label = f"{path.name}: waiver {number}"
    if not isinstance(entry, Mapping):
        raise ReviewError(f"{label} must be an object with rule, resource and reason.")
    fields = cast(Mapping[str, Any], entry)
    for key in ("rule", "resource", "reason"):
        if not isinstance(fields.get(key), str) or not fields[key].strip():
            raise ReviewError(f"{label}: {key} is missing; a waiver has rule, resource and reason.")
    if unknown := sorted(map(str, fields.keys() - _KEYS)):
        raise ReviewError(f"{label}: {', '.join(unknown)} is not known; use {', '.join(sorted(_KEYS))}.")
    expires = fields.get("expires")
    if expires is not None and type(expires) is not date:
        raise ReviewError(f"{label}: expires: {expires!r} is not a date; write it as 2027-06-30.")
    waiver = Waiver(
        fields["rule"],
        fields["reason"].strip(),
        fields["resource"],
        expires=expires,
        label=f"{path.name}: {fields['rule']} of {fields['resource']}",
    )
    return str(fields.get("stack", "*")), waiver
