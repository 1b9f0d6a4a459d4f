"""Tests of releases of a small app on a local AWS: a failure is reported with its cause and does not affect users."""

import signal
import ssl
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from flask_on_aws.releases.release_record import command_parameter, release_parameter, releases
from flask_on_aws_cli.local_project.clients import client
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.project import find_local_aws

from tests.e2e.stacks import copy_program
from tests.waiting import until

from .load import Load

COMMAND = [str(Path(sys.executable).parent / "flask-on-aws"), "local"]
# With a failing health check, ECS starts three tasks, each for half a minute; other tests may use the machine too.
UP_SECONDS = 900
SERVER = """
import http.server, os, signal, sys, threading, time
mode = os.environ.get("MODE", "")
print("mode", mode, flush=True)
if mode == "crash":
    sys.exit("no module named shop")
if mode == "hog":
    memory = bytearray(700 * 1024 * 1024)
if mode == "slow":
    time.sleep(600)
# As on AWS, the load balancer still routes requests to this task for a moment; drain.py does this for a real app.
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(5, os._exit, [0]).start())

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = os.environ.get("SHOWN", "").encode()
        self.send_response(500 if mode == "broken" and self.path == "/up" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass

http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()
"""
GOOD: dict[str, Any] = {
    "environment": "development",
    "app": "shop",
    "database": "none",
    "bucket": "none",
    "startupSeconds": 5,
    "env": {},
    "preflight": "never",  # as in Pulumi.local.yaml
}
MISSING = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nowhere-a1b2c3"


class Local:
    """A project with a small app and its local AWS."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        copy_program(folder)
        app = folder / "shop"
        app.mkdir()
        (app / "server.py").write_text(SERVER)
        (app / "requirements.txt").write_text("")
        (app / "Procfile").write_text("web: python server.py\n")
        # The first 20 bytes of every ARM64 program.
        head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack("<HH", 2, 183)
        (app / "foreign").write_bytes(head + bytes(100))
        (app / "foreign").chmod(0o755)
        self.url = ""

    def configure(self, **settings: Any) -> None:
        config = {f"flask-on-aws:{key}": value for key, value in {**GOOD, **settings}.items()}
        (self.folder / "Pulumi.local.yaml").write_text(yaml.safe_dump({"config": config}))

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, "up"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def up(self, *, fails: bool = False) -> str:
        process = self.start()
        output, _ = process.communicate(timeout=UP_SECONDS)
        assert (process.returncode != 0) == fails, output
        if not fails:
            self.url = next(line.split()[0] for line in output.splitlines() if line.startswith("https://"))
        return output

    def get(self) -> str:
        context = ssl.create_default_context(cafile=str(self.folder / ".local-aws" / "ca" / "ca.pem"))
        with urllib.request.urlopen(self.url, context=context, timeout=20) as response:
            return response.read().decode()

    def status(self) -> int:
        """The status of a successful response; raises an error otherwise."""
        self.get()
        return 200

    @property
    def location(self) -> Location:
        """The location of its local AWS."""
        local_aws = find_local_aws(self.folder)
        assert local_aws is not None
        return local_aws.location

    def client(self, service: str) -> Any:
        return client(self.location, service)

    def service(self) -> dict[str, Any]:
        ecs = self.client("ecs")
        (cluster,) = ecs.list_clusters()["clusterArns"]
        (service,) = ecs.list_services(cluster=cluster)["serviceArns"]
        return ecs.describe_services(cluster=cluster, services=[service])["services"][0]

    def release_numbers(self) -> list[int]:
        """The numbers of the recorded releases."""
        name = release_parameter(self.service()["clusterArn"], "app-web")
        return [release.number for release in releases(self.client("ssm"), name)]

    def marks(self) -> list[str]:
        """The lines that the release command wrote, one for each run."""
        file = self.folder / "ran"
        return file.read_text().splitlines() if file.exists() else []


def down(local: Local) -> None:
    subprocess.run([*COMMAND, "down"], cwd=local.folder, capture_output=True, check=False)


@contextmanager
def deployed(folder: Path) -> Iterator[Local]:
    """A project whose app is deployed."""
    local = Local(folder)
    local.configure()
    try:
        local.up()
        yield local
    finally:
        down(local)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A stack that one test after another breaks and fixes."""
    with deployed(tmp_path_factory.mktemp("releases") / "project") as local:
        yield local


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Local]:
    """A project for one test, whose local AWS is stopped afterwards."""
    local = Local(tmp_path / "project")
    yield local
    down(local)


class Broken(NamedTuple):
    settings: dict[str, Any]
    messages: tuple[str, ...]


BROKEN = {
    "crash": Broken({"env": {"MODE": "crash"}}, ("Cause (crash)", "exit code 1", "no module named shop")),
    "health check": Broken({"env": {"MODE": "broken"}}, ("Cause (health check)", "GET /up", "[500]")),
    "slow start": Broken({"env": {"MODE": "slow"}}, ("Cause (health check)", "startup_seconds")),
    "missing secret": Broken({"secrets": {"KEY": MISSING}}, ("Cause (missing secret)", "nowhere-a1b2c3")),
    "out of memory": Broken({"env": {"MODE": "hog"}}, ("Cause (out of memory)", "512 MiB")),
    "wrong architecture": Broken({"startCommand": "./foreign"}, ("Cause (wrong architecture)", "architecture")),
    "image gone": Broken(
        {
            "image": f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:{'0' * 64}",
            "acceptDataLoss": ["app-image"],  # with a ready image, the repository is deleted
        },
        ("Cause (image not found)", "shop@sha256:000"),
    ),
    "release command": Broken({"releaseCommand": "echo half; exit 3"}, ("exit code 3", "half", "serves on")),
    "hanging command": Broken(
        {"releaseCommand": "sleep 300", "releaseSeconds": 10}, ("did not end within 10 s", "serves on")
    ),
}


def wait_for_page(local: Local, text: str) -> None:
    """Wait for a release to respond; tasks of the old one may receive requests for another moment."""
    until(lambda: local.get() == text, state=local.get)


# test_diagnosis.py has these causes in AWS's words, and test_ecs.py has tasks that run out of memory, fail their health
# checks, or lack their image or a secret.
NIGHTLY = (
    "health check",
    "slow start",
    "missing secret",
    "out of memory",
    "wrong architecture",
    "image gone",
    "hanging command",
)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in NIGHTLY else name for name in BROKEN]
)
def test_a_broken_release_fails_the_update_with_its_cause_while_the_old_one_keeps_serving(
    shop: Local, name: str
) -> None:
    """Only this test proves that each kind of broken release is reported with its cause and takes no traffic."""
    recorded = shop.release_numbers()
    shop.configure(**BROKEN[name].settings)
    with Load(shop.status) as load:
        output = shop.up(fails=True)
    for words in BROKEN[name].messages:
        assert words in output
    load.check(at_least=20)
    assert shop.release_numbers() == recorded
    # The next successful update is a new release.
    shop.configure(env={"SHOWN": name})
    shop.up()
    wait_for_page(shop, name)
    assert shop.release_numbers() == [recorded[0] + 1, *recorded]


def test_repeating_an_update_deploys_it_once_a_missing_secret_exists(shop: Local) -> None:
    """The program is unchanged, so only the missing release record makes the update check the service."""
    shop.configure(secrets={"LATE": "arn:aws:ssm:us-east-1:123456789012:parameter/late"})
    shop.up(fails=True)
    shop.client("ssm").put_parameter(Name="late", Value="now", Type="String")
    assert "is deployed again" in shop.up()
    assert shop.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def marking(project: Local, before: str = "") -> str:
    """A release command that writes the number of the release that it runs for."""
    return f'{before} printf "%s\\n" "$NUMBER" >> {project.folder}/ran'


def test_the_release_command_runs_once_for_each_release(project: Local) -> None:
    """Only this test proves which updates are a release: those with another image, command or environment."""
    project.configure(releaseCommand=marking(project), env={"NUMBER": "1"})
    project.up()
    project.up()  # nothing has changed
    project.configure(releaseCommand=marking(project), env={"NUMBER": "1"}, minTasks=2)
    project.up()  # neither image, command nor environment has changed
    assert project.marks() == ["1"]
    project.configure(releaseCommand=marking(project), env={"NUMBER": "2"})
    project.up()
    project.configure(releaseCommand=marking(project), env={"NUMBER": "1"})
    project.up()  # the content of an earlier release is a new release
    assert project.marks() == ["1", "2", "1"]


# Seconds after which the update is killed: while the program starts, the command runs, or tasks are replaced.
KILLED_AFTER = (1, 4, 6, 8)


@pytest.mark.parametrize("moments", [KILLED_AFTER, pytest.param([n / 2 for n in range(1, 25)], marks=pytest.mark.slow)])
def test_after_a_killed_update_every_release_command_runs_exactly_once(
    project: Local, moments: Sequence[float]
) -> None:
    """Only this test proves that the next update continues a killed one."""
    project.configure(releaseCommand=marking(project), env={"NUMBER": "0"})
    project.up()
    for number, seconds in enumerate(moments, 1):
        project.configure(
            releaseCommand=marking(project, "sleep 2;"), env={"NUMBER": str(number), "SHOWN": str(number)}
        )
        process = project.start()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGINT)
        process.wait()
        project.up()
        assert project.marks() == [str(ran) for ran in range(number + 1)]
        wait_for_page(project, str(number))


@pytest.mark.slow
def test_the_release_command_runs_exactly_once_in_a_hundred_releases(project: Local) -> None:
    for number in range(100):
        project.configure(releaseCommand=marking(project), env={"NUMBER": str(number)})
        project.up()
    assert project.marks() == [str(number) for number in range(100)]
    assert project.release_numbers() == list(range(100, 0, -1))


def test_a_worker_starts_after_the_release_command_and_has_a_release_record(project: Local) -> None:
    project.configure(releaseCommand=marking(project, "sleep 3;"), env={"NUMBER": "1"}, workers={"mail": "sleep 1000"})
    project.up()
    ecs = project.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    command_ended_at = (project.folder / "ran").stat().st_mtime
    for task in ecs.describe_tasks(cluster=cluster, tasks=ecs.list_tasks(cluster=cluster)["taskArns"])["tasks"]:
        assert task["createdAt"].timestamp() >= command_ended_at
    ssm = project.client("ssm")
    for family in ("app-web", "app-mail"):
        assert len(list(releases(ssm, release_parameter(cluster, family)))) == 1
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=command_parameter(cluster, "app-mail"))


def test_a_worker_that_does_not_start_fails_the_update_after_the_web_service_is_recorded(project: Local) -> None:
    """Only this test proves that a worker without its Redis keeps neither the web service nor its record back."""
    crash = "echo 'Error 111 connecting to localhost:6379'; exit 3"
    project.configure(env={"SHOWN": "first"}, workers={"queue": crash})
    for number, shown in enumerate(["first", "second"], 1):
        project.configure(env={"SHOWN": shown}, workers={"queue": crash})
        output = project.up(fails=True)
        for words in (
            "app-queue:",
            "Cause (crash)",
            "exit code 3",
            "Error 111 connecting",
            "  app-web-",
            "1 of 1 tasks run",
        ):
            assert words in output
        project.url = next(line.split()[0] for line in output.splitlines() if line.startswith("https://"))
        assert output.splitlines()[-1] == f"{project.url} answers on /up."
        wait_for_page(project, shown)
        ecs = project.client("ecs")
        (cluster,) = ecs.list_clusters()["clusterArns"]
        recorded = list(releases(project.client("ssm"), release_parameter(cluster, "app-web")))
        assert len(recorded) == number
    project.configure(env={"SHOWN": "third"}, workers={"queue": "sleep 1000"})
    project.up()
    wait_for_page(project, "third")
