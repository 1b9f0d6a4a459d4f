"""Test of the image that a Docker engine builds, pushes, and runs with the environment of the task definition."""

import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from flask_on_aws_cli.local_project.ports import free_port

from tests.waiting import until

pytestmark = [pytest.mark.engine, pytest.mark.docker]

# The registry of the emulated account, which the Docker engine must resolve to this machine and use over HTTP.
REGISTRY = "123456789012.dkr.ecr.us-east-1.amazonaws.com"
MANIFESTS = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
application/vnd.docker.distribution.manifest.v2+json"


def docker(*arguments: str) -> str:
    result = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"docker {' '.join(arguments)}:\n{result.stderr}"
    return result.stdout.strip()


@pytest.fixture
def registry() -> str:
    """The API's URL of a real registry, which the Docker engine uses as the ECR of the emulated account."""
    if shutil.which("docker") is None or subprocess.run(["docker", "version"], capture_output=True).returncode:
        pytest.skip("no Docker engine is available")
    if REGISTRY not in docker("info", "--format", "{{json .RegistryConfig.IndexConfigs}}"):
        pytest.skip(f"the Docker engine does not have {REGISTRY} as an insecure registry at 127.0.0.1")
    # The name of the registry implies port 80, so only one test can use it at a time.
    with (Path(tempfile.gettempdir()) / "flask-on-aws-tests-port-80").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        container = docker("run", "--detach", "--rm", "--publish", "127.0.0.1:80:5000", "registry:2")
        try:
            until(lambda: fetch("http://127.0.0.1/v2/")[0] == 200)
            yield "http://127.0.0.1/v2"
        finally:
            docker("stop", container)


def fetch(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a response; the status is 0 without a response."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as response:
            return response.status, dict(response.headers), response.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()
    except OSError:
        return 0, {}, b""


def test_the_image_is_built_once_pushed_by_digest_and_runs_with_the_task_s_environment(registry, program):
    """Only this test proves that the real engine and a real Docker engine build an image and push it to a registry."""
    stack = program("dev")
    stack.environment["DOCKER_HOST"] = os.environ.get("DOCKER_HOST", "")
    # Neither exists in the emulator; tests of the complete stack cover them.
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

    # The earlier content is in the repository, so nothing is built, and no Docker engine is needed.
    release.unlink()
    stack.environment["DOCKER_HOST"] = "unix:///nonexistent"
    stack.up()
    assert image(stack) == web["image"]
    stack.run("destroy", "--yes", "--skip-preview")


def image(stack) -> str:
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    return task["taskDefinition"]["containerDefinitions"][0]["image"]


def pushed(stack, registry: str, reference: str) -> str:
    """The digest of a task's image in the registry; adds the image to the emulated ECR, as a push to ECR would."""
    repository, digest = reference.removeprefix(f"{REGISTRY}/").split("@")
    (tag,) = [
        tag
        for tag in json.loads(fetch(f"{registry}/{repository}/tags/list")[2])["tags"]
        if fetch(f"{registry}/{repository}/manifests/{tag}", Accept=MANIFESTS)[1]["Docker-Content-Digest"] == digest
    ]
    manifest = fetch(f"{registry}/{repository}/manifests/{tag}", Accept=MANIFESTS)[2].decode()
    stack.aws("ecr").put_image(repositoryName=repository, imageManifest=manifest, imageTag=tag, imageDigest=digest)
    return digest


def check_runs(stack, container) -> None:
    """Run the image as Fargate does: with its user, a read-only root, and the environment of the task definition."""
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
        until(lambda: fetch(f"http://127.0.0.1:{port}/up")[0] == 200)
        version = json.loads(fetch(f"http://127.0.0.1:{port}/version")[2])
        assert environment["RELEASE"] in version.values()
        docker("stop", "--time", str(container["stopTimeout"]), running)
        assert docker("inspect", "--format", "{{.State.ExitCode}}", running) == "0"
    finally:
        docker("rm", "--force", running)


def secret_value(stack, reference: str) -> str:
    """The value that a task gets for the reference `arn:…:secret:name-suffix:key::`."""
    arn, key = reference.rsplit(":", 3)[0], reference.rsplit(":", 3)[1]
    return json.loads(stack.aws("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])[key]
