"""Test of the board while the password of the database is changed, as `pulumi up` and operators do."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import psycopg
import pytest

from tests.emulator import emulated_aws

from .processes import App, Clients, Postgres

_WORKERS, _THREADS = 2, 4
_RECOVERY_SECONDS = 3.0
_REGION = "eu-west-1"
_ROLE = "rotated"


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment variables with which a task uses an emulated AWS."""
    with emulated_aws(tmp_path / "emulator.log") as endpoint:
        keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
        yield {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": _REGION, **keys}


def _secret_content(password: str) -> str:
    return json.dumps({"username": _ROLE, "password": password})


def test_a_new_password_only_fails_writes_that_are_in_progress(
    app: App, postgres: Postgres, aws: dict[str, str]
) -> None:
    client = boto3.client(
        "secretsmanager",
        region_name=_REGION,
        endpoint_url=aws["AWS_ENDPOINT_URL"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    arn = client.create_secret(Name="app-db-login", SecretString=_secret_content("first"))["ARN"]
    postgres.require_password(_ROLE)
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as admin:
        admin.execute(f"create role {_ROLE} superuser login password 'first'")
        url = app.database_url.replace("board@", f"{_ROLE}:first@")
        environment = {"WEB_CONCURRENCY": str(_WORKERS), "GRANIAN_BLOCKING_THREADS": str(_THREADS), **aws}
        with app.serving(**environment, DATABASE_URL=url, DATABASE_SECRET_ARN=arn) as instance:
            for password in ("second", "third"):
                with Clients(instance.port, _WORKERS * _THREADS, one_post_in=3) as clients:
                    time.sleep(1.5)
                    # The secret changes first, so that it has the new password when the database rejects the old one.
                    client.put_secret_value(SecretId=arn, SecretString=_secret_content(password))
                    admin.execute(f"alter role {_ROLE} password '{password}'")
                    terminated = admin.execute(
                        "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s", [_ROLE]
                    )
                    assert (terminated.fetchone() or [0])[0] > 0
                    changed = time.monotonic()
                    time.sleep(_RECOVERY_SECONDS + 2)
                failures = clients.failures()
                print(f"{clients.total} requests, {failures}, slowest {clients.slowest:.1f} s")
                assert set(failures) <= {("POST", "503")}, failures
                assert sum(failures.values()) <= _WORKERS * _THREADS, failures
                assert clients.last_failure < changed + _RECOVERY_SECONDS
    assert '"database: trying the password AWSCURRENT of the secret"' in app.log()
