"""Releases by Pulumi's own engine and the real AWS provider, on the local AWS, where tasks really run."""

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
    """A local AWS that knows an image."""
    with deployed(tmp_path_factory.mktemp("local") / "project") as local:
        yield local


@pytest.fixture(scope="module")
def stack(shop: Local, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack that the tests break and mend, one after another."""
    command = shutil.which("pulumi")
    if command is None:
        pytest.skip("there is no pulumi command on this machine (https://www.pulumi.com/docs/install/)")
    folder = tmp_path_factory.mktemp("real") / "program"
    copy_program(folder)
    use_this_environment(folder / "Pulumi.yaml")
    stack = Stack(command, folder, shop.place.endpoint, "dev", shop.place.access_key)
    image = image_of(shop)
    stack.configure(name="real", image=image, database="none", bucket="none", startupSeconds=5, minTasks=1)
    yield stack
    stack.run("destroy", "--yes", "--skip-preview")


def image_of(shop: Local) -> str:
    definition = shop.client("ecs").describe_task_definition(taskDefinition=shop.service()["taskDefinition"])
    return definition["taskDefinition"]["containerDefinitions"][0]["image"]


def running(shop: Local, outputs: dict[str, Any]) -> dict[str, str]:
    """What the one running task of the service finds in its environment."""
    ecs = shop.client("ecs")
    cluster, service = outputs["clusterName"], outputs["serviceName"]
    (found,) = ecs.describe_services(cluster=cluster, services=[service])["services"]
    definition = ecs.describe_task_definition(taskDefinition=found["taskDefinition"])["taskDefinition"]
    assert found["runningCount"] == found["desiredCount"] == 1
    return {one["name"]: one["value"] for one in definition["containerDefinitions"][0]["environment"]}


def test_a_release_by_pulumis_engine_tells_the_truth(shop: Local, stack: Stack, tmp_path: Path) -> None:
    """Only this test proves that Pulumi's engine waits for a real release, and runs the release command once."""
    mark = tmp_path / "ran"
    stack.configure(releaseCommand=f'echo migrating; echo "$SHOWN" >> {mark}')
    stack.run("config", "set", "--path", "env.SHOWN", "one")
    said = stack.up()
    assert "release command: echo migrating" in said
    assert "healthy behind the load balancer" in said
    outputs = stack.outputs()
    assert running(shop, outputs)["SHOWN"] == "one"

    stack.run("config", "set", "--path", "env.MODE", "crash")
    said = stack.up(fails=True)
    assert "Cause (crash)" in said
    assert "no module named shop" in said
    assert "MODE" not in running(shop, outputs)
    said = stack.up(fails=True)  # nothing has changed, and it is no success for that
    assert "is deployed again" in said

    stack.run("config", "rm", "--path", "env.MODE")
    stack.run("config", "set", "--path", "env.SHOWN", "two")
    stack.up()
    assert running(shop, outputs)["SHOWN"] == "two"
    assert mark.read_text().splitlines() == ["one", "one", "two"]
    stack.run("config", "rm", "releaseCommand")  # the next test's releases fail by what they run, not before


# A rollout and a release command that fail. The hooks behind them are the same for every cause: test_releases.py.
CAUSES = ("image gone", "release command")


def test_pulumis_engine_reports_the_cause_and_the_old_release_serves_on(shop: Local, stack: Stack) -> None:
    """Only this test proves that Pulumi's engine fails a broken release with its cause."""
    stack.run("config", "set", "--path", "env.SHOWN", "good")
    stack.up()
    shop.url = url_of(shop, "real")
    wait_for_page(shop, "good")
    image = stack.run("config", "get", "image").strip()
    for name in CAUSES:
        broken = BROKEN[name]
        # This stack runs a ready image already, so there is no repository whose loss would have to be accepted.
        paths = [path for path in config_paths(broken.settings) if path[0] != "acceptDataLoss"]
        for path, value in paths:
            stack.run("config", "set", "--plaintext", "--path", path, str(value))
        with Load(shop.ask) as load:
            said = stack.up(fails=True)
        for words in broken.says:
            assert words in said, f"{name}: {said}"
        load.check(at_least=20)
        assert running(shop, stack.outputs())["SHOWN"] == "good", name
        for path, _ in paths:
            stack.run("config", "rm", "--path", path)
        stack.configure(image=image)
    stack.run("config", "set", "--path", "env.SHOWN", "healed")
    stack.up()
    wait_for_page(shop, "healed")


def config_paths(broken: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Settings as `pulumi config set --path` takes them."""
    for key, value in broken.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", one) for name, one in value.items())
        else:
            yield key, value


def url_of(shop: Local, name: str) -> str:
    """Where the local AWS answers for a load balancer."""
    place = find_local_aws(shop.folder)
    assert place is not None
    told = daemon_control.status(place) or {}
    arns = [one["LoadBalancerArn"] for one in shop.client("elbv2").describe_load_balancers()["LoadBalancers"]]
    (arn,) = (arn for arn in arns if arn.split("/")[2].startswith(name))
    (port,) = (port for key, port in told["ports"].items() if key.startswith(arn))  # CloudFront's origin
    return f"https://localhost:{port}"
