"""What an output shows of a MySQL database, with what is installed: pure, with lines as drivers print them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Context, Output

TRACEBACK = "Traceback (most recent call last):"
BY_SQLALCHEMY = [
    TRACEBACK,
    '  File "/app/app.py", line 3, in <module>',
    "    engine = create_engine(os.environ['DATABASE_URL'])",
    '  File "/venv/lib/python3.13/site-packages/sqlalchemy/dialects/mysql/mysqldb.py", line 172, in import_dbapi',
    '    return __import__("MySQLdb")',
]
BY_THE_APP = [TRACEBACK, '  File "/app/app.py", line 3, in <module>', "    import pymysql"]
SQLALCHEMY = {"sqlalchemy": "2.0.44"}
SCHEME = "pulumi config set databaseUrlScheme "


def found(lines, packages, scheme="mysql", release=""):
    return diagnose(Output(lines, "gunicorn app:app", 1, Context(packages, release, scheme)))


def missing(module):
    return f"ModuleNotFoundError: No module named '{module}'"


@pytest.mark.parametrize(
    ("lines", "packages", "fix"),
    [
        (
            [*BY_SQLALCHEMY, missing("MySQLdb")],
            SQLALCHEMY | {"pymysql": "1.1"},
            f"pymysql is installed: {SCHEME}mysql+pymysql",
        ),
        (
            [*BY_SQLALCHEMY, missing("MySQLdb")],
            SQLALCHEMY | {"mysql-connector-python": "9.5"},
            f"mysql is installed: {SCHEME}mysql+mysqlconnector",
        ),
        (
            [*BY_SQLALCHEMY, missing("MySQLdb")],
            SQLALCHEMY | {"asyncmy": "0.2"},
            f"asyncmy is installed: {SCHEME}mysql+asyncmy",
        ),
        (
            [*BY_SQLALCHEMY, missing("MySQLdb")],
            SQLALCHEMY,
            f"add mysqlclient to the dependencies, or PyMySQL and: {SCHEME}mysql+pymysql",
        ),
        ([*BY_SQLALCHEMY, missing("pymysql")], SQLALCHEMY | {"mysqlclient": "2.2"}, f"{SCHEME}mysql"),
        ([*BY_THE_APP, missing("pymysql")], SQLALCHEMY | {"mysqlclient": "2.2"}, "add pymysql to the dependencies"),
        ([*BY_THE_APP, missing("mysql")], {}, "add mysql-connector-python to the dependencies"),
        ([*BY_THE_APP, missing("mysql.connector")], {}, "add mysql-connector-python to the dependencies"),
        ([*BY_THE_APP, missing("mariadb")], {}, "add mariadb to the dependencies"),
        (
            [
                "django.core.exceptions.ImproperlyConfigured: Error loading MySQLdb module.",
                "Did you install mysqlclient?",
            ],
            {"django": "5.2"},
            "add mysqlclient to the dependencies",
        ),
    ],
)
def test_a_missing_driver_is_one_setting_if_another_is_installed(lines, packages, fix):
    finding = found(lines, packages)
    assert finding.cause is Cause.NOT_INSTALLED
    assert finding.fix.startswith(fix) or finding.fix.endswith(fix)


@pytest.mark.parametrize(
    ("module", "packages", "scheme", "fix"),
    [
        (
            "psycopg2",
            {"pymysql": "1.1"},
            "postgresql",
            f"the app has pymysql, a driver of MySQL: pulumi config set database mysql, and: {SCHEME}mysql+pymysql",
        ),
        ("psycopg", {"mysqlclient": "2.2"}, "postgresql", f"database mysql, and: {SCHEME}mysql"),
        ("MySQLdb", {"psycopg2-binary": "2.9"}, "mysql", "pulumi config set database postgres"),
        # Drivers of both: the stack's database may be right.
        ("psycopg2", {"pymysql": "1.1", "psycopg": "3.2"}, "postgresql", "databaseUrlScheme postgresql+psycopg"),
        ("psycopg2", {}, "postgresql", "add psycopg2-binary to the dependencies"),
    ],
)
def test_an_app_with_the_drivers_of_another_database_needs_that_database(module, packages, scheme, fix):
    finding = found([*BY_SQLALCHEMY, missing(module)], SQLALCHEMY | packages, scheme)
    assert finding.cause is Cause.NOT_INSTALLED
    assert fix in finding.fix


@pytest.mark.parametrize(
    ("line", "packages", "fix"),
    [
        (
            "TypeError: 'ssl_ca' is an invalid keyword argument for connect()",
            {"django": "5.2", "dj-database-url": "3.0", "mysqlclient": "2.2"},
            "databaseUrlQuery 'ssl-ca=/etc/rds-ca/rds-ca-bundle.pem&ssl_mode=VERIFY_IDENTITY'",
        ),
        (
            "TypeError: 'ssl_ca' is an invalid keyword argument for connect()",
            {"django": "5.2", "django-environ": "0.12", "mysqlclient": "2.2"},
            'DATABASES["default"]["OPTIONS"]["ssl"] = {"ca": os.environ["MYSQL_SSL_CA"]}',
        ),
        (
            "TypeError: Connection.__init__() got an unexpected keyword argument 'ssl_mode'",
            {"peewee": "3.18", "pymysql": "1.1"},
            f"{SCHEME}mysql+pymysql",
        ),
        (
            "AttributeError: Unsupported argument 'ssl_mode'",
            {"mysql-connector-python": "9.5"},
            f"{SCHEME}mysql+mysqlconnector",
        ),
        (
            "AttributeError: 'dict' object has no attribute 'wrap_bio'",
            SQLALCHEMY | {"aiomysql": "0.3"},
            'pulumi config set databaseUrlQuery "", and in the code: create_async_engine(',
        ),
    ],
)
def test_an_option_that_the_driver_does_not_know_is_named_with_what_it_knows(line, packages, fix):
    finding = found([TRACEBACK, line], packages)
    assert finding.cause is Cause.DATABASE
    assert fix in finding.fix


@pytest.mark.parametrize(
    "line",
    [
        "pymysql.err.OperationalError: (1045, \"Access denied for user 'app'@'10.0.0.4' (using password: YES)\")",
        "mysql.connector.errors.ProgrammingError: 1045 (28000): Access denied for user 'app'@'h' (using password: NO)",
        "mariadb.OperationalError: Access denied for user 'app'@'h' (using password: YES)",
        "MySQLdb.OperationalError: (3159, 'Connections using insecure transport are prohibited while "
        "--require_secure_transport=ON.')",
    ],
)
def test_a_rejected_login_may_lack_tls(line):
    finding = found([TRACEBACK, line], {})
    assert (finding.cause, "with TLS alone" in finding.sentence) == (Cause.DATABASE, True)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        (
            "MySQLdb.OperationalError: (2002, \"Can't connect to local server through socket '/m.sock' (2)\")",
            "looks for a database on its own machine",
        ),
        (
            "mysql.connector.errors.InterfaceError: 2003: Can't connect to MySQL server on 'h:1' (Errno 111)",
            "cannot connect to its database",
        ),
        (
            "MySQLdb.OperationalError: (2026, 'TLS/SSL error: self-signed certificate in certificate chain')",
            "cannot connect to its database",
        ),
        ("pymysql.err.ProgrammingError: (1146, \"Table 'app.post' doesn't exist\")", "the database has no table"),
        ("pymysql.err.OperationalError: (1054, \"Unknown column 'x' in 'SELECT'\")", "the database has no column x"),
        ("pymysql.err.OperationalError: (1049, \"Unknown database 'shop'\")", "the database has no database shop"),
        (
            "RuntimeError: 'cryptography' package is required for sha256_password or caching_sha2_password auth methods",  # noqa: E501
            "PyMySQL connects without TLS",
        ),
    ],
)
def test_errors_of_mysql_are_recognized(line, part):
    finding = found([TRACEBACK, line], {})
    assert finding.cause is Cause.DATABASE
    assert part in finding.sentence


def test_a_connection_error_names_the_options_of_mysql():
    line = "mysql.connector.errors.InterfaceError: 2003: Can't connect to MySQL server on 'h:1' (Errno 111)"
    assert "ssl_ca" in found([TRACEBACK, line], {}).fix


def test_a_missing_client_library_is_named():
    line = "ImportError: libmariadb.so.3: cannot open shared object file: No such file or directory"
    assert (
        found([TRACEBACK, line], {"mysqlclient": "2.2"}).sentence
        == "the system library libmariadb.so.3 is not installed"
    )


def test_a_connection_with_another_collation_than_the_tables_gets_the_parameters():
    line = (
        'django.db.utils.OperationalError: (1267, "Illegal mix of collations (utf8mb4_unicode_ci,IMPLICIT) and '
        "(utf8mb4_general_ci,IMPLICIT) for operation '='\")"
    )
    finding = found([TRACEBACK, line], {"django": "5.2", "mysqlclient": "2.2"})
    assert finding.cause is Cause.DATABASE
    assert "utf8mb4_unicode_ci and utf8mb4_general_ci" in finding.sentence
    assert "charset=utf8mb4&collation=utf8mb4_unicode_ci" in finding.fix
