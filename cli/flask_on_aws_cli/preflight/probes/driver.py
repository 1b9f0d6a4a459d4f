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


# The modules of each kind of database, those that most apps use first, and how each connects with verified TLS.
_POSTGRES = {"psycopg": _libpq, "psycopg2": _libpq}  # the newer one first; both accept libpq's URL
_MYSQL: dict[str, Callable[[ModuleType, _Login, str], None]] = {
    "MySQLdb": _mysqlclient,
    "pymysql": _pymysql,
    "mysql.connector": _connector,
    "mariadb": _mariadb,
    "asyncmy": _asyncio,
    "aiomysql": _asyncio,
}


def main() -> None:
    """Connect once."""
    is_mysql = os.environ["DATABASE_URL"].startswith(("mysql", "mariadb"))
    login = _mysql_login() if is_mysql else {}
    for name, connect in (_in_order() if is_mysql else _POSTGRES).items():
        try:
            driver = importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name in (name, name.partition(".")[0]):
                continue
            raise
        print(name)
        try:
            connect(driver, login, os.environ.get("MYSQL_SSL_CA") or _ca_of_url())
        except Exception as error:
            sys.exit(f"{name}.{type(error).__name__}: {error}")
        return


def _mysql_login() -> dict[str, Any]:
    """From the URL, since an app with a database that its stack did not create has no other variable."""
    url = urlsplit(os.environ["DATABASE_URL"])
    texts = {"host": url.hostname, "user": url.username, "password": url.password, "database": url.path[1:]}
    return {**{name: unquote(text or "") for name, text in texts.items()}, "port": url.port or 3306}


def _ca_of_url() -> str:
    query = parse_qs(urlsplit(os.environ["DATABASE_URL"]).query)
    return query.get("ssl_ca", query.get("ssl-ca", [""]))[0]


def _in_order() -> dict[str, Callable[[ModuleType, _Login, str], None]]:
    """The drivers, that of the URL's scheme first."""
    scheme = os.environ["DATABASE_URL"].partition("://")[0]
    chosen = {"mysqldb": "MySQLdb", "mysqlconnector": "mysql.connector", "mariadbconnector": "mariadb"}
    driver = scheme.partition("+")[2]
    first = chosen.get(driver, driver)
    return {**({first: _MYSQL[first]} if first in _MYSQL else {}), **_MYSQL}


if __name__ == "__main__":
    main()
