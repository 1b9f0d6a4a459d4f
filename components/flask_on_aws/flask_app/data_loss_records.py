"""What a Flask app records of its stateful resources: the roles of its guard against losing data."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

import pulumi

from ..component import settle
from ..data_loss.guard import Guard, in_clear
from ..data_loss.rules import REMOVED, Facts
from ..database.database_args import DEFAULTS, DatabaseArgs
from ..database.database_args import facts as database_facts
from ..network import network
from ..storage.media_bucket import MediaBucketArgs
from ..storage.media_bucket import facts as bucket_facts
from ..validation.problems import Problem
from . import component_args as given
from .encryption_keys import database_key, key_name, recorded_key
from .flask_app_args import FlaskAppArgs


def guard(name: str, args: FlaskAppArgs) -> Guard:
    """The guard of an app; `args` have their defaults."""
    record: dict[str, Facts] = {
        "network": {"kind": "network", **_network(args)},
        "logs": {"kind": "logs", "name": _logs(name), "retention_days": args["log_retention_days"]},
    }
    database = _database(name, args)
    if database:
        record["database"] = database
    if args["create_kms_key"]:
        record["key"] = {"kind": "key", "name": key_name(name), "retain": args["keep_data"]}
    if args["bucket"] == "s3":
        media = cast(MediaBucketArgs, given.part(args, given.MEDIA))
        record["bucket"] = bucket_facts(f"{name}-media", media)
    if "image" not in args:
        repository = {"repository_name": args.get("repository_name", "")}
        protected = {"force_delete": not args["deletion_protection"]}
        own = {**repository, **protected, **_key(recorded_key(args))}
        record["repository"] = {"kind": "repository", "name": f"{name}-image", **own}
    return Guard(record, args["accept_data_loss"], _names(args))


def consent_problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    """Consents that are no resource of the app: a typing error there would otherwise be found only when it matters."""
    known = (f"{name}-db", f"{name}-media", f"{name}-image", _logs(name), key_name(name))
    for resource in args["accept_data_loss"]:
        if resource not in known:
            yield Problem("accept_data_loss", f"{resource!r} is not one of {', '.join(known)}.")


def _logs(name: str) -> str:
    return f"{name}-web-logs"


def _network(args: FlaskAppArgs) -> Facts:
    """An existing VPC, or the range of the app's own."""
    if "vpc_id" in args:
        return {"vpc_id": args["vpc_id"]}
    return {"cidr_block": args.get("vpc_cidr", network.DEFAULTS["cidr_block"])}


def _database(name: str, args: FlaskAppArgs) -> Facts | None:
    if args["database"] == "none":
        return None
    if "database_host" not in args:
        key = _key(database_key(args, recorded_key(args)))
        own = settle(cast(DatabaseArgs, {**given.part(args, given.DATABASE), **key}), DEFAULTS)
        return database_facts(f"{name}-db", own)
    server = given.part(args, {"database_host": "host", "database_name": "database_name"})
    return {"kind": "logical-database", "name": f"{name}-db", "database_name": name.replace("-", "_"), **server}


def _key(key: pulumi.Input[str] | None) -> dict[str, Any]:
    return {} if key is None else {"kms_key_id": in_clear(key)}


def _names(args: FlaskAppArgs) -> Mapping[str, Mapping[str, str]]:
    """By role: the app's names of its parts' arguments, and of the argument that removes the part."""
    key = {"create_kms_key" if args["create_kms_key"] else "kms_key_id": "kms_key_id"}
    of_database = {"database_kms_key_id": "kms_key_id"} if "database_kms_key_id" in args else key
    moved = "database_host" if args["database"] == "postgres" else "database"
    parts: Mapping[str, tuple[Mapping[str, str], str]] = {
        "network": (given.NETWORK, ""),
        "logs": ({"log_retention_days": "retention_days"}, ""),
        "database": ({**given.LOGICAL_DATABASE, **given.DATABASE, **of_database}, moved),
        "key": ({"keep_data": "retain"}, "create_kms_key"),
        "bucket": (given.MEDIA, "bucket"),
        "repository": ({**given.IMAGE, **key}, "image"),
    }
    return {
        role: {**{theirs: ours for ours, theirs in names.items()}, REMOVED: removing}
        for role, (names, removing) in parts.items()
    }
