"""Rules for SQL Server: its drivers, their ODBC driver, and its login. Pure functions."""

import re
from collections.abc import Mapping

from ..check import Cause, Finding
from ..output import Output, search
from .decisive import is_decisive

# Drivers by their module, in the order of preference: the distribution that has it, and SQLAlchemy's scheme for it.
_DRIVERS: Mapping[str, tuple[str, str]] = {
    "pymssql": ("pymssql", "mssql+pymssql"),
    "mssql_python": ("mssql-python", "mssql+mssqlpython"),
    "pyodbc": ("pyodbc", "mssql+pyodbc"),
    "pytds": ("python-tds", "mssql+pytds"),
    "aioodbc": ("aioodbc", "mssql+aioodbc"),
}
_OTHERS = ("psycopg", "psycopg2", "psycopg2-binary", "mysqlclient", "pymysql")
_FREETDS = "pulumi config set databaseUrlQuery 'driver=FreeTDS&Encryption=require'"
# What a dialect that SQLAlchemy does not know needs.
_DIALECTS = {"mssqlpython": "use SQLAlchemy 2.1 or newer", "pytds": "add sqlalchemy-pytds to the dependencies"}


def _installed(packages: Mapping[str, str]) -> list[str]:
    return [module for module, (name, _) in _DRIVERS.items() if name in packages]


def _set_scheme(module: str) -> str:
    return f"pulumi config set databaseUrlScheme {_DRIVERS[module][1]}"


def url_scheme(output: Output) -> Finding | None:
    """A dialect of SQL Server that the installed SQLAlchemy does not have."""
    match = search(output, r"Can't load plugin: sqlalchemy\.dialects:mssql\.(?P<driver>\w+)")
    if not match:
        return None
    driver = match[0]["driver"]
    others = [module for module in _installed(output.context.packages) if not _DRIVERS[module][1].endswith(driver)]
    fixes = [*([_DIALECTS[driver]] if driver in _DIALECTS else []), *([_set_scheme(others[0])] if others else [])]
    fix = ", or: ".join(fixes) or _set_scheme("pymssql")
    return Finding(Cause.DATABASE, f"SQLAlchemy does not know the scheme mssql+{driver}://", fix, match[1])


def driver_not_installed(output: Output) -> Finding | None:
    """A driver of SQL Server that the app, or the URL's scheme, asks for, and that is not installed."""
    match = search(output, rf"ModuleNotFoundError: No module named '(?P<module>{'|'.join(_DRIVERS)})'$")
    if not match:
        return None
    module, packages = match[0]["module"], output.context.packages
    sentence, fix = f"the module {module} is not installed", f"add {_DRIVERS[module][0]} to the dependencies"
    if _is_by_sqlalchemy(output):
        sentence += f", which is what {output.context.database_scheme}:// means to SQLAlchemy"
        others = [other for other in _installed(packages) if other != module]
        foreign = [name for name in _OTHERS if name in packages]
        if others:
            fix = f"{others[0]} is installed: {_set_scheme(others[0])}"
        elif foreign:
            product = "PostgreSQL" if foreign[0].startswith("psycopg") else "MySQL"
            setting = "postgres" if product == "PostgreSQL" else "mysql"
            fix = f"the app has {foreign[0]}, a driver of {product}: pulumi config set database {setting}"
    return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])


def other_database(output: Output) -> Finding | None:
    """An app whose only drivers are those of SQL Server, in a stack with another database."""
    match = search(output, r"ModuleNotFoundError: No module named '(?P<module>psycopg2?|MySQLdb)'$")
    installed = _installed(output.context.packages)
    if not match or not installed or not _is_by_sqlalchemy(output):
        return None
    if any(name in output.context.packages for name in _OTHERS):
        return None
    sentence = (
        f"the module {match[0]['module']} is not installed, which is what {output.context.database_scheme}:// means to "
        "SQLAlchemy"
    )
    fix = (
        f"the app has {installed[0]}, a driver of SQL Server: pulumi config set database sqlserver, and: "
        f"{_set_scheme(installed[0])}"
    )
    return Finding(Cause.NOT_INSTALLED, sentence, fix, match[1])


def _is_by_sqlalchemy(output: Output) -> bool:
    """Whether SQLAlchemy imports the driver, not the app: by the frames, or if there are none, by what is installed."""
    frames = [line for line in output.lines if re.match(r'\s*File "', line)]
    return "sqlalchemy" in frames[-1] if frames else "sqlalchemy" in output.context.packages


def odbc_driver(output: Output) -> Finding | None:
    """pyodbc without the ODBC driver that the URL names."""
    match = search(
        output,
        r"Can't open lib '(?P<name>[^']+)' : file not found",
        r"(?P<name>Data source name) not found,? and no default driver specified",
    )
    if not match:
        return None
    name = match[0]["name"]
    sentence = "DATABASE_URL names no ODBC driver" if name == "Data source name" else f"{name} is not installed"
    others = [module for module in _installed(output.context.packages) if module in ("pymssql", "mssql_python")]
    if others:
        return Finding(Cause.DATABASE, sentence, f"{others[0]} needs none: {_set_scheme(others[0])}", match[1])
    fix = (
        "add pymssql, which needs none, to the dependencies, or install Microsoft's ODBC driver in your Dockerfile. "
        f"FreeTDS's, from Debian's package tdsodbc, does not verify the server: {_FREETDS}"
    )
    return Finding(Cause.DATABASE, sentence, fix, match[1])


def login(output: Output) -> Finding | None:
    """A login that SQL Server rejects."""
    match = search(output, r"Login failed for user '[^']*'", where=is_decisive)
    if not match:
        return None
    return Finding(
        Cause.DATABASE,
        "the database rejects the login: it accepts the user and the password of DATABASE_URL alone",
        "connect to DATABASE_URL, or with MSSQL_USER and MSSQL_PASSWORD",
        match[1],
    )
