"""The variables of other platforms, in a table for each: the presets of the setting `compat`.

All are filled from the same facts as the app's own variables, so an alias never has another value.
"""

import base64
import json

from .database_url import PRODUCTS
from .facts import CACHE_SCHEME, Inputs, Variable, bind, cache_url_of, hostname, url_of

# Upsun's names of a product's service, of its scheme and of its endpoint: https://docs.upsun.com/add-services/postgresql.html,
# https://docs.upsun.com/add-services/mysql.html, https://docs.upsun.com/add-services/mongodb.html
_UPSUN = {
    "postgres": ("postgresql", "pgsql", "postgresql"),
    "mysql": ("mysql", "mysql", "mysql"),
    "mariadb": ("mariadb", "mysql", "mysql"),
    "mongodb": ("mongodb", "mongodb", "mongodb"),
    "sqlserver": ("sqlserver", "sqlsrv", "sqlserver"),  # Upsun has none; Laravel's name of the scheme
}
_STAGES = {"development": "local", "staging": "test", "production": "live"}


def _encode(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def _relationships(inputs: Inputs) -> str:
    database = inputs.database
    name, scheme, endpoint = _UPSUN[PRODUCTS[database.engine]]
    relationship = {
        "host": database.host,
        "port": database.port,
        "path": database.name,
        "username": database.user,
        "password": inputs.password,
        "scheme": scheme,
        "rel": endpoint,
        "query": {"is_master": True},
    }
    relationships: dict[str, list[object]] = {name: [relationship]}
    if inputs.facts.cache:
        relationships["valkey"] = [
            {
                "host": inputs.cache.host,
                "port": inputs.cache.port,
                "path": None,
                "username": None,
                "password": inputs.cache_token,
                "scheme": CACHE_SCHEME,
                "rel": "valkey",
                "query": {},
            }
        ]
    return _encode(relationships)


def _upsun_scheme(inputs: Inputs) -> str:
    return _UPSUN[PRODUCTS[inputs.database.engine]][1]


def _release(inputs: Inputs) -> str:
    return inputs.facts.release


def _environment(inputs: Inputs) -> str:
    return inputs.facts.environment


def _region(inputs: Inputs) -> str:
    return inputs.facts.region


def _branch(inputs: Inputs) -> str:
    return inputs.facts.git_branch


def _bucket(inputs: Inputs) -> str:
    return inputs.facts.bucket_name or ""


def _external_url(inputs: Inputs) -> str:
    return inputs.facts.external_url.rstrip("/")


def _routes(inputs: Inputs) -> str:
    """Upsun's description of the routes: https://docs.upsun.com/define-routes.html#access-routes-within-your-app."""
    route: dict[str, object] = {"type": "upstream", "upstream": "app", "id": None, "attributes": {}}
    routes = {f"{_external_url(inputs)}/": {**route, "primary": True, "original_url": "https://{default}/"}}
    for alias in inputs.facts.aliases:
        routes[f"https://{alias}/"] = {**route, "primary": False, "original_url": f"https://{alias}/"}
    return _encode(routes)


_DIVIO: tuple[Variable, ...] = (
    Variable("DOMAIN", "plain", "The same as `EXTERNAL_HOSTNAME`", hostname, preset="divio"),
    Variable("DOMAIN_ALIASES", "plain", "Other domains, separated by commas", lambda k: ",".join(k.facts.aliases), preset="divio"),
    # The load balancer redirects. An app that did it too would redirect the health check, and everyone when the last hop is HTTP.
    Variable("SECURE_SSL_REDIRECT", "plain", "Always `False`: the load balancer redirects to HTTPS", lambda k: "False", preset="divio"),
    Variable("STAGE", "plain", "`live`, `test` or `local`", lambda k: _STAGES[k.facts.environment], preset="divio"),
    Variable("GIT_BRANCH", "plain", "Git branch of the release; empty if unknown", lambda k: k.facts.git_branch, preset="divio"),
    Variable("DEFAULT_DATABASE_DSN", "secret", "The same as `DATABASE_URL`", url_of, "database", "divio"),
)  # fmt: skip
_UPSUN_VARIABLES: tuple[Variable, ...] = (
    Variable("PLATFORM_ENVIRONMENT_TYPE", "plain", "The same as `FLASK_ENV`", lambda k: k.facts.environment, preset="upsun"),
    Variable("PLATFORM_PROJECT_ENTROPY", "secret", "The same as `SECRET_KEY`", lambda k: k.secret_key, preset="upsun"),
    Variable("PLATFORM_RELATIONSHIPS", "secret", "The database and the cache, as base64-encoded JSON", _relationships, "database", "upsun"),
    Variable("PLATFORM_ROUTES", "plain", "The app's addresses, as base64-encoded JSON", _routes, preset="upsun"),
    Variable("PLATFORM_BRANCH", "plain", "Git branch of the release; empty if unknown", _branch, preset="upsun"),
    Variable("PLATFORM_TREE_ID", "plain", "The same as `RELEASE`", _release, preset="upsun"),
    Variable("DB_HOST", "plain", "Host of the database", lambda k: k.database.host, "database", "upsun"),
    Variable("DB_PORT", "plain", "Port of the database", lambda k: k.database.port, "database", "upsun"),
    Variable("DB_PATH", "plain", "Name of the database", lambda k: k.database.name, "database", "upsun"),
    Variable("DB_DATABASE", "plain", "Name of the database", lambda k: k.database.name, "database", "upsun"),
    Variable("DB_USERNAME", "plain", "User of the database", lambda k: k.database.user, "database", "upsun"),
    Variable("DB_PASSWORD", "secret", "Password of the database", lambda k: k.password, "database", "upsun"),
    Variable("DB_SCHEME", "plain", "Scheme of `DATABASE_URL`", lambda k: k.database.scheme, "database", "upsun"),
    Variable("DB_CONNECTION", "plain", "Upsun's name of the scheme, `pgsql`, `mysql` or `mongodb`; `sqlsrv` for SQL Server", _upsun_scheme, "database", "upsun"),
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
    Variable("MONGODB_PATH", "plain", "The same as `MONGODB_DATABASE`", lambda k: k.database.name, "mongodb", "upsun"),
    Variable("MONGODB_SCHEME", "plain", "The same as `DB_CONNECTION`", _upsun_scheme, "mongodb", "upsun"),
    Variable("MARIADB_SCHEME", "plain", "The same as `DB_CONNECTION`", _upsun_scheme, "mariadb", "upsun"),
    Variable("REDIS_SCHEME", "plain", "Always `rediss`, since the cache accepts only TLS", lambda k: CACHE_SCHEME, "cache", "upsun"),
    Variable("VALKEY_HOST", "plain", "The same as `REDIS_HOST`", lambda k: k.cache.host, "cache", "upsun"),
    Variable("VALKEY_PORT", "plain", "The same as `REDIS_PORT`", lambda k: k.cache.port, "cache", "upsun"),
    Variable("VALKEY_PASSWORD", "secret", "The same as `REDIS_PASSWORD`", lambda k: k.cache_token, "cache", "upsun"),
    Variable("VALKEY_SCHEME", "plain", "The same as `REDIS_SCHEME`", lambda k: CACHE_SCHEME, "cache", "upsun"),
)  # fmt: skip
_GUNICORN_TUTORIAL: tuple[Variable, ...] = (
    Variable("DB_CONNECTION_STRING", "secret", "The same as `DATABASE_URL`; the tutorial's page shows it to every visitor, so remove it there", url_of, "database", "gunicorn-tutorial"),
    Variable("GUNICORN_PROCESSES", "plain", "The same as `WEB_CONCURRENCY`", lambda k: k.workers, preset="gunicorn-tutorial"),
    Variable("GUNICORN_THREADS", "plain", "Threads per process of gunicorn", lambda k: k.threads, preset="gunicorn-tutorial"),
    Variable("GUNICORN_BIND", "plain", "Address to listen on", lambda k: bind(k.facts.port), preset="gunicorn-tutorial"),
)  # fmt: skip
# https://devcenter.heroku.com/articles/dyno-metadata, and the names of add-ons. DYNO differs between processes.
_HEROKU: tuple[Variable, ...] = (
    Variable("HEROKU_APP_DEFAULT_DOMAIN_NAME", "plain", "The same as `EXTERNAL_HOSTNAME`", hostname, preset="heroku"),
    Variable("HEROKU_RELEASE_VERSION", "plain", "The same as `RELEASE`", _release, preset="heroku"),
    Variable("HEROKU_SLUG_COMMIT", "plain", "The same as `RELEASE`", _release, preset="heroku"),
    Variable("HEROKU_BUILD_COMMIT", "plain", "The same as `RELEASE`", _release, preset="heroku"),
    Variable("JAWSDB_URL", "secret", "The same as `DATABASE_URL`", url_of, "mysql", "heroku"),
    Variable("JAWSDB_MARIA_URL", "secret", "The same as `DATABASE_URL`", url_of, "mariadb", "heroku"),
    Variable("CLEARDB_DATABASE_URL", "secret", "The same as `DATABASE_URL`", url_of, "mysql", "heroku"),
    Variable("MSSQL_URL", "secret", "The same as `DATABASE_URL`", url_of, "sqlserver", "heroku"),
    Variable("REDIS_TLS_URL", "secret", "The same as `REDIS_URL`", cache_url_of, "cache", "heroku"),
    Variable("BUCKETEER_BUCKET_NAME", "plain", "The same as `MEDIA_BUCKET`", _bucket, "bucket", "heroku"),
    Variable("BUCKETEER_AWS_REGION", "plain", "The same as `AWS_REGION`", _region, "bucket", "heroku"),
)  # fmt: skip
# https://render.com/docs/environment-variables. RENDER_SERVICE_TYPE and the like differ between processes.
_RENDER: tuple[Variable, ...] = (
    Variable("RENDER", "plain", "Always `true`", lambda k: "true", preset="render"),
    Variable("RENDER_EXTERNAL_URL", "plain", "The same as `EXTERNAL_URL`", _external_url, preset="render"),
    Variable("RENDER_EXTERNAL_HOSTNAME", "plain", "The same as `EXTERNAL_HOSTNAME`", hostname, preset="render"),
    Variable("RENDER_GIT_COMMIT", "plain", "The same as `RELEASE`", _release, preset="render"),
    Variable("RENDER_GIT_BRANCH", "plain", "Git branch of the release; empty if unknown", _branch, preset="render"),
    Variable("IS_PULL_REQUEST", "plain", "Always `false`", lambda k: "false", preset="render"),
)  # fmt: skip
# https://docs.railway.com/variables/reference, and the variables of its databases.
_RAILWAY: tuple[Variable, ...] = (
    Variable("RAILWAY_PUBLIC_DOMAIN", "plain", "The same as `EXTERNAL_HOSTNAME`", hostname, preset="railway"),
    Variable("RAILWAY_ENVIRONMENT_NAME", "plain", "The same as `FLASK_ENV`", _environment, preset="railway"),
    Variable("RAILWAY_ENVIRONMENT", "plain", "The same as `FLASK_ENV`", _environment, preset="railway"),
    Variable("RAILWAY_REPLICA_REGION", "plain", "The same as `AWS_REGION`", _region, preset="railway"),
    Variable("RAILWAY_GIT_COMMIT_SHA", "plain", "The same as `RELEASE`", _release, preset="railway"),
    Variable("RAILWAY_GIT_BRANCH", "plain", "Git branch of the release; empty if unknown", _branch, preset="railway"),
    Variable("MYSQL_URL", "secret", "The same as `DATABASE_URL`", url_of, "mysql", "railway"),
    Variable("MYSQLHOST", "plain", "The same as `MYSQL_HOST`", lambda k: k.database.host, "mysql", "railway"),
    Variable("MYSQLPORT", "plain", "The same as `MYSQL_PORT`", lambda k: k.database.port, "mysql", "railway"),
    Variable("MYSQLUSER", "plain", "The same as `MYSQL_USER`", lambda k: k.database.user, "mysql", "railway"),
    Variable("MYSQLDATABASE", "plain", "The same as `MYSQL_DATABASE`", lambda k: k.database.name, "mysql", "railway"),
    Variable("MYSQLPASSWORD", "secret", "The same as `MYSQL_PASSWORD`", lambda k: k.password, "mysql", "railway"),
    Variable("MONGOHOST", "plain", "The same as `MONGODB_HOST`", lambda k: k.database.host, "mongodb", "railway"),
    Variable("MONGOPORT", "plain", "The same as `MONGODB_PORT`", lambda k: k.database.port, "mongodb", "railway"),
    Variable("MONGOUSER", "plain", "The same as `MONGODB_USERNAME`", lambda k: k.database.user, "mongodb", "railway"),
    Variable("MONGOPASSWORD", "secret", "The same as `MONGODB_PASSWORD`", lambda k: k.password, "mongodb", "railway"),
    Variable("REDISHOST", "plain", "The same as `REDIS_HOST`", lambda k: k.cache.host, "cache", "railway"),
    Variable("REDISPORT", "plain", "The same as `REDIS_PORT`", lambda k: k.cache.port, "cache", "railway"),
    Variable("REDISUSER", "plain", "Always `default`, the user of the token", lambda k: "default", "cache", "railway"),
    Variable("REDISPASSWORD", "secret", "The same as `REDIS_PASSWORD`", lambda k: k.cache_token, "cache", "railway"),
)  # fmt: skip
# https://aws.github.io/copilot-cli/docs/developing/environment-variables/. The stack does not know the application.
_COPILOT: tuple[Variable, ...] = (
    Variable("COPILOT_ENVIRONMENT_NAME", "plain", "The same as `FLASK_ENV`", _environment, preset="copilot"),
    Variable("COPILOT_LB_DNS", "plain", "The same as `EXTERNAL_HOSTNAME`", hostname, preset="copilot"),
    Variable("COPILOT_QUEUE_URI", "plain", "The same as `QUEUE_URL`", lambda k: k.facts.queue_url or "", "queue", "copilot"),
)  # fmt: skip

PRESET_VARIABLES = (*_DIVIO, *_UPSUN_VARIABLES, *_GUNICORN_TUTORIAL, *_HEROKU, *_RENDER, *_RAILWAY, *_COPILOT)
