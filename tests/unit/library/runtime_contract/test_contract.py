import ast
import base64
import itertools
import json
import posixpath
import re
import subprocess
import sys
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask_on_aws.runtime_contract.contract import (
    BROKER,
    CA_PATH,
    COMPAT,
    NEEDS,
    PASSWORD_SPECIAL,
    SERVICES,
    TIMERS,
    URLS,
    VARIABLES,
    CacheFacts,
    DatabaseFacts,
    Facts,
    Inputs,
    MediaFacts,
    Timers,
    database_url,
    fargate_size_problems,
    plain_environment,
    plain_names,
    product_of,
    reserved_names,
    secret_names,
    secret_values,
    timer_problems,
    url_names,
    variable_problems,
    web_concurrency,
    with_port,
)
from flask_on_aws.runtime_contract.servers import FORWARDERS, with_server_options
from flask_on_aws.runtime_contract.sqlserver_trust import freetds_configuration, writing_commands
from flask_on_aws.validation.choices import Environment
from hypothesis import given
from hypothesis import strategies as st
from pymongo.uri_parser import parse_uri

DATABASE = DatabaseFacts(host="db.example.com", port=5432, name="app", user="web", secret_arn="arn:login")
FACTS = Facts(
    port=8080,
    external_url="https://app.example.com",
    proxy_depth=1,
    environment="production",
    region="eu-west-1",
    release="sha256:abc",
    cpu=256,
    memory=512,
    debug=False,
    database=DATABASE,
    bucket_name="media-1a2b3c4",
    storage_dsn="s3://media-1a2b3c4.s3.eu-west-1.amazonaws.com/?auth=s3v4",
)
ALL = replace(FACTS, compat=COMPAT, aliases=("www.example.com", "example.com"), git_branch="main")
SERVICE_COMBINATIONS = [c for size in range(len(SERVICES) + 1) for c in itertools.combinations(SERVICES, size)]
PRESET_COMBINATIONS = [(), *((preset,) for preset in COMPAT), COMPAT]


def service_facts(used):
    """What an app knows of every service: values of those that it uses, None for the others."""
    running = {"database": DATABASE, "cache": CacheFacts("cache.example.com", 6379)}
    values = {service: running.get(service, f"of-the-{service}") for service in used}
    return {service.fact: values.get(name) for name, service in SERVICES.items()}


def test_every_service_has_a_variable_a_fact_and_a_placeholder():
    for name, service in SERVICES.items():
        assert name in {variable.needs for variable in VARIABLES}, f"Add a row that needs {name} to VARIABLES."
        assert hasattr(FACTS, service.fact), f"Add the field {service.fact} to Facts."
        assert service.placeholder or name in ("database", "cache"), (
            f"Add a placeholder for the preflight to the row of {name}."
        )


def test_an_app_in_production_finds_exactly_these_plain_variables():
    assert plain_environment(FACTS) == {
        "ADAPTABLE_TRUST_PROXY_DEPTH": "1",
        "APP_ENV": "Production",
        "AWS_REGION": "eu-west-1",
        "DATABASE_SECRET_ARN": "arn:login",
        "DEFAULT_STORAGE_DSN": "s3://media-1a2b3c4.s3.eu-west-1.amazonaws.com/?auth=s3v4",
        "EXTERNAL_HOSTNAME": "app.example.com",
        "EXTERNAL_URL": "https://app.example.com",
        "FLASK_DEBUG": "0",
        "FLASK_ENV": "production",
        "FORWARDED_ALLOW_IPS": "*",
        "GRANIAN_HTTP1_HEADER_READ_TIMEOUT": "60000",
        "GRANIAN_WORKERS": "1",
        "GUNICORN_CMD_ARGS": "--keep-alive 75 --timeout 45 --graceful-timeout 30 --worker-tmp-dir /dev/shm --threads 4",
        "LOG_LEVEL": "info",
        "MEDIA_BUCKET": "media-1a2b3c4",
        "PGDATABASE": "app",
        "PGHOST": "db.example.com",
        "PGPORT": "5432",
        "PGSSLMODE": "verify-full",
        "PGSSLROOTCERT": CA_PATH,
        "PGUSER": "web",
        "PORT": "8080",
        "RELEASE": "sha256:abc",
        "SANIC_GRACEFUL_SHUTDOWN_TIMEOUT": "30",
        "SANIC_KEEP_ALIVE_TIMEOUT": "75",
        "SANIC_PROXIES_COUNT": "1",
        "SEND_FILE_MAX_AGE_DEFAULT": "31556926",
        "TRUST_PROXY_DEPTH": "1",
        "UVICORN_FORWARDED_ALLOW_IPS": FORWARDERS,
        "UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "30",
        "UVICORN_TIMEOUT_KEEP_ALIVE": "75",
        "UWSGI_HOOK_MASTER_START": "unix_signal:15 gracefully_kill_them_all",
        "UWSGI_HTTP_KEEPALIVE": "75",
        "UWSGI_MASTER": "true",
        "WEB_CONCURRENCY": "1",
    }


def test_an_app_finds_exactly_these_secrets():
    assert secret_values(FACTS, "p@ss/word", "key") == {
        "DATABASE_URL": "postgresql://web:p%40ss%2Fword@db.example.com:5432/app"
        f"?sslmode=verify-full&sslrootcert={CA_PATH}",
        "PGPASSWORD": "p@ss/word",
        "SECRET_KEY": "key",
    }


def test_without_a_database_only_keys_are_secret():
    facts = replace(ALL, database=None)
    assert secret_values(facts, "", "key") == {"PLATFORM_PROJECT_ENTROPY": "key", "SECRET_KEY": "key"}


@pytest.mark.parametrize(
    ("environment", "app_env", "level", "age", "stage"),
    [
        ("development", "Dev", "debug", "0", "local"),
        ("staging", "Staging", "info", "0", "test"),
        ("production", "Production", "info", "31556926", "live"),
    ],
)
def test_the_environment_type_decides(environment, app_env, level, age, stage):
    found = plain_environment(replace(ALL, environment=environment))
    names = ("APP_ENV", "FLASK_ENV", "PLATFORM_ENVIRONMENT_TYPE", "LOG_LEVEL", "SEND_FILE_MAX_AGE_DEFAULT", "STAGE")
    assert [found[name] for name in names] == [app_env, environment, environment, level, age, stage]


@pytest.mark.parametrize("environment", list(Environment))
def test_debug_is_on_only_when_asked_for(environment):
    facts = replace(FACTS, environment=environment)
    assert plain_environment(facts)["FLASK_DEBUG"] == "0"
    assert plain_environment(replace(facts, debug=True))["FLASK_DEBUG"] == "1"


def test_a_local_address_keeps_its_port_in_the_url_alone():
    found = plain_environment(replace(FACTS, external_url="https://localhost:8443/", proxy_depth=2))
    assert found["EXTERNAL_URL"] == "https://localhost:8443"
    assert found["EXTERNAL_HOSTNAME"] == "localhost"
    assert found["TRUST_PROXY_DEPTH"] == found["ADAPTABLE_TRUST_PROXY_DEPTH"] == "2"


@pytest.mark.parametrize("engine", URLS)
@pytest.mark.parametrize("compat", PRESET_COMBINATIONS)
def test_names_are_known_without_values(compat, engine):
    for services in SERVICE_COMBINATIONS:
        dsn = "s3://media.s3.eu-west-1.amazonaws.com/?auth=s3v4" if "bucket" in services else None
        facts = replace(ALL, **service_facts(services), storage_dsn=dsn, compat=compat)
        if facts.database:
            facts = replace(facts, database=replace(DATABASE, engine=engine, scheme=URLS[engine].scheme))
        names = plain_names(services, compat, engine)
        assert names == tuple(plain_environment(facts))
        assert secret_names(services, compat, engine) == tuple(secret_values(facts, "password", "key"))
        assert list(names) == sorted(names)


MYSQL = replace(DATABASE, port=3306, scheme="mysql", engine="mysql")


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_an_app_on_mysql_finds_the_variables_of_mysql_instead_of_postgresql(engine):
    facts = replace(FACTS, database=replace(MYSQL, engine=engine))
    plain, postgres = plain_environment(facts), plain_environment(FACTS)
    assert {name: value for name, value in plain.items() if name not in postgres} == {
        "MYSQL_DATABASE": "app",
        "MYSQL_HOST": "db.example.com",
        "MYSQL_PORT": "3306",
        "MYSQL_SSL_CA": CA_PATH,
        "MYSQL_TCP_PORT": "3306",
        "MYSQL_USER": "web",
    }
    assert all(name.startswith("PG") for name in postgres.keys() - plain.keys())
    assert secret_values(facts, "p@ss/word", "key") == {
        "DATABASE_URL": f"mysql://web:p%40ss%2Fword@db.example.com:3306/app?ssl_ca={CA_PATH}&ssl_mode=VERIFY_IDENTITY",
        "MYSQL_PASSWORD": "p@ss/word",
        "SECRET_KEY": "key",
    }


@pytest.mark.parametrize(("engine", "prefix"), [("mysql", "MYSQL"), ("mariadb", "MARIADB")])
def test_upsuns_variables_of_mysql_have_the_names_of_its_relationship(engine, prefix):
    facts = replace(FACTS, database=replace(MYSQL, engine=engine), compat=("upsun",))
    found = {**plain_environment(facts), **secret_values(facts, "secret", "key")}
    assert found["DB_CONNECTION"] == found["DB_SCHEME"] == found[f"{prefix}_SCHEME"] == "mysql"
    names = [f"{prefix}_{part}" for part in ("PATH", "USERNAME", "PASSWORD")]
    assert [found[name] for name in names] == ["app", "web", "secret"]
    ((name, (relationship,)),) = json.loads(base64.b64decode(found["PLATFORM_RELATIONSHIPS"])).items()
    assert (name, relationship["scheme"], relationship["rel"], relationship["port"]) == (engine, "mysql", "mysql", 3306)


@pytest.mark.parametrize(
    ("scheme", "query"),
    [
        ("mysql", "ssl_ca=/ca.pem&ssl_mode=VERIFY_IDENTITY"),
        ("mariadb", "ssl_ca=/ca.pem&ssl_mode=VERIFY_IDENTITY"),
        ("mysql+mysqldb", "ssl_ca=/ca.pem&ssl_mode=VERIFY_IDENTITY"),
        ("mysql+pymysql", "ssl_ca=/ca.pem"),
        ("mysql+asyncmy", "ssl_ca=/ca.pem"),
        ("mysql+mysqlconnector", "ssl_ca=/ca.pem&ssl_verify_cert=true&ssl_verify_identity=true"),
        ("mariadb+mariadbconnector", "ssl_ca=/ca.pem&ssl_verify_cert=true"),
        ("mysql+aiomysql", ""),
        ("mysql+pool", "ssl_ca=/ca.pem&ssl_verify_cert=true&ssl_verify_identity=true"),
    ],
)
def test_a_url_of_mysql_verifies_tls_as_its_driver_understands_it(scheme, query):
    """tests/local/test_mysql_drivers.py tries these with the drivers."""
    url = database_url(replace(MYSQL, scheme=scheme, ca_path="/ca.pem"), "secret")
    assert url == f"{scheme}://web:secret@db.example.com:3306/app{'?' if query else ''}{query}"


DOCUMENTDB = replace(DATABASE, port=27017, scheme="mongodb", engine="documentdb")


def test_mongodbs_driver_reads_the_url_of_documentdb(tmp_path):
    """With the user in admin, or the driver would look for it in the app's database; without retryable writes."""
    ca = str(tmp_path / "ca.pem")
    Path(ca).touch()  # the parser opens it
    facts = replace(FACTS, database=replace(DOCUMENTDB, ca_path=ca), compat=("upsun", "railway"))
    values = {**plain_environment(facts), **secret_values(facts, "p@ss/w:rd%~", "key")}
    url = parse_uri(values["DATABASE_URL"], validate=True, warn=False)
    assert (url["nodelist"], url["database"]) == ([("db.example.com", 27017)], "app")
    assert (url["username"], url["password"]) == ("web", "p@ss/w:rd%~")
    assert dict(url["options"]) == {
        "tls": True,
        "tlsCAFile": ca,
        "replicaSet": "rs0",
        "readPreference": "secondaryPreferred",
        "retryWrites": False,
        "authSource": "admin",
    }
    assert {values[name] for name in ("MONGODB_URI", "MONGO_URL", "MONGO_URI")} == {values["DATABASE_URL"]}
    assert {name: values[name] for name in values if name.startswith(("MONGODB_", "MONGOHOST", "DB_CONNECTION"))} == {
        "MONGODB_URI": values["DATABASE_URL"],
        "MONGODB_HOST": "db.example.com",
        "MONGODB_PORT": "27017",
        "MONGODB_USERNAME": "web",
        "MONGODB_DATABASE": "app",
        "MONGODB_PASSWORD": "p@ss/w:rd%~",
        "MONGODB_TLS_CA_FILE": ca,
        "MONGODB_PATH": "app",
        "MONGODB_SCHEME": "mongodb",
        "MONGOHOST": "db.example.com",
        "DB_CONNECTION": "mongodb",
    }
    assert not [name for name in values if name.startswith(("PG", "MYSQL", "MSSQL"))]


SQLSERVER = replace(DATABASE, port=1433, scheme="mssql+pymssql", engine="sqlserver")
MICROSOFT = "Encrypt=yes&TrustServerCertificate=no"
ODBC = f"driver=ODBC+Driver+18+for+SQL+Server&{MICROSOFT}"


def test_an_app_on_sql_server_finds_the_variables_of_sql_server_instead_of_postgresql():
    facts = replace(FACTS, database=SQLSERVER)
    plain, postgres = plain_environment(facts), plain_environment(FACTS)
    assert {name: value for name, value in plain.items() if name not in postgres} == {
        "FREETDSCONF": "/etc/rds-ca/freetds.conf",
        "MSSQL_DATABASE": "app",
        "MSSQL_HOST": "db.example.com",
        "MSSQL_SSL_CA": CA_PATH,
        "MSSQL_TCP_PORT": "1433",
        "MSSQL_USER": "web",
    }
    assert all(name.startswith("PG") for name in postgres.keys() - plain.keys())
    assert secret_values(facts, "p@ss/word", "key") == {
        "DATABASE_URL": "mssql+pymssql://web:p%40ss%2Fword@db.example.com:1433/app",
        "MSSQL_PASSWORD": "p@ss/word",
        "SECRET_KEY": "key",
    }


@pytest.mark.parametrize(
    ("scheme", "query", "has_roots"),
    [
        ("mssql+pymssql", "", False),
        ("mssql+pytds", "", False),
        ("mssql+mssqlpython", MICROSOFT, True),
        ("mssql", ODBC, True),
        ("mssql+pyodbc", ODBC, True),
        ("mssql+aioodbc", ODBC, True),
    ],
)
def test_a_url_of_sql_server_verifies_tls_as_its_driver_understands_it(scheme, query, has_roots):
    """tests/local/test_sqlserver_drivers.py tries these with the drivers."""
    database = replace(SQLSERVER, scheme=scheme)
    url = database_url(database, "secret")
    assert url == f"{scheme}://web:secret@db.example.com:1433/app{'?' if query else ''}{query}"
    roots = plain_environment(replace(FACTS, database=database)).get("SSL_CERT_FILE")
    assert roots == ("/etc/rds-ca/all-roots.pem" if has_roots else None)


def test_the_files_of_sql_servers_drivers_are_written_next_to_the_certificates(tmp_path):
    ca = tmp_path / "ca.pem"
    ca.write_text("the region's\n")
    subprocess.run(["/bin/sh", "-c", writing_commands(str(ca))], check=True)
    assert (tmp_path / "freetds.conf").read_text() == freetds_configuration(str(ca))
    roots = (tmp_path / "all-roots.pem").read_text()
    system = Path("/etc/ssl/certs/ca-certificates.crt")
    assert roots == "the region's\n" + (system.read_text() if system.is_file() else "")


def test_a_query_of_ones_own_replaces_the_drivers():
    assert database_url(replace(MYSQL, query="charset=utf8mb4"), "s").endswith("/app?charset=utf8mb4")
    assert database_url(replace(MYSQL, query=""), "s").endswith("/app")


def test_presets_add_to_the_base_and_adaptable_is_the_base():
    def added(*compat):
        plain, secret = (
            plain_environment(replace(ALL, compat=compat)),
            secret_values(replace(ALL, compat=compat), "", ""),
        )
        return set(plain) - set(plain_environment(FACTS)), set(secret) - set(secret_values(FACTS, "", ""))

    assert added("adaptable") == (set(), set())
    assert added("divio") == (
        {"DOMAIN", "DOMAIN_ALIASES", "SECURE_SSL_REDIRECT", "STAGE", "GIT_BRANCH"},
        {"DEFAULT_DATABASE_DSN"},
    )
    assert added("gunicorn-tutorial") == (
        {"GUNICORN_PROCESSES", "GUNICORN_THREADS", "GUNICORN_BIND"},
        {"DB_CONNECTION_STRING"},
    )
    assert added("upsun") == (
        {"DB_HOST", "DB_PORT", "DB_PATH", "DB_DATABASE", "DB_USERNAME", "DB_SCHEME", "DB_CONNECTION"}
        | {"POSTGRESQL_HOST", "POSTGRESQL_PORT", "POSTGRESQL_PATH", "POSTGRESQL_USERNAME", "POSTGRESQL_SCHEME"}
        | {"PLATFORM_ENVIRONMENT_TYPE", "PLATFORM_ROUTES", "PLATFORM_BRANCH", "PLATFORM_TREE_ID"},
        {"DB_PASSWORD", "POSTGRESQL_PASSWORD", "PLATFORM_PROJECT_ENTROPY", "PLATFORM_RELATIONSHIPS"},
    )


def test_values_of_the_presets():
    found = plain_environment(replace(ALL, cpu=2048, memory=4096))
    assert found["DOMAIN"] == "app.example.com"
    assert found["DOMAIN_ALIASES"] == "www.example.com,example.com"
    assert (
        found["SECURE_SSL_REDIRECT"] == "False"
    )  # the load balancer redirects; an app would redirect its health check
    assert found["GIT_BRANCH"] == "main"
    assert (found["DB_PATH"], found["DB_DATABASE"], found["POSTGRESQL_PATH"]) == ("app", "app", "app")
    assert (found["DB_HOST"], found["POSTGRESQL_PORT"], found["DB_USERNAME"]) == ("db.example.com", "5432", "web")
    assert (found["DB_SCHEME"], found["DB_CONNECTION"]) == ("postgresql", "pgsql")
    assert (found["GUNICORN_PROCESSES"], found["GUNICORN_THREADS"]) == ("2", "4")
    assert found["GUNICORN_BIND"] == "0.0.0.0:8080"
    assert (found["PLATFORM_BRANCH"], found["PLATFORM_TREE_ID"]) == ("main", found["RELEASE"])


def test_upsuns_routes_are_the_apps_addresses():
    routes = json.loads(base64.b64decode(plain_environment(ALL)["PLATFORM_ROUTES"]))
    assert {url: (route["primary"], route["original_url"]) for url, route in routes.items()} == {
        "https://app.example.com/": (True, "https://{default}/"),
        "https://www.example.com/": (False, "https://www.example.com/"),
        "https://example.com/": (False, "https://example.com/"),
    }
    assert {(route["type"], route["upstream"]) for route in routes.values()} == {("upstream", "app")}


def test_upsuns_cache_is_in_its_variables_and_among_its_relationships():
    facts = replace(ALL, cache=CacheFacts("cache.example.com", 6379))
    plain, secret = plain_environment(facts), secret_values(facts, "p", "key", cache_token="t0ken")
    (valkey,) = json.loads(base64.b64decode(secret["PLATFORM_RELATIONSHIPS"]))["valkey"]
    assert (valkey["host"], valkey["port"], valkey["password"]) == ("cache.example.com", 6379, "t0ken")
    assert (plain["VALKEY_HOST"], plain["VALKEY_PORT"], secret["VALKEY_PASSWORD"]) == (
        "cache.example.com",
        "6379",
        "t0ken",
    )
    assert {valkey["scheme"], plain["VALKEY_SCHEME"], plain["REDIS_SCHEME"]} == {"rediss"}
    without = json.loads(base64.b64decode(secret_values(ALL, "p", "key")["PLATFORM_RELATIONSHIPS"]))
    assert list(without) == ["postgresql"]


@pytest.mark.parametrize(
    ("preset", "engine", "plain", "secret"),
    [
        (
            "heroku",
            "postgres",
            "HEROKU_APP_DEFAULT_DOMAIN_NAME=EXTERNAL_HOSTNAME HEROKU_RELEASE_VERSION=RELEASE HEROKU_SLUG_COMMIT="
            "RELEASE HEROKU_BUILD_COMMIT=RELEASE BUCKETEER_BUCKET_NAME=MEDIA_BUCKET BUCKETEER_AWS_REGION=AWS_REGION",
            "REDIS_TLS_URL=REDIS_URL",
        ),
        ("heroku", "mysql", "", "JAWSDB_URL=DATABASE_URL CLEARDB_DATABASE_URL=DATABASE_URL REDIS_TLS_URL=REDIS_URL"),
        (
            "heroku",
            "mariadb",
            "",
            "JAWSDB_URL=DATABASE_URL JAWSDB_MARIA_URL=DATABASE_URL CLEARDB_DATABASE_URL=DATABASE_URL "
            "REDIS_TLS_URL=REDIS_URL",
        ),
        (
            "render",
            "postgres",
            "RENDER_EXTERNAL_URL=EXTERNAL_URL RENDER_EXTERNAL_HOSTNAME=EXTERNAL_HOSTNAME RENDER_GIT_COMMIT=RELEASE",
            "",
        ),
        (
            "railway",
            "postgres",
            "RAILWAY_PUBLIC_DOMAIN=EXTERNAL_HOSTNAME RAILWAY_ENVIRONMENT_NAME=FLASK_ENV RAILWAY_ENVIRONMENT=FLASK_ENV "
            "RAILWAY_REPLICA_REGION=AWS_REGION RAILWAY_GIT_COMMIT_SHA=RELEASE REDISHOST=REDIS_HOST "
            "REDISPORT=REDIS_PORT",
            "REDISPASSWORD=REDIS_PASSWORD",
        ),
        (
            "railway",
            "mysql",
            "MYSQLHOST=MYSQL_HOST MYSQLPORT=MYSQL_PORT MYSQLUSER=MYSQL_USER MYSQLDATABASE=MYSQL_DATABASE",
            "MYSQL_URL=DATABASE_URL MYSQLPASSWORD=MYSQL_PASSWORD REDISPASSWORD=REDIS_PASSWORD",
        ),
        (
            "copilot",
            "postgres",
            "COPILOT_ENVIRONMENT_NAME=FLASK_ENV COPILOT_LB_DNS=EXTERNAL_HOSTNAME COPILOT_QUEUE_URI=QUEUE_URL",
            "",
        ),
    ],
)
def test_an_alias_has_the_value_of_the_stack_s_own_variable(preset, engine, plain, secret):
    """Every row of a preset, with the password only among the secrets."""
    facts = replace(FACTS, **service_facts(SERVICES), compat=(preset,), git_branch="main")
    facts = replace(facts, database=replace(DATABASE, engine=engine))
    base = replace(facts, compat=())
    plain_values, secrets = plain_environment(facts), secret_values(facts, "pass", "key", cache_token="token")
    for aliases, values in ((plain, plain_values), (secret, secrets)):
        for alias in aliases.split():
            name, _, original = alias.partition("=")
            assert (name, values[name]) == (name, values[original])
    added = {name: value for name, value in plain_values.items() if name not in plain_environment(base)}
    fixed = {"RENDER": "true", "IS_PULL_REQUEST": "false", "REDISUSER": "default"}
    fixed |= dict.fromkeys(("RENDER_GIT_BRANCH", "RAILWAY_GIT_BRANCH"), "main")
    named = {alias.partition("=")[0] for alias in plain.split()}
    rest = {name: value for name, value in added.items() if name not in named}
    assert engine != "postgres" or rest.items() <= fixed.items()
    own = secret_values(base, "pass", "key", cache_token="token")
    assert set(secrets) - set(own) == {alias.partition("=")[0] for alias in secret.split()}
    assert not any("pass" in value or "token" in value for value in plain_values.values())


@given(password=st.text(), secret_key=st.text())
def test_secrets_of_the_presets_say_the_same_as_the_base(password, secret_key):
    found = secret_values(ALL, password, secret_key)
    assert found["DEFAULT_DATABASE_DSN"] == found["DB_CONNECTION_STRING"] == found["DATABASE_URL"]
    assert found["DB_PASSWORD"] == found["POSTGRESQL_PASSWORD"] == found["PGPASSWORD"] == password
    assert found["PLATFORM_PROJECT_ENTROPY"] == found["SECRET_KEY"] == secret_key
    (relationship,) = json.loads(base64.b64decode(found["PLATFORM_RELATIONSHIPS"]))["postgresql"]
    parts = [relationship[key] for key in ("host", "port", "path", "username", "password", "scheme")]
    assert parts == ["db.example.com", 5432, "app", "web", password, "pgsql"]


@given(
    password=st.text(alphabet="0123456789abcdef", min_size=24), key=st.text(alphabet="0123456789abcdef", min_size=24)
)
def test_no_plain_value_can_hold_a_secret(password, key):
    media = MediaFacts("https://d1.cloudfront.net/media/", "media/", "K1")
    everything = replace(ALL, dual_stack=True, media=media, **service_facts(SERVICES))
    seen = set()
    for engine in URLS:
        facts = replace(everything, database=replace(DATABASE, engine=engine))
        plain = plain_environment(facts)
        assert not any(secret in value for secret in (password, key) for value in plain.values())
        for variable in VARIABLES:
            if variable.name in plain:
                assert str(variable.value(Inputs(facts, password, key))) == plain[variable.name]
        seen |= plain.keys()
    assert seen == {variable.name for variable in VARIABLES if variable.kind == "plain"}


@pytest.mark.parametrize(
    ("key_pair_id", "names"),
    [
        (None, {"MEDIA_URL", "MEDIA_PREFIX"}),
        ("", {"MEDIA_URL", "MEDIA_PREFIX"}),
        ("K1", {"MEDIA_URL", "MEDIA_PREFIX", "MEDIA_KEY_PAIR_ID"}),
    ],
)
def test_files_on_cloudfront_have_an_address_and_signed_ones_a_key(key_pair_id, names):
    facts = replace(FACTS, media=MediaFacts("https://shop.example.com/files/", "files/", key_pair_id))
    found = plain_environment(facts)
    assert {name for name in found if name.startswith("MEDIA_")} - {"MEDIA_BUCKET"} == names
    assert (found["MEDIA_URL"], found["MEDIA_PREFIX"]) == ("https://shop.example.com/files/", "files/")
    # On AWS the key is in a secret of its own.
    assert "MEDIA_PRIVATE_KEY" not in secret_values(facts, "password", "key")
    assert secret_values(facts, "", "key", media_private_key="k")["MEDIA_PRIVATE_KEY"] == "k"


def test_a_queue_s_url_is_also_celery_s_broker():
    """Celery prefers CELERY_BROKER_URL to the app's configuration, so a cache that evicts jobs does not set it."""
    for use, needs in (("cache", ["cache"]), ("queue", ["cache", BROKER])):
        facts = replace(FACTS, cache=CacheFacts("cache.example.com", 6379, use), database=None)
        found = secret_values(facts, "", "key", cache_token="t0ken")
        assert set(found) == set(secret_names(needs, ()))
        assert found["REDIS_URL"] == "rediss://:t0ken@cache.example.com:6379/0?ssl_cert_reqs=required"
        assert found.get("CELERY_BROKER_URL") == (found["REDIS_URL"] if use == "queue" else None)
        assert found["REDIS_PASSWORD"] == "t0ken"


HOSTS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{2,8}){0,3}", fullmatch=True)


@given(
    host=HOSTS,
    port=st.integers(1, 65535),
    name=st.text(),
    user=st.text(),
    password=st.text(),
    scheme=st.sampled_from(["postgresql", "postgres", "postgresql+psycopg"]),
)
def test_a_url_gives_back_exactly_its_parts(host, port, name, user, password, scheme):
    url = database_url(DatabaseFacts(host, port, name, user, scheme), password)
    parts = urlsplit(url)
    assert parts.scheme == scheme
    assert parts.hostname == host
    assert parts.port == port
    assert unquote(parts.username or "") == user
    assert unquote(parts.password or "") == password
    assert unquote(parts.path.removeprefix("/")) == name
    assert parse_qs(parts.query, strict_parsing=True) == {"sslmode": ["verify-full"], "sslrootcert": [CA_PATH]}
    assert parts.fragment == ""
    assert url.isascii()
    assert url.isprintable()


def test_a_query_of_ones_own_replaces_ours():
    assert (
        database_url(replace(DATABASE, query="ssl=require"), "p")
        == "postgresql://web:p@db.example.com:5432/app?ssl=require"
    )
    assert database_url(replace(DATABASE, query=""), "p") == "postgresql://web:p@db.example.com:5432/app"


def test_the_url_of_a_stack_s_database_goes_into_alembic_s_configuration_as_it_is():
    url = secret_values(FACTS, f"a1{PASSWORD_SPECIAL}", "key")["DATABASE_URL"]
    settings = ConfigParser()
    settings.read_dict({"alembic": {"sqlalchemy.url": url}})
    assert settings.get("alembic", "sqlalchemy.url") == url


def test_certificates_elsewhere_are_named_everywhere():
    facts = replace(FACTS, database=replace(DATABASE, ca_path="/srv/c a.pem"))
    assert plain_environment(facts)["PGSSLROOTCERT"] == "/srv/c a.pem"
    assert secret_values(facts, "p", "k")["DATABASE_URL"].endswith("&sslrootcert=/srv/c%20a.pem")


def test_a_volume_with_our_certificates_hides_nobody_elses():
    assert posixpath.dirname(CA_PATH) not in ("/", "/etc", "/etc/ssl", "/etc/ssl/certs", "/etc/pki/tls/certs", "/tmp")


def test_the_table_has_each_name_once_and_no_unknown_word():
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert not list(variable_problems(names, (), ()))
    for variable in VARIABLES:
        assert variable.kind in ("plain", "secret")
        assert variable.needs in ("", *NEEDS)
        assert variable.preset in ("", *COMPAT)
        assert variable.meaning.strip()
        assert not variable.meaning.endswith(".")
        assert "\n" not in variable.meaning
        assert "|" not in variable.meaning  # it becomes a cell of a Markdown table


def test_a_row_that_forgets_its_database_says_so():
    with pytest.raises(LookupError, match="needs a database"):
        _ = Inputs(replace(FACTS, database=None)).database


def test_only_the_standard_library_and_each_other_are_imported():
    folder = Path(__file__).parents[4] / "components" / "flask_on_aws" / "runtime_contract"
    modules_of_folder = (
        "contract",
        "database_url",
        "facts",
        "presets",
        "servers",
        "sqlserver_trust",
        "task_sizes",
        "timers",
    )
    allowed = {*sys.stdlib_module_names, *(f".{name}" for name in modules_of_folder)}
    for file in (f"{name}.py" for name in modules_of_folder):
        nodes = list(ast.walk(ast.parse((folder / file).read_text())))
        modules = {"." * node.level + (node.module or "") for node in nodes if isinstance(node, ast.ImportFrom)}
        modules |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found = {name if name.startswith(".") else name.partition(".")[0] for name in modules}
        assert modules
        assert found <= allowed


# Variables of the user


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "a.b"])
def test_a_name_that_no_shell_takes_is_rejected_with_the_name(name):
    assert list(variable_problems([name], (), ())) == [
        (name, f"{name!r} must be letters, digits and underscores, and not start with a digit.")
    ]


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True))
def test_every_posix_name_is_accepted(name):
    assert not list(variable_problems([name], (), ()))


def test_a_collision_is_rejected_unless_it_is_meant():
    reserved = plain_names(["database", "bucket"], ())
    assert list(variable_problems(["PORT", "MINE"], reserved, ())) == [
        ("PORT", "'PORT' is set by the stack; choose another name, or list it in override_env to replace its value.")
    ]
    assert not list(variable_problems(["PORT", "MINE"], reserved, ["PORT"]))


def test_another_port_is_in_every_variable_that_has_it():
    environment = plain_environment(replace(ALL, port=8080))
    moved = with_port(environment, 41234)
    assert {name for name in moved if moved[name] != environment[name]} == {"PORT", "GUNICORN_BIND"}
    assert (moved["PORT"], moved["GUNICORN_BIND"]) == ("41234", "0.0.0.0:41234")
    own = {"PORT": "8080", "GUNICORN_BIND": "unix:/tmp/8080.sock"}
    assert with_port(own, 41234) == {"PORT": "41234", "GUNICORN_BIND": "unix:/tmp/8080.sock"}
    assert with_port({}, 41234) == {"PORT": "41234"}


def test_the_settings_of_other_servers_are_defaults():
    reserved = reserved_names(["database"], ())
    assert {"PORT", "DATABASE_URL", "GUNICORN_CMD_ARGS"} <= reserved
    assert not reserved & {"UVICORN_TIMEOUT_KEEP_ALIVE", "UWSGI_MASTER", "SANIC_PROXIES_COUNT", "STAGE"}


@pytest.mark.parametrize(
    ("command", "server"),
    [
        ("hypercorn app:app", "hypercorn"),
        ("/venv/bin/hypercorn --bind 0.0.0.0:$PORT app:app", "/venv/bin/hypercorn"),
        ("python -m hypercorn app:app", "python -m hypercorn"),
        ("A=1 opentelemetry-instrument hypercorn app:app", "A=1 opentelemetry-instrument hypercorn"),
        ("python drain.py waitress-serve --port=$PORT app:app", "python drain.py waitress-serve"),
        ("echo 'hypercorn is next' waitress-serve app:app", "echo 'hypercorn is next' waitress-serve"),
        ("granian --interface wsgi app:app", "granian"),
        ("granian app:app --interface=wsgi", "granian"),
    ],
)
def test_a_server_without_variables_gets_options_before_the_user_s(command, server):
    name = re.search("hypercorn$|waitress-serve$|granian$", server)[0]
    own = {
        "hypercorn": "--keep-alive 75",
        "waitress-serve": "--channel-timeout=75 --connection-limit=1000",
        "granian": "--blocking-threads 4",
    }
    completed = with_server_options(command)
    assert completed.startswith(f"{server} {own[name]}")
    assert completed.endswith(command.removeprefix(server))


@pytest.mark.parametrize(
    "command",
    [
        "uvicorn app:app",
        "hypercorn",
        "python hypercorn.py x",
        "my-hypercorn app:app",
        "flask run --name 'hypercorn app'",
        "granian --interface asgi app:app",
        "granian app:app",
        "celery -A waitress_queue worker",
    ],
)
def test_other_commands_stay_as_they_are(command):
    assert with_server_options(command) == command


def test_a_name_of_a_preset_is_free_without_the_preset():
    assert not list(variable_problems(["STAGE"], plain_names(["database", "bucket"], ()), ()))
    assert list(variable_problems(["STAGE"], plain_names(["database", "bucket"], ("divio",)), ()))


def test_a_name_in_env_and_in_secrets_is_rejected_once():
    problems = list(variable_problems([*{"TOKEN": 1, "A": 2}, *{"B": 3, "TOKEN": 4}], (), ["TOKEN"]))
    assert problems == [("TOKEN", "'TOKEN' is in both env and secrets; keep it in one of them.")]


# Timers


def test_the_timers_are_the_ones_promised_and_hold():
    assert Timers(50, 75, 60_000, 45, 20, 10, 30, 60) == TIMERS
    assert not list(timer_problems(TIMERS))


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"keep_alive": 50}, r"idle_timeout \(50 s\) must be below keep_alive \(50 s\)"),
        ({"granian_header_read_ms": 50_000}, r"below granian_header_read_ms \(50000 ms\)"),
        ({"granian_header_read_ms": 60_001}, "granian_header_read_ms is 60001; granian allows at most 60000"),
        ({"request_timeout": 50}, r"request_timeout \(50 s\) must be below idle_timeout \(50 s\)"),
        ({"stop_timeout": 44}, r"stop_timeout \(44 s\) must be at least 45 s"),
        ({"graceful": 46}, r"stop_timeout \(60 s\) must be at least 61 s"),
        ({"stop_timeout": 121}, "stop_timeout is 121 s; Fargate waits at most 120 s"),
        ({"deregistration_delay": 4}, r"44 s; they must be at least request_timeout \(45 s\)"),
        ({"drain": -1}, "drain is -1; it must be at least 1"),
    ],
)
def test_a_broken_chain_is_rejected_with_its_numbers(broken, sentence):
    problems = list(timer_problems(replace(TIMERS, **broken)))
    assert len(problems) == 1
    assert re.search(sentence, problems[0])


# Around the promised numbers, so that both sides of every limit come up.
NEAR = st.fixed_dictionaries(
    {},
    optional={
        "idle_timeout": st.integers(40, 80),
        "keep_alive": st.integers(45, 80),
        "granian_header_read_ms": st.integers(45_000, 61_000),
        "request_timeout": st.integers(35, 65),
        "deregistration_delay": st.integers(1, 30),
        "drain": st.integers(0, 20),
        "graceful": st.integers(10, 50),
        "stop_timeout": st.integers(40, 125),
    },
)


@given(NEAR)
def test_timers_are_rejected_exactly_when_the_chain_is_broken(given_timers):
    t = replace(TIMERS, **given_timers)
    whole = (
        t.request_timeout < t.idle_timeout < t.keep_alive
        and t.idle_timeout * 1000 < t.granian_header_read_ms <= 60_000
        and t.drain + t.graceful + 5 <= t.stop_timeout <= 120
        and t.request_timeout <= t.deregistration_delay + t.drain + t.graceful
        and t.drain >= 1
    )
    assert (not list(timer_problems(t))) == whole


def test_timers_of_ones_own_reach_the_servers():
    timers = replace(TIMERS, keep_alive=65, request_timeout=40, graceful=20, granian_header_read_ms=55_000)
    found = plain_environment(replace(FACTS, timers=timers))
    assert found["GUNICORN_CMD_ARGS"].startswith("--keep-alive 65 --timeout 40 --graceful-timeout 20 ")
    assert found["GRANIAN_HTTP1_HEADER_READ_TIMEOUT"] == "55000"


# Sizes


@pytest.mark.parametrize(
    ("cpu", "memory", "workers"),
    [
        (256, 512, 1),
        (256, 1024, 2),
        (512, 1024, 2),
        (1024, 2048, 2),
        (2048, 4096, 2),
        (4096, 8192, 4),
        (16384, 32768, 16),
    ],
)
def test_the_server_fits_the_task(cpu, memory, workers):
    assert web_concurrency(cpu, memory) == (workers, 4)
    found = plain_environment(replace(FACTS, cpu=cpu, memory=memory))
    assert found["WEB_CONCURRENCY"] == found["GRANIAN_WORKERS"] == str(workers)


@given(st.integers(1, 20_000), st.integers(1, 130_000))
def test_there_is_always_a_worker_and_never_one_without_memory(cpu, memory):
    workers, threads = web_concurrency(cpu, memory)
    assert workers >= 1
    assert threads > 1  # one thread would make gunicorn a server without keep-alive
    assert workers == 1 or workers * 512 <= memory


# Each CPU size: the least and the most memory, the step, and how many choices there are.
SIZES = [
    (512, 1024, 4096, 1024, 4),
    (1024, 2048, 8192, 1024, 7),
    (2048, 4096, 16384, 1024, 13),
    (4096, 8192, 30720, 1024, 23),
    (8192, 16384, 61440, 4096, 12),
    (16384, 32768, 122880, 8192, 12),
]


@pytest.mark.parametrize(("cpu", "least", "most", "step", "count"), SIZES)
def test_fargate_takes_its_own_sizes_and_no_other(cpu, least, most, step, count):
    accepted = [m for m in range(256, 130_000, 256) if not list(fargate_size_problems(cpu, m))]
    assert (accepted[0], accepted[-1], len(accepted)) == (least, most, count)
    assert {b - a for a, b in itertools.pairwise(accepted)} == {step}


def test_the_smallest_size_has_three_choices_and_the_sentence_lists_them():
    assert [m for m in range(1, 4097) if not list(fargate_size_problems(256, m))] == [512, 1024, 2048]
    assert list(fargate_size_problems(256, 4096)) == [
        "memory 4096 is not available with cpu 256; choose one of 512, 1024, 2048 MiB."
    ]


def test_an_unknown_cpu_is_rejected_with_the_choices():
    assert list(fargate_size_problems(300, 512)) == [
        "cpu 300 is not a Fargate task size; choose one of 256, 512, 1024, 2048, 4096, 8192, 16384."
    ]


_OF_DATABASES = ("database", "postgres", "mysql", "mariadb", "sqlserver", "mongodb", "openssl_roots")


@pytest.mark.parametrize(
    ("engine", "scheme"),
    [
        *(("postgres", "postgresql"), ("mysql", "mysql+pymysql"), ("sqlserver", "mssql+mssqlpython")),
        ("documentdb", "mongodb"),
    ],
)
def test_an_app_with_an_existing_database_gets_its_url_alone(engine, scheme):
    database = DatabaseFacts("db", 1, "app", "app", scheme, engine=engine, url_only=True)
    facts = replace(FACTS, database=database, compat=("divio", "upsun", "gunicorn-tutorial"))
    plain, secret = plain_environment(facts), secret_values(facts, "password", "key")
    urls = {name for name, value in secret.items() if value.startswith(f"{scheme}://")}
    assert urls == {"DATABASE_URL", "DEFAULT_DATABASE_DSN", "DB_CONNECTION_STRING"} == set(url_names(facts.compat))
    ours = {variable.name for variable in VARIABLES if variable.needs in _OF_DATABASES}
    assert (plain.keys() | secret.keys()) & ours == urls


@pytest.mark.parametrize(
    ("scheme", "product"),
    [
        ("postgresql+psycopg", "postgres"),
        ("mysql", "mysql"),
        ("mysql+pymysql", "mysql"),
        ("mssql+pyodbc", "sqlserver"),
        ("mongodb", "mongodb"),
        ("mongodb+srv", "postgres"),
    ],
)
def test_a_scheme_names_its_product(scheme, product):
    assert product_of(scheme) == product
