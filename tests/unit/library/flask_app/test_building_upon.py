"""What a Flask app gives to those who build upon it: outputs, components, grants, and transforms of its resources."""

import ast
import inspect
import json
import re
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest
from flask_on_aws import FlaskApp
from flask_on_aws.flask_app.transforms import FlaskAppTransform, roles_of
from flask_on_aws.validation.problems import ArgumentsError

from tests.setting_values import SERVICE_KINDS
from tests.unit.library.flask_app.test_flask_app import (
    APP,
    COMPUTED,
    GOLDEN,
    JOBS,
    SERVER,
    SHARED,
    VARIANTS,
    variant_of,  # noqa: F401 the fixture
)

ROOT = Path(__file__).parents[4]
# What no transform reaches: the old key of an upgraded stack, which is kept as it was, and a region of the provider.
UNREACHED = {"pulumi:index:Stash", "pulumi:providers:aws"}


@pytest.fixture
def app(deploy, mocks):
    """Deploy a FlaskApp with these arguments, and whatever `more` makes of it."""
    mocks.computed |= COMPUTED

    def run(more=lambda app: None, transform=None, **args):
        def program():
            made = FlaskApp("app", {"app": APP, **args}, transform=transform)
            more(made)
            return made

        return deploy(program)

    return run


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_output_is_there_whatever_the_app_has(variant_of, variant):  # noqa: F811
    outputs = variant_of(variant).outputs
    assert outputs.keys() == set(inspect.get_annotations(FlaskApp))
    assert all(value is not None for value in outputs.values()), outputs


def test_the_outputs_of_an_app_with_everything(app):
    outputs = app(
        **VARIANTS["production"],
        workers={"mail": "python -m mail"},
        jobs=JOBS,
        create_kms_key=True,
        waf="block",
        **SERVICE_KINDS,
    ).outputs
    empty = {name for name, value in outputs.items() if value in ("", 0, [], {})}
    # No CloudFront with a domain, so neither its password nor media files on it; no records to set in Route 53, no
    # endpoints, no cluster.
    assert empty == {
        "distribution_id",
        "distribution_arn",
        "basic_auth_password",
        "media_url",
        "dns_records",
        "endpoint_security_group_id",
        "database_cluster_identifier",
        "database_cluster_arn",
    }
    assert outputs["worker_service_names"] == {"mail": "app-mail"}


def test_the_outputs_of_an_app_with_almost_nothing(app):
    outputs = app(database="none", bucket="none").outputs
    assert outputs["database_port"] == 0
    for name in ("database_host", "database_secret_arn", "database_security_group_id", "bucket_arn", "certificate_arn"):
        assert outputs[name] == ""
    assert outputs["distribution_id"] == "app-cdn-id"
    assert outputs["worker_service_names"] == {}


def test_a_shared_load_balancer_and_server_are_among_the_outputs(app):
    outputs = app(**SHARED, **SERVER, domain="app.example.com").outputs
    assert (
        outputs["load_balancer_arn"] == "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/app/shared/1"
    )
    assert outputs["listener_arn"] == SHARED["listener_arn"]
    assert outputs["load_balancer_security_group_id"] == "sg-1b"
    assert outputs["cluster_arn"] == SHARED["cluster_arn"]
    assert outputs["database_security_group_id"] == "sg-5e"
    assert outputs["database_instance_arn"] == ""


def test_the_components_are_attributes(app):
    seen = {}
    app(lambda made: seen.update(vars(made)), **VARIANTS["production"], workers={"mail": "python -m mail"})
    kinds = {name: type(value).__name__ for name, value in seen.items() if isinstance(value, pulumi.ComponentResource)}
    assert kinds == {
        "network": "Network",
        "image": "Image",
        "log_bucket": "AccessLogBucket",
        "certificate": "Certificate",
        "load_balancer": "LoadBalancer",
        "route": "Route",
        "task_security_group": "TaskSecurityGroup",
        "bucket": "MediaBucket",
        "database": "Database",
        "secret": "AppSecret",
        "cluster": "Cluster",
        "web": "Service",
        "tunnel_task": "TunnelTask",
        "scaling": "Autoscaling",
        "alarms": "Alarms",
    }
    assert list(seen["workers"]) == ["mail"]
    assert seen["cdn"] is None
    assert seen["internal_load_balancer"] is None


def test_a_connection_to_the_tasks_and_one_to_the_database(app):
    def more(made):
        made.allow_connection_from("jobs", "sg-70b5")
        made.database.allow_connection_from("jobs", "sg-70b5")

    rules = app(more).of_type("securityGroupIngressRule:SecurityGroupIngressRule")
    for name, port in (("app-web-from-jobs", 8080), ("app-db-from-jobs", 5432)):
        assert rules[name]["referencedSecurityGroupId"] == "sg-70b5"
        assert (rules[name]["fromPort"], rules[name]["toPort"], rules[name]["ipProtocol"]) == (port, port, "tcp")
    assert rules["app-db-from-jobs"]["securityGroupId"] == "app-db-access-id"
    assert rules["app-web-from-jobs"]["securityGroupId"] == "app-web-tasks-id"


def test_a_connection_to_a_shared_server(app):
    rules = app(
        lambda made: made.database.allow_connection_from("jobs", "sg-70b5"), **SHARED, **SERVER, domain="a.example.com"
    ).of_type("securityGroupIngressRule:SecurityGroupIngressRule")
    assert rules["app-db-from-jobs"]["securityGroupId"] == "sg-5e"


@pytest.mark.parametrize("role", ["reports", "arn:aws:iam::123456789012:role/team/reports"])
def test_a_role_gets_exactly_what_the_apps_own_tasks_may(app, role):
    policies = app(lambda made: made.grant("reports", role)).of_type("iam/rolePolicy:RolePolicy")
    for granted, own in (
        ("app-media-grant-reports", "app-web-task-media"),
        ("app-db-login-grant-reports", "app-web-task-database"),
    ):
        assert policies[granted]["role"] == "reports"
        assert policies[granted]["policy"] == policies[own]["policy"]


def test_a_role_gets_the_use_of_the_key_that_encrypts_what_it_reads(app):
    policies = app(lambda made: made.grant("reports", "reports"), create_kms_key=True).of_type(
        "iam/rolePolicy:RolePolicy"
    )
    for granted, own in (
        ("app-media-grant-reports", "app-web-task-media"),
        ("app-db-login-grant-reports", "app-web-task-database"),
    ):
        assert "kms:Decrypt" in policies[granted]["policy"]
        assert policies[granted]["policy"] == policies[own]["policy"]


def test_nothing_is_granted_of_what_the_app_does_not_have(app):
    deployed = app(lambda made: made.grant("reports", "reports"), database="none", bucket="none")
    assert not [name for name in deployed.of_type("iam/rolePolicy:RolePolicy") if "grant" in name]


def test_the_apps_secret_is_granted_by_itself_alone(app):
    def more(made):
        made.grant("reports", "reports")
        made.secret.grant("auditor", "auditor")

    policies = app(more).of_type("iam/rolePolicy:RolePolicy")
    assert {name: policy["role"] for name, policy in policies.items() if "app-secret-grant" in name} == {
        "app-secret-grant-auditor": "auditor"
    }
    statement = json.loads(policies["app-secret-grant-auditor"]["policy"])["Statement"]
    assert statement == [
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": "arn:aws:mock:us-east-1:123456789012:app-secret",
        }
    ]


def test_a_transform_changes_inputs_and_options_of_its_resource_alone(app, mocks):
    seen = []

    def faster(database: aws.rds.InstanceArgs, opts: pulumi.ResourceOptions, name: str) -> None:
        assert database.instance_class == "db.t4g.micro"
        database.iops = 12000
        database.storage_throughput = None
        database.tags = {"tier": "gold"}
        opts.ignore_changes = [*(opts.ignore_changes or []), "tags"]
        seen.append(name)

    plain = app()
    before = plain.of_type("rds/instance:Instance")["app-db"]
    mocks.resources.clear()
    changed = app(transform={"database": faster})
    after = changed.of_type("rds/instance:Instance")["app-db"]
    assert after == {**before, "iops": 12000, "tags": {"tier": "gold"}}
    assert seen == ["app-db"]
    assert changed.of_type("ecs/service:Service") == plain.of_type("ecs/service:Service")


def test_a_transform_of_several_resources_gets_their_names(app):
    names = []
    app(transform={"alarms": lambda alarm, opts, name: names.append(name)}, alarms=True)
    assert {"app-alarms-latency", "app-alarms-database-cpu"} <= set(names)


def test_a_secret_stays_one_in_a_transform(app):
    def longer(version: aws.secretsmanager.SecretVersionArgs, opts: pulumi.ResourceOptions, name: str) -> None:
        version.version_stages = ["AWSCURRENT", "BLUE"]

    version = app(transform={"secret_version": longer}).of_type("secretVersion:SecretVersion")["app-secret-content"]
    assert version["versionStages"] == ["AWSCURRENT", "BLUE"]
    assert "1b47061264138c4ac30d75fd1eb44270" in version["secretString"].values()  # Pulumi's mark of a secret


def test_the_callers_own_transformations_go_on_working(deploy, mocks):
    mocks.computed |= COMPUTED
    types = []
    opts = pulumi.ResourceOptions(transformations=[lambda args: types.append(args.type_)])
    deploy(lambda: FlaskApp("app", {"app": APP}, opts, transform={"bucket": lambda bucket, opts, name: None}))
    assert "aws:s3/bucket:Bucket" in types


@pytest.mark.parametrize(
    ("transform", "sentence"),
    [
        ({"databse": print}, "transform.databse: is not an argument of a transform; did you mean database?"),
        ({"database": {"iops": 1}}, "transform.database: {'iops': 1} must be a function of a resource's inputs"),
        (
            {"nat_gateways": lambda *given: None},
            "transform.nat_gateways: changes nothing: these arguments create no",
        ),
    ],
)
def test_a_transform_that_does_nothing_is_rejected(app, transform, sentence):
    with pytest.raises(ArgumentsError, match=re.escape(sentence)):
        app(transform=transform)


def test_every_resource_has_one_role():
    lines = {line for file in GOLDEN.glob("resources-*.txt") for line in file.read_text().splitlines()}
    resources = [line.split(" ") for line in sorted(lines) if not line.startswith("flask-on-aws:")]
    roles = {(token, name): roles_of(token, name, "app") for token, name in resources}
    unreached = {token for (token, _), found in roles.items() if not found}
    assert unreached == UNREACHED, "Add a role to FlaskAppTransform in transforms.py."
    shared = {resource: found for resource, found in roles.items() if len(found) > 1}
    assert not shared, f"Give each of these roles the pattern of its names in _NAMES of transforms.py: {shared}"


def test_every_type_that_the_library_creates_is_in_a_transform():
    """Also those that no golden list has: they are read from the components' source."""
    typed = {hint.__args__[0] for hint in FlaskAppTransform.__annotations__.values()}
    known = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in typed}
    # Of GitHubDeployRole, which is no part of a Flask app.
    missing = {"pulumi_aws.OpenIdConnectProvider", "pulumi_aws.Policy"}
    for file in (ROOT / "components" / "flask_on_aws").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                text = ast.unparse(node.func)
                found = re.fullmatch(r"(aws\.\w+|random|docker|docker_build)\.([A-Z]\w+)", text)
                if found and not found[2].endswith("Args"):
                    name = f"pulumi_{found[1].split('.')[0]}.{found[2]}"
                    assert {f"{name}Args", f"{name}InitArgs"} & known or name in missing, (
                        f"Add a role for {text} to FlaskAppTransform in transforms.py."
                    )
