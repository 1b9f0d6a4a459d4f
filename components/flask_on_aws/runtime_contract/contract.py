"""The runtime contract: the variables in an app's environment, in one table.

Pure functions of plain values (standard library only), so that the AWS stack, the local stack, the export of an
environment, the documentation and the check of a container all use the same list. A new variable is one new row.
"""

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from .database_url import PRODUCTS as PRODUCTS
from .database_url import URLS as URLS
from .database_url import product_of as product_of
from .database_url import tls_query
from .servers import FORWARDERS, UWSGI_ON_START
from .task_sizes import fargate_size_problems as fargate_size_problems
from .task_sizes import web_concurrency as web_concurrency
from .timers import TIMERS as TIMERS
from .timers import Timers as Timers
from .timers import timer_problems as timer_problems

BROKER = "broker"
"""What variables need that only a cache used as a queue has; an app's needs include it, see `plain_names`."""
SECRET_KEY_FALLBACKS = "SECRET_KEY_FALLBACKS"  # noqa: S105 a name
COMPAT = ("adaptable", "divio", "upsun", "gunicorn-tutorial")

# Where images keep the RDS root certificates. A dedicated directory: an init container mounts a volume there, and a
# volume over /etc/ssl/certs would hide all other certificates.
CA_PATH = "/etc/rds-ca/rds-ca-bundle.pem"

# RDS forbids / @ " and the space. These four also need no escaping in a URL, a shell or Alembic's ini file.
PASSWORD_SPECIAL = "-_.~"  # noqa: S105
# Upsun's names of a product's relationship and of its scheme: https://docs.upsun.com/add-services/postgresql.html,
# https://docs.upsun.com/add-services/mysql.html
_UPSUN = {"postgres": ("postgresql", "pgsql"), "mysql": ("mysql", "mysql"), "mariadb": ("mariadb", "mysql")}
# What a product's variables need, besides those that every database has.
_PRODUCT_NEEDS = {"postgres": ("postgres",), "mysql": ("mysql",), "mariadb": ("mysql", "mariadb")}
_DATABASE_NEEDS = ("database", "postgres", "mysql", "mariadb")
_STAGES = {"development": "local", "staging": "test", "production": "live"}
_APP_ENVS = {"development": "Dev", "staging": "Staging", "production": "Production"}
_ONE_YEAR = 31556926  # seconds, as Upsun has it


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

    @property
    def database(self) -> DatabaseFacts:
        """The database, for rows that need one."""
        if self.facts.database is None:
            raise LookupError("This variable needs a database; its row must say so.")
        return self.facts.database

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


def _has(fact: str) -> Callable[[Inputs], bool]:
    return lambda inputs: getattr(inputs.facts, fact) is not None


def _has_engine(need: str) -> Callable[[Inputs], bool]:
    return lambda inputs: (
        inputs.facts.database is not None and need in _PRODUCT_NEEDS[PRODUCTS[inputs.facts.database.engine]]
    )


NEEDS: Mapping[str, Callable[[Inputs], bool]] = {
    **{name: _has(service.fact) for name, service in SERVICES.items()},
    **{need: _has_engine(need) for need in ("postgres", "mysql", "mariadb")},
    "storage": _has("storage_dsn"),
    BROKER: lambda inputs: inputs.facts.cache is not None and inputs.facts.cache.use == "queue",
    "dual_stack": lambda inputs: inputs.facts.dual_stack,
    "previous_key": lambda inputs: bool(inputs.previous_key),
}
"""What a variable may depend on, each with its condition."""


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
    query = database.query
    if query is None:
        query = tls_query(database.engine, database.scheme, database.ca_path)
    return f"{database.scheme}://{user}:{secret}@{host}:{database.port}/{name}{f'?{query}' if query else ''}"


def cache_url(cache: CacheFacts, token: str) -> str:
    """URL of the cache. redis-py verifies the certificate without its query, but Celery rejects a URL without it."""
    return f"rediss://:{quote(token, safe='')}@{cache.host}:{cache.port}/0?ssl_cert_reqs=required"


def _gunicorn_arguments(inputs: Inputs) -> str:
    """No worker class: more than one thread turns gunicorn's default into gthread, and the app may choose another."""
    timers = inputs.facts.timers
    return (
        f"--keep-alive {timers.keep_alive} --timeout {timers.request_timeout} --graceful-timeout {timers.graceful} "
        # The heartbeat file is in memory: on a disk it may block, and a healthy worker would seem stuck.
        f"--worker-tmp-dir /dev/shm --threads {inputs.threads}"
    )


def _relationships(inputs: Inputs) -> str:
    database = inputs.database
    product = PRODUCTS[database.engine]
    name, scheme = _UPSUN[product]
    relationship = {
        "host": database.host,
        "port": database.port,
        "path": database.name,
        "username": database.user,
        "password": inputs.password,
        "scheme": scheme,
        "rel": "postgresql" if product == "postgres" else "mysql",
        "query": {"is_master": True},
    }
    return base64.b64encode(json.dumps({name: [relationship]}).encode()).decode()


def _upsun_scheme(inputs: Inputs) -> str:
    return _UPSUN[PRODUCTS[inputs.database.engine]][1]


def _url(inputs: Inputs) -> str:
    return database_url(inputs.database, inputs.password)


def _cache_url(inputs: Inputs) -> str:
    return cache_url(inputs.cache, inputs.cache_token)


def _bind(port: int | str) -> str:
    return f"0.0.0.0:{port}"


def _hostname(inputs: Inputs) -> str:
    return urlsplit(inputs.facts.external_url).hostname or ""


VARIABLES: tuple[Variable, ...] = (
    Variable("PORT", "plain", "Port to listen on, on `0.0.0.0`", lambda k: k.facts.port),
    Variable("EXTERNAL_URL", "plain", "Public address of the app, always https, without a trailing slash", lambda k: k.facts.external_url.rstrip("/")),
    Variable("EXTERNAL_HOSTNAME", "plain", "Host of `EXTERNAL_URL`, without a port", _hostname),
    Variable("TRUST_PROXY_DEPTH", "plain", "Number of proxies to trust in `X-Forwarded-For`", lambda k: k.facts.proxy_depth),
    Variable("ADAPTABLE_TRUST_PROXY_DEPTH", "plain", "The same as `TRUST_PROXY_DEPTH`", lambda k: k.facts.proxy_depth),
    Variable("SECRET_KEY", "secret", "Random key that signs sessions; it stays the same for the life of the stack", lambda k: k.secret_key),
    Variable(SECRET_KEY_FALLBACKS, "secret", "Earlier keys, separated by commas, whose signatures are still valid; as a list, it is Flask's setting of this name", lambda k: k.previous_key, "previous_key"),
    Variable("APP_ENV", "plain", "`Production`, `Staging` or `Dev`", lambda k: _APP_ENVS[k.facts.environment]),
    Variable("FLASK_ENV", "plain", "`production`, `staging` or `development`", lambda k: k.facts.environment),
    Variable("FLASK_DEBUG", "plain", "1 for Flask's debugger, otherwise 0", lambda k: int(k.facts.debug)),
    Variable("LOG_LEVEL", "plain", "`debug` in development, otherwise `info`", lambda k: "debug" if k.facts.environment == "development" else "info"),
    Variable("SEND_FILE_MAX_AGE_DEFAULT", "plain", "Seconds to cache static files: a year in production, otherwise 0", lambda k: _ONE_YEAR if k.facts.environment == "production" else 0),
    Variable("AWS_REGION", "plain", "AWS region of the stack", lambda k: k.facts.region),
    Variable("AWS_USE_DUALSTACK_ENDPOINT", "plain", "`true` if tasks have only IPv6, so that boto3 uses AWS's dual-stack endpoints", lambda k: "true", "dual_stack"),
    Variable("RELEASE", "plain", "Image digest or git revision", lambda k: k.facts.release),
    Variable("WEB_CONCURRENCY", "plain", "Number of gunicorn's processes, derived from the task's CPU and memory", lambda k: k.workers),
    Variable("GUNICORN_CMD_ARGS", "plain", "gunicorn's settings that match the load balancer's: timeouts, keep-alive, threads", _gunicorn_arguments),
    Variable("GRANIAN_WORKERS", "plain", "Number of granian's processes; granian does not read `WEB_CONCURRENCY`", lambda k: k.workers),
    Variable("GRANIAN_HTTP1_HEADER_READ_TIMEOUT", "plain", "Milliseconds for which granian keeps an idle connection", lambda k: k.facts.timers.granian_header_read_ms),
    Variable("FORWARDED_ALLOW_IPS", "plain", "Addresses from which gunicorn accepts the scheme: all, since only the load balancer can connect", lambda k: "*"),
    Variable("UVICORN_FORWARDED_ALLOW_IPS", "plain", "Addresses from which uvicorn accepts the visitor's address and the scheme: private ones, so that no visitor's own header is believed", lambda k: FORWARDERS, is_default=True),
    Variable("UVICORN_TIMEOUT_KEEP_ALIVE", "plain", "Seconds for which uvicorn keeps an idle connection", lambda k: k.facts.timers.keep_alive, is_default=True),
    Variable("UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN", "plain", "Seconds for uvicorn to finish its requests after SIGTERM", lambda k: k.facts.timers.graceful, is_default=True),
    Variable("UWSGI_MASTER", "plain", "Starts uWSGI's master process, which handles signals", lambda k: "true", is_default=True),
    Variable("UWSGI_HTTP_KEEPALIVE", "plain", "Seconds for which uWSGI's `--http` keeps an idle connection", lambda k: k.facts.timers.keep_alive, is_default=True),
    Variable("UWSGI_HOOK_MASTER_START", "plain", "Makes uWSGI finish its requests and end at SIGTERM", lambda k: UWSGI_ON_START, is_default=True),
    Variable("SANIC_KEEP_ALIVE_TIMEOUT", "plain", "Seconds for which Sanic keeps an idle connection", lambda k: k.facts.timers.keep_alive, is_default=True),
    Variable("SANIC_GRACEFUL_SHUTDOWN_TIMEOUT", "plain", "Seconds for Sanic to finish its requests after SIGTERM", lambda k: k.facts.timers.graceful, is_default=True),
    Variable("SANIC_PROXIES_COUNT", "plain", "Number of proxies that Sanic trusts in `X-Forwarded-For`", lambda k: k.facts.proxy_depth, is_default=True),
    Variable("DATABASE_URL", "secret", "URL of the database, with each part percent-encoded", _url, "database"),
    Variable("DATABASE_SECRET_ARN", "plain", "ARN of the JSON secret with the current `username` and `password`, for when the database rejects those that the task was started with", lambda k: k.database.secret_arn, "database"),
    Variable("PGHOST", "plain", "Host of the database", lambda k: k.database.host, "postgres"),
    Variable("PGPORT", "plain", "Port of the database", lambda k: k.database.port, "postgres"),
    Variable("PGUSER", "plain", "User of the database", lambda k: k.database.user, "postgres"),
    Variable("PGDATABASE", "plain", "Name of the database", lambda k: k.database.name, "postgres"),
    Variable("PGPASSWORD", "secret", "Password of the database", lambda k: k.password, "postgres"),
    Variable("PGSSLMODE", "plain", "Always `verify-full`", lambda k: "verify-full", "postgres"),
    Variable("PGSSLROOTCERT", "plain", "File with the root certificates of the database", lambda k: k.database.ca_path, "postgres"),
    Variable("MYSQL_HOST", "plain", "Host of the database", lambda k: k.database.host, "mysql"),
    Variable("MYSQL_TCP_PORT", "plain", "Port of the database, as MySQL's own programs read it", lambda k: k.database.port, "mysql"),
    Variable("MYSQL_PORT", "plain", "Port of the database", lambda k: k.database.port, "mysql"),
    Variable("MYSQL_USER", "plain", "User of the database", lambda k: k.database.user, "mysql"),
    Variable("MYSQL_DATABASE", "plain", "Name of the database", lambda k: k.database.name, "mysql"),
    Variable("MYSQL_PASSWORD", "secret", "Password of the database", lambda k: k.password, "mysql"),
    Variable("MYSQL_SSL_CA", "plain", "File with the root certificates of the database", lambda k: k.database.ca_path, "mysql"),
    Variable("MEDIA_BUCKET", "plain", "Name of the bucket for media files", lambda k: k.facts.bucket_name or "", "bucket"),
    Variable("DEFAULT_STORAGE_DSN", "plain", "URL of the bucket for django-storage-url, without keys", lambda k: k.facts.storage_dsn or "", "storage"),
    Variable("QUEUE_URL", "plain", "URL of the SQS queue for background jobs", lambda k: k.facts.queue_url or "", "queue"),
    Variable("REDIS_URL", "secret", "URL of the cache, with TLS and its token", _cache_url, "cache"),
    Variable("REDIS_HOST", "plain", "Host of the cache", lambda k: k.cache.host, "cache"),
    Variable("REDIS_PORT", "plain", "Port of the cache, which accepts only TLS", lambda k: k.cache.port, "cache"),
    Variable("REDIS_PASSWORD", "secret", "Token of the cache, the password of its default user", lambda k: k.cache_token, "cache"),
    # Celery reads it itself, and prefers it to the app's own configuration: only where losing a job is not expected.
    Variable("CELERY_BROKER_URL", "secret", "The same as `REDIS_URL`, only with `cacheUse: queue`; Celery reads it itself", _cache_url, BROKER, is_default=True),
    Variable("DOMAIN", "plain", "The same as `EXTERNAL_HOSTNAME`", _hostname, preset="divio"),
    Variable("DOMAIN_ALIASES", "plain", "Other domains, separated by commas", lambda k: ",".join(k.facts.aliases), preset="divio"),
    # The load balancer redirects. An app that did it too would redirect the health check, and everyone when the last hop is HTTP.
    Variable("SECURE_SSL_REDIRECT", "plain", "Always `False`: the load balancer redirects to HTTPS", lambda k: "False", preset="divio"),
    Variable("STAGE", "plain", "`live`, `test` or `local`", lambda k: _STAGES[k.facts.environment], preset="divio"),
    Variable("GIT_BRANCH", "plain", "Git branch of the release; empty if unknown", lambda k: k.facts.git_branch, preset="divio"),
    Variable("DEFAULT_DATABASE_DSN", "secret", "The same as `DATABASE_URL`", _url, "database", "divio"),
    Variable("PLATFORM_ENVIRONMENT_TYPE", "plain", "The same as `FLASK_ENV`", lambda k: k.facts.environment, preset="upsun"),
    Variable("PLATFORM_PROJECT_ENTROPY", "secret", "The same as `SECRET_KEY`", lambda k: k.secret_key, preset="upsun"),
    Variable("PLATFORM_RELATIONSHIPS", "secret", "The database, as base64-encoded JSON", _relationships, "database", "upsun"),
    Variable("DB_HOST", "plain", "Host of the database", lambda k: k.database.host, "database", "upsun"),
    Variable("DB_PORT", "plain", "Port of the database", lambda k: k.database.port, "database", "upsun"),
    Variable("DB_PATH", "plain", "Name of the database", lambda k: k.database.name, "database", "upsun"),
    Variable("DB_DATABASE", "plain", "Name of the database", lambda k: k.database.name, "database", "upsun"),
    Variable("DB_USERNAME", "plain", "User of the database", lambda k: k.database.user, "database", "upsun"),
    Variable("DB_PASSWORD", "secret", "Password of the database", lambda k: k.password, "database", "upsun"),
    Variable("DB_SCHEME", "plain", "Scheme of `DATABASE_URL`", lambda k: k.database.scheme, "database", "upsun"),
    Variable("DB_CONNECTION", "plain", "Upsun's name of the scheme, `pgsql` or `mysql`", _upsun_scheme, "database", "upsun"),
    Variable("POSTGRESQL_HOST", "plain", "The same as `PGHOST`", lambda k: k.database.host, "postgres", "upsun"),
    Variable("POSTGRESQL_PORT", "plain", "The same as `PGPORT`", lambda k: k.database.port, "postgres", "upsun"),
    Variable("POSTGRESQL_PATH", "plain", "The same as `PGDATABASE`", lambda k: k.database.name, "postgres", "upsun"),
    Variable("POSTGRESQL_USERNAME", "plain", "The same as `PGUSER`", lambda k: k.database.user, "postgres", "upsun"),
    Variable("POSTGRESQL_PASSWORD", "secret", "The same as `PGPASSWORD`", lambda k: k.password, "postgres", "upsun"),
    Variable("POSTGRESQL_SCHEME", "plain", "The same as `DB_CONNECTION`", _upsun_scheme, "postgres", "upsun"),
    Variable("MYSQL_PATH", "plain", "The same as `MYSQL_DATABASE`", lambda k: k.database.name, "mysql", "upsun"),
    Variable("MYSQL_USERNAME", "plain", "The same as `MYSQL_USER`", lambda k: k.database.user, "mysql", "upsun"),
    Variable("MYSQL_SCHEME", "plain", "The same as `DB_CONNECTION`", _upsun_scheme, "mysql", "upsun"),
    Variable("MARIADB_HOST", "plain", "The same as `MYSQL_HOST`", lambda k: k.database.host, "mariadb", "upsun"),
    Variable("MARIADB_PORT", "plain", "The same as `MYSQL_PORT`", lambda k: k.database.port, "mariadb", "upsun"),
    Variable("MARIADB_PATH", "plain", "The same as `MYSQL_DATABASE`", lambda k: k.database.name, "mariadb", "upsun"),
    Variable("MARIADB_USERNAME", "plain", "The same as `MYSQL_USER`", lambda k: k.database.user, "mariadb", "upsun"),
    Variable("MARIADB_PASSWORD", "secret", "The same as `MYSQL_PASSWORD`", lambda k: k.password, "mariadb", "upsun"),
    Variable("MARIADB_SCHEME", "plain", "The same as `DB_CONNECTION`", _upsun_scheme, "mariadb", "upsun"),
    Variable("DB_CONNECTION_STRING", "secret", "The same as `DATABASE_URL`; the tutorial's page shows it to every visitor, so remove it there", _url, "database", "gunicorn-tutorial"),
    Variable("GUNICORN_PROCESSES", "plain", "The same as `WEB_CONCURRENCY`", lambda k: k.workers, preset="gunicorn-tutorial"),
    Variable("GUNICORN_THREADS", "plain", "Threads per process of gunicorn", lambda k: k.threads, preset="gunicorn-tutorial"),
    Variable("GUNICORN_BIND", "plain", "Address to listen on", lambda k: _bind(k.facts.port), preset="gunicorn-tutorial"),
)  # fmt: skip


def plain_environment(facts: Facts) -> dict[str, str]:
    """Every plain variable with its value, sorted by name."""
    return _values("plain", Inputs(facts))


def with_port(environment: Mapping[str, str], port: int) -> dict[str, str]:
    """An environment whose app has to listen on another port than the stack's, in every variable that names it."""
    former = _bind(environment.get("PORT", ""))
    moved = {name: _bind(port) for name, value in environment.items() if value == former}
    return {**environment, **moved, "PORT": str(port)}


def secret_values(
    facts: Facts, password: str, secret_key: str, previous_key: str = "", cache_token: str = ""
) -> dict[str, str]:
    """Every secret variable with its value, sorted by name."""
    return _values("secret", Inputs(facts, password, secret_key, previous_key, cache_token))


def plain_names(services: Collection[str], compat: Collection[str], engine: str = "postgres") -> tuple[str, ...]:
    """Names of the plain variables of an app that uses some of `SERVICES`, and perhaps `BROKER`, sorted.

    `engine` is that of its database.

    AWS_USE_DUALSTACK_ENDPOINT is not among them: an app may override it.
    """
    storage = {"storage"} if "bucket" in services else set[str]()
    return tuple(variable.name for variable in _chosen("plain", _needs(services, engine) | storage, compat))


def reserved_names(services: Collection[str], compat: Collection[str], engine: str = "postgres") -> set[str]:
    """Names of all variables that an app may not set unless `override_env` lists them."""
    defaults = {variable.name for variable in VARIABLES if variable.is_default}
    return {*plain_names(services, compat, engine), *secret_names(services, compat, engine)} - defaults


def secret_names(services: Collection[str], compat: Collection[str], engine: str = "postgres") -> tuple[str, ...]:
    """Names of the secret variables of an app that uses some of `SERVICES`, and perhaps `BROKER`, sorted.

    `engine` is that of its database.

    SECRET_KEY_FALLBACKS, which only some stacks have, is not among them.
    """
    return tuple(variable.name for variable in _chosen("secret", _needs(services, engine), compat))


def url_names(compat: Collection[str]) -> tuple[str, ...]:
    """Names of the secret variables that hold the URL of the database, sorted."""
    return tuple(sorted(row.name for row in VARIABLES if row.value is _url and row.preset in ("", *compat)))


def _needs(services: Collection[str], engine: str) -> set[str]:
    return {*services, *(_PRODUCT_NEEDS[PRODUCTS[engine]] if "database" in services else ())}


def _values(kind: str, inputs: Inputs) -> dict[str, str]:
    needs = [name for name, is_met in NEEDS.items() if is_met(inputs)]
    chosen = _chosen(kind, needs, inputs.facts.compat)
    if inputs.facts.database and inputs.facts.database.url_only:
        chosen = [variable for variable in chosen if variable.needs not in _DATABASE_NEEDS or variable.value is _url]
    return {variable.name: str(variable.value(inputs)) for variable in chosen}


def _chosen(kind: str, needs: Collection[str], compat: Collection[str]) -> list[Variable]:
    chosen = (v for v in VARIABLES if v.kind == kind and v.needs in ("", *needs) and v.preset in ("", *compat))
    return sorted(chosen, key=lambda variable: variable.name)


def variable_problems(
    names: Iterable[str], reserved: Collection[str], override_env: Collection[str]
) -> Iterator[tuple[str, str]]:
    """What is wrong with the user's variables: each name with a sentence.

    `names` are those of `env` followed by those of `secrets`, so a name that comes twice is in both.
    """
    for name, count in Counter(names).items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            yield name, f"{name!r} must be letters, digits and underscores, and not start with a digit."
        if count > 1:
            yield name, f"{name!r} is in both env and secrets; keep it in one of them."
        if name in reserved and name not in override_env:
            yield (
                name,
                f"{name!r} is set by the stack; choose another name, or list it in override_env to replace its value.",
            )
