"""Connects to PostgreSQL, tolerates restarts and failovers, and runs queries.

A request that needs the database while it is unavailable waits for it, at most for the duration of an ordinary restart.
A request whose transaction is interrupted is answered with 503, because it is unknown whether it was committed. During
a longer outage, requests that need the database are answered with 503 at once, so that threads stay free for others.
"""

import json
import threading
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import Flask, current_app
from sqlalchemy import Dialect, Engine, Row, Select, create_engine, event
from sqlalchemy.exc import DBAPIError, DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from . import logs
from .models import database
from .settings import Settings

OUTAGE_SECONDS = 6
"""Time for which new requests wait: up to 5 s for an ordinary restart, and a second for the connection."""
_RETRY_SECONDS = 0.1  # between two attempts to connect, so that the end of an outage is noticed at once
# An outage counts as over after this time without a failed connection, even if none was attempted.
_FORGET_SECONDS = 10
_SECRET_SECONDS = 2  # between two reads of the secret, by all threads together
_CONNECT_SECONDS = 3
# Until a connection to a server that no longer responds counts as lost, instead of 15 minutes. Together with the two
# waits above, it stays below the 15 s after which the load balancer gives up on a task that does not respond.
_SILENCE_SECONDS = 3
_STATEMENT_SECONDS = 30  # below the 45 s of a request
READ_ONLY = "25006"
"""PostgreSQL's error code for a write on a replica, to which the old address may lead after a failover."""
CONNECTION_ERRORS = (OperationalError, InterfaceError, PoolTimeout)
"""Errors that the app answers with 503."""


def engine_options(settings: Settings) -> dict[str, Any]:
    """The engine options of Flask-SQLAlchemy."""
    return {
        "pool_size": settings.database_threads,
        "max_overflow": 0,
        "pool_timeout": OUTAGE_SECONDS + _CONNECT_SECONDS,  # a request can wait for one that is waiting itself
        "isolation_level": "AUTOCOMMIT",  # of a pooled connection: for reads, which are the majority
        "skip_autocommit_rollback": True,
        "execution_options": {"isolation_level": "READ COMMITTED"},  # of sessions, while they use a connection
        "pool_recycle": 600,  # seconds; connections eventually move to a new address, even if the old one still works
        "hide_parameters": True,  # keeps the content of posts out of the log
        "connect_args": {
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": _SILENCE_SECONDS * 1000,
            # The same limit while waiting for a response, when only probes are sent.
            "keepalives_idle": 1,
            "keepalives_interval": 1,
            "keepalives_count": _SILENCE_SECONDS,
            # After a failover, the name may still lead to the former primary, which is now a replica.
            "target_session_attrs": "read-write",
            "options": f"-c statement_timeout={_STATEMENT_SECONDS}s "
            f"-c idle_in_transaction_session_timeout={_STATEMENT_SECONDS}s",
        },
    }


def init_app(app: Flask, settings: Settings) -> None:
    """Make the app's engine tolerate outages, and add an engine for reads that shares its connections."""
    with app.app_context():
        engine = database.engine
    connector = Connector(settings.database_secret_arn, settings.aws_region)
    event.listen(engine, "do_connect", connector.connect)
    event.listen(engine, "handle_error", _leave_replicas)
    event.listen(engine, "checkout", partial(_ping, engine.dialect))
    # It uses no transactions: one round trip per query instead of three.
    reader = create_engine(engine.url, pool=engine.pool, skip_autocommit_rollback=True, hide_parameters=True)
    reader.dialect = engine.dialect
    app.extensions["board.reader"] = reader


def read(statement: Select[Any], **values: Any) -> Sequence[Row[Any]]:
    """Return all rows of a query, with the values of its parameters. Building a query once saves half the time.

    The query is repeated if the connection breaks, which is safe for reads.
    """
    reader: Engine = current_app.extensions["board.reader"]
    _here.reading = True
    try:
        with reader.connect() as connection:
            return connection.execute(statement, values).all()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
    finally:
        _here.reading = False
    with reader.connect() as connection:
        return connection.execute(statement, values).all()


_here = threading.local()


def _ping(dialect: Dialect, connection: Any, record: Any, proxy: Any) -> None:
    """Check a connection before a write, so that a restart of the database causes no error.

    Reads do not need this round trip, because they are repeated.
    """
    if getattr(_here, "reading", False):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error  # SQLAlchemy opens a new connection


def _leave_replicas(context: Any) -> None:
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


class Connector:
    """Connects to the database, waits while it is unavailable, and reads the current password from the secret."""

    def __init__(self, secret_arn: str = "", region: str = "", outage_seconds: float = OUTAGE_SECONDS) -> None:
        self._secret = Secret(secret_arn, region) if secret_arn else None
        self._outage_seconds = outage_seconds
        self._lock = threading.Lock()  # protects the two times
        self._began = self._last_failure = float("-inf")
        self._attempt = threading.Lock()  # held by the thread that tries to connect during a long outage

    def connect(self, dialect: Any, record: Any, args: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
        """Open a connection; handles SQLAlchemy's event do_connect."""
        if not self._is_long():
            return self._connect_patiently(dialect, args, parameters)
        # An attempt may take seconds, and one thread is enough to notice the end of the outage.
        if not self._attempt.acquire(blocking=False):
            raise dialect.dbapi.OperationalError(
                "the database has been unavailable for some time, and another thread is trying to connect"
            )
        try:
            return self._try(dialect, args, parameters)
        finally:
            self._attempt.release()

    def _connect_patiently(self, dialect: Any, args: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
        while True:
            try:
                return self._try(dialect, args, parameters)
            except dialect.dbapi.OperationalError:
                if self._is_long():
                    raise
            time.sleep(_RETRY_SECONDS)

    def _try(self, dialect: Any, args: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
        secret = self._secret
        try:
            connection = dialect.connect(*args, **{**parameters, **(secret.parameters if secret else {})})
        except dialect.dbapi.OperationalError:
            self._remember_failure()
            if secret:  # libpq has no error code for a wrong password, so any error can mean one
                secret.refresh()
            raise
        with self._lock:
            self._began = self._last_failure = float("-inf")
        return connection

    def _remember_failure(self) -> None:
        now = time.monotonic()
        with self._lock:
            if now - self._last_failure > _FORGET_SECONDS:
                self._began = now
            self._last_failure = now

    def _is_long(self) -> bool:
        now = time.monotonic()
        with self._lock:
            return now - self._last_failure <= _FORGET_SECONDS and now - self._began > self._outage_seconds


class Secret:
    """User and password in Secrets Manager; while the secret is being rotated, two versions may be valid."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn, self._region = arn, region
        self._lock = threading.Lock()
        self._next_read = float("-inf")
        self._client: Any = None
        self.parameters: dict[str, str] = {}

    def refresh(self) -> None:
        """Switch to a version that was not just rejected: the current one, else the pending one."""
        with self._lock:
            if time.monotonic() < self._next_read:
                return
            self._next_read = time.monotonic() + _SECRET_SECONDS
            rejected = self.parameters
            for stage in ("AWSCURRENT", "AWSPENDING"):
                version = self._version(stage)
                if version and version != rejected:
                    self.parameters = version
                    logs.logger.info("database: trying the password %s of the secret", stage)
                    return

    def _version(self, stage: str) -> dict[str, str]:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._client is None:
                config = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
                region = self._region or self._arn.split(":")[3]
                self._client = boto3.client("secretsmanager", region_name=region, config=config)
            response = self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except (BotoCoreError, ClientError) as error:
            if stage == "AWSCURRENT":  # a pending version only exists during a rotation
                logs.logger.warning("database: the secret cannot be read: %s", error)
            return {}
        return login(response["SecretString"])


def login(secret: str) -> dict[str, str]:
    """User and password in a secret: in the format of RDS, with the app's variable names, a URL, or only a password."""
    try:
        values = json.loads(secret)
    except ValueError:
        values = secret
    if not isinstance(values, dict):
        values = {"DATABASE_URL": secret} if "://" in secret else {"password": secret}
    if "DATABASE_URL" in values:
        parts = urlsplit(values["DATABASE_URL"])
        parameters = {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    else:
        parameters = {
            "user": values.get("username") or values.get("PGUSER"),
            "password": values.get("password") or values.get("PGPASSWORD"),
        }
    return {name: value for name, value in parameters.items() if value}
