"""Tests of the program on an emulated AWS: up, a second up, refresh, changes, destroy."""

import pytest
import yaml

from tests.e2e.checks import NOT_STORED, check_no_plaintext_secret, check_nothing_to_do, identities, leftovers
from tests.unit.program.wrong_settings import WRONG

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("valid_requests")]

# Resources that `refresh` reads wrongly from the emulator, and why; the next `up` sets them again.
REFRESHED = {
    "app-image": "without a Docker engine no image was pushed, so the registry does not have it",
    "app-db-parameters": "DescribeDBParameters does not return the parameters that were set",
    "app-vpc-origin": "ListTagsForResource returns no tags of VPC origins",
    "app-vpc-origin-http": "rules are returned without their description",
    "app-web-from-internal-load-balancer": "rules are returned without their description",
    "app-db-from-tasks": "rules are returned without their description",
}
# Creation times in seconds: medians of public apply logs for the slow types; all others are quick.
SECONDS = {
    "aws:rds/instance:Instance": 452,
    "aws:lb/loadBalancer:LoadBalancer": 152,
    "aws:cloudfront/distribution:Distribution": 187,
    "aws:cloudfront/vpcOrigin:VpcOrigin": 900,  # "up to 15 minutes", which is the developer guide's figure
    "aws:ecs/service:Service": 90,
    "aws:ec2/vpc:Vpc": 22,
    "aws:ec2/natGateway:NatGateway": 105,
    "docker-build:index:Image": 60,
}
QUICK = 1
# Rows of the table of wrong settings that are tested together with the real engine, by the start of their message.
SAMPLE = (
    "egress: 'wlan'",
    "memory: 700",
    "healthCheckPath: 'up'",
    "databaseUrlScheme: 'mysql'",
    "databaseInstanceClass: 'db.t4g.huge'",
    "alarms: 'maybe'",
    "schedules[0].timeZone",
    "sidecars[0].name: 'web'",
    "workers.web",
    "writablePaths: '/a-b'",
    "secrets.TOKEN: must be the ARN",
)


def test_the_default_stack_is_created_updated_and_deleted_completely(program):
    """Only this test proves the default stack with the real engine: up, no difference, release, refresh, destroy.

    It also proves that the engine stops before a change that loses data.
    """
    stack = program("dev")
    printed = stack.up("--diff", "--show-reads", "--event-log", "events.json")
    outputs = stack.outputs()
    assert outputs["url"] == f"https://{outputs['hostname']}"
    assert outputs["hostname"].endswith(".cloudfront.net")
    check_nothing_to_do(stack)
    check_no_plaintext_secret(stack, printed)
    check_only_the_service_waits(stack)

    release = stack.folder / "app_template" / "board" / "static" / "release.txt"
    release.write_text("a new release")
    touched = {urn.rsplit("::", 2)[-2].rsplit("$", 1)[-1] for urn in stack.touched()} - {
        "aws:appautoscaling/target:Target"
    }
    assert touched == {
        "docker-build:index:Image",
        "aws:ecs/taskDefinition:TaskDefinition",
        "aws:ecs/service:Service",
        "aws:ssm/parameter:Parameter",  # the record of the release
    }
    stack.configure(accessLogs=True)
    stack.up()
    check_access_logs(stack)

    stack.run("refresh", "--yes", "--skip-preview")
    assert set(stack.changes()) <= {*NOT_STORED, *REFRESHED, "app-web"}

    check_that_data_is_guarded(stack)
    check_mistakes(stack)
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}
    assert leftovers(stack) == {}


def check_access_logs(stack) -> None:
    """Check that CloudFront and the media bucket write to the app's log bucket, and that updates have nothing to do."""
    ids = {name.rsplit("::", 1)[-1]: r.get("id") for name, r in stack.resources().items() if "s3/bucket:" in name}
    s3, logs = stack.aws("s3"), stack.aws("logs")
    target = s3.get_bucket_logging(Bucket=ids["app-media"])["LoggingEnabled"]
    assert (target["TargetBucket"], target["TargetPrefix"]) == (
        ids["app-access-logs"],
        f"buckets/{ids['app-media']}/",
    )
    (source,) = logs.describe_delivery_sources()["deliverySources"]
    assert source["resourceArns"] == [
        stack.resources()["aws:cloudfront/distribution:Distribution::app-cdn"]["outputs"]["arn"]
    ]
    (destination,) = logs.describe_delivery_destinations()["deliveryDestinations"]
    bucket_arn = destination["deliveryDestinationConfiguration"]["destinationResourceArn"]
    assert bucket_arn == f"arn:aws:s3:::{ids['app-access-logs']}"
    (delivery,) = logs.describe_deliveries()["deliveries"]
    assert (delivery["deliverySourceName"], delivery["deliveryDestinationArn"]) == (source["name"], destination["arn"])
    assert "cs(Cookie)" not in delivery["recordFields"]
    check_nothing_to_do(stack)


# Settings that a deployed stack rejects, the setting that the message names, and another part of the message. All
# others are in test_data_loss.py.
REJECTED = (
    ({"databaseUsername": "somebody"}, "databaseUsername", "add app-db to acceptDataLoss"),
    ({"database": "none", "bucket": "none"}, "bucket: deletes the bucket app-media", "add app-db to acceptDataLoss"),
    # The preview rejects it although the key has no ARN yet.
    ({"createKmsKey": True}, "createKmsKey", "copy it with the new key"),
)


def check_that_data_is_guarded(stack):
    """Check that previews and updates that would delete data fail unless acceptDataLoss allows it."""
    before = stack.resources().keys(), identities(stack)
    for number, (changed, setting, sentence) in enumerate(REJECTED):
        stack.configure(**changed)
        for command in [["preview"], ["up", "--yes", "--skip-preview"]][: 2 if number == 0 else 1]:
            output = stack.run(*command, fails=True)
            assert setting in output
            assert sentence in output
        for key in changed:
            stack.run("config", "rm", key)
    assert (stack.resources().keys(), identities(stack)) == before

    stack.configure(bucket="none")
    stack.run("config", "set", "--path", "acceptDataLoss[0]", "app-media")
    assert "app-media" in stack.changes()
    for key in ("bucket", "acceptDataLoss"):
        stack.run("config", "rm", key)


def test_production_on_a_domain_keeps_its_data(program):
    """Only this test proves that protection blocks `pulumi destroy`, and which data production keeps."""
    stack = program("prod")
    zone = stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    # No budget: the emulator cannot change its tags, as the second `up` would.
    stack.configure(
        environment="production", domain="shop.example.com", alarmEmail="ops@example.com", createKmsKey=True
    )
    stack.up()
    key = check_key(stack)
    assert stack.outputs()["url"] == "https://shop.example.com"
    records = stack.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {record["Type"] for record in records if record["Name"] == "shop.example.com."} == {"A", "AAAA"}
    check_nothing_to_do(stack)

    resources = set(stack.resources())
    # With the preview, as users run it: Pulumi finds protected resources before it deletes anything.
    assert "is protected" in stack.run("destroy", "--yes", fails=True)
    assert set(stack.resources()) == resources
    bucket = stack.outputs()["bucketName"]
    stack.aws("s3").put_object(Bucket=bucket, Key="picture.png", Body=b"png")
    stack.configure(deletionProtection=False)
    stack.up()
    stack.run("destroy", "--yes", "--skip-preview")
    remaining = leftovers(stack)
    assert remaining.pop("buckets") == [bucket]
    (snapshot,) = remaining.pop("snapshots")
    assert snapshot.startswith("app-db-final-")
    assert remaining == {}
    # The snapshot and the bucket cannot be read without the key.
    assert stack.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def check_key(stack) -> str:
    """Check that AWS encrypts all stored data with the stack's key; returns its ARN."""
    outputs, bucket = stack.outputs(), {"Bucket": stack.outputs()["bucketName"]}
    database = stack.aws("rds").describe_db_instances()["DBInstances"][0]
    (rule,) = stack.aws("s3").get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    (topic,) = stack.aws("sns").list_topics()["Topics"]
    keys = {
        "database": [database["KmsKeyId"], database["PerformanceInsightsKMSKeyId"]],
        "bucket": [rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]],
        "topic": [stack.aws("sns").get_topic_attributes(**topic)["Attributes"]["KmsMasterKeyId"]],
        "secrets": [s.get("KmsKeyId") for s in stack.aws("secretsmanager").list_secrets()["SecretList"]],
        "log groups": [g.get("kmsKeyId") for g in stack.aws("logs").describe_log_groups()["logGroups"]],
        "repositories": [
            repository["encryptionConfiguration"].get("kmsKey")
            for repository in stack.aws("ecr").describe_repositories()["repositories"]
        ],
    }
    assert {kind: set(arns) for kind, arns in keys.items()} == {kind: {outputs["kmsKeyArn"]} for kind in keys}
    return outputs["kmsKeyArn"]


def check_only_the_service_waits(stack):
    """Check that the graph's longest path is CloudFront's, whose domain the app needs; the rest is parallel."""
    weights, edges = {}, {}
    for resource in stack.state()["deployment"]["resources"]:
        kind = resource["type"]
        weights[resource["urn"]] = 0 if kind.startswith(("flask-on-aws:", "pulumi:")) else SECONDS.get(kind, QUICK)
        edges[resource["urn"]] = resource.get("dependencies", [])
    longest = {}

    def longest_path(urn):
        if urn not in longest:
            paths = (longest_path(dependency) for dependency in edges[urn])
            longest[urn] = max(paths, key=lambda path: path[0], default=(0, []))
            longest[urn] = (longest[urn][0] + weights[urn], [*longest[urn][1], urn])
        return longest[urn]

    _, path = max((longest_path(urn) for urn in edges), key=lambda path: path[0])
    slow = [urn.split("::")[2].rsplit("$", 1)[-1] for urn in path if weights[urn] > QUICK]
    assert slow == [
        "aws:ec2/vpc:Vpc",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        "aws:cloudfront/distribution:Distribution",
        "aws:ecs/service:Service",
    ]


def check_mistakes(stack) -> None:
    """Check that a preview reports all wrong settings together, each once, without a traceback; then those of AWS."""
    rows = {lines[0]: values for values, lines in reversed(WRONG) if len(values) == 1 and lines[0].startswith(SAMPLE)}
    lines = {next(iter(values)): line for line, values in rows.items()}
    wrong = {key: rows[line][key] for key, line in lines.items()}
    assert len(wrong) == len(SAMPLE)
    before = yaml.safe_load((stack.folder / f"Pulumi.{stack.name}.yaml").read_text())["config"]
    write(stack, wrong)
    output = stack.run("preview", fails=True)
    for line in lines.values():
        assert output.count(line) == 1, output
    assert "Traceback" not in output
    write(stack, {key: before.get(f"flask-on-aws:{key}") for key in wrong} | {"domain": "shop.example.net"})
    output = stack.run("preview", fails=True)
    assert output.count("domain: No public hosted zone in Route 53 is called shop.example.net or example.net") == 1
    assert "Traceback" not in output
    write(stack, {"domain": None})


def write(stack, values) -> None:
    """Write settings of any type to the stack's file; None removes one."""
    file = stack.folder / f"Pulumi.{stack.name}.yaml"
    content = yaml.safe_load(file.read_text())
    for key, value in values.items():
        content["config"].pop(f"flask-on-aws:{key}", None)
        if value is not None:
            content["config"][f"flask-on-aws:{key}"] = value
    file.write_text(yaml.safe_dump(content))
