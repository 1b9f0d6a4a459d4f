"""What a change loses: the rules over two records, consent, and what an app records."""

import re
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest
from flask_on_aws.data_loss.guard import Guard
from flask_on_aws.data_loss.rules import REMOVED, findings
from flask_on_aws.fixed_settings import FixedSettings
from flask_on_aws.flask_app.checks.arguments import problems
from flask_on_aws.flask_app.data_loss_records import guard
from flask_on_aws.flask_app.flask_app_args import with_profile
from hypothesis import given
from hypothesis import strategies as st

NAMES = ("app-db", "app-media", "app-image", "app-web-logs", "app-kms-key")
KEYS = [f"arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-12345678901{n}" for n in range(2)]
RDS = {"database_kms_key_id": "aws/rds"}
QUEUE = {"cache": "valkey", "cache_use": "queue"}
# The sentence names the whole migration.
MOVE = "copy it with the new key (aws rds copy-db-snapshot --kms-key-id), and restore the copy with databaseSnapshot"
PRODUCTION = {"environment": "production"}


def record(**args):
    return guard("app", with_profile({"repository_name": "shop-dev", **args})).record


def found(old, new):
    return list(findings(record(**old), record(**new)))


def update(old, new, accepted=()):
    """What the hook of the app's component says when one configuration follows another."""
    args = with_profile({"repository_name": "shop-dev", "accept_data_loss": list(accepted), **new})
    told = SimpleNamespace(old_inputs={"stateful": record(**old)}, new_inputs={"stateful": record(**new)})
    guard("app", args)._check(told)


# Each loses data: what was set, what is set now, the setting that the sentence names, what else it says, the consent.
LOSSES = {
    "no database": ({}, {"database": "none"}, "database", "no snapshot stays", "app-db"),
    "no database, with a snapshot": (
        {"keep_data": True},
        {"keep_data": True, "database": "none"},
        "database",
        "a final snapshot stays",
        "app-db",
    ),
    "a shared server": ({}, {"database_host": "db.example.com"}, "databaseHost", "with all its data", "app-db"),
    "another database": ({}, {"database_name": "shop"}, "databaseName", "'app' → 'shop'", "app-db"),
    "another owner": ({}, {"database_username": "shop"}, "databaseUsername", "'app' → 'shop'", "app-db"),
    "no backups": ({}, {"database_backup_days": 0}, "databaseBackupDays", "1 → 0 days deletes all backups", "app-db"),
    "fewer backups": (
        {"database_backup_days": 14},
        {"database_backup_days": 7},
        "databaseBackupDays",
        "14 → 7 days deletes the backups of app-db that are older",
        "app-db",
    ),
    "no queue": ({"queue": "sqs"}, {"queue": "none"}, "queue", "with all jobs in them", "app-queue"),
    "no queue in the cache": (QUEUE, {"cache": "none"}, "cache", "with all jobs in it", "app-cache"),
    "jobs in a cache that evicts": (QUEUE, {**QUEUE, "cache_use": "cache"}, "cacheUse", "evicts jobs", "app-cache"),
    "another key for the jobs": (
        {**QUEUE, "kms_key_id": KEYS[0], **RDS},
        {**QUEUE, "kms_key_id": KEYS[1], **RDS},
        "kmsKeyId",
        "replaces the cache app-cache by an empty one",
        "app-cache",
    ),
    "fewer snapshots": (
        QUEUE,
        {**QUEUE, "cache_snapshot_days": 1},
        "cacheSnapshotDays",
        "7 → 1 days deletes older snapshots of app-cache",
        "app-cache",
    ),
    "no bucket": ({}, {"bucket": "none"}, "bucket", "with all its files", "app-media"),
    "a ready image": ({}, {"image": "shop:1"}, "image", "every rollback", "app-image"),
    "another repository": (
        {"repository_name": "a"},
        {"repository_name": "b"},
        "repositoryName",
        "'a' → 'b'",
        "app-image",
    ),
    "a key for the database": ({}, {"kms_key_id": KEYS[0]}, "kmsKeyId", MOVE, "app-db"),
    "a new key for the database": ({}, {"create_kms_key": True}, "createKmsKey", MOVE, "app-db"),
    "another key for the database": ({"kms_key_id": KEYS[0]}, {"kms_key_id": KEYS[1]}, "kmsKeyId", MOVE, "app-db"),
    "a new key for an existing one": (
        {"kms_key_id": KEYS[0]},
        {"create_kms_key": True},
        "createKmsKey",
        MOVE,
        "app-db",
    ),
    "no key any more": ({"kms_key_id": KEYS[0]}, {}, "kmsKeyId", MOVE, "app-db"),
    "the database's own key": (
        {"kms_key_id": KEYS[0]},
        {"kms_key_id": KEYS[0], "database_kms_key_id": KEYS[1]},
        "databaseKmsKeyId",
        MOVE,
        "app-db",
    ),
    "the key of all else for the database": (
        {"create_kms_key": True, **RDS},
        {"create_kms_key": True},
        "createKmsKey",
        MOVE,
        "app-db",
    ),
    "the stack's key removed": (
        {"create_kms_key": True, **RDS},
        {},
        "createKmsKey",
        "deletes the key app-kms-key in 30 days",
        "app-kms-key",
    ),
    "fewer logs": ({}, {"log_retention_days": 7}, "logRetentionDays", "14 → 7 days", "app-web-logs"),
}
# Each cannot work, whatever is accepted.
IMPOSSIBLE = {
    "less storage": ({"database_storage_gib": 50}, {}, "databaseStorageGib", "50 → 20 GiB"),
    "an older major version": ({"database_version": "18"}, {}, "databaseVersion", "18 → 17"),
    "an older major version, pinned": (
        {"database_version": "18.1"},
        {"database_version": "17.6"},
        "databaseVersion",
        "18.1 → 17.6",
    ),
    "an older minor version": (
        {"database_version": "17.10"},
        {"database_version": "17.9"},
        "databaseVersion",
        "17.10 → 17.9",
    ),
    "a major upgrade that is not allowed": (
        {},
        {"database_version": "18"},
        "databaseAllowMajorUpgrade",
        "17 → 18",
    ),
    "another range": ({}, {"vpc_cidr": "10.1.0.0/16"}, "vpcCidr", "'10.0.0.0/16' → '10.1.0.0/16'"),
    "an existing network": ({}, {"vpc_id": "vpc-1", "public_subnet_ids": ["a", "b"]}, "vpcId", "'' → 'vpc-1'"),
    "another network": ({"vpc_id": "vpc-1"}, {"vpc_id": "vpc-2"}, "vpcId", "'vpc-1' → 'vpc-2'"),
    "a protected database": (PRODUCTION, {**PRODUCTION, "database": "none"}, "database", "It is protected"),
    "protection off and the name at once": (
        PRODUCTION,
        {**PRODUCTION, "deletion_protection": False, "database_name": "shop"},
        "databaseName",
        "It is protected",
    ),
    "protection on and the name at once": (
        {},
        {"deletion_protection": True, "database_name": "shop"},
        "databaseName",
        "It is protected",
    ),
    "an older cache": (
        {"cache": "valkey", "cache_version": "9.0"},
        {"cache": "valkey", "cache_version": "8.2"},
        "cacheVersion",
        "9.0 → 8.2",
    ),
    "a protected queue": ({**PRODUCTION, **QUEUE}, {**PRODUCTION, "cache": "none"}, "cache", "It is protected"),
    "a protected repository": (PRODUCTION, {**PRODUCTION, "image": "shop:1"}, "image", "protected with its images"),
}
# Each is worth a sentence, and loses nothing now.
WARNINGS = {
    "protection off": (PRODUCTION, {**PRODUCTION, "deletion_protection": False}, "deletion_protection"),
    "the bucket of a stack that keeps it": ({"keep_data": True}, {"keep_data": True, "bucket": "none"}, REMOVED),
    "a key for a repository": ({}, {"kms_key_id": KEYS[0], **RDS}, "kms_key_id"),
    "a new key for a repository": ({}, {"create_kms_key": True, **RDS}, "kms_key_id"),
    "the key of a stack that keeps it": (
        {"create_kms_key": True, "keep_data": True, **RDS},
        {"keep_data": True},
        REMOVED,
    ),
    "the key no longer kept": (
        {"create_kms_key": True, "keep_data": True},
        {"create_kms_key": True, "keep_data": False},
        "retain",
    ),
    "another snapshot": ({}, {"database_snapshot": "rds:old"}, "snapshot_identifier"),
    "another shared server": ({"database_host": "a"}, {"database_host": "b"}, "host"),
    "no shared server any more": ({"database_host": "a"}, {"database": "none"}, REMOVED),
}
HARMLESS = {
    "nothing": ({}, {}),
    "more of all": (
        {},
        {
            "database_storage_gib": 50,
            "database_backup_days": 30,
            "log_retention_days": 365,
            "deletion_protection": True,
        },
    ),
    "to production": ({}, PRODUCTION),
    "a major upgrade that is allowed": ({}, {"database_version": "18", "database_allow_major_upgrade": True}),
    "a newer minor version": ({"database_version": "17.9"}, {"database_version": "17.10"}),
    "a pinned minor version": ({}, {"database_version": "17.6"}),
    "a minor version no longer pinned": ({"database_version": "17.6"}, {}),
    "a database for the first time": ({"database": "none"}, {}),
    "no cache": ({"cache": "valkey"}, {"cache": "none"}),
    "another key for a cache": (
        {"cache": "valkey", "kms_key_id": KEYS[0], "database": "none", "image": "shop:1"},
        {"cache": "valkey", "kms_key_id": KEYS[1], "database": "none", "image": "shop:1"},
    ),
    "a cache that becomes a queue": ({"cache": "valkey"}, QUEUE),
    "a newer cache": (QUEUE, {**QUEUE, "cache_version": "9.0"}),
    "a queue for the first time": ({}, {"queue": "sqs"}),
    "a bucket for the first time": ({"bucket": "none"}, {}),
    "a repository for the first time": ({"image": "shop:1"}, {}),
    "another ready image": ({"image": "shop:1"}, {"image": "shop:2"}),
    "a key for a stack without database and repository": (
        {"image": "shop:1", "database": "none"},
        {"image": "shop:1", "database": "none", "create_kms_key": True},
    ),
    "the same key": ({"kms_key_id": KEYS[0]}, {"kms_key_id": KEYS[0]}),
    "the key of the database by name": (
        {"kms_key_id": KEYS[0]},
        {"kms_key_id": KEYS[0], "database_kms_key_id": KEYS[0]},
    ),
    "versions of files no longer kept": ({"bucket_versioned": True}, {"bucket_versioned": False}),
    "the default range by name": ({}, {"vpc_cidr": "10.0.0.0/16"}),
    "the default version by name": ({}, {"database_version": "17"}),
}


@pytest.mark.parametrize("case", LOSSES)
def test_a_loss_is_rejected_and_passes_with_the_consent_of_that_resource_alone(case):
    old, new, setting, part, consent = LOSSES[case]
    for accepted in ((), [name for name in NAMES if name != consent]):
        with pytest.raises(ValueError, match="loses data") as refused:
            update(old, new, accepted)
        sentence = str(refused.value)
        assert f"- {setting}" in sentence
        assert part in sentence
        assert f"add {consent} to acceptDataLoss" in sentence
    update(old, new, [consent])


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_work_is_rejected_whatever_is_accepted(case):
    old, new, setting, part = IMPOSSIBLE[case]
    with pytest.raises(ValueError, match="cannot work") as refused:
        update(old, new, NAMES)
    assert f"- {setting}" in str(refused.value)
    assert part in str(refused.value)


def test_every_setting_that_is_guarded_is_in_the_documentation():
    page = (Path(__file__).parents[4] / "docs" / "data-loss.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| ")]
    for setting, consent in {(case[2], case[4]) for case in LOSSES.values()}:
        consents = [row[3] for row in rows if re.search(rf"`{setting}\b", row[1])]
        assert f" `{consent}` " in consents, setting
    for setting in {case[2] for case in IMPOSSIBLE.values()}:
        assert setting in page


@pytest.mark.parametrize("case", WARNINGS)
def test_what_takes_a_safety_off_is_a_warning(case):
    old, new, argument = WARNINGS[case]
    told = found(old, new)
    assert argument in [finding.argument for finding in told]
    assert all(finding.warning for finding in told)
    update(old, new)


@pytest.mark.parametrize("case", HARMLESS)
def test_what_loses_nothing_passes_without_a_word(case):
    old, new = HARMLESS[case]
    assert found(old, new) == []


def test_the_stack_s_own_key_by_name_is_left_to_the_database_which_knows_its_arn():
    old, new = {"create_kms_key": True, "keep_data": True}, {"kms_key_id": KEYS[0], "keep_data": True}
    assert all(finding.warning for finding in found(old, new))
    facts = {"kind": "database", "name": "app-db"}
    same, other = ({"database": {**facts, "kms_key_id": key}} for key in KEYS)
    assert list(findings(same, same)) == []
    assert [finding.argument for finding in findings(same, other)] == ["kms_key_id"]


def test_a_snapshot_is_used_where_the_key_changes_with_it():
    old, new = {}, {"kms_key_id": KEYS[0], "database_snapshot": "app-moved"}
    assert "snapshot_identifier" not in [finding.argument for finding in found(old, new)]
    update(old, new, ["app-db"])


def test_all_losses_are_reported_at_once():
    with pytest.raises(ValueError, match="loses data") as refused:
        update({"database_storage_gib": 50}, {"database": "none", "bucket": "none", "vpc_cidr": "10.1.0.0/16"})
    assert [line.split(":")[0] for line in str(refused.value).splitlines()[1:]] == [
        "  - bucket",
        "  - database",
        "  - vpcCidr (vpc_cidr in Python)",
    ]


def test_the_deprecated_consent_still_lets_a_name_replace_the_database_and_nothing_else():
    update({}, {"database_name": "shop", "allow_database_replacement": True})
    with pytest.raises(ValueError, match="app-db"):
        update({}, {"database": "none", "allow_database_replacement": True})


@pytest.mark.parametrize("absent", ["old_inputs", "new_inputs"])
def test_a_component_without_a_record_is_left_alone(absent):
    """One of a stack that was made before there were records."""
    inputs = {"old_inputs": {"stateful": record()}, "new_inputs": {"stateful": record()}}
    if absent == "old_inputs":
        for before in (None, {}, {"stateful": None}):
            guard("app", with_profile({"database": "none"}))._check(SimpleNamespace(**{**inputs, absent: before}))
    else:
        guard("app", with_profile({}))._check(SimpleNamespace(**inputs))


@pytest.mark.parametrize("key", ["kms_key_id", "vpc_id"])
def test_a_value_that_is_unknown_at_preview_is_left_to_the_update(key):
    old = {"database": {"kind": "database", "name": "db", key: "arn:old"}}
    unknown = {"database": {"kind": "database", "name": "db", key: object()}}
    assert list(findings(old, unknown)) == []
    new = {"database": {"kind": "database", "name": "db", key: "arn:new"}}
    assert [finding.argument for finding in findings(old, new)] == [key]


def test_the_engine_s_floats_are_the_program_s_numbers():
    told = {role: {k: float(v) if type(v) is int else v for k, v in facts.items()} for role, facts in record().items()}
    assert list(findings(told, record())) == []
    assert list(findings(told, record(database_storage_gib=30))) == []


@given(st.integers(20, 500), st.integers(20, 500))
def test_storage_only_grows(old, new):
    refused = [finding.argument for finding in found({"database_storage_gib": old}, {"database_storage_gib": new})]
    assert refused == (["storage_gib"] if new < old else [])


def test_a_consent_for_what_is_not_there_is_a_mistake():
    (problem,) = problems("app", {"app": "app_template", "accept_data_loss": ["app-db", "app-database"]})
    assert problem.argument == "accept_data_loss"
    assert problem.reason.startswith("'app-database' is not one of app-db, app-media, ")


def test_the_name_of_a_stack_that_is_up_stays(mocks, monkeypatch):
    guards = []
    monkeypatch.setattr(Guard, "options", lambda self, component: guards.append(self) or pulumi.ResourceOptions())
    for name in ("app", "shop"):
        FixedSettings("settings", {"name": name})
    old, new = ({"stateful": one.record} for one in guards)
    guards[0]._check(SimpleNamespace(old_inputs=old, new_inputs=old))
    with pytest.raises(ValueError, match="- name: 'app' → 'shop' cannot work in a stack that is up"):
        guards[1]._check(SimpleNamespace(old_inputs=old, new_inputs=new))
