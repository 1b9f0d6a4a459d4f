"""Connects to the database with the app's driver. Like `probe.py`, the app's Python runs its source.

Prints the driver's name, or nothing if the app has no supported driver; exits with 1 and the error on failure.
"""

import asyncio
import importlib
import os
import re
import ssl
import sys
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_SECONDS = 10
_Login = Mapping[str, Any]
_Drivers = dict[str, Callable[[ModuleType, _Login, str], None]]


def _libpq(driver: ModuleType, _login: _Login, _ca: str) -> None:
    url = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", os.environ["DATABASE_URL"])
    driver.connect(url, connect_timeout=_SECONDS).close()


def _mysqlclient(driver: ModuleType, login: _Login, ca: str) -> None:
    driver.connect(**login, ssl={"ca": ca}, ssl_mode="VERIFY_IDENTITY", connect_timeout=_SECONDS).close()


def _pymysql(driver: ModuleType, login: _Login, ca: str) -> None:
    driver.connect(**login, ssl=ssl.create_default_context(cafile=ca), connect_timeout=_SECONDS).close()


def _connector(driver: ModuleType, login: _Login, ca: str) -> None:
    verified = {"ssl_ca": ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
    driver.connect(**login, **verified, connection_timeout=_SECONDS).close()


def _mariadb(driver: ModuleType, login: _Login, ca: str) -> None:
    driver.connect(**login, ssl_ca=ca, ssl_verify_cert=True, connect_timeout=_SECONDS).close()


def _asyncio(driver: ModuleType, login: _Login, ca: str) -> None:
    async def connect() -> None:
        options = {name: value for name, value in login.items() if name != "database"}
        context = ssl.create_default_context(cafile=ca)
        connection = driver.connect(**options, db=login["database"], ssl=context, connect_timeout=_SECONDS)
        (await connection).close()

    asyncio.run(connect())


def _pymssql(driver: ModuleType, login: _Login, _ca: str) -> None:
    texts = {name: login[name] for name in ("user", "password", "database")}
    driver.connect(server=login["host"], port=str(login["port"]), **texts, login_timeout=_SECONDS).close()


def _pytds(driver: ModuleType, login: _Login, ca: str) -> None:
    texts = {name: login[name] for name in ("database", "user", "password", "port")}
    driver.connect(login["host"], **texts, cafile=ca, login_timeout=_SECONDS).close()


def _odbc(driver: ModuleType, login: _Login, _ca: str) -> None:
    query = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)
    options = "".join(f"{name}={{{values[0]}}};" for name, values in query.items())
    password = login["password"].replace("}", "}}")
    place = f"Server={login['host']},{login['port']};Database={login['database']};"
    text = f"{options}{place}UID={login['user']};PWD={{{password}}};"
    driver.connect(text, timeout=_SECONDS).close()


def _pymongo(driver: ModuleType, _login: _Login, _ca: str) -> None:
    client = driver.MongoClient(os.environ["DATABASE_URL"], serverSelectionTimeoutMS=_SECONDS * 1000)
    client.get_default_database().list_collection_names()  # a command that needs the login
    client.close()


# The modules of each kind of database, those that most apps use first, and how each connects with verified TLS.
_POSTGRES: _Drivers = {"psycopg": _libpq, "psycopg2": _libpq}  # the newer one first; both accept libpq's URL
_MYSQL: _Drivers = {
    "MySQLdb": _mysqlclient,
    "pymysql": _pymysql,
    "mysql.connector": _connector,
    "mariadb": _mariadb,
    "asyncmy": _asyncio,
    "aiomysql": _asyncio,
}
_SQLSERVER: _Drivers = {
    "pymssql": _pymssql,
    "mssql_python": _odbc,
    "pyodbc": _odbc,
    "pytds": _pytds,
}
_MONGODB: _Drivers = {"pymongo": _pymongo}  # which motor, MongoEngine, Beanie and Flask-PyMongo use


def main() -> None:
    """Connect once."""
    url = os.environ["DATABASE_URL"]
    drivers = _POSTGRES
    for schemes, others in (
        (("mysql", "mariadb"), _MYSQL),
        (("mssql", "sqlserver"), _SQLSERVER),
        ("mongodb", _MONGODB),
    ):
        drivers = others if url.startswith(schemes) else drivers
    login = {} if drivers in (_POSTGRES, _MONGODB) else _login(3306 if drivers is _MYSQL else 1433)
    for name, connect in _in_order(drivers).items():
        try:
            driver = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name in (name, name.partition(".")[0]):
                continue
            raise
        print(name)
        try:
            connect(driver, login, os.environ.get("MYSQL_SSL_CA") or os.environ.get("MSSQL_SSL_CA") or _ca_of_url())
        except Exception as error:
            sys.exit(f"{name}.{type(error).__name__}: {error}")
        return


def _login(port: int) -> dict[str, Any]:
    """From the URL, since an app with a database that its stack did not create has no other variable."""
    url = urlsplit(os.environ["DATABASE_URL"])
    texts = {"host": url.hostname, "user": url.username, "password": url.password, "database": url.path[1:]}
    return {**{name: unquote(text or "") for name, text in texts.items()}, "port": url.port or port}


def _ca_of_url() -> str:
    query = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)
    return query.get("ssl_ca", query.get("ssl-ca", [""]))[0]


def _in_order(drivers: _Drivers) -> _Drivers:
    """The drivers, that of the URL's scheme first."""
    scheme = os.environ["DATABASE_URL"].partition("://")[0]
    chosen = {"mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector", "mariadbconnector": "mariadb"}
    chosen |= {"mssqlpython": "mssql_python", "aioodbc": "pyodbc"}
    driver = scheme.partition("+")[2]
    first = chosen.get(driver, driver)
    return {**({first: drivers[first]} if first in drivers and drivers is not _POSTGRES else {}), **drivers}


if __name__ == "__main__":
    main()
