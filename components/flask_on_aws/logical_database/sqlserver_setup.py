"""Creates an app's login and database on a SQL Server: the app's image runs this source, with its own driver.

No registry has a maintained image with sqlcmd, and the app's image has a driver or the app could not connect either. So this
uses the standard library and one of the drivers alone, in Python 3.8 or newer. It is idempotent, and safe to run concurrently.
"""

import importlib
import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

# The path of the certificates in FREETDS_CONFIGURATION.
CA_PATH = "/tmp/rds-ca.pem"  # noqa: S108 in the container
_SECONDS = 10
_GREETING_SECONDS = 1.0  # for a relay on the same machine
# A server that has just been created can still reject logins: ECS starts tasks again, but only after a failed deployment.
_ATTEMPTS, _PAUSE = 6, 5.0
# In the order of execution. Names are checked identifiers, and the password consists of letters, digits and -_.~ (see
# `_checked`), so none of them can end a literal or a quoted name.
# The lock lasts until the session ends: tasks start side by side.
LOCK = """
EXEC sp_getapplock @Resource = 'flask-on-aws setup', @LockMode = 'Exclusive', @LockOwner = 'Session', @LockTimeout = 60000;
"""
EXISTS = "SELECT DB_ID('{database}');"
# Whom the database belongs to: the app that marked it, nobody if it is unmarked and empty.
OWNER = """
SELECT COALESCE(
  (SELECT CAST(value AS nvarchar(4000)) FROM [{database}].sys.extended_properties WHERE class = 0 AND name = 'flask-on-aws'),
  CASE WHEN EXISTS (SELECT 1 FROM [{database}].sys.tables WHERE is_ms_shipped = 0) THEN 'another app' ELSE '' END
);
"""
LOGIN_EXISTS = "SELECT SUSER_ID('{user}');"
LOGIN_IS_OURS = "SELECT COUNT(*) FROM [{database}].sys.database_principals WHERE sid = SUSER_SID('{user}');"
DATABASE = "IF DB_ID('{database}') IS NULL CREATE DATABASE [{database}];"
MARK = """
IF NOT EXISTS (SELECT 1 FROM [{database}].sys.extended_properties WHERE class = 0 AND name = 'flask-on-aws')
  EXEC [{database}].sys.sp_addextendedproperty @name = N'flask-on-aws', @value = N'{identity}';
"""
# One transaction, so that no login is without a user in the database, by which it is recognized as this app's.
# CHECK_POLICY would lock the login after wrong passwords, so that anyone who can connect could stop the app.
# After a restore, a user of the database can belong to no login of the server.
LOGIN = """
SET XACT_ABORT ON;
BEGIN TRANSACTION;
IF SUSER_ID('{user}') IS NULL
  CREATE LOGIN [{user}] WITH PASSWORD = '{password}', CHECK_POLICY = OFF, CHECK_EXPIRATION = OFF;
ELSE
  ALTER LOGIN [{user}] WITH PASSWORD = '{password}';
USE [{database}];
IF USER_ID('{user}') IS NULL
  CREATE USER [{user}] FOR LOGIN [{user}];
ELSE
  ALTER USER [{user}] WITH LOGIN = [{user}];
ALTER ROLE db_owner ADD MEMBER [{user}];
COMMIT TRANSACTION;
"""


def main() -> None:
    """Create what is missing; exits with a sentence if the names belong to another app."""
    values = {name: _checked(name) for name in ("user", "database", "password", "identity")}
    if _is_absent():
        print("No SQL Server runs on this machine: the app starts without its database.")
        return
    _trust()
    connection = _connected()
    cursor = connection.cursor()
    _run(cursor, LOCK)
    if values["identity"]:
        _check_owner(cursor, values)
    for statement in (DATABASE, *((MARK,) if values["identity"] else ()), LOGIN):
        _run(cursor, statement.format(**values))
    connection.close()


def _check_owner(cursor: Any, values: "dict[str, str]") -> None:
    """Exit if the database or the login of a shared server is another app's."""

    def value(statement: str) -> Any:
        cursor.execute(statement.format(**values))
        return cursor.fetchone()[0]

    exists = value(EXISTS) is not None
    if exists and value(OWNER) not in ("", values["identity"]):
        sys.exit(
            f"Database {values['database']} on this server belongs to another app; give this app another databaseName."
        )
    if value(LOGIN_EXISTS) is not None and not (exists and value(LOGIN_IS_OURS)):
        sys.exit(
            f"Login {values['user']} on this server belongs to another app; give this app another databaseUsername."
        )


def _run(cursor: Any, statements: str) -> None:
    """Execute a batch to its end: some drivers report an error of a later statement only with its result."""
    cursor.execute(statements)
    while cursor.nextset():
        pass


def _checked(name: str) -> str:
    """A value that is written into statements."""
    value = os.environ.get(f"APP_{name.upper()}", "")
    allowed = "-_.~:$/" if name == "identity" else "-_.~" if name == "password" else "_"
    wrong = [
        character
        for character in value
        if not (character.isascii() and character.isalnum()) and character not in allowed
    ]
    if wrong:
        sys.exit(f"APP_{name.upper()} has a character that cannot be part of a statement.")
    return value


def _is_absent() -> bool:
    """Whether nothing listens at an address of this machine, which is what the local AWS reports without a SQL Server."""
    host, port = os.environ["SERVER_HOST"], int(os.environ["SERVER_PORT"])
    if host not in ("localhost", "127.0.0.1"):
        return False
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as connection:
            # A server waits for the client's first message. The local AWS's relay to a port without one hangs up.
            connection.settimeout(_GREETING_SECONDS)
            return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _trust() -> None:
    """Write the files by which the drivers verify the server's certificate; the driver is loaded afterwards."""
    folder = Path(tempfile.mkdtemp())
    ca, configuration = folder / "rds-ca.pem", folder / "freetds.conf"
    ca.write_text(os.environ["RDS_CA_CERTIFICATES"])
    configuration.write_text(os.environ["FREETDS_CONFIGURATION"].replace(CA_PATH, str(ca)))
    os.environ["FREETDSCONF"], os.environ["SSL_CERT_FILE"] = str(configuration), str(ca)


def _connected() -> Any:
    driver = _driver()
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return _connect(driver)
        except Exception as error:
            if attempt == _ATTEMPTS:
                sys.exit(f"{driver.__name__} does not connect to SQL Server: {error}")
        time.sleep(float(os.environ.get("SETUP_PAUSE") or _PAUSE))
    raise AssertionError


def _driver() -> ModuleType:
    """The driver of the app's URL if it is installed, or another one."""
    scheme = os.environ.get("APP_SCHEME", "").partition("+")[2]
    own = {"mssqlpython": "mssql_python", "aioodbc": "pyodbc"}.get(scheme, scheme)
    names = ["pymssql", "mssql_python", "pytds", "pyodbc"]
    for name in sorted(names, key=lambda name: name != own):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    sys.exit(f"The image has no driver of SQL Server: add one of {', '.join(names)} to the dependencies.")


def _connect(driver: ModuleType) -> Any:
    server, port = os.environ["SERVER_HOST"], os.environ["SERVER_PORT"]
    user, password = os.environ["SERVER_USER"], os.environ["SERVER_PASSWORD"]
    if driver.__name__ == "pymssql":
        login: dict[str, Any] = {
            "server": server,
            "port": port,
            "user": user,
            "password": password,
            "database": "master",
        }
        return driver.connect(**login, autocommit=True, login_timeout=_SECONDS)
    if driver.__name__ == "pytds":
        return driver.connect(
            server, "master", user, password, port=int(port), autocommit=True, login_timeout=_SECONDS,
            cafile=os.environ["SSL_CERT_FILE"],
        )  # fmt: skip
    quoted = "{" + password.replace("}", "}}") + "}"
    text = f"Server={server},{port};Database=master;UID={user};PWD={quoted};Encrypt=yes;TrustServerCertificate=no"
    if driver.__name__ == "mssql_python":
        return driver.connect(text, autocommit=True)
    return driver.connect(f"Driver={{{_odbc_driver(driver)}}};{text}", autocommit=True, timeout=_SECONDS)


def _odbc_driver(pyodbc: Any) -> str:
    """Microsoft's newest; FreeTDS's has no way to verify the server, which must not get the password of an administrator."""
    found = sorted(name for name in pyodbc.drivers() if name.startswith("ODBC Driver "))
    if not found:
        sys.exit(
            "The image has pyodbc without Microsoft's ODBC driver: install it, or add pymssql to the dependencies."
        )
    return found[-1]


if __name__ == "__main__":
    main()
