"""What an output shows of a SQL Server, with what is installed: pure, with lines as drivers print them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Context, Output

TRACEBACK = "Traceback (most recent call last):"
BY_SQLALCHEMY = [
    TRACEBACK,
    '  File "/app/app.py", line 3, in <module>',
    '  File "/venv/lib/python3.13/site-packages/sqlalchemy/dialects/mssql/pymssql.py", line 80, in import_dbapi',
]
BY_THE_APP = [TRACEBACK, '  File "/app/app.py", line 3, in <module>', "    import pymssql"]
SQLALCHEMY = {"sqlalchemy": "2.0.44"}
SCHEME = "pulumi config set databaseUrlScheme "
NO_ODBC = (
    "pyodbc.Error: ('01000', \"[01000] [unixODBC][Driver Manager]Can't open lib 'ODBC Driver 18 for SQL Server' : file "
    'not found (0) (SQLDriverConnect)")'
)
NO_PLUGIN = "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:mssql."


def found(lines, packages, scheme="mssql+pymssql"):
    return diagnose(Output(lines, "gunicorn app:app", 1, Context(packages, "", scheme)))


def missing(module):
    return f"ModuleNotFoundError: No module named '{module}'"


@pytest.mark.parametrize(
    ("lines", "packages", "fix"),
    [
        (
            [*BY_SQLALCHEMY, missing("pymssql")],
            SQLALCHEMY | {"pyodbc": "5.2"},
            f"pyodbc is installed: {SCHEME}mssql+pyodbc",
        ),
        ([*BY_SQLALCHEMY, missing("pymssql")], SQLALCHEMY, "add pymssql to the dependencies"),
        ([*BY_SQLALCHEMY, missing("pyodbc")], SQLALCHEMY | {"mssql-python": "1.16"}, f"{SCHEME}mssql+mssqlpython"),
        ([*BY_THE_APP, missing("pymssql")], SQLALCHEMY | {"pyodbc": "5.2"}, "add pymssql to the dependencies"),
        ([*BY_THE_APP, missing("pytds")], {}, "add python-tds to the dependencies"),
        (
            [*BY_SQLALCHEMY, missing("pymssql")],
            SQLALCHEMY | {"psycopg2-binary": "2.9"},
            "the app has psycopg2-binary, a driver of PostgreSQL: pulumi config set database postgres",
        ),
        (
            [*BY_SQLALCHEMY, missing("psycopg2")],
            SQLALCHEMY | {"pymssql": "2.4"},
            f"a driver of SQL Server: pulumi config set database sqlserver, and: {SCHEME}mssql+pymssql",
        ),
    ],
)
def test_a_missing_driver_is_one_setting_if_another_is_installed(lines, packages, fix):
    finding = found(lines, packages)
    assert finding.cause is Cause.NOT_INSTALLED
    assert finding.fix.startswith(fix) or finding.fix.endswith(fix)


@pytest.mark.parametrize(
    ("driver", "packages", "fix"),
    [
        (
            "mssqlpython",
            {"pymssql": "2.4", "mssql-python": "1.16"},
            f"use SQLAlchemy 2.1 or newer, or: {SCHEME}mssql+pymssql",
        ),
        ("pytds", {"python-tds": "1.17"}, "add sqlalchemy-pytds to the dependencies"),
        ("pymsql", {"pymssql": "2.4"}, f"{SCHEME}mssql+pymssql"),
    ],
)
def test_a_dialect_that_sqlalchemy_lacks_is_named_with_what_has_it(driver, packages, fix):
    finding = found([TRACEBACK, NO_PLUGIN + driver], SQLALCHEMY | packages)
    assert (finding.cause, finding.fix) == (Cause.DATABASE, fix)
    assert finding.sentence == f"SQLAlchemy does not know the scheme mssql+{driver}://"


@pytest.mark.parametrize(
    ("line", "packages", "sentence", "fix"),
    [
        (NO_ODBC, {}, "ODBC Driver 18 for SQL Server is not installed", "add pymssql, which needs none"),
        (NO_ODBC, {"pymssql": "2.4"}, "ODBC Driver 18 for SQL Server is not installed", "pymssql needs none: "),
        (
            "pyodbc.InterfaceError: ('IM002', '[IM002] [unixODBC][Driver Manager]Data source name not found and no "
            "default driver specified (0) (SQLDriverConnect)')",
            {},
            "DATABASE_URL names no ODBC driver",
            "add pymssql, which needs none",
        ),
    ],
)
def test_an_odbc_driver_that_is_not_installed_is_named(line, packages, sentence, fix):
    finding = found([TRACEBACK, line], {"pyodbc": "5.2", **packages}, "mssql+pyodbc")
    assert (finding.cause, finding.sentence) == (Cause.DATABASE, sentence)
    assert finding.fix.startswith(fix)


@pytest.mark.parametrize(
    "line",
    [
        "pymssql.exceptions.OperationalError: (18456, b\"Login failed for user 'sa'.DB-Lib error message 20018\")",
        "pyodbc.InterfaceError: ('28000', \"[28000] [Microsoft][ODBC Driver 18 for SQL Server][SQL Server]Login failed "
        "for user 'sa'. (18456) (SQLDriverConnect)\")",
    ],
)
def test_a_login_that_the_server_rejects_is_not_that_of_the_url(line):
    finding = found([TRACEBACK, line], {"pymssql": "2.4"})
    assert finding.cause is Cause.DATABASE
    assert finding.fix == "connect to DATABASE_URL, or with MSSQL_USER and MSSQL_PASSWORD"
