"""Tests of the RDS API with real PostgreSQL servers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_aws.rds import Databases, Status
from flask_on_aws_cli.local_aws.rds.records import DatabaseRecords
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.project import CACHE
from flask_on_aws_cli.postgres_server.binaries import find
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.waiting import until

from .conftest import client


@pytest.fixture
def rds(location: Location, tmp_path: Path) -> Iterator[Any]:
    """A client of the RDS API with PostgreSQL servers."""

    def write_status(identifier: str, status: Status) -> None:
        records.write_status(identifier, status)

    endpoint = Endpoint(location)
    databases = Databases(tmp_path / "rds", CACHE, Authority(tmp_path / "ca"), write_status)
    records = DatabaseRecords(endpoint.records, databases)
    parts = (endpoint, databases, records)
    for part in parts:
        part.start()
    yield client(location, "rds")
    for part in reversed(parts):
        part.stop()


def create(rds: Any, name: str) -> Callable[[], Any]:
    """Create an instance; returns a function that describes it."""
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="app",
        MasterUserPassword="password1",
    )
    return lambda: rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]


def test_a_database_is_available_again_after_it_gets_more_storage(rds: Any) -> None:
    describe = create(rds, "web")
    until(lambda: describe()["DBInstanceStatus"] == "available", state=describe)
    rds.modify_db_instance(DBInstanceIdentifier="web", AllocatedStorage=30, ApplyImmediately=True)
    until(lambda: describe()["DBInstanceStatus"] == "available", state=describe)
    assert describe()["AllocatedStorage"] == 30


def test_a_database_that_cannot_be_created_reports_the_reason(
    rds: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.binaries.installed_binaries", lambda: iter(()))
    monkeypatch.setattr(
        "flask_on_aws_cli.local_aws.rds.postgres.find", lambda major, _: find(major, tmp_path / "empty")
    )
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.npm_binaries.shutil.which", lambda _: "/bin/false")
    describe = create(rds, "unmade")
    until(lambda: describe()["DBInstanceStatus"] == "failed", state=describe)
    assert "Install it, for example with `apt-get install postgresql`" in describe()["StatusInfos"][0]["Message"]


def test_an_aurora_cluster_is_one_server_that_its_instances_share(rds: Any) -> None:
    """From an instance's snapshot, with a snapshot of its own, and gone when it is deleted."""
    instance = create(rds, "before")
    until(lambda: instance()["DBInstanceStatus"] == "available", state=instance)
    taken = rds.create_db_snapshot(DBInstanceIdentifier="before", DBSnapshotIdentifier="moved")["DBSnapshot"]
    snapshots = lambda: rds.describe_db_snapshots(DBSnapshotIdentifier="moved")["DBSnapshots"][0]  # noqa: E731
    until(lambda: snapshots()["Status"] == "available", state=snapshots)
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="shop", SnapshotIdentifier=taken["DBSnapshotArn"], Engine="aurora-postgresql"
    )

    def cluster(name: str = "shop") -> Any:
        return rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]

    until(lambda: cluster()["Status"] == "available", state=cluster)
    for number in (1, 2):
        rds.create_db_instance(
            DBInstanceIdentifier=f"shop-{number}",
            DBClusterIdentifier="shop",
            DBInstanceClass="db.serverless",
            Engine="aurora-postgresql",
        )
    described = rds.describe_db_instances(Filters=[{"Name": "db-cluster-id", "Values": ["shop"]}])["DBInstances"]
    addresses = {(member["Endpoint"]["Address"], member["Endpoint"]["Port"]) for member in described}
    assert addresses == {(cluster()["Endpoint"], cluster()["Port"])}
    assert cluster()["Port"] != instance()["Endpoint"]["Port"]
    rds.modify_db_cluster(DBClusterIdentifier="shop", MasterUserPassword="password2", ApplyImmediately=True)
    until(lambda: cluster()["Status"] == "available", state=cluster)
    with psycopg.connect(
        host="127.0.0.1", port=cluster()["Port"], user="app", password="password2", dbname="postgres", sslmode="require"
    ) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    for member in described:
        rds.delete_db_instance(DBInstanceIdentifier=member["DBInstanceIdentifier"], SkipFinalSnapshot=True)
    rds.delete_db_cluster(DBClusterIdentifier="shop", FinalDBSnapshotIdentifier="last")
    last = lambda: rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier="last")["DBClusterSnapshots"][0]  # noqa: E731
    until(lambda: last()["Status"] == "available", state=last)
