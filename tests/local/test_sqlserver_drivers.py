"""SQL Server's drivers, with their own TLS and parsers: the app's URL and the setup of its database.

No SQL Server runs here, so a server of its protocol (`tds_server`) takes its place. It executes no SQL.
"""

import os
import platform
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from flask_on_aws.logical_database import sqlserver_setup
from flask_on_aws.runtime_contract.contract import DatabaseFacts, database_url
from flask_on_aws.runtime_contract.sqlserver_trust import freetds_configuration
from flask_on_aws_cli.preflight.probes import driver
from flask_on_aws_cli.shared.certificate_authority import Authority
from uv import find_uv_bin

from .tds_server import Recorded, tds_server

PASSWORD = "p-_.~w"
# By the scheme: its driver and its dialect of SQLAlchemy, which has those of pymssql and mssql-python itself.
DRIVERS = {
    "mssql+pymssql": ["pymssql"],
    "mssql+mssqlpython": ["mssql-python"],
    "mssql+pyodbc": ["pyodbc", "mssql-python"],  # which contains Microsoft's ODBC driver
    "mssql+pytds": ["sqlalchemy-pytds", "python-tds", "pyOpenSSL"],
}
# The drivers that the server here satisfies.
COMPLETE = [scheme for scheme in DRIVERS if scheme != "mssql+pyodbc"]
# What slim images lack, too: Microsoft's ODBC driver loads the first, pyodbc the second.
LIBRARIES = {"mssql+mssqlpython": ["ltdl"], "mssql+pyodbc": ["ltdl", "odbc"]}
MODULES = {"mssql+mssqlpython": "mssql_python"}
# pytds takes TLS from code alone, see docs/databases.md. Once connected, a dialect may ask for more than the server
# can answer; the login has arrived by then.
CONNECT = """
import os
from sqlalchemy import create_engine
url = os.environ["DATABASE_URL"].replace("ODBC+Driver+18+for+SQL+Server", os.environ["ODBC_DRIVER"])
arguments = {"cafile": os.environ["MSSQL_SSL_CA"]} if "+pytds" in url else {}
try:
    create_engine(url, connect_args=arguments).raw_connection()
except Exception as error:
    print(error)
"""


class Running(NamedTuple):
    port: int
    recorded: Recorded
    ca: Path
    other_ca: Path


@pytest.fixture(autouse=True)
def requirements(request: pytest.FixtureRequest) -> None:
    """Skip the tests of a driver whose libraries the system lacks."""
    scheme = request.node.callspec.params.get("scheme") if hasattr(request.node, "callspec") else None
    missing = [name for name in LIBRARIES.get(scheme, ()) if find_library(name) is None]
    if missing:
        pytest.skip(f"the driver of {scheme} needs the libraries {', '.join(missing)}, which this machine lacks")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server with a certificate for `localhost`."""
    authority = Authority(tmp_path / "ca")
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    for file, content in zip((certificate, key), authority.issue(["localhost"]), strict=True):
        file.write_bytes(content)
    with tds_server(certificate, key) as (port, recorded):
        yield Running(port, recorded, authority.certificate_path, Authority(tmp_path / "other").certificate_path)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python with SQLAlchemy and all drivers."""
    folder = tmp_path_factory.mktemp("drivers")
    uv = find_uv_bin()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    interpreter = str(folder / "venv" / "bin" / "python")
    packages = ["sqlalchemy>=2.1,<3", *(package for names in DRIVERS.values() for package in names)]
    subprocess.run([uv, "pip", "install", "--quiet", "--python", interpreter, *packages], check=True)
    return interpreter


@cache
def odbc_driver(python: str) -> str:
    """Microsoft's ODBC driver, which mssql-python contains, for a name that is not installed on this machine."""
    folder = next(Path(python).parents[1].glob("lib/python*/site-packages/mssql_python_odbc"))
    found = folder.glob(f"libs/linux/debian_ubuntu/{platform.machine()}/lib/libmsodbcsql-*.so*")
    return str(next(found))


def app_environment(python: str, scheme: str, host: str, port: int, ca: Path) -> dict[str, str]:
    """The app's variables, and the files that they name."""
    facts = DatabaseFacts(host, port, "shop", "web", scheme, ca_path=str(ca), engine="sqlserver")
    configuration = ca.with_name("freetds.conf")
    configuration.write_text(freetds_configuration(str(ca)))
    files = {"FREETDSCONF": str(configuration), "SSL_CERT_FILE": str(ca), "MSSQL_SSL_CA": str(ca)}
    return {
        **os.environ,
        **files,
        "DATABASE_URL": database_url(facts, PASSWORD),
        "ODBC_DRIVER": odbc_driver(python),
    }


def connect(python: str, scheme: str, host: str, port: int, ca: Path) -> str:
    """Connect with the app's URL and variables; returns the error, if any."""
    environment = app_environment(python, scheme, host, port, ca)
    # Microsoft's driver in pyodbc crashes on the answers of the server here, once it is logged in.
    result = subprocess.run([python, "-c", CONNECT], env=environment, capture_output=True, text=True, check=False)
    return result.stdout


@pytest.mark.parametrize("scheme", DRIVERS)
def test_the_url_verifies_the_servers_certificate_and_its_host(server: Running, python: str, scheme: str) -> None:
    connect(python, scheme, "localhost", server.port, server.ca)
    assert server.recorded.logins[:1] == [{"user": "web", "password": PASSWORD, "database": "shop"}]
    server.recorded.logins.clear()
    # Signed by another authority; issued for another name. No login is sent.
    assert connect(python, scheme, "localhost", server.port, server.other_ca)
    assert connect(python, scheme, "127.0.0.1", server.port, server.ca)
    assert server.recorded.logins == []


@pytest.mark.parametrize("scheme", COMPLETE)
def test_the_preflight_connects_with_the_apps_driver(server: Running, python: str, scheme: str) -> None:
    environment = app_environment(python, scheme, "localhost", server.port, server.ca)
    command = [python, "-c", Path(driver.__file__).read_text()]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"{MODULES.get(scheme, scheme.partition('+')[2])}\n"
    assert server.recorded.logins == [{"user": "web", "password": PASSWORD, "database": "shop"}]


def set_up(python: str, server: Running, scheme: str, folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Run the setup as its container does."""
    values = {
        "SERVER_HOST": "localhost",
        "SERVER_PORT": str(server.port),
        "SERVER_USER": "admin",
        "SERVER_PASSWORD": "master-_.~}",
        "APP_SCHEME": scheme,
        "APP_DATABASE": "shop",
        "APP_USER": "web",
        "APP_PASSWORD": PASSWORD,
        "APP_IDENTITY": "",
        "FREETDS_CONFIGURATION": freetds_configuration(sqlserver_setup.CA_PATH),
        "RDS_CA_CERTIFICATES": server.ca.read_text(),
        "SETUP_PAUSE": "0.01",
        **environment,
    }
    program = Path(sqlserver_setup.__file__).read_text()
    return subprocess.run(
        [python, "-c", program],
        env={**os.environ, "TMPDIR": str(folder), **values},
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
    )


def sent(server: Running, *texts: str) -> list[str]:
    """Which of these texts were in statements, in the order of arrival."""
    return [text for statement in server.recorded.statements for text in texts if text in statement]


STEPS = ("sp_getapplock", "CREATE DATABASE [shop]", "CREATE LOGIN [web]", "ALTER ROLE db_owner ADD MEMBER [web]")


@pytest.mark.parametrize("scheme", COMPLETE)
def test_the_setup_creates_database_and_login_as_the_master_user(
    server: Running, python: str, scheme: str, tmp_path: Path
) -> None:
    result = set_up(python, server, scheme, tmp_path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert server.recorded.logins == [{"user": "admin", "password": "master-_.~}", "database": "master"}]
    assert sent(server, *STEPS) == list(STEPS)
    assert sent(server, "sp_addextendedproperty") == []  # nobody else uses the server


def test_the_setup_sends_no_password_to_a_server_that_it_cannot_verify(
    server: Running, python: str, tmp_path: Path
) -> None:
    result = set_up(python, server, "mssql+pymssql", tmp_path, RDS_CA_CERTIFICATES=server.other_ca.read_text())
    assert result.returncode == 1
    assert result.stderr.startswith("pymssql does not connect to SQL Server: ")
    assert server.recorded.logins == []


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"SELECT DB_ID": "5", "COALESCE": "urn:other"}, "Database shop on this server belongs to another app"),
        ({"SELECT DB_ID": "5", "COALESCE": "another app"}, "Database shop on this server belongs to another app"),
        ({"SELECT DB_ID": "", "SELECT SUSER_ID": "7"}, "Login web on this server belongs to another app"),
        ({"SELECT DB_ID": "", "SELECT SUSER_ID": ""}, ""),
        ({"SELECT DB_ID": "5", "COALESCE": "urn:app", "SELECT SUSER_ID": "7"}, ""),
    ],
)
def test_names_of_other_apps_on_a_shared_server_are_left_alone(
    server: Running, python: str, tmp_path: Path, answers: dict[str, str], sentence: str
) -> None:
    server.recorded.answers |= answers
    result = set_up(python, server, "mssql+pymssql", tmp_path, APP_IDENTITY="urn:app")
    changes = sent(server, *STEPS[1:], "sp_addextendedproperty")
    if sentence:
        assert result.stderr.startswith(sentence)
        assert (result.returncode, changes) == (1, [])
    else:
        assert result.stderr == ""
        assert changes == [STEPS[1], "sp_addextendedproperty", *STEPS[2:]]


def test_a_value_that_could_end_a_literal_is_in_no_statement(server: Running, python: str, tmp_path: Path) -> None:
    result = set_up(python, server, "mssql+pymssql", tmp_path, APP_PASSWORD="x'; DROP DATABASE shop; --")
    assert result.stderr == "APP_PASSWORD has a character that cannot be part of a statement.\n"
    assert server.recorded.logins == []


@pytest.mark.parametrize("accepts", [False, True], ids=["refused", "relay"])
def test_the_app_starts_where_the_local_aws_has_no_sql_server(server: Running, tmp_path: Path, accepts: bool) -> None:
    """A relay into a container accepts a connection, and closes it when it finds that nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        if accepts:
            unused.listen()
            threading.Thread(target=lambda: unused.accept()[0].close(), daemon=True).start()
        result = set_up(sys.executable, server, "", tmp_path, SERVER_PORT=str(unused.getsockname()[1]))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("No SQL Server runs on this machine")


def test_an_image_without_a_driver_is_reported(server: Running, tmp_path: Path) -> None:
    result = set_up(sys.executable, server, "mssql+pymssql", tmp_path)
    assert result.stderr.startswith("The image has no driver of SQL Server: add one of pymssql, mssql_python, pytds")
