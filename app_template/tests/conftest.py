"""Starts PostgreSQL and an S3 API for the tests."""

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


def _postgres_bin_folder() -> Path | None:
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("pg_ctl")
    pg_ctl = versions[-1] if versions else on_path and Path(on_path).resolve()
    return pg_ctl.parent if pg_ctl else None


def free_port() -> int:
    """A free port below the ephemeral ports, so that no outgoing connection gets it while a server restarts."""
    while True:
        port = random.randint(10_000, 32_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


class Postgres:
    """A server in a temporary folder, with a Unix socket there and a port on the loopback address."""

    def __init__(self, bin_folder: Path, home: Path) -> None:
        self._bin_folder, self.home, self.port = bin_folder, home, free_port()
        self._run("initdb", "--auth=trust", "--username=board", "--encoding=UTF8", "--no-sync", str(home / "data"))
        rules = home / "data" / "pg_hba.conf"
        rules.write_text(f"local all rotated scram-sha-256\n{rules.read_text()}")  # only this user needs a password

    def _run(self, command: str, *arguments: str) -> None:
        # PostgreSQL refuses to run as root.
        user = "nobody" if os.geteuid() == 0 else None
        subprocess.run(
            [self._bin_folder / command, *arguments], user=user, cwd=self.home, check=True, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        options = f"-k {self.home} -c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off"
        self._run("pg_ctl", "-D", f"{self.home}/data", "-o", options, "-l", f"{self.home}/log", "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "-w", "stop")

    def is_running(self) -> bool:
        return (self.home / "data" / "postmaster.pid").exists()

    def url(self, name: str) -> str:
        return f"postgresql://board@/{name}?host={self.home}&port={self.port}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    bin_folder = _postgres_bin_folder()
    if bin_folder is None:
        pytest.skip("there is no PostgreSQL server: neither in /usr/lib/postgresql nor pg_ctl on the PATH")
    # Not pytest's folder: a socket's path may have 107 characters at most, and the user `nobody` must have access.
    home = Path(tempfile.mkdtemp(prefix="board-"))
    if os.geteuid() == 0:
        shutil.chown(home, "nobody")
    server = Postgres(bin_folder, home)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(home)


_database_names = (f"board_{number}" for number in count())
_bucket_names = (f"board-media-{number}" for number in count())


@pytest.fixture
def empty_database(postgres: Postgres) -> str:
    name = next(_database_names)
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
        defaults = {"APP_ENV": "Production", "SECRET_KEY": KEY, "DATABASE_URL": database_url}
        return create_app(Settings.from_environment(defaults | environment))

    return make


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """S3 and Secrets Manager on this machine, as AWS_ENDPOINT_URL."""
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
    """The name of a new bucket."""
    name = next(_bucket_names)  # a new one for each test: moto keeps buckets when its server stops
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name
