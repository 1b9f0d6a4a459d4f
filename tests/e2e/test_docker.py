"""The image as a real Docker engine builds, pushes and runs it, with the environment that the task definition gives."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.emulator import free_port

pytestmark = [pytest.mark.engine, pytest.mark.docker]

# The emulated account's registry. The daemon has to look for it on this machine, over plain HTTP.
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.v2+json"
# A container of the template answers in one second here; this is its own limit for a health check to begin with.
READY_SECONDS = 60


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stderr}"
    return done.stdout.strip()


@pytest.fixture
def registry() -> str:
    """Where the emulated account's images go: a real registry, which the engine takes for ECR."""
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode:
        pytest.skip("no Docker engine answers")
    if REGISTRY not in docker("info", "--format", "{{json .RegistryConfig.IndexConfigs}}"):
        pytest.skip(f"the Docker engine does not take {REGISTRY} for an insecure registry at 127.0.0.1")
    # The port is the registry's name's own, so tests that run side by side take turns.
    with (Path(tempfile.gettempdir()) / "flask-on-aws-tests-port-80").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        container = docker("run", "--detach", "--rm", "--publish", "127.0.0.1:80:5000", "registry:2")
        try:
            wait_until(lambda: answer("http://127.0.0.1/v2/")[0] == 200)
            yield "http://127.0.0.1/v2"
        finally:
            docker("stop", container)


def answer(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body; status 0 where nothing answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()
    except OSError:
        return 0, {}, b""


def wait_until(happened) -> None:
    for _ in range(READY_SECONDS * 10):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within {READY_SECONDS} s")


def test_the_image_is_built_once_pushed_by_digest_and_answers_as_the_task_runs_it(registry, program):
    """Only this test proves that the real engine and a real Docker engine build an image and push it to a registry."""
    stack = program("dev")
    stack.environment["DOCKER_HOST"] = os.environ.get("DOCKER_HOST", "")
    # No address of the contract leads anywhere without these; what they add is tested with the whole stack.
    stack.configure(database="none", bucket="none")
    stack.up()
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    (web,) = task["taskDefinition"]["containerDefinitions"]
    first = pushed(stack, registry, web["image"])
    check_runs(stack, web)

    release = stack.folder / "app_template" / "board" / "static" / "release.txt"
    release.write_text("a new release")
    stack.up()
    second = pushed(stack, registry, image(stack))
    assert second != first

    # Back to the earlier content: it is in the repository, so nothing is built, even where no engine answers.
    release.unlink()
    stack.environment["DOCKER_HOST"] = "unix:///nonexistent"
    stack.up()
    assert image(stack) == web["image"]
    stack.run("destroy", "--yes", "--skip-preview")


def image(stack) -> str:
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    return task["taskDefinition"]["containerDefinitions"][0]["image"]


def pushed(stack, registry: str, reference: str) -> str:
    """The digest that the registry has for a task's image, which is made known to the emulated ECR as a push would."""
    repository, digest = reference.removeprefix(f"{REGISTRY}/").split("@")
    (tag,) = [
        tag
        for tag in json.loads(answer(f"{registry}/{repository}/tags/list")[2])["tags"]
        if answer(f"{registry}/{repository}/manifests/{tag}", Accept=MANIFESTS)[1]["Docker-Content-Digest"] == digest
    ]
    manifest = answer(f"{registry}/{repository}/manifests/{tag}", Accept=MANIFESTS)[2].decode()
    stack.aws("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag, imageDigest=digest)
    return digest


def check_runs(stack, container) -> None:
    """As Fargate would run it: its user, a read-only root, and the environment of the task definition."""
    environment = {pair["name"]: pair["value"] for pair in container["environment"]}
    for secret in container.get("secrets", []):
        environment[secret["name"]] = secret_value(stack, secret["valueFrom"])
    port = free_port()
    options = [f"--env={name}={value}" for name, value in environment.items()]
    options += ["--read-only"] if container["readonlyRootFilesystem"] else []
    running = docker(
        "run", "--detach", f"--publish=127.0.0.1:{port}:{environment['PORT']}", *options, container["image"]
    )
    try:
        wait_until(lambda: answer(f"http://127.0.0.1:{port}/up")[0] == 200)
        version = json.loads(answer(f"http://127.0.0.1:{port}/version")[2])
        assert environment["RELEASE"] in version.values()
        docker("stop", "--time", str(container["stopTimeout"]), running)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", running) == "0"
    finally:
        docker("rm", "--force", running)


def secret_value(stack, reference: str) -> str:
    """What ECS puts in place of `arn:…:secret:name-suffix:key::`."""
    arn, key = reference.rsplit(":", 3)[0], reference.rsplit(":", 3)[1]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])[key]
