"""The runtime contract: the variables in an app's environment, in one table.

Pure functions of plain values (standard library only), so that the AWS stack, the local stack, the export of an
environment, the documentation and the check of a container all use the same list. A new variable is one new row.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from .database_url import PRODUCTS as PRODUCTS
from .database_url import URLS as URLS
from .database_url import product_of as product_of
from .facts import CA_PATH as CA_PATH
from .facts import SERVICES as SERVICES
from .facts import CacheFacts as CacheFacts
from .facts import DatabaseFacts as DatabaseFacts
from .facts import Facts as Facts
from .facts import Inputs as Inputs
from .facts import MediaFacts as MediaFacts
from .facts import Service as Service
from .facts import Variable as Variable
from .facts import bind, cache_url_of, hostname, url_of
from .facts import cache_url as cache_url
from .facts import database_url as database_url
from .presets import PRESET_VARIABLES
from .servers import FORWARDERS, UWSGI_ON_START
from .sqlserver_trust import freetds_path, roots_path, uses_openssl_roots
from .task_sizes import fargate_size_problems as fargate_size_problems
from .task_sizes import web_concurrency as web_concurrency
from .timers import TIMERS as TIMERS
from .timers import Timers as Timers
from .timers import timer_problems as timer_problems

MEDIA_CDN, MEDIA_KEYS, MEDIA_PRIVATE_KEY = "media_cdn", "media_keys", "media_private_key"
"""What variables need that an app with files on CloudFront has, with signed links, and the key where no secret has it."""
PRIVATE_KEY = "MEDIA_PRIVATE_KEY"
"""The variable with the private key, from a secret that the stack does not create."""
BROKER = "broker"
"""What variables need that only a cache used as a queue has; an app's needs include it, see `plain_names`."""
SECRET_KEY_FALLBACKS = "SECRET_KEY_FALLBACKS"  # noqa: S105 a name
COMPAT = ("adaptable", "divio", "upsun", "gunicorn-tutorial", "heroku", "render", "railway", "copilot")

# RDS forbids / @ " and the space. These four also need no escaping in a URL, a shell or Alembic's ini file.
PASSWORD_SPECIAL = "-_.~"  # noqa: S105
# What a product's variables need, besides those that every database has.
_PRODUCT_NEEDS = {
    "postgres": ("postgres",),
    "mysql": ("mysql",),
    "mariadb": ("mysql", "mariadb"),
    "sqlserver": ("sqlserver",),
    "mongodb": ("mongodb",),
}
_OPENSSL = "openssl_roots"
_PRODUCTS_WITH_VARIABLES = ("postgres", "mysql", "mariadb", "sqlserver", "mongodb")
_DATABASE_NEEDS = ("database", *_PRODUCTS_WITH_VARIABLES, _OPENSSL)
_APP_ENVS = {"development": "Dev", "staging": "Staging", "production": "Production"}
_ONE_YEAR = 31556926  # seconds, as Upsun has it


def _has(fact: str) -> Callable[[Inputs], bool]:
    return lambda inputs: getattr(inputs.facts, fact) is not None


def _has_engine(need: str) -> Callable[[Inputs], bool]:
    return lambda inputs: (
        inputs.facts.database is not None and need in _PRODUCT_NEEDS[PRODUCTS[inputs.facts.database.engine]]
    )


NEEDS: Mapping[str, Callable[[Inputs], bool]] = {
    **{name: _has(service.fact) for name, service in SERVICES.items()},
    **{need: _has_engine(need) for need in _PRODUCTS_WITH_VARIABLES},
    _OPENSSL: lambda inputs: (
        _has_engine("sqlserver")(inputs) and uses_openssl_roots(inputs.database.scheme, inputs.database_query)
    ),
    "storage": _has("storage_dsn"),
    BROKER: lambda inputs: inputs.facts.cache is not None and inputs.facts.cache.use == "queue",
    MEDIA_CDN: _has("media"),
    MEDIA_KEYS: lambda inputs: inputs.facts.media is not None and bool(inputs.facts.media.key_pair_id),
    MEDIA_PRIVATE_KEY: lambda inputs: bool(inputs.media_private_key),
    "dual_stack": lambda inputs: inputs.facts.dual_stack,
    "previous_key": lambda inputs: bool(inputs.previous_key),
}
"""What a variable may depend on, each with its condition."""


def _gunicorn_arguments(inputs: Inputs) -> str:
    """No worker class: more than one thread turns gunicorn's default into gthread, and the app may choose another."""
    timers = inputs.facts.timers
    return (
        f"--keep-alive {timers.keep_alive} --timeout {timers.request_timeout} --graceful-timeout {timers.graceful} "
        # The heartbeat file is in memory: on a disk it may block, and a healthy worker would seem stuck.
        f"--worker-tmp-dir /dev/shm --threads {inputs.threads}"
    )


VARIABLES: tuple[Variable, ...] = (
    Variable("PORT", "plain", "Port to listen on, on `0.0.0.0`", lambda k: k.facts.port),
    Variable("EXTERNAL_URL", "plain", "Public address of the app, always https, without a trailing slash", lambda k: k.facts.external_url.rstrip("/")),
    Variable("EXTERNAL_HOSTNAME", "plain", "Host of `EXTERNAL_URL`, without a port", hostname),
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
    Variable("DATABASE_URL", "secret", "URL of the database, with each part percent-encoded", url_of, "database"),
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
    Variable("MSSQL_HOST", "plain", "Host of the database", lambda k: k.database.host, "sqlserver"),
    Variable("MSSQL_TCP_PORT", "plain", "Port of the database", lambda k: k.database.port, "sqlserver"),
    Variable("MSSQL_USER", "plain", "User of the database", lambda k: k.database.user, "sqlserver"),
    Variable("MSSQL_DATABASE", "plain", "Name of the database", lambda k: k.database.name, "sqlserver"),
    Variable("MSSQL_PASSWORD", "secret", "Password of the database", lambda k: k.password, "sqlserver"),
    Variable("MSSQL_SSL_CA", "plain", "File with the root certificates of the database", lambda k: k.database.ca_path, "sqlserver"),
    Variable("FREETDSCONF", "plain", "File with FreeTDS's configuration, by which pymssql verifies the database's certificate", lambda k: freetds_path(k.database.ca_path), "sqlserver", is_default=True),
    Variable("SSL_CERT_FILE", "plain", "File with the image's root certificates and the database's, only with a driver of Microsoft's", lambda k: roots_path(k.database.ca_path), _OPENSSL, is_default=True),
    Variable("MONGODB_URI", "secret", "The same as `DATABASE_URL`", url_of, "mongodb"),
    Variable("MONGO_URL", "secret", "The same as `DATABASE_URL`", url_of, "mongodb"),
    Variable("MONGO_URI", "secret", "The same as `DATABASE_URL`; Flask-PyMongo's setting has this name", url_of, "mongodb"),
    Variable("MONGODB_HOST", "plain", "Host of the database", lambda k: k.database.host, "mongodb"),
    Variable("MONGODB_PORT", "plain", "Port of the database", lambda k: k.database.port, "mongodb"),
    Variable("MONGODB_USERNAME", "plain", "User of the database", lambda k: k.database.user, "mongodb"),
    Variable("MONGODB_DATABASE", "plain", "Name of the database", lambda k: k.database.name, "mongodb"),
    Variable("MONGODB_PASSWORD", "secret", "Password of the database", lambda k: k.password, "mongodb"),
    Variable("MONGODB_TLS_CA_FILE", "plain", "File with the root certificates of the database", lambda k: k.database.ca_path, "mongodb"),
    Variable("MEDIA_BUCKET", "plain", "Name of the bucket for media files", lambda k: k.facts.bucket_name or "", "bucket"),
    Variable("DEFAULT_STORAGE_DSN", "plain", "URL of the bucket for django-storage-url, without keys", lambda k: k.facts.storage_dsn or "", "storage"),
    Variable("MEDIA_URL", "plain", "Address of the bucket's files on CloudFront, with a trailing slash, only with `mediaCdn`", lambda k: k.media.url, MEDIA_CDN),
    Variable("MEDIA_PREFIX", "plain", "Folder in the bucket of the files at `MEDIA_URL`, with a trailing slash: `MEDIA_URL` and a file's key without it are its link", lambda k: k.media.prefix, MEDIA_CDN),
    Variable("MEDIA_KEY_PAIR_ID", "plain", "Id of the public key for signed links, only with `mediaCdn: signed`", lambda k: k.media.key_pair_id or "", MEDIA_KEYS),
    Variable(PRIVATE_KEY, "secret", "Private key that signs links, in PEM form, from the secret of `mediaCdnPrivateKeySecretArn`", lambda k: k.media_private_key, MEDIA_PRIVATE_KEY),
    Variable("QUEUE_URL", "plain", "URL of the SQS queue for background jobs", lambda k: k.facts.queue_url or "", "queue"),
    Variable("REDIS_URL", "secret", "URL of the cache, with TLS and its token", cache_url_of, "cache"),
    Variable("REDIS_HOST", "plain", "Host of the cache", lambda k: k.cache.host, "cache"),
    Variable("REDIS_PORT", "plain", "Port of the cache, which accepts only TLS", lambda k: k.cache.port, "cache"),
    Variable("REDIS_PASSWORD", "secret", "Token of the cache, the password of its default user", lambda k: k.cache_token, "cache"),
    # Celery reads it itself, and prefers it to the app's own configuration: only where losing a job is not expected.
    Variable("CELERY_BROKER_URL", "secret", "The same as `REDIS_URL`, only with `cacheUse: queue`; Celery reads it itself", cache_url_of, BROKER, is_default=True),
    *PRESET_VARIABLES,
)  # fmt: skip


def plain_environment(facts: Facts) -> dict[str, str]:
    """Every plain variable with its value, sorted by name."""
    return _values("plain", Inputs(facts))


def with_port(environment: Mapping[str, str], port: int) -> dict[str, str]:
    """An environment whose app has to listen on another port than the stack's, in every variable that names it."""
    former = bind(environment.get("PORT", ""))
    moved = {name: bind(port) for name, value in environment.items() if value == former}
    return {**environment, **moved, "PORT": str(port)}


def secret_values(
    facts: Facts,
    password: str,
    secret_key: str,
    previous_key: str = "",
    cache_token: str = "",
    media_private_key: str = "",
) -> dict[str, str]:
    """Every secret variable with its value, sorted by name."""
    return _values("secret", Inputs(facts, password, secret_key, previous_key, cache_token, media_private_key))


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
    """Names of the secret variables that hold the URL of a database of unknown kind, sorted."""
    rows = (row for row in VARIABLES if row.value is url_of and row.needs == "database")
    return tuple(sorted(row.name for row in rows if row.preset in ("", *compat)))


def _needs(services: Collection[str], engine: str) -> set[str]:
    return {*services, *(_PRODUCT_NEEDS[PRODUCTS[engine]] if "database" in services else ())}


def _values(kind: str, inputs: Inputs) -> dict[str, str]:
    needs = [name for name, is_met in NEEDS.items() if is_met(inputs)]
    chosen = _chosen(kind, needs, inputs.facts.compat)
    if inputs.facts.database and inputs.facts.database.url_only:
        names = url_names(inputs.facts.compat)
        chosen = [variable for variable in chosen if variable.needs not in _DATABASE_NEEDS or variable.name in names]
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
