"""The guard against replacing a database unawares.

An engine's preview shows a replacement as one line among many, and the data is gone with the old database. Hooks can
refuse: one that runs before an update sees the old and the new inputs. A replacement is no update, though, and the hook
before a creation sees no old inputs. So what a database is (its identity) is written as tags on the subnet group that it
depends on: another identity is an update of the subnet group, and refusing that stops the database's replacement too.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi

from ._component import PACKAGE, Problem

# The arguments whose change replaces the database, and what AWS takes where one is absent.
IDENTITY: Mapping[str, str | None] = {"database_name": None, "username": None, "kms_key_id": "AWS's own key"}


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
                "if that is meant, take deletion_protection off and set allow_replacement (allowDatabaseReplacement in "
                "a stack's settings) to true.",
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
