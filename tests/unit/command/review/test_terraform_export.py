"""Terraform JSON: what a program registers, in Terraform's names and references, and accepted by Terraform."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from flask_on_aws_cli.pulumi_engine import Secret
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN
from flask_on_aws_cli.review.terraform.export import configuration
from flask_on_aws_cli.review.terraform.schema import provider_version

from tests.production import evaluated, exported
from tests.unit.command.review.graphs import resource

ACCOUNT = "123456789012"
BUCKET, TOPIC, KEY = "aws:s3/bucket:Bucket", "aws:sns/topic:Topic", "aws:kms/key:Key"
# Where Terraform's documentation puts a mirror, and where this project's machines have it.
MIRRORS = [os.environ.get("TF_PLUGIN_MIRROR", ""), "/opt/tf-plugins", str(Path.home() / ".terraform.d/plugins")]
# So that the provider asks neither for an account nor for credentials.
OFFLINE = {
    "access_key": "none",
    "secret_key": "none",
    "skip_credentials_validation": True,
    "skip_requesting_account_id": True,
    "skip_metadata_api_check": True,
}


def export(*resources, outputs=None, config=None):
    return configuration(resources, outputs or {}, config or {}, "us-east-1", ACCOUNT)


def test_references_and_names():
    bucket = resource(BUCKET, "app-media", {})
    arn = f"arn:aws:s3:us-east-1:{ACCOUNT}:bucket/${{Bucket app-media.id}}"
    policy = {"Resource": f"{arn}/*", "Other": f"arn:aws:iam::{ACCOUNT}:role/x", "Text": "${aws:username} %{x}"}
    document = export(
        bucket,
        resource(
            "aws:s3/bucketPolicy:BucketPolicy",
            "app-tls",
            {
                "bucket": "${Bucket app-media.bucket}",
                "policy": json.dumps(policy),
            },
        ),
        resource(
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "errors",
            {
                "name": "errors",
                "dimensions": {"LoadBalancer": "x"},
                "comparisonOperator": "GreaterThanThreshold",
                "alarmActions": ["${Topic alarms.arn}"],
                "metricQueries": [{"id": "a", "returnData": True}],
            },
        ),
        resource(TOPIC, "alarms", {"displayName": "${bucket app-media.bucket}"}),
        outputs={bucket.urn: {"arn": arn}},
    )
    resources = document["resource"]
    tls = resources["aws_s3_bucket_policy"]["app_tls"]
    assert tls["bucket"] == "${aws_s3_bucket.app_media.bucket}"
    assert json.loads(tls["policy"]) == {
        "Resource": "${aws_s3_bucket.app_media.arn}/*",
        "Other": "arn:aws:iam::${var.account_id}:role/x",
        "Text": "$${aws:username} %%{x}",
    }
    alarm = resources["aws_cloudwatch_metric_alarm"]["errors"]
    assert (alarm["alarm_name"], alarm["dimensions"]) == ("errors", {"LoadBalancer": "x"})
    assert (alarm["alarm_actions"], alarm["metric_query"]) == (
        ["${aws_sns_topic.alarms.arn}"],
        [{"id": "a", "return_data": True}],
    )
    assert resources["aws_sns_topic"]["alarms"]["display_name"] == "${lower(aws_s3_bucket.app_media.bucket)}"


def test_secrets_and_unknown_values_are_variables():
    document = export(
        resource(
            "aws:secretsmanager/secretVersion:SecretVersion",
            "content",
            {
                "secretId": "${Secret app.id}",
                "secretString": Secret('{"KEY": "hunter22"}'),
            },
        ),
        resource("aws:ssm/parameter:Parameter", "release", {"type": "String", "value": UNKNOWN}),
        resource("aws:rds/instance:Instance", "db", {"identifier": "db-${RandomId suffix.hex}"}),
        resource("random:index/randomId:RandomId", "suffix", {"byteLength": 4}),
    )
    assert "hunter22" not in json.dumps(document)
    version = document["resource"]["aws_secretsmanager_secret_version"]["content"]
    assert version["secret_string"] == "${var.content_secretString}"
    variable = document["variable"]["content_secretString"]
    assert (variable["sensitive"], variable["default"]) == (True, None)
    assert document["variable"]["release_value"]["default"]
    assert document["resource"]["aws_db_instance"]["db"]["identifier"] == "db-${var.suffix_hex}"
    assert "Not in this file: random:index/randomId:RandomId suffix." in document["//"]


def test_options_regions_and_default_tags():
    provider = resource("pulumi:providers:aws", "virginia", {"region": "us-west-2"})
    bucket = resource(BUCKET, "media", {"region": "eu-west-1"}, protect=True, ignore_changes=["tags"])
    document = export(
        provider,
        bucket,
        resource(BUCKET, "a-b", {}),
        resource(BUCKET, "a_b", {}),
        config={"aws:defaultTags": '{"tags": {"team": "shop"}}'},
    )
    buckets = document["resource"]["aws_s3_bucket"]
    assert buckets["media"]["lifecycle"] == {"ignore_changes": ["tags"], "prevent_destroy": True}
    assert buckets["media"]["provider"] == "aws.eu_west_1"
    assert len(buckets) == 3
    tags = [{"tags": {"team": "shop"}}]
    assert document["provider"]["aws"] == [
        {"region": "us-east-1", "default_tags": tags},
        {"alias": "eu_west_1", "region": "eu-west-1", "default_tags": tags},
    ]


def test_every_resource_of_production_is_exported_with_every_property():
    for stack in ("domain", "cloudfront"):
        document = exported(stack)
        assert not [note for note in document["//"] if note.startswith("Not in this version")]
        aws = [each for each in evaluated(stack).graph.custom() if each.type.startswith("aws:")]
        assert sum(map(len, document["resource"].values())) == len(aws)


@pytest.fixture(scope="module")
def terraform(tmp_path_factory):
    """Runs Terraform with the AWS provider of this machine."""
    program = shutil.which("terraform")
    name = f"registry.terraform.io/hashicorp/aws/{provider_version()}"
    mirror = next((folder for folder in MIRRORS if folder and (Path(folder) / name).is_dir()), None)
    if not program or not mirror:
        pytest.skip("needs terraform and its AWS provider in a mirror")
    configuration_file = tmp_path_factory.mktemp("terraform") / "terraform.rc"
    configuration_file.write_text(
        f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n'
    )
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(configuration_file), "AWS_EC2_METADATA_DISABLED": "true"}

    def run(folder, *arguments):
        command = [program, *arguments, "-no-color"]
        result = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
        return result.stdout

    return run


@pytest.mark.parametrize("stack", ["domain", "cloudfront"])
def test_terraform_plans_production(terraform, tmp_path, stack):
    document = exported(stack)
    (tmp_path / "stack.tf.json").write_text(json.dumps(document))
    providers = [{**provider, **OFFLINE} for provider in document["provider"]["aws"]]
    (tmp_path / "offline_override.tf.json").write_text(json.dumps({"provider": {"aws": providers}}))
    terraform(tmp_path, "init", "-input=false")
    terraform(tmp_path, "validate")
    plan = terraform(tmp_path, "plan", "-input=false", "-refresh=false")
    count = sum(map(len, document["resource"].values()))
    assert f"Plan: {count} to add, 0 to change, 0 to destroy." in plan
