"""DocumentDB's clusters, which are servers of MongoDB's protocol on this machine: mongod, or FerretDB."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pymongo
import pytest
from flask_on_aws.database.engines import DOCUMENT_ENGINES
from flask_on_aws.database.parameters import DEFAULTS
from flask_on_aws.runtime_contract.contract import DatabaseFacts, database_url
from flask_on_aws_cli.local_aws.rds import Databases, Instance
from flask_on_aws_cli.local_project.project import CACHE
from flask_on_aws_cli.mongodb_server import ferretdb, programs
from flask_on_aws_cli.shared.certificate_authority import Authority
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from tests.waiting import until

PARAMETERS = DOCUMENT_ENGINES["documentdb"].parameters(DEFAULTS)
INSTANCE = Instance("shop-db", "5.0.0", "app", "first-pa~ss.word_1", None, PARAMETERS, "docdb")


class Clusters:
    """Clusters in a folder."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder / "ca")
        # Not in the test's folder: FerretDB takes a minute to build.
        self.databases = Databases(folder / "rds", CACHE, self.authority)
        self.databases.start()

    def client(self, password: str = INSTANCE.password, identifier: str = "shop-db", **more: object):
        """A client with the URL that an app gets."""
        status = self.databases.statuses()[identifier]
        ca = str(self.authority.certificate_path)
        facts = DatabaseFacts(status.host, status.port, "shop", "app", "mongodb", ca_path=ca, engine="documentdb")
        return pymongo.MongoClient(database_url(facts, password), serverSelectionTimeoutMS=3000, **more)

    def orders(self, password: str = INSTANCE.password, identifier: str = "shop-db") -> list[int]:
        with self.client(password, identifier) as client:
            return [document["number"] for document in client.get_default_database().orders.find()]


@pytest.fixture
def clusters(tmp_path: Path):
    found = Clusters(tmp_path)
    yield found
    found.databases.stop()


def test_data_survives_restarts_crashes_snapshots_and_another_password(clusters: Clusters) -> None:
    databases = clusters.databases
    databases.create(INSTANCE).result(600)
    note = databases.statuses()["shop-db"].note or ""
    assert note.endswith("serves it here in place of DocumentDB 5.0.0.")
    with clusters.client() as client:
        client.get_default_database().orders.insert_one({"number": 1})
        assert client.topology_description.replica_set_name == "rs0"
    # Another password is the only one that is valid from then on.
    databases.modify(replace(INSTANCE, password="second-password")).result(60)
    with pytest.raises(OperationFailure, match=r"[Aa]uthentication failed"):
        clusters.orders()
    databases.snapshot("shop-db", "before").result(60)
    port = databases.statuses()["shop-db"].port
    databases.reboot("shop-db").result(60)
    (server,) = (one for one in psutil.process_iter() if _is_server(one, clusters))
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: databases.statuses()["shop-db"].state == "starting" or not server.is_running())
    until(lambda: databases.statuses()["shop-db"].state == "available" and clusters.orders("second-password") == [1])
    assert databases.statuses()["shop-db"].port == port
    databases.delete("shop-db").result(60)
    databases.restore(replace(INSTANCE, password="third-password"), "before").result(60)
    assert clusters.orders("third-password") == [1]


def _is_server(process: psutil.Process, clusters: Clusters) -> bool:
    try:
        return any(str(clusters.databases._instances / "shop-db" / "data") in word for word in process.cmdline())
    except psutil.Error:
        return False


def test_only_tls_with_a_login_is_accepted_and_the_certificate_is_verified(clusters: Clusters, tmp_path: Path) -> None:
    clusters.databases.create(INSTANCE).result(600)
    other = Authority(tmp_path / "other").certificate_path
    for options in ({"tls": False, "tlsCAFile": None}, {"tlsCAFile": str(other)}):
        with clusters.client(**options) as client, pytest.raises(ServerSelectionTimeoutError):
            client.admin.command("ping")
    status = clusters.databases.statuses()["shop-db"]
    ca = str(clusters.authority.certificate_path)
    anonymous = pymongo.MongoClient(status.host, status.port, tls=True, tlsCAFile=ca, directConnection=True)
    with anonymous as client, pytest.raises(OperationFailure, match="requires authentication"):
        client.shop.orders.find_one()
    assert (clusters.databases._instances / "shop-db").stat().st_mode & 0o077 == 0


def test_without_a_program_the_rest_of_the_stack_runs(
    clusters: Clusters, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clusters.databases.stop()
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(programs, "_FOLDERS", ())
    monkeypatch.setattr(ferretdb, "FOLDERS", "")
    databases = clusters.databases = Databases(tmp_path / "rds", tmp_path / "cache", clusters.authority)
    databases.start()
    databases.create(INSTANCE).result(60)
    status = databases.statuses()["shop-db"]
    assert (status.state, status.note) == (
        "available",
        "DocumentDB does not run here: mongod is not installed, and FerretDB cannot be built instead (Go is not "
        "installed; install it, for example with `apt-get install golang-go`).",
    )
    databases.delete("shop-db").result(60)
