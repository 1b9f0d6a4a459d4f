"""The URL of each MySQL driver, with the driver itself and a real server: TLS is verified, or the connection fails."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from flask_on_aws.runtime_contract.contract import DatabaseFacts, database_url
from flask_on_aws_cli.mariadb_server.accounts import admin_connection, create_missing_accounts, set_password
from flask_on_aws_cli.mariadb_server.binaries import NoMariadbError, find
from flask_on_aws_cli.mariadb_server.server import Server
from flask_on_aws_cli.shared.certificate_authority import Authority
from uv import find_uv_bin

PASSWORD = "p-_.~w"
# By the scheme: the distribution of its driver, and the program without which it cannot be compiled.
DRIVERS = {
    "mysql": ("mysqlclient", "mariadb_config"),
    "mariadb": ("mysqlclient", "mariadb_config"),
    "mysql+mysqldb": ("mysqlclient", "mariadb_config"),
    "mysql+pymysql": ("pymysql", ""),
    "mariadb+pymysql": ("pymysql", ""),
    "mysql+mysqlconnector": ("mysql-connector-python", ""),
    "mariadb+mariadbconnector": ("mariadb", "mariadb_config"),
    "mysql+asyncmy": ("asyncmy", ""),
}
CONNECT = """
import asyncio, os, sys
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

url, query = os.environ["DATABASE_URL"], text("SHOW STATUS LIKE 'Ssl_cipher'")

async def connect():
    async with create_async_engine(url).connect() as connection:
        return (await connection.execute(query)).one()

def row():
    if "+asyncmy" in url:
        return asyncio.run(connect())
    with create_engine(url).connect() as connection:
        return connection.execute(query).one()

try:
    print("cipher", row()[1])
except Exception as error:
    print("error", error)
"""


class Running(NamedTuple):
    port: int
    ca: Path
    other_ca: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server that only accepts connections with TLS."""
    try:
        binaries = find()
    except NoMariadbError as error:
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("mysql")
    for parent in (folder, *folder.parents[:3]):  # the server does not run as root
        if os.access(parent, os.W_OK) and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    server = Server(folder / "server", binaries, Authority(folder / "ca"))
    server.create()
    server.configure({}, forces_tls=True)
    server.start(0)
    try:
        with admin_connection(server.port, server.admin_password, server.ca) as connection:
            create_missing_accounts(connection, "app", "app")
            set_password(connection, "app", PASSWORD)
        yield Running(server.port, server.ca, Authority(folder / "other").certificate_path)
    finally:
        server.stop()


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with SQLAlchemy and the drivers that can be installed here."""
    folder = tmp_path_factory.mktemp("drivers")
    packages = {package for package, program in DRIVERS.values() if not program or shutil.which(program)}
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    interpreter = str(folder / "venv" / "bin" / "python")
    install = [uv, "pip", "install", "--quiet", "--python", interpreter, "sqlalchemy[asyncio]>=2.0,<3"]
    subprocess.run([*install, *sorted(packages)], check=True)
    return interpreter


def connected(python: str, scheme: str, host: str, port: int, ca: Path) -> str:
    """What the driver reports of a connection with the app's URL: its cipher, or its error."""
    facts = DatabaseFacts(host, port, "app", "app", scheme, ca_path=str(ca), engine="mysql")
    environment = {**os.environ, "DATABASE_URL": database_url(facts, PASSWORD)}
    result = subprocess.run([python, "-c", CONNECT], env=environment, capture_output=True, text=True, check=True)
    return result.stdout


@pytest.mark.parametrize("scheme", DRIVERS)
def test_the_url_verifies_the_servers_certificate_and_its_host(server: Running, python: str, scheme: str) -> None:
    program = DRIVERS[scheme][1]
    if program and not shutil.which(program):
        pytest.skip(f"{DRIVERS[scheme][0]} cannot be compiled without {program}")
    assert connected(python, scheme, "127.0.0.1", server.port, server.ca).startswith("cipher TLS_")
    # Signed by another authority; issued for another name, which resolves to the same address.
    assert connected(python, scheme, "127.0.0.1", server.port, server.other_ca).startswith("error")
    assert connected(python, scheme, "127.1", server.port, server.ca).startswith("error")
