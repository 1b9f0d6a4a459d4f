"""Releases of a small app on a running local AWS: a failure is reported with its cause, and no visitor notices."""

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

from .cloud import until
from .load import Load

COMMAND = [str(Path(sys.executable).parent / "flask-on-aws"), "local"]
# A failing health check takes ECS three starts of half a minute each; other tests may share the machine.
UP_SECONDS = 400
SERVER = """
import http.server, os, signal, sys, threading, time
mode = os.environ.get("MODE", "")
print("mode", mode, flush=True)
if mode == "crash":
    sys.exit("no module named shop")
if mode == "hog":
    held = bytearray(700 * 1024 * 1024)
if mode == "slow":
    time.sleep(600)
# The load balancer still routes here for a moment, as AWS's does: what drain.py does for a real app.
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
    "preflight": "never",  # as Pulumi.local.yaml has it
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
        # An ARM64 program's first 20 bytes, as any file of one begins.
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
        said, _ = process.communicate(timeout=UP_SECONDS)
        assert (process.returncode != 0) == fails, said
        if not fails:
            self.url = next(line.split()[0] for line in said.splitlines() if line.startswith("https://"))
        return said

    def get(self) -> str:
        context = ssl.create_default_context(cafile=str(self.folder / ".local-aws" / "ca" / "ca.pem"))
        with urllib.request.urlopen(self.url, context=context, timeout=20) as answer:
            return answer.read().decode()

    def ask(self) -> int:
        """A good answer's status; others are raised."""
        self.get()
        return 200

    @property
    def place(self) -> Location:
        """Where its local AWS is."""
        found = find_local_aws(self.folder)
        assert found is not None
        return found.location

    def client(self, service: str) -> Any:
        return client(self.place, service)

    def service(self) -> dict[str, Any]:
        ecs = self.client("ecs")
        (cluster,) = ecs.list_clusters()["clusterArns"]
        (service,) = ecs.list_services(cluster=cluster)["serviceArns"]
        return ecs.describe_services(cluster=cluster, services=[service])["services"][0]

    def numbers(self) -> list[int]:
        """The releases that are recorded."""
        name = release_parameter(self.service()["clusterArn"], "app-web")
        return [release.number for release in releases(self.client("ssm"), name)]

    def marks(self) -> list[str]:
        """What the release command wrote, one line for each time that it ran."""
        file = self.folder / "ran"
        return file.read_text().splitlines() if file.exists() else []


def down(local: Local) -> None:
    subprocess.run([*COMMAND, "down"], cwd=local.folder, capture_output=True, check=False)


@contextmanager
def deployed(folder: Path) -> Iterator[Local]:
    """A project that is up."""
    local = Local(folder)
    local.configure()
    try:
        local.up()
        yield local
    finally:
        down(local)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """A stack that several tests break and mend."""
    with deployed(tmp_path_factory.mktemp("releases") / "project") as local:
        yield local


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Local]:
    """A stack of the test's own, with a release command that leaves a mark."""
    local = Local(tmp_path / "project")
    yield local
    down(local)


class Broken(NamedTuple):
    settings: dict[str, Any]
    says: tuple[str, ...]


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
            "acceptDataLoss": ["app-image"],  # a ready image ends the repository
        },
        ("Cause (image not found)", "shop@sha256:000"),
    ),
    "release command": Broken({"releaseCommand": "echo half; exit 3"}, ("exit code 3", "half", "serves on")),
    "hanging command": Broken(
        {"releaseCommand": "sleep 300", "releaseSeconds": 10}, ("did not end within 10 s", "serves on")
    ),
}


def wait_for_page(local: Local, text: str) -> None:
    """A release is done when its tasks get requests; those of the old one may get some for a moment more."""
    until(lambda: local.get() == text, seconds=10, what=local.get)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_release_fails_the_update_with_its_cause_and_the_old_one_serves_on(shop: Local, name: str) -> None:
    recorded = shop.numbers()
    shop.configure(**BROKEN[name].settings)
    with Load(shop.ask) as load:
        said = shop.up(fails=True)
    for words in BROKEN[name].says:
        assert words in said
    load.check(at_least=20)
    assert shop.numbers() == recorded
    # The next good update heals, and is a release of its own.
    shop.configure(env={"SHOWN": name})
    shop.up()
    wait_for_page(shop, name)
    assert shop.numbers() == [recorded[0] + 1, *recorded]


def test_what_was_missing_and_is_there_now_is_deployed_by_the_same_update_again(shop: Local) -> None:
    """The program is unchanged, so nothing but the missing record makes the update look at the service."""
    shop.configure(secrets={"LATE": "arn:aws:ssm:us-east-1:123456789012:parameter/late"})
    shop.up(fails=True)
    shop.client("ssm").put_parameter(Name="late", Value="now", Type="String")
    said = shop.up()
    assert "is deployed again" in said
    assert shop.service()["deployments"][0]["rolloutState"] == "COMPLETED"


def marking(own: Local, more: str = "") -> str:
    """A release command that writes what it ran for."""
    return f'{more} printf "%s\\n" "$NUMBER" >> {own.folder}/ran'


def test_the_release_command_runs_once_for_each_release(own: Local) -> None:
    """Only this test proves what counts as a release."""
    own.configure(releaseCommand=marking(own), env={"NUMBER": "1"})
    own.up()
    own.up()  # nothing has changed
    own.configure(releaseCommand=marking(own), env={"NUMBER": "1"}, minTasks=2)
    own.up()  # neither image, command nor environment has
    assert own.marks() == ["1"]
    own.configure(releaseCommand=marking(own), env={"NUMBER": "2"})
    own.up()
    own.configure(releaseCommand=marking(own), env={"NUMBER": "1"})
    own.up()  # an earlier release's content is a new release
    assert own.marks() == ["1", "2", "1"]


# Seconds after which the update is killed: while the program starts, the command runs, and tasks are replaced.
KILLED_AFTER = (1, 4, 6, 8)


@pytest.mark.parametrize("moments", [KILLED_AFTER, pytest.param([n / 2 for n in range(1, 25)], marks=pytest.mark.slow)])
def test_an_update_that_is_killed_leaves_no_release_command_out_and_runs_none_twice(
    own: Local, moments: Sequence[float]
) -> None:
    """Only this test proves that a killed update is taken up by the next."""
    own.configure(releaseCommand=marking(own), env={"NUMBER": "0"})
    own.up()
    for number, seconds in enumerate(moments, 1):
        own.configure(releaseCommand=marking(own, "sleep 2;"), env={"NUMBER": str(number), "SHOWN": str(number)})
        process = own.start()
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL if number % 2 else signal.SIGINT)
        process.wait()
        own.up()
        assert own.marks() == [str(ran) for ran in range(number + 1)]
        wait_for_page(own, str(number))


@pytest.mark.slow
def test_the_release_command_runs_exactly_once_in_a_hundred_releases(own: Local) -> None:
    for number in range(100):
        own.configure(releaseCommand=marking(own), env={"NUMBER": str(number)})
        own.up()
    assert own.marks() == [str(number) for number in range(100)]
    assert own.numbers() == list(range(100, 0, -1))


def test_a_worker_waits_for_the_release_command_and_has_a_record(own: Local) -> None:
    own.configure(releaseCommand=marking(own, "sleep 3;"), env={"NUMBER": "1"}, workers={"mail": "sleep 1000"})
    own.up()
    ecs = own.client("ecs")
    (cluster,) = ecs.list_clusters()["clusterArns"]
    ended = (own.folder / "ran").stat().st_mtime
    for task in ecs.describe_tasks(cluster=cluster, tasks=ecs.list_tasks(cluster=cluster)["taskArns"])["tasks"]:
        assert task["createdAt"].timestamp() >= ended
    ssm = own.client("ssm")
    for family in ("app-web", "app-mail"):
        assert len(list(releases(ssm, release_parameter(cluster, family)))) == 1
    with pytest.raises(ssm.exceptions.ParameterNotFound):
        ssm.get_parameter(Name=command_parameter(cluster, "app-mail"))
