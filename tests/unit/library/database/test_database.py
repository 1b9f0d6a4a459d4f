import json
from types import SimpleNamespace

import pulumi
import pytest
from flask_on_aws.database.database import Database, problems
from flask_on_aws.database.database_checks import window_problems
from flask_on_aws.database.instance_guard import reject_update
from flask_on_aws.database.replacement_guard import reject_replacement, replacements
from hypothesis import given
from hypothesis import strategies as st

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
SPECIAL = "-_.~"


@pytest.fixture
def database(deploy, mocks):
    mocks.computed["Instance"] = lambda args: {
        "address": f"{args.name}.rds.amazonaws.com",
        "identifier": f"{args.name}-1234567",
    }
    mocks.computed["RandomPassword"] = lambda args: {"result": "the-password"}
    mocks.computed["RandomId"] = lambda args: {"hex": "0badcafe"}

    def run(opts=None, **args):
        return deploy(lambda: Database("db", {**PLACE, **args}, opts))

    return run


def test_by_default_a_small_private_encrypted_instance(database):
    assert database().named("db") == {
        "identifier": "db-0badcafe",
        "engine": "postgres",
        "engineVersion": "17",
        "autoMinorVersionUpgrade": True,
        "allowMajorVersionUpgrade": False,
        "instanceClass": "db.t4g.micro",
        "multiAz": False,
        "allocatedStorage": 20,
        "maxAllocatedStorage": 100,
        "storageType": "gp3",
        "storageEncrypted": True,
        "dbName": "app",
        "username": "app",
        # Pulumi's mark of a secret, which the mocks leave in place.
        "password": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "the-password"},
        "iamDatabaseAuthenticationEnabled": True,
        "port": 5432,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "publiclyAccessible": False,
        "dbSubnetGroupName": "db-subnets",
        "vpcSecurityGroupIds": ["db-access-id"],
        "parameterGroupName": "db-parameters",
        "applyImmediately": True,
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "backupWindow": "03:00-04:00",
        "backupRetentionPeriod": 7,
        "copyTagsToSnapshot": True,
        "skipFinalSnapshot": True,
        "deletionProtection": False,
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "performanceInsightsEnabled": True,
        "performanceInsightsRetentionPeriod": 7,
        "monitoringInterval": 0,
    }


def test_outputs_describe_how_to_reach_the_database(database):
    assert database().outputs == {
        "host": "db.rds.amazonaws.com",
        "port": 5432,
        "database_name": "app",
        "username": "app",
        "password": "the-password",
        "secret_arn": "arn:aws:mock:us-east-1:123456789012:db-login",
        "security_group_id": "db-access-id",
        "instance_identifier": "db-1234567",
        "instance_arn": "arn:aws:mock:us-east-1:123456789012:db",
        "allocated_storage_gib": 20,
    }


def test_the_password_is_a_secret(mocks):
    secrecy = []

    @pulumi.runtime.test
    def program():
        database = Database("db", PLACE)
        return pulumi.Output.from_input(database.password.is_secret()).apply(secrecy.append)

    program()
    assert secrecy == [True]


def test_a_new_password_is_in_the_secret_before_the_database_has_it(database):
    """In between, tasks whose login is rejected would read the old password there."""
    deployed = database()
    kinds = [resource.typ.rpartition(":")[2] for resource in deployed.resources]
    assert kinds.index("SecretVersion") < kinds.index("Instance")
    content = deployed.named("db-login-content")["secretString"]
    assert json.loads(content["value"]) == {"username": "app", "password": "the-password"}


def test_the_password_has_no_character_that_rds_forbids_or_a_url_escapes(database):
    password = database().named("db-password")
    assert password["length"] == 32
    assert password["overrideSpecial"] == SPECIAL
    assert not set(SPECIAL) & set("/@\" %:?#[]&=+$'\\")


def test_only_the_given_security_groups_may_connect(database):
    deployed = database(client_security_group_ids={"tasks": "sg-1", "bastion": "sg-2"})
    rules = deployed.of_type(":SecurityGroupIngressRule")
    assert set(rules) == {"db-from-tasks", "db-from-bastion"}
    assert rules["db-from-tasks"] == {
        "securityGroupId": "db-access-id",
        "description": "PostgreSQL from tasks",
        "ipProtocol": "tcp",
        "fromPort": 5432,
        "toPort": 5432,
        "referencedSecurityGroupId": "sg-1",
    }
    assert deployed.named("db-access") == {"description": "Access to the database", "vpcId": "vpc-1"}
    assert not deployed.of_type(":SecurityGroupEgressRule")


def test_without_clients_nobody_may_connect(database):
    assert database().of_type(":SecurityGroupIngressRule") == {}


def test_postgresql_forces_tls_and_ends_what_is_stuck(database):
    group = database().named("db-parameters")
    assert group["family"] == "postgres17"
    assert {p["name"]: p["value"] for p in group["parameters"]} == {
        "rds.force_ssl": "1",
        "log_min_duration_statement": "1000",
        "log_lock_waits": "1",
        "idle_in_transaction_session_timeout": "60000",
        "lock_timeout": "30000",
        "statement_timeout": "900000",
    }


def test_timeouts_and_slow_queries_can_be_set(database):
    args = {
        "slow_query_ms": -1,
        "idle_transaction_seconds": 0,
        "lock_timeout_seconds": 5,
        "statement_timeout_seconds": 60,
    }
    found = {p["name"]: p["value"] for p in database(**args).named("db-parameters")["parameters"]}
    assert found["log_min_duration_statement"] == "-1"
    assert found["idle_in_transaction_session_timeout"] == "0"
    assert found["lock_timeout"] == "5000"
    assert found["statement_timeout"] == "60000"


def test_the_parameter_group_follows_the_major_version(database):
    deployed = database(engine_version="18.1", allow_major_upgrade=True)
    assert deployed.named("db-parameters")["family"] == "postgres18"
    assert deployed.named("db")["engineVersion"] == "18.1"
    assert deployed.named("db")["allowMajorVersionUpgrade"] is True


def test_production_settings_reach_the_instance(database):
    deployed = database(
        instance_class="db.m7g.large",
        storage_gib=200,
        max_storage_gib=0,
        backup_days=35,
        backup_window="23:45-00:15",
        maintenance_window="sat:23:00-sat:23:45",
        multi_az=True,
        apply_immediately=False,
        performance_insights=False,
        snapshot_identifier="rds:old",
    )
    instance = deployed.named("db")
    assert instance["instanceClass"] == "db.m7g.large"
    assert (instance["allocatedStorage"], instance["maxAllocatedStorage"]) == (200, 0)
    assert instance["backupRetentionPeriod"] == 35
    assert (instance["backupWindow"], instance["maintenanceWindow"]) == ("23:45-00:15", "sat:23:00-sat:23:45")
    assert instance["multiAz"] is True
    assert instance["applyImmediately"] is False
    assert instance["performanceInsightsEnabled"] is False
    assert "performanceInsightsRetentionPeriod" not in instance
    assert instance["snapshotIdentifier"] == "rds:old"


def test_a_key_encrypts_the_database_and_its_statistics(database):
    instance = database(kms_key_id=pulumi.Output.from_input(KEY)).named("db")
    assert instance["kmsKeyId"] == KEY
    assert instance["performanceInsightsKmsKeyId"] == KEY


@pytest.mark.parametrize("key", [KEY, pulumi.Output.from_input(KEY)], ids=["plain", "output"])
def test_a_snapshot_with_another_key_is_rejected_before_it_is_restored(database, mocks, key):
    asked = "aws:rds/getSnapshot:getSnapshot"
    mocks.answers[asked] = {"kmsKeyId": KEY.replace("key/1", "key/2")}
    with pytest.raises(Exception, match=r"'moved' is encrypted with .*key/2.*--kms-key-id arn:aws:kms:.*key/1"):
        database(kms_key_id=key, snapshot_identifier="moved")
    assert "db" not in [resource.name for resource in mocks.resources if resource.typ == "aws:rds/instance:Instance"]


@pytest.mark.parametrize("answer", [{"kmsKeyId": KEY}, {}, ({}, [("x", "couldn't find resource")])])
def test_a_snapshot_with_the_same_key_or_gone_is_as_good_as_any(database, mocks, answer):
    mocks.answers["aws:rds/getSnapshot:getSnapshot"] = (lambda args: answer) if isinstance(answer, tuple) else answer
    instance = database(kms_key_id=KEY, snapshot_identifier="moved").named("db")
    assert (instance["kmsKeyId"], instance["snapshotIdentifier"]) == (KEY, "moved")


def test_without_a_key_of_its_own_a_database_takes_any_snapshot(database, mocks):
    mocks.answers["aws:rds/getSnapshot:getSnapshot"] = {"kmsKeyId": KEY}
    assert "kmsKeyId" not in database(snapshot_identifier="moved").named("db")


def test_a_final_snapshot_has_a_name_for_each_generation_of_the_database(database):
    deployed = database(final_snapshot=True, kms_key_id=KEY)
    assert deployed.named("db-final") == {
        "byteLength": 4,
        "keepers": {"database_name": "app", "username": "app", "kms_key_id": KEY},
    }
    assert deployed.named("db")["finalSnapshotIdentifier"] == "db-final-0badcafe"
    assert deployed.named("db")["skipFinalSnapshot"] is False


def test_a_refused_replacement_leaves_the_snapshot_s_name_alone(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_random.RandomId")
    database(final_snapshot=True)
    assert [one.depends_on[0]._name for one in options] == ["db-subnets"] * 2  # and the identifier


def test_without_a_final_snapshot_there_is_no_name_for_one(database):
    deployed = database()
    assert "db-final" not in deployed.of_type(":RandomId")
    assert "finalSnapshotIdentifier" not in deployed.named("db")


def test_monitoring_of_the_operating_system_has_a_role_of_its_own(database):
    deployed = database(monitoring_interval=60)
    assert deployed.named("db")["monitoringInterval"] == 60
    assert deployed.named("db")["monitoringRoleArn"].endswith(":db-monitoring")
    attachment = deployed.named("db-monitoring-policy")
    assert attachment["policyArn"] == "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    trust = json.loads(deployed.named("db-monitoring")["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "monitoring.rds.amazonaws.com"}


def test_without_monitoring_there_is_no_role(database):
    assert database().of_type("iam/role:Role") == {}


@pytest.mark.parametrize("protected", [True, False])
def test_protection_is_both_aws_s_and_pulumi_s(database, monkeypatch, protected):
    options = record_options(monkeypatch, "pulumi_aws.rds.Instance")
    assert database(deletion_protection=protected).named("db")["deletionProtection"] is protected
    assert options[0].protect is (True if protected else None)


def test_another_snapshot_later_replaces_nothing(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_aws.rds.Instance")
    database(snapshot_identifier="rds:old")
    assert options[0].ignore_changes == ["snapshot_identifier"]


def record_options(monkeypatch, path):
    """The options of each resource of a class, in the order of their creation."""
    module, _, kind = path.rpartition(".")
    original = getattr(__import__(module, fromlist=[kind]), kind)
    options = []

    def create(*args, opts, **inputs):
        options.append(opts)
        return original(*args, opts=opts, **inputs)

    monkeypatch.setattr(path, create)
    return options


# Identifier and log groups

GROUPS = {"db-logs-postgresql": "postgresql", "db-logs-upgrade": "upgrade"}


def log_groups(deployed):
    return {name: inputs["name"] for name, inputs in deployed.of_type(":LogGroup").items()}


def made_before(mocks):
    """The subnet group of a stack that was made when its database had an automatic identifier."""
    mocks.computed["SubnetGroup"] = lambda args: {
        "tags": {key: value for key, value in args.inputs["tags"].items() if key != "flask-on-aws:identifier"}
    }


def test_a_new_database_has_its_log_groups_before_it_with_retention(database):
    deployed = database(log_retention_days=14)
    assert log_groups(deployed) == {name: f"/aws/rds/instance/db-0badcafe/{kind}" for name, kind in GROUPS.items()}
    assert {group["retentionInDays"] for group in deployed.of_type(":LogGroup").values()} == {14}
    kinds = [resource.typ.rpartition(":")[2] for resource in deployed.resources]
    assert len(kinds) - 1 - kinds[::-1].index("LogGroup") < kinds.index("Instance")


def test_the_identifier_is_another_for_each_generation_of_the_database(database):
    assert database(username="shop").named("db-identifier") == {
        "byteLength": 4,
        "keepers": {"database_name": "app", "username": "shop"},
    }


def test_what_says_how_the_identifier_was_made_is_never_added_later(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_aws.rds.SubnetGroup")
    database()
    assert options[0].ignore_changes == ['tags["flask-on-aws:identifier"]']


@pytest.mark.parametrize("existing", [(), ("postgresql",), ("postgresql", "upgrade"), ("postgresql", "error")])
def test_a_database_that_was_made_before_keeps_its_identifier_and_its_log_groups(
    database, mocks, monkeypatch, existing
):
    """The groups that RDS has made are imported: to create them would fail, since they are there."""
    made_before(mocks)
    options = record_options(monkeypatch, "pulumi_aws.cloudwatch.LogGroup")
    asked = []
    mocks.answers["aws:cloudwatch/getLogGroups:getLogGroups"] = lambda args: (
        asked.append(args["logGroupNamePrefix"])
        or {"logGroupNames": [f"/aws/rds/instance/db-1234567/{kind}" for kind in existing]}
    )
    deployed = database()
    assert "identifier" not in deployed.named("db")
    assert deployed.named("db")["enabledCloudwatchLogsExports"] == ["postgresql", "upgrade"]
    assert asked == ["/aws/rds/instance/db-1234567/"]
    assert log_groups(deployed) == {name: f"/aws/rds/instance/db-1234567/{kind}" for name, kind in GROUPS.items()}
    assert [one.import_ for one in options] == [
        f"/aws/rds/instance/db-1234567/{kind}" if kind in existing else None for kind in GROUPS.values()
    ]


def instance_update(old, new, running=None):
    outputs = {"engineVersionActual": running} if running else None
    return SimpleNamespace(old_inputs=old, new_inputs=new, old_outputs=outputs)


def test_an_update_never_renames_a_database(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_aws.rds.Instance")
    database()
    (hook,) = options[0].hooks.before_update
    assert (hook.callback, hook.opts.on_dry_run) == (reject_update, True)
    for old, new in ((None, "b"), ("a", None), ("a", object()), ("a", "a")):
        reject_update(instance_update({"identifier": old}, {"identifier": new}))
    with pytest.raises(ValueError, match="'a' → 'b' would rename the database while it is in use"):
        reject_update(instance_update({"identifier": "a"}, {"identifier": "b"}))


@pytest.mark.parametrize(("wanted", "running"), [("17.4", "17.6"), ("17.9", "17.10"), ("17", "18.1"), ("17.6", "18.1")])
def test_a_version_before_the_one_that_runs_is_rejected_before_aws_is_asked(wanted, running):
    with pytest.raises(ValueError, match=f"AWS runs {running}, and RDS cannot downgrade to {wanted}") as refused:
        reject_update(instance_update({}, {"engineVersion": wanted}, running))
    assert f"Set it to {running}, or to {running[:2]} for" in str(refused.value)


@pytest.mark.parametrize(
    ("wanted", "running"),
    [
        ("17", "17.6"),
        ("17.6", "17.6"),
        ("17.10", "17.9"),
        ("18", "17.6"),
        ("17.4", None),
        ("17.4", object()),
        ("", "1"),
    ],
)
def test_every_other_version_passes(wanted, running):
    reject_update(instance_update({}, {"engineVersion": wanted}, running))


@pytest.mark.parametrize(("version", "upgraded"), [("17", True), ("17.6", False)])
def test_aws_upgrades_the_minor_version_only_where_none_is_pinned(database, version, upgraded):
    assert database(engine_version=version).named("db")["autoMinorVersionUpgrade"] is upgraded


@pytest.mark.parametrize("days", [0, 31, True])
def test_days_that_cloudwatch_does_not_know(mocks, days):
    with pytest.raises(pulumi.InputPropertiesError, match="log_retention_days"):
        Database("db", {**PLACE, "log_retention_days": days})
    assert mocks.resources == []


# The guard against replacement


def test_what_the_database_is_stands_in_the_tags_of_its_subnet_group(database):
    group = database(kms_key_id=pulumi.Output.secret(KEY)).named("db-subnets")
    assert group["subnetIds"] == ["subnet-a", "subnet-b"]
    assert group["tags"] == {
        "flask-on-aws:database_name": "app",
        "flask-on-aws:username": "app",
        "flask-on-aws:kms_key_id": KEY,
        "flask-on-aws:identifier": "known before creation",
    }


def test_the_guard_looks_at_updates_of_the_subnet_group_at_preview_too(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_aws.rds.SubnetGroup")
    database()
    (hook,) = options[0].hooks.before_update
    assert hook.name == "db-replacement-guard"
    assert hook.callback is reject_replacement
    assert hook.opts.on_dry_run is True
    assert hook.opts.ignore_errors is False


@pytest.mark.parametrize("consent", [{"allow_replacement": True}, {"accept_data_loss": ["other", "db"]}])
def test_there_is_no_guard_where_replacement_is_allowed(database, monkeypatch, consent):
    options = record_options(monkeypatch, "pulumi_aws.rds.SubnetGroup")
    database(**consent)
    assert options[0].hooks is None


def test_a_protected_database_stays_guarded(database, monkeypatch):
    options = record_options(monkeypatch, "pulumi_aws.rds.SubnetGroup")
    database(allow_replacement=True, deletion_protection=True)
    assert [hook.name for hook in options[0].hooks.before_update] == ["db-replacement-guard"]


def update(old, new):
    return pulumi.ResourceHookArgs("urn", "id", "db-subnets", "type", new_inputs=new, old_inputs=old)


def tags(**identity):
    return {"tags": {f"flask-on-aws:{key}": value for key, value in identity.items()}}


APP = {"database_name": "app", "username": "app"}


def test_a_new_name_is_rejected_with_the_property_both_values_and_the_fix():
    with pytest.raises(ValueError, match="database_name") as refused:
        reject_replacement(update(tags(**APP), tags(**{**APP, "database_name": "shop"})))
    assert str(refused.value) == (
        "database_name: changing it from 'app' to 'shop' would replace the database and lose its data. Change it back, "
        "or, if that is intended, turn deletion_protection off and add the database's logical name to accept_data_loss "
        "(acceptDataLoss in a stack's settings)."
    )


def test_every_reason_is_reported_at_once():
    with pytest.raises(ValueError, match=r"username: .*'app' to 'owner'.*; kms_key_id: .*\"AWS's own key\" to 'arn:"):
        reject_replacement(update(tags(**APP), tags(database_name="app", username="owner", kms_key_id=KEY)))


def test_taking_the_key_away_is_rejected_too():
    (problem,) = replacements(tags(**APP, kms_key_id=KEY)["tags"], tags(**APP)["tags"])
    assert problem.argument == "kms_key_id"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (tags(**APP), tags(**APP)),
        ({**tags(**APP), "subnetIds": ["a"]}, {**tags(**APP), "subnetIds": ["b"]}),
        ({}, tags(**APP)),  # a subnet group from before there was a guard
        ({"tags": {"team": "a"}}, {"tags": {**tags(**APP)["tags"], "team": "b"}}),
        (tags(**APP, kms_key_id=KEY), tags(**APP, kms_key_id=pulumi.Output.from_input)),  # not known at preview
        (None, tags(**APP)),
    ],
)
def test_other_updates_of_the_subnet_group_pass(old, new):
    reject_replacement(update(old, new))


# What is rejected


def refusal(**args):
    (problem,) = problems(args)
    return problem


def test_the_defaults_have_no_problem():
    assert list(problems({})) == []


@pytest.mark.parametrize("version", ["13", "19", "17.", "latest", "17.6.1", "", "v17"])
def test_versions_that_rds_does_not_run(version):
    assert refusal(engine_version=version) == (
        "engine_version",
        f"{version!r} is not a version of PostgreSQL from 14 to 18, like 17 (the newest minor version) or 17.6.",
    )


@pytest.mark.parametrize("version", ["14", "17.6", "18.1", "18"])
def test_versions_that_rds_runs(version):
    assert not list(problems({"engine_version": version}))


@pytest.mark.parametrize("instance_class", ["t4g.micro", "db.t9.micro", "db", "", "DB.t4g.micro", "db.serverless"])
def test_what_is_no_instance_class(instance_class):
    argument, reason = refusal(instance_class=instance_class)
    assert argument == "instance_class"
    assert reason.startswith(f"{instance_class!r} is not an instance class of RDS for PostgreSQL, like db.t4g.micro;")


@pytest.mark.parametrize("instance_class", ["db.t4g.huge", "db.t4g", "db.t4g.micro ", "db.t4g.4xlarge"])
def test_sizes_that_a_family_has_not(instance_class):
    assert refusal(instance_class=instance_class) == (
        "instance_class",
        f"{instance_class!r} does not exist; db.t4g has the sizes micro, small, medium, large, xlarge, 2xlarge.",
    )


@pytest.mark.parametrize("argument", ["database_name", "username"])
@pytest.mark.parametrize("value", ["", "1app", "App", "my-app", "_app", "a b"])
def test_names_with_other_characters(argument, value):
    assert refusal(**{argument: value}) == (
        argument,
        f"{value!r} must be lower-case letters, digits and underscores, and start with a letter.",
    )


@pytest.mark.parametrize("argument", ["database_name", "username"])
def test_names_too_long(argument):
    assert not list(problems({argument: "a" * 63}))
    assert refusal(**{argument: "a" * 64}) == (
        argument,
        f"{'a' * 64!r} has 64 characters; PostgreSQL allows at most 63.",
    )


@pytest.mark.parametrize("argument", ["database_name", "username"])
@pytest.mark.parametrize("value", ["admin", "rdsadmin", "rds_superuser", "pg_monitor", "user", "select", "template1"])
def test_names_that_are_reserved(argument, value):
    assert refusal(**{argument: value}) == (
        argument,
        f"{value!r} is reserved by RDS or PostgreSQL; choose another name, like app.",
    )


@pytest.mark.parametrize("value", ["postgres", "users", "administrator", "all_apps", "app_2"])
def test_names_that_only_look_reserved(value):
    assert not list(problems({"database_name": value, "username": value}))


@pytest.mark.parametrize(("size", "most", "least"), [(20, 21, 22), (100, 100, 110), (105, 115, 116)])
def test_storage_needs_a_tenth_to_grow(size, most, least):
    assert refusal(storage_gib=size, max_storage_gib=most) == (
        "max_storage_gib",
        f"{most} is less than 10 % above storage_gib {size}; "
        f"use at least {least}, or 0 for storage that does not grow.",
    )
    assert not list(problems({"storage_gib": size, "max_storage_gib": least}))
    assert not list(problems({"storage_gib": size, "max_storage_gib": 0}))


@pytest.mark.parametrize(
    ("argument", "value", "limits"),
    [
        ("storage_gib", 19, "20 to 65536 GiB"),
        ("max_storage_gib", -1, "0 to 65536 GiB"),
        ("max_storage_gib", 65537, "0 to 65536 GiB"),
        ("backup_days", 36, "0 to 35 days"),
        ("backup_days", True, "0 to 35 days"),
        ("slow_query_ms", -2, "-1 to 86400000 milliseconds"),
        ("idle_transaction_seconds", -1, "0 to 86400 seconds"),
        ("lock_timeout_seconds", 86401, "0 to 86400 seconds"),
        ("statement_timeout_seconds", 1.5, "0 to 86400 seconds"),
    ],
)
def test_numbers_out_of_range(argument, value, limits):
    assert refusal(**{argument: value}) == (argument, f"{value!r} must be a whole number from {limits}.")


@pytest.mark.parametrize("interval", [2, -1, 61, True])
def test_monitoring_intervals_that_rds_does_not_offer(interval):
    assert refusal(monitoring_interval=interval) == (
        "monitoring_interval",
        f"{interval!r} is not one of 0, 1, 5, 10, 15, 30, 60 seconds.",
    )


@pytest.mark.parametrize("missing", ["vpc_id", "subnet_ids"])
def test_a_database_without_a_place_is_rejected(mocks, missing):
    place = {key: value for key, value in PLACE.items() if key != missing}
    with pytest.raises(pulumi.InputPropertiesError, match=f"{missing}: is missing; a Database cannot be"):
        Database("db", place)
    assert mocks.resources == []


def test_nothing_is_registered_when_arguments_are_wrong(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match=r"database_name: .*; backup_days: "):
        Database("db", {**PLACE, "database_name": "user", "backup_days": 99})
    assert mocks.resources == []


# Windows

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = 7 * 24 * 60
minutes_of_week = st.integers(0, WEEK - 1)


def clock(minute):
    return f"{minute // 60 % 24:02}:{minute % 60:02}"


def weekly(start, length):
    return "-".join(f"{DAYS[minute // 1440 % 7]}:{clock(minute)}" for minute in (start, start + length))


def daily(start, length):
    return f"{clock(start)}-{clock(start + length)}"


@given(st.integers(0, 1439), st.integers(30, 1439), minutes_of_week, st.integers(30, 1440))
def test_windows_overlap_exactly_if_they_share_a_minute(backup, backup_length, start, length):
    backups = {(day * 1440 + backup + i) % WEEK for day in range(7) for i in range(backup_length)}
    shared = bool(backups & {(start + i) % WEEK for i in range(length)})
    window, maintenance = daily(backup, backup_length), weekly(start, length)
    expected = f"{maintenance!r} overlaps the daily backup window {window}; choose windows that do not overlap."
    assert list(window_problems(window, maintenance)) == ([("maintenance_window", expected)] if shared else [])


@given(st.integers(0, 1439), st.integers(0, 29))
def test_backup_windows_under_half_an_hour_are_rejected(start, length):
    window = daily(start, length)
    found = [problem for problem in window_problems(window, "sun:04:30-sun:05:30") if problem[0] == "backup_window"]
    assert found == [("backup_window", f"{window!r} lasts {length} minutes; use at least 30, RDS's minimum.")]


@given(minutes_of_week, st.integers(0, 29))
def test_maintenance_windows_under_half_an_hour_are_rejected(start, length):
    window = weekly(start, length)
    found = [problem.reason for problem in window_problems("03:00-04:00", window)]
    assert f"{window!r} lasts {length} minutes; use at least 30, RDS's minimum." in found


@given(st.text(max_size=20))
def test_any_other_text_is_no_window_and_raises_nothing(text):
    found = {problem.argument for problem in window_problems(text, text)}
    assert "maintenance_window" in found or "backup_window" in found


@pytest.mark.parametrize("window", ["3:00-4:00", "24:00-01:00", "03:60-04:00", "03:00", "03:00-04:00 ", ""])
def test_what_is_no_backup_window(window):
    assert refusal(backup_window=window) == (
        "backup_window",
        f"{window!r} is not a daily window in UTC, like 03:00-04:00.",
    )


@pytest.mark.parametrize("window", ["Sun:04:30-Sun:05:30", "04:30-05:30", "sun:04:30-05:30", "so:04:30-so:05:30"])
def test_what_is_no_maintenance_window(window):
    assert refusal(maintenance_window=window) == (
        "maintenance_window",
        f"{window!r} is not a weekly window in UTC, like sun:04:30-sun:05:30.",
    )


def test_windows_may_touch_and_go_past_midnight_and_sunday():
    assert not list(window_problems("23:30-00:30", "sun:22:30-sun:23:30"))
    assert not list(window_problems("03:00-04:00", "sun:23:00-mon:01:00"))
