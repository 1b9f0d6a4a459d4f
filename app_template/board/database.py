"""The connection to PostgreSQL: what it survives, and how it is read.

A request that needs the database while it is away waits for it, up to the length of an ordinary restart. A request
whose transaction broke is answered with 503, since nobody knows whether it was committed. When the database is away for
longer, everyone is answered 503 at once, so that the threads stay free for what needs no database.
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
"""For so long new requests wait: an ordinary restart takes up to 5 s, and a second for the connection itself."""
_RETRY_SECONDS = 0.1  # between two tries to connect: a database that is back is noticed at once
# An outage that nobody has met for so long is over, whether or not a connection was made since.
_FORGET_SECONDS = 10
_SECRET_SECONDS = 2  # between two looks at the secret, for all threads together
_CONNECT_SECONDS = 3
# Until a connection into the void counts as lost, instead of 15 minutes. With the two waits above it stays below the
# 15 s after which the load balancer gives a silent task up.
_SILENCE_SECONDS = 3
_STATEMENT_SECONDS = 30  # below the 45 s of a request
READ_ONLY = "25006"
"""PostgreSQL's word for a write on a replica: after a failover the old address may lead to one."""
LOST = (OperationalError, InterfaceError, PoolTimeout)
"""What the app answers with 503."""


def engine_options(settings: Settings) -> dict[str, Any]:
    """What Flask-SQLAlchemy makes the engine with."""
    return {
        "pool_size": settings.database_threads,
        "max_overflow": 0,
        "pool_timeout": OUTAGE_SECONDS + _CONNECT_SECONDS,  # one that waits behind one that waits
        "isolation_level": "AUTOCOMMIT",  # of a connection in the pool: as reads want it, which are the most
        "skip_autocommit_rollback": True,
        "execution_options": {"isolation_level": "READ COMMITTED"},  # of sessions, for as long as they hold one
        "pool_recycle": 600,  # seconds; connections move to a new address in the end, even if the old one stays alive
        "hide_parameters": True,  # what people post stays out of the log
        "connect_args": {
            "connect_timeout": _CONNECT_SECONDS,
            "tcp_user_timeout": _SILENCE_SECONDS * 1000,
            # The same while an answer is awaited: nothing is sent then, so a probe must be.
            "keepalives_idle": 1,
            "keepalives_interval": 1,
            "keepalives_count": _SILENCE_SECONDS,
            # After a failover the name may still lead to what is a replica now: not a server to stay with.
            "target_session_attrs": "read-write",
            "options": f"-c statement_timeout={_STATEMENT_SECONDS}s "
            f"-c idle_in_transaction_session_timeout={_STATEMENT_SECONDS}s",
        },
    }


def init_app(app: Flask, settings: Settings) -> None:
    """Give the app's engine its patience, and a second way to read with it."""
    with app.app_context():
        engine = database.engine
    connector = Connector(settings.database_secret_arn, settings.aws_region)
    event.listen(engine, "do_connect", connector.connect)
    event.listen(engine, "handle_error", _leave_replicas)
    event.listen(engine, "checkout", partial(_ping, engine.dialect))
    # The same connections without transactions: one round trip for a query instead of three.
    reader = create_engine(engine.url, pool=engine.pool, skip_autocommit_rollback=True, hide_parameters=True)
    reader.dialect = engine.dialect
    app.extensions["board.reader"] = reader


def read(statement: Select[Any], **values: Any) -> Sequence[Row[Any]]:
    """All rows of a query with the values of its parameters. A query that is made once, outside, costs half the time.

    It is asked again when the connection breaks: reading twice does no harm.
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
    """Make sure that a connection lives before something is written to it: a restart of the database costs no error.

    A query needs no round trip for this, since it is asked again.
    """
    if getattr(_here, "reading", False):
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error  # SQLAlchemy takes a new one


def _leave_replicas(context: Any) -> None:
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


class Connector:
    """Connects, waits while the database is away, and asks for the password that is valid now."""

    def __init__(self, secret_arn: str = "", region: str = "", outage_seconds: float = OUTAGE_SECONDS) -> None:
        self._secret = Secret(secret_arn, region) if secret_arn else None
        self._outage_seconds = outage_seconds
        self._lock = threading.Lock()  # of the two times
        self._began = self._last_failure = float("-inf")
        self._trial = threading.Lock()  # held by the one who tries when the outage is long

    def connect(self, dialect: Any, record: Any, args: Sequence[Any], parameters: Mapping[str, Any]) -> Any:
        """A connection, for SQLAlchemy's event do_connect."""
        if not self._is_long():
            return self._connect_patiently(dialect, args, parameters)
        # To try may take seconds each time. One thread is enough to find out that the database is back.
        if not self._trial.acquire(blocking=False):
            raise dialect.dbapi.OperationalError(
                "the database has been away for some time, and another thread tries it"
            )
        try:
            return self._try(dialect, args, parameters)
        finally:
            self._trial.release()

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
            if secret:  # libpq gives no code for a refused password, so any refusal is worth a look
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
    """The database's user and password in Secrets Manager, as its rotation leaves them: two versions for a moment."""

    def __init__(self, arn: str, region: str) -> None:
        self._arn, self._region = arn, region
        self._lock = threading.Lock()
        self._next_look = float("-inf")
        self._client: Any = None
        self._tried: list[dict[str, str]] = []
        self.parameters: dict[str, str] = {}

    def refresh(self) -> None:
        """Take a version that has not just been refused: the current one first, then the one on its way."""
        with self._lock:
            if time.monotonic() < self._next_look:
                return
            self._next_look = time.monotonic() + _SECRET_SECONDS
            refused = self.parameters
            for stage in ("AWSCURRENT", "AWSPENDING"):
                found = self._version(stage)
                if found and found != refused:
                    self.parameters = found
                    logs.logger.info("database: trying the password %s of the secret", stage)
                    return

    def _version(self, stage: str) -> dict[str, str]:
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._client is None:
                waits = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
                region = self._region or self._arn.split(":")[3]
                self._client = boto3.client("secretsmanager", region_name=region, config=waits)
            answer = self._client.get_secret_value(SecretId=self._arn, VersionStage=stage)
        except (BotoCoreError, ClientError) as error:
            if stage == "AWSCURRENT":  # a version on its way is there only while a rotation runs
                logs.logger.warning("database: the secret cannot be read: %s", error)
            return {}
        return login(answer["SecretString"])


def login(secret: str) -> dict[str, str]:
    """User and password in a secret: RDS's own form, one with our variables' names, an address, or a bare password."""
    try:
        values = json.loads(secret)
    except ValueError:
        values = secret
    if not isinstance(values, dict):
        values = {"DATABASE_URL": secret} if "://" in secret else {"password": secret}
    if "DATABASE_URL" in values:
        parts = urlsplit(values["DATABASE_URL"])
        found = {"user": unquote(parts.username or ""), "password": unquote(parts.password or "")}
    else:
        found = {
            "user": values.get("username") or values.get("PGUSER"),
            "password": values.get("password") or values.get("PGPASSWORD"),
        }
    return {name: value for name, value in found.items() if value}
