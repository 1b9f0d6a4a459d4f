"""Tests of ElastiCache replication groups that are real servers on this machine."""

import os
import signal
import socket
from contextlib import suppress

import psutil
import pytest
from flask_on_aws_cli.cache_server import server as cache_server
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_aws.elasticache.part import Caches
from flask_on_aws_cli.local_aws.faults import Faults
from flask_on_aws_cli.shared.certificate_authority import Authority
from moto.moto_api._internal import moto_api_backend

from tests.valkey import ask, requires_server
from tests.waiting import until

from .conftest import client

pytestmark = requires_server
TOKEN, NEXT, LAST = "first-token-of-the-cache", "second-token-of-the-cache", "third-token-of-the-cache"


class Local:
    """The API and the caches of a local AWS in this process."""

    def __init__(self, location):
        self.location, self.faults = location, Faults(location.folder)
        self.authority = Authority(location.folder / "ca")
        self.endpoint = Endpoint(location, faults=self.faults)
        self.endpoint.start()
        self.api = client(location, "elasticache")
        self.start()

    def start(self):
        folder = self.location.folder / "elasticache"
        self.caches = Caches(folder, self.authority, self.endpoint.records, self.faults)
        self.caches.start()

    def create(self, policy="noeviction"):
        self.api.create_cache_parameter_group(
            CacheParameterGroupName="group", CacheParameterGroupFamily="valkey8", Description="Parameters"
        )
        self.set_policy(policy)
        self.api.create_replication_group(
            ReplicationGroupId="cache",
            ReplicationGroupDescription="A cache",
            Engine="valkey",
            CacheParameterGroupName="group",
            TransitEncryptionEnabled=True,
            AuthToken=TOKEN,
            SecurityGroupIds=["sg-1"],
            Port=6379,
        )
        return self.available()

    def set_policy(self, policy):
        pair = {"ParameterName": "maxmemory-policy", "ParameterValue": policy}
        self.api.modify_cache_parameter_group(CacheParameterGroupName="group", ParameterNameValues=[pair])

    def group(self):
        return self.api.describe_replication_groups(ReplicationGroupId="cache")["ReplicationGroups"][0]

    def available(self):
        until(lambda: self.group()["Status"] == "available", state=self.faults.current)
        endpoint = self.group()["NodeGroups"][0]["PrimaryEndpoint"]
        assert endpoint["Address"] == "localhost"
        return endpoint["Port"]

    def ask(self, *commands, token=TOKEN):
        port = self.group()["NodeGroups"][0]["PrimaryEndpoint"]["Port"]
        return ask(self.authority.certificate_path, port, token, *commands)

    def answers(self, *commands, token=TOKEN):
        """The answers, or none while the server starts again."""
        try:
            return self.ask(*commands, token=token)
        except OSError:
            return []

    def pid(self):
        return int((self.location.folder / "elasticache" / "cache" / "server.pid").read_text())

    def stop(self):
        self.caches.stop()
        self.endpoint.stop()
        moto_api_backend.reset()


@pytest.fixture
def local(location):
    local = Local(location)
    yield local
    local.stop()


def test_a_replication_group_is_a_server_with_tls_its_token_and_its_eviction_policy(local):
    port = local.create()
    assert local.ask("SET job 1", "GET job", "CONFIG GET maxmemory-policy") == [
        "+OK",
        "1",
        "maxmemory-policy noeviction",
    ]
    assert local.ask("GET job", token="")[0].startswith("-NOAUTH")
    assert local.ask("GET job", token=NEXT)[0].startswith("-WRONGPASS")
    with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, suppress(ConnectionError):
        plain.sendall(b"PING\r\n")
        assert b"PONG" not in plain.recv(64)


def test_only_this_machine_can_connect_and_the_token_is_not_on_the_disk(local):
    local.create()
    (address,) = {c.laddr.ip for c in psutil.Process(local.pid()).net_connections() if c.status == "LISTEN"}
    assert address == "127.0.0.1"
    folder = local.location.folder / "elasticache" / "cache"
    for file in folder.iterdir():
        assert TOKEN.encode() not in file.read_bytes(), file
        assert file.stat().st_mode & 0o077 == 0 or file.suffix in (".log", ".pid", ".rdb"), file


def test_security_groups_of_a_cache_are_checked_for_the_port_that_it_has_on_aws(local):
    port = local.create()
    (address,) = local.endpoint.records.database_addresses()
    assert (address.kind, address.host, address.port, address.group_port) == ("cache", "localhost", port, 6379)
    assert list(address.groups) == ["sg-1"]


def test_after_a_rotation_both_tokens_are_valid_until_the_next_one(local):
    local.create()
    local.ask("SET job 1")
    for token, valid, invalid in ((NEXT, (TOKEN, NEXT), ()), (LAST, (NEXT, LAST), (TOKEN,))):
        local.api.modify_replication_group(
            ReplicationGroupId="cache", AuthToken=token, AuthTokenUpdateStrategy="ROTATE", ApplyImmediately=True
        )
        until(lambda token=token: local.answers("GET job", token=token) == ["1"])
        for each in valid:
            assert local.ask("GET job", token=each) == ["1"]
        for each in invalid:
            assert local.ask("GET job", token=each)[0].startswith("-WRONGPASS")


def test_another_eviction_policy_takes_effect_and_nothing_is_lost(local):
    local.create("allkeys-lru")
    local.ask("SET job 1")
    local.set_policy("noeviction")
    until(lambda: local.answers("CONFIG GET maxmemory-policy", "GET job") == ["maxmemory-policy noeviction", "1"])


def test_a_killed_server_is_started_again_on_its_port(local):
    port = local.create()
    os.kill(local.pid(), signal.SIGKILL)
    until(lambda: local.answers("PING") == ["+PONG"])
    assert local.available() == port


def test_the_next_daemon_has_the_data_and_the_port_even_if_the_server_was_left_running(local):
    port = local.create()
    local.ask("SET job 1", "SAVE")
    left, local.caches._servers = local.pid(), {}  # as after a kill: the server runs on, and nobody knows it
    local.caches.stop()
    assert psutil.pid_exists(left)
    local.start()
    until(lambda: not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE)
    until(lambda: local.answers("GET job") == ["1"])
    assert local.available() == port


def test_a_deleted_replication_group_s_server_and_data_are_deleted(local):
    local.create()
    pid = local.pid()
    local.api.delete_replication_group(ReplicationGroupId="cache")
    until(lambda: not (local.location.folder / "elasticache" / "cache").exists())
    assert not psutil.pid_exists(pid)


def test_without_a_server_on_the_machine_the_stack_goes_up_and_a_sentence_says_what_is_missing(local, monkeypatch):
    monkeypatch.setattr(cache_server, "_PROGRAMS", ("no-such-server",))
    port = local.create()
    (fault,) = until(local.faults.current)
    assert "neither Valkey nor Redis is installed" in fault.error
    assert "apt-get install" in fault.error
    monkeypatch.undo()
    until(lambda: local.answers("PING") == ["+PONG"])
    assert local.available() == port  # the app's secret has it


def test_a_server_that_does_not_start_is_reported_with_its_log(local, monkeypatch, tmp_path):
    broken = tmp_path / "bin" / "valkey-server"
    broken.parent.mkdir()
    broken.write_text("#!/bin/sh\necho 'tls-port: Bad directive'\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    local.api.create_replication_group(
        ReplicationGroupId="cache", ReplicationGroupDescription="A cache", Engine="valkey", AuthToken=TOKEN
    )
    until(lambda: local.group()["Status"] == "create-failed")
    assert any("tls-port: Bad directive" in fault.error for fault in local.faults.current())
