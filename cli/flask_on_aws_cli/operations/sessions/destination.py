"""What a tunnel leads to, and the environment of programs that use it."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask_on_aws.runtime_contract.database_url import product_of

from ..errors import OperationError

DATABASE, CACHE = "database", "cache"
# The variables of the runtime contract with host and port.
_VARIABLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    DATABASE: (
        ("PGHOST", "PGPORT"),
        ("MYSQL_HOST", "MYSQL_PORT"),
        ("MSSQL_HOST", "MSSQL_TCP_PORT"),
        ("MONGODB_HOST", "MONGODB_PORT"),
    ),
    CACHE: (("REDIS_HOST", "REDIS_PORT"),),
}
_HOST_AND_PORT = re.compile(r"(?P<host>[\w.-]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
_MAX_PORT = 65_535
_LOOPBACK = "127.0.0.1"
# A driver that knows libpq's `hostaddr` connects to one address and verifies the certificate of another name.
_KNOWS_HOSTADDR = re.compile(r"postgres(?:ql)?(?:\+psycopg\w*)?|postgis|pgsql")
# Parameters of URLs that make a driver verify the name in the certificate → the same without the name: the address is
# the tunnel's. The certificate itself is still verified, and so is the session's end on AWS.
_WITHOUT_NAME: Mapping[str, Mapping[str, Mapping[str, str | None]]] = {
    "postgres": {"sslmode": {"verify-full": "verify-ca"}},
    "mysql": {"ssl_mode": {"VERIFY_IDENTITY": "VERIFY_CA"}, "ssl_verify_identity": {"true": None}},
    "mongodb": {"replicaSet": {"rs0": None}},
}
_ADDED: Mapping[str, Mapping[str, str]] = {
    "mysql+pymysql": {"ssl_check_hostname": "false"},
    "mongodb": {"tlsAllowInvalidHostnames": "true", "directConnection": "true"},
    "rediss": {"ssl_check_hostname": "false"},
}


class Destination(NamedTuple):
    """A host and port that the task reaches."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def find_destination(name: str, variables: Mapping[str, str]) -> Destination:
    """The destination of the option `--to`.

    Args:
        name: `database`, `cache`, or a host and port.
        variables: the plain variables of the app's container.

    Raises:
        OperationError: if the app has no such service, or the name is none of these.
    """
    if name in _VARIABLES:
        for host, port in _VARIABLES[name]:
            if variables.get(host) and variables.get(port):
                return Destination(variables[host], int(variables[port]))
        raise OperationError(
            f"The app has no {name}: its setting `{name}` is none. Use --to HOST:PORT for another host."
        )
    match = _HOST_AND_PORT.fullmatch(name)
    if not match or not 0 < int(match["port"]) <= _MAX_PORT:
        raise OperationError(f"--to {name} is no destination; use database, cache, or HOST:PORT such as 10.0.0.7:8080.")
    return Destination(match["host"].strip("[]"), int(match["port"]))


def through_tunnel(variables: Mapping[str, str], destination: Destination, port: int) -> dict[str, str]:
    """Variables of a task, for a program that reaches the destination at a port of this machine.

    libpq verifies the certificate of the database's own name. Other drivers connect to an address without that name, so
    they verify only that the certificate is the CA's.
    """
    result = dict(variables)
    for host_name, port_name in (pair for pairs in _VARIABLES.values() for pair in pairs):
        if (result.get(host_name), result.get(port_name)) != (destination.host, str(destination.port)):
            continue
        if host_name == "PGHOST":
            result["PGHOSTADDR"] = _LOOPBACK
        else:
            result[host_name] = _LOOPBACK
        result[port_name] = str(port)
    result = {name: _forwarded_url(value, destination, port) for name, value in result.items()}
    if "MYSQL_TCP_PORT" in result and result.get("MYSQL_HOST") == _LOOPBACK:
        result["MYSQL_TCP_PORT"] = str(port)
    return result


def _forwarded_url(value: str, destination: Destination, port: int) -> str:
    """A URL of the destination with the tunnel's address; any other text unchanged."""
    if "://" not in value:
        return value
    try:
        parts = urlsplit(value)
        if (parts.hostname, parts.port) != destination:
            return value
    except ValueError:  # no URL
        return value
    login, at, _ = parts.netloc.rpartition("@")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    scheme, product = parts.scheme, product_of(parts.scheme) if parts.scheme != "rediss" else ""
    if _KNOWS_HOSTADDR.fullmatch(scheme):
        host, query = destination.host, {**query, "hostaddr": _LOOPBACK}
    else:
        host = _LOOPBACK
        for name, changes in _WITHOUT_NAME.get("mysql" if product == "mariadb" else product, {}).items():
            if query.get(name) in changes:
                changed = changes[query.pop(name)]
                query |= {name: changed} if changed else {}
        query |= _ADDED.get(scheme, {})
    netloc = f"{login}{at}{host}:{port}"
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query, safe="/")))
