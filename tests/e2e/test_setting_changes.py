"""Every setting changes a stack that runs: in place, without a new database, bucket, network, cluster or service."""

import json

import pytest
import yaml
from flask_on_aws.runtime_contract.contract import SERVICES

import settings
from tests.e2e.checks import check_nothing_to_do, identities
from tests.setting_values import SERVICE_KINDS

pytestmark = pytest.mark.engine

SSM = "arn:aws:ssm:us-east-1:123456789012:parameter/key"
# One `up` each. What these say has to be in AWS afterwards is looked at below.
DATABASE = {
    "databaseInstanceClass": "db.t4g.small",
    "databaseStorageGib": 30,
    "databaseMaxStorageGib": 200,
    "databaseBackupDays": 3,
    "databaseBackupWindow": "01:00-02:00",
    "databaseMaintenanceWindow": "mon:05:00-mon:06:00",
    "databaseMultiAz": True,
    "databaseMonitoringInterval": 30,
    "databaseVersion": "18",
    "databaseAllowMajorUpgrade": True,
    "allowDatabaseReplacement": True,
    "acceptDataLoss": ["app-db"],
    "databaseUrlScheme": "postgresql+psycopg",
    "databaseUrlQuery": "sslmode=require",
    "databaseSnapshot": "of-another-database",  # of no account after creation
    "tags": {"team": "shop"},
}
TASKS = {
    "databaseApplyImmediately": False,
    "cpu": 512,
    "memory": 1024,
    "minTasks": 2,
    "maxTasks": 5,
    "scaleCpuPercent": 50,
    "scaleMemoryPercent": 0,
    "scaleRequestsPerMinute": 600,
    "port": 9000,
    "healthCheckPath": "/version",
    "startupSeconds": 90,
    "startCommand": "gunicorn --bind 0.0.0.0:$PORT 'board:create_app()'",
    "workers": {"mail": "python -m mail"},
    "enableExec": True,
    "spotShare": 50,
    "logRetentionDays": 60,
    "env": {"GREETING": "hello", "LOG_LEVEL": "warning"},
    "secrets": {"API_KEY": SSM},
    "secretValues": {"TOKEN": "t0ken"},
    "overrideEnv": ["LOG_LEVEL"],
    "compat": ["upsun", "divio"],
    "debug": True,
    "gitBranch": "main",
    "policyArns": {"read": "arn:aws:iam::aws:policy/AmazonSSMReadOnlyAccess"},
    "permissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess",
    "outboundPorts": [443],
    "readOnlyRoot": False,
    "writablePaths": ["/tmp", "/data/media"],
    "sidecars": [{"name": "metrics", "image": "metrics:1"}],
    "caCertificates": "init",
    "containerInsights": True,
    "tags": {"team": "data", "cost center": "4711"},
}
AROUND = {
    "egress": "nat",
    "schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minTasks": 0, "maxTasks": 1}],
    "flowLogs": True,
    "desyncMitigation": "strictest",
    # CloudFront's; the emulator takes any.
    "webAclArn": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/12345678-1234-1234-1234-123456789012",
    "accessLogs": True,
    "bucketVersioned": True,
    **{service: kind for service, kind in SERVICE_KINDS.items() if not SERVICES[service].is_default},
    "alarms": True,
    "alarmEmail": "ops@example.com",
    "imagesKept": 40,
    "buildEnv": {"COLOR": "blue"},
    "buildSecrets": {"TOKEN": "t0ken"},
    "rebuild": "2026-11-21",
    "dockerfile": "Dockerfile.other",
    "architecture": "arm64",
}
# From CloudFront's name to one's own, beside which the former goes on.
DOMAIN = {
    "domain": "shop.example.com",
    "domainAliases": ["www.example.com"],
    "allowedCidrs": ["198.51.100.0/24"],
    "cloudfrontOrigin": "vpc-with-public",
}
# As a last step, since it is the first to be undone: nothing can be destroyed with it.
PROTECTION = {"environment": "production", "deletionProtection": True, "keepData": True, "debug": False}
CHANGED = (DATABASE, TASKS, AROUND, DOMAIN, PROTECTION)
# Previewed alone: the emulator loses a subnet group of databases that changes.
ZONES = {"zones": 3}
# Likewise: the emulator cannot change a log group's key. test_stack.py makes one with the stack.
KEY = {"createKmsKey": True, "databaseKmsKeyId": "aws/rds"}
# Not changed here, and why.
ELSEWHERE = {
    "releaseCommand": "no task of the emulator ever ends; tests/local/test_releases.py",
    "releaseSeconds": "as releaseCommand",
    "kmsKeyId": "it stands in for createKmsKey; its sentences are in test_wrong_settings.py and test_data_loss.py",
    "app": "another folder is another content of the image, as in every release",
    "image": "a ready image ends the repository, which is what it is for",
    "builder": "it needs a Docker engine",
    "pythonVersion": "it decides the image of an app that has no Dockerfile",
    "systemPackages": "it decides the image of an app that has no Dockerfile",
    "preflight": "it needs a Docker engine",
    "repositoryName": "another name is another repository, which is what it is for",
    "previousSecretKey": "no matter on a new stack; test_upgrade.py",
    "dns": "in the tests of the components",
    "dnsReady": "in the tests of the components",
    "zoneId": "in the tests of the components",
    "certificateArn": "in the tests of the components",
    **dict.fromkeys(("database", "bucket", "databaseName", "databaseUsername", "vpcCidr"), "guarded: test_stack.py"),
    "monthlyBudgetUsd": "the emulator cannot change a budget's tags",
    **dict.fromkeys(("vpcId", "publicSubnetIds", "privateSubnetIds"), "another network"),
    **dict.fromkeys(("clusterArn", "clusterName"), "another cluster"),
    **dict.fromkeys(
        (
            "databaseHost",
            "databasePort",
            "databaseServerSecurityGroupId",
            "databaseServerSecretArn",
            "databaseSetupImage",
        ),
        "another server; see the example platform_app",
    ),
    **dict.fromkeys(
        (
            "listenerArn",
            "listenerPriority",
            "listenerPaths",
            "listenerHasCertificate",
            "loadBalancerSecurityGroupId",
            "loadBalancerDnsName",
            "loadBalancerZoneId",
            "loadBalancerArnSuffix",
        ),
        "another load balancer; see the example platform_app",
    ),
}


def test_no_setting_is_forgotten():
    changed = {key for group in (*CHANGED, ZONES, KEY) for key in group}
    assert not changed & set(ELSEWHERE)
    missing = {*settings.READERS, *settings.SECRETS} - changed - set(ELSEWHERE)
    assert not missing, f"Add {sorted(missing)} to a group of settings that change, or to ELSEWHERE with the reason."
    assert changed | set(ELSEWHERE) == {*settings.READERS, *settings.SECRETS}


def test_settings_of_database_and_tasks_change_in_place(program):
    """Only this test proves that the real provider changes these settings without a replacement."""
    stack = program("dev")
    kept = change(stack, DATABASE, TASKS)
    check_database(stack)
    check_tasks(stack)
    check_tags(stack)
    check_zones(stack, kept)
    check_key(stack, kept)


def test_settings_around_them_change_in_place(program):
    """Only this test proves it for the remaining settings, from a default stack to protected production on a domain."""
    stack = program("dev")
    folder = stack.folder / "app_template"
    (folder / "Dockerfile.other").write_text((folder / "Dockerfile").read_text())
    stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    kept = change(stack, AROUND)
    assert distribution(stack)["WebACLId"] == AROUND["webAclArn"]
    first, second = create_web_acl(stack, "first"), create_web_acl(stack, "second")
    apply(stack, kept, {**DOMAIN, "webAclArn": first})
    assert stack.outputs()["url"] == "https://shop.example.com"
    assert web_acls(stack) == {"app-alb": first, "app-ilb": first}
    assert distribution(stack)["WebACLId"] == ""
    apply(stack, kept, {**PROTECTION, "webAclArn": second})
    assert web_acls(stack) == {"app-alb": second, "app-ilb": second}

    configure(stack, {"webAclArn": ""})
    stack.configure(environment="development", deletionProtection=False, keepData=False)
    assert "databaseBackupDays" in stack.run("preview", fails=True)  # from 14 to 1: less can be restored
    configure(stack, {"acceptDataLoss": ["app-db", "app-web-logs"]})
    stack.up()
    assert web_acls(stack) == {"app-alb": None, "app-ilb": None}
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}


def change(stack, *groups):
    """Make the stack, then change it group by group; the ids of what must not be replaced."""
    stack.up()
    kept = identities(stack)
    for group in groups:
        apply(stack, kept, group)
    return kept


def apply(stack, kept, group) -> None:
    """Change the stack in place; afterwards there is nothing to do."""
    configure(stack, group)
    stack.up()
    found = identities(stack)
    assert {key: found.get(key) for key in kept} == kept, sorted(group)
    check_nothing_to_do(stack)


def create_web_acl(stack, name) -> str:
    """The ARN of a web ACL that lets everything pass."""
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    made = stack.aws("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen
    )
    return made["Summary"]["ARN"]


def web_acls(stack) -> dict[str, str | None]:
    """By logical name: the ARN of the load balancer's web ACL."""
    waf, found = stack.aws("wafv2"), {}
    for key, resource in stack.resources().items():
        if key.startswith("aws:lb/loadBalancer:LoadBalancer::"):
            acl = waf.get_web_acl_for_resource(ResourceArn=resource["id"]).get("WebACL") or {}
            found[key.rpartition("::")[2]] = acl.get("ARN")
    return found


def distribution(stack):
    resources = stack.resources()
    wanted = resources["aws:cloudfront/distribution:Distribution::app-cdn"]["id"]
    return stack.aws("cloudfront").get_distribution_config(Id=wanted)["DistributionConfig"]


def configure(stack, group) -> None:
    """As users write it into the stack's file, apart from what is encrypted there."""
    file = stack.folder / f"Pulumi.{stack.name}.yaml"
    written = yaml.safe_load(file.read_text())
    plain = {key: value for key, value in group.items() if key not in settings.SECRETS}
    written["config"] |= {f"flask-on-aws:{key}": value for key, value in plain.items()}
    file.write_text(yaml.safe_dump(written))
    for key in settings.SECRETS:
        for name, secret in group.get(key, {}).items():
            stack.run("config", "set", "--secret", "--path", f"{key}.{name}", secret)


def previewed(stack, group) -> dict[str, str]:
    """Type and logical name → what an update with these settings would do."""
    configure(stack, group)
    steps = {step["urn"]: step["op"] for step in json.loads(stack.run("preview", "--json"))["steps"]}
    return {f"{urn.split('::')[-2].rsplit('$', 1)[-1]}::{urn.split('::')[-1]}": op for urn, op in steps.items()}


def check_key(stack, kept) -> None:
    """All but the database and the repositories, which keep their keys, move to the new one in place."""
    named = previewed(stack, KEY)
    assert named["aws:kms/key:Key::app-kms-key"] == "create"
    for kind, name in (
        ("cloudwatch/logGroup:LogGroup", "app-web-logs"),
        ("cloudwatch/logGroup:LogGroup", "app-db-logs-postgresql"),
        ("secretsmanager/secret:Secret", "app-secret"),
        ("secretsmanager/secret:Secret", "app-db-login"),
        ("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "app-media-encryption"),
    ):
        assert named[f"aws:{kind}::{name}"] == "update", name
    for name in ("rds/instance:Instance::app-db", "ecr/repository:Repository::app-image"):
        assert named.get(f"aws:{name}", "same") == "same", name
    assert {key: named[key] for key in kept if named.get(key, "same") not in ("same", "update")} == {}


def check_zones(stack, kept) -> None:
    named = previewed(stack, ZONES)
    assert named["aws:rds/subnetGroup:SubnetGroup::app-db-subnets"] == "update"
    assert named["aws:ec2/subnet:Subnet::app-network-private-3"] == "create"
    assert {key: named[key] for key in kept if named.get(key, "same") not in ("same", "update")} == {}
    configure(stack, {"zones": 2})


def check_database(stack) -> None:
    database = stack.aws("rds").describe_db_instances()["DBInstances"][0]
    assert (database["DBInstanceClass"], database["AllocatedStorage"]) == ("db.t4g.small", 30)
    assert database["MultiAZ"] is True
    assert database["EngineVersion"].startswith("18")


def check_tags(stack) -> None:
    """The later group's tags in place of the earlier one's, beside those that the library itself reads."""
    wanted = {"team": "data", "cost center": "4711", "managed-by": "pulumi"}
    database = stack.aws("rds").describe_db_instances()["DBInstances"][0]
    subnets = stack.resources()["aws:rds/subnetGroup:SubnetGroup::app-db-subnets"]["outputs"]["arn"]
    listed = stack.aws("rds").list_tags_for_resource(ResourceName=subnets)["TagList"]
    for tags in (database["TagList"], listed):
        assert wanted.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items()
    assert "flask-on-aws:database_name" in {tag["Key"] for tag in listed}
    service = stack.aws("ecs").describe_services(
        cluster=stack.outputs()["clusterName"], services=[stack.outputs()["serviceName"]], include=["TAGS"]
    )["services"][0]
    assert service["propagateTags"] == "SERVICE"
    assert wanted.items() <= {tag["key"]: tag["value"] for tag in service["tags"]}.items()
    # Previewed alone: the emulator cannot take the tags of scalable targets away.
    without = previewed(stack, {"tags": {}})
    assert set(without.values()) <= {"same", "update"}
    assert without["aws:ecs/taskDefinition:TaskDefinition::app-web"] == "update"
    configure(stack, {"tags": TASKS["tags"]})


def check_tasks(stack) -> None:
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    containers = {container["name"]: container for container in task["taskDefinition"]["containerDefinitions"]}
    environment = {pair["name"]: pair["value"] for pair in containers["web"]["environment"]}
    assert {"PORT": "9000", "LOG_LEVEL": "warning", "GREETING": "hello"}.items() <= environment.items()
    assert {"web", "metrics", "rds-ca"} == set(containers)
    assert {"API_KEY", "TOKEN"} <= {secret["name"] for secret in containers["web"]["secrets"]}
