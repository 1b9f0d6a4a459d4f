"""Tests that every setting changes a deployed stack in place, without replacing data, network or services."""

import json

import pytest
import yaml
from flask_on_aws.runtime_contract.contract import SERVICES

import settings
from tests.e2e.checks import check_nothing_to_do, identities
from tests.setting_values import SERVICE_KINDS

pytestmark = pytest.mark.engine

SSM = "arn:aws:ssm:us-east-1:123456789012:parameter/key"
# Settings, of which one `up` changes several groups; the functions below check the result on AWS.
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
    "databaseSnapshot": "of-another-database",  # ignored after the creation
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
    "stickySessions": 3600,
    "startupSeconds": 90,
    "startCommand": "gunicorn --bind 0.0.0.0:$PORT 'board:create_app()'",
    "workers": {"mail": "python -m mail"},
    "jobs": [
        {"name": "nightly", "schedule": "cron(0 3 * * ? *)", "command": "flask cleanup", "timezone": "Europe/Berlin"}
    ],
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
    "entryPoint": "replace",
    "containerInsights": True,
}
NETWORK_AND_IMAGE = {
    "egress": "nat",
    "dualStack": True,
    "flowLogs": True,
    "desyncMitigation": "strictest",
    # A web ACL of CloudFront; the emulator accepts any ARN.
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
    "dockerfileTarget": "web",
    "architecture": "arm64",
}
# Instead of minTasks and maxTasks.
SCHEDULES = {"schedules": [{"name": "night", "schedule": "cron(0 22 * * ? *)", "minTasks": 0, "maxTasks": 1}]}
# After the step before has created the cache.
CACHE = {
    "cacheUse": "queue",
    "cacheVersion": "9.0",
    "cacheNodeType": "cache.t4g.small",
    "cacheReplicas": 2,
    "cacheSnapshotDays": 3,
    "cacheSnapshot": "of-another-cache",  # ignored after the creation
    "cacheMaintenanceWindow": "mon:06:00-mon:07:00",
}
FIRST_TAGS = {"team": "shop"}
LATER_TAGS = {"team": "data", "cost center": "4711"}
# From CloudFront's domain to a custom domain; both work afterwards.
DOMAIN = {
    "domain": "shop.example.com",
    "domainAliases": ["www.example.com"],
    "domainRedirects": ["example.com"],
    "allowedCidrs": ["198.51.100.0/24"],
    "cloudfrontOrigin": "vpc-with-public",
}
# Next to the public load balancer, until visitors have moved. The emulator cannot create CloudFront's functions, which
# redirect there.
CDN = {"cdn": True, "cdnCachedPaths": ["/static/*", "/assets/*"], "allowedCidrs": "auto", "domainRedirects": "auto"}
# The last step, because a protected stack cannot be destroyed: it is undone first.
PROTECTION = {
    "environment": "production",
    "deletionProtection": True,
    "keepData": True,
    "debug": False,
    "loadBalancerDualStack": False,
}
CHANGED = (DATABASE, TASKS, NETWORK_AND_IMAGE, SCHEDULES, CACHE, DOMAIN, CDN, PROTECTION, {"tags": LATER_TAGS})
# Only previewed, because the emulator loses a database subnet group that changes.
ZONES = {"zones": 3}
# Only previewed, because the emulator cannot change a log group's key; test_stack.py creates a stack with a key.
KEY = {"createKmsKey": True, "databaseKmsKeyId": "aws/rds"}
# Settings that are not changed here, with the reason.
NOT_CHANGED = {
    "releaseCommand": "the emulator's tasks never end; tests/local/test_releases.py changes it",
    "releaseSeconds": "the same as for releaseCommand",
    "kmsKeyId": "the same as createKmsKey; its errors are in test_wrong_settings.py and test_data_loss.py",
    "app": "another folder changes the image, as in every release",
    "image": "with a ready image, the repository is deleted, as intended",
    "builder": "it needs a Docker engine",
    "pythonVersion": "it only affects apps without a Dockerfile",
    **dict.fromkeys(("systemPackages", "buildCommand", "assetsFolder"), "it only affects apps without a Dockerfile"),
    "preflight": "it needs a Docker engine",
    "repositoryName": "another name creates another repository, as intended",
    "previousSecretKey": "it has no effect on a new stack; test_upgrade.py changes it",
    "dns": "the tests of the components change it",
    "dnsReady": "the tests of the components change it",
    "zoneId": "the tests of the components change it",
    "certificateArn": "the tests of the components change it",
    **dict.fromkeys(
        ("database", "bucket", "databaseName", "databaseUsername", "vpcCidr"), "a change is rejected, see test_stack.py"
    ),
    **dict.fromkeys(
        ("databaseMinCapacity", "databaseMaxCapacity", "databaseAutoPauseSeconds"),
        "only Aurora has them; test_setting_values.py plans them",
    ),
    "databaseEdition": "a change is rejected, and only SQL Server has it; test_setting_values.py plans it",
    **dict.fromkeys(("databaseUrlSecretArn", "databaseUrlKmsKeyId"), "they replace the stack's own database"),
    **dict.fromkeys(
        ("waf", "wafRequestsPerFiveMinutes", "wafLogs"), "the stack has webAclArn; test_web_acls.py changes a web ACL"
    ),
    **dict.fromkeys(
        ("mediaCdn", "mediaCdnPath", "mediaCdnPublicKeys", "mediaCdnPrivateKeySecretArn"),
        "test_engine.py changes mediaCdn, and test_setting_values.py plans all of them",
    ),
    "basicAuthUsername": "the emulator cannot publish a function; Node executes it in test_basic_auth.py",
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


def test_every_setting_is_changed_or_has_a_reason_why_not():
    changed = {key for group in (*CHANGED, ZONES, KEY) for key in group}
    assert not changed & set(NOT_CHANGED)
    missing = {*settings.READERS, *settings.SECRETS} - changed - set(NOT_CHANGED)
    assert not missing, f"Add {sorted(missing)} to a group of settings that change, or to NOT_CHANGED with the reason."
    assert changed | set(NOT_CHANGED) == {*settings.READERS, *settings.SECRETS}


def test_settings_change_in_place(program):
    """Only this test proves that the real provider changes settings without a replacement.

    It goes from the defaults to protected production on a domain, and back.
    """
    stack = program("dev")
    folder = stack.folder / "app_template"
    (folder / "Dockerfile.other").write_text((folder / "Dockerfile").read_text() + "\nFROM python:3.13-slim AS web\n")
    stack.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    stack.up()
    ids = identities(stack)
    apply(stack, ids, {**DATABASE, **TASKS, **NETWORK_AND_IMAGE, "tags": FIRST_TAGS})
    assert distribution(stack)["WebACLId"] == NETWORK_AND_IMAGE["webAclArn"]
    check_database(stack)
    check_tasks(stack)
    check_zones(stack, ids)
    check_key(stack, ids)
    check_dual_stack(stack)
    first, second = create_web_acl(stack, "first"), create_web_acl(stack, "second")
    for key in ("minTasks", "maxTasks"):
        stack.run("config", "rm", key)
    apply(stack, identities(stack), {**SCHEDULES, **CACHE, **DOMAIN, "webAclArn": first, "tags": LATER_TAGS})
    check_cache(stack)
    check_tags(stack)
    assert stack.outputs()["url"] == "https://shop.example.com"
    assert web_acls(stack) == {"app-alb": first, "app-ilb": first}
    assert address_types(stack) == {"app-alb": "dualstack", "app-ilb": "ipv4"}
    assert distribution(stack)["WebACLId"] == ""
    configure(stack, {**PROTECTION, "webAclArn": second, "databaseBackupDays": 14, "acceptDataLoss": []})
    stack.up()
    current = identities(stack)
    assert {key: current.get(key) for key in ids} == ids
    assert web_acls(stack) == {"app-alb": second, "app-ilb": second}
    assert address_types(stack) == {"app-alb": "ipv4", "app-ilb": "ipv4"}

    configure(stack, {"webAclArn": ""})
    stack.configure(environment="development", deletionProtection=False, keepData=False, databaseBackupDays=1)
    assert "databaseBackupDays" in stack.run("preview", fails=True)  # less can be restored
    configure(stack, {"acceptDataLoss": ["app-db"], "loadBalancerDualStack": "auto", **CDN})
    stack.up()
    assert web_acls(stack) == {"app-alb": None, "app-ilb": None}
    check_cdn(stack)
    stack.run("destroy", "--yes", "--skip-preview")
    assert stack.resources() == {}


def apply(stack, ids, group) -> None:
    """Change the stack in place, and check that another update would change nothing."""
    configure(stack, group)
    stack.up()
    current = identities(stack)
    assert {key: current.get(key) for key in ids} == ids, sorted(group)
    check_nothing_to_do(stack)


def create_web_acl(stack, name) -> str:
    """Create a web ACL that allows all requests, and return its ARN."""
    visibility = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": name}
    response = stack.aws("wafv2").create_web_acl(
        Name=name, Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=visibility
    )
    return response["Summary"]["ARN"]


def web_acls(stack) -> dict[str, str | None]:
    """The ARN of each load balancer's web ACL by the load balancer's logical name."""
    waf, arns = stack.aws("wafv2"), {}
    for key, resource in stack.resources().items():
        if key.startswith("aws:lb/loadBalancer:LoadBalancer::"):
            acl = waf.get_web_acl_for_resource(ResourceArn=resource["id"]).get("WebACL") or {}
            arns[key.rpartition("::")[2]] = acl.get("ARN")
    return arns


def address_types(stack) -> dict[str, str]:
    """The address type of each load balancer by its logical name."""
    described = stack.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    types = {balancer["LoadBalancerArn"]: balancer["IpAddressType"] for balancer in described}
    balancers = {key: resource["id"] for key, resource in stack.resources().items() if "lb/loadBalancer:" in key}
    return {key.rpartition("::")[2]: types[arn] for key, arn in balancers.items()}


def distribution(stack):
    resources = stack.resources()
    distribution_id = resources["aws:cloudfront/distribution:Distribution::app-cdn"]["id"]
    return stack.aws("cloudfront").get_distribution_config(Id=distribution_id)["DistributionConfig"]


def configure(stack, group) -> None:
    """Write settings to the stack's file as users do; secrets with `pulumi config set`."""
    file = stack.folder / f"Pulumi.{stack.name}.yaml"
    content = yaml.safe_load(file.read_text())
    plain = {key: value for key, value in group.items() if key not in settings.SECRETS}
    content["config"] |= {f"flask-on-aws:{key}": value for key, value in plain.items()}
    file.write_text(yaml.safe_dump(content))
    for key in settings.SECRETS:
        for name, secret in group.get(key, {}).items():
            stack.run("config", "set", "--secret", "--path", f"{key}.{name}", secret)


def previewed(stack, group) -> dict[str, str]:
    """Type and logical name → the operation of an update with these settings."""
    configure(stack, group)
    steps = {step["urn"]: step["op"] for step in json.loads(stack.run("preview", "--json"))["steps"]}
    return {f"{urn.split('::')[-2].rsplit('$', 1)[-1]}::{urn.split('::')[-1]}": op for urn, op in steps.items()}


def check_key(stack, ids) -> None:
    """Check that all resources get the new key in place, except database and repositories, which keep theirs."""
    operations = previewed(stack, KEY)
    assert operations["aws:kms/key:Key::app-kms-key"] == "create"
    for kind, name in (
        ("cloudwatch/logGroup:LogGroup", "app-web-logs"),
        ("cloudwatch/logGroup:LogGroup", "app-db-logs-postgresql"),
        ("secretsmanager/secret:Secret", "app-secret"),
        ("secretsmanager/secret:Secret", "app-db-login"),
        ("s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", "app-media-encryption"),
    ):
        assert operations[f"aws:{kind}::{name}"] == "update", name
    for name in ("rds/instance:Instance::app-db", "ecr/repository:Repository::app-image"):
        assert operations.get(f"aws:{name}", "same") == "same", name
    assert {key: operations[key] for key in ids if operations.get(key, "same") not in ("same", "update")} == {}
    for key in KEY:
        stack.run("config", "rm", key)


def check_cache(stack) -> None:
    assert "aws:elasticache/replicationGroup:ReplicationGroup::app-cache" in identities(stack)
    (group,) = stack.aws("elasticache").describe_replication_groups()["ReplicationGroups"]
    assert (group["CacheNodeType"], len(group["MemberClusters"])) == ("cache.t4g.small", 3)
    assert (group["AutomaticFailover"], group["MultiAZ"], group["SnapshotRetentionLimit"]) == ("enabled", "enabled", 3)
    assert group["TransitEncryptionEnabled"] is True


def check_dual_stack(stack) -> None:
    """Check that the running stack's subnets got IPv6 blocks, and that no update removes them again."""
    resources = stack.resources()
    subnets = [resource["id"] for key, resource in resources.items() if key.startswith("aws:ec2/subnet:Subnet::")]
    described = stack.aws("ec2").describe_subnets(SubnetIds=subnets)["Subnets"]
    assert len({subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"] for subnet in described}) == len(subnets) == 4
    configure(stack, {"dualStack": False})
    assert "would remove the IPv6 addresses of a network in use" in stack.run("preview", fails=True)
    configure(stack, {"dualStack": True})


def check_cdn(stack) -> None:
    """Check that the domain points at the distribution, which has its certificate, and cannot lose it at once."""
    config = distribution(stack)
    assert sorted(config["Aliases"]["Items"]) == ["shop.example.com", "www.example.com"]
    (certificate,) = [
        certificate["CertificateArn"]
        for certificate in stack.aws("acm").list_certificates()["CertificateSummaryList"]
        if certificate["CertificateArn"] == config["ViewerCertificate"]["ACMCertificateArn"]
    ]
    assert certificate.split(":")[3] == "us-east-1"
    assert config["ViewerCertificate"]["MinimumProtocolVersion"] == "TLSv1.2_2021"
    assert config["HttpVersion"] == "http2and3"
    (zone,) = stack.aws("route53").list_hosted_zones()["HostedZones"]
    records = stack.aws("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    targets = {record["AliasTarget"]["HostedZoneId"] for record in records if record.get("AliasTarget")}
    assert targets == {"Z2FDTNDATAQYW2"}
    behaviors = config["CacheBehaviors"]["Items"]
    assert [behavior["PathPattern"] for behavior in behaviors] == ["/static/*", "/assets/*"]
    configure(stack, {"cdn": False})
    assert "cdn: the domain would move from the distribution" in stack.run("preview", fails=True)
    configure(stack, {"cdn": True})


def check_zones(stack, ids) -> None:
    operations = previewed(stack, ZONES)
    assert operations["aws:rds/subnetGroup:SubnetGroup::app-db-subnets"] == "update"
    assert operations["aws:ec2/subnet:Subnet::app-network-private-3"] == "create"
    assert {key: operations[key] for key in ids if operations.get(key, "same") not in ("same", "update")} == {}
    configure(stack, {"zones": 2})


def check_database(stack) -> None:
    database = stack.aws("rds").describe_db_instances()["DBInstances"][0]
    assert (database["DBInstanceClass"], database["AllocatedStorage"]) == ("db.t4g.small", 30)
    assert database["MultiAZ"] is True
    assert database["EngineVersion"].startswith("18")


def check_tags(stack) -> None:
    """Check that the later tags have replaced the earlier ones, and that the library's own tags are still there."""
    expected = {**LATER_TAGS, "managed-by": "pulumi"}
    database = stack.aws("rds").describe_db_instances()["DBInstances"][0]
    subnets = stack.resources()["aws:rds/subnetGroup:SubnetGroup::app-db-subnets"]["outputs"]["arn"]
    listed = stack.aws("rds").list_tags_for_resource(ResourceName=subnets)["TagList"]
    for tags in (database["TagList"], listed):
        assert expected.items() <= {tag["Key"]: tag["Value"] for tag in tags}.items()
    assert "flask-on-aws:database_name" in {tag["Key"] for tag in listed}
    service = stack.aws("ecs").describe_services(
        cluster=stack.outputs()["clusterName"], services=[stack.outputs()["serviceName"]], include=["TAGS"]
    )["services"][0]
    assert service["propagateTags"] == "SERVICE"
    assert expected.items() <= {tag["key"]: tag["value"] for tag in service["tags"]}.items()
    # Only previewed, because the emulator cannot remove tags of scalable targets.
    without = previewed(stack, {"tags": {}})
    assert set(without.values()) <= {"same", "update"}
    assert without["aws:ecs/taskDefinition:TaskDefinition::app-web"] == "update"
    configure(stack, {"tags": LATER_TAGS})


def check_tasks(stack) -> None:
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    containers = {container["name"]: container for container in task["taskDefinition"]["containerDefinitions"]}
    environment = {pair["name"]: pair["value"] for pair in containers["web"]["environment"]}
    assert {"PORT": "9000", "LOG_LEVEL": "warning", "GREETING": "hello"}.items() <= environment.items()
    assert {"web", "metrics", "rds-ca"} == set(containers)
    assert {"API_KEY", "TOKEN"} <= {secret["name"] for secret in containers["web"]["secrets"]}
