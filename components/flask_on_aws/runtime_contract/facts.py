"""What the variables of an app are computed from: the facts of its stack, and a row of the table of variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .database_url import tls_query
from .task_sizes import web_concurrency
from .timers import TIMERS, Timers

# Where images keep the RDS root certificates. A dedicated directory: an init container mounts a volume there, and a
# volume over /etc/ssl/certs would hide all other certificates.
CA_PATH = "/etc/rds-ca/rds-ca-bundle.pem"
# Scheme of the cache's URL, by which clients of Redis and Valkey use TLS.
CACHE_SCHEME = "rediss"


@dataclass(frozen=True)
class Service:
    """A service that an app may use."""

    is_default: bool
    """Whether an app uses it by default."""
    fact: str
    """The field of `Facts` that is None for an app without it."""
    placeholder: str = ""
    """That field's value where there is no AWS, with `{region}` in it; empty for what then runs locally."""
    endpoint: str = ""
    """The end of its interface endpoint's name, like sqs in com.amazonaws.REGION.sqs; empty where an app reaches it without one."""


SERVICES: Mapping[str, Service] = {
    "database": Service(True, "database"),
    "bucket": Service(True, "bucket_name", "preflight-media"),
    "queue": Service(False, "queue_url", "https://sqs.{region}.amazonaws.com/123456789012/preflight-queue", "sqs"),
    "cache": Service(False, "cache"),
}
"""The services, by the argument and the attribute of FlaskApp; the argument is `none` for an app without the service."""


@dataclass(frozen=True)
class DatabaseFacts:
    """How to reach the database, without its password."""

    host: str
    port: int
    name: str
    user: str
    scheme: str = "postgresql"
    query: str | None = None
    """Query of the URL; None means verified TLS in the parameters of the scheme's driver, and "" no query."""
    ca_path: str = CA_PATH
    secret_arn: str = ""
    """ARN of a secret with `username` and `password`; empty where there is no Secrets Manager."""
    engine: str = "postgres"
    """The engine's name in the setting `database`."""
    url_only: bool = False
    """Whether the app gets the URL alone, as that of a database that the stack did not create."""


@dataclass(frozen=True)
class CacheFacts:
    """How to reach the cache, without its token."""

    host: str
    port: int
    use: str = "cache"
    """`cache` or `queue`."""


@dataclass(frozen=True)
class MediaFacts:
    """How visitors reach the bucket's files on CloudFront."""

    url: str
    """Address of the folder, with a trailing slash."""
    prefix: str
    """The folder in the bucket, with a trailing slash."""
    key_pair_id: str | None = None
    """Id of the public key for signed links; None or empty: everybody may read the files."""


@dataclass(frozen=True)
class Facts:
    """Everything about a stack that its app may need to know, without the secrets."""

    port: int
    external_url: str
    proxy_depth: int
    environment: str
    region: str
    release: str
    cpu: int
    memory: int
    debug: bool
    database: DatabaseFacts | None
    bucket_name: str | None
    storage_dsn: str | None
    queue_url: str | None = None
    cache: CacheFacts | None = None
    media: MediaFacts | None = None
    compat: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    git_branch: str = ""
    dual_stack: bool = False
    """Whether tasks reach AWS over IPv6 alone."""
    timers: Timers = TIMERS


@dataclass(frozen=True)
class Inputs:
    """What a row of the table computes its value from: the facts, and for secret variables the secrets."""

    facts: Facts
    password: str = ""
    secret_key: str = ""
    previous_key: str = ""
    """The key before `secret_key`, whose signatures are still valid; empty for none."""
    cache_token: str = ""
    media_private_key: str = ""
    """Where the app has no secret of its own with the key; empty elsewhere."""

    @property
    def media(self) -> MediaFacts:
        """The files on CloudFront, for rows that need them."""
        if self.facts.media is None:
            raise LookupError("This variable needs files on CloudFront; its row must say so.")
        return self.facts.media

    @property
    def database(self) -> DatabaseFacts:
        """The database, for rows that need one."""
        if self.facts.database is None:
            raise LookupError("This variable needs a database; its row must say so.")
        return self.facts.database

    @property
    def database_query(self) -> str:
        """The query of the database's URL, for rows that need a database."""
        return query_of(self.database)

    @property
    def cache(self) -> CacheFacts:
        """The cache, for rows that need one."""
        if self.facts.cache is None:
            raise LookupError("This variable needs a cache; its row must say so.")
        return self.facts.cache

    @property
    def workers(self) -> int:
        """Processes of the server."""
        return web_concurrency(self.facts.cpu, self.facts.memory)[0]

    @property
    def threads(self) -> int:
        """Threads of each process."""
        return web_concurrency(self.facts.cpu, self.facts.memory)[1]


@dataclass(frozen=True)
class Variable:
    """One row: a variable, how it is delivered, what it means, and when it is set."""

    name: str
    kind: str
    """`plain` or `secret`."""
    meaning: str
    value: Callable[[Inputs], str | int]
    needs: str = ""
    """A name in `NEEDS`; empty: nothing."""
    preset: str = ""
    """The compatibility preset that adds it; empty: always there."""
    is_default: bool = False
    """Whether an app may replace it without listing it in `override_env`."""


def database_url(database: DatabaseFacts, password: str) -> str:
    """URL of the database, with each part percent-encoded where it must be: passwords may hold any character.

    A query's slashes need no encoding, so a stack's URL contains no %: Alembic's configuration, to which many migrations
    pass it unchanged, would interpret each as a reference and reject the URL.
    """
    user, secret, host, name = (
        quote(part, safe="") for part in (database.user, password, database.host, database.name)
    )
    query = query_of(database)
    return f"{database.scheme}://{user}:{secret}@{host}:{database.port}/{name}{f'?{query}' if query else ''}"


def query_of(database: DatabaseFacts) -> str:
    """The query of the database's URL."""
    if database.query is not None:
        return database.query
    return tls_query(database.engine, database.scheme, database.ca_path)


def cache_url(cache: CacheFacts, token: str) -> str:
    """URL of the cache. redis-py verifies the certificate without its query, but Celery rejects a URL without it."""
    return f"{CACHE_SCHEME}://:{quote(token, safe='')}@{cache.host}:{cache.port}/0?ssl_cert_reqs=required"


def url_of(inputs: Inputs) -> str:
    """URL of the database."""
    return database_url(inputs.database, inputs.password)


def cache_url_of(inputs: Inputs) -> str:
    """URL of the cache."""
    return cache_url(inputs.cache, inputs.cache_token)


def hostname(inputs: Inputs) -> str:
    """Host of the app's public address."""
    return urlsplit(inputs.facts.external_url).hostname or ""


def bind(port: int | str) -> str:
    """The address on which a server listens on a port."""
    return f"0.0.0.0:{port}"
