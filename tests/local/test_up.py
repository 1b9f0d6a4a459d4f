"""`./up`'s command, from a copy of this repository's program to an app that answers, and what it promises."""

import hashlib
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT, copy_program

from .load import Load
from .runtimes import docker, engine_answers

COMMAND = [str(Path(sys.executable).parent / "flask-on-aws"), "local"]
# `up` takes half a minute on an idle machine with two processors; it may share them with other tests.
UP_SECONDS = 400


class Local:
    """A copy of the program with a local AWS of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = ""

    def run(self, *arguments: str, fails: bool = False) -> str:
        return self._run(COMMAND, *arguments, fails=fails)

    def operate(self, *arguments: str) -> str:
        """A command that finds the local AWS by itself."""
        return self._run(COMMAND[:1], *arguments)

    def _run(self, command: list[str], *arguments: str, fails: bool = False) -> str:
        done = subprocess.run(
            [*command, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False
        )
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        return done.stdout + done.stderr

    def up(self, *arguments: str) -> str:
        said = self.run("up", *arguments)
        self.url = next(line.split()[0] for line in said.splitlines() if line.startswith("https://"))
        return said

    def get(self, path: str) -> tuple[int, str]:
        context = ssl.create_default_context(cafile=str(self.folder / ".local-aws" / "ca" / "ca.pem"))
        try:
            with urllib.request.urlopen(self.url + path, context=context, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Local]:
    folder = tmp_path / "a project"
    copy_program(folder)
    (folder / "Pulumi.local.yaml").write_text((ROOT / "Pulumi.local.yaml").read_text())
    stack = Local(folder)
    yield stack
    subprocess.run([*COMMAND, "down"], cwd=folder, capture_output=True, check=False)


def test_the_stack_runs_deploys_without_a_lost_request_and_keeps_its_data(local: Local, tmp_path: Path) -> None:
    said = local.up()
    check_that_another_project_keeps_off(local, tmp_path / "another")
    assert "release command: " in said
    assert local.get("/up") == (200, "up\n")
    assert local.get("/up/databases")[0] == 200
    variables = dict(line.split("=", 1) for line in local.run("env").splitlines())
    assert variables["EXTERNAL_URL"] == local.url
    assert variables["EXTERNAL_HOSTNAME"] == "localhost"
    assert local.run("psql", "--", "-Atc", "SELECT count(*) FROM post").strip() == "0"
    local.run("psql", "--", "-c", "CREATE TABLE kept (id int)")

    (local.folder / "app_template" / "board" / "static" / "release.txt").write_text("a new release")
    with Load(lambda: local.get("/up/databases")[0]) as load:
        local.up()
    load.check(at_least=50)  # some 10 a second while tasks are replaced
    said = local.run("status")
    assert "1 of 1 tasks run" in said

    with Load(lambda: local.get("/up/databases")[0]) as load:
        assert "web runs release 1 again, recorded as release 3" in local.operate("rollback", "--yes")
    load.check(at_least=50)
    assert "rollback from 2 to 1" in local.operate("status")

    local.run("down")
    assert "does not run" in local.run("status", fails=True)
    said = local.up()
    assert "app-web was rolled back from release 2 to app-web:3." in said
    assert "nothing changed" in said
    assert local.run("psql", "--", "-Atc", "SELECT count(*) FROM kept").strip() == "0"
    local.run("destroy")
    assert not (local.folder / ".local-aws").exists()


@pytest.mark.docker
@pytest.mark.skipif(not engine_answers(), reason="no Docker engine answers")
def test_the_same_in_containers_of_the_real_image(local: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as nowhere:
        nowhere.setenv("DOCKER_HOST", "unix:///nowhere.sock")
        said = local.run("up", "--runtime", "container", fails=True)
        assert "No Docker engine answers at unix:///nowhere.sock" in said
        assert "the runtime process, which needs none" in said
    settings = local.folder / "Pulumi.local.yaml"
    settings.write_text(settings.read_text() + "  flask-on-aws:enableExec: true\n")
    assert "release command: " in local.up("--runtime", "container")
    assert local.get("/up/databases")[0] == 200
    assert "uid=10001" in local.operate("run", "--", "id")
    # The contract's variables are the same as in a process, paths and ports of the image's own excepted.
    inside = dict(line.split("=", 1) for line in local.run("exec", "env").splitlines() if "=" in line)
    assert (inside["PORT"], inside["EXTERNAL_URL"]) == ("8080", local.url)
    assert "sslrootcert=/etc/rds-ca/" in inside["DATABASE_URL"]

    (local.folder / "app_template" / "board" / "static" / "release.txt").write_text("a new release")
    with Load(lambda: local.get("/up/databases")[0]) as load:
        local.up()  # the runtime stays
    load.check(at_least=50)
    assert "uid=10001" in local.run("exec", "id")
    local.up("--runtime", "process")
    assert local.get("/up/databases")[0] == 200
    assert "uid=10001" not in local.run("exec", "id")
    local.run("destroy")
    mark = f"label=flask-on-aws.local={local.folder / '.local-aws'}"
    assert docker("ps", "--all", "--quiet", "--filter", mark) == ""
    assert not [name for name in docker("images", "--format", "{{.Repository}}").split() if name == image_name(local)]


def image_name(local: Local) -> str:
    return f"flask-on-aws-local/{hashlib.sha256(str(local.folder / '.local-aws').encode()).hexdigest()[:12]}"


def check_that_another_project_keeps_off(local: Local, other: Path) -> None:
    """One of another user, say, of whose ports this user's projects know nothing."""
    copy_program(other)
    (other / ".local-aws").mkdir()
    shutil.copy(local.folder / ".local-aws" / "place.json", other / ".local-aws")
    for command in ("up", "status", "env", "destroy"):
        said = Local(other).run(command, fails=True)
        assert f"is taken by the local AWS in {local.folder}" in said
