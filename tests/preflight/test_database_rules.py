"""What an output shows of the database, with what is installed: pure, with lines as drivers print them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Context, Output

TRACEBACK = "Traceback (most recent call last):"
BY_SQLALCHEMY = [
    TRACEBACK,
    '  File "/app/app.py", line 3, in <module>',
    "    engine = create_engine(os.environ['DATABASE_URL'])",
    '  File "/venv/lib/python3.13/site-packages/sqlalchemy/dialects/postgresql/psycopg2.py", line 697, in import_dbapi',
    "    import psycopg2",
]
BY_THE_APP = [TRACEBACK, '  File "/app/app.py", line 3, in <module>', "    import psycopg2"]
PSYCOPG2 = "ModuleNotFoundError: No module named 'psycopg2'"
PSYCOPG = "ModuleNotFoundError: No module named 'psycopg'"
OLD, NEW = {"sqlalchemy": "2.0.44"}, {"sqlalchemy": "2.1.3"}
SCHEME = "pulumi config set databaseUrlScheme "


def found(lines, packages, scheme="postgresql", release="", command="gunicorn app:app"):
    return diagnose(Output(lines, command, None, Context(packages, release, scheme)))


@pytest.mark.parametrize(
    ("lines", "packages", "fix"),
    [
        ([*BY_SQLALCHEMY, PSYCOPG2], OLD | {"psycopg": "3.2.13"}, f"psycopg is installed: {SCHEME}postgresql+psycopg"),
        (
            [*BY_SQLALCHEMY, PSYCOPG2],
            OLD | {"pg8000": "1.31"},
            f'{SCHEME}postgresql+pg8000; pulumi config set databaseUrlQuery ""',
        ),
        (
            [*BY_SQLALCHEMY, PSYCOPG2],
            OLD | {"asyncpg": "0.32"},
            f"{SCHEME}postgresql+asyncpg; it has TLS from PGSSLMODE",
        ),
        ([*BY_SQLALCHEMY, PSYCOPG2], OLD, "add psycopg2-binary to the dependencies, or psycopg[binary] and: " + SCHEME),
        # From 2.1 on, postgresql:// means psycopg.
        ([*BY_SQLALCHEMY, PSYCOPG], NEW | {"psycopg2-binary": "2.9"}, f"{SCHEME}postgresql+psycopg2"),
        ([*BY_SQLALCHEMY, PSYCOPG], NEW | {"psycopg2": "2.9"}, f"psycopg2 is installed: {SCHEME}postgresql+psycopg2"),
        ([*BY_SQLALCHEMY, PSYCOPG], NEW, "add psycopg[binary] to the dependencies"),
        # Without frames, what is installed decides.
        ([PSYCOPG2], OLD | {"psycopg": "3.2.13"}, f"{SCHEME}postgresql+psycopg"),
        ([PSYCOPG2], {}, "add psycopg2-binary to the dependencies"),
        # The app's own import has nothing to do with the URL.
        ([*BY_THE_APP, PSYCOPG2], OLD | {"psycopg": "3.2.13"}, "add psycopg2-binary to the dependencies"),
        (
            ["django.core.exceptions.ImproperlyConfigured: Error loading psycopg2 or psycopg module"],
            {"django": "5.2"},
            "add psycopg[binary] to the dependencies",
        ),
    ],
)
def test_a_missing_driver_is_one_setting_if_another_is_installed(lines, packages, fix):
    finding = found(lines, packages)
    assert finding.cause is Cause.NOT_INSTALLED
    assert fix in finding.fix
    assert "not installed" in finding.sentence


def test_the_default_scheme_is_named_if_the_installed_sqlalchemy_means_the_installed_driver():
    asked = [*BY_SQLALCHEMY, PSYCOPG]
    assert found(asked, OLD | {"psycopg2": "2.9"}, "postgresql+psycopg").fix.endswith(f"{SCHEME}postgresql")


@pytest.mark.parametrize(
    ("line", "packages", "scheme", "fix"),
    [
        (
            "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgres",
            OLD | {"psycopg2": "2.9"},
            "postgres",
            f"{SCHEME}postgresql",
        ),
        (
            "sqlalchemy.exc.NoSuchModuleError: Can't load plugin: sqlalchemy.dialects:postgresql.psycopg",
            {"sqlalchemy": "1.4.54", "pg8000": "1.31"},
            "postgresql+psycopg",
            f"{SCHEME}postgresql+pg8000",
        ),
        (
            'psycopg.ProgrammingError: invalid connection option "postgresql+psycopg://u:p@127.0.0.1/app?sslmode"',
            {"psycopg": "3.3"},
            "postgresql+psycopg",
            f"{SCHEME}postgresql",
        ),
        (
            'psycopg2.ProgrammingError: invalid dsn: missing "=" after "postgresql+psycopg2://u:p@127.0.0.1/app"',
            {"psycopg2": "2.9"},
            "postgresql+psycopg2",
            f"{SCHEME}postgresql",
        ),
        (
            "asyncpg.exceptions._base.ClientConfigurationError: invalid DSN: scheme is expected to be either "
            '"postgresql" or "postgres", got \'postgresql+asyncpg\'',
            {"asyncpg": "0.32"},
            "postgresql+asyncpg",
            f"{SCHEME}postgresql",
        ),
        (
            "sqlalchemy.exc.InvalidRequestError: The asyncio extension requires an async driver to be used. The loaded "
            "'psycopg2' is not async.",
            OLD | {"psycopg2": "2.9", "asyncpg": "0.32"},
            "postgresql",
            f"{SCHEME}postgresql+asyncpg",
        ),
        (
            "TypeError: connect() got an unexpected keyword argument 'sslmode'",
            OLD | {"pg8000": "1.31"},
            "postgresql+pg8000",
            "ssl_context",
        ),
        (
            "TypeError: connect() got an unexpected keyword argument 'sslmode'",
            OLD | {"asyncpg": "0.32"},
            "postgresql+asyncpg",
            'pulumi config set databaseUrlQuery ""',
        ),
    ],
)
def test_a_url_that_its_reader_does_not_understand_is_a_setting(line, packages, scheme, fix):
    finding = found([TRACEBACK, line], packages, scheme)
    assert (finding.cause, fix in finding.fix) == (Cause.DATABASE, True), finding


MISSING = [
    ('psycopg.errors.UndefinedTable: relation "post" does not exist', "table post"),
    ('asyncpg.exceptions.UndefinedTableError: relation "post" does not exist', "table post"),
    ("sqlite3.OperationalError: no such table: post", "table post"),
    ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such column: post.title", "column post.title"),
    ("psycopg.errors.UndefinedColumn: column post.title does not exist", "column post.title"),
    ("pymysql.err.ProgrammingError: (1146, \"Table 'app.post' doesn't exist\")", "table app.post"),
    ('psycopg.errors.InvalidSchemaName: schema "shop" does not exist', "schema shop"),
]


@pytest.mark.parametrize(("line", "name"), MISSING)
def test_a_missing_table_names_the_release_command(line, name):
    lines = ["[ERROR] Exception on / [GET]", TRACEBACK, line, "LINE 1: SELECT * FROM post", "        ^"]
    finding = found(lines, {"flask-migrate": "4.1"})
    assert finding.cause is Cause.DATABASE
    assert finding.sentence.startswith(f"the database has no {name} yet, and the app has no release command")
    assert "`release: flask db upgrade` in the Procfile" in finding.fix
    assert "pulumi config set releaseCommand 'flask db upgrade'" in finding.fix
    after = found(lines, {}, release="flask release")
    assert after.sentence == f"the database has no {name}, although the release command `flask release` ended with 0"
    during = found(lines, {}, release="flask seed", command="flask seed")
    assert during.fix == "create it first: `flask db upgrade && flask seed`"


@pytest.mark.parametrize(("line", "name"), MISSING[:1])
def test_a_missing_table_after_a_failed_release_command_is_its_consequence(line, name):
    context = Context({}, "flask db upgrade", release_failed=True)
    finding = diagnose(Output([TRACEBACK, line], "flask run", 1, context))
    assert finding.sentence == f"the database has no {name}, because the release command `flask db upgrade` failed"


@pytest.mark.parametrize(
    ("packages", "folder", "fix"),
    [
        ({"flask-migrate": "4.1", "alembic": "1.17"}, "migrations", "`flask db init && flask db migrate`"),
        ({"alembic": "1.17"}, "/app/alembic", "`alembic init migrations`"),
    ],
)
def test_an_app_without_migrations_is_told_how_to_create_them(packages, folder, fix):
    line = f"Error: Path doesn't exist: {folder}.  Please use the 'init' command to create a new scripts folder."
    finding = found([line], packages, release="flask db upgrade", command="flask db upgrade")
    assert finding.cause is Cause.RELEASE_COMMAND
    assert finding.sentence.endswith(f"there is no folder {folder.rpartition('/')[2]}")
    assert fix in finding.fix


def test_each_framework_has_its_own_migrations():
    line = MISSING[0][0]
    assert "python manage.py migrate --noinput" in found([line], {"django": "5.2"}).fix
    assert "alembic upgrade head" in found([line], {"alembic": "1.17"}).fix
    assert "flask db upgrade" in found([line], {"alembic": "1.17", "flask-migrate": "4.1"}).fix


def test_a_broker_is_not_the_database():
    assert found(["kombu.exceptions.OperationalError: [Errno 111] connection refused by host"], {}) is None


def test_a_connection_that_was_tried_again_is_not_the_cause():
    lines = ["WARNING:db:OperationalError: connection refused, trying again", "connected", TRACEBACK, "KeyError: 'x'"]
    assert found(lines, {}) is None
    boot = ["[ERROR] Exception in worker process", TRACEBACK, "psycopg.OperationalError: connection failed: timeout"]
    finding = diagnose(Output([*boot, "\tIs the server running?", "[INFO] Worker exiting (pid: 8)"], "gunicorn", 3))
    assert finding.cause is Cause.DATABASE
