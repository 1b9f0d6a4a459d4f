"""Log groups of a database: RDS makes what is missing of them, without retention, and leaves them when it is deleted.

A new database gets an identifier that is known before it, and its groups first. A database that was made before keeps
its identifier, another would rename it while it is in use, and its groups are there already: they are imported. Which
of the two it is, only the state knows; a tag of the subnet group, which is never added later, says so to the program.
"""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from ..naming import PACKAGE

# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_LogAccess.Concepts.PostgreSQL.html
EXPORTS = ("postgresql", "upgrade")
NAMED_TAG = f"{PACKAGE}:identifier"
"""On the subnet group of a database whose identifier is known before it."""
NAMED = "known before creation"


def is_named(tags: Any) -> bool:
    """Whether a subnet group's tags say that the database's identifier is known before it."""
    return bool(tags) and NAMED_TAG in tags


def group_name(identifier: str, export: str) -> str:
    """What RDS calls the log group."""
    return f"/aws/rds/instance/{identifier}/{export}"


class DatabaseLogs:
    """The log groups of one database, before or after it."""

    def __init__(
        self, owner: pulumi.Resource, name: str, days: int, kms_key_id: pulumi.Input[str] | None = None
    ) -> None:
        self._owner, self._name, self._days, self._kms_key_id = owner, name, days, kms_key_id

    def exports(self, named: pulumi.Output[bool], identifier: pulumi.Output[Any]) -> pulumi.Output[Sequence[str]]:
        """What the instance exports; known when the groups of a new database are there."""

        def first(known: bool) -> pulumi.Input[Sequence[str]]:
            groups = [self._create(export, identifier) for export in EXPORTS] if known else []
            return pulumi.Output.all(*[group.name for group in groups]).apply(lambda names: list(EXPORTS))

        # Resources within apply, since only what AWS has decides which there are; it is known at preview, too.
        return named.apply(first)

    def adopt(self, named: pulumi.Output[bool], identifier: pulumi.Output[str]) -> None:
        """Take over the groups of a database that was made before, and make what is missing."""
        named.apply(lambda known: None if known else self._look(identifier))

    def _look(self, identifier: pulumi.Output[str]) -> None:
        prefix = pulumi.Output.format("/aws/rds/instance/{identifier}/", identifier=identifier)
        found = aws.cloudwatch.get_log_groups_output(
            log_group_name_prefix=prefix, opts=pulumi.InvokeOptions(parent=self._owner)
        )
        pulumi.Output.all(identifier, found.log_group_names).apply(lambda both: self._take(both[0], both[1] or []))

    def _take(self, identifier: str, names: Sequence[str]) -> None:
        for export in EXPORTS:
            existing = group_name(identifier, export)
            # Of a group that is in the state already an import means nothing.
            self._create(export, identifier, existing if existing in names else None)

    def _create(
        self, export: str, identifier: pulumi.Input[str], imported: str | None = None
    ) -> aws.cloudwatch.LogGroup:
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs-{export}",
            name=pulumi.Output.from_input(identifier).apply(lambda known: group_name(known, export)),
            retention_in_days=self._days,
            kms_key_id=self._kms_key_id,
            opts=pulumi.ResourceOptions(parent=self._owner, import_=imported),
        )
