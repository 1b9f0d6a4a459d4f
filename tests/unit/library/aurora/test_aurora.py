"""Aurora clusters: what reaches AWS, and each wrong argument in a sentence."""

import copy
import re

import boto3
import pytest
from flask_on_aws.alarms.alarms import Alarms
from flask_on_aws.aurora.aurora_args import facts, problems, settled
from flask_on_aws.aurora.aurora_cluster import AuroraCluster
from flask_on_aws.aurora.capacity import max_connections
from flask_on_aws.data_loss.rules import findings
from flask_on_aws.database.database import Database
from flask_on_aws.database.database_args import facts as instance_facts
from flask_on_aws.database.database_args import settled as settled_instance
from flask_on_aws.database.engines import CLUSTER_ENGINES
from flask_on_aws.database.instance_guard import instance_problems

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b", "subnet-c"]}
ZONES = {"subnet-a": "us-east-1a", "subnet-b": "us-east-1a", "subnet-c": "us-east-1c"}


@pytest.fixture
def cluster(deploy, mocks):
    mocks.computed["Cluster"] = lambda args: {"endpoint": "writer.example.com", "readerEndpoint": "reader.example.com"}
    mocks.computed["RandomPassword"] = lambda args: {"result": "the-password"}
    mocks.computed["RandomId"] = lambda args: {"hex": "0badcafe"}
    mocks.answers["aws:ec2/getSubnet:getSubnet"] = lambda args: {"availabilityZone": ZONES[args["id"]]}

    def run(**args):
        mocks.resources = []
        deployed = deploy(lambda: AuroraCluster("db", {**PLACE, **args}))
        return copy.copy(deployed), copy.copy(mocks)

    return run


def wrong(**args):
    return [f"{problem.argument}: {problem.reason}" for problem in problems({**PLACE, **args})]


def test_a_cluster_scales_and_is_as_private_encrypted_and_protected_as_an_instance(cluster):
    deployed, resources = cluster(client_security_group_ids={"tasks": "sg-1"})
    made = resources.named("db")
    assert made.pop("masterPassword")["value"] == "the-password"  # a secret
    assert made == {
        "clusterIdentifier": "db-0badcafe",
        "engine": "aurora-postgresql",
        "engineMode": "provisioned",
        "engineVersion": "17",
        "allowMajorVersionUpgrade": False,
        "serverlessv2ScalingConfiguration": {"minCapacity": 0.5, "maxCapacity": 4},
        "storageEncrypted": True,
        "databaseName": "app",
        "masterUsername": "app",
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "dbSubnetGroupName": "db-subnets",
        "vpcSecurityGroupIds": ["db-access-id"],
        "dbClusterParameterGroupName": "db-parameters",
        "applyImmediately": True,
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "preferredBackupWindow": "03:00-04:00",
        "backupRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["postgresql"],
        "copyTagsToSnapshot": True,
        "skipFinalSnapshot": True,
        "deletionProtection": False,
    }
    assert resources.named("db-instance-1") == {
        "identifier": "db-0badcafe-1",
        "clusterIdentifier": "db-id",
        "engine": "aurora-postgresql",
        "instanceClass": "db.serverless",
        "promotionTier": 0,
        "autoMinorVersionUpgrade": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "publiclyAccessible": False,
        "dbSubnetGroupName": "db-subnets",
        "applyImmediately": True,
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "copyTagsToSnapshot": True,
        "performanceInsightsEnabled": False,
        "monitoringInterval": 0,
    }
    rule = resources.named("db-from-tasks")
    assert (rule["fromPort"], rule["description"]) == (5432, "Aurora PostgreSQL from tasks")
    log = resources.named("db-logs-postgresql")
    assert (log["name"], log["retentionInDays"]) == ("/aws/rds/cluster/db-0badcafe/postgresql", 30)
    assert (deployed.outputs["host"], deployed.outputs["reader_host"]) == ("writer.example.com", "reader.example.com")
    assert deployed.outputs["instance_identifiers"] == ["db-0badcafe-1"]


def test_the_parameters_enforce_tls_as_the_engine_spells_it(cluster):
    for engine, family, tls in (
        ("aurora-postgres", "aurora-postgresql17", {"rds.force_ssl": "1"}),
        ("aurora-mysql", "aurora-mysql8.0", {"require_secure_transport": "ON", "character_set_server": "utf8mb4"}),
    ):
        _, resources = cluster(engine=engine)
        group = resources.named("db-parameters")
        values = {parameter["name"]: parameter["value"] for parameter in group["parameters"]}
        assert (group["family"], values) == (family, {**values, **tls})


def test_production_has_a_second_instance_in_another_zone(cluster):
    _, resources = cluster(multi_az=True, deletion_protection=True, final_snapshot=True, min_capacity=2)
    first, second = resources.named("db-instance-1"), resources.named("db-instance-2")
    # Two of the three subnets are in the same zone.
    assert (first["availabilityZone"], second["availabilityZone"]) == ("us-east-1a", "us-east-1c")
    # A standby in tier 0 or 1 always has the writer's capacity.
    assert (first["promotionTier"], second["promotionTier"]) == (0, 1)
    assert first["performanceInsightsEnabled"] is True
    made = resources.named("db")
    assert made["deletionProtection"] is True
    assert (made["skipFinalSnapshot"], made["finalSnapshotIdentifier"]) == (False, "db-final-0badcafe")


def test_only_a_cluster_with_a_minimum_of_0_pauses(cluster):
    _, resources = cluster(min_capacity=0, auto_pause_seconds=600)
    scaling = {"minCapacity": 0, "maxCapacity": 4, "secondsUntilAutoPause": 600}
    assert resources.named("db")["serverlessv2ScalingConfiguration"] == scaling


def test_a_cluster_has_the_child_resources_of_an_instance(deploy, mocks, cluster):
    """The same logical names, so that transforms and the guard of one apply to the other."""
    _, resources = cluster()
    names = {resource.name for resource in resources.resources} - {"db-instance-1"}
    mocks.resources = []
    mocks.computed["Instance"] = lambda args: {"address": "db.rds.amazonaws.com", "identifier": "db-1"}
    deploy(lambda: Database("db", PLACE))
    assert names == {resource.name for resource in mocks.resources} - {"db-logs-upgrade"}


UNITS = "Aurora capacity units in half steps, like 0.5 or 8."
MYSQL = {"engine": "aurora-mysql"}
WRONG = [
    ({"min_capacity": 0.7}, f"min_capacity: 0.7 must be from 0 to 256 {UNITS}"),
    ({"min_capacity": 0.25}, f"min_capacity: 0.25 must be from 0 to 256 {UNITS}"),
    ({"max_capacity": 0.5}, f"max_capacity: 0.5 must be from 1 to 256 {UNITS}"),
    ({"max_capacity": 256.5}, f"max_capacity: 256.5 must be from 1 to 256 {UNITS}"),
    (
        {"min_capacity": 8, "max_capacity": 4},
        "max_capacity: 4 is less than min_capacity, 8; raise one or lower the other.",
    ),
    (
        {"min_capacity": 0, "engine_version": "16.2"},
        "min_capacity: 0 pauses an idle cluster, which Aurora PostgreSQL 16.2 cannot; use 0.5, or engine_version 16.3 "
        "or newer.",
    ),
    (
        {**MYSQL, "min_capacity": 0, "engine_version": "8.0.mysql_aurora.3.07.1"},
        "min_capacity: 0 pauses an idle cluster, which Aurora MySQL 8.0.mysql_aurora.3.07.1 cannot; use 0.5, or "
        "engine_version 8.0.mysql_aurora.3.08.0 or newer.",
    ),
    (
        {"min_capacity": 0, "auto_pause_seconds": 60},
        "auto_pause_seconds: 60 must be a whole number from 300 to 86400 seconds.",
    ),
    (
        {"auto_pause_seconds": 600},
        "auto_pause_seconds: 600 has no effect with min_capacity 0.5: only a cluster with min_capacity 0 pauses. Set "
        "that to 0, or leave this out.",
    ),
    ({"backup_days": 0}, "backup_days: 0 must be a whole number from 1 to 35 days."),
    (
        {"engine_version": "18"},
        "engine_version: '18' is not a version of Aurora PostgreSQL from 14 to 17, like 17 (the newest minor version) "
        "or 17.5.",
    ),
    (
        {**MYSQL, "engine_version": "8.4"},
        "engine_version: '8.4' is not a version of Aurora MySQL among 8.0, like 8.0 (the newest minor version) or "
        "8.0.mysql_aurora.3.10.0.",
    ),
    (
        {"snapshot_identifier": "-snap"},
        "snapshot_identifier: '-snap' is neither the name nor the ARN of a cluster's snapshot, like app-before-2-0, "
        "nor the ARN of an instance's.",
    ),
    (
        {**MYSQL, "username": "x" * 17},
        f"username: '{'x' * 17}' has 17 characters; Aurora MySQL allows at most 16.",
    ),
    (
        {**MYSQL, "idle_transaction_seconds": 5},
        "idle_transaction_seconds: 5 has no effect on Aurora MySQL; leave it out.",
    ),
    ({"engine": "postgres"}, "engine: 'postgres' is not one of aurora-postgres, aurora-mysql."),
    ({"monitoring_interval": 7}, "monitoring_interval: 7 is not one of 0, 1, 5, 10, 15, 30, 60 seconds."),
]


@pytest.mark.parametrize(("args", "sentence"), WRONG)
def test_a_wrong_argument_is_one_sentence(args, sentence):
    assert wrong(**args) == [sentence]


@pytest.mark.parametrize(
    "args",
    [
        {"min_capacity": 0, "engine_version": "16.3"},
        {"min_capacity": 0, "engine_version": "16"},
        {"min_capacity": 0, "engine": "aurora-mysql", "engine_version": "8.0.mysql_aurora.3.08.0"},
        {"min_capacity": 256, "max_capacity": 256},
        {"snapshot_identifier": "arn:aws:rds:us-east-1:123456789012:snapshot:shop"},
        {"snapshot_identifier": "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:shop-2026-11-30"},
        {"snapshot_identifier": "shop-before-2-0"},
    ],
)
def test_what_aurora_accepts_is_no_problem(args):
    assert wrong(**args) == []


def test_the_limits_are_those_of_the_api():
    model = boto3.client("rds", "us-east-1").meta.service_model
    members = model.operation_model("CreateDBCluster").input_shape.members
    scaling = members["ServerlessV2ScalingConfiguration"].members

    def documented(shape):
        return re.sub(r"<[^>]+>|\s+", " ", shape.documentation)

    assert "half-step increments" in documented(scaling["MinCapacity"])
    assert "largest value that you can use is 256" in documented(scaling["MaxCapacity"])
    assert "between 300 seconds (five minutes) and 86,400 seconds" in documented(scaling["SecondsUntilAutoPause"])
    assert "Must be a value from 1 to 35" in documented(members["BackupRetentionPeriod"])
    engines = documented(members["Engine"])
    assert {profile.engine for profile in CLUSTER_ENGINES.values()} <= set(engines.split())


# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
@pytest.mark.parametrize(
    ("engine", "least", "most", "connections"),
    [
        ("aurora-postgres", 0.5, 1, 189),
        ("aurora-postgres", 2, 4, 823),
        ("aurora-postgres", 2, 2.5, 506),
        ("aurora-postgres", 2, 256, 5000),
        ("aurora-postgres", 0.5, 32, 2000),
        ("aurora-postgres", 0, 32, 2000),
        ("aurora-mysql", 0, 32, 3000),
        ("aurora-mysql", 0.5, 256, 6000),
    ],
)
def test_the_connection_limit_follows_from_the_capacity(engine, least, most, connections):
    assert max_connections(least, most, CLUSTER_ENGINES[engine]) == connections


def test_alarms_watch_the_writer_of_a_cluster(deploy):
    deployed = deploy(lambda: Alarms("a", {"watch_database_cluster": True, "database_cluster_identifier": "db-1"}))
    alarms = deployed.of_type(":MetricAlarm")
    assert {
        name: (alarm["metricName"], alarm["threshold"], alarm["treatMissingData"]) for name, alarm in alarms.items()
    } == {
        "a-database-capacity": ("ACUUtilization", 90, "breaching"),
        "a-database-cpu": ("CPUUtilization", 90, "ignore"),
        "a-database-memory": ("FreeableMemory", 8 * 2**30 * 0.05, "ignore"),
        "a-database-connections": ("DatabaseConnections", int(823 * 0.8), "ignore"),
    }
    assert all(alarm["dimensions"] == {"DBClusterIdentifier": "db-1", "Role": "WRITER"} for alarm in alarms.values())


# The guards


def record(**args):
    return {"database": facts("db", settled({**PLACE, **args}))}


@pytest.mark.parametrize(("engine", "moves"), [("postgres", True), ("mysql", False)])
def test_a_change_from_an_instance_is_stopped_with_its_migration(engine, moves):
    before = {"database": instance_facts("db", settled_instance({**PLACE, "engine": engine}))}
    (finding,) = [found for found in findings(before, record(engine=f"aurora-{engine}")) if not found.warning]
    assert (finding.argument, finding.acceptable_by) == ("engine", "db")
    start = f"'{engine}' → 'aurora-{engine}' replaces the database db by an empty one."
    assert finding.reason.startswith(start)
    assert ("databaseSnapshot (snapshot_identifier of AuroraCluster)" in finding.reason) == moves
    assert ("export it first" in finding.reason) == (not moves)


@pytest.mark.parametrize(
    ("old", "new", "arguments"),
    [
        ({}, {"database_name": "shop"}, ["database_name"]),
        ({}, {"engine": "aurora-mysql"}, ["engine"]),
        ({"engine_version": "16"}, {"engine_version": "17"}, ["allow_major_upgrade"]),
        ({"backup_days": 7}, {"backup_days": 1}, ["backup_days"]),
        ({}, {"min_capacity": 2, "max_capacity": 64, "multi_az": True}, []),
        (
            {"engine": "aurora-mysql", "engine_version": "8.0.mysql_aurora.3.10.0"},
            {"engine": "aurora-mysql", "engine_version": "8.0.mysql_aurora.3.08.2"},
            ["engine_version"],
        ),
        (
            {"engine": "aurora-mysql", "engine_version": "8.0"},
            {"engine": "aurora-mysql", "engine_version": "8.0.mysql_aurora.3.10.0"},
            [],
        ),
    ],
)
def test_a_change_that_loses_data_or_cannot_work_is_rejected(old, new, arguments):
    assert [found.argument for found in findings(record(**old), record(**new))] == arguments


def test_another_key_is_reached_by_a_snapshot_of_the_cluster():
    keys = [f"arn:aws:kms:us-east-1:123456789012:key/{n}" for n in range(2)]
    (finding,) = findings(*(record(kms_key_id=key) for key in keys))
    assert "aws rds create-db-cluster-snapshot" in finding.reason


def test_a_downgrade_of_what_aws_runs_is_rejected_with_versions_that_can_be_set():
    inputs = {"engine": "aurora-mysql", "engineVersion": "8.0.mysql_aurora.3.08.2"}
    running = {"engineVersionActual": "8.0.mysql_aurora.3.10.1"}
    (sentence,) = instance_problems({"engine": "aurora-mysql"}, running, inputs)
    assert "Set it to 8.0.mysql_aurora.3.10.1, or to 8.0 for the newest minor version." in sentence
    assert not list(instance_problems({"engine": "aurora-mysql"}, running, {**inputs, "engineVersion": "8.0"}))
