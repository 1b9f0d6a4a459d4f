"""Services that are recognized by their image: databases, caches, buckets and queues become settings."""

import re
from collections.abc import Mapping

from ..reading.source import Value
from .draft import Draft
from .services import set_database

_DATABASES: Mapping[str, str] = {
    **dict.fromkeys(("postgres", "postgresql", "postgis", "pgvector", "timescaledb", "timescaledb-ha"), "postgres"),
    **dict.fromkeys(("mysql", "mysql-server", "percona"), "mysql"),
    "mariadb": "mariadb",
    **dict.fromkeys(("mssql/server", "azure-sql-edge"), "sqlserver"),
    **dict.fromkeys(("mongo", "mongodb", "mongodb-community-server", "ferretdb"), "documentdb"),
}
# The version of RDS by the year that begins the tag of Microsoft's image.
_SQLSERVER_VERSIONS = {"2019": "15.00", "2022": "16.00"}
_CACHES = ("redis", "valkey", "redis-stack", "redis-stack-server", "keydb", "dragonfly")
_BUCKETS, _QUEUES, _LOCAL_AWS = ("minio",), ("elasticmq", "elasticmq-native"), ("localstack", "localstack-pro")
_TOOL = "is a tool for development; `flask-on-aws` has psql, logs and status."
_MAIL = "catches mail during development; set the address of a mail server in env and secretValues."
_PROXY = "the load balancer does its work: TLS, redirects to HTTPS and health checks. Let the app serve static files."
_OTHERS: Mapping[str, str] = {
    **dict.fromkeys(("nginx", "caddy", "traefik", "haproxy", "httpd", "nginx-proxy", "acme-companion"), _PROXY),
    **dict.fromkeys(("mailhog", "mailpit", "maildev", "mailcatcher", "smtp4dev", "mailtrap"), _MAIL),
    **dict.fromkeys(("adminer", "pgadmin4", "phpmyadmin", "redis-commander", "redisinsight", "pgweb"), _TOOL),
    "rabbitmq": "RabbitMQ is not supported; set `queue: sqs`, or use a broker elsewhere (secretValues).",
    "memcached": "Memcached is not supported; set `cache: valkey`, which needs a client for Redis.",
    **dict.fromkeys(
        ("elasticsearch", "opensearch", "meilisearch", "typesense"),
        "has no setting; use the service elsewhere with its address in secretValues.",
    ),
}


def image_name(image: str) -> tuple[str, str]:
    """The last part of an image's name, which is `mssql/server` of Microsoft's SQL Server, and its tag."""
    path, _, last = image.partition("@")[0].rpartition("/")
    name, _, tag = last.partition(":")
    if name.lower() == "server" and path.endswith("/mssql"):
        name = "mssql/server"
    return name.lower(), tag


def is_service(image: str) -> bool:
    """Whether an image is one of these, and not an app's own."""
    name = image_name(image)[0]
    return name in {*_DATABASES, *_CACHES, *_BUCKETS, *_QUEUES, *_LOCAL_AWS, *_OTHERS}


def read_image(draft: Draft, service: Value, image: Value, command: str = "") -> str:
    """Set what a service is for, or report that it has no setting.

    Args:
        draft: the draft.
        service: the service, which is reported as a whole.
        image: its image, one of those of `is_service`.
        command: what it runs.

    Returns:
        What the app reads instead of the service's address; empty if there is nothing.
    """
    name, tag = image_name(image.text())
    if name in _OTHERS:
        draft.lose(service, _OTHERS[name])
        return ""
    if name in _DATABASES and "database" in draft.values:
        draft.lose(service, "is a second database; keep it, and pass its address in secretValues.")
        return ""
    replacement = _set_service(draft, name, tag, service, image, command)
    service.mark_used()
    text = f"its address, user, password, ports and files are the stack's own; the app reads {replacement}"
    draft.carry(service.place, service.path, text)
    return replacement


def _set_service(draft: Draft, name: str, tag: str, service: Value, image: Value, command: str) -> str:
    if engine := _DATABASES.get(name):
        version = _SQLSERVER_VERSIONS.get(tag[:4], "") if engine == "sqlserver" else tag
        set_database(draft, engine, version, image.place)
        draft.notes["database"] = "move the data with a dump"
        return "DATABASE_URL"
    if name in _CACHES:
        draft.put("cache", "valkey", image.place)
        if "noeviction" in command:
            draft.put("cacheUse", "queue", image.place, "its policy is noeviction")
        return "REDIS_URL"
    if name in _BUCKETS:
        draft.put("bucket", "s3", image.place, "copy the files with `aws s3 sync`")
        return "MEDIA_BUCKET"
    if name in _QUEUES:
        draft.put("queue", "sqs", image.place)
        return "QUEUE_URL"
    names = set(re.split(r"[\s,]+", _services_of_localstack(service).lower()))
    if "sqs" in names:
        draft.put("queue", "sqs", image.place)
    if "s3" in names or "sqs" not in names:
        draft.put("bucket", "s3", image.place)
    return " and ".join(
        variable
        for setting, variable in (("bucket", "MEDIA_BUCKET"), ("queue", "QUEUE_URL"))
        if setting in draft.values
    )


def _services_of_localstack(service: Value) -> str:
    for key in ("environment", "env"):
        variables = service[key] if service.is_mapping else None
        value = variables["SERVICES"] if variables and variables.is_mapping else None
        if value and value.is_scalar:
            return value.text()
    return ""
