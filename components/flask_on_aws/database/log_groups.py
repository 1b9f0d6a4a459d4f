"""Log groups of a database: RDS creates missing ones, without retention, and keeps them when the database is deleted.

A new database gets an identifier that is known before it is created, and its groups are created first. A database that
was created earlier keeps its identifier, since a change would rename it while it is in use, and its existing groups are
imported. Only the state knows which of the two it is; a tag of the subnet group, which is never added later, passes it on
to the program.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from ..naming import PACKAGE

NAMED_TAG = f"{PACKAGE}:identifier"
"""On the subnet group of a database whose identifier is known before it is created."""
NAMED = "known before creation"


def is_named(tags: Any) -> bool:
    """Whether a subnet group's tags mark the database's identifier as known before creation."""
    return bool(tags) and NAMED_TAG in tags


def group_name(identifier: str, export: str) -> str:
    """What RDS calls the log group."""
    return f"/aws/rds/instance/{identifier}/{export}"


class DatabaseLogs:
    """The log groups of one database, created before or after it."""

    def __init__(
        self,
        owner: pulumi.Resource,
        name: str,
        logs: Sequence[str],
        days: int,
        kms_key_id: pulumi.Input[str] | None = None,
    ) -> None:
        self._owner, self._name, self._logs, self._days, self._kms_key_id = owner, name, logs, days, kms_key_id

    def exports(self, named: pulumi.Output[bool], identifier: pulumi.Output[Any]) -> pulumi.Output[Sequence[str]]:
        """What the instance exports; known once the groups of a new database exist."""

        def first(is_new: bool) -> pulumi.Input[Sequence[str]]:
            groups = [self._create(export, identifier) for export in self._logs] if is_new else []
            return pulumi.Output.all(*[group.name for group in groups]).apply(lambda names: list(self._logs))

        # Resources within apply, since which ones exist depends on AWS alone; it is known at preview, too.
        return named.apply(first)

    def adopt(self, named: pulumi.Output[bool], identifier: pulumi.Output[str]) -> None:
        """Import the groups of a database that was created earlier, and create the missing ones."""
        named.apply(lambda is_new: None if is_new else self._look_up(identifier))

    def _look_up(self, identifier: pulumi.Output[str]) -> None:
        prefix = pulumi.Output.format("/aws/rds/instance/{identifier}/", identifier=identifier)
        groups = aws.cloudwatch.get_log_groups_output(
            log_group_name_prefix=prefix, opts=pulumi.InvokeOptions(parent=self._owner)
        )
        pulumi.Output.all(identifier, groups.log_group_names).apply(
            lambda values: self._import(values[0], values[1] or [])
        )

    def _import(self, identifier: str, names: Sequence[str]) -> None:
        for export in self._logs:
            existing = group_name(identifier, export)
            # For a group that is in the state already, an import has no effect.
            self._create(export, identifier, existing if existing in names else None)

    def _create(
        self, export: str, identifier: pulumi.Input[str], imported: str | None = None
    ) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs-{export}",
            name=pulumi.Output.from_input(identifier).apply(lambda value: group_name(value, export)),
            retention_in_days=self._days,
            kms_key_id=self._kms_key_id,
            opts=pulumi.ResourceOptions(parent=self._owner, import_=imported),
        )
