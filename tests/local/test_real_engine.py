"""Tests of releases with Pulumi's engine and the real AWS provider, on a local AWS that runs the tasks."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.project import find_local_aws

from tests.e2e.stacks import Stack, copy_program, use_this_environment

from .load import Load
from .test_releases import BROKEN, Local, deployed, wait_for_page

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A local AWS with an image."""
    with deployed(tmp_path_factory.mktemp("local") / "project") as local:
        yield local


@pytest.fixture(scope="module")
def stack(shop: Local, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that one test after another breaks and fixes."""
    command = shutil.which("pulumi")
    if command is None:
        pytest.skip("there is no pulumi command on this machine (https://www.pulumi.com/docs/install/)")
    folder = tmp_path_factory.mktemp("real") / "program"
    copy_program(folder)
    use_this_environment(folder / "Pulumi.yaml")
    stack = Stack(command, folder, shop.location.endpoint, "dev", shop.location.access_key)
    image = image_of(shop)
    stack.configure(name="real", image=image, database="none", bucket="none", startupSeconds=5, minTasks=1)
    yield stack
    stack.run("destroy", "--yes", "--skip-preview")


def image_of(shop: Local) -> str:
    definition = shop.client("ecs").describe_task_definition(taskDefinition=shop.service()["taskDefinition"])
    return definition["taskDefinition"]["containerDefinitions"][0]["image"]


def running(shop: Local, outputs: dict[str, Any]) -> dict[str, str]:
    """The environment of the service's running task."""
    ecs = shop.client("ecs")
    cluster, service = outputs["clusterName"], outputs["serviceName"]
    (description,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
    definition = ecs.describe_task_definition(taskDefinition=description["taskDefinition"])["taskDefinition"]
    assert description["runningCount"] == description["desiredCount"] == 1
    return {variable["name"]: variable["value"] for variable in definition["containerDefinitions"][0]["environment"]}


def test_pulumis_engine_waits_for_the_release_and_runs_the_release_command_once(
    shop: Local, stack: Stack, tmp_path: Path
) -> None:
    """Only this test proves that Pulumi's engine waits for a real release, and runs the release command once.

    It also proves that a broken release fails with its cause while the old one keeps serving.
    """
    mark = tmp_path / "ran"
    stack.configure(releaseCommand=f'echo migrating; echo "$SHOWN" >> {mark}')
    stack.run("config", "set", "--path", "env.SHOWN", "one")
    output = stack.up()
    assert "release command: echo migrating" in output
    assert "healthy behind the load balancer" in output
    outputs = stack.outputs()
    assert running(shop, outputs)["SHOWN"] == "one"

    shop.url = url_of(shop, "real")
    stack.run("config", "set", "--path", "env.MODE", "crash")
    with Load(shop.status) as load:
        output = stack.up(fails=True)
    load.check(at_least=20)
    assert "Cause (crash)" in output
    assert "no module named shop" in output
    assert "MODE" not in running(shop, outputs)
    output = stack.up(fails=True)  # nothing has changed, but the update is not successful either
    assert "is deployed again" in output

    stack.run("config", "rm", "--path", "env.MODE")
    stack.run("config", "set", "--path", "env.SHOWN", "two")
    stack.up()
    assert running(shop, outputs)["SHOWN"] == "two"
    assert mark.read_text().splitlines() == ["one", "one", "two"]
    stack.run("config", "rm", "releaseCommand")  # the next test's releases must not fail before their own cause


# A failing rollout and a failing release command. test_releases.py has all causes, which use the same hooks.
CAUSES = ("image gone", "release command")


@pytest.mark.slow
def test_pulumis_engine_reports_the_cause_while_the_old_release_keeps_serving(shop: Local, stack: Stack) -> None:
    """Pulumi's engine fails other broken releases with their causes too."""
    stack.run("config", "set", "--path", "env.SHOWN", "good")
    stack.up()
    shop.url = url_of(shop, "real")
    wait_for_page(shop, "good")
    image = stack.run("config", "get", "image").strip()
    for name in CAUSES:
        broken = BROKEN[name]
        # This stack has a ready image and no repository, so no loss of data has to be accepted.
        paths = [path for path in config_paths(broken.settings) if path[0] != "acceptDataLoss"]
        for path, value in paths:
            stack.run("config", "set", "--plaintext", "--path", path, str(value))
        with Load(shop.status) as load:
            output = stack.up(fails=True)
        for words in broken.messages:
            assert words in output, f"{name}: {output}"
        load.check(at_least=20)
        assert running(shop, stack.outputs())["SHOWN"] == "good", name
        for path, _ in paths:
            stack.run("config", "rm", "--path", path)
        stack.configure(image=image)
    stack.run("config", "set", "--path", "env.SHOWN", "fixed")
    stack.up()
    wait_for_page(shop, "fixed")


def config_paths(broken: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Settings as arguments of `pulumi config set --path`."""
    for key, value in broken.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", item) for name, item in value.items())
        else:
            yield key, value


def url_of(shop: Local, name: str) -> str:
    """The URL of a load balancer on the local AWS."""
    local_aws = find_local_aws(shop.folder)
    assert local_aws is not None
    status = daemon_control.status(local_aws) or {}
    arns = [balancer["LoadBalancerArn"] for balancer in shop.client("elbv2").describe_load_balancers()["LoadBalancers"]]
    (arn,) = (arn for arn in arns if arn.split("/")[2].startswith(name))
    (port,) = (port for key, port in status["ports"].items() if key.startswith(arn))  # CloudFront's origin
    return f"https://localhost:{port}"
