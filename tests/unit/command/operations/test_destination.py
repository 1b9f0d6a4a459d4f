"""Tests of what a tunnel leads to, and of the environment of programs that use it."""

import pytest
from flask_on_aws_cli.operations.errors import OperationError
from flask_on_aws_cli.operations.sessions.destination import Destination, find_destination, through_tunnel

POSTGRES = {"PGHOST": "db.example", "PGPORT": "5432"}
CACHE = {"REDIS_HOST": "cache.example", "REDIS_PORT": "6379"}
DATABASE = Destination("db.example", 5432)


@pytest.mark.parametrize(
    ("name", "variables", "destination"),
    [
        ("database", POSTGRES, ("db.example", 5432)),
        ("database", {"MYSQL_HOST": "m", "MYSQL_PORT": "3306"}, ("m", 3306)),
        ("database", {"MSSQL_HOST": "s", "MSSQL_TCP_PORT": "1433"}, ("s", 1433)),
        ("database", {"MONGODB_HOST": "d", "MONGODB_PORT": "27017"}, ("d", 27017)),
        ("cache", POSTGRES | CACHE, ("cache.example", 6379)),
        ("10.0.0.7:8080", {}, ("10.0.0.7", 8080)),
        ("search.internal:9200", {}, ("search.internal", 9200)),
        ("[fd00::7]:80", {}, ("fd00::7", 80)),
    ],
)
def test_a_destination(name: str, variables: dict[str, str], destination: tuple[str, int]) -> None:
    assert find_destination(name, variables) == destination


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("database", "The app has no database: its setting `database` is none. Use --to HOST:PORT for another host."),
        ("cache", "The app has no cache: its setting `cache` is none. Use --to HOST:PORT for another host."),
        ("queue", "--to queue is no destination; use database, cache, or HOST:PORT such as 10.0.0.7:8080."),
        ("host:0", "--to host:0 is no destination; use database, cache, or HOST:PORT such as 10.0.0.7:8080."),
        ("host:65536", "--to host:65536 is no destination; use database, cache, or HOST:PORT such as 10.0.0.7:8080."),
        (
            "http://host:80",
            "--to http://host:80 is no destination; use database, cache, or HOST:PORT such as 10.0.0.7:8080.",
        ),
    ],
)
def test_no_destination(name: str, message: str) -> None:
    with pytest.raises(OperationError) as raised:
        find_destination(name, {})
    assert str(raised.value) == message


FORWARDED_MONGO = (
    "tls=true&tlsCAFile=/ca.pem&readPreference=secondaryPreferred&retryWrites=false&authSource=admin"
    "&tlsAllowInvalidHostnames=true&directConnection=true"
)
TLS = "sslmode=verify-full&sslrootcert=/ca.pem"
MONGO = "tls=true&tlsCAFile=/ca.pem&replicaSet=rs0&readPreference=secondaryPreferred&retryWrites=false&authSource=admin"


@pytest.mark.parametrize(
    ("url", "forwarded"),
    [
        (f"postgresql://u:p%40@db.example:5432/d?{TLS}", f"postgresql://u:p%40@db.example:9/d?{TLS}&hostaddr=127.0.0.1"),
        (f"postgresql+psycopg://u:p@db.example:5432/d?{TLS}", f"postgresql+psycopg://u:p@db.example:9/d?{TLS}&hostaddr=127.0.0.1"),
        (f"postgresql+asyncpg://u:p@db.example:5432/d?{TLS}", "postgresql+asyncpg://u:p@127.0.0.1:9/d?sslrootcert=/ca.pem&sslmode=verify-ca"),
        ("mysql://u:p@db.example:5432/d?ssl_ca=/ca.pem&ssl_mode=VERIFY_IDENTITY", "mysql://u:p@127.0.0.1:9/d?ssl_ca=/ca.pem&ssl_mode=VERIFY_CA"),
        ("mysql+pymysql://u:p@db.example:5432/d?ssl_ca=/ca.pem", "mysql+pymysql://u:p@127.0.0.1:9/d?ssl_ca=/ca.pem&ssl_check_hostname=false"),
        ("mysql+mysqlconnector://u:p@db.example:5432/d?ssl_verify_cert=true&ssl_verify_identity=true", "mysql+mysqlconnector://u:p@127.0.0.1:9/d?ssl_verify_cert=true"),
        ("mariadb+mysqldb://u:p@db.example:5432/d?ssl_mode=VERIFY_IDENTITY", "mariadb+mysqldb://u:p@127.0.0.1:9/d?ssl_mode=VERIFY_CA"),
        (f"mongodb://u:p@db.example:5432/d?{MONGO}", f"mongodb://u:p@127.0.0.1:9/d?{FORWARDED_MONGO}"),
        ("rediss://:t@db.example:5432/0", "rediss://:t@127.0.0.1:9/0?ssl_check_hostname=false"),
        # Not the destination's:
        ("postgresql://u:p@other.example:5432/d", "postgresql://u:p@other.example:5432/d"),
        ("https://db.example/", "https://db.example/"),
        ("https://[broken/", "https://[broken/"),
        ("a text with db.example:5432", "a text with db.example:5432"),
    ],
)  # fmt: skip
def test_a_url_through_the_tunnel(url: str, forwarded: str) -> None:
    assert through_tunnel({"URL": url}, DATABASE, 9) == {"URL": forwarded}


def test_variables_through_the_tunnel() -> None:
    variables = POSTGRES | CACHE | {"PGSSLMODE": "verify-full", "PORT": "8000"}
    changed = {"PGHOSTADDR": "127.0.0.1", "PGPORT": "9"}
    assert through_tunnel(variables, DATABASE, 9) == variables | changed
    changed = {"REDIS_HOST": "127.0.0.1", "REDIS_PORT": "9"}
    assert through_tunnel(variables, Destination("cache.example", 6379), 9) == variables | changed


def test_mysqls_own_port_variable_follows() -> None:
    variables = {"MYSQL_HOST": "m", "MYSQL_PORT": "3306", "MYSQL_TCP_PORT": "3306"}
    changed = {"MYSQL_HOST": "127.0.0.1", "MYSQL_PORT": "9", "MYSQL_TCP_PORT": "9"}
    assert through_tunnel(variables, Destination("m", 3306), 9) == changed
