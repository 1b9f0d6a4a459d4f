"""The last check before an update of a database instance or cluster: changes that would rename it in use, or that RDS would reject."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

from .engines import PROFILES_BY_NAME, version_numbers

_Values = Mapping[str, Any]


def instance_problems(old_inputs: _Values, old_outputs: _Values, new_inputs: _Values) -> Iterator[str]:
    """Why an instance must not be updated, one sentence each. Unknown values are not checked."""
    old, new = old_inputs.get("identifier"), new_inputs.get("identifier")
    if isinstance(old, str) and isinstance(new, str) and old != new:
        yield (
            f"identifier: {old!r} → {new!r} would rename the database while it is in use, and change its host name. "
            "Its subnet group has lost the tags that it was created with; restore them."
        )
    running, wanted = old_outputs.get("engineVersionActual"), new_inputs.get("engineVersion")
    same_engine = old_inputs.get("engine") == new_inputs.get("engine")
    if same_engine and isinstance(running, str) and isinstance(wanted, str) and _is_older(wanted, running):
        yield (
            f"databaseVersion (engine_version of Database): AWS runs {running}, and RDS cannot downgrade to {wanted}. "
            f"Set it to {_version(running)}, or to {_major(running, new_inputs.get('engine'))} for the newest minor version."
        )


def _major(running: str, engine: Any) -> str:
    """The major version of one that runs."""
    parts = PROFILES_BY_NAME[engine].major_parts if engine in PROFILES_BY_NAME else 1
    return ".".join(re.findall(r"\d+", running)[:parts])


def _version(running: str) -> str:
    """A version without the suffix of RDS's own patches, such as 10.11.5 of 10.11.5.R2.20231201 and of 10.11.5-R2."""
    match = re.match(r"\d+(?:\.(?:\d+|mysql_aurora))*", running)
    return match[0] if match else running


def _is_older(wanted: str, running: str) -> bool:
    """Whether a version is older than the one that runs, in the parts that it gives; `17` is not older than any 17.x."""
    first, second = version_numbers(_version(wanted)), version_numbers(_version(running))
    return first < second[: len(first)]


def reject_update(args: pulumi.ResourceHookArgs) -> None:
    """The hook of the instance, at preview and at update.

    Raises:
        ValueError: if the update would rename the database or take it to an older version.
    """
    problems = list(instance_problems(args.old_inputs or {}, args.old_outputs or {}, args.new_inputs or {}))
    if problems:
        raise ValueError("; ".join(problems))


def instance_guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the instance of the database with this name."""
    hook = pulumi.ResourceHook(f"{name}-instance-guard", reject_update, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])
