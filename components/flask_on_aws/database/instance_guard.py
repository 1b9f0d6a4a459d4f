"""Changes of a database instance that AWS would carry out while it is in use, or refuse: the last look before it is asked."""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi

_Values = Mapping[str, Any]


def instance_problems(old_inputs: _Values, old_outputs: _Values, new_inputs: _Values) -> Iterator[str]:
    """Why an instance's update must not be asked for, one sentence each. What is not known is left out."""
    old, new = old_inputs.get("identifier"), new_inputs.get("identifier")
    if isinstance(old, str) and isinstance(new, str) and old != new:
        yield (
            f"identifier: {old!r} → {new!r} would rename the database while it is in use, and with it its host name. "
            "Its subnet group has lost the tags that it was made with."
        )
    running, wanted = old_outputs.get("engineVersionActual"), new_inputs.get("engineVersion")
    if isinstance(running, str) and isinstance(wanted, str) and _is_older(wanted, running):
        yield (
            f"databaseVersion (engine_version of Database): AWS runs {running}, and RDS has no way back to {wanted}. "
            f"Set it to {running}, or to {running.partition('.')[0]} for the newest minor version."
        )


def _is_older(wanted: str, running: str) -> bool:
    """Whether a version is before the one that runs, as far as it says; `17` is none of 17.x in particular."""
    try:
        first, second = ([int(part) for part in version.split(".")] for version in (wanted, running))
    except ValueError:
        return False
    return first < second[: len(first)]


def refuse_update(args: pulumi.ResourceHookArgs) -> None:
    """The hook of the instance, at preview and at update.

    Raises:
        ValueError: if the update would rename the database or take it to an older version.
    """
    found = list(instance_problems(args.old_inputs or {}, args.old_outputs or {}, args.new_inputs or {}))
    if found:
        raise ValueError("; ".join(found))


def instance_guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the instance of the database with this name."""
    hook = pulumi.ResourceHook(f"{name}-instance-guard", refuse_update, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_update=[hook])
