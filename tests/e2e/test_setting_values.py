"""Test that every setting, with every valid type of value, changes the plan of the real engine."""

import json
import shutil

import pytest
import yaml

from tests.e2e.stacks import ROOT, Stack, use_this_environment
from tests.emulator import emulated_aws
from tests.golden_names import golden_names
from tests.setting_values import OWN, PLANNED, SHARED, UNSET

pytestmark = pytest.mark.engine
# Not part of the app component, whose resources are in the golden file.
FIXED = "flask-on-aws:index:FixedSettings"


# One app for each engine: a preview of all takes a quarter of the processor time of a preview of each.
ENGINES_PROGRAM = """
from flask_on_aws import FlaskApp

several = {"database_multi_az": True}
for engine, args in {
    "postgres": {},
    "mysql": {},
    "mariadb": {},
    "aurora-postgres": several,
    "aurora-mysql": several,
    "sqlserver": {"environment": "production", "database_name": "shop"},
    "documentdb": several,
}.items():
    FlaskApp(f"app-{engine}", {"image": "shop:1", "bucket": "none", "database": engine, "alarms": True, **args})
"""


@pytest.fixture(scope="module")
def engines(pulumi_command, tmp_path_factory):
    """What a preview would create for the app with a kind of database, as if the app's name were `app`."""
    folder = tmp_path_factory.mktemp("engines") / "program"
    folder.mkdir()
    (folder / "__main__.py").write_text(ENGINES_PROGRAM)
    (folder / "Pulumi.yaml").write_text(
        "name: shop\nruntime:\n  name: python\n  options:\n    toolchain: pip\n    virtualenv: .venv\n"
    )
    use_this_environment(folder / "Pulumi.yaml")
    with emulated_aws(folder.parent / "emulator.log") as endpoint:
        plan = created(Stack(pulumi_command, folder, endpoint, "dev"))

    def of(engine):
        prefix = f"::app-{engine}-"
        return {key.replace(prefix, "::app-"): inputs for key, inputs in plan.items() if prefix in key}

    return of


def created(stack):
    """What a preview of the stack would create: type and logical name → inputs."""
    steps = json.loads(stack.run("preview", "--json"))["steps"]
    states = [step["newState"] for step in steps if step["op"] == "create"]
    return {f"{state['type']}::{state['urn'].rsplit('::', 1)[-1]}": state.get("inputs", {}) for state in states}


@pytest.fixture
def planned(program):
    """What a preview would create with these lines in the stack's file: type and logical name → inputs."""
    stack = program("dev")
    shutil.copytree(ROOT / PLANNED["app"], stack.folder / PLANNED["app"])
    file = stack.folder / "Pulumi.dev.yaml"
    salt = yaml.safe_load(file.read_text()).get("encryptionsalt")

    def preview(values):
        lines = {f"flask-on-aws:{key}": value for key, value in values.items()}
        file.write_text(yaml.safe_dump({"encryptionsalt": salt, "config": lines}))
        return created(stack)

    return preview


@pytest.mark.parametrize(
    ("engine", "version", "port"), [("postgres", "17", 5432), ("mysql", "8.4", 3306), ("mariadb", "11.4", 3306)]
)
def test_every_engine_is_planned(engines, engine, version, port):
    plan = engines(engine)
    instance = plan["aws:rds/instance:Instance::app-db"]
    assert (instance["engine"], instance["engineVersion"], instance["port"]) == (engine, version, port)
    group = plan["aws:rds/parameterGroup:ParameterGroup::app-db-parameters"]
    assert group["family"] == f"{engine}{version}"
    enforced = {"name": "rds.force_ssl" if engine == "postgres" else "require_secure_transport", "value": "1"}
    assert enforced in group["parameters"]
    logs = {key.rpartition("-logs-")[2] for key in plan if "LogGroup::app-db-logs-" in key}
    assert logs == ({"postgresql", "upgrade"} if engine == "postgres" else {"error", "slowquery"})
    rules = [inputs for key, inputs in plan.items() if "SecurityGroupIngressRule::app-db-from-tasks" in key]
    assert [(rule["fromPort"], rule["toPort"]) for rule in rules] == [(port, port)]


@pytest.mark.parametrize(
    ("database", "engine", "version", "logs"),
    [
        ("aurora-postgres", "aurora-postgresql", "17", {"postgresql"}),
        ("aurora-mysql", "aurora-mysql", "8.0", {"error", "slowquery"}),
    ],
)
def test_every_aurora_engine_is_planned(engines, database, engine, version, logs):
    plan = engines(database)
    cluster = plan["aws:rds/cluster:Cluster::app-db"]
    assert (cluster["engine"], cluster["engineVersion"], cluster["engineMode"]) == (engine, version, "provisioned")
    assert plan["aws:rds/clusterParameterGroup:ClusterParameterGroup::app-db-parameters"]["family"] == engine + version
    instances = {name: plan[f"aws:rds/clusterInstance:ClusterInstance::app-db-instance-{name}"] for name in (1, 2)}
    assert {instance["instanceClass"] for instance in instances.values()} == {"db.serverless"}
    assert logs == {key.rpartition("-logs-")[2] for key in plan if "LogGroup::app-db-logs-" in key}
    assert "aws:cloudwatch/metricAlarm:MetricAlarm::app-alarms-database-capacity" in plan


def test_sql_server_is_planned_with_a_database_and_a_login_of_the_apps_own(engines):
    plan = engines("sqlserver")
    instance = plan["aws:rds/instance:Instance::app-db"]
    chosen = {name: instance[name] for name in ("engine", "engineVersion", "licenseModel", "instanceClass", "multiAz")}
    assert chosen == {
        "engine": "sqlserver-ex",
        "engineVersion": "16.00",
        "licenseModel": "license-included",
        "instanceClass": "db.t3.small",
        "multiAz": False,
    }
    assert (instance["port"], instance["username"], instance.get("dbName")) == (1433, "admin", None)
    group = plan["aws:rds/parameterGroup:ParameterGroup::app-db-parameters"]
    forced = {"applyMethod": "pending-reboot", "name": "rds.force_ssl", "value": "1"}
    assert (group["family"], group["parameters"]) == ("sqlserver-ex-16.0", [forced])
    assert {key.rpartition("-logs-")[2] for key in plan if "LogGroup::app-db-logs-" in key} == {"agent", "error"}
    rules = [inputs for key, inputs in plan.items() if "SecurityGroupIngressRule::app-db-app-from-tasks" in key]
    assert [(rule["fromPort"], rule["toPort"]) for rule in rules] == [(1433, 1433)]
    assert "random:index/randomPassword:RandomPassword::app-db-app-password" in plan
    assert "aws:cloudwatch/metricAlarm:MetricAlarm::app-alarms-database-storage" in plan


def test_documentdb_is_planned(engines):
    plan = engines("documentdb")
    cluster = plan["aws:docdb/cluster:Cluster::app-db"]
    assert (cluster["engine"], cluster["engineVersion"], cluster["port"]) == ("docdb", "5.0.0", 27017)
    assert cluster["storageEncrypted"] is True
    group = plan["aws:docdb/clusterParameterGroup:ClusterParameterGroup::app-db-parameters"]
    tls = {"applyMethod": "pending-reboot", "name": "tls", "value": "tls1.2+"}
    assert (group["family"], tls in group["parameters"]) == ("docdb5.0", True)
    instances = [plan[f"aws:docdb/clusterInstance:ClusterInstance::app-db-instance-{number}"] for number in (1, 2)]
    assert {instance["instanceClass"] for instance in instances} == {"db.t4g.medium"}
    assert "aws:docdb/subnetGroup:SubnetGroup::app-db-subnets" in plan
    assert {key.rpartition("-logs-")[2] for key in plan if "LogGroup::app-db-logs-" in key} == {"audit", "profiler"}
    assert "aws:cloudwatch/metricAlarm:MetricAlarm::app-alarms-database-connections" in plan


def test_every_setting_changes_the_plan(planned):
    """Only this test proves that values other than the defaults reach the real provider's plan."""
    own = planned(OWN)
    assert own["aws:ec2/vpc:Vpc::shop-network"]["cidrBlock"] == "10.9.0.0/16"
    assert "aws:ec2/subnet:Subnet::shop-network-private-3" in own
    assert "aws:appautoscaling/scheduledAction:ScheduledAction::shop-scaling-night" in own
    assert own["aws:rds/instance:Instance::shop-db"]["backupRetentionPeriod"] == 3
    assert "aws:ecs/service:Service::shop-mail" in own

    shared = planned(SHARED)
    types = {key.split("::")[0] for key in shared}
    owned = (
        "ec2/vpc:Vpc",
        "ec2/subnet:Subnet",
        "lb/loadBalancer:LoadBalancer",
        "rds/instance:Instance",
        "ecs/cluster:Cluster",
    )
    assert {f"aws:{kind}" for kind in owned} & types == set()
    assert shared["aws:appautoscaling/target:Target::app-scaling"]["maxCapacity"] == 3
    rule = next(inputs for key, inputs in shared.items() if key.startswith("aws:lb/listenerRule:ListenerRule::"))
    assert (rule["listenerArn"], rule["priority"]) == (SHARED["listenerArn"], 200)

    plan = planned(PLANNED)
    scaling = plan["aws:rds/cluster:Cluster::app-db"]["serverlessv2ScalingConfiguration"]
    assert scaling == {"minCapacity": 0, "maxCapacity": 2.5, "secondsUntilAutoPause": 600}
    assert plan["aws:cloudfront/distribution:Distribution::app-cdn"]["aliases"] == ["shop.example.com"]
    image = next(inputs for key, inputs in plan.items() if key.startswith("docker-build:index:Image::"))
    assert "python:3.12" in image["dockerfile"]["inline"]

    # Settings that are present but not set plan the same resources as the defaults.
    unset = {key.replace("::", " ") for key in planned(UNSET) if not key.startswith(("pulumi:pulumi:", FIXED))}
    assert golden_names(unset) == (ROOT / "tests" / "golden" / "resources-development.txt").read_text()
