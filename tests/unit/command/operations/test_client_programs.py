"""Tests of the command lines of databases' and caches' client programs."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from flask_on_aws_cli.operations.errors import OperationError
from flask_on_aws_cli.operations.sessions.client_programs import check_client, client_of, client_program

MYSQL = {
    "MYSQL_HOST": "db.example",
    "MYSQL_PORT": "3306",
    "MYSQL_USER": "app",
    "MYSQL_PASSWORD": 'p"w',
    "MYSQL_DATABASE": "app",
    "MYSQL_SSL_CA": "/ca.pem",
}
REDIS = {"REDIS_HOST": "cache.example", "REDIS_PORT": "6379", "REDIS_PASSWORD": "token"}
MONGO = {"MONGODB_HOST": "db.example", "MONGODB_URI": "mongodb://app:pw@db.example/app"}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Puts a program that prints a version on an otherwise empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))

    def add(name: str, version: str) -> None:
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho '{version}'\n")
        program.chmod(0o755)

    return add


@pytest.mark.parametrize(
    ("program", "version", "host", "verified"),
    [
        ("mariadb", "mariadb from 11.8.3-MariaDB", "db.example", "ssl-verify-server-cert"),
        ("mariadb", "mariadb from 11.8.3-MariaDB", "127.0.0.1", "disable-ssl-verify-server-cert"),
        ("mysql", "mysql  Ver 8.4.6", "db.example", "ssl-mode=VERIFY_IDENTITY"),
        ("mysql", "mysql  Ver 8.4.6", "127.0.0.1", "ssl-mode=VERIFY_CA"),
    ],
)
def test_mysqls_clients_verify_what_they_can(install, program: str, version: str, host: str, verified: str) -> None:
    install(program, version)
    with client_program("mysql", MYSQL | {"MYSQL_HOST": host}, ["-e", "SELECT 1"]) as (command, environment):
        path, options, database, *others = command
        assert (Path(path).name, database, others) == (program, "--database=app", ["-e", "SELECT 1"])
        lines = Path(options.partition("=")[2]).read_text().splitlines()
        assert lines[-1] == verified
        assert f'host="{host}"' in lines
        assert 'p"w' not in " ".join(command)
        assert environment == os.environ


def test_the_cache_s_client_gets_its_token_by_the_environment(install) -> None:
    install("redis-cli", "redis-cli 7.0.15")
    with client_program("redis-cli", REDIS | {"SSL_CERT_FILE": "/roots.pem"}, ["INFO"]) as (command, environment):
        address = ["-h", "cache.example", "-p", "6379", "--tls", "--cacert", "/roots.pem", "INFO"]
        assert [Path(command[0]).name, *command[1:]] == ["redis-cli", *address]
        assert environment["REDISCLI_AUTH"] == "token"


def test_mongosh_gets_the_url_by_the_environment(install) -> None:
    install("mongosh", "2.5.0")
    with client_program("mongosh", MONGO, ["--quiet"]) as (command, environment):
        assert "pw" not in " ".join(command)
        assert command[-1] == "--quiet"
        assert environment["MONGODB_URI"] == MONGO["MONGODB_URI"]


@pytest.mark.parametrize(("name", "environment"), [("mongosh", MONGO), ("redis-cli", REDIS)])
def test_a_client_that_is_not_installed(install, name: str, environment: dict[str, str]) -> None:
    with pytest.raises(OperationError, match=f"^{name} is not installed; see https://.*, or open a tunnel"):
        client_program(name, environment, []).__enter__()


@pytest.mark.parametrize(
    ("name", "environment", "message"),
    [
        ("psql", {}, "The app has no database: its setting `database` is none."),
        ("redis-cli", {"PGHOST": "h"}, "The app has no cache: its setting `cache` is none."),
        ("psql", MYSQL, "The app's database is not one of psql; open it with: run mysql"),
        ("mysql", {"PGHOST": "h"}, "The app's database is not one of mysql; open it with: run psql"),
        ("psql", MONGO, "The app's database is not one of psql; open it with: run mongosh"),
        (
            "psql",
            {"MSSQL_HOST": "h"},
            "The app's database is SQL Server; open it with sqlcmd and the MSSQL_* variables that run env prints.",
        ),
    ],
)
def test_the_client_of_another_database(name: str, environment: dict[str, str], message: str) -> None:
    with pytest.raises(OperationError) as raised:
        check_client(name, environment, lambda command: f"run {command}")
    assert str(raised.value) == message


def test_the_client_of_an_app() -> None:
    assert [client_of(environment) for environment in ({}, {"PGHOST": "h"}, MYSQL, MONGO, REDIS)] == [
        None,
        "psql",
        "mysql",
        "mongosh",
        None,
    ]
