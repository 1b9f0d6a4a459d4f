"""The table of engines, against RDS's API and with the component."""

import copy
import re

import boto3
import pulumi
import pytest
from flask_on_aws.alarms.alarm_rules import max_connections
from flask_on_aws.data_loss.rules import findings
from flask_on_aws.database.database import Database, problems
from flask_on_aws.database.database_args import facts, settled
from flask_on_aws.database.engines import ALL_ENGINES, CLUSTER_ENGINES, ENGINES
from flask_on_aws.database.instance_guard import instance_problems
from flask_on_aws.database.replacement_guard import replacements
from flask_on_aws.runtime_contract.database_url import URLS
from flask_on_aws.validation.choices import AuroraEngine, DatabaseEngine, DatabaseKind

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
MYSQLS = ("mysql", "mariadb")
COMMON = {
    "require_secure_transport": "1",
    "character_set_server": "utf8mb4",
    "log_output": "FILE",
    "slow_query_log": "1",
    "long_query_time": "1",
    "innodb_lock_wait_timeout": "30",
    "lock_wait_timeout": "30",
}


@pytest.fixture
def database(deploy, mocks):
    mocks.computed["Instance"] = lambda args: {"address": "db.rds.amazonaws.com", "identifier": "db-1234567"}
    mocks.computed["RandomPassword"] = lambda args: {"result": "the-password"}
    mocks.computed["RandomId"] = lambda args: {"hex": "0badcafe"}

    def run(**args):
        mocks.resources = []
        deploy(lambda: Database("db", {**PLACE, **args}))
        return copy.copy(mocks)

    return run


@pytest.fixture(scope="module")
def documentation():
    model = boto3.client("rds", "us-east-1").meta.service_model
    members = model.operation_model("CreateDBInstance").input_shape.members
    return lambda member: re.sub(r"<[^>]+>|\s+", " ", members[member].documentation)


def test_the_tables_and_the_choices_have_the_same_engines():
    assert set(ENGINES) == set(DatabaseEngine)
    assert set(CLUSTER_ENGINES) == set(AuroraEngine)
    assert set(ALL_ENGINES) == set(URLS) == set(DatabaseKind) - {"none"}


@pytest.mark.parametrize("name", ENGINES)
def test_rds_has_the_engine_and_takes_its_passwords(name, documentation):
    profile = ENGINES[name]
    names = [edition.engine for edition in profile.editions.values()] or [profile.engine]
    assert all(f" {engine} " in documentation("Engine") for engine in names)
    title = "Microsoft SQL Server" if name == "sqlserver" else profile.title
    password = re.search(rf"RDS for {title} - Must contain from (\d+) to (\d+)", documentation("MasterUserPassword"))
    assert int(password[1]) <= 32 <= int(password[2])


@pytest.mark.parametrize("name", [name for name in ENGINES if ENGINES[name].creates_database])
def test_names_have_rdss_limits(name, documentation):
    profile = ENGINES[name]
    of_names = documentation("DBName").partition(f"RDS for {profile.title} ")[2]
    assert f"contain 1 to {profile.longest_database_name} " in of_names[: of_names.index("RDS for", 10)]


@pytest.mark.parametrize("name", MYSQLS)
def test_the_owner_of_a_mysql_database_has_a_name_that_the_api_takes(name, documentation):
    assert "Must be 1 to 16 letters, numbers, or underscores" in documentation("MasterUsername")
    assert ENGINES[name].longest_username == 16
    assert list(problems({**PLACE, "engine": name, "username": "x" * 16})) == []
    (problem,) = problems({**PLACE, "engine": name, "username": "x" * 17})
    assert problem.reason == f"'{'x' * 17}' has 17 characters; {ENGINES[name].title} allows at most 16."


@pytest.mark.parametrize("name", ENGINES)
def test_every_version_gets_its_own_parameter_group(name, database):
    profile = ENGINES[name]
    for version in profile.versions:
        deployed = database(engine=name, engine_version=version, instance_class="db.t3.medium")
        family = f"sqlserver-ex-{version[:4]}" if name == "sqlserver" else f"{profile.engine}{version}"
        assert deployed.named("db-parameters")["family"] == family
        assert deployed.named("db")["autoMinorVersionUpgrade"] is True
    assert profile.default_version in profile.versions
    assert database(engine=name, engine_version=profile.example_version).named("db")["autoMinorVersionUpgrade"] is False
    assert profile.major(profile.example_version) == profile.default_version


@pytest.mark.parametrize(("name", "version"), [("mysql", "8.4"), ("mariadb", "11.4")])
def test_mysql_and_mariadb_are_as_private_encrypted_and_protected_as_postgresql(name, version, database):
    postgres, other = database(), database(engine=name)
    expected = {
        **postgres.named("db"),
        "engine": name,
        "engineVersion": version,
        "port": 3306,
        "enabledCloudwatchLogsExports": ["error", "slowquery"],
        # Its smallest classes lack Performance Insights.
        "performanceInsightsEnabled": False,
    }
    del expected["performanceInsightsRetentionPeriod"]
    assert other.named("db") == expected
    assert {resource.typ for resource in other.resources} == {resource.typ for resource in postgres.resources}
    assert set(other.of_type(":LogGroup")) == {"db-logs-error", "db-logs-slowquery"}
    rule = database(engine=name, client_security_group_ids={"tasks": "sg-1"}).named("db-from-tasks")
    assert (rule["fromPort"], rule["toPort"]) == (3306, 3306)
    assert rule["description"] == f"{ENGINES[name].title} from tasks"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("mysql", {"max_execution_time": "900000", "collation_server": "utf8mb4_0900_ai_ci"}),
        (
            "mariadb",
            {
                "max_statement_time": "900",
                "idle_transaction_timeout": "60",
                "collation_server": "utf8mb4_unicode_ci",
            },
        ),
    ],
)
def test_mysql_and_mariadb_force_tls_and_end_what_is_stuck(name, own, database):
    group = {p["name"]: p["value"] for p in database(engine=name).named("db-parameters")["parameters"]}
    assert "STRICT_TRANS_TABLES" in group.pop("sql_mode").split(",")
    assert group == {**COMMON, **own}


@pytest.mark.parametrize("name", MYSQLS)
def test_limits_of_mysql_that_are_off_wait_as_long_as_it_can(name, database):
    deployed = database(engine=name, slow_query_ms=-1, lock_timeout_seconds=0)
    group = {p["name"]: p["value"] for p in deployed.named("db-parameters")["parameters"]}
    assert (group["slow_query_log"], group["long_query_time"]) == ("0", "0")
    assert (group["innodb_lock_wait_timeout"], group["lock_wait_timeout"]) == ("1073741824", "31536000")
    slow = database(engine=name, slow_query_ms=250).named("db-parameters")["parameters"]
    assert {"name": "long_query_time", "value": "0.25"} in slow


@pytest.mark.parametrize("name", MYSQLS)
def test_larger_classes_of_mysql_have_performance_insights(name, database):
    assert database(engine=name, instance_class="db.t4g.medium").named("db")["performanceInsightsEnabled"] is True
    (problem,) = problems({**PLACE, "engine": name, "performance_insights": True})
    assert problem.argument == "performance_insights"
    assert "db.t4g.micro has no Performance Insights" in problem.reason
    assert list(problems({**PLACE, "performance_insights": True})) == []


def test_an_argument_that_mysql_has_nothing_for_is_rejected():
    (problem,) = problems({**PLACE, "engine": "mysql", "idle_transaction_seconds": 60})
    assert (problem.argument, problem.reason) == (
        "idle_transaction_seconds",
        "60 has no effect on MySQL; leave it out.",
    )
    assert list(problems({**PLACE, "engine": "mariadb", "idle_transaction_seconds": 60})) == []


@pytest.mark.parametrize(
    ("args", "argument", "part"),
    [
        ({"engine_version": "17"}, "engine_version", "'17' is not a version of {title} among"),
        ({"engine_version": "5.7"}, "engine_version", "'5.7' is not a version of {title} among"),
        ({"engine_version": "8.0.40"}, "engine_version", "'8.0.40' is not a version of {title} among"),
        ({"database_name": "mysql"}, "database_name", "'mysql' is reserved by RDS or {title}"),
        ({"database_name": "order"}, "database_name", "'order' is reserved by RDS or {title}"),
        ({"database_name": "x" * 65}, "database_name", "has 65 characters; {title} allows at most 64"),
        ({"username": "rdsadmin"}, "username", "'rdsadmin' is reserved by RDS or {title}"),
        ({"username": "root"}, "username", "'root' is reserved by RDS or {title}"),
        ({"instance_class": "db.x9.micro"}, "instance_class", "is not an instance class of RDS for {title}"),
    ],
)
@pytest.mark.parametrize("name", MYSQLS)
def test_what_rds_would_reject_of_mysql_is_named(name, args, argument, part):
    (problem,) = problems({**PLACE, "engine": name, **args})
    assert problem.argument == argument
    assert part.format(title=ENGINES[name].title) in problem.reason


@pytest.mark.parametrize("name", MYSQLS)
def test_names_that_only_postgresql_reserves_are_free(name):
    assert list(problems({**PLACE, "engine": name, "username": "admin", "database_name": "offsets"})) == []


def test_an_unknown_engine_is_rejected_before_anything_is_created(database):
    with pytest.raises((pulumi.InputPropertiesError, pulumi.InputPropertyError), match="'oracle' is not one of"):
        database(engine="oracle")


# The guard


def record(**args):
    return {"database": facts("db", settled({**PLACE, **args}))}


def test_the_record_of_postgresql_is_what_it_was_before_there_were_other_engines(database):
    assert not {"engine", "major_parts"} & record()["database"].keys()
    tags = database().named("db-subnets")["tags"]
    assert not any("engine" in key for key in tags)


@pytest.mark.parametrize("before", ENGINES)
@pytest.mark.parametrize("after", ENGINES)
def test_another_engine_replaces_the_database_and_needs_consent(before, after, database):
    changes = list(findings(record(engine=before), record(engine=after)))
    tags = [database(engine=engine).named("db-subnets")["tags"] for engine in (before, after)]
    by_tags = [problem.argument for problem in replacements(*tags)]
    if before == after:
        assert changes == by_tags == []
        return
    (finding,) = changes
    assert (finding.argument, finding.acceptable_by) == ("engine", "db")
    assert finding.reason.startswith(f"{before!r} → {after!r} replaces the database db by an empty one.")
    assert by_tags == ["engine"]


def test_another_engine_gives_the_new_instance_another_identifier(database):
    old, new = database(), database(engine="mysql")
    assert old.named("db-identifier")["keepers"] != new.named("db-identifier")["keepers"]


@pytest.mark.parametrize(
    ("old", "new", "argument"),
    [
        ("10.11", "11.4", "allow_major_upgrade"),
        ("11.4", "11.8", "allow_major_upgrade"),
        ("11.4.7", "11.4.8", None),
        ("11.4", "11.4.8", None),
        ("11.4.8", "11.4.7", "engine_version"),
        ("11.8", "11.4", "engine_version"),
    ],
)
def test_the_first_two_numbers_of_mariadbs_version_are_the_major_one(old, new, argument):
    versions = (record(engine="mariadb", engine_version=version) for version in (old, new))
    assert [finding.argument for finding in findings(*versions)] == ([argument] if argument else [])


@pytest.mark.parametrize("running", ["11.4.8", "11.4.8-R1", "11.4.8.R2.20261101"])
def test_a_downgrade_of_what_aws_runs_is_rejected_with_versions_that_can_be_set(running):
    inputs = {"engine": "mariadb", "engineVersion": "11.4.7"}
    (sentence,) = instance_problems({"engine": "mariadb"}, {"engineVersionActual": running}, inputs)
    assert "Set it to 11.4.8, or to 11.4 for the newest minor version." in sentence
    assert not list(instance_problems({"engine": "postgres"}, {"engineVersionActual": "17.6"}, inputs))


@pytest.mark.parametrize(
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
    ("name", "gib", "least", "most"),
    [("postgres", 1, 79, 90), ("mysql", 1, 55, 65), ("mariadb", 1, 28, 35), ("mariadb", 1024, 12000, 12000)],
)
def test_the_connection_limit_is_the_engines(name, gib, least, most):
    assert least <= max_connections(gib, name) <= most
