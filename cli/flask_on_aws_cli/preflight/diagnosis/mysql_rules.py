"""Rules for a MySQL or MariaDB database: its driver, its URL, its login, its columns. Pure functions."""

import re
from collections.abc import Mapping

from flask_on_aws.runtime_contract.contract import CA_PATH

from ..check import Cause, Finding
from ..output import Output, search
from .decisive import is_decisive

# Drivers by their module, in the order of preference: the distribution that has it, and SQLAlchemy's scheme for it.
_DRIVERS: Mapping[str, tuple[str, str]] = {
    "MySQLdb": ("mysqlclient", "mysql"),
    "pymysql": ("pymysql", "mysql+pymysql"),
    "mysql": ("mysql-connector-python", "mysql+mysqlconnector"),
    "mariadb": ("mariadb", "mysql+mariadbconnector"),
    "asyncmy": ("asyncmy", "mysql+asyncmy"),
    "aiomysql": ("aiomysql", "mysql+aiomysql"),
}
_POSTGRES = ("psycopg", "psycopg2", "psycopg2-binary", "pg8000", "asyncpg")
_DJANGO_QUERY = f"ssl-ca={CA_PATH}&ssl_mode=VERIFY_IDENTITY"
_TLS_IN_CODE = 'connect_args={"ssl": ssl.create_default_context(cafile=os.environ["MYSQL_SSL_CA"])}'


def driver_not_installed(output: Output) -> Finding | None:
    """A MySQL driver that the app, or the URL's scheme, asks for, and that is not installed."""
    match = search(
        output,
        rf"ModuleNotFoundError: No module named '(?P<module>{'|'.join(_DRIVERS)})(\.\w+)?'$",
        r"ImproperlyConfigured: Error loading (?P<module>MySQLdb) module",
    )
    if not match:
        return None
    module, packages = match[0]["module"], output.context.packages
    others = [other for other, (name, _) in _DRIVERS.items() if name in packages and other != module]
    sentence = f"the module {module} is not installed"
    fix = f"add {_DRIVERS[module][0]} to the dependencies"
    if _is_by_sqlalchemy(output):
        sentence += f", which is what {output.context.database_scheme}:// means to SQLAlchemy"
        if others:
            fix = f"{others[0]} is installed: {_set_scheme(others[0])}"
        elif module == "MySQLdb":
            fix += f", or PyMySQL and: {_set_scheme('pymysql')}"
    return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])


def _is_by_sqlalchemy(output: Output) -> bool:
    """Whether SQLAlchemy imports the driver, not the app: by the frames, or if there are none, by what is installed."""
    frames = [line for line in output.lines if re.match(r'\s*File "', line)]
    return "sqlalchemy" in frames[-1] if frames else "sqlalchemy" in output.context.packages


def _set_scheme(module: str) -> str:
    return f"pulumi config set databaseUrlScheme {_DRIVERS[module][1]}"


def other_database(output: Output) -> Finding | None:
    """An app whose only drivers are those of another database than the stack's."""
    match = search(output, r"ModuleNotFoundError: No module named '(?P<module>psycopg2?|MySQLdb)'$")
    if not match or not _is_by_sqlalchemy(output):
        return None
    packages, scheme = output.context.packages, output.context.database_scheme
    mysql = [module for module, (name, _) in _DRIVERS.items() if name in packages]
    postgres = [name for name in _POSTGRES if name in packages]
    sentence = f"the module {match[0]['module']} is not installed, which is what {scheme}:// means to SQLAlchemy"
    if match[0]["module"] == "MySQLdb" and postgres and not mysql:
        fix = f"the app has {postgres[0]}, a driver of PostgreSQL: pulumi config set database postgres"
        return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])
    if match[0]["module"] != "MySQLdb" and mysql and not postgres:
        fix = (
            f"the app has {mysql[0]}, a driver of MySQL: pulumi config set database mysql, and: {_set_scheme(mysql[0])}"
        )
        return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])
    return None


def url_query(output: Output) -> Finding | None:
    """A driver that does not know an option of the URL."""
    match = search(
        output,
        r"'(?P<name>ssl[_-]\w+)' is an invalid keyword argument for connect\(\)",
        r"got an unexpected keyword argument '(?P<name>ssl_\w+)'",
        r"Unsupported argument '(?P<name>ssl_\w+)'",
        r"(?P<name>'dict') object has no attribute 'wrap_bio'",
    )
    if not match:
        return None
    name, packages = match[0]["name"], output.context.packages
    if name == "'dict'":
        fix = f'pulumi config set databaseUrlQuery "", and in the code: create_async_engine(url, {_TLS_IN_CODE})'
        return _of_url("aiomysql takes TLS from code alone, not from DATABASE_URL", fix, match[1])
    sentence = f"the driver does not know {name}, which DATABASE_URL has"
    if "dj-database-url" in packages:
        return _of_url(sentence, f"pulumi config set databaseUrlQuery '{_DJANGO_QUERY}'", match[1])
    if "django" in packages:
        fix = (
            "pulumi config set databaseUrlQuery ssl_mode=VERIFY_IDENTITY, and in the settings: "
            'DATABASES["default"]["OPTIONS"]["ssl"] = {"ca": os.environ["MYSQL_SSL_CA"]}'
        )
        return _of_url(sentence, fix, match[1])
    installed = [module for module, (package, _) in _DRIVERS.items() if package in packages]
    fix = _set_scheme(installed[0]) if installed else "correct the setting databaseUrlQuery"
    return _of_url(sentence, fix, match[1])


def cryptography(output: Output) -> Finding | None:
    """PyMySQL without the package by which it logs in to MySQL 8 without TLS."""
    match = search(output, r"'cryptography' package is required for sha256_password or caching_sha2_password")
    if not match:
        return None
    return _of_url(
        "PyMySQL connects without TLS, for which MySQL's login needs the package cryptography",
        "connect with DATABASE_URL's ssl_ca, with which it needs no other package",
        match[1],
    )


def login(output: Output) -> Finding | None:
    """A login that the database rejects: MariaDB answers so as well when the connection is not encrypted."""
    match = search(
        output,
        r"Access denied for user '[^']*'@",
        r"Connections using insecure transport are prohibited",
        where=is_decisive,
    )
    if not match:
        return None
    return _of_url(
        "the database rejects the login: it accepts the password of DATABASE_URL, and connections with TLS alone",
        "connect to DATABASE_URL, and pass its ssl_ca on to the driver, or that of MYSQL_SSL_CA",
        match[1],
    )


def collation(output: Output) -> Finding | None:
    """A connection whose collation is not that of the tables, so that a cast cannot be compared with a column."""
    match = search(
        output, r"Illegal mix of collations \((?P<first>\w+),\w+\) and \((?P<second>\w+),\w+\)", where=is_decisive
    )
    if not match:
        return None
    return _of_url(
        f"it compares texts of two collations, {match[0]['first']} and {match[0]['second']}: that of the tables, and "
        "that of the connection",
        "add charset=utf8mb4&collation=utf8mb4_unicode_ci to databaseUrlQuery, for mysqlclient and PyMySQL",
        match[1],
    )


def socket(output: Output) -> Finding | None:
    """A driver that looks for a socket file, since its host is missing or `localhost`."""
    match = search(output, r"Can't connect to local (MySQL |MariaDB )?server through socket", where=is_decisive)
    if not match:
        return None
    return _of_url(
        "the app looks for a database on its own machine",
        "connect to DATABASE_URL, or to MYSQL_HOST and MYSQL_PORT",
        match[1],
    )


def _of_url(sentence: str, fix: str, evidence: tuple[str, ...]) -> Finding:
    return Finding(Cause.DATABASE, sentence, fix, evidence)
