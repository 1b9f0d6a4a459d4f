"""What a Flask app records of its stateful resources: the roles of its guard against losing data."""

from collections.abc import Iterator, Mapping

import pulumi

from ..aurora.aurora_args import facts as aurora_facts
from ..aurora.aurora_args import settled as settled_aurora
from ..cache.cache_args import facts as cache_facts
from ..cache.cache_args import with_cache_defaults
from ..component import with_defaults
from ..data_loss.guard import Guard, in_clear
from ..data_loss.rules import REMOVED, Facts
from ..database.database_args import facts as database_facts
from ..database.database_args import settled
from ..database.engines import CLUSTER_ENGINES, DOCUMENT_ENGINES
from ..documentdb.documentdb_args import DEFAULTS as DOCUMENTDB_DEFAULTS
from ..documentdb.documentdb_args import facts as documentdb_facts
from ..network import network
from ..storage.media_bucket import facts as bucket_facts
from ..validation.problems import Problem
from .component_args import (
    DEFAULT_NAME,
    app_names,
    aurora_args,
    cache_args,
    database_args,
    default_database_name,
    documentdb_args,
    image_args,
    logical_database_args,
    media_bucket_args,
    network_args,
)
from .encryption_keys import database_key, key_name, recorded_key
from .flask_app_args import FlaskAppArgs
from .topology import has_setup


def guard(name: str, args: FlaskAppArgs) -> Guard:
    """The guard of an app; `args` have their defaults."""
    record: dict[str, Facts] = {
        "network": {"kind": "network", **_network(args)},
        "logs": {"kind": "logs", "name": _logs(name), "retention_days": args["log_retention_days"]},
    }
    database = _database(name, args)
    if database:
        record["database"] = database
    if has_setup(args) and "database_host" not in args:
        own = logical_database_args(args, DEFAULT_NAME, {})
        record["app_database"] = {**_logical(f"{name}-db-app", "", own["database_name"]), "kind": "app-database"}
    if args["create_kms_key"]:
        record["key"] = {"kind": "key", "name": key_name(name), "retain": args["keep_data"]}
    if args["bucket"] == "s3":
        record["bucket"] = bucket_facts(f"{name}-media", media_bucket_args(args))
    if args["queue"] == "sqs":
        record["queue"] = {"kind": "queue", "name": _queue(name)}
    if args["cache"] == "valkey":
        key = recorded_key(args)
        cache = cache_args(args, "", [], None if key is None else in_clear(key))
        record["cache"] = cache_facts(_cache(name), with_cache_defaults(cache))
    if "image" not in args:
        key = recorded_key(args)
        record["repository"] = {
            "kind": "repository",
            "name": f"{name}-image",
            "repository_name": args.get("repository_name", ""),
            "force_delete": not args["deletion_protection"],
            **({} if key is None else {"kms_key_id": in_clear(key)}),
        }
    return Guard(record, args["accept_data_loss"], _names(args))


def accepted_loss_problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    """Names in `accept_data_loss` that are no resource of the app: a typing error would otherwise be noticed too late."""
    names = (f"{name}-db", f"{name}-media", _queue(name), _cache(name), f"{name}-image", _logs(name), key_name(name))
    for resource in args["accept_data_loss"]:
        if resource not in names:
            yield Problem("accept_data_loss", f"{resource!r} is not one of {', '.join(names)}.")


def _logs(name: str) -> str:
    return f"{name}-web-logs"


def _queue(name: str) -> str:
    return f"{name}-queue"


def _cache(name: str) -> str:
    return f"{name}-cache"


def _network(args: FlaskAppArgs) -> Facts:
    """An existing VPC, or the range of the app's own."""
    if "vpc_id" in args:
        return {"vpc_id": args["vpc_id"]}
    return {"cidr_block": args.get("vpc_cidr", network.DEFAULTS["cidr_block"])}


def _database(name: str, args: FlaskAppArgs) -> Facts | None:
    if args["database"] == "none":
        return None
    if "database_host" not in args:
        key = database_key(args, recorded_key(args))
        recorded = None if key is None else in_clear(key)
        if args["database"] in CLUSTER_ENGINES:
            return aurora_facts(f"{name}-db", settled_aurora(aurora_args(args, "", [], recorded)))
        if args["database"] in DOCUMENT_ENGINES:
            own_cluster = with_defaults(documentdb_args(args, "", [], recorded), DOCUMENTDB_DEFAULTS)
            return documentdb_facts(f"{name}-db", own_cluster)
        own = database_args(args, "", [], recorded)
        return database_facts(f"{name}-db", settled(own))
    server = logical_database_args(args, default_database_name(name), {})
    return _logical(f"{name}-db", server["host"], server["database_name"])


def _logical(name: str, host: pulumi.Input[str], database_name: str) -> Facts:
    return {"kind": "logical-database", "name": name, "host": host, "database_name": database_name}


def _removed_by(args: FlaskAppArgs) -> str:
    """The argument by which a stack no longer has a server of its own."""
    if "database_url_secret_arn" in args:
        return "database_url_secret_arn"
    return "database" if args["database"] == "none" else "database_host"


def _names(args: FlaskAppArgs) -> Mapping[str, Mapping[str, str]]:
    """By role: the app's names of its parts' arguments, and of the argument that removes the part."""
    key = {"kms_key_id": "create_kms_key" if args["create_kms_key"] else "kms_key_id"}
    database = {
        **app_names(lambda args: logical_database_args(args, "", {})),
        **app_names(lambda args: database_args(args, "", [])),
        **({"kms_key_id": "database_kms_key_id"} if "database_kms_key_id" in args else key),
        REMOVED: _removed_by(args),
    }
    return {
        "network": {**app_names(network_args), REMOVED: ""},
        "logs": {"retention_days": "log_retention_days", REMOVED: ""},
        "database": database,
        "app_database": {"database_name": "database_name"},
        "key": {"retain": "keep_data", REMOVED: "create_kms_key"},
        "bucket": {**app_names(media_bucket_args), REMOVED: "bucket"},
        "queue": {REMOVED: "queue"},
        "cache": {**app_names(lambda args: cache_args(args, "", [])), **key, REMOVED: "cache"},
        "repository": {**app_names(image_args), **key, REMOVED: "image"},
    }
