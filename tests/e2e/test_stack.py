"""The program's life on an emulated AWS: up, again, refresh, changes, destroy."""

import json

import pytest
import yaml

from tests.e2e.checks import FORGOTTEN, check_nothing_to_do, identities, leftovers
from tests.unit.wrong_settings import WRONG

pytestmark = pytest.mark.engine

# What `refresh` reads back wrongly, and why; the next `up` sets it again.
REFRESHED = {
    "app-image": "nothing was pushed where no Docker engine answers, so the registry does not know the image",
    "app-db-parameters": "DescribeDBParameters answers without the parameters that were set",
    "app-alb-access-http-cloudfront": "rules are read back without their description",
    "app-web-from-load-balancer": "rules are read back without their description",
    "app-db-from-tasks": "rules are read back without their description",
}
# Creation times in seconds: medians of public apply logs for the slow ones; everything else is quick.
SECONDS = {
    "aws:rds/instance:Instance": 452,
    "aws:lb/loadBalancer:LoadBalancer": 152,
    "aws:cloudfront/distribution:Distribution": 187,
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
    stack = program("dev")
    stack.up()
    outputs = stack.outputs()
    assert outputs["url"] == f"https://{outputs['hostname']}"
    assert outputs["hostname"].endswith(".cloudfront.net")
    check_nothing_to_do(stack)
    check_no_plaintext_secret(stack)
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
    stack.up()

    stack.run("refresh", "--yes", "--skip-preview")
    assert set(stack.changes()) <= {*FORGOTTEN, *REFRESHED, "app-web"}

    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}
    assert leftovers(stack) == {}


def test_the_database_is_guarded_and_mistakes_are_told_at_once(program):
    stack = program("dev")
    stack.up()
    before = identities(stack)
    stack.configure(databaseUsername="somebody")
    for command in (["preview"], ["up", "--yes", "--skip-preview"]):
        output = stack.run(*command, fails=True)
        assert "username" in output
        assert "allowDatabaseReplacement" in output
    assert identities(stack) == before
    stack.configure(databaseUsername="app")

    check_mistakes(stack)
    stack.run("destroy", "--yes", "--skip-preview")
    assert leftovers(stack) == {}


def test_production_on_a_domain_keeps_its_data(program):
    stack = program("prod")
    zone = stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"]
    # No budget: the emulator cannot change its tags, which the second `up` would want.
    stack.configure(environment="production", domain="shop.example.com", alarmEmail="ops@example.com")
    stack.up()
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


def check_only_the_service_waits(stack):
    """The longest way through the dependency graph is database, then service: everything else is beside it."""
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
    assert slow == ["aws:ec2/vpc:Vpc", "aws:rds/instance:Instance", "aws:ecs/service:Service"]


def check_no_plaintext_secret(stack):
    shown = json.loads(stack.run("stack", "export", "--show-secrets"))
    passwords = {
        json.loads(resource["outputs"]["result"]["plaintext"])
        for resource in shown["deployment"]["resources"]
        if resource["type"] == "random:index/randomPassword:RandomPassword"
    }
    assert len(passwords) == 2  # the database's, and what CloudFront shows the load balancer
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    places = {
        "state": stack.run("stack", "export"),
        "outputs": json.dumps(stack.outputs()),
        "task definition": json.dumps(task, default=str),
    }
    for password in passwords:
        assert [place for place, text in places.items() if password in text] == []


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
