"""Bucket configurations, each of which is a separate resource."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..base import Call, Json, Provider, none_if_missing, pascal, update_with
from .s3 import NOT_FOUND, client


class _Setting(NamedTuple):
    """One bucket configuration: the S3 client's methods, and how their arguments are built from the inputs."""

    put: str
    get: str
    delete: str
    """Empty if S3 has no such operation; then the configuration stays until the bucket is deleted."""
    arguments: Callable[[Json], dict[str, Any]]
    not_found: Sequence[str]
    """The error codes for a bucket without this configuration."""


def _cors(inputs: Json) -> dict[str, Any]:
    rules = [
        {"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in pascal(inputs["corsRules"])
    ]
    return {"CORSConfiguration": {"CORSRules": rules}}


def _lifecycle(inputs: Json) -> dict[str, Any]:
    rules = [{"ID" if key == "Id" else key: value for key, value in rule.items()} for rule in pascal(inputs["rules"])]
    for rule in rules:
        if "ID" in rule and not rule.get("Filter") and "Prefix" not in rule:
            rule["Filter"] = {"Prefix": ""}  # every object of the bucket
    return {"LifecycleConfiguration": {"Rules": rules}}


def _encryption(inputs: Json) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    for rule in inputs["rules"]:
        default = rule.get("applyServerSideEncryptionByDefault")
        key = {"KMSMasterKeyID": default["kmsMasterKeyId"]} if default and default.get("kmsMasterKeyId") else {}
        algorithm = {"SSEAlgorithm": default["sseAlgorithm"], **key} if default else None
        by_default = {"ApplyServerSideEncryptionByDefault": algorithm} if algorithm else {}
        rules.append({**by_default, "BucketKeyEnabled": bool(rule.get("bucketKeyEnabled"))})
    return {"ServerSideEncryptionConfiguration": {"Rules": rules}}


def _public_access(inputs: Json) -> dict[str, Any]:
    switches = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    configuration = {switch[:1].upper() + switch[1:]: bool(inputs.get(switch)) for switch in switches}
    return {"PublicAccessBlockConfiguration": configuration}


def _ownership(inputs: Json) -> dict[str, Any]:
    return {"OwnershipControls": {"Rules": [pascal(inputs["rule"])]}}


def _policy(inputs: Json) -> dict[str, Any]:
    return {"Policy": inputs["policy"]}


def _versioning(inputs: Json) -> dict[str, Any]:
    return {"VersioningConfiguration": pascal(inputs["versioningConfiguration"])}


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

    def read(call: Call) -> Json | None:
        get = getattr(client(call), setting.get)
        response = none_if_missing((*NOT_FOUND, *setting.not_found), lambda: get(Bucket=call.id))
        return None if response is None else {"id": call.id}

    def delete(call: Call) -> None:
        if setting.delete:
            remove = getattr(client(call), setting.delete)
            none_if_missing((*NOT_FOUND, *setting.not_found), lambda: remove(Bucket=call.id))

    return Provider(create=put, read=read, update=update_with(put), delete=delete, replace_on=frozenset({"bucket"}))


PROVIDERS: Mapping[str, Provider] = {token: _provider(setting) for token, setting in _SETTINGS.items()}
