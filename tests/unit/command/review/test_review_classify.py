"""The effect of a changed property: the provider's replacements, AWS's own rules, and what only values decide."""

import re
from importlib import import_module

import pytest
from flask_on_aws_cli.pulumi_engine.model.values import UNKNOWN, Secret
from flask_on_aws_cli.pulumi_engine.providers import PROVIDERS
from flask_on_aws_cli.review.effects.property_rules import ANY_PROPERTY, REPLACED, REVISIONS, RULES
from flask_on_aws_cli.review.effects.replacement import _data, provider_version, replaces
from flask_on_aws_cli.review.effects.terraform_names import RENAMED, TERRAFORM_TYPES, matches, terraform_type
from flask_on_aws_cli.review.model import Effect, Operation

from tests.unit.command.review.graphs import changed

INSTANCE, CLUSTER = "aws:rds/instance:Instance", "aws:rds/cluster:Cluster"
SERVICE, TASK = "aws:ecs/service:Service", "aws:ecs/taskDefinition:TaskDefinition"
CACHE, BALANCER = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:lb/loadBalancer:LoadBalancer"
# Type, inputs before, inputs after, effect.
ROWS = [
    (INSTANCE, {"port": 5432}, {"port": 5433}, Effect.BRIEF_DOWNTIME),
    (INSTANCE, {"identifier": "a"}, {"identifier": "b", "applyImmediately": True}, Effect.BRIEF_DOWNTIME),
    (INSTANCE, {"identifier": "a"}, {"identifier": "b"}, Effect.WAITS_FOR_WINDOW),
    (INSTANCE, {"engineVersion": "17.1"}, {"engineVersion": "17.2"}, Effect.WAITS_FOR_WINDOW),
    (INSTANCE, {"password": Secret("a")}, {"password": Secret("b")}, Effect.IN_PLACE),
    (INSTANCE, {"parameterGroupName": "a"}, {"parameterGroupName": "b"}, Effect.IN_PLACE),
    (INSTANCE, {"backupRetentionPeriod": 3}, {"backupRetentionPeriod": 7}, Effect.IN_PLACE),
    (INSTANCE, {"backupRetentionPeriod": 3}, {"backupRetentionPeriod": 0}, Effect.LOSES_DATA),
    (INSTANCE, {"storageEncrypted": False}, {"storageEncrypted": True}, Effect.LOSES_DATA),
    (INSTANCE, {"availabilityZone": "a"}, {"availabilityZone": "b"}, Effect.LOSES_DATA),
    (INSTANCE, {"deletionProtection": True}, {"deletionProtection": False}, Effect.IN_PLACE),
    (INSTANCE, {}, {"skipFinalSnapshot": True}, Effect.NONE),
    (CLUSTER, {"engineVersion": "17.1"}, {"engineVersion": "17.2"}, Effect.WAITS_FOR_WINDOW),
    (CLUSTER, {"masterUsername": "a"}, {"masterUsername": "b"}, Effect.LOSES_DATA),
    (CLUSTER, {"port": 5432}, {"port": 5433}, Effect.BRIEF_DOWNTIME),
    (CLUSTER, {"engine": "aurora-mysql"}, {"engine": "aurora-mysql", "storageType": "aurora-iopt1"}, Effect.IN_PLACE),
    (CLUSTER, {"engine": "mysql"}, {"engine": "mysql", "storageType": "io1"}, Effect.LOSES_DATA),
    ("aws:docdb/cluster:Cluster", {"port": 27017}, {"port": 27018}, Effect.LOSES_DATA),
    (CACHE, {"engineVersion": "8.0"}, {"engineVersion": "7.2"}, Effect.REPLACED),
    (CACHE, {"engineVersion": "7.2"}, {"engineVersion": "8.0"}, Effect.WAITS_FOR_WINDOW),
    (CACHE, {"nodeType": "a"}, {"nodeType": "b", "applyImmediately": True}, Effect.BRIEF_DOWNTIME),
    (CACHE, {"kmsKeyId": "a"}, {"kmsKeyId": "b"}, Effect.REPLACED),
    (SERVICE, {"desiredCount": 1}, {"desiredCount": 2}, Effect.IN_PLACE),
    (SERVICE, {"taskDefinition": "web:1"}, {"taskDefinition": "web:2"}, Effect.RESTARTS_TASKS),
    (SERVICE, {"cluster": "a"}, {"cluster": "b"}, Effect.REPLACED),
    (SERVICE, {"launchType": "FARGATE"}, {"launchType": "EC2"}, Effect.REPLACED),
    (
        SERVICE,
        {"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 1}]},
        {"capacityProviderStrategies": [{"capacityProvider": "FARGATE", "weight": 2}]},
        Effect.REPLACED,
    ),
    (
        SERVICE,
        {"forceNewDeployment": True},
        {"forceNewDeployment": True, "capacityProviderStrategies": [{"capacityProvider": "FARGATE"}]},
        Effect.REPLACED,
    ),
    (TASK, {"cpu": "256"}, {"cpu": "512"}, Effect.RESTARTS_TASKS),
    (TASK, {"volumes": []}, {"volumes": [{"name": "tmp", "hostPath": "/tmp"}]}, Effect.RESTARTS_TASKS),
    (TASK, {"tags": {"a": "b"}}, {"tags": {"a": "c"}}, Effect.IN_PLACE),
    ("aws:cloudwatch/metricAlarm:MetricAlarm", {"name": "a"}, {"name": "b"}, Effect.REPLACED),
    ("aws:sns/topicSubscription:TopicSubscription", {"topic": "a"}, {"topic": "b"}, Effect.REPLACED),
    (BALANCER, {"internal": True}, {"internal": False}, Effect.REPLACED),
    (BALANCER, {"idleTimeout": 60}, {"idleTimeout": 70}, Effect.IN_PLACE),
    ("aws:alb/loadBalancer:LoadBalancer", {"internal": True}, {"internal": False}, Effect.REPLACED),
    ("aws:lb/listener:Listener", {"port": 80}, {"port": 8080}, Effect.BRIEF_DOWNTIME),
    ("aws:lb/listener:Listener", {"sslPolicy": "a"}, {"sslPolicy": "b"}, Effect.IN_PLACE),
    ("aws:s3/bucket:Bucket", {"bucket": "a"}, {"bucket": "b"}, Effect.LOSES_DATA),
    ("aws:s3/bucket:Bucket", {}, {"forceDestroy": True}, Effect.NONE),
    ("aws:efs/fileSystem:FileSystem", {"encrypted": False}, {"encrypted": True}, Effect.LOSES_DATA),
    ("aws:kms/key:Key", {"multiRegion": False}, {"multiRegion": True}, Effect.LOSES_DATA),
    ("aws:kms/key:Key", {"enableKeyRotation": False}, {"enableKeyRotation": True}, Effect.IN_PLACE),
    ("aws:sqs/queue:Queue", {"fifoQueue": False}, {"fifoQueue": True}, Effect.LOSES_DATA),
    ("aws:sqs/queue:Queue", {"visibilityTimeoutSeconds": 30}, {"visibilityTimeoutSeconds": 60}, Effect.IN_PLACE),
    ("aws:route53/zone:Zone", {"name": "a.com"}, {"name": "b.com"}, Effect.LOSES_DATA),
    ("aws:route53/record:Record", {"name": "a"}, {"name": "b"}, Effect.REPLACED),
    ("aws:route53/record:Record", {"records": ["1"]}, {"records": ["2"]}, Effect.IN_PLACE),
    ("aws:cloudwatch/logGroup:LogGroup", {"name": "a"}, {"name": "b"}, Effect.LOSES_DATA),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 7}, {"retentionInDays": 14}, Effect.IN_PLACE),
    ("aws:cloudwatch/logGroup:LogGroup", {}, {"retentionInDays": 14}, Effect.LOSES_DATA),
    ("aws:secretsmanager/secret:Secret", {"name": "a"}, {"name": "b"}, Effect.LOSES_DATA),
    ("aws:cloudfront/distribution:Distribution", {"comment": "a"}, {"comment": "b"}, Effect.IN_PLACE),
    ("aws:ec2/securityGroup:SecurityGroup", {"description": "a"}, {"description": "b"}, Effect.REPLACED),
    ("aws:iam/role:Role", {"path": "/"}, {"path": "/a/"}, Effect.REPLACED),
    ("aws:iam/rolePolicy:RolePolicy", {"policy": '{"a": 1}'}, {"policy": '{"a": 2}'}, Effect.IN_PLACE),
    ("aws:dynamodb/table:Table", {"hashKey": "a"}, {"hashKey": "b"}, Effect.UNKNOWN),
    ("aws:lambda/function:Function", {"handler": "a"}, {"handler": "b"}, Effect.UNKNOWN),
    ("random:index/randomPassword:RandomPassword", {"length": 10}, {"length": 12}, Effect.REPLACED),
    (INSTANCE, {"region": "us-east-1"}, {"region": "eu-west-1"}, Effect.LOSES_DATA),
    ("aws:sns/topic:Topic", {"kmsMasterKeyId": UNKNOWN}, {"kmsMasterKeyId": "a"}, Effect.IN_PLACE),
]


@pytest.mark.parametrize(("kind", "before", "after", "effect"), ROWS)
def test_a_changed_property_has_this_effect(kind, before, after, effect):
    assert changed(kind, before, after).effect is effect


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": None}, {}),
        ({"tags": {}}, {}),
        ({"rules": []}, {"rules": None}),
        ({"policy": '{"a": 1, "b": 2}'}, {"policy": '{"b":2,"a":1}'}),
        ({"size": 1}, {"size": 1.0}),
        ({"password": Secret("a")}, {"password": "a"}),
        ({"arn": UNKNOWN}, {"arn": UNKNOWN}),
    ],
)
def test_values_that_mean_the_same_are_not_a_change(before, after):
    assert changed(INSTANCE, before, after) is None


def test_ignored_changes_are_not_a_change():
    options = {"ignore_changes": ["desiredCount", 'tags["a.b"]']}
    before, after = {"desiredCount": 1, "tags": {"a.b": "1"}}, {"desiredCount": 2, "tags": {"a.b": "2"}}
    assert changed(SERVICE, before, after, **options) is None
    assert changed(SERVICE, before, {**after, "cluster": "c"}, **options).effect is Effect.REPLACED


@pytest.mark.parametrize("path", ["*", "comment", "origins[0].domainName"])
def test_the_program_can_ask_for_a_replacement(path):
    before = {"comment": "a", "origins": [{"domainName": "a"}]}
    after = {"comment": "b", "origins": [{"domainName": "b"}]}
    kind = "aws:cloudfront/distribution:Distribution"
    change = changed(kind, before, after, replace_on_changes=[path])
    assert (change.operation, change.effect) == (Operation.REPLACE, Effect.REPLACED)


def test_what_is_replaced_has_no_notice_of_a_change_in_place():
    before, after = {"engine": "postgres", "port": 5432}, {"engine": "mysql", "port": 3306}
    assert changed(INSTANCE, before, after).notices == []


def test_the_provider_and_its_version_are_recorded():
    assert re.fullmatch(r"hashicorp/aws \d+\.\d+\.\d+", provider_version())
    assert sum(len(entry["replaces"]) for entry in _data()["types"].values()) >= 349


def test_the_provider_was_asked_about_every_type_that_the_library_creates():
    assert set(TERRAFORM_TYPES.values()) - set(_data()["types"]) == set()


@pytest.mark.parametrize(
    ("path", "terraform_path", "expected"),
    [
        ("dbName", "db_name", True),
        ("encryptionConfigurations.0.kmsKey", "encryption_configuration.kms_key", True),
        ("volumes.tmp.hostPath", "volume.host_path", True),
        ("volumes.tmp.name", "volume.host_path", False),
        ("s3Import.bucketName", "s3_import.bucket_name", True),
        ("subjectAlternativeNames.0", "subject_alternative_names", True),
        ("name", "name_prefix", False),
        ("tags.name", "name", False),
        ("policy", "policies", False),
    ],
)
def test_paths_of_pulumi_are_those_of_terraform(path, terraform_path, expected):
    assert matches(path.split("."), terraform_path) is expected


def _properties(token):
    """The properties of a class of pulumi_aws, by name, or None if the class does not exist."""
    _, module, kind = token.split(":")
    module = module.partition("/")[0].replace("lambda", "lambda_")
    cls = getattr(import_module(f"pulumi_aws.{module}"), kind, None)
    return (
        None
        if cls is None
        else {
            getter._pulumi_name
            for getter in vars(cls).values()
            if hasattr(getter, "fget")
            for getter in [getter.fget]
            if hasattr(getter, "_pulumi_name")
        }
    )


# Arguments of the provider that pulumi_aws 7 does not have, or names in another way.
NOT_IN_PULUMI = {
    "aws_flow_log": {"log_group_name"},
    "aws_ecs_task_definition": {"inference_accelerator"},
    "aws_eip": {"vpc"},
    "aws_elasticache_replication_group": {"security_group_names"},
}


@pytest.mark.parametrize("token", sorted(TERRAFORM_TYPES))
def test_each_replacing_argument_is_a_property_of_pulumi(token):
    """Otherwise its change would count as one in place."""
    properties = _properties(token)
    assert properties, token
    named = {RENAMED.get(token, {}).get(each, each) for each in properties}
    kind = TERRAFORM_TYPES[token]
    for path in _data()["types"][kind]["replaces"]:
        name = path.partition(".")[0]
        if name in NOT_IN_PULUMI.get(kind, ()):
            continue
        assert any(matches([each], name) for each in named), path


@pytest.mark.parametrize("token", sorted({*RULES, *ANY_PROPERTY, *REVISIONS, *REPLACED}))
def test_each_rule_is_about_a_property_of_pulumi(token):
    properties = _properties(token)
    assert properties
    assert set(RULES.get(token, {})) <= properties


# What the local AWS replaces for and AWS changes in place.
ONLY_LOCAL = {
    "aws:appautoscaling/policy:Policy": {"policyType"},
    "aws:elasticache/replicationGroup:ReplicationGroup": {"transitEncryptionEnabled"},
    "aws:rds/instance:Instance": {"dbSubnetGroupName", "identifier", "port"},
    "aws:ssm/parameter:Parameter": {"type"},
}


@pytest.mark.parametrize(
    "token",
    sorted(token for token, provider in PROVIDERS.items() if token.startswith("aws:") and provider.replace_on),
)
def test_the_in_process_engine_replaces_for_the_same_properties(token):
    assert terraform_type(token)
    different = {name for name in PROVIDERS[token].replace_on if replaces(token, [name]) is not True}
    assert different == ONLY_LOCAL.get(token, set())
