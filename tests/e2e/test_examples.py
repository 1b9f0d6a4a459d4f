"""The examples run, as programs of their own that have the library installed."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.stacks import ROOT, Stack

pytestmark = pytest.mark.engine


@pytest.fixture
def installed(tmp_path_factory) -> Path:
    """An environment like this one that has the library installed besides."""
    folder = tmp_path_factory.mktemp("environment")
    source = folder / "components"
    shutil.copytree(
        ROOT / "components", source, ignore=shutil.ignore_patterns("__pycache__", "venv", "build", "*.egg-info")
    )
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    subprocess.run([*pip, *(line for line in lines if "==" in line), str(source)], check=True)
    return folder / "venv"


@pytest.fixture
def example(pulumi_command, emulator, request, tmp_path):
    def make(name: str, *, installed: bool = False) -> Stack:
        environment = request.getfixturevalue("installed") if installed else sys.prefix
        folder = tmp_path / name
        shutil.copytree(ROOT / "examples" / name, folder)
        project = folder / "Pulumi.yaml"
        project.write_text(project.read_text().replace("virtualenv: .venv", f"virtualenv: {environment}"))
        return Stack(pulumi_command, folder, emulator, "dev")

    return make


def test_single_components_beside_a_service_of_one_s_own(example):
    """Alone proves that the library works as an installed package, its components one by one, and a new password."""
    stack = example("own_service", installed=True)
    stack.up()
    assert stack.changes() == {}
    assert stack.outputs()["databaseHost"]
    check_that_the_database_gets_a_new_password(stack)


def check_that_the_database_gets_a_new_password(stack: Stack) -> None:
    """As docs/operations.md has it. The secret has it first; an update later nothing is left to change."""
    before = login(stack)
    password = stack.resources()["random:index/randomPassword:RandomPassword::shop-db-password"]
    told = stack.up("--replace", password["urn"])
    assert login(stack)["username"] == before["username"]
    assert login(stack)["password"] != before["password"]
    assert told.index("shop-db-login-content") < told.index("aws:rds:Instance"), told
    assert stack.changes() == {}


def login(stack: Stack) -> dict[str, str]:
    (arn,) = [
        resource["outputs"]["arn"]
        for resource in stack.resources().values()
        if resource["urn"].endswith("::shop-db-login") and resource["custom"]
    ]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_two_apps_share_what_costs_by_the_hour(example):
    """Alone proves that apps share cluster, load balancer and database server on AWS."""
    stack = example("two_apps")
    certificate = stack.aws("acm").request_certificate(DomainName="*.example.com")["CertificateArn"]
    stack.configure(certificateArn=certificate, image="public.ecr.aws/docker/library/python:3.13-slim")
    stack.up()
    assert stack.outputs() == {"blog": "https://blog.example.com", "shop": "https://shop.example.com"}
    assert len(stack.aws("elbv2").describe_load_balancers()["LoadBalancers"]) == 1
    assert len(stack.aws("ecs").list_clusters()["clusterArns"]) == 1
    assert len(stack.aws("rds").describe_db_instances()["DBInstances"]) == 1
    addresses = {address for app in ("blog", "shop") for address in [database_url(stack, app)]}
    assert {urlsplit(address).path for address in addresses} == {"/blog", "/shop"}
    assert {urlsplit(address).username for address in addresses} == {"blog", "shop"}


def database_url(stack: Stack, app: str) -> str:
    """DATABASE_URL as ECS would give it to an app's tasks."""
    secret = stack.resources()[f"aws:secretsmanager/secret:Secret::{app}-secret"]["outputs"]["arn"]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])["DATABASE_URL"]


def test_a_second_service_on_the_apps_cluster_and_load_balancer(example):
    """Alone proves that the provider takes a transform, a grant and a connection, and that the outputs can be used."""
    stack = example("second_service")
    stack.configure(image="public.ecr.aws/docker/library/python:3.13-slim")
    stack.up()
    assert stack.changes() == {}
    outputs = stack.outputs()
    assert outputs["reportsUrl"] == f"{outputs['url']}/reports"
    balancers = stack.aws("elbv2")
    [balancer] = balancers.describe_load_balancers()["LoadBalancers"]
    [listener] = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    rules = balancers.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"]
    assert [rule["Priority"] for rule in rules] == ["50", "100", "default"]
    attributes = balancers.describe_load_balancer_attributes(LoadBalancerArn=balancer["LoadBalancerArn"])["Attributes"]
    assert {"Key": "client_keep_alive.seconds", "Value": "600"} in attributes
    [cluster] = stack.aws("ecs").list_clusters()["clusterArns"]
    assert len(stack.aws("ecs").list_services(cluster=cluster)["serviceArns"]) == 2
    roles = stack.aws("iam")
    [role] = [role["RoleName"] for role in roles.list_roles()["Roles"] if role["RoleName"].startswith("reports-task")]
    granted = roles.list_role_policies(RoleName=role)["PolicyNames"]
    assert sorted(name.rpartition("-")[0] for name in granted) == [
        "shop-db-login-grant-reports",
        "shop-media-grant-reports",
    ]
