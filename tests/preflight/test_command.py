"""`flask-on-aws preflight` as a command: builds, a database of its own, reports, and what it leaves behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import psutil
import pytest
from flask_on_aws_cli.local_project.ports import free_port

from tests.waiting import HANG_SECONDS

from .broken import GOOD, GUNICORN, REQUIREMENTS, SLOW
from .conftest import HERE, open_folder, write_app

ROOT = Path(__file__).parents[2]
COMMAND = str(Path(sys.executable).with_name("flask-on-aws"))
# libpq as that package brings it was built without TLS, as some are that people compile themselves.
WITHOUT_TLS = "psycopg==3.3.9\npgserver==0.1.4\n"


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Where the command makes its folders."""
    folder = open_folder()
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def start(scratch, *arguments, **options):
    command = [COMMAND, "preflight", *map(str, arguments), "--runner", "process", "--python-version", HERE]
    # A proxy's certificates are for builds; credentials would be asked for quotas.
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**known, "TMPDIR": str(scratch), "AWS_EC2_METADATA_DISABLED": "true"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, **options)


def run(scratch, *arguments, **options):
    process = start(scratch, *arguments, "--json", "--port", free_port(), **options)
    told = json.loads(process.communicate(timeout=HANG_SECONDS)[0])
    assert told["passed"] == (process.returncode == 0)
    assert left(scratch) == ([], [])
    return {check["name"]: check for check in told["checks"]}


def left(scratch):
    """Processes and files that are still there."""
    return [one.pid for one in psutil.process_iter() if in_folder(one, scratch)], list(scratch.iterdir())


def in_folder(process, folder):
    try:
        return process.cwd().startswith(str(folder))
    except psutil.Error:
        return False


def failures(checks):
    return {name: check["cause"] for name, check in checks.items() if check["status"] == "failed"}


def test_the_bundled_app_passes_every_check(scratch, tmp_path):
    checks = run(scratch, ROOT / "app_template", "--junit", tmp_path / "preflight.xml")
    assert failures(checks) == {}
    skipped = {name for name, check in checks.items() if check["status"] == "not checked"}
    assert skipped == {"architecture", "certificates", "delegation", "CAA", "quotas"}
    assert "psycopg connects to DATABASE_URL with TLS" in checks["database"]["message"]
    suite = ElementTree.parse(tmp_path / "preflight.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == (str(len(checks)), "0")


def test_an_app_that_says_nothing_of_its_start(scratch, tmp_path):
    folder = write_app(tmp_path / "app")
    (folder / "Procfile").unlink()
    checks = run(scratch, folder)
    assert failures(checks) == {"build plan": "no start command"}
    assert "Procfile (there is none)" in checks["build plan"]["message"]
    assert "web: gunicorn" in checks["build plan"]["fix"]


def test_a_package_that_is_nowhere(scratch, tmp_path):
    checks = run(scratch, write_app(tmp_path / "app", requirements="flask==0.0.0.1\n"))
    assert failures(checks) == {"build": "build failed"}
    assert any("flask==0.0.0.1" in line for line in checks["build"]["evidence"])
    assert checks["build"]["message"].endswith("the package index has no flask 0.0.0.1 that fits")


def test_a_server_that_is_not_required(scratch, tmp_path):
    checks = run(scratch, write_app(tmp_path / "app", requirements="flask==3.1.2\n"))
    assert failures(checks) == {"starts": "start command not found"}
    assert checks["starts"]["fix"].startswith("add the package that provides gunicorn to the dependencies")


@pytest.mark.skipif(HERE not in ("3.11", "3.12"), reason="there is no libpq without TLS for this Python")
def test_a_driver_without_tls(scratch, tmp_path):
    folder = write_app(tmp_path / "app", requirements=REQUIREMENTS + WITHOUT_TLS)
    library = f"../venv/lib/python{HERE}/site-packages/pgserver/pginstall/lib"
    checks = run(scratch, folder, "--env", f"LD_LIBRARY_PATH={library}", "--env", "PSYCOPG_IMPL=python")
    assert failures(checks) == {"database": "database driver without TLS"}
    assert "SSL support is not compiled in" in "".join(checks["database"]["evidence"])
    assert "psycopg[binary]" in checks["database"]["fix"]


def test_a_stack_s_settings_count(scratch, tmp_path):
    code = GOOD.replace("/up", "/health") + "\nassert os.environ['COLOUR'] == 'red' and os.environ['STRIPE_KEY']\n"
    write_app(tmp_path / "shop", code)
    project = tmp_path / "infra"
    project.mkdir()
    (project / "Pulumi.yaml").write_text("name: infra\nruntime: python\nconfig:\n  app:\n    default: ../shop\n")
    (project / "Pulumi.prod.yaml").write_text(
        "config:\n  infra:healthCheckPath: /health\n  infra:database: none\n  infra:env:\n    COLOUR: red\n"
        "  infra:secretValues:\n    STRIPE_KEY:\n      secure: v1:abc:def\n"
    )
    checks = run(scratch, "--stack", "prod", cwd=project)
    assert failures(checks) == {}
    assert checks["health"]["message"].startswith("answers 200 on /health")
    assert checks["database"]["message"] == "the stack has none"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_it_is_ended(scratch, tmp_path, number):
    folder = write_app(tmp_path / "app", GOOD + SLOW)
    process = start(scratch, folder, "--port", free_port())
    until = time.monotonic() + 120
    while not any("gunicorn" in " ".join(command(one)) for one in psutil.process_iter() if in_folder(one, scratch)):
        assert time.monotonic() < until
        time.sleep(0.1)
    process.send_signal(number)
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode != 0
    assert left(scratch) == ([], [])


def command(process):
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--env", "COLOUR"], "--env: 'COLOUR' must have the form NAME=VALUE."),
        (["--stack", "prod"], "which --stack needs"),
        (["--settings", "-"], "--settings: must be a JSON object of strings ("),
        (["--runner", "container"], "no Docker engine answers"),
        (["--port", "x"], "'x' is not a valid integer"),
    ],
)
@pytest.mark.parametrize("more", [[], ["--json"]])
def test_what_keeps_checks_from_being_made_is_told_by_another_exit_code(tmp_path, arguments, sentence, more):
    if "container" in arguments and shutil.which("docker") is None:
        sentence = "there is no docker command on this machine"
    done = subprocess.run(
        [COMMAND, "preflight", *arguments, *more],
        cwd=tmp_path,
        env=os.environ | {"DOCKER_HOST": "unix:///nonexistent"},
        capture_output=True,
        text=True,
        input="[1]",
    )
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_an_update_tells_settings_by_standard_input_and_hears_of_every_check(tmp_path, scratch):
    write_app(tmp_path / "app", GOOD.replace("/up", "/health"))
    settings = {"healthCheckPath": "/health", "database": "none", "env": '{"COLOUR": "red"}', "port": str(free_port())}
    process = start(
        scratch,
        *(tmp_path / "app", "--settings", "-", "--before-push", "--json"),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, errors = process.communicate(json.dumps(settings), timeout=HANG_SECONDS)
    told = json.loads(out)
    assert process.returncode == 0
    assert [check["text"] for check in told["checks"]] == errors.splitlines()
    assert any("answers 200 on /health" in line for line in errors.splitlines())
    # The update itself asks the domain's and the account's.
    assert {"delegation", "CAA", "quotas"}.isdisjoint(check["name"] for check in told["checks"])


def test_an_update_stops_where_the_load_balancer_would_get_404_and_the_path_is_recorded(tmp_path, scratch):
    folder = write_app(tmp_path / "app", GOOD.replace("/up", "/health"))
    environment = {**os.environ, "HOME": str(tmp_path), "TMPDIR": str(scratch)}
    arguments = ("preflight", folder, "--settings", "-", "--before-push", "--json", "--runner", "process")
    for setting, code in ({"healthCheckPath": "auto"}, 1), ({}, 1), ({"healthCheckPath": "/health"}, 0):
        settings = {"database": "none", "port": str(free_port()), "pythonVersion": HERE, **setting}
        done = subprocess.run(
            [COMMAND, *map(str, arguments)],
            input=json.dumps(settings),
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
        checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
        assert done.returncode == code, setting
        assert failures(checks) == ({"health": "health path missing"} if code else {})
        assert ("pulumi config set healthCheckPath /health" in checks["health"]["fix"]) == bool(code)
    recorded = json.loads((tmp_path / ".cache" / "flask-on-aws" / "health-paths.json").read_text())
    assert recorded == {str(folder): "/health"}


def test_the_start_command_of_an_option_comes_first(scratch, tmp_path):
    folder = write_app(tmp_path / "app", command="false")
    checks = run(scratch, folder, "--start-command", GUNICORN, "--watch-seconds", "1")
    assert failures(checks) == {}
