"""The key of a snapshot that a database is restored from: RDS gives it to the database, whatever else is asked for."""

from typing import Any

import pulumi
import pulumi_aws as aws

from ..validation.problems import ArgumentsError, Problem


def checked_key(key: pulumi.Input[str], snapshot: str, parent: pulumi.Resource) -> pulumi.Output[str]:
    """The database's key, if the snapshot has it too.

    Otherwise the restored database would have the snapshot's, and the next update would replace it for the difference.

    Raises, when the key is known:
        ArgumentsError: if the snapshot is encrypted with another key.
    """
    found = _key_of(snapshot, parent)
    return pulumi.Output.from_input(key).apply(lambda wanted: _compared(wanted, found, snapshot))


def _compared(wanted: str, found: str | None, snapshot: str) -> str:
    if found and found != wanted:
        reason = (
            f"the snapshot {snapshot!r} is encrypted with {found}, which a database restored from it would keep; copy it "
            f"with the database's own key (aws rds copy-db-snapshot --kms-key-id {wanted}), and name the copy."
        )
        raise ArgumentsError([Problem("databaseSnapshot (snapshot_identifier of Database)", reason)])
    return wanted


def _key_of(snapshot: str, parent: pulumi.Resource) -> str | None:
    """None where there is no such snapshot: the setting means nothing once the database is there."""
    try:
        found: Any = aws.rds.get_snapshot(db_snapshot_identifier=snapshot, opts=pulumi.InvokeOptions(parent=parent))
    except Exception:  # the SDK raises nothing narrower; what a new database needs and cannot have, RDS itself reports
        return None
    return found.kms_key_id
