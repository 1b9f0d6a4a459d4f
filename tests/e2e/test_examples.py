"""Tests of the examples, each as a separate program with the library."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from uv import find_uv_bin

from tests.e2e.stacks import ROOT, Stack

pytestmark = pytest.mark.engine

# A property that `refresh` reads wrongly: the emulator's DescribeDBParameters does not return the set parameters.
REFRESHED = {"platform-parameters": ["parameters"]}


@pytest.fixture
def installed(tmp_path_factory) -> Path:
    """An environment with the packages of this one, in which the library is installed as a package."""
    folder = tmp_path_factory.mktemp("environment")
    source = folder / "components"
    shutil.copytree(
        ROOT / "components", source, ignore=shutil.ignore_patterns("__pycache__", "venv", "build", "*.egg-info")
    )
    subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    install = [find_uv_bin(), "pip", "install", "--quiet", "--python", str(folder / "venv" / "bin" / "python")]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    subprocess.run([*install, *(line for line in lines if "==" in line), str(source)], check=True)
    return folder / "venv"


@pytest.fixture
def example(pulumi_command, emulator, request, tmp_path):
    def make(name: str, *, stack: str = "dev", installed: bool = False) -> Stack:
        environment = request.getfixturevalue("installed") if installed else sys.prefix
        folder = tmp_path / f"{name}-{stack}"
        shutil.copytree(ROOT / "examples" / name, folder)
        project = folder / "Pulumi.yaml"
        project.write_text(project.read_text().replace("virtualenv: .venv", f"virtualenv: {environment}"))
        return Stack(pulumi_command, folder, emulator, stack)

    return make


def test_single_components_work_with_a_custom_service(example):
    """Only this test proves the library as an installed package, each component separately, and a new password."""
    stack = example("own_service", installed=True)
    stack.up()
    assert stack.changes() == {}
    assert stack.outputs()["databaseHost"]
    check_that_the_database_gets_a_new_password(stack)


def check_that_the_database_gets_a_new_password(stack: Stack) -> None:
    """As in docs/operations.md: the secret changes first, and the next update changes nothing."""
    before = login(stack)
    password = stack.resources()["random:index/randomPassword:RandomPassword::shop-db-password"]
    output = stack.up("--replace", password["urn"])
    assert login(stack)["username"] == before["username"]
    assert login(stack)["password"] != before["password"]
    assert output.index("shop-db-login-content") < output.index("aws:rds:Instance"), output
    assert stack.changes() == {}


def login(stack: Stack) -> dict[str, str]:
    (arn,) = [
        resource["outputs"]["arn"]
        for resource in stack.resources().values()
        if resource["urn"].endswith("::shop-db-login") and resource["custom"]
    ]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def test_two_apps_share_the_resources_of_a_platform(example):
    """Only this test proves that apps' stacks share another stack's network, cluster, load balancer and database."""
    platform = example("platform")
    platform.aws("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    platform.configure(domain="example.com")
    platform.up()
    apps = {name: platform_app(example, name, priority) for name, priority in (("blog", 100), ("shop", 200))}
    certificate = platform.aws("acm").request_certificate(DomainName="blog.example.com")["CertificateArn"]
    apps["blog"].configure(certificateArn=certificate)
    apps["shop"].configure(ownCertificate=True)
    with ThreadPoolExecutor() as pool:
        list(pool.map(Stack.up, apps.values()))
    for name, app in apps.items():
        assert app.outputs() == {"url": f"https://{name}.example.com"}
    check_shared_resources(platform)
    addresses = [urlsplit(database_url(app, name)) for name, app in apps.items()]
    assert [(address.path, address.username) for address in addresses] == [("/blog", "blog"), ("/shop", "shop")]
    assert {address.hostname for address in addresses} == {platform.outputs()["database_host"]}
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(Stack.changes, apps.values())) == [{}, {}]
    certificates = attached_certificates(platform)
    assert certificate in certificates
    assert len(certificates) == 3  # those of the platform, of blog and of shop
    platform.run("refresh", "--yes", "--skip-preview")
    assert platform.changes() == REFRESHED  # the rules that the apps have added to its groups and its listener are kept
    apps["blog"].run("destroy", "--yes", "--skip-preview")
    assert apps["blog"].resources() == {}
    assert certificate in attached_certificates(platform)  # another app may use it too
    assert platform.changes() == REFRESHED
    check_shared_resources(platform, apps=1)


def platform_app(example, name: str, priority: int) -> Stack:
    app = example("platform_app", stack=name)
    image = "public.ecr.aws/docker/library/python:3.13-slim"
    app.configure(platform="organization/platform/dev", name=name, domain=f"{name}.example.com", image=image)
    app.configure(listenerPriority=priority)
    return app


def check_shared_resources(platform: Stack, apps: int = 2) -> None:
    balancers = platform.aws("elbv2")
    assert len(balancers.describe_load_balancers()["LoadBalancers"]) == 1
    rules = balancers.describe_rules(ListenerArn=platform.outputs()["listener_arn"])["Rules"]
    # The emulator lists them in the order of their creation, which is random in simultaneous updates.
    assert {rule["Priority"] for rule in rules} == {"100", "200", "default"} - ({"100"} if apps == 1 else set())
    ecs = platform.aws("ecs")
    [cluster] = ecs.list_clusters()["clusterArns"]
    services = ecs.list_services(cluster=cluster)["serviceArns"]
    states = [service["status"] for service in ecs.describe_services(cluster=cluster, services=services)["services"]]
    assert states.count("ACTIVE") == apps  # the emulator also lists deleted services
    assert len(platform.aws("rds").describe_db_instances()["DBInstances"]) == 1
    names = [vpc["VpcId"] for vpc in platform.aws("ec2").describe_vpcs()["Vpcs"] if not vpc["IsDefault"]]
    assert names == [platform.outputs()["vpc_id"]]


def attached_certificates(platform: Stack) -> set[str]:
    listener = platform.outputs()["listener_arn"]
    certificates = platform.aws("elbv2").describe_listener_certificates(ListenerArn=listener)["Certificates"]
    return {certificate["CertificateArn"] for certificate in certificates}


def database_url(stack: Stack, app: str) -> str:
    """DATABASE_URL as the app's tasks get it from ECS."""
    secret = stack.resources()[f"aws:secretsmanager/secret:Secret::{app}-secret"]["outputs"]["arn"]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=secret)["SecretString"])["DATABASE_URL"]


def test_a_second_service_shares_the_app_s_cluster_and_load_balancer(example):
    """Only this test proves that the provider accepts a transform, a grant and a connection, and that outputs work."""
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
    assert {rule["Priority"] for rule in rules} == {"50", "100", "default"}
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
