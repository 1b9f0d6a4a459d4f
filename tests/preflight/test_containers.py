"""The same checks in containers of a real Docker engine, run as Fargate runs them."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import PlanSettings
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.containers.container_app import ContainerApp
from flask_on_aws_cli.preflight.run import preflight
from flask_on_aws_cli.preflight.settings import AppSettings
from flask_on_aws_cli.shared.docker_engine import engine_problem

from tests.waiting import HANG_SECONDS

from .broken import BROKEN, FORM, GOOD, GUNICORN, REQUIREMENTS, SLOW, view
from .conftest import write_app

pytestmark = pytest.mark.docker

# A user's own image without a word about users, volumes or certificates.
PLAIN = """FROM python:3.13-slim-trixie
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
CMD ["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"]
"""
CONNECTS = """
import psycopg
psycopg.connect(os.environ["DATABASE_URL"]).execute("SELECT 1")
"""
# Nothing but the database: not the world, and not this machine.
ASKS_THE_WORLD = """
import socket
try:
    socket.create_connection(("1.1.1.1", 53), 3)
except OSError as error:
    print("no way out:", error, flush=True)
else:
    sys.exit("there is a way out")
"""


@pytest.fixture(scope="module", autouse=True)
def docker_engine():
    why = engine_problem("x86_64")
    if why:
        pytest.skip(why)


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True).stdout


def run(folder, **known):
    given = {
        "startup_seconds": 40,
        "stop_seconds": 20,
        "watch_seconds": 1,
        "services": frozenset(),
        "cpu": 1024,
        **known,
    }
    result = preflight(AppSettings(folder, **given), "container", lambda _: None)
    checks = {check.name: check for check in result.checks}
    base = re.search(r"failed to resolve source metadata for (\S+):", "\n".join(checks["build"].evidence))
    if base:
        pytest.skip(f"the base image {base[1]} cannot be had here")
    check_nothing_is_left(os.getpid())
    return checks


def check_nothing_is_left(process: int):
    mark = ("--filter", f"label=flask-on-aws.preflight={process}")
    assert docker("container", "ls", "--all", "--quiet", *mark) == ""
    assert docker("network", "ls", "--quiet", *mark) == ""
    assert docker("volume", "ls", "--quiet", *mark) == ""
    tags = docker("image", "ls", "--format", "{{.Tag}}", "flask-on-aws-preflight").split()
    assert [tag for tag in tags if tag.startswith(f"{process}-")] == []


def failures(checks):
    return {name: check.cause for name, check in checks.items() if check.status is Status.FAILED}


def test_a_good_app_passes_with_its_database_and_no_other_network(tmp_path):
    requirements = f"{REQUIREMENTS}psycopg[binary]==3.3.9\n"
    folder = write_app(tmp_path / "app", GOOD + FORM + CONNECTS + ASKS_THE_WORLD, requirements=requirements)
    # As in the stack, the command runs without the package manager, which is not in the image.
    checks = run(folder, services=frozenset({"database"}), plan=PlanSettings(start_command=f"poetry run {GUNICORN}"))
    if checks["database"].status is Status.NOT_CHECKED:
        pytest.skip(checks["database"].message)
    assert failures(checks) == {}
    assert "psycopg connects to DATABASE_URL with TLS" in checks["database"].message
    assert checks["user"].message == "runs as 10001:10001"
    for name in ("architecture", "certificates", "listens", "health", "forwarded address", "stops", "draining"):
        assert checks[name].status is Status.PASSED


@pytest.mark.parametrize(("engine", "version"), [("mysql", "8.4"), ("mariadb", "11.4")])
def test_an_app_on_mysql_reaches_the_image_of_its_database(tmp_path, engine, version):
    requirements = f"{REQUIREMENTS}sqlalchemy==2.0.44\npymysql==1.2.4\n"
    connects = "import sqlalchemy\nsqlalchemy.create_engine(os.environ['DATABASE_URL']).connect()\n"
    folder = write_app(tmp_path / "app", GOOD + connects, requirements=requirements)
    database = {"database_engine": engine, "database_version": version, "database_scheme": "mysql+pymysql"}
    checks = run(folder, services=frozenset({"database"}), **database)
    if checks["database"].status is Status.NOT_CHECKED:
        pytest.skip(checks["database"].message)
    assert failures(checks) == {}
    assert checks["database"].message == "pymysql connects to DATABASE_URL with TLS, the certificate verified"


# Those whose cause is in the log alone are found in a process by the same code: test_broken_apps.py.
BY_THE_LOG = [pytest.param(name, marks=pytest.mark.slow) for name in ("wrong-port", "no-such-command", "variable")]


@pytest.mark.parametrize("name", ["wrong-interface", "needs-root", "writes-at-start", "sqlite", *BY_THE_LOG])
def test_the_cause_is_found_as_in_a_process(tmp_path, name):
    app = BROKEN[name]
    folder = write_app(tmp_path / "app", app.code, app.command)
    checks = run(folder, **{**app.settings, "startup_seconds": 15})
    assert failures(checks)[app.check] is app.cause
    # A process gets another port than 8080 if that is taken, and its own folder is not /app.
    assert app.says.partition(":")[0] in checks[app.check].message
    assert set(failures(checks)) <= {app.check, *app.also}


def test_the_disk_is_read_only_but_for_scratch(tmp_path):
    body = 'open("/tmp/scratch", "w"); open("/app/hits.txt", "w"); return "up"'
    checks = run(write_app(tmp_path / "app", view(body)))
    assert failures(checks) == {"health": Cause.WRITES_TO_DISK, "disk": Cause.WRITES_TO_DISK}
    assert "/app/hits.txt" in checks["disk"].message
    assert "Read-only file system" in "".join(checks["disk"].evidence)


def test_a_volume_that_the_image_does_not_declare_is_root_s(tmp_path):
    folder = write_app(tmp_path / "app", view('open("/cache/x", "w"); return "up"'))
    assert failures(run(folder, writable_paths=("/tmp", "/cache"))) == {}  # the plan's image declares it
    (folder / "Dockerfile").write_text(PLAIN)
    checks = run(folder, writable_paths=("/tmp", "/cache"))
    assert failures(checks)["disk"] is Cause.WRITES_TO_DISK
    assert "Permission denied: '/cache/x'" in "".join(checks["disk"].evidence)
    assert "/cache is in writablePaths, but" in checks["disk"].fix
    assert "and VOLUME /cache" in checks["disk"].fix


def test_an_image_of_root_s_is_tried_without_root(tmp_path):
    folder = write_app(tmp_path / "app")
    (folder / "Dockerfile").write_text(PLAIN)
    checks = run(folder)
    assert failures(checks) == {}
    assert checks["user"].message == "its image runs as root; it is run as 10001 instead"
    (folder / "app.py").write_text(GOOD + "os.chown('/tmp', 0, 0)")
    assert failures(run(folder))["starts"] is Cause.NEEDS_ROOT


def test_memory_is_the_task_s(tmp_path):
    folder = write_app(
        tmp_path / "app", GOOD + "held = bytearray(300 << 20)\nheld[::4096] = b'x' * len(held[::4096])\n"
    )
    checks = run(folder, memory=256, plan=PlanSettings(start_command="python app.py"))
    assert failures(checks) == {"starts": Cause.OUT_OF_MEMORY}


def test_the_certificates_must_be_where_the_dockerfile_says(tmp_path):
    folder = write_app(tmp_path / "app", command=GUNICORN)
    (folder / "Dockerfile").write_text(f"{PLAIN}ENV PGSSLROOTCERT=/etc/rds-ca/rds-ca-bundle.pem\n")
    assert failures(run(folder, services=frozenset({"database"}))) == {"certificates": Cause.NO_CERTIFICATES}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_ended(tmp_path, number):
    folder = write_app(tmp_path / "app", GOOD + SLOW)
    command = [str(Path(sys.executable).with_name("flask-on-aws")), "preflight", str(folder), "--runner", "container"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if " release command " in line:  # the last check before the app starts
            break
    until = time.monotonic() + 60
    while (
        len(docker("container", "ls", "--quiet", "--filter", f"label=flask-on-aws.preflight={process.pid}").split()) < 2
    ):  # database and app
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode != 0
    check_nothing_is_left(process.pid)


@pytest.mark.parametrize(
    ("handler", "code"),
    [
        ("", 143),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))", 0),
        ("signal.signal(15, signal.SIG_IGN)", None),
    ],
)
def test_without_an_init_process_sigterm_ends_what_it_would_end_on_ecs(handler, code):
    name = f"preflight-test-{os.getpid()}"
    script = f"import signal, sys, time\n{handler}\nprint('ready', flush=True)\ntime.sleep(60)"
    docker("run", "--detach", "--network", "none", "--name", name, "python:3.13-slim", "python", "-c", script)
    app = ContainerApp(name, 8080, AppSettings(Path()), (), init=False)
    try:
        until = time.monotonic() + 20
        while app.lines() != ["ready"] and time.monotonic() < until:
            time.sleep(0.1)
        app.terminate()
        until = time.monotonic() + 2
        while app.exit_code() is None and time.monotonic() < until:
            time.sleep(0.1)
        assert app.exit_code() == code
    finally:
        app.kill()
