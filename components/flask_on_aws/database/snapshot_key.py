"""The key of the snapshot that a database is restored from: RDS uses it for the database, whatever key is requested."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..validation.problems import ArgumentsError, Problem


def checked_key(key: pulumi.Input[str], snapshot: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The database's key, checked against the snapshot's.

    A restored database has the snapshot's key, so with a different one the next update would replace it.

    Raises, when the key is known:
        ArgumentsError: if the snapshot is encrypted with another key.
    """
    snapshot_key = _key_of(snapshot, parent)
    return pulumi.Output.from_input(key).apply(lambda wanted: _compared(wanted, snapshot_key, snapshot))


def _compared(wanted: str, snapshot_key: str | None, snapshot: str) -> str:
    if snapshot_key and snapshot_key != wanted:
        reason = (
            f"the snapshot {snapshot!r} is encrypted with {snapshot_key}, which a database restored from it would keep; copy it "
            f"with the database's key (aws rds copy-db-snapshot --kms-key-id {wanted}), and name the copy."
        )
        raise ArgumentsError([Problem("databaseSnapshot (snapshot_identifier of Database)", reason)])
    return wanted


def _key_of(snapshot: str, parent: pulumi.Resource) -> str | None:
    """None without such a snapshot: the setting has no effect once the database exists."""
    try:
        details: Any = aws.rds.get_snapshot(db_snapshot_identifier=snapshot, opts=pulumi.InvokeOptions(parent=parent))
    except (
        Exception
    ):  # the SDK raises nothing narrower; RDS itself reports a missing snapshot when it creates a database
        return None
    return details.kms_key_id
