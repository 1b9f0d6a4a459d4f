"""The program's life on an emulated AWS: up, again, refresh, changes, destroy."""

import pytest
import yaml

from tests.e2e.checks import FORGOTTEN, check_no_plaintext_secret, check_nothing_to_do, identities, leftovers
from tests.unit.program.wrong_settings import WRONG

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("valid_requests")]

# What `refresh` reads back wrongly, and why; the next `up` sets it again.
REFRESHED = {
    "app-image": "nothing was pushed where no Docker engine answers, so the registry does not know the image",
    "app-db-parameters": "DescribeDBParameters answers without the parameters that were set",
    "app-vpc-origin": "ListTagsForResource knows no tags of VPC origins",
    "app-vpc-origin-http": "rules are read back without their description",
    "app-web-from-internal-load-balancer": "rules are read back without their description",
    "app-db-from-tasks": "rules are read back without their description",
}
# Creation times in seconds: medians of public apply logs for the slow ones; everything else is quick.
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
# Rows of the table of wrong settings that are tried together with the real engine, by the start of their sentence.
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


def test_the_default_stack_lives_and_leaves_nothing(program):
    """Alone proves the life of the default stack by the real engine: up, no difference, release, refresh, destroy.

    And that the engine stops before a change that loses data.
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
    assert set(stack.changes()) <= {*FORGOTTEN, *REFRESHED, "app-web"}

    check_that_data_is_guarded(stack)
    check_mistakes(stack)
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}
    assert leftovers(stack) == {}


def check_access_logs(stack) -> None:
    """CloudFront and the media bucket write to the app's bucket for logs, and another update has nothing to do."""
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


# What is set on a stack that is up, the setting that the sentence names, and what else it says.
REFUSED = (
    ({"databaseUsername": "somebody"}, "databaseUsername", "add app-db to acceptDataLoss"),
    ({"name": "shop"}, "name: 'app' → 'shop'", "create a new stack"),
    ({"database": "none", "bucket": "none"}, "bucket: deletes the bucket app-media", "add app-db to acceptDataLoss"),
    ({"vpcCidr": "10.1.0.0/16"}, "vpcCidr", "'10.0.0.0/16' → '10.1.0.0/16'"),
    ({"databaseBackupDays": 0}, "databaseBackupDays", "deletes all backups"),
    # The key has no ARN yet, and at the preview even so.
    ({"createKmsKey": True}, "createKmsKey", "copy it with the new key"),
)


def check_that_data_is_guarded(stack):
    """No preview and no update lets it go without consent; with consent, it would."""
    before = stack.resources().keys(), identities(stack)
    for number, (changed, setting, sentence) in enumerate(REFUSED):
        stack.configure(**changed)
        for command in [["preview"], ["up", "--yes", "--skip-preview"]][: 2 if number < 3 else 1]:
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
    """The only proof that protection blocks `pulumi destroy`, and what production leaves behind."""
    stack = program("prod")
    zone = stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    # No budget: the emulator cannot change its tags, which the second `up` would want.
    stack.configure(
        environment="production", domain="shop.example.com", alarmEmail="ops@example.com", createKmsKey=True
    )
    stack.up()
    key = check_key(stack)
    assert stack.outputs()["url"] == "https://shop.example.com"
    records = stack.aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert {record["Type"] for record in records if record["Name"] == "shop.example.com."} == {"A", "AAAA"}
    check_nothing_to_do(stack)

    whole = set(stack.resources())
    # With its preview, as everybody runs it: Pulumi finds what is protected before it deletes anything.
    assert "is protected" in stack.run("destroy", "--yes", fails=True)
    assert set(stack.resources()) == whole
    bucket = stack.outputs()["bucketName"]
    stack.aws("s3").put_object(Bucket=bucket, Key="picture.png", Body=b"png")
    stack.configure(deletionProtection=False)
    stack.up()
    stack.run("destroy", "--yes", "--skip-preview")
    left = leftovers(stack)
    assert left.pop("buckets") == [bucket]
    (snapshot,) = left.pop("snapshots")
    assert snapshot.startswith("app-db-final-")
    assert left == {}
    # Snapshot and bucket are of no use without it.
    assert stack.aws("kms").describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def check_key(stack) -> str:
    """The ARN of the stack's key, with which AWS encrypts everything that is kept."""
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
    assert {kind: set(found) for kind, found in keys.items()} == {kind: {outputs["kmsKeyArn"]} for kind in keys}
    return outputs["kmsKeyArn"]


def check_only_the_service_waits(stack):
    """The longest way through the graph is CloudFront's, whose name the app must know: all else is beside it."""
    weights, edges = {}, {}
    for resource in stack.state()["deployment"]["resources"]:
        kind = resource["type"]
        weights[resource["urn"]] = 0 if kind.startswith(("flask-on-aws:", "pulumi:")) else SECONDS.get(kind, QUICK)
        edges[resource["urn"]] = resource.get("dependencies", [])
    longest = {}

    def way(urn):
        if urn not in longest:
            longest[urn] = max((way(before) for before in edges[urn]), key=lambda w: w[0], default=(0, []))
            longest[urn] = (longest[urn][0] + weights[urn], [*longest[urn][1], urn])
        return longest[urn]

    _, path = max((way(urn) for urn in edges), key=lambda w: w[0])
    slow = [urn.split("::")[2].rsplit("$", 1)[-1] for urn in path if weights[urn] > QUICK]
    assert slow == [
        "aws:ec2/vpc:Vpc",
        "aws:lb/loadBalancer:LoadBalancer",
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        "aws:cloudfront/distribution:Distribution",
        "aws:ecs/service:Service",
    ]


def check_mistakes(stack) -> None:
    """A preview reports all wrong settings together, each once, without a traceback; then what only AWS knows."""
    rows = {lines[0]: given for given, lines in reversed(WRONG) if len(given) == 1 and lines[0].startswith(SAMPLE)}
    lines = {next(iter(given)): line for line, given in rows.items()}
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
    """Settings of any form in the stack's file; None takes one out."""
    file = stack.folder / f"Pulumi.{stack.name}.yaml"
    written = yaml.safe_load(file.read_text())
    for key, value in values.items():
        written["config"].pop(f"flask-on-aws:{key}", None)
        if value is not None:
            written["config"][f"flask-on-aws:{key}"] = value
    file.write_text(yaml.safe_dump(written))
