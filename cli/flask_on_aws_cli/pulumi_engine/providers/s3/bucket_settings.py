"""The settings of buckets, each of which is a resource of its own."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..base import Call, Json, Provider, again, pascal, unless_gone
from .s3 import GONE, client


class _Setting(NamedTuple):
    """One kind of settings of a bucket: the API's operations, and its arguments from the inputs."""

    put: str
    get: str
    delete: str
    """Empty where AWS has no such operation: then the setting stays as it is until its bucket goes."""
    arguments: Callable[[Json], dict[str, Any]]
    absent: Sequence[str]
    """The error codes that say that there is no such setting."""


def _cors(given: Json) -> dict[str, Any]:
    rules = [
        {"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in pascal(given["corsRules"])
    ]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _lifecycle(given: Json) -> dict[str, Any]:
    rules = [{"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in pascal(given["rules"])]
    for rule in rules:
        if "ID" in rule and not rule.get("Filter") and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}  # the whole bucket
    return {"LifecycleConfiguration": {"Rules": rules}}


def _encryption(given: Json) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    for rule in given["rules"]:
        default = rule.get("applyServerSideEncryptionByDefault")
        key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if default and default.get("kmsMasterKeyId") else {}
        algorithm = {"SSEAlgorithm": default["sseAlgorithm"], **key} if default else None
        made = {"ApplyServerSideEncryptionByDefault": algorithm} if algorithm else {}
        rules.append({**made, "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled"))})
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _public_access(given: Json) -> dict[str, Any]:
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    wanted = {switch[:1].upper() + switch[1:]: bool(given.get(switch)) for switch in switches}
    return {"PublicAccessBlockConfiguration": wanted}


def _ownership(given: Json) -> dict[str, Any]:
    return {"OwnershipControls": {"Rules": [pascal(given["rule"])]}}


def _policy(given: Json) -> dict[str, Any]:
    return {"Policy": given["policy"]}


def _versioning(given: Json) -> dict[str, Any]:
    return {"VersioningConfiguration": pascal(given["versioningConfiguration"])}


_SETTINGS: Mapping[str, _Setting] = {
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _Setting(
        "put_bucket_cors", "get_bucket_cors", "delete_bucket_cors", _cors, ["NoSuchCORSConfiguration"]
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _Setting(
        "put_bucket_lifecycle_configuration",
        "get_bucket_lifecycle_configuration",
        "delete_bucket_lifecycle",
        _lifecycle,
        ["NoSuchLifecycleConfiguration"],
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _Setting(
        "put_bucket_ownership_controls",
        "get_bucket_ownership_controls",
        "delete_bucket_ownership_controls",
        _ownership,
        ["OwnershipControlsNotFoundError"],
    ),
    "aws:s3/bucketPolicy:BucketPolicy": _Setting(
        "put_bucket_policy",
        "get_bucket_policy",
        "delete_bucket_policy",
        _policy,
        ["NoSuchBucketPolicy"],
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _Setting(
        "put_public_access_block",
        "get_public_access_block",
        "delete_public_access_block",
        _public_access,
        ["NoSuchPublicAccessBlockConfiguration"],
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _Setting(
        "put_bucket_encryption",
        "get_bucket_encryption",
        "delete_bucket_encryption",
        _encryption,
        ["ServerSideEncryptionConfigurationNotFoundError"],
    ),
    "aws:s3/bucketVersioning:BucketVersioning": _Setting(
        "put_bucket_versioning",
        "get_bucket_versioning",
        "",
        _versioning,
        [],
    ),
}


def _provider(setting: _Setting) -> Provider:
    def put(call: Call) -> str:
        bucket = call.inputs["bucket"]
        getattr(client(call), setting.put)(Bucket=bucket, **setting.arguments(call.inputs))
        return bucket

    def get(call: Call) -> Json | None:
        found = unless_gone((*GONE, *setting.absent), lambda: getattr(client(call), setting.get)(Bucket=call.id))
        return None if found is None else {"id": call.id}

    def remove(call: Call) -> None:
        if setting.delete:
            unless_gone((*GONE, *setting.absent), lambda: getattr(client(call), setting.delete)(Bucket=call.id))

    return Provider(create=put, read=get, update=again(put), delete=remove, replace_on=frozenset({"bucket"}))


PROVIDERS: Mapping[str, Provider] = {token: _provider(setting) for token, setting in _SETTINGS.items()}
