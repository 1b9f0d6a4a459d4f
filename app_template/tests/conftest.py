"""A real PostgreSQL and an S3 API, started for the tests."""

import contextlib
import os
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import boto3
import flask_migrate
import psycopg
import pytest
from board import create_app
from board.settings import Settings
from flask import Flask

KEY = "k8Zq1vT0uW5xY2aB7cD4eF9gH6iJ3lMnOpQrStUv"
REGION = "eu-west-1"


def _postgres_commands() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    found = shutil.which("pg_ctl")
    command = versions[-1] if versions else found and Path(found).resolve()
    return command.parent if command else None


def free_port() -> int:
    """Below those that outgoing connections get: nobody takes it while a server restarts."""
    while True:
        port = random.randint(10_000, 32_000)
        with socket.socket() as chosen, contextlib.suppress(OSError):
            chosen.bind(("127.0.0.1", port))
            return port


class Postgres:
    """A server of its own in a scratch folder, reached through a socket there or a port of the loopback."""

    def __init__(self, commands: Path, home: Path) -> None:
        self._commands, self.home, self.port = commands, home, free_port()
        self._run("initdb", "--auth=trust", "--username=board", "--encoding=UTF8", "--no-sync", str(home / "data"))
        rules = home / "data" / "pg_hba.conf"
        rules.write_text(f"local all rotated scram-sha-256\n{rules.read_text()}")  # the one who needs a password

    def _run(self, command: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        subprocess.run(
            [self._commands / command, *arguments], user=user, cwd=self.home, check=True, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        options = f"-k {self.home} -c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off"
        self._run("pg_ctl", "-D", f"{self.home}/data", "-o", options, "-l", f"{self.home}/log", "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "-w", "stop")

    def running(self) -> bool:
        return (self.home / "data" / "postmaster.pid").exists()

    def url(self, name: str) -> str:
        return f"postgresql://board@/{name}?host={self.home}&port={self.port}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    commands = _postgres_commands()
    if commands is None:
        pytest.skip("there is no PostgreSQL server: neither in /usr/lib/postgresql nor pg_ctl on the PATH")
    # Not pytest's folder: a socket's path may have 107 characters, and other users must be able to enter.
    home = Path(tempfile.mkdtemp(prefix="board-"))
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
    server = Postgres(commands, home)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


_names = (f"board_{number}" for number in count())
_buckets = count()


@pytest.fixture
def empty_database(postgres: Postgres) -> str:
    name = next(_names)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return postgres.url(name)


@pytest.fixture
def database_url(empty_database: str) -> str:
    app = create_app(Settings.from_environment({"SECRET_KEY": KEY, "DATABASE_URL": empty_database}))
    with app.app_context():
        flask_migrate.upgrade()
    return empty_database


@pytest.fixture
def make_app(database_url: str) -> Callable[..., Flask]:
    def make(**environment: str) -> Flask:
        given = {"APP_ENV": "Production", "SECRET_KEY": KEY, "DATABASE_URL": database_url}
        return create_app(Settings.from_environment(given | environment))

    return make


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """S3 and Secrets Manager on this machine, with AWS_ENDPOINT_URL pointing there."""
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    yield
    server.stop()


@pytest.fixture
def bucket(aws: None) -> str:
    """A bucket there."""
    name = f"board-media-{next(_buckets)}"  # its state outlives the server that answers for it
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name
