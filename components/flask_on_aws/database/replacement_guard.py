"""The guard against an unintended replacement of a database, based on tags in AWS.

`data_loss` compares what the component recorded. A stack that was created before there were such records, or whose update
was interrupted between the component and its database, is protected by this guard alone: the database's identity is
written as tags on the subnet group that it depends on. A changed identity is an update of the subnet group, whose hook
receives both; rejecting it stops the database's replacement too.
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
    """The arguments whose change would replace the database. Values unknown at preview are checked by the update."""
    if not isinstance(old_tags, Mapping) or not isinstance(new_tags, Mapping):
        return
    before, after = cast(Mapping[str, Any], old_tags), cast(Mapping[str, Any], new_tags)
    for argument, absent in IDENTITY.items():
        old, new = before.get(tag(argument), absent), after.get(tag(argument), absent)
        if isinstance(old, str) and isinstance(new, str) and old != new:
            yield Problem(
                argument,
                f"changing it from {old!r} to {new!r} would replace the database and lose its data. Change it back, or, "
                "if that is intended, turn deletion_protection off and add the database's logical name to accept_data_loss "
                "(acceptDataLoss in a stack's settings).",
            )
            if argument == "engine":  # its defaults of the others differ, too
                return


def reject_replacement(args: pulumi.ResourceHookArgs) -> None:
    """Raise if the subnet group's update implies a replacement of the database.

    Raises:
        ValueError: with the name, the old and the new value of each argument that would replace it.
    """
    old, new = args.old_inputs or {}, args.new_inputs or {}
    problems = list(replacements(old.get("tags"), new.get("tags")))
    if problems:
        raise ValueError("; ".join(f"{problem.argument}: {problem.reason}" for problem in problems))


def guard(name: str) -> pulumi.ResourceHookBinding:
    """The hook for the subnet group of the database with this name, at preview and at update."""
    # Hook names are unique in the whole program, so this one contains the database's name.
    hook = pulumi.ResourceHook(
        f"{name}-replacement-guard", reject_replacement, pulumi.ResourceHookOptions(on_dry_run=True)
    )
    return pulumi.ResourceHookBinding(before_update=[hook])
