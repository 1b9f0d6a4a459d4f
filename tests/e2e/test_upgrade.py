"""Test of the upgrade from the previous version: nothing with data is replaced, and sessions stay valid."""

import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.e2e.checks import check_nothing_to_do, identities
from tests.e2e.stacks import PROGRAM, ROOT, Stack, copy_program, use_this_environment

pytestmark = pytest.mark.engine

# The last commit of version 0.1.
PREVIOUS = "4220f5465bd21f2a6bf527d5d7536aec24669f47"
# Types without data, which are replaced whenever their content changes.
REPLACED = {"aws:secretsmanager/secretVersion:SecretVersion", "aws:ecs/taskDefinition:TaskDefinition"}
# The deleted resources: the old key, as UPGRADE.md says, and the previous image's record, as in every release.
DELETED = {"random:index/randomBytes:RandomBytes", "docker-build:index:Image"}


@pytest.fixture
def old_program(tmp_path: Path) -> Path:
    """The program of the previous version, from this repository's history."""
    folder = tmp_path / "program"
    folder.mkdir()
    command = [
        "git",
        "-C",
        str(ROOT),
        "archive",
        PREVIOUS,
        *PROGRAM,
        "components",
    ]  # which its program imported from there
    result = subprocess.run(command, capture_output=True, check=False)
    if result.returncode:
        pytest.skip("the previous version is not in this clone's history")
    with tarfile.open(fileobj=io.BytesIO(result.stdout)) as archive:
        archive.extractall(folder, filter="data")
    use_this_environment(folder / "Pulumi.yaml")
    return folder


def test_a_stack_of_the_previous_version_can_be_updated(pulumi_command, emulator, old_program):
    """Only this test proves that an upgrade keeps all data, with a state that the old version has created."""
    stack = Stack(pulumi_command, old_program, emulator, "dev")
    stack.configure(releaseCommand="none")
    stack.up()
    before, old_key = identities(stack), secret(stack)["SECRET_KEY"]
    assert old_key in json.dumps(stack.state())  # the problem that the upgrade solves

    replace_program(stack.folder)
    assert "cloudfrontOrigin" in stack.run("preview", fails=True)  # until the setting decides about the load balancer
    stack.configure(cloudfrontOrigin="public")
    steps = [step for step in json.loads(stack.run("preview", "--json"))["steps"] if step["op"] != "same"]
    print(
        "The upgrade:",
        *sorted({f"{step['op']} {kind(step)} {name(step)} {sorted(step.get('detailedDiff') or {})}" for step in steps}),
        sep="\n  ",
    )
    assert {kind(step) for step in steps if "replace" in step["op"]} <= REPLACED
    assert {kind(step) for step in steps if step["op"] == "delete"} <= DELETED
    stack.up()

    assert {key: resource_id for key, resource_id in identities(stack).items() if key in before} == before
    keys = secret(stack)
    assert keys["SECRET_KEY_FALLBACKS"] == old_key != keys["SECRET_KEY"]
    assert old_key not in json.dumps(stack.state())
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    names = {entry["name"] for entry in task["taskDefinition"]["containerDefinitions"][0]["secrets"]}
    assert {"SECRET_KEY", "SECRET_KEY_FALLBACKS"} <= names
    check_nothing_to_do(stack)

    stack.configure(previousSecretKey="drop")
    stack.up()
    assert old_key not in secret(stack).values()


def replace_program(folder: Path) -> None:
    """Replace the previous version's program with this one's; the stack's settings stay."""
    settings = (folder / "Pulumi.dev.yaml").read_text()
    shutil.rmtree(folder)
    copy_program(folder)
    use_this_environment(folder / "Pulumi.yaml")
    (folder / "Pulumi.dev.yaml").write_text(settings)


def kind(step) -> str:
    return step["urn"].rsplit("::", 2)[-2].rsplit("$", 1)[-1]


def name(step) -> str:
    return step["urn"].rsplit("::", 1)[-1]


def secret(stack) -> dict[str, str]:
    """The content of the app's secret."""
    return json.loads(
        stack.aws("secretsmanager").get_secret_value(SecretId=stack.outputs()["secretArn"])["SecretString"]
    )
