import json

import pulumi
import pytest
from flask_on_aws.storage.access_logs import AccessLogBucket, delivery_policy, problems


def test_the_bucket_is_private_encrypted_and_forgets(deploy):
    deployed = deploy(lambda: AccessLogBucket("logs", {}))
    assert deployed.named("logs")["forceDestroy"] is True
    assert set(deployed.named("logs-public-access").values()) == {True, "logs"}
    assert deployed.named("logs-encryption")["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    (rule,) = deployed.named("logs-lifecycle")["rules"]
    assert rule["expiration"] == {"days": 90}
    assert deployed.outputs == {"bucket_name": "logs", "bucket_arn": "arn:aws:mock:us-east-1:123456789012:logs"}
    policy = json.loads(deployed.named("logs-delivery")["policy"])
    assert policy["Statement"][0]["Resource"].endswith(":logs/AWSLogs/123456789012/*")


def test_retained_logs_survive(deploy):
    seen = {}

    def watch(args):
        seen[args.name] = args.opts
        return pulumi.ResourceTransformationResult(args.props, args.opts)

    opts = pulumi.ResourceOptions(transformations=[watch])
    deployed = deploy(lambda: AccessLogBucket("logs", {"retain": True, "days": 7}, opts))
    assert deployed.named("logs")["forceDestroy"] is False
    assert seen["logs"].retain_on_delete is True
    assert deployed.named("logs-lifecycle")["rules"][0]["expiration"] == {"days": 7}


def test_only_load_balancers_write_and_only_to_the_folder_of_the_account():
    deliver, require_tls = json.loads(delivery_policy("arn:aws:s3:::b", "123456789012"))["Statement"]
    assert deliver == {
        "Sid": "DeliverAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": "arn:aws:s3:::b/AWSLogs/123456789012/*",
        "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:elasticloadbalancing:*:123456789012:loadbalancer/*"}},
    }
    assert require_tls["Effect"] == "Deny"
    assert require_tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_buckets_and_distributions_of_the_account_write_to_their_own_folders():
    sources = ["buckets", "distributions"]
    buckets, distributions, _ = json.loads(delivery_policy("arn:aws:s3:::b", "123456789012", sources))["Statement"]
    assert buckets["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert (buckets["Action"], buckets["Resource"]) == ("s3:PutObject", "arn:aws:s3:::b/buckets/*")
    assert buckets["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}
    assert distributions["Principal"] == {"Service": "delivery.logs.amazonaws.com"}
    assert distributions["Resource"] == "arn:aws:s3:::b/AWSLogs/123456789012/*"
    assert distributions["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "123456789012", "s3:x-amz-acl": "bucket-owner-full-control"},
        "ArnLike": {"aws:SourceArn": "arn:aws:logs:us-east-1:123456789012:*"},
    }


@pytest.mark.parametrize(
    ("sources", "sentence"), [(["trails"], "'trails' is not one of"), ([], "An empty list allows nothing to write")]
)
def test_sources_that_do_not_exist_are_rejected(sources, sentence):
    (problem,) = problems({"sources": sources})
    assert problem.argument == "sources"
    assert sentence in problem.reason


@pytest.mark.parametrize("days", [0, 3654])
def test_days_out_of_range_are_rejected(days):
    (problem,) = problems({"days": days})
    assert problem == ("days", f"{days} must be a whole number from 1 to 3653 days.")
