"""Buckets."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, find_by, key_values, name_of, unless_gone

GONE = ("404", "NoSuchBucket", "NotFound")
_DELETED_AT_ONCE = 1000  # DeleteObjects' own limit
# The region whose buckets are made without naming it.
_FIRST_REGION = "us-east-1"


def client(call: Call) -> Any:
    """The client of S3."""
    return call.aws.client("s3")


def create(call: Call) -> str:
    region = call.aws.region
    where: dict[str, Any] = (
        {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    )
    locked = {"ObjectLockEnabledForBucket": True} if call.inputs.get("objectLockEnabled") else {}
    client(call).create_bucket(Bucket=call.name, **where, **locked)
    _tag(call, call.name)
    return call.name


def _tag(call: Call, bucket: str) -> None:
    if call.tags:
        client(call).put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": key_values(call.tags)})
    else:
        client(call).delete_bucket_tagging(Bucket=bucket)


def read(call: Call) -> Json | None:
    if unless_gone(GONE, lambda: client(call).head_bucket(Bucket=call.id)) is None:
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
    def action() -> None:
        if call.inputs.get("forceDestroy"):
            _empty(call)
        client(call).delete_bucket(Bucket=call.id)

    unless_gone(GONE, action)


def _empty(call: Call) -> None:
    for page in client(call).get_paginator("list_object_versions").paginate(Bucket=call.id):
        entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        keys = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            batch = {"Objects": keys[start : start + _DELETED_AT_ONCE], "Quiet": True}
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
