"""Tests of `local up`, the command of `./up`, with a copy of this repository's program."""

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import httpx
import pytest

from tests.e2e.stacks import copy_program
from tests.waiting import until

from .conftest import client
from .load import Load
from .project import COMMAND, UP_SECONDS, Local
from .runtimes import docker, has_docker_engine


def test_up_deploys_without_a_lost_request_and_keeps_the_data(local: Local, tmp_path: Path) -> None:
    """Only this test proves that `./up` deploys, updates and rolls back the complete template as processes."""
    job = {"name": "beat", "schedule": "rate(1 minute)", "command": "flask --version && echo $EXTERNAL_URL"}
    local.configure(jobs=[job])
    output = local.up()
    check_that_another_project_cannot_use_its_ports(local, tmp_path / "another")
    assert "release command: " in output
    assert local.get("/up") == (200, "up\n")
    assert local.get("/up/databases")[0] == 200
    variables = local.variables()
    assert variables["EXTERNAL_URL"] == local.url
    assert variables["EXTERNAL_HOSTNAME"] == "localhost"
    check_that_a_shell_gets_the_environment(local, variables)
    assert local.rows("SELECT count(*) FROM post") == ["0"]
    local.run("psql", "--", "-c", "CREATE TABLE stored (id int)")
    check_that_a_tunnel_leads_to_the_database(local)

    change(local, "a new release")
    with Load(lambda: local.get("/up/databases")[0]) as load:
        local.up()
    load.check(at_least=50)  # about 10 per second while tasks are replaced
    output = local.run("status")
    assert "1 of 1 tasks run" in output

    with Load(lambda: local.get("/up/databases")[0]) as load:
        assert "web runs release 1 again, recorded as release 3" in local.operate("rollback", "--yes")
    load.check(at_least=50)
    assert "rollback from 2 to 1" in local.operate("status")

    until(
        lambda: "succeeded" in local.operate("jobs", "history", "beat"),
        state=lambda: local.operate("jobs", "history", "beat") + local.run("status"),
    )
    assert local.url in local.operate("jobs", "run", "beat")

    local.run("down")
    assert "is not running" in local.run("status", fails=True)
    output = local.up()
    assert "app-web was rolled back from release 2 to app-web:3." in output
    assert "nothing changed" in output
    assert local.rows("SELECT count(*) FROM stored") == ["0"]
    local.run("destroy")
    assert not (local.folder / ".local-aws").exists()


def check_that_a_tunnel_leads_to_the_database(local: Local) -> None:
    """The database as from another network: with the API alone, and the certificate verified."""
    location = local.local_aws.location
    (cluster,) = client(location, "ecs").list_clusters()["clusterArns"]
    environment = {
        **os.environ,
        "AWS_ENDPOINT_URL": location.endpoint,
        "AWS_ACCESS_KEY_ID": location.access_key.id,
        "AWS_SECRET_ACCESS_KEY": location.access_key.secret,
    }
    options = ["--cluster", cluster.rsplit("/", 1)[-1], "--region", location.region]
    query = "SELECT ssl, current_user FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    psql = [COMMAND[0], "psql", *options, f"sslrootcert='{location.certificate}'", "-Atc", query]
    result = subprocess.run(psql, env=environment, cwd=local.folder, capture_output=True, text=True, check=False)
    assert result.stdout == "t|app\n", result.stderr
    assert result.stderr.startswith("starting a task of app-tunnel:1 for this tunnel"), result.stderr
    connect = f"""
import os, psycopg
with psycopg.connect(os.environ["DATABASE_URL"], sslrootcert={str(location.certificate)!r}) as connection:
    print(connection.execute("SELECT count(*) FROM stored").fetchone()[0], connection.info.hostaddr)
"""
    tunnel = [COMMAND[0], "tunnel", *options, "--", sys.executable, "-c", connect]
    result = subprocess.run(tunnel, env=environment, cwd=local.folder, capture_output=True, text=True, check=False)
    assert (result.stdout, result.returncode) == ("0 127.0.0.1\n", 0), result.stderr


@pytest.mark.slow
def test_no_request_of_10000_is_lost_in_three_deployments(local: Local) -> None:
    local.up()
    releases = [release(local)]
    with (
        httpx.Client(verify=local.trust, timeout=20) as visitor,  # keeps connections open, as browsers do
        Load(lambda: visitor.get(f"{local.url}/up/databases").status_code, threads=4) as load,
    ):
        for number in range(3):
            before = load.total
            change(local, str(number))
            local.up()
            releases.append(release(local))
            assert load.total - before > 500  # there were requests during the whole deployment
        until(lambda: load.total > 10_000, lambda: load.responses, seconds=UP_SECONDS)
    load.check(at_least=10_000)
    assert len(set(releases)) == 4, releases


@pytest.mark.docker
@pytest.mark.skipif(not has_docker_engine(), reason="no Docker engine is available")
def test_up_runs_and_replaces_containers_of_the_template_s_image(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this test proves that `./up` runs and updates the template's image in containers."""
    with monkeypatch.context() as nowhere:
        nowhere.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        output = local.run("up", "--runtime", "container", fails=True)
        assert "No Docker engine answers at unix:///nowhere.sock" in output
        assert "`--runtime process`, which needs none" in output
    local.configure(enableExec=True)
    assert "release command: " in local.up("--runtime", "container")
    assert local.get("/up/databases")[0] == 200
    assert "uid=10001" in local.operate("run", "--", "id")
    # The contract's variables are the same as in a process, except for the paths and ports of the image.
    inside = dict(line.split("=", 1) for line in local.run("exec", "env").splitlines() if "=" in line)
    assert (inside["PORT"], inside["EXTERNAL_URL"]) == ("8080", local.url)
    assert "sslrootcert=/etc/rds-ca/" in inside["DATABASE_URL"]

    change(local, "a new release")
    with Load(lambda: local.get("/up/databases")[0]) as load:
        local.up()  # without an option, the runtime stays the same
    load.check(at_least=50)
    assert "uid=10001" in local.run("exec", "id")
    local.up("--runtime", "process")
    assert local.get("/up/databases")[0] == 200
    assert "uid=10001" not in local.run("exec", "id")
    local.run("destroy")
    mark = f"label=flask-on-aws.local={local.folder / '.local-aws'}"
    assert docker("ps", "--all", "--quiet", "--filter", mark) == ""
    assert not [name for name in docker("images", "--format", "{{.Repository}}").split() if name == image_name(local)]


def check_that_a_shell_gets_the_environment(local: Local, variables: dict[str, str]) -> None:
    """`eval "$(./up env)"` sets each variable as the task has it, and PORT is the port of the task."""
    with urllib.request.urlopen(f"http://127.0.0.1:{variables['PORT']}/up") as response:
        assert response.status == 200
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f'eval "$({shlex.join([*COMMAND, "env"])})" && {shlex.join([sys.executable, "-c", program])}'
    done = subprocess.run(["sh", "-c", script], cwd=local.folder, capture_output=True, text=True, check=True)
    assert variables.items() <= json.loads(done.stdout).items()


def change(local: Local, text: str) -> None:
    """Change a file of the app, so that the next `up` is a release."""
    (local.folder / "app_template" / "board" / "static" / "release.txt").write_text(text)


def release(local: Local) -> str:
    """The release that responds."""
    return json.loads(local.get("/version")[1])["release"]


def image_name(local: Local) -> str:
    return f"flask-on-aws-local/{hashlib.sha256(str(local.folder / '.local-aws').encode()).hexdigest()[:12]}"


def check_that_another_project_cannot_use_its_ports(local: Local, other: Path) -> None:
    """Check the errors of a project with the same ports, for example that of another user."""
    copy_program(other)
    (other / ".local-aws").mkdir()
    shutil.copy(local.folder / ".local-aws" / "place.json", other / ".local-aws")
    for command in ("up", "status", "env", "destroy"):
        output = Local(other).run(command, fails=True)
        assert f"is in use by the local AWS in {local.folder}" in output
