import json

import pulumi
import pytest
from flask_on_aws.storage.media_bucket import MediaBucket, access_policy, problems


def test_by_default_the_bucket_is_private_encrypted_and_emptied_on_destroy(deploy):
    deployed = deploy(lambda: MediaBucket("media", {}))
    assert deployed.outputs["storage_dsn"] == "s3://media.s3.us-east-1.amazonaws.com/?auth=s3v4"
    assert deployed.named("media")["forceDestroy"] is True
    assert set(deployed.named("media-public-access").values()) == {True, "media"}
    rules = deployed.named("media-encryption")["rules"]
    assert rules == [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
    assert json.loads(deployed.named("media-tls")["policy"])["Statement"][0]["Effect"] == "Deny"
    assert not deployed.of_type(":BucketVersioning")
    assert not deployed.of_type(":BucketCorsConfiguration")


def test_a_retained_versioned_bucket_keeps_files_and_expires_old_versions(deploy):
    deployed = deploy(lambda: MediaBucket("media", {"versioned": True, "old_version_days": 7, "retain": True}))
    assert deployed.named("media")["forceDestroy"] is False
    assert deployed.named("media-versioning")["versioningConfiguration"] == {"status": "Enabled"}
    days = [rule.get("noncurrentVersionExpiration") for rule in deployed.named("media-lifecycle")["rules"]]
    assert {"noncurrentDays": 7} in days


def test_only_the_given_origins_may_upload(deploy):
    deployed = deploy(lambda: MediaBucket("media", {"allowed_origins": ["https://app.example.com"]}))
    (rule,) = deployed.named("media-cors")["corsRules"]
    assert rule["allowedOrigins"] == ["https://app.example.com"]


def test_access_is_limited_to_the_bucket():
    statements = json.loads(access_policy("arn:aws:s3:::b"))["Statement"]
    assert {s["Resource"] for s in statements} == {"arn:aws:s3:::b", "arn:aws:s3:::b/*"}
    assert not any("*" in action for s in statements for action in s["Action"])


@pytest.mark.parametrize("days", [0, 3651, True])
def test_days_out_of_range_are_rejected_with_the_value(days):
    (problem,) = problems({"versioned": True, "old_version_days": days})
    assert problem.argument == "old_version_days"
    assert repr(days) in problem.reason


def test_nothing_is_registered_when_arguments_are_wrong(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="old_version_days"):
        MediaBucket("media", {"old_version_days": 0})
    assert mocks.resources == []
