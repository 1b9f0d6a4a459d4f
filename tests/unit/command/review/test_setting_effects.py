"""The effect of a changed setting on each resource that has it: settings before and after → class, by property."""

import pulumi
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws_cli.review.model import Effect, Operation

from tests.mocked_outputs import COMPUTED
from tests.unit.command.review.graphs import compared, registered
from tests.unit.conftest import Deployed, Recorder, new_mocks

IN_PLACE, RESTARTS, WAITS = Effect.IN_PLACE, Effect.RESTARTS_TASKS, Effect.WAITS_FOR_WINDOW
DOWNTIME, REPLACED, NONE = Effect.BRIEF_DOWNTIME, Effect.REPLACED, Effect.NONE
# Settings that are changed together; `type name.property` → the effect of the property, or of the whole resource.
DATABASE = (
    {"environment": "production", "deletionProtection": False},
    {
        "databaseInstanceClass": "db.t4g.medium",
        "databaseStorageGib": 100,
        "databaseMaxStorageGib": 500,
        "databaseBackupWindow": "01:00-02:00",
        "databaseMaintenanceWindow": "mon:05:00-mon:06:00",
        "databaseMultiAz": False,
        "databaseMonitoringInterval": 30,
        "databaseBackupDays": 3,
        "databaseVersion": "18",
        "databaseAllowMajorUpgrade": True,
    },
    {
        "Instance app-db.instanceClass": WAITS,
        "Instance app-db.allocatedStorage": WAITS,
        "Instance app-db.multiAz": WAITS,
        "Instance app-db.engineVersion": WAITS,
        "Instance app-db.maxAllocatedStorage": IN_PLACE,
        "Instance app-db.backupWindow": IN_PLACE,
        "Instance app-db.maintenanceWindow": IN_PLACE,
        "Instance app-db.monitoringInterval": IN_PLACE,
        "Instance app-db.allowMajorVersionUpgrade": NONE,
        "Instance app-db": Effect.LOSES_DATA,
        "ParameterGroup app-db-parameters.family": REPLACED,
        "MetricAlarm app-alarms-database-storage.threshold": IN_PLACE,
    },
)
DATABASE_AT_ONCE = (
    {"databaseApplyImmediately": True},
    {"databaseInstanceClass": "db.t4g.small", "databaseStorageGib": 30, "databaseMultiAz": True},
    {
        "Instance app-db.instanceClass": DOWNTIME,
        "Instance app-db.allocatedStorage": IN_PLACE,
        "Instance app-db.multiAz": IN_PLACE,
        "Instance app-db": DOWNTIME,
    },
)
IDENTITY = (
    {},
    {"databaseName": "other", "databaseUsername": "owner"},
    {
        "Instance app-db.dbName": REPLACED,
        "Instance app-db.username": REPLACED,
        "Instance app-db": Effect.LOSES_DATA,
        "RandomId app-db-identifier.keepers.username": REPLACED,
        "TaskDefinition app-web.containerDefinitions.web.environment.PGUSER": RESTARTS,
        "SecretVersion app-secret-content.secretString.DATABASE_URL": IN_PLACE,
    },
)
ENGINE = ({}, {"database": "mysql"}, {"Instance app-db.engine": REPLACED, "Instance app-db": Effect.LOSES_DATA})
TASKS = (
    {},
    {
        "cpu": 512,
        "memory": 1024,
        "minTasks": 2,
        "maxTasks": 5,
        "port": 9000,
        "healthCheckPath": "/version",
        "stickySessions": 3600,
        "startupSeconds": 90,
        "startCommand": "gunicorn 'board:create_app()'",
        "workers": {"mail": "python -m mail"},
        "enableExec": True,
        "spotShare": 50,
        "logRetentionDays": 60,
        "env": {"GREETING": "hello"},
        "secretValues": {"TOKEN": "t0ken"},
        "outboundPorts": [443],
        "containerInsights": True,
        "tags": {"team": "shop"},
    },
    {
        "TaskDefinition app-web.cpu": RESTARTS,
        "TaskDefinition app-web.memory": RESTARTS,
        "TaskDefinition app-web.containerDefinitions.web.command": RESTARTS,
        "TaskDefinition app-web.containerDefinitions.web.environment.GREETING": RESTARTS,
        "TaskDefinition app-web.containerDefinitions.web.environment.PORT": RESTARTS,
        "TaskDefinition app-web.containerDefinitions.web.secrets.TOKEN": RESTARTS,
        "TaskDefinition app-web.tags": IN_PLACE,
        "Service app-web.loadBalancers.web.containerPort": RESTARTS,
        "Service app-web.capacityProviderStrategies.0.weight": RESTARTS,
        "Service app-web.enableExecuteCommand": IN_PLACE,
        "Service app-web.healthCheckGracePeriodSeconds": IN_PLACE,
        "Service app-web.desiredCount": IN_PLACE,
        "Service app-web": RESTARTS,
        "TargetGroup app-ilb.port": REPLACED,
        "TargetGroup app-ilb.healthCheck.path": IN_PLACE,
        "TargetGroup app-ilb.stickiness": IN_PLACE,
        "Target app-scaling.minCapacity": IN_PLACE,
        "Target app-scaling.maxCapacity": IN_PLACE,
        "LogGroup app-web-logs.retentionInDays": IN_PLACE,
        "Cluster app-cluster.settings.containerInsights.value": IN_PLACE,
        "SecretVersion app-secret-content.secretString.TOKEN": IN_PLACE,
        "SecurityGroupIngressRule app-web-from-internal-load-balancer.fromPort": IN_PLACE,
        "Instance app-db.tags": IN_PLACE,
        "Vpc app-network.tags.team": IN_PLACE,
    },
)
REMOVED = (
    {"queue": "sqs", "cache": "valkey", "cacheUse": "queue", "deletionProtection": False},
    {"bucket": "none", "queue": "none", "cache": "none", "cacheUse": "auto", "database": "none"},
    {
        "Bucket app-media": Effect.LOSES_DATA,
        "Queue app-queue": Effect.LOSES_DATA,
        "ReplicationGroup app-cache": Effect.LOSES_DATA,
        "Instance app-db": Effect.LOSES_DATA,
        "LogGroup app-db-logs-postgresql": Effect.LOSES_DATA,
        "BucketPolicy app-media-tls": IN_PLACE,
        "SecurityGroup app-cache-access": IN_PLACE,
    },
)
CACHE = (
    {"cache": "valkey", "cacheUse": "queue", "cacheSnapshotDays": 5, "cacheVersion": "8.0"},
    {"cacheNodeType": "cache.t4g.small", "cacheReplicas": 2, "cacheSnapshotDays": 1, "cacheVersion": "9.0"},
    {
        "ReplicationGroup app-cache.nodeType": DOWNTIME,
        "ReplicationGroup app-cache.engineVersion": DOWNTIME,
        "ReplicationGroup app-cache.numCacheClusters": IN_PLACE,
        "ReplicationGroup app-cache.automaticFailoverEnabled": IN_PLACE,
        "ReplicationGroup app-cache": Effect.LOSES_DATA,
        "ParameterGroup app-cache-parameters.family": REPLACED,
    },
)
NETWORK = (
    {},
    {"egress": "nat", "vpcCidr": "10.9.0.0/16"},
    {
        "Vpc app-network.cidrBlock": REPLACED,
        "Subnet app-network-private-1.cidrBlock": REPLACED,
        "Service app-web.networkConfiguration.subnets": RESTARTS,
    },
)
DUAL_STACK = (
    {"domain": "shop.example.com", "zoneId": "Z0123456789ABCDEFGHIJ", "egress": "nat"},
    {"dualStack": True},
    {
        "Vpc app-network.assignGeneratedIpv6CidrBlock": IN_PLACE,
        "Vpc app-network": IN_PLACE,
        "Subnet app-network-public-1.ipv6CidrBlock": IN_PLACE,
        "Subnet app-network-private-2": IN_PLACE,
        "Route app-network-public-ipv6": IN_PLACE,
        "EgressOnlyInternetGateway app-network-ipv6-out": IN_PLACE,
        "VpcEndpoint app-network-s3.ipAddressType": IN_PLACE,
        "LoadBalancer app-alb.ipAddressType": IN_PLACE,
        "LoadBalancer app-alb": IN_PLACE,
        "SecurityGroupIngressRule app-alb-access-https-ipv6": IN_PLACE,
    },
)
SHORTER_LOGS = (
    {"logRetentionDays": 90},
    {"logRetentionDays": 30},
    {"LogGroup app-web-logs": Effect.LOSES_DATA, "LogGroup app-db-logs-postgresql": Effect.LOSES_DATA},
)
REPOSITORY = (
    {},
    {"repositoryName": "shop/web"},
    {"Repository app-image.name": REPLACED, "Repository app-image": Effect.LOSES_DATA},
)
DOMAIN = (
    {"domain": "shop.example.com", "zoneId": "Z0123456789ABCDEFGHIJ"},
    {"domain": "web.example.com"},
    {
        "Certificate app-certificate.domainName": REPLACED,
        "TaskDefinition app-web.containerDefinitions.web.environment.EXTERNAL_HOSTNAME": RESTARTS,
        "Record app-dns-shop.example.com-a": IN_PLACE,
        "BucketCorsConfiguration app-media-cors.corsRules.0.allowedOrigins": IN_PLACE,
    },
)
KEY = ({"createKmsKey": True}, {"createKmsKey": False}, {"Key app-kms-key": Effect.LOSES_DATA})
GROUPS = {
    name: group
    for name, group in globals().items()
    if name.isupper() and isinstance(group, tuple) and isinstance(group[0], dict)
}
ROWS = [(name, row, effect) for name, (_, _, rows) in GROUPS.items() for row, effect in rows.items()]
_COMPARED = {}


@pytest.fixture
def changes_of(configured):
    """The changes of a group of settings; in each worker, the programs of a group run once."""

    def resources(settings):
        recorder = new_mocks(Recorder())
        recorder.computed |= COMPUTED
        stack = configured(name="app", **settings)
        pulumi.runtime.test(lambda: FlaskApp(stack.name, stack.app).url)()
        return registered(Deployed(recorder, {}))

    def changes(name):
        if name not in _COMPARED:
            before, changed, _ = GROUPS[name]
            _COMPARED[name] = compared(resources(before), resources({**before, **changed})).changes
        return {f"{change.type.rpartition(':')[2]} {change.name}": change for change in _COMPARED[name]}

    return changes


def test_the_table_is_of_a_useful_size():
    assert len(ROWS) >= 60


@pytest.mark.parametrize(("group", "row", "effect"), ROWS, ids=[f"{group}-{row}" for group, row, _ in ROWS])
def test_settings_change_a_resource_with_this_effect(changes_of, group, row, effect):
    changes = changes_of(group)
    label, _, path = row.partition(".") if row not in changes else (row, "", "")
    change = changes[label]
    if not path:
        assert change.effect is effect
        return
    effects = {p.effect for p in change.properties if p.path == path or p.path.startswith(f"{path}.")}
    assert effects == {effect}, [p.path for p in change.properties]


def test_what_is_not_changed_is_not_reported(changes_of):
    assert set(changes_of("SHORTER_LOGS")) == {
        "LogGroup app-web-logs",
        "LogGroup app-db-logs-postgresql",
        "LogGroup app-db-logs-upgrade",
    }


def test_removed_resources_are_deleted(changes_of):
    assert changes_of("REMOVED")["Bucket app-media"].operation is Operation.DELETE


def test_a_changed_secret_is_reported_without_its_value(changes_of):
    change = changes_of("TASKS")["SecretVersion app-secret-content"]
    (token,) = [p for p in change.properties if p.path == "secretString.TOKEN"]
    assert (token.secret, token.before, token.after) == (True, None, "(secret)")
    assert "t0ken" not in repr(changes_of("TASKS"))
