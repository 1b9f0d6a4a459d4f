"""S3 buckets."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing

NOT_FOUND = ("404", "NoSuchBucket", "NotFound")
_OBJECTS_PER_REQUEST = 1000  # the limit of DeleteObjects
# CreateBucket rejects a LocationConstraint with this region.
_DEFAULT_REGION = "us-east-1"


def client(call: Call) -> Any:
    """The S3 client."""
    return call.aws.client("s3")


def create(call: Call) -> str:
    region = call.aws.region
    location: dict[str, Any] = (
        {} if region == _DEFAULT_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    object_lock = {"ObjectLockEnabledForBucket": True} if call.inputs.get("objectLockEnabled") else {}
    client(call).create_bucket(Bucket=call.name, **location, **object_lock)
    _tag(call, call.name)
    return call.name


def _tag(call: Call, bucket: str) -> None:
    if call.tags:
        client(call).put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": key_values(call.tags)})
    else:
        client(call).delete_bucket_tagging(Bucket=bucket)


def read(call: Call) -> Json | None:
    if none_if_missing(NOT_FOUND, lambda: client(call).head_bucket(Bucket=call.id)) is None:
        return None
    domain = "s3.amazonaws.com"
    return {
        "id": call.id,
        "bucket": call.id,
        "arn": f"arn:aws:s3:::{call.id}",
        "bucketDomainName": f"{call.id}.{domain}",
        "bucketRegionalDomainName": f"{call.id}.s3.{call.aws.region}.amazonaws.com",
        "region": call.aws.region,
    }


def update(call: Call) -> None:
    _tag(call, call.id)


def delete(call: Call) -> None:
    def delete_bucket() -> None:
        if call.inputs.get("forceDestroy"):
            _empty(call)
        client(call).delete_bucket(Bucket=call.id)

    none_if_missing(NOT_FOUND, delete_bucket)


def _empty(call: Call) -> None:
    for page in client(call).get_paginator("list_object_versions").paginate(Bucket=call.id):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        for start in range(0, len(keys), _OBJECTS_PER_REQUEST):
            batch = {"Objects": keys[start : start + _OBJECTS_PER_REQUEST], "Quiet": True}
            client(call).delete_objects(Bucket=call.id, Delete=batch)


PROVIDERS: Mapping[str, Provider] = {
    "aws:s3/bucket:Bucket": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find_by(name_of, read),
        replace_on=frozenset({"bucket", "objectLockEnabled"}),
        tagged=True,
    )
}
