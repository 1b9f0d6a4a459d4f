"""The guard against replacing a database unawares, by what AWS itself has recorded of it.

`_data_loss` compares what the component recorded. A stack that was made before there were such records, or whose update
ended between the component and its database, is guarded by this alone: what a database is (its identity) is written as
tags on the subnet group that it depends on. Another identity is an update of the subnet group, whose hook sees both;
refusing that stops the database's replacement too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi

from ..data_loss.rules import IDENTITY
from ..naming import PACKAGE
from ..validation.problems import Problem


def tag(argument: str) -> str:
    """The key of the tag that carries an argument."""
    return f"{PACKAGE}:{argument}"


def replacements(old_tags: Any, new_tags: Any) -> Iterator[Problem]:
    """The arguments whose change would replace the database. Values not known at preview are left to the update."""
    if not isinstance(old_tags, Mapping) or not isinstance(new_tags, Mapping):
        return
    before, after = cast(Mapping[str, Any], old_tags), cast(Mapping[str, Any], new_tags)
    for argument, absent in IDENTITY.items():
        old, new = before.get(tag(argument), absent), after.get(tag(argument), absent)
        if isinstance(old, str) and isinstance(new, str) and old != new:
            yield Problem(
                argument,
                f"changing it from {old!r} to {new!r} would replace the database and lose its data. Change it back, or, "
                "if that is meant, take deletion_protection off and add the database's logical name to accept_data_loss "
                "(acceptDataLoss in a stack's settings).",
            )


def refuse_replacement(args: pulumi.ResourceHookArgs) -> None:
    """Raise if the subnet group's update means that the database would be replaced.

    Raises:
        ValueError: with the name, the old and the new value of each argument that would replace it.
    """
    old, new = args.old_inputs or {}, args.new_inputs or {}
    found = list(replacements(old.get("tags"), new.get("tags")))
    if found:
        raise ValueError("; ".join(f"{problem.argument}: {problem.reason}" for problem in found))


def guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the subnet group of the database with this name, at preview and at update."""
    # Hooks are known by name in the whole program, so the database's name is in it.
    hook = pulumi.ResourceHook(
        f"{name}-replacement-guard", refuse_replacement, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_update=[hook])
