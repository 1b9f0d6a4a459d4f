"""DB instances of MySQL and MariaDB, which are real MariaDB servers on this machine."""

import json
import os
import signal
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pymysql
import pytest
from flask_on_aws_cli.local_aws.rds import Databases, Instance
from flask_on_aws_cli.mariadb_server import binaries
from flask_on_aws_cli.mariadb_server.binaries import NoMariadbError, find
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.waiting import until

try:
    VERSION = find().version
except NoMariadbError:
    VERSION = ""
pytestmark = pytest.mark.skipif(not VERSION, reason="there is no MariaDB server on this machine")
PARAMETERS = {
    "require_secure_transport": "1",
    "character_set_server": "utf8mb4",
    "collation_server": "utf8mb4_0900_ai_ci",
    "long_query_time": "1.5",
    "max_execution_time": "900000",
    "max_connections": "{DBInstanceClassMemory/12582880}",
}
INSTANCE = Instance("web", "8.4", "master", "first-pa%ssword'\\", "app", PARAMETERS, engine="mysql")


class Rds:
    """Databases in a folder, and all states that they have reported."""

    def __init__(self, folder):
        self.folder, self.states = folder, []
        self.authority = Authority(folder / "ca")
        self.databases = Databases(folder / "rds", folder / "cache", self.authority, self.record)
        self.databases.start()

    def record(self, identifier, status):
        self.states.append((identifier, status.state))

    def connect(self, identifier="web", password=INSTANCE.password, database="app", **overrides):
        status = self.databases.statuses()[identifier]
        options = {"host": status.host, "port": status.port, "user": "master", "connect_timeout": 3}
        tls = {"ssl": {"ca": str(self.authority.certificate_path), "check_hostname": True}}
        return pymysql.connect(database=database, password=password, autocommit=True, **{**options, **tls, **overrides})

    def rows(self, query, *arguments, **options):
        with self.connect(**options) as connection, connection.cursor() as cursor:
            cursor.execute(query, arguments)
            return list(cursor.fetchall())


@pytest.fixture
def folder(tmp_path):
    # Servers that do not run as root need access to their files, in pytest's folders and in those of its workers.
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if os.access(parent, os.W_OK) and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    return tmp_path


@pytest.fixture
def rds(folder):
    rds = Rds(folder)
    yield rds
    rds.databases.stop()


def test_connections_are_encrypted_and_the_certificate_can_be_verified(rds):
    rds.databases.create(INSTANCE).result(60)
    assert rds.states == [("web", "creating"), ("web", "available")]
    ((_, cipher),) = rds.rows("SHOW STATUS LIKE 'Ssl_cipher'")
    assert cipher
    with pytest.raises(pymysql.OperationalError, match="Access denied"):  # MariaDB's answer, not MySQL's
        rds.connect(ssl=None, ssl_disabled=True)
    other = Authority(rds.folder / "other").certificate_path
    with pytest.raises(pymysql.OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        rds.connect(ssl={"ca": str(other), "check_hostname": True})
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        rds.connect(password="wrong")
    assert rds.databases.statuses()["web"].note == f"MariaDB {VERSION} serves it here in place of MySQL 8.4."


def test_the_parameter_group_applies_as_far_as_mariadb_has_its_parameters(rds):
    rds.databases.create(INSTANCE).result(60)
    assert rds.rows("SELECT @@long_query_time, @@character_set_server") == [(1.5, "utf8mb4")]
    assert "utf8mb4_unicode_ci" in rds.rows("SHOW CREATE DATABASE app")[0][1]


def test_no_socket_no_root_and_no_anonymous_account_is_exposed(rds):
    rds.databases.create(INSTANCE).result(60)
    assert rds.rows("SELECT @@socket, @@bind_address") == [("", "127.0.0.1")]
    accounts = {user for (user,) in rds.rows("SELECT User FROM mysql.global_priv")}
    assert accounts == {"master", "rdsadmin", "mariadb.sys"}
    for user in ("root", "", "rdsadmin"):
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            rds.connect(user=user, password="", database=None)
    for file in ("rdsadmin", "init.sql", "server.key", "my.cnf"):
        assert (rds.folder / "rds/instances/web" / file).stat().st_mode & 0o077 == 0


def test_the_master_user_can_create_accounts_and_databases_but_is_no_superuser(rds):
    rds.databases.create(INSTANCE).result(60)
    with rds.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER other IDENTIFIED BY 'other'")
        cursor.execute("CREATE DATABASE other")
        cursor.execute("GRANT ALL ON other.* TO other")
        with pytest.raises(pymysql.err.OperationalError, match="SUPER"):
            cursor.execute("SET GLOBAL max_connections = 5")
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            cursor.execute("SELECT 1 INTO OUTFILE '/tmp/out'")
    assert rds.rows("SELECT 1", user="other", password="other", database="other") == [(1,)]


def test_a_new_password_does_not_close_connections(rds):
    rds.databases.create(INSTANCE).result(60)
    with rds.connect() as before, before.cursor() as cursor:
        parameters = {**PARAMETERS, "require_secure_transport": "0", "long_query_time": "2.5"}
        rds.databases.modify(replace(INSTANCE, password="second", parameters=parameters)).result(60)
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == ((1,),)
    assert ("web", "modifying") in rds.states
    with pytest.raises(pymysql.OperationalError, match="Access denied"):
        rds.connect()
    plain = {"password": "second", "ssl": None, "ssl_disabled": True}
    assert rds.rows("SELECT @@long_query_time", **plain) == [(2.5,)]
    for log in ("mariadb.log", "slow.log"):
        file = rds.folder / "rds/instances/web" / log
        assert not file.exists() or "second" not in file.read_text()


def stored_rows(rds):
    """The rows, or nothing while the database does not accept connections."""
    with suppress(pymysql.OperationalError):
        return rds.rows("SELECT n FROM stored")


def test_data_survives_a_reboot_a_stop_and_a_kill_with_a_restart(rds):
    rds.databases.create(INSTANCE).result(60)
    rds.rows("CREATE TABLE stored (n int)")
    rds.rows("INSERT INTO stored VALUES (1)")
    port = rds.databases.statuses()["web"].port
    rds.databases.reboot("web").result(60)
    os.kill(int((rds.folder / "rds/instances/web/data/mariadbd.pid").read_text()), signal.SIGKILL)
    assert until(lambda: stored_rows(rds)) == [(1,)]
    rds.databases.stop()
    rds.databases.start()
    until(lambda: rds.databases.statuses()["web"].state == "available")
    assert rds.rows("SELECT n FROM stored") == [(1,)]
    assert rds.databases.statuses()["web"].port == port


def test_a_snapshot_of_a_busy_server_is_consistent_and_restores_accounts_code_and_data(rds):
    rds.databases.create(INSTANCE).result(60)
    rds.rows("CREATE TABLE pairs (id int AUTO_INCREMENT PRIMARY KEY, word varchar(20), data blob)")
    rds.rows("CREATE VIEW words AS SELECT word FROM pairs")
    rds.rows("CREATE PROCEDURE counted() SELECT count(*) FROM pairs")
    rds.rows("CREATE USER reader IDENTIFIED BY 'reads'")
    rds.rows("GRANT SELECT ON app.* TO reader")
    ended = threading.Event()

    def write():
        with rds.connect() as connection, connection.cursor() as cursor:
            while not ended.is_set():
                cursor.execute("INSERT INTO pairs (word, data) VALUES ('größe', x'00ff'), ('größe', x'00ff')")

    writer = threading.Thread(target=write)
    writer.start()
    rds.databases.snapshot("web", "busy").result(60)
    ended.set()
    writer.join()
    assert rds.databases.snapshots() == ["busy"]
    restored = replace(INSTANCE, identifier="new", password="third")
    rds.databases.restore(restored, "busy").result(60)
    options = {"identifier": "new", "password": "third"}
    ((count,),) = rds.rows("SELECT count(*) FROM pairs", **options)
    assert count % 2 == 0
    assert rds.rows("CALL counted()", **options) == [(count,)]
    assert rds.rows("SELECT DISTINCT word FROM words", **options) in ([], [("größe",)])
    reader = {"identifier": "new", "user": "reader", "password": "reads"}
    assert rds.rows("SELECT count(*) FROM pairs", **reader) == [(count,)]
    with pytest.raises(ValueError, match=r"The snapshot busy is of mysql, so no postgres database can have its data\."):
        rds.databases.restore(replace(restored, identifier="other", engine="postgres"), "busy").result(60)


def restarted_with_data_of(rds, version):
    """Stop the databases, and start them again with data that another version of MariaDB has written."""
    rds.databases.stop()
    file = rds.folder / "rds/instances/web/instance.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "data_major": version}))
    rds.databases.start()
    until(lambda: rds.databases.statuses()["web"].state in ("available", "failed"))
    return rds.databases.statuses()["web"]


def test_data_of_an_older_version_is_upgraded_and_that_of_a_newer_one_is_left_alone(rds):
    rds.databases.create(INSTANCE).result(60)
    rds.rows("CREATE TABLE stored (n int)")
    assert restarted_with_data_of(rds, "10.6").state == "available"
    assert json.loads((rds.folder / "rds/instances/web/instance.json").read_text())["data_major"] == VERSION
    assert rds.rows("SELECT n FROM stored") == []
    status = restarted_with_data_of(rds, "99.1")
    assert (status.state, status.note) == (
        "failed",
        f"The data is of MariaDB 99.1, and this machine has MariaDB {VERSION}; install 99.1 again. "
        "The data was not changed.",
    )


def test_a_deleted_instance_leaves_its_final_snapshot_alone(rds):
    rds.databases.create(replace(INSTANCE, engine="mariadb", engine_version=VERSION)).result(60)
    assert rds.databases.statuses()["web"].note is None
    rds.databases.delete("web", "final").result(60)
    assert not (rds.folder / "rds/instances/web").exists()
    assert rds.databases.snapshots() == ["final"]


def test_a_machine_without_mariadb_gets_the_command_that_installs_it(rds, monkeypatch):
    monkeypatch.setattr(binaries.shutil, "which", lambda *_, **__: None)
    with pytest.raises(NoMariadbError) as error:
        rds.databases.create(INSTANCE).result(60)
    assert str(error.value) == (
        "MariaDB is not installed on this machine. Install it, for example with `apt-get install mariadb-server` or "
        "`brew install mariadb`."
    )
    status = rds.databases.statuses()["web"]
    assert (status.state, status.note) == ("failed", str(error.value))


def test_an_engine_that_the_local_aws_lacks_is_named(rds):
    with pytest.raises(
        ValueError,
        match=r"The local AWS runs postgres, aurora-postgresql, .+, sqlserver-ee, and not oracle-ee\.",
    ):
        rds.databases.create(replace(INSTANCE, engine="oracle-ee")).result(60)
