"""Whether the local AWS lets S3 write a bucket's access logs to another, with the library's bucket policies."""

from types import SimpleNamespace

import pytest
from flask_on_aws.storage.access_logs import BUCKET_PREFIX, delivery_policy
from flask_on_aws_cli.local_aws.moto_patches.access_logs import _may_log


@pytest.mark.parametrize(
    ("sources", "prefix", "is_allowed"),
    [
        (["buckets", "distributions"], f"{BUCKET_PREFIX}app-media-1/", True),
        (["buckets"], "AWSLogs/", False),
        (["buckets"], None, False),
        (["distributions"], f"{BUCKET_PREFIX}app-media-1/", False),
    ],
)
def test_s3_writes_only_where_the_policy_allows_it(sources, prefix, is_allowed):
    policy = delivery_policy("arn:aws:s3:::app-access-logs", "123456789012", sources).encode()
    target = SimpleNamespace(partition="aws", name="app-access-logs", policy=policy)
    assert _may_log(target, prefix) == is_allowed


def test_without_a_policy_s3_writes_nowhere():
    assert not _may_log(SimpleNamespace(partition="aws", name="logs", policy=None), "a/")
