"""A stack with SQL Server on the local AWS, with Microsoft's image where the engine has it, and without it."""

from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.rds import Databases, Instance
from flask_on_aws_cli.shared.certificate_authority import Authority
from flask_on_aws_cli.sqlserver_server.image import NoSqlServerError, check_image, reference

from tests.waiting import until

from .project import Local

INSTANCE = Instance("shop-db", "16.00", "admin", "first-pass'word", None, {"rds.force_ssl": "1"}, "sqlserver-ex")
APP = """
import os
from flask import Flask
app = Flask(__name__)

@app.get("/up")
def up():
    return ""

@app.get("/")
def front():
    return os.environ["DATABASE_URL"].partition("://")[0] + " " + os.environ["FREETDSCONF"]
"""
# A command of `docker` for machines without an engine, and without the image.
NO_IMAGE = """#!/bin/sh
case "$1" in version) echo amd64;; *) exit 1;; esac
"""


def lacks_image() -> str:
    """Why SQL Server does not run here; empty if it does."""
    try:
        check_image("16.00")
    except NoSqlServerError as error:
        return str(error)
    return ""


@pytest.fixture
def no_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Docker engine without the image."""
    program = tmp_path / "programs" / "docker"
    program.parent.mkdir()
    program.write_text(NO_IMAGE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")


def test_an_instance_without_the_image_is_an_address_at_which_nothing_listens(no_image: None, tmp_path: Path) -> None:
    databases = Databases(tmp_path / "rds", tmp_path / "cache", Authority(tmp_path / "ca"))
    databases.start()
    try:
        databases.create(INSTANCE).result()
        status = databases.statuses()["shop-db"]
        assert (status.state, status.host) == ("available", "localhost")
        assert status.note == (
            "SQL Server does not run here, because the Docker engine lacks its image; accept its license and pull it: "
            f"docker pull {reference('16.00')}"
        )
        databases.stop()
        databases.start()
        until(lambda: databases.statuses()["shop-db"].state == "available")
        assert databases.statuses()["shop-db"].port == status.port
        databases.delete("shop-db").result()
    finally:
        databases.stop()


@pytest.mark.skipif(lacks_image() != "", reason=lacks_image() or "the image is there")
def test_an_instance_is_a_server_whose_data_survives_restarts_and_snapshots(tmp_path: Path) -> None:
    databases = Databases(tmp_path / "rds", tmp_path / "cache", Authority(tmp_path / "ca"))
    databases.start()
    try:
        databases.create(INSTANCE).result()
        port = databases.statuses()["shop-db"].port
        databases.snapshot("shop-db", "before").result()
        databases.reboot("shop-db").result()
        assert databases.statuses()["shop-db"].port == port
        databases.delete("shop-db").result()
        databases.restore(INSTANCE, "before").result()
        assert databases.statuses()["shop-db"].state == "available"
    finally:
        for identifier in list(databases.statuses()):
            databases.delete(identifier).result()
        databases.stop()


def test_a_stack_runs_where_sql_server_does_not(local: Local) -> None:
    if not lacks_image():
        pytest.skip("the engine has the image")
    app = local.folder / "shop"
    app.mkdir()
    (app / "app.py").write_text(APP)
    (app / "requirements.txt").write_text("flask\ngunicorn\npymssql\n")
    (app / "Procfile").write_text("web: gunicorn app:app\n")
    local.configure(app="shop", database="sqlserver")
    output = local.up("--runtime", "process")
    assert "SQL Server does not run here" in output
    status, page = local.get("/")
    assert (status, page.split()[0]) == (200, "mssql+pymssql")
    configuration = Path(page.split()[1])
    assert f"ca file = {configuration.with_name('rds-ca-bundle.pem')}" in configuration.read_text()
    assert "No SQL Server runs on this machine" in local.run("logs")
    ca = configuration.with_name("rds-ca-bundle.pem").read_text()
    assert ca.strip() == local.local_aws.location.certificate.read_text().strip()
