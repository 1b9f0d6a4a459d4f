"""Tests of what only containers have: an image, a user, volumes, a network for each task."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask_on_aws.build_plan.plan import PlanSettings
from flask_on_aws.releases.diagnosis import Evidence, diagnose
from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws.runtime_contract.rds_ca import region_certificates
from flask_on_aws.runtime_contract.shell import PASS_ARGUMENTS, pass_arguments_without_shell
from flask_on_aws_cli.local_aws.containers.images import ContainerImages, build_command
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.task_model.environment_images import ImageBuild

from tests.waiting import SECONDS, until

from .cloud import Cloud
from .conftest import REGION, marks_of
from .runtimes import AsContainers, docker

pytestmark = marks_of("container")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(Location(tmp_path_factory.mktemp("local aws"), free_port(), REGION), "container")
    yield cloud
    cloud.stop()


def run(cloud: Cloud, family: str, script: str = "", **definition: Any) -> tuple[Any, list[str]]:
    """Run a script as a task until it ends; its description by DescribeTasks, and its log lines."""
    command = {"command": ["python", "-c", script]} if script else {}
    volumes = definition.pop("volumes", [])
    arn = cloud.define(family, volumes=[{"name": name} for name in volumes], **command, **definition)
    started = cloud.ecs.run_task(
        cluster="c", taskDefinition=arn, launchType="FARGATE", networkConfiguration=cloud.network
    )
    task = started["tasks"][0]["taskArn"]
    until(lambda: cloud.task(task)["lastStatus"] == "STOPPED", state=lambda: cloud.task(task))
    stopped = cloud.task(task)
    has_log = stopped["stopCode"] != "TaskFailedToStart"
    return stopped, cloud.lines(f"web/web/{task.rsplit('/', 1)[-1]}") if has_log else []


def remaining(cloud: Cloud) -> list[str]:
    """The containers and volumes of a local AWS."""
    mark = f"label=flask-on-aws.local={cloud.location.folder}"
    containers = docker("ps", "--all", "--quiet", "--filter", mark).split()
    return containers + docker("volume", "ls", "--quiet", "--filter", mark).split()


def test_the_user_the_root_filesystem_and_volumes_are_as_on_fargate(cloud: Cloud) -> None:
    script = """
import os
print(os.getuid())
for path in ("/x", "/declared/x", "/scratch/x", "/other/x"):
    try:
        open(path, "w").close()
        print("wrote", path)
    except OSError as error:
        print(error.strerror, path)
"""
    mounts = [
        {"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False},
        {"sourceVolume": "other", "containerPath": "/other", "readOnly": False},
    ]
    _, lines = run(
        cloud, "fargate", script, readonlyRootFilesystem=True, mountPoints=mounts, volumes=["scratch", "other"]
    )
    assert lines == [
        "10001",
        "Read-only file system /x",
        "No such file or directory /declared/x",
        "wrote /scratch/x",  # the image declares this volume, which its user owns
        "Permission denied /other/x",  # which root owns
    ]


def test_a_container_can_have_another_user_and_an_init_process(cloud: Cloud) -> None:
    script = "import os; print(os.getuid(), os.getpid())"
    _, lines = run(cloud, "root", script, user="0", linuxParameters={"initProcessEnabled": True})
    assert lines in (["0 7"], ["0 1"])  # behind an init process if the engine has one
    _, lines = run(cloud, "first", script)
    assert lines == ["10001 1"]
    # What replaces an ENTRYPOINT of the image makes way for the command.
    command = ["/bin/sh", "-c", f"exec python -c '{script}'"]
    _, lines = run(cloud, "passing", entryPoint=list(PASS_ARGUMENTS), command=command)
    assert lines == ["10001 1"]
    _, lines = run(cloud, "plain", script, entryPoint=list(pass_arguments_without_shell("python")))
    assert lines == ["10001 1"]


def test_the_local_certificates_are_at_the_path_of_those_of_rds(cloud: Cloud) -> None:
    _, lines = run(cloud, "ca", f"print(open('{CA_PATH}').read(), end='')")
    assert lines == ["the local CA"]


def test_an_init_container_for_certificates_writes_the_local_ones(cloud: Cloud) -> None:
    folder = CA_PATH.rpartition("/")[0]
    mount = {"sourceVolume": "rds-ca", "containerPath": folder}
    writer = {
        "name": "rds-ca",
        "image": AsContainers.image,
        "essential": False,
        "entryPoint": ["/bin/sh", "-c"],
        "command": [f'printf %s "$RDS_CA_CERTIFICATES" > {CA_PATH}'],
        "environment": [{"name": "RDS_CA_CERTIFICATES", "value": region_certificates("us-east-1")}],
        "mountPoints": [{**mount, "readOnly": False}],
        "user": "0",
    }
    task, lines = run(
        cloud,
        "writer",
        f"print(open('{CA_PATH}').read(), end='')",
        mountPoints=[{**mount, "readOnly": True}],
        dependsOn=[{"containerName": "rds-ca", "condition": "SUCCESS"}],
        others=[writer],
        volumes=["rds-ca"],
    )
    assert lines == ["the local CA"], task


def test_containers_of_a_task_share_a_network_and_tasks_do_not(cloud: Cloud) -> None:
    sidecar = {
        "name": "sidecar",
        "image": AsContainers.image,
        "essential": False,
        "command": ["python", "-m", "http.server", "9000", "--bind", "127.0.0.1"],
    }
    script = """
import time, urllib.request
for _ in range(100):
    try:
        print(urllib.request.urlopen("http://127.0.0.1:9000").status)
        break
    except OSError as error:
        last_error = error
        time.sleep(0.1)
else:
    print(last_error)
"""
    _, lines = run(cloud, "shared", script, others=[sidecar])
    assert lines == ["200"]
    _, lines = run(cloud, "alone", script.replace("range(100)", "range(1)"))
    assert lines == ["<urlopen error [Errno 111] Connection refused>"]


def test_the_local_aws_is_the_only_service_of_the_machine_that_a_container_reaches(cloud: Cloud) -> None:
    other = subprocess.Popen(["python3", "-m", "http.server", str(port := free_port()), "--bind", "127.0.0.1"])
    script = f"""
import urllib.error, urllib.request
try:
    urllib.request.urlopen("{cloud.location.endpoint}")
except urllib.error.HTTPError as error:
    print(error.code)
try:
    urllib.request.urlopen("http://127.0.0.1:{port}")
except OSError as error:
    print(error)
"""
    try:
        _, lines = run(cloud, "reach", script)
    finally:
        other.kill()
        other.wait()
    assert lines == ["403", "<urlopen error [Errno 111] Connection refused>"]


@pytest.mark.parametrize(
    ("definition", "code", "pattern"),
    [
        ({"command": ["no-such-program"]}, "TaskFailedToStart", "CannotStartContainerError: .*no-such-program"),
        ({"image": "flask-on-aws-tests:bare"}, "TaskFailedToStart", "has no Python on its PATH, which the local AWS"),
        (
            {"image": "123456789012.dkr.ecr.eu-central-1.amazonaws.com/x:1"},
            "TaskFailedToStart",
            "CannotPullContainerError: .*x:1: not found",
        ),
    ],
)
def test_a_task_that_cannot_start_reports_the_reason(
    cloud: Cloud, definition: dict[str, Any], code: str, pattern: str
) -> None:
    text = f"FROM {AsContainers.image}\nENV PATH=/nowhere\n"
    docker("build", "--tag", "flask-on-aws-tests:bare", "-", stdin=text)
    task, _ = run(cloud, "cannot", **definition)
    assert task["stopCode"] == code
    assert re.search(pattern, task["stoppedReason"]), task["stoppedReason"]


def test_a_task_whose_network_is_killed_is_replaced(cloud: Cloud) -> None:
    cloud.serve("cut", cloud.define("cut"))
    task = cloud.steady("cut") and cloud.tasks("cut")[0]
    docker("kill", f"flask-on-aws-{task['taskArn'].rsplit('/', 1)[-1][:12]}-network")

    def replacements() -> list[str]:
        arns = [other["taskArn"] for other in cloud.tasks("cut") if other["lastStatus"] == "RUNNING"]
        return [arn for arn in arns if arn != task["taskArn"]]

    until(replacements)
    assert cloud.task(task["taskArn"])["stopCode"] == "EssentialContainerExited"
    cloud.ecs.delete_service(cluster="c", service="cut", force=True)
    until(lambda: remaining(cloud) == [])


def test_a_stopped_task_leaves_no_containers_and_volumes(cloud: Cloud) -> None:
    run(
        cloud,
        "tidy",
        "print('done')",
        mountPoints=[{"sourceVolume": "scratch", "containerPath": "/scratch", "readOnly": False}],
        volumes=["scratch"],
    )
    assert remaining(cloud) == []


def test_an_image_is_built_once_and_the_least_recently_used_are_deleted(tmp_path: Path) -> None:
    from flask_on_aws_cli.local_aws.containers.docker_client import connect

    images = ContainerImages(connect(), tmp_path)
    try:
        for number in range(7):
            assert images.build(image_build(tmp_path, f"sha256:{str(number) * 64}", f"ENV NUMBER={number}")) == ""
            images.local_reference(f"x@sha256:{str(0) * 64}")  # for a rollback to the first release
        assert images.build(image_build(tmp_path, f"sha256:{str(6) * 64}", "RUN false")) is None
        assert [number for number in range(7) if images.has(f"sha256:{str(number) * 64}")] == [0, 3, 4, 5, 6]
    finally:
        images.clear()
    assert not any(images.has(f"sha256:{str(number) * 64}") for number in range(7))


def image_build(folder: Path, digest: str, line: str) -> ImageBuild:
    recipe = {"context": {"location": "."}, "dockerfile": {"inline": f"FROM {AsContainers.image}\n{line}\n"}}
    return ImageBuild(digest, folder, recipe, folder, PlanSettings())


def test_a_build_gets_its_arguments_and_secrets_and_the_image_contains_no_secret(tmp_path: Path) -> None:
    from flask_on_aws_cli.local_aws.containers.docker_client import connect

    text = (
        f"FROM {AsContainers.image}\nARG COLOUR\nUSER 0\n"
        "COPY --from=more file /file\n"
        "RUN --mount=type=secret,id=TOKEN echo $COLOUR $(wc -c < /run/secrets/TOKEN) > /said\n"
    )
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "file").write_text("more\n")
    recipe = {
        "context": {"location": ".", "named": {"more": {"location": "more"}}},
        "dockerfile": {"inline": text},
        "buildArgs": {"COLOUR": "red"},
        "secrets": {"TOKEN": "wanted"},
        "platforms": ["linux/amd64"],
    }
    images = ContainerImages(connect(), tmp_path)
    digest = f"sha256:{str(9) * 64}"
    try:
        images.build(ImageBuild(digest, tmp_path, recipe, tmp_path, PlanSettings()))
        reference = images.local_reference(f"x@{digest}")
        assert docker("run", "--rm", reference, "cat", "/said", "/file") == "red 6\nmore\n"
        assert "wanted" not in docker("history", "--no-trunc", reference)
        assert "TOKEN" not in json.dumps(json.loads(docker("inspect", reference))[0]["Config"])
    finally:
        images.clear()


def test_the_build_of_the_docker_provider_has_the_same_options(tmp_path: Path) -> None:
    build = {"context": "app", "dockerfile": "app/Dockerfile", "platform": "linux/arm64", "args": {"A": "b"}}
    arguments, variables, text = build_command({"imageName": "x", "build": build}, tmp_path)
    folder = str(tmp_path / "app")
    expected = ["--file", f"{folder}/Dockerfile", "--platform", "linux/arm64", "--build-arg", "A=b", folder]
    assert (arguments, variables, text) == (expected, {}, "")


LISTEN = "import socket, sys, time; s = socket.create_server((sys.argv[1], int(sys.argv[2]))); time.sleep(600)"


@pytest.mark.parametrize(
    ("name", "address", "port", "reason"),
    [
        ("local", "127.0.0.1", "8080", "on port 8080 of the loopback interface alone, to which nothing outside"),
        ("localother", "127.0.0.1", "5000", "on port 5000 of the loopback interface alone, to which nothing"),
        (
            *("eighty", "0.0.0.0", "80"),
            "on port 80, and the load balancer connects to $PORT (here 8080): listen on 0.0.0.0:$PORT, or set port "
            "to 80 (it is 8080)",
        ),
    ],
)
def test_a_container_that_listens_elsewhere_is_reported_at_once(
    cloud: Cloud, name: str, address: str, port: str, reason: str
) -> None:
    definition = cloud.define(name, command=["python", "-c", LISTEN, address, port])
    cloud.serve(name, definition, grace=10 * SECONDS)
    until(lambda: cloud.tasks(name, "STOPPED"))
    task = cloud.tasks(name, "STOPPED")[0]
    assert task["stoppedReason"].startswith(f"The app listens {reason}")
    assert diagnose(Evidence("ServiceSchedulerInitiated", task["stoppedReason"])).kind == "wrong port"
    cloud.ecs.update_service(cluster="c", service=name, desiredCount=0)


def test_an_app_that_opens_its_port_late_is_not_reported(cloud: Cloud) -> None:
    late = "import time; time.sleep(12); " + LISTEN
    cloud.serve("late", cloud.define("late", command=["python", "-c", late, "0.0.0.0", "8080"]), grace=10 * SECONDS)
    until(lambda: cloud.tasks("late"))
    time.sleep(14)
    assert cloud.tasks("late", "STOPPED") == []
    cloud.ecs.update_service(cluster="c", service="late", desiredCount=0)
