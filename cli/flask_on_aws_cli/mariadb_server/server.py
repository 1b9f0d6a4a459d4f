"""A MariaDB server: its files and its process."""

import re
import secrets
import signal
import subprocess
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pymysql

from ..local_project.location import HOST
from ..local_project.ports import port_for
from ..server_process.leftovers import end_orphaned_server
from ..server_process.process import ServerError, ServerProcess
from ..server_process.system_account import give_to_server_user, process_options
from ..shared.atomic_files import write_atomically
from ..shared.certificate_authority import Authority
from .accounts import ADMIN, admin_connection, bootstrap_statements, set_parameter
from .binaries import Binaries

# Not `localhost`, by which MySQL's and MariaDB's own client libraries mean a socket file.
ENDPOINT = HOST
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGKILL)
_PID_FILE = "mariadbd.pid"
# Parameters about files and the network, which this module sets and a parameter group must not.
_RESERVED = frozenset(
    {"bind_address", "port", "socket", "datadir", "basedir", "tmpdir", "pid_file", "log_error", "user", "init_file"}
    | {"ssl", "ssl_cert", "ssl_key", "ssl_ca", "ssl_capath", "skip_networking", "skip_name_resolve", "plugin_dir"}
    | {"slow_query_log_file", "general_log_file", "log_output", "secure_file_priv", "require_secure_transport"}
)
# MySQL's collations that MariaDB lacks; both compare by Unicode without case and accents.
_MYSQL_COLLATION = re.compile(r"utf8mb4_0900_\w+")
_COLLATION = "utf8mb4_unicode_ci"


class Server:
    """A server in a dedicated folder; its subfolder `data` is MariaDB's data folder."""

    def __init__(self, folder: Path, binaries: Binaries, authority: Authority) -> None:
        self.folder, self.binaries, self._authority = folder, binaries, authority
        self.data = folder / "data"
        self._process = ServerProcess("MariaDB", folder / "mariadb.log", _STOP_SIGNALS)
        self.port = 0

    def create(self) -> None:
        """Create an empty data folder; its superuser has a random password."""
        self.folder.mkdir(parents=True, exist_ok=True)
        give_to_server_user(self.folder)
        self._write("rdsadmin", secrets.token_urlsafe(32).encode())
        self.run(
            *(self.binaries.install_db, "--no-defaults", f"--datadir={self.data}", f"--tmpdir={self.folder}"),
            *("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"),
        )

    @property
    def _password_file(self) -> Path:
        return self.folder / "rdsadmin"

    def run(self, program: str, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Run one of MariaDB's programs as the servers' user, and return its output.

        Raises:
            ServerError: if it fails.
        """
        result = subprocess.run(  # noqa: S603 a program of MariaDB
            [program, *arguments], cwd=self.folder, input=stdin, capture_output=True, check=False, **process_options()
        )
        if result.returncode:
            message = (result.stderr or result.stdout).decode(errors="replace").strip()[-1000:]
            raise ServerError(f"{Path(program).name} failed: {message}")
        return result.stdout

    def run_client(self, program: str, *arguments: str, stdin: bytes | None = None) -> bytes:
        """Run one of MariaDB's client programs as superuser, and return its output.

        Raises:
            NoMariadbError: if it is not installed.
            ServerError: if it fails.
        """
        # In a file, since other users of the machine can see arguments.
        options = f'[client]\nhost={HOST}\nport={self.port}\nuser={ADMIN}\npassword="{self.admin_password}"\n'
        self._write("client.cnf", f'{options}ssl-ca="{self.ca}"\nssl-verify-server-cert\n'.encode())
        path = self.binaries.client(program)
        return self.run(path, f"--defaults-file={self.folder / 'client.cnf'}", *arguments, stdin=stdin)

    def configure(self, parameters: Mapping[str, str], *, forces_tls: bool) -> None:
        """Write the configuration files; parameters take effect on `apply` or, depending on the parameter, `start`."""
        certificate, key = self._authority.issue(["localhost", HOST])
        self._write("server.crt", certificate)
        self._write("server.key", key)
        statements = bootstrap_statements(self.admin_password)
        self._write("init.sql", "".join(f"{statement};\n" for statement in statements).encode())
        settings = {
            "datadir": str(self.data),
            "pid_file": str(self.data / _PID_FILE),
            "init_file": str(self.folder / "init.sql"),
            "bind_address": HOST,
            "socket": "",  # their paths are limited to 107 characters, a project's is not; and nobody needs one
            "skip_name_resolve": "1",
            "tmpdir": str(self.folder),
            "slow_query_log_file": str(self.folder / "slow.log"),
            "ssl_cert": str(self.folder / "server.crt"),
            "ssl_key": str(self.folder / "server.key"),
            "require_secure_transport": "ON" if forces_tls else "OFF",
            # Less than the defaults, to use little of a laptop's memory and disk.
            "innodb_buffer_pool_size": "32M",
            "innodb_log_file_size": "8M",
            "performance_schema": "OFF",
            **self._supported(parameters),
        }
        lines = [f'{name} = "{_escaped(value)}"\n' for name, value in settings.items()]
        self._write("my.cnf", f"[mariadbd]\n{''.join(lines)}".encode())

    def _supported(self, parameters: Mapping[str, str]) -> dict[str, str]:
        """Parameters of a parameter group that this server has, with the collation that replaces MySQL's."""
        names = self.binaries.parameters - _RESERVED
        # Formulas such as {DBInstanceClassMemory*3/4} are only evaluated on RDS.
        chosen = {name: value for name, value in parameters.items() if name in names and "{" not in value}
        return {name: _COLLATION if _MYSQL_COLLATION.fullmatch(value) else value for name, value in chosen.items()}

    def _write(self, name: str, content: bytes) -> None:
        write_atomically(self.folder / name, content, prepare=give_to_server_user)

    def start(self, port: int) -> None:
        """Start on a port, or on another free one if it is 0 or in use, and wait until it accepts connections."""
        end_orphaned_server(self.data, _PID_FILE, _STOP_SIGNALS)
        self.port = port_for(port)
        command = [self.binaries.server, f"--defaults-file={self.folder / 'my.cnf'}", f"--port={self.port}"]
        self._process.start(command, self.accepts_connections, process_options())

    def accepts_connections(self) -> bool:
        """Whether it accepts connections."""
        try:
            with admin_connection(self.port, self.admin_password, self.ca):
                return True
        except pymysql.MySQLError:
            return False

    @property
    def ca(self) -> Path:
        """The CA certificate that signs the server's certificate."""
        return self._authority.certificate_path

    @property
    def admin_password(self) -> str:
        """The password of the superuser."""
        return self._password_file.read_text()

    @property
    def is_running(self) -> bool:
        """Whether the process that `start` started is running."""
        return self._process.is_running

    def apply(self, parameters: Mapping[str, str], *, forces_tls: bool) -> None:
        """Apply what `configure` has written to the running server; parameters that need a restart wait for it."""
        with admin_connection(self.port, self.admin_password, self.ca) as connection:
            secure = {"require_secure_transport": "ON" if forces_tls else "OFF"}
            for name, value in {**self._supported(parameters), **secure}.items():
                set_parameter(connection, name, value)
            with connection.cursor() as cursor:
                cursor.execute("FLUSH SSL")

    def paused(self) -> AbstractContextManager[None]:
        """Let the server answer nothing until the block ends."""
        return self._process.paused()

    def stop(self) -> None:
        """Close all connections and stop, if possible with a clean shutdown."""
        self._process.stop()


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')
