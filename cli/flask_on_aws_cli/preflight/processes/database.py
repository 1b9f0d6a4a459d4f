"""A PostgreSQL server on this machine for one preflight: with TLS and an owner who is not a superuser, as on RDS."""

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_on_aws.runtime_contract.contract import PASSWORD_SPECIAL, DatabaseFacts

from ...local_project.project import CACHE
from ...postgres_server.binaries import find
from ...postgres_server.roles import admin_connection, create_missing_roles, set_password
from ...postgres_server.server import ENDPOINT, Server
from ...postgres_server.system_account import accessible_folder
from ...shared.certificate_authority import Authority
from ..settings import AppSettings

NAME = OWNER = "app"
# Its data is needed only for a minute.
_PARAMETERS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


@dataclass(frozen=True)
class Database:
    """A running database."""

    facts: DatabaseFacts
    password: str
    ca: Path
    """The CA certificate that signs the server's certificate."""


@contextmanager
def temporary_database(settings: AppSettings) -> Generator[Database]:
    """A database until the block ends.

    Raises:
        NoPostgresError: if PostgreSQL is not installed and cannot be downloaded.
        ServerError: if the server does not start.
    """
    # Separate from the app's folder, since the server runs as another user, who needs access to it.
    folder = Path(tempfile.mkdtemp(prefix="preflight-database-"))
    folder.chmod(0o755)
    try:
        authority = Authority(folder / "ca")
        (folder / "ca").chmod(0o755)
        server = Server(folder / "server", find(settings.database_major, accessible_folder(CACHE)), authority)
        server.create()
        server.configure(_PARAMETERS, forces_tls=True)
        try:
            server.start(0)
            password = secrets.token_urlsafe(16) + PASSWORD_SPECIAL
            with admin_connection(server.port, server.admin_password) as connection:
                create_missing_roles(connection, OWNER, NAME)
                set_password(connection, OWNER, password)
            yield Database(database_facts(settings, ENDPOINT, server.port), password, authority.certificate_path)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def database_facts(settings: AppSettings, host: str, port: int) -> DatabaseFacts:
    """A database's address, in the form that the stack's settings choose."""
    return DatabaseFacts(host, port, NAME, OWNER, settings.database_scheme, settings.database_query)
