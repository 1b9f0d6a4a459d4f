"""DocumentDB clusters: what reaches AWS, each wrong argument in a sentence, and what AWS's own model allows."""

import copy
import re

import boto3
import pytest
from flask_on_aws.alarms.alarms import Alarms
from flask_on_aws.aurora.aurora_args import facts as aurora_facts
from flask_on_aws.aurora.aurora_args import settled as settled_aurora
from flask_on_aws.component import with_defaults
from flask_on_aws.data_loss.rules import findings
from flask_on_aws.database.login import _PASSWORD_LENGTH
from flask_on_aws.documentdb.documentdb_args import DEFAULTS, PROFILE, facts, problems
from flask_on_aws.documentdb.documentdb_cluster import DocumentDbCluster, full_version
from flask_on_aws.runtime_contract.contract import PASSWORD_SPECIAL

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
        deployed = deploy(lambda: DocumentDbCluster("db", {**PLACE, **args}))
        return copy.copy(deployed), copy.copy(mocks)

    return run


def test_a_cluster_is_as_private_encrypted_and_protected_as_an_instance(cluster):
    deployed, resources = cluster(client_security_group_ids={"tasks": "sg-1"})
    made = resources.named("db")
    assert made.pop("masterPassword")["value"] == "the-password"  # a secret
    assert made == {
        "clusterIdentifier": "db-0badcafe",
        "engine": "docdb",
        "engineVersion": "5.0.0",
        "allowMajorVersionUpgrade": False,
        "storageEncrypted": True,
        "masterUsername": "app",
        "port": 27017,
        "dbSubnetGroupName": "db-subnets",
        "vpcSecurityGroupIds": ["db-access-id"],
        "dbClusterParameterGroupName": "db-parameters",
        "applyImmediately": True,
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "preferredBackupWindow": "03:00-04:00",
        "backupRetentionPeriod": 7,
        "enabledCloudwatchLogsExports": ["audit", "profiler"],
        "skipFinalSnapshot": True,
        "deletionProtection": False,
    }
    assert resources.named("db-instance-1") == {
        "identifier": "db-0badcafe-1",
        "clusterIdentifier": "db-id",
        "engine": "docdb",
        "instanceClass": "db.t4g.medium",
        "promotionTier": 0,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "applyImmediately": True,
        "preferredMaintenanceWindow": "sun:04:30-sun:05:30",
        "copyTagsToSnapshot": True,
    }
    rule = resources.named("db-from-tasks")
    assert (rule["fromPort"], rule["toPort"], rule["description"]) == (27017, 27017, "DocumentDB from tasks")
    log = resources.named("db-logs-audit")
    assert (log["name"], log["retentionInDays"]) == ("/aws/docdb/db-0badcafe/audit", 30)
    assert (deployed.outputs["host"], deployed.outputs["reader_host"]) == ("writer.example.com", "reader.example.com")
    assert deployed.outputs["database_name"] == "app"
    kinds = {resource.typ for resource in resources.resources if resource.typ.startswith("aws:rds")}
    assert kinds == set()


def test_the_parameters_require_tls_and_log_logins_and_slow_operations(cluster):
    _, resources = cluster(slow_query_ms=200)
    group = resources.named("db-parameters")
    assert group["family"] == "docdb5.0"
    assert {entry["name"]: (entry["value"], entry["applyMethod"]) for entry in group["parameters"]} == {
        "tls": ("tls1.2+", "pending-reboot"),
        "audit_logs": ("enabled", "immediate"),
        "profiler": ("enabled", "immediate"),
        "profiler_threshold_ms": ("200", "immediate"),
    }
    _, resources = cluster(slow_query_ms=-1, engine_version="8.0.1")
    group = resources.named("db-parameters")
    assert (group["family"], {"applyMethod": "immediate", "name": "profiler", "value": "disabled"}) == (
        "docdb8.0",
        next(entry for entry in group["parameters"] if entry["name"] == "profiler"),
    )


def test_production_has_a_second_instance_in_another_zone(cluster):
    _, resources = cluster(multi_az=True, deletion_protection=True, final_snapshot=True)
    zones = [resources.named(f"db-instance-{number}")["availabilityZone"] for number in (1, 2)]
    assert zones == ["us-east-1a", "us-east-1c"]  # two of the three subnets are in the same zone
    made = resources.named("db")
    assert made["deletionProtection"] is True
    assert (made["skipFinalSnapshot"], made["finalSnapshotIdentifier"]) == (False, "db-final-0badcafe")


def test_another_database_name_leaves_the_cluster_as_it_is(cluster):
    """DocumentDB has as many databases as are written to."""
    made = [cluster(database_name=name)[1] for name in ("app", "shop")]
    named = [{name: found.named(name) for name in ("db", "db-subnets", "db-identifier")} for found in made]
    assert named[0] == named[1]


INSTANCE_SNAPSHOT = "arn:aws:rds:us-east-1:123456789012:snapshot:shop"


def wrong(**args):
    return [f"{problem.argument}: {problem.reason}" for problem in problems({**PLACE, **args})]


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (
            {"engine_version": "3.6"},
            "engine_version: '3.6' is not a version of DocumentDB among 4.0, 5.0, 8.0, like 5.0 or 5.0.0.",
        ),
        (
            {"instance_class": "db.t4g.micro"},
            "instance_class: 'db.t4g.micro' does not exist; db.t4g has the sizes medium.",
        ),
        (
            {"instance_class": "db.m5.large"},
            "instance_class: 'db.m5.large' is not an instance class of DocumentDB, like db.t4g.medium; its families "
            "are r5, r6g, r6gd, r8g, t3, t4g.",
        ),
        ({"username": "admin"}, "username: 'admin' is reserved by RDS or DocumentDB; choose another name, like app."),
        (
            {"username": "shop_app"},
            "username: 'shop_app' has an underscore; DocumentDB allows only letters and digits in it.",
        ),
        ({"username": "x" * 64}, f"username: '{'x' * 64}' has 64 characters; DocumentDB allows at most 63."),
        (
            {"database_name": "local"},
            "database_name: 'local' is reserved by RDS or DocumentDB; choose another name, like app.",
        ),
        ({"backup_days": 0}, "backup_days: 0 must be a whole number from 1 to 35 days."),
        ({"slow_query_ms": 20}, "slow_query_ms: 20 must be a whole number from 50 to 2147483646 milliseconds."),
        (
            {"snapshot_identifier": INSTANCE_SNAPSHOT},
            f"snapshot_identifier: '{INSTANCE_SNAPSHOT}' is neither the name nor the ARN of a cluster's snapshot, like "
            "app-before-2-0.",
        ),
    ],
)
def test_a_wrong_argument_is_one_sentence(args, sentence):
    assert wrong(**args) == [sentence]


@pytest.mark.parametrize(
    "args",
    [
        *({"engine_version": version} for version in ("4.0", "5.0.0", "5.0.2", "8.0", "8.0.1")),
        *({"instance_class": name} for name in ("db.t3.medium", "db.r6g.large", "db.r6gd.16xlarge", "db.r5.24xlarge")),
        {"snapshot_identifier": "arn:aws:rds:us-east-1:123456789012:cluster-snapshot:rds:shop-2026-11-30"},
        {"slow_query_ms": -1},
    ],
)
def test_what_documentdb_accepts_is_no_problem(args):
    assert wrong(**args) == []


def test_the_limits_are_those_of_the_api():
    members = (
        boto3.client("docdb", "us-east-1").meta.service_model.operation_model("CreateDBCluster").input_shape.members
    )

    def documented(name):
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", members[name].documentation))

    assert PROFILE.engine in documented("Engine").split()
    assert "If you specify 5.0, Amazon DocumentDB uses the 5.0 long-term support" in documented("EngineVersion")
    assert "Must be a value from 1 to 35" in documented("BackupRetentionPeriod")
    assert f"from 1 to {PROFILE.longest_username} letters or numbers" in documented("MasterUsername")
    assert "from 1 to 63 letters, numbers, or hyphens" in documented("DBClusterIdentifier")
    password = documented("MasterUserPassword")
    assert 'except forward slash (/), double quote ("), or the "at" symbol (@)' in password
    assert not set(PASSWORD_SPECIAL) & set('/"@')
    assert 8 <= _PASSWORD_LENGTH <= 100
    assert "from 8 to 100 characters" in password


def test_a_version_without_a_minor_one_is_the_first_of_it():
    """AWS would resolve 5.0 to a version that changes, and each refresh would show a difference."""
    assert [full_version(version) for version in ("5.0", "5.0.2", "8.0")] == ["5.0.0", "5.0.2", "8.0.0"]


def test_alarms_watch_the_writer_of_a_cluster(deploy):
    deployed = deploy(lambda: Alarms("a", {"watch_documentdb": True, "documentdb_cluster_identifier": "db-1"}))
    alarms = deployed.of_type(":MetricAlarm")
    connections = alarms.pop("a-database-connections")
    assert {
        name: (alarm["namespace"], alarm["metricName"], alarm["threshold"], alarm["treatMissingData"])
        for name, alarm in alarms.items()
    } == {
        "a-database-cpu": ("AWS/DocDB", "CPUUtilization", 90, "breaching"),
        "a-database-memory": ("AWS/DocDB", "LowMemNumOperationsThrottled", 1, "notBreaching"),
    }
    writer = {"DBClusterIdentifier": "db-1", "Role": "WRITER"}
    assert all(alarm["dimensions"] == writer for alarm in alarms.values())
    *metrics, share = connections["metricQueries"]
    assert [query["metric"]["metricName"] for query in metrics] == [
        "DatabaseConnectionsMax",
        "DatabaseConnectionsLimit",
    ]
    assert all(query["metric"]["dimensions"] == writer for query in metrics)
    assert (share["expression"], connections["threshold"]) == ("100 * connections / most", 80)


# The guards


def record(**args):
    return {"database": facts("db", with_defaults({**PLACE, **args}, DEFAULTS))}


KEYS = [f"arn:aws:kms:us-east-1:123456789012:key/{n}" for n in range(2)]


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ({}, {"username": "other"}, [("username", "db", False)]),
        ({"kms_key_id": KEYS[0]}, {"kms_key_id": KEYS[1]}, [("kms_key_id", "db", False)]),
        ({}, {"database_name": "shop"}, [("database_name", "", True)]),
        ({"engine_version": "5.0"}, {"engine_version": "8.0"}, [("allow_major_upgrade", "", False)]),
        ({"engine_version": "5.0.2"}, {"engine_version": "5.0.1"}, [("engine_version", "", False)]),
        ({"backup_days": 7}, {"backup_days": 1}, [("backup_days", "db", False)]),
        ({}, {"instance_class": "db.r6g.large", "multi_az": True}, []),
    ],
)
def test_a_change_that_loses_data_or_cannot_work_is_rejected(old, new, found):
    result = findings(record(**old), record(**new))
    assert [(finding.argument, finding.acceptable_by, finding.warning) for finding in result] == found


def test_another_key_is_reached_by_a_snapshot_of_the_cluster():
    (finding,) = findings(*(record(kms_key_id=key) for key in KEYS))
    assert "since DocumentDB cannot change a database's key" in finding.reason
    assert "aws docdb create-db-cluster-snapshot" in finding.reason


def test_a_change_to_or_from_another_engine_is_stopped():
    other = {"database": aurora_facts("db", settled_aurora(PLACE))}
    for before, after in ((other, record()), (record(), other)):
        (finding,) = [found for found in findings(before, after) if not found.warning]
        assert (finding.argument, finding.acceptable_by) == ("engine", "db")
        assert "Nothing converts its data" in finding.reason
