"""A database server on this machine for one preflight: with TLS and an owner who is not a superuser, as on RDS."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_on_aws.database.engines import ALL_ENGINES
from flask_on_aws.database.parameters import DEFAULTS
from flask_on_aws.runtime_contract.contract import PASSWORD_SPECIAL, PRODUCTS, DatabaseFacts

from ...local_project.project import CACHE
from ...mariadb_server import accounts
from ...mariadb_server import binaries as mariadb_binaries
from ...mariadb_server import server as mariadb
from ...mongodb_server import programs as mongodb_programs
from ...mongodb_server import server as mongodb
from ...postgres_server import binaries, server
from ...postgres_server.roles import admin_connection, create_missing_roles, set_password
from ...server_process.process import ServerError
from ...server_process.system_account import accessible_folder
from ...shared.certificate_authority import Authority
from ...shared.docker_engine import DockerError, label
from ...sqlserver_server import image as sqlserver_image
from ...sqlserver_server import server as sqlserver
from ...sqlserver_server.trust import write_trust
from ..settings import AppSettings

NAME = OWNER = "app"
NO_SERVER = (
    *(binaries.NoPostgresError, mariadb_binaries.NoMariadbError, sqlserver_image.NoSqlServerError),
    *(mongodb_programs.NoMongodbError, ServerError),
)
"""Why there is no database: its programs are missing, or it does not start."""
# Its data is needed only for a minute.
_PARAMETERS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Database:
    """A running database."""

    facts: DatabaseFacts
    password: str
    ca: Path
    """The CA certificate that signs the server's certificate."""
    paused: Callable[[], AbstractContextManager[None]]
    """Lets the server answer nothing until the block ends."""


@contextmanager
def temporary_database(settings: AppSettings) -> Generator[Database]:
    """A database until the block ends.

    Raises:
        one of NO_SERVER: if its programs are missing, or it does not start.
    """
    # Separate from the app's folder, since the server runs as another user, who needs access to it.
    folder = Path(tempfile.mkdtemp(prefix="preflight-database-"))
    folder.chmod(0o755)
    others = {"postgres": _postgres, "sqlserver": _sqlserver, "mongodb": _mongodb}
    run = others.get(PRODUCTS[settings.database_engine], _mariadb)
    try:
        authority = Authority(folder / "ca")
        (folder / "ca").chmod(0o755)
        with run(settings, folder / "server", authority) as database:
            yield database
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _postgres(settings: AppSettings, folder: Path, authority: Authority) -> Generator[Database]:
    major = int(ALL_ENGINES[settings.database_engine].major(settings.database_version))
    postgres = server.Server(folder, binaries.find(major, accessible_folder(CACHE)), authority)
    postgres.create()
    postgres.configure(_PARAMETERS, forces_tls=True)
    try:
        postgres.start(0)
        password = _password()
        with admin_connection(postgres.port, postgres.admin_password) as connection:
            create_missing_roles(connection, OWNER, NAME)
            set_password(connection, OWNER, password)
        facts = database_facts(settings, server.ENDPOINT, postgres.port)
        yield Database(facts, password, authority.certificate_path, postgres.paused)
    finally:
        postgres.stop()


@contextmanager
def _mariadb(settings: AppSettings, folder: Path, authority: Authority) -> Generator[Database]:
    """MariaDB, also for MySQL: with the parameters that the stack's database has by default."""
    database = mariadb.Server(folder, mariadb_binaries.find(), authority)
    database.create()
    database.configure(ALL_ENGINES[settings.database_engine].parameters(DEFAULTS), forces_tls=True)
    try:
        database.start(0)
        password = _password()
        with accounts.admin_connection(database.port, database.admin_password, database.ca) as connection:
            accounts.create_missing_accounts(connection, OWNER, NAME)
            accounts.set_password(connection, OWNER, password)
        facts = database_facts(settings, mariadb.ENDPOINT, database.port)
        yield Database(facts, password, authority.certificate_path, database.paused)
    finally:
        database.stop()


@contextmanager
def _sqlserver(settings: AppSettings, folder: Path, authority: Authority) -> Generator[Database]:
    """SQL Server in a container, with the login and the database that the stack's setup creates on AWS."""
    image = sqlserver_image.check_image(ALL_ENGINES[settings.database_engine].major(settings.database_version))
    write_trust(authority.certificate_path)
    database = sqlserver.Server(
        f"preflight-{secrets.token_hex(6)}", image, authority, sqlserver.new_admin_password(), [label()]
    )
    try:
        database.create()
        database.start(0, "admin", _password())
        password = _password()
        for statements in (sqlserver_image.OWNER, sqlserver_image.DATABASE_OWNER):
            database.execute(statements.format(owner=OWNER, name=NAME, password=password))
        facts = database_facts(settings, sqlserver.ENDPOINT, database.port)
        yield Database(facts, password, authority.certificate_path, database.paused)
    except DockerError as error:
        raise ServerError(str(error)) from error
    finally:
        database.delete()


@contextmanager
def _mongodb(settings: AppSettings, folder: Path, authority: Authority) -> Generator[Database]:
    """mongod or FerretDB, with a master user; a database exists from the first write on."""
    database = mongodb.Server(folder, mongodb_programs.find(accessible_folder(CACHE)), authority)
    database.create()
    try:
        database.start(0)
        password = _password()
        database.set_user(OWNER, password)
        facts = database_facts(settings, mongodb.ENDPOINT, database.port)
        yield Database(facts, password, authority.certificate_path, database.paused)
    finally:
        database.stop()


def _password() -> str:
    return secrets.token_urlsafe(16) + PASSWORD_SPECIAL


def database_facts(settings: AppSettings, host: str, port: int) -> DatabaseFacts:
    """A database's address, in the form that the stack's settings choose."""
    scheme, query = settings.database_scheme, settings.database_query
    return DatabaseFacts(
        host,
        port,
        NAME,
        OWNER,
        scheme,
        query,
        engine=settings.database_engine,
        url_only=settings.database_is_existing,
    )
