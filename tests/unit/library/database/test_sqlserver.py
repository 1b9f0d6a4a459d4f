"""SQL Server: what reaches AWS, its editions, and the container that creates the app's database."""

import copy
import json

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.alarms.alarm_rules import max_connections
from flask_on_aws.data_loss.rules import findings
from flask_on_aws.database.database import Database, problems
from flask_on_aws.database.database_args import facts, settled
from flask_on_aws.database.instance_classes import _CLASSES
from flask_on_aws.database.instance_guard import instance_problems
from flask_on_aws.database.replacement_guard import replacements
from flask_on_aws.database.sqlserver_editions import EDITIONS
from flask_on_aws.flask_app.data_loss_records import guard
from flask_on_aws.flask_app.flask_app_args import with_profile
from flask_on_aws.logical_database.logical_database import LogicalDatabase
from flask_on_aws.validation.choices import SqlServerEdition

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, SERVER, SHARED

PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
SQLSERVER = {**PLACE, "engine": "sqlserver"}


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


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED
    return lambda **args: deploy(lambda: FlaskApp("app", {"app": APP, "database": "sqlserver", **args}))


def containers(deployed):
    definitions = json.loads(deployed.of_type(":TaskDefinition")["app-web"]["containerDefinitions"])
    return {definition["name"]: definition for definition in definitions}


def pairs(definition, key, value):
    return {item["name"]: item[value] for item in definition[key]}


def test_it_is_as_private_encrypted_and_protected_as_postgresql(database):
    expected = {
        **database().named("db"),
        "engine": "sqlserver-ex",
        "engineVersion": "16.00",
        "instanceClass": "db.t3.small",
        "licenseModel": "license-included",
        "username": "admin",
        "port": 1433,
        "enabledCloudwatchLogsExports": ["agent", "error"],
    }
    # RDS requires the first to be null, and has the other for none of its editions.
    for absent in ("dbName", "iamDatabaseAuthenticationEnabled"):
        del expected[absent]
    deployed = database(engine="sqlserver")
    assert deployed.named("db") == expected
    password = deployed.named("db-password")
    assert [password[kind] for kind in ("minLower", "minUpper", "minNumeric", "minSpecial")] == [1, 1, 1, 1]


def test_the_table_has_the_editions_of_the_choice_and_classes_of_rds():
    assert list(EDITIONS) == list(SqlServerEdition)
    for edition in EDITIONS.values():
        assert set(edition.sizes) <= set(_CLASSES)
        _, family, size = edition.default_class.split(".")
        assert size in edition.sizes[family]
        assert all(not family.endswith("g") for family in edition.sizes)  # Graviton


@pytest.mark.parametrize(
    ("edition", "instance_class", "has_problem"),
    [
        ("express", "db.t3.micro", False),
        ("express", "db.m5.large", True),
        ("web", "db.t3.2xlarge", True),
        ("web", "db.m6i.4xlarge", False),
        ("web", "db.m6i.8xlarge", True),
        ("standard", "db.t3.large", True),
        ("standard", "db.r7i.12xlarge", False),
        ("standard", "db.r6i.12xlarge", True),
        ("enterprise", "db.m5.large", True),
        ("enterprise", "db.x2iedn.32xlarge", False),
        ("enterprise", "db.r7g.xlarge", True),
    ],
)
def test_each_edition_has_its_instance_classes(edition, instance_class, has_problem):
    found = list(problems({**SQLSERVER, "edition": edition, "instance_class": instance_class}))
    assert bool(found) == has_problem
    assert {problem.argument for problem in found} <= {"instance_class"}


@pytest.mark.parametrize("edition", EDITIONS)
def test_only_express_has_no_standby(edition, database):
    args = {"engine": "sqlserver", "edition": edition, "multi_az": True}
    if edition == "express":
        (problem,) = problems({**PLACE, **args})
        assert (problem.argument, "SQL Server Express has no standby" in problem.reason) == ("multi_az", True)
        return
    deployed = database(**args)
    assert (deployed.named("db")["multiAz"], deployed.named("db")["engine"]) == (True, EDITIONS[edition].engine)
    assert deployed.named("db-parameters")["family"] == f"{EDITIONS[edition].engine}-16.0"


@pytest.mark.parametrize(
    ("args", "argument"),
    [
        ({"database_name": "shop"}, "database_name"),
        ({"statement_timeout_seconds": 60}, "statement_timeout_seconds"),
        ({"slow_query_ms": 100}, "slow_query_ms"),
        ({"engine_version": "14.00"}, "engine_version"),
        ({"engine_version": "16"}, "engine_version"),
        ({"engine_version": "16.00.4236.2"}, "engine_version"),
        ({"storage_gib": 17_000, "max_storage_gib": 0}, "storage_gib"),
        ({"edition": "web", "engine_version": "15.00", "multi_az": True}, "multi_az"),
        ({"username": "sa"}, "username"),
        ({"username": "db_owner"}, "username"),
        ({"username": "rdsadmin"}, "username"),
        ({"username": "x" * 17}, "username"),
    ],
)
def test_what_rds_would_reject_is_named(args, argument):
    assert [problem.argument for problem in problems({**SQLSERVER, **args})] == [argument]


def test_a_connection_limit_that_memory_does_not_decide():
    assert max_connections(2, "sqlserver") == max_connections(64, "sqlserver") == 32_767


# The guard


def test_another_edition_replaces_the_database_and_needs_consent(database):
    before, after = ({**SQLSERVER, "edition": edition} for edition in ("express", "standard"))
    records = ({"database": facts("db", settled(args))} for args in (before, after))
    (finding,) = findings(*records)
    assert (finding.argument, finding.acceptable_by) == ("edition", "db")
    assert "restore it with databaseSnapshot" in finding.reason
    tags = [
        database(engine="sqlserver", edition=edition).named("db-subnets")["tags"] for edition in ("web", "standard")
    ]
    assert [problem.argument for problem in replacements(*tags)] == ["edition"]


@pytest.mark.parametrize(
    ("old", "new", "argument"),
    [
        ("15.00", "16.00", "allow_major_upgrade"),
        ("16.00", "15.00", "engine_version"),
        ("16.00", "16.00.4236.2.v1", None),
        ("16.00.4236.2.v1", "16.00.4215.2.v1", "engine_version"),
    ],
)
def test_the_first_two_numbers_of_a_version_are_the_major_one(old, new, argument):
    records = ({"database": facts("db", settled({**SQLSERVER, "engine_version": version}))} for version in (old, new))
    assert [finding.argument for finding in findings(*records)] == ([argument] if argument else [])


def test_a_downgrade_of_what_aws_runs_is_rejected_with_versions_that_can_be_set():
    inputs = {"engine": "sqlserver-ex", "engineVersion": "15.00"}
    running = {"engineVersionActual": "16.00.4236.2.v1"}
    (sentence,) = instance_problems({"engine": "sqlserver-ex"}, running, inputs)
    assert "or to 16.00 for the newest minor version." in sentence


# The app


def test_the_default_is_the_least_expensive_edition_in_production_too():
    args = with_profile({"database": "sqlserver", "environment": "production"})
    chosen = ("database_edition", "database_instance_class", "database_multi_az", "database_url_scheme")
    assert [args[name] for name in chosen] == ["express", "db.t3.small", False, "mssql+pymssql"]
    standard = with_profile({"database": "sqlserver", "environment": "production", "database_edition": "standard"})
    assert (standard["database_instance_class"], standard["database_multi_az"]) == ("db.m5.large", True)
    assert with_profile({"environment": "production"})["database_multi_az"] is True


def test_another_database_name_leaves_the_data_where_it_is_and_another_engine_replaces_the_server():
    def record(**args):
        return guard("app", with_profile({"database": "sqlserver", **args})).record

    (moved,) = findings(record(), record(database_name="shop"))
    assert (moved.role, moved.argument, moved.warning) == ("app_database", "database_name", True)
    assert list(findings(record(), record(database_username="web"))) == []
    (replaced,) = findings(record(), record(database="postgres"))
    assert (replaced.argument, replaced.acceptable_by) == ("engine", "app-db")
    (removed,) = findings(record(), record(database="none"))
    assert removed.acceptable_by == "app-db"


def test_the_apps_container_never_gets_the_master_login(app):
    deployed = app()
    found = containers(deployed)
    setup = pairs(found["database-setup"], "secrets", "valueFrom")
    assert "app-db-login" in setup["SERVER_PASSWORD"]
    assert "app-db-app-login" in setup["APP_PASSWORD"]
    assert not any("app-db-login" in value for value in pairs(found["web"], "secrets", "valueFrom").values())
    environment = pairs(found["web"], "environment", "value")
    assert (environment["MSSQL_USER"], environment["MSSQL_DATABASE"]) == ("app", "app")
    assert pairs(found["database-setup"], "environment", "value")["APP_IDENTITY"] == ""


def test_the_app_waits_for_its_database_and_for_the_files_of_its_driver(app):
    found = containers(app())
    assert {(item["containerName"], item["condition"]) for item in found["web"]["dependsOn"]} == {
        ("database-setup", "SUCCESS"),
        ("rds-ca", "SUCCESS"),
    }
    assert found["database-setup"]["image"] == found["web"]["image"]
    (command,) = found["rds-ca"]["command"]
    assert "/etc/rds-ca/freetds.conf" in command
    assert "/etc/rds-ca/all-roots.pem" in command
    size = len(json.dumps(list(found.values())))
    assert size < 64 * 1024  # ECS's limit of a task definition


def test_an_app_can_share_a_sql_server(app):
    deployed = app(**SHARED, **SERVER, domain="app.example.com", database_setup_image="example.com/python:1")
    assert deployed.of_type("rds/instance:Instance") == {}
    setup = containers(deployed)["database-setup"]
    environment = pairs(setup, "environment", "value")
    assert setup["image"] == "example.com/python:1"
    assert (environment["APP_DATABASE"], environment["SERVER_PORT"]) == ("app", "1433")
    assert environment["APP_IDENTITY"].startswith("urn:pulumi:")
    assert (
        pairs(setup, "secrets", "valueFrom")["SERVER_PASSWORD"] == f"{SERVER['database_server_secret_arn']}:password::"
    )
    (rule,) = (inputs for name, inputs in deployed.of_type(":SecurityGroupIngressRule").items() if "-db-from-" in name)
    assert (rule["fromPort"], rule["description"]) == (1433, "SQL Server from tasks of app-db")


def test_a_database_on_a_sql_server_has_no_verifier(deploy, mocks):
    mocks.computed["RandomPassword"] = lambda args: {"result": "the-password"}
    found = {}
    clients = {"client_security_group_ids": {"tasks": "sg-1"}, "server_security_group_id": "sg-2"}

    def program():
        database = LogicalDatabase("shop-db", {"engine": "sqlserver", "host": "db", "database_name": "shop", **clients})
        pulumi.Output.all(port=database.port, verifier=database.password_verifier).apply(found.update)

    deployed = deploy(program)
    assert found == {"port": 1433, "verifier": ""}
    assert set(deployed.of_type("RandomPassword")) == {"shop-db-password"}
