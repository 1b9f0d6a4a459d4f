import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from flask_on_aws import Cache, FlaskApp
from flask_on_aws.cache.cache_args import VERSIONS
from flask_on_aws.validation.problems import ArgumentsError

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, containers

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
PLACE = {"vpc_id": "vpc-1", "subnet_ids": ["subnet-a", "subnet-b"]}
TOKEN = "T0ken" * 8
HOST = "master.app-cache-1234567.abc123.use1.cache.amazonaws.com"
MADE = {
    "ReplicationGroup": lambda args: {"primaryEndpointAddress": HOST},
    "RandomId": lambda args: {"hex": "0badcafe"},
    "RandomPassword": lambda args: {"result": TOKEN},
}


@pytest.fixture
def cache(deploy, mocks):
    mocks.computed |= MADE
    return lambda **args: deploy(lambda: Cache("app-cache", {**PLACE, **args}))


def test_by_default_a_small_private_node_encrypted_at_rest_and_in_transit_with_a_token(cache):
    assert cache().named("app-cache") == {
        "replicationGroupId": "app-cache-0badcafe",
        "description": "Valkey of an app",
        "engine": "valkey",
        "engineVersion": "8.2",
        "autoMinorVersionUpgrade": False,
        "nodeType": "cache.t4g.micro",
        "numCacheClusters": 1,
        "automaticFailoverEnabled": False,
        "multiAzEnabled": False,
        "port": 6379,
        "atRestEncryptionEnabled": True,
        "transitEncryptionEnabled": True,
        # Pulumi's mark of a secret, which the mocks leave in place.
        "authToken": {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": TOKEN},
        "authTokenUpdateStrategy": "ROTATE",
        "subnetGroupName": "app-cache-subnets",
        "securityGroupIds": ["app-cache-access-id"],
        "parameterGroupName": "app-cache-parameters",
        "maintenanceWindow": "sun:04:30-sun:05:30",
        "applyImmediately": True,
        "snapshotRetentionLimit": 0,
    }


@pytest.mark.parametrize(("use", "policy", "days"), [("cache", "allkeys-lru", 0), ("queue", "noeviction", 7)])
def test_a_cache_evicts_old_keys_and_a_queue_loses_nothing(cache, use, policy, days):
    app = cache(use=use)
    assert app.named("app-cache-parameters")["parameters"] == [{"name": "maxmemory-policy", "value": policy}]
    assert app.named("app-cache")["snapshotRetentionLimit"] == days
    assert app.named("app-cache").get("snapshotWindow") == ("03:00-04:00" if days else None)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_parameter_group_is_of_the_version_s_family(cache, version):
    family = cache(engine_version=version).named("app-cache-parameters")["family"]
    assert family == f"valkey{version.partition('.')[0]}"


def test_replicas_are_in_other_zones_and_take_over(cache):
    group = cache(replicas=2).named("app-cache")
    assert (group["numCacheClusters"], group["automaticFailoverEnabled"], group["multiAzEnabled"]) == (3, True, True)


def test_only_the_given_security_groups_may_connect(cache):
    app = cache(client_security_group_ids={"tasks": "sg-1"})
    assert app.of_type(":SecurityGroupIngressRule") == {
        "app-cache-from-tasks": {
            "securityGroupId": "app-cache-access-id",
            "description": "Valkey from tasks",
            "ipProtocol": "tcp",
            "fromPort": 6379,
            "toPort": 6379,
            "referencedSecurityGroupId": "sg-1",
        }
    }
    assert not app.of_type(":SecurityGroupEgressRule")


def test_the_token_has_only_characters_that_elasticache_accepts(cache):
    token = cache().named("app-cache-token")
    assert 16 <= token["length"] <= 128
    assert token["special"] is False


def test_the_url_and_the_token_are_in_a_secret_and_nowhere_else(cache, mocks):
    app = cache(secret_kms_key_id=KEY)
    content = json.loads(app.named("app-cache-login-content")["secretString"]["value"])
    assert content["password"] == TOKEN
    url = urlsplit(content["url"])
    assert (url.scheme, url.hostname, url.port, url.path) == ("rediss", HOST, 6379, "/0")
    assert (url.username, url.password, parse_qs(url.query)) == ("", TOKEN, {"ssl_cert_reqs": ["required"]})
    assert app.named("app-cache-login")["kmsKeyId"] == KEY
    holders = {
        r.name for r in app.resources if r.typ != "random:index/randomPassword:RandomPassword" if TOKEN in str(r.inputs)
    }
    assert holders == {"app-cache", "app-cache-login-content"}


def test_a_role_may_be_granted_the_secret(deploy, mocks):
    mocks.computed |= MADE
    app = deploy(lambda: _granted({**PLACE, "secret_kms_key_id": KEY}))
    (secret, key) = json.loads(app.named("app-cache-login-grant-mailer")["policy"])["Statement"]
    assert secret["Action"] == ["secretsmanager:GetSecretValue"]
    assert key["Resource"] == KEY


def _granted(args):
    cache = Cache("app-cache", args)
    cache.grant("mailer", "mailer")
    return cache


def test_a_key_encrypts_what_is_on_disk_and_a_snapshot_can_be_restored(cache):
    group = cache(kms_key_id=KEY, snapshot_name="app-before-2-0").named("app-cache")
    assert (group["kmsKeyId"], group["snapshotName"]) == (KEY, "app-before-2-0")


@pytest.mark.parametrize(
    ("args", "argument"),
    [
        ({"use": "sessions"}, "use"),
        ({"engine_version": "8"}, "engine_version"),
        ({"engine_version": "7.1"}, "engine_version"),
        ({"node_type": "db.t4g.micro"}, "node_type"),
        ({"node_type": "cache.t4g.xlarge"}, "node_type"),
        ({"node_type": "cache.r6gd.xlarge"}, "node_type"),
        ({"replicas": 6}, "replicas"),
        ({"replicas": -1}, "replicas"),
        ({"snapshot_days": 36}, "snapshot_days"),
        ({"snapshot_name": "-before"}, "snapshot_name"),
        ({"snapshot_name": "be fore"}, "snapshot_name"),
        ({"maintenance_window": "04:30-05:30"}, "maintenance_window"),
        ({"maintenance_window": "sun:04:30-sun:05:00"}, "maintenance_window"),
        ({"maintenance_window": "sun:04:30-sun:04:30"}, "maintenance_window"),
        ({"kms_key_id": "alias/shop"}, "kms_key_id"),
        ({"secret_kms_key_id": "alias/shop"}, "secret_kms_key_id"),
        ({"client_security_group_ids": {"a b": "sg-1"}}, "client_security_group_ids"),
    ],
)
def test_what_elasticache_would_reject_is_reported_before(mocks, args, argument):
    with pytest.raises(ArgumentsError) as error:
        Cache("app-cache", {**PLACE, **args})
    assert [problem.argument for problem in error.value.problems] == [argument]
    assert mocks.resources == []


@pytest.mark.parametrize("name", ["App-cache", "app--cache", "app-cache-", "1cache", "a" * 32])
def test_a_name_that_no_replication_group_may_have_is_reported_before(mocks, name):
    with pytest.raises(ArgumentsError) as error:
        Cache(name, PLACE)
    assert [problem.argument for problem in error.value.problems] == ["name"]
    assert mocks.resources == []


def test_a_replacement_has_another_name_than_the_group_that_it_replaces(cache):
    assert cache(kms_key_id=KEY).named("app-cache-id")["keepers"] == {"kms_key_id": KEY}


@pytest.mark.parametrize("window", ["sun:23:30-mon:00:30", "mon:00:00-mon:01:00", "sat:22:00-sun:04:00"])
def test_a_maintenance_window_may_go_past_midnight_and_sunday(cache, window):
    assert cache(maintenance_window=window).named("app-cache")["maintenanceWindow"] == window


@pytest.mark.parametrize("name", ["automatic.app-cache-1234567-001-2026-11-29-03-00", "app-before-2-0", "a"])
def test_manual_and_automatic_snapshots_can_be_named(cache, name):
    assert cache(snapshot_name=name).named("app-cache")["snapshotName"] == name


@pytest.fixture
def app(deploy, mocks):
    mocks.computed |= COMPUTED | {"ReplicationGroup": MADE["ReplicationGroup"]}
    return lambda **args: deploy(lambda: FlaskApp("app", {"app": APP, **args}))


def test_the_app_s_tasks_reach_the_cache_by_secrets(app):
    deployed = app(cache="valkey", workers={"mail": "celery worker"}, outbound_ports=[443])
    for service in ("app-web", "app-mail"):
        (container,) = containers(deployed, service)
        plain = {variable["name"]: variable["value"] for variable in container["environment"]}
        secret = {variable["name"] for variable in container["secrets"]}
        assert (plain["REDIS_HOST"], plain["REDIS_PORT"]) == (HOST, "6379")
        assert {"REDIS_URL", "REDIS_PASSWORD"} <= secret
        assert "CELERY_BROKER_URL" not in secret
        assert not [value for value in plain.values() if "rediss://" in value]
    assert deployed.named("app-cache-from-tasks")["referencedSecurityGroupId"] == "app-web-tasks-id"
    egress = deployed.named("app-web-to-cache")
    assert (egress["fromPort"], egress["referencedSecurityGroupId"]) == (6379, "app-cache-access-id")


def test_only_a_queue_s_url_is_celery_s_broker(app):
    deployed = app(cache="valkey", cache_use="queue")
    (container,) = containers(deployed, "app-web")
    references = {variable["name"]: variable["valueFrom"] for variable in container["secrets"]}
    assert references["CELERY_BROKER_URL"].endswith(":CELERY_BROKER_URL::")
    content = json.loads(deployed.named("app-secret-content")["secretString"]["value"])
    assert content["CELERY_BROKER_URL"] == content["REDIS_URL"]
    assert re.fullmatch(rf"rediss://:[^@]+@{re.escape(HOST)}:6379/0\?ssl_cert_reqs=required", content["REDIS_URL"])


def test_an_app_may_have_another_broker_in_its_place(app):
    deployed = app(cache="valkey", cache_use="queue", env={"CELERY_BROKER_URL": "sqs://"})
    (container,) = containers(deployed, "app-web")
    assert "CELERY_BROKER_URL" not in {variable["name"] for variable in container["secrets"]}


def test_production_has_a_replica_and_protects_a_queue(app):
    group = app(environment="production", cache="valkey", cache_use="queue").named("app-cache")
    assert (group["numCacheClusters"], group["multiAzEnabled"]) == (2, True)


def test_one_key_encrypts_the_cache_too(app):
    deployed = app(cache="valkey", kms_key_id=KEY)
    assert deployed.named("app-cache")["kmsKeyId"] == KEY
    assert deployed.named("app-cache-login")["kmsKeyId"] == KEY


def test_an_app_without_a_cache_has_none(app):
    deployed = app()
    assert not [
        resource.name for resource in deployed.resources if "cache" in resource.name and "image" not in resource.name
    ]
    (container,) = containers(deployed, "app-web")
    assert not [v["name"] for v in (*container["environment"], *container["secrets"]) if "REDIS" in v["name"]]
