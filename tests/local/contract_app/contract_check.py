"""Runs inside a task, checks the runtime contract, and prints the problems as one line of JSON.

python contract_check.py ROLE [serve]

`contract.json` in the same folder has the names of the variables that must be set, of those that must not, and of those
that must have the value of another one. Values are reported as hashes, with which tests can compare tasks and which
keep secrets out of the log.
"""

import base64
import hashlib
import http.server
import json
import os
import re
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
import psycopg
import pymysql

MARK = "contract "
PROMISED, ABSENT, ALIASES = json.loads(Path(__file__).with_name("contract.json").read_text()).values()
# The pattern of a complete value; variables that are not in this table only have to be set.
PATTERNS = {
    "PORT": r"\d+",
    "EXTERNAL_URL": r"https://[^/]+",
    "TRUST_PROXY_DEPTH": r"[1-9]",
    "ADAPTABLE_TRUST_PROXY_DEPTH": r"[1-9]",
    "APP_ENV": "Production|Staging|Dev",
    "FLASK_ENV": "production|staging|development",
    "FLASK_DEBUG": "0",
    "LOG_LEVEL": "info|debug",
    "SEND_FILE_MAX_AGE_DEFAULT": "31556926|0",
    "AWS_REGION": r"[a-z]{2}-[a-z]+-\d",
    "RELEASE": r"sha256:[0-9a-f]{64}",
    "WEB_CONCURRENCY": r"[1-9]\d*",
    "GRANIAN_WORKERS": r"[1-9]\d*",
    "GRANIAN_HTTP1_HEADER_READ_TIMEOUT": r"\d{4,}",
    "GUNICORN_CMD_ARGS": r"--keep-alive \d+ --timeout \d+ .*--threads [1-9]\d*",
    "FORWARDED_ALLOW_IPS": r"\*",
    "UVICORN_FORWARDED_ALLOW_IPS": r"\*(,[\d.:]+(/\d+)?)+",
    "UVICORN_TIMEOUT_KEEP_ALIVE": r"\d+",
    "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": r"\d+",
    "UWSGI_MASTER": "true",
    "UWSGI_HTTP_KEEPALIVE": r"\d+",
    "SANIC_KEEP_ALIVE_TIMEOUT": r"\d+",
    "SANIC_GRACEFUL_SHUTDOWN_TIMEOUT": r"\d+",
    "SANIC_PROXIES_COUNT": r"[1-9]",
    "MEDIA_URL": r"https://[^/]+/media/",
    "MEDIA_PREFIX": "media/",
    "QUEUE_URL": r"https?://[^/]+/\d{12}/.+",
    "REDIS_URL": r"rediss://:[0-9A-Za-z]{64}@[\w.-]+:\d+/0\?ssl_cert_reqs=required",
    "REDIS_PORT": r"\d+",
    "MYSQL_PORT": r"\d+",
    "MYSQL_TCP_PORT": r"\d+",
    "MSSQL_TCP_PORT": r"\d+",
    "MONGODB_PORT": r"\d+",
    "PGPORT": r"\d+",
    "PGSSLMODE": "verify-full",
    "DB_CONNECTION": "pgsql|mysql|mongodb",
    "DOMAIN_ALIASES": "",
    "GIT_BRANCH": "main",
    "GUNICORN_BIND": r"0\.0\.0\.0:\d+",
    "PLATFORM_BRANCH": "main",
    "RAILWAY_GIT_BRANCH": "main",
    "RENDER_GIT_BRANCH": "main",
    "STAGE": "local|test|live",
}
env = os.environ


def variables() -> Iterator[str]:
    for name in PROMISED:
        if name not in env:
            yield f"{name} is missing"
        elif not re.fullmatch(PATTERNS.get(name, ".+"), env[name]):
            yield f"{name} is malformed"
    yield from (f"{name} is from the build" for name in ABSENT if name in env)


def address() -> Iterator[str]:
    if urlsplit(env["EXTERNAL_URL"]).hostname != env["EXTERNAL_HOSTNAME"]:
        yield "EXTERNAL_HOSTNAME is not the host of EXTERNAL_URL"
    if env["TRUST_PROXY_DEPTH"] != env["ADAPTABLE_TRUST_PROXY_DEPTH"]:
        yield "the two proxy depths differ"


def aliases() -> Iterator[str]:
    """The variables of other platforms have the values of the app's own."""
    for alias, name in ALIASES.items():
        if env[alias] != env[name]:
            yield f"{alias} is not the same as {name}"


def relationships() -> Iterator[str]:
    """Upsun's descriptions of the database and the cache are those of their URLs."""
    url = urlsplit(env["DATABASE_URL"])
    described = json.loads(base64.b64decode(env["PLATFORM_RELATIONSHIPS"], validate=True))
    (cache,) = described.pop("valkey")
    cache_url = f"{cache['scheme']}://:{cache['password']}@{cache['host']}:{cache['port']}"
    if not env["REDIS_URL"].startswith(f"{cache_url}/"):
        yield "the cache of PLATFORM_RELATIONSHIPS is not that of REDIS_URL"
    ((_, (relationship,)),) = described.items()
    parts = {
        "host": ("DB_HOST", url.hostname),
        "port": ("DB_PORT", url.port),
        "path": ("DB_PATH", url.path[1:]),
        "username": ("DB_USERNAME", unquote(url.username or "")),
        "password": ("DB_PASSWORD", unquote(url.password or "")),
    }
    for key, (name, value) in parts.items():
        if relationship[key] != value:
            yield f"{key} of PLATFORM_RELATIONSHIPS is not that of DATABASE_URL"
        if env[name] != str(value):
            yield f"{name} is not that of DATABASE_URL"
    if relationship["scheme"] != env["DB_CONNECTION"]:
        yield "the scheme of PLATFORM_RELATIONSHIPS is not DB_CONNECTION"


def routes() -> Iterator[str]:
    """Upsun's description of the routes has the app's address."""
    described = json.loads(base64.b64decode(env["PLATFORM_ROUTES"], validate=True))
    if [url for url, route in described.items() if route["primary"]] != [f"{env['EXTERNAL_URL']}/"]:
        yield "the primary route of PLATFORM_ROUTES is not EXTERNAL_URL"


def secret_key() -> Iterator[str]:
    if len(base64.b64decode(env["SECRET_KEY"], validate=True)) != 32:
        yield "SECRET_KEY is not 32 bytes in base64"


def database_url() -> Iterator[str]:
    if "MYSQL_HOST" in env:
        yield from mysql_url()
        return
    if "MONGODB_HOST" in env:
        yield from mongodb_url()
        return
    url = urlsplit(env["DATABASE_URL"])
    query = {name: values[0] for name, values in parse_qs(url.query, strict_parsing=True).items()}
    parts = {
        "scheme": (url.scheme, "postgresql"),
        "host": (url.hostname, env["PGHOST"]),
        "port": (str(url.port), env["PGPORT"]),
        "user": (unquote(url.username or ""), env["PGUSER"]),
        "password": (unquote(url.password or ""), env["PGPASSWORD"]),
        "name": (unquote(url.path[1:]), env["PGDATABASE"]),
        "sslmode": (query.get("sslmode"), env["PGSSLMODE"]),
        "sslrootcert": (query.get("sslrootcert"), env["PGSSLROOTCERT"]),
    }
    yield from (f"DATABASE_URL has another {name}" for name, (actual, expected) in parts.items() if actual != expected)


def mysql_url() -> Iterator[str]:
    url = urlsplit(env["DATABASE_URL"])
    parts = {
        "scheme": (url.scheme, "mysql+pymysql"),
        "host": (url.hostname, env["MYSQL_HOST"]),
        "port": (str(url.port), env["MYSQL_PORT"]),
        "user": (unquote(url.username or ""), env["MYSQL_USER"]),
        "password": (unquote(url.password or ""), env["MYSQL_PASSWORD"]),
        "name": (unquote(url.path[1:]), env["MYSQL_DATABASE"]),
        "query": (parse_qs(url.query, strict_parsing=True), {"ssl_ca": [env["MYSQL_SSL_CA"]]}),
    }
    yield from (f"DATABASE_URL has another {name}" for name, (actual, expected) in parts.items() if actual != expected)


def mongodb_url() -> Iterator[str]:
    """The driver's own parser reads it."""
    from pymongo.uri_parser import parse_uri  # only the app's own environment has it

    url = parse_uri(env["DATABASE_URL"])
    parts = {
        "address": (url["nodelist"], [(env["MONGODB_HOST"], int(env["MONGODB_PORT"]))]),
        "user": (url["username"], env["MONGODB_USERNAME"]),
        "password": (url["password"], env["MONGODB_PASSWORD"]),
        "name": (url["database"], env["MONGODB_DATABASE"]),
        "query": (
            dict(url["options"]),
            {
                "tls": True,
                "tlsCAFile": env["MONGODB_TLS_CA_FILE"],
                "replicaSet": "rs0",
                "readPreference": "secondaryPreferred",
                "retryWrites": False,
                "authSource": "admin",
            },
        ),
    }
    yield from (f"DATABASE_URL has another {name}" for name, (actual, expected) in parts.items() if actual != expected)
    yield from (
        f"{name} is another URL"
        for name in ("MONGODB_URI", "MONGO_URL", "MONGO_URI")
        if env[name] != env["DATABASE_URL"]
    )


def mongodb() -> Iterator[str]:
    """Connect with the URL over verified TLS, and write; but not without TLS."""
    import pymongo

    def client(*arguments: object, **options: object) -> "pymongo.MongoClient[dict[str, object]]":
        return pymongo.MongoClient(*arguments, serverSelectionTimeoutMS=2000, **options)

    documents = client(env["MONGODB_URI"]).get_default_database()[f"checked_{sys.argv[1]}"]
    documents.insert_one({"word": "größe 🎉"})
    if documents.find_one()["word"] != "größe 🎉":
        yield "the database returns another text"
    login = {"username": env["MONGODB_USERNAME"], "password": env["MONGODB_PASSWORD"], "directConnection": True}
    try:
        client(env["MONGODB_HOST"], int(env["MONGODB_PORT"]), **login).admin.command("ping")
        yield "the database accepts connections without TLS"
    except pymongo.errors.ServerSelectionTimeoutError:
        pass


def mysql() -> Iterator[str]:
    """Connect with the MYSQL_* variables over verified TLS, and write."""
    context = ssl.create_default_context(cafile=env["MYSQL_SSL_CA"])
    login = {"host": env["MYSQL_HOST"], "port": int(env["MYSQL_PORT"]), "user": env["MYSQL_USER"]}
    login |= {"password": env["MYSQL_PASSWORD"], "database": env["MYSQL_DATABASE"], "connect_timeout": 5}
    table = f"checked_{re.sub('[^a-z]', '_', sys.argv[1])}"
    with pymysql.connect(**login, ssl=context) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        if not cursor.fetchone()[1]:
            yield "the session is not encrypted"
        cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} (word varchar(20))")
        cursor.execute(f"INSERT INTO {table} VALUES ('größe 🎉')")
        connection.commit()
        cursor.execute(f"SELECT word FROM {table}")
        if cursor.fetchone() != ("größe 🎉",):
            yield "the database returns another text"
    try:
        pymysql.connect(**login, ssl_disabled=True).close()
        yield "the database accepts connections without TLS"
    except pymysql.OperationalError:
        pass


def database() -> Iterator[str]:
    """Connect with the URL, and with the PG* variables, which libpq reads itself."""
    if "MYSQL_HOST" in env:
        yield from mysql()
        return
    if "MONGODB_HOST" in env:
        yield from mongodb()
        return
    ssl.create_default_context(cafile=env["PGSSLROOTCERT"])  # the file is readable and contains certificates
    session = "SELECT ssl, current_user, current_database() FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    for address in (env["DATABASE_URL"], ""):
        with psycopg.connect(address, connect_timeout=5) as connection:
            state = connection.execute(session).fetchone()
        if state != (True, env["PGUSER"], env["PGDATABASE"]):
            yield f"the session is {state}"
    try:
        psycopg.connect(env["DATABASE_URL"], sslmode="disable", connect_timeout=5).close()
        yield "the database accepts connections without TLS"
    except psycopg.OperationalError as error:
        if "no encryption" not in str(error):
            yield f"without TLS the database reports {error}"


def storage() -> Iterator[str]:
    """The DSN contains the bucket and no keys."""
    url = urlsplit(env["DEFAULT_STORAGE_DSN"])
    host = f"{env['MEDIA_BUCKET']}.s3.{env['AWS_REGION']}.amazonaws.com"
    if (url.scheme, url.netloc, parse_qs(url.query)) != ("s3", host, {"auth": ["s3v4"]}):
        yield "DEFAULT_STORAGE_DSN is not the address of the bucket, or contains more"


def bucket() -> Iterator[str]:
    """The bucket is accessible with the credentials of the task role, and the task has no user's keys."""
    yield from (
        f"{name} is set" for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE") if name in env
    )
    session = boto3.Session(region_name=env["AWS_REGION"])
    credentials = session.get_credentials()
    if credentials is None or credentials.method != "container-role":
        yield "the credentials are not those of the task role"
        return
    address = {"Bucket": env["MEDIA_BUCKET"], "Key": f"contract/{sys.argv[1]}"}
    client = session.client("s3")
    client.put_object(**address, Body=b"stored")
    if client.get_object(**address)["Body"].read() != b"stored":
        yield "the bucket returns other data"
    client.delete_object(**address)


def queue() -> Iterator[str]:
    """The same credentials can send and receive messages. Tasks may receive each other's messages."""
    client = boto3.client("sqs", region_name=env["AWS_REGION"])
    url = {"QueueUrl": env["QUEUE_URL"]}
    client.send_message(**url, MessageBody=f"from {sys.argv[1]}")
    messages = client.receive_message(**url, WaitTimeSeconds=5).get("Messages", [])
    if not messages or not messages[0]["Body"].startswith("from "):
        yield f"the queue delivers {messages}"
    for message in messages:
        client.delete_message(**url, ReceiptHandle=message["ReceiptHandle"])


def cache() -> Iterator[str]:
    """Connect with the URL, and with its parts, with a verified certificate; but not without TLS or the token."""
    import redis  # only the app's own environment has it

    host, port, token = env["REDIS_HOST"], int(env["REDIS_PORT"]), env["REDIS_PASSWORD"]
    if env["CELERY_BROKER_URL"] != env["REDIS_URL"]:
        yield "CELERY_BROKER_URL is another URL than REDIS_URL"
    parts = redis.Redis(host=host, port=port, password=token, ssl=True, ssl_cert_reqs="required")
    key = f"contract:{sys.argv[1]}"
    redis.from_url(env["REDIS_URL"]).set(key, "stored")
    if parts.get(key) != b"stored":
        yield "the cache returns other data"
    if parts.config_get("maxmemory-policy") != {"maxmemory-policy": "noeviction"}:
        yield "the cache evicts jobs"
    for name, options in (("TLS", {"password": token}), ("a token", {"ssl": True})):
        try:
            # Without repetitions, which would take longer than the task has to start.
            once = redis.retry.Retry(redis.backoff.NoBackoff(), 0)
            redis.Redis(host=host, port=port, socket_timeout=2, retry=once, **options).ping()
            yield f"the cache accepts connections without {name}"
        except redis.RedisError:
            continue


CHECKS: tuple[Callable[[], Iterator[str]], ...] = (
    variables,
    address,
    aliases,
    relationships,
    routes,
    secret_key,
    database_url,
    database,
    storage,
    bucket,
    queue,
    cache,
)


def problems(check: Callable[[], Iterator[str]]) -> Iterator[str]:
    """The problems that a check finds, including an exception that it raises."""
    try:
        yield from check()
    except Exception as error:
        yield f"{check.__name__}: {error!r}"


class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        return


def main() -> None:
    all_problems = [problem for check in CHECKS for problem in problems(check)]
    values = {name: hashlib.sha256(env.get(name, "").encode()).hexdigest() for name in PROMISED}
    print(MARK + json.dumps({"role": sys.argv[1], "problems": all_problems, "values": values}), flush=True)
    if sys.argv[2:] == ["serve"]:
        http.server.ThreadingHTTPServer(("0.0.0.0", int(env["PORT"])), Health).serve_forever()
    sys.exit(bool(all_problems))


if __name__ == "__main__":
    main()
