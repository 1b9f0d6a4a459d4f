"""Tests of `flask-on-aws dev`, which serves every saved change."""

import re
import signal
import subprocess
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from flask_on_aws.build_plan.node.build import NodeBuild
from flask_on_aws.build_plan.plan import BuildPlan, plan_build
from flask_on_aws_cli.local_aws.commands.dev import ChangeFilter, needs_build, update_copy
from flask_on_aws_cli.local_project.project import find_local_aws, open_local_aws
from watchfiles import Change

from tests.waiting import SECONDS, until

from .test_releases import COMMAND, UP_SECONDS, Local, down


class Dev:
    """The running command and its output."""

    def __init__(self, local: Local) -> None:
        self._process = subprocess.Popen(
            [COMMAND[0], "dev"], cwd=local.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.output = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.output += line

    def wait_for(self, pattern: str, seconds: float = SECONDS) -> re.Match[str]:
        return until(lambda: re.search(pattern, self.output), lambda: self.output, seconds=seconds)

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        self._reader.join()


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Local]:
    local = Local(tmp_path / "project")
    local.configure(env={"SHOWN": "deployed"})
    yield local
    down(local)


def page(local: Local) -> str:
    try:
        return local.get()
    except urllib.error.HTTPError as error:
        return str(error.code)


def test_every_saved_change_is_served_until_dev_ends_and_the_deployed_code_returns(project: Local) -> None:
    """Only this test proves `flask-on-aws dev`."""
    server = project.folder / "shop" / "server.py"
    open_local_aws(project.folder, "us-east-1", "container")  # as after `up --runtime container`
    dev = Dev(project)
    try:
        project.url = dev.wait_for(r"(?s)every save takes effect at once.*?\n(https://\S+) answers 200", UP_SECONDS)[1]
        assert project.get() == "deployed"
        text = server.read_text()
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"written"'))
        dev.wait_for(r"(?s)changed: server\.py\n.* answers 200 after")
        assert page(project) == "written"

        server.write_text(text.replace('os.environ.get("SHOWN", "")', "mistaken mistaken"))
        dev.wait_for(r"SyntaxError: invalid syntax")
        assert page(project) == "502"
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"corrected"'))
        until(lambda: page(project) == "corrected", state=lambda: dev.output)
        assert project.service()["deployments"][0]["failedTasks"] == 0  # ECS does not notice the failure

        (project.folder / "shop" / "Procfile").write_text("web: SHOWN=procfile python server.py\n")
        server.write_text(text)
        dev.wait_for(r"changed: Procfile")
        until(lambda: page(project) == "procfile", state=lambda: dev.output)  # after a rolling deployment
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"again"'))
        until(lambda: page(project) == "again", state=lambda: dev.output)
    finally:
        dev.end()
    assert "The last deployed code runs again" in dev.output
    local_aws = find_local_aws(project.folder)
    assert local_aws is not None
    assert local_aws.runtime == "container"  # for the next `up`
    until(lambda: page(project) == "procfile", state=lambda: dev.output)


def test_changes_that_need_a_build_are_detected(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("flask\n")
    (tmp_path / "Procfile").write_text("web: flask run\n")
    plan = plan_build(tmp_path)

    def needs(*names: str, of: BuildPlan = plan) -> bool:
        return needs_build(of, [PurePosixPath(name) for name in names])

    assert not needs("app.py", "templates/a.html", "static/a.css")
    assert needs("app.py", "requirements.txt")
    assert needs("Procfile")
    assert needs(".python-version")
    node = BuildPlan(node=NodeBuild("22", ("package.json",), "npm ci"))
    assert not needs("app.py", "templates/a.html", of=node)
    assert needs("assets/a.scss", of=node)
    assert needs("app.py", of=BuildPlan(installs_project=True))


def test_a_virtual_environment_is_neither_copied_nor_followed(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    (source / "new" / "env" / "lib").mkdir(parents=True)
    (source / "new" / "env" / "pyvenv.cfg").touch()
    (source / "new" / "app.py").touch()
    update_copy(source / "new", copy / "new", source)
    assert [path.name for path in (copy / "new").iterdir()] == ["app.py"]
    follows = ChangeFilter(source)
    assert follows(Change.added, str(source / "new" / "app.py"))
    for name in ("new/env/lib/a.py", "new/env", "venv/a.py", ".env", ".flask-on-aws/1/Dockerfile"):
        assert not follows(Change.added, str(source / name))


def test_the_copy_follows_changed_and_deleted_files_and_folders(tmp_path: Path) -> None:
    source, copy = tmp_path / "source", tmp_path / "copy"
    (source / "new").mkdir(parents=True)
    (source / "new" / "a.py").write_text("1")
    update_copy(source / "new", copy / "new")
    update_copy(source / "new" / "a.py", copy / "deep" / "a.py")
    assert (copy / "new" / "a.py").read_text() == (copy / "deep" / "a.py").read_text() == "1"
    update_copy(source / "gone.py", copy / "deep" / "a.py")
    update_copy(source / "gone", copy / "new")
    update_copy(source / "gone", copy / "never")
    assert list(copy.rglob("*.py")) == []
