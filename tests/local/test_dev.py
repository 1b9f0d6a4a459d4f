"""`flask-on-aws dev`: what is saved is what answers."""

import re
import signal
import subprocess
import threading
import urllib.error
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest
from flask_on_aws.build_plan.node_build import NodeBuild
from flask_on_aws.build_plan.plan import BuildPlan, plan_build
from flask_on_aws_cli.local_aws.commands.dev import needs_build, update_copy
from flask_on_aws_cli.local_project.project import find_local_aws, open_local_aws

from .cloud import until
from .test_releases import COMMAND, UP_SECONDS, Local, down


class Dev:
    """The command, running, and all that it has said."""

    def __init__(self, local: Local) -> None:
        self._process = subprocess.Popen(
            [COMMAND[0], "dev"], cwd=local.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self.said += line

    def wait_for(self, pattern: str, seconds: float = 60) -> re.Match[str]:
        return until(lambda: re.search(pattern, self.said), seconds, lambda: self.said)

    def end(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(20)
        self._reader.join()


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Local]:
    local = Local(tmp_path / "project")
    local.configure(env={"SHOWN": "deployed"})
    yield local
    down(local)


def page(local: Local) -> str:
    try:
        return local.get()
    except urllib.error.HTTPError as error:
        return str(error.code)


def test_every_save_is_there_and_what_was_deployed_is_back_in_the_end(own: Local) -> None:
    """Only this test proves `flask-on-aws dev`."""
    server = own.folder / "shop" / "server.py"
    open_local_aws(own.folder, "us-east-1", "container")  # what `up --runtime container` leaves behind
    dev = Dev(own)
    try:
        own.url = dev.wait_for(r"(?s)every save takes effect at once.*?\n(https://\S+) answers 200", UP_SECONDS)[1]
        assert own.get() == "deployed"
        text = server.read_text()
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"written"'))
        dev.wait_for(r"(?s)changed: server\.py\n.* answers 200 after")
        assert page(own) == "written"

        server.write_text(text.replace('os.environ.get("SHOWN", "")', "mistaken mistaken"))
        dev.wait_for(r"SyntaxError: invalid syntax")
        assert page(own) == "502"
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"corrected"'))
        until(lambda: page(own) == "corrected", what=lambda: dev.said)
        assert own.service()["deployments"][0]["failedTasks"] == 0  # ECS knows nothing of it

        (own.folder / "shop" / "Procfile").write_text("web: SHOWN=procfile python server.py\n")
        server.write_text(text)
        dev.wait_for(r"changed: Procfile", 20)
        until(lambda: page(own) == "procfile", 90, lambda: dev.said)  # by a rolling deployment
        server.write_text(text.replace('os.environ.get("SHOWN", "")', '"again"'))
        until(lambda: page(own) == "again", what=lambda: dev.said)
    finally:
        dev.end()
    assert "The last deployed code runs again" in dev.said
    place = find_local_aws(own.folder)
    assert place is not None
    assert place.runtime == "container"  # for the next `up`
    until(lambda: page(own) == "procfile", what=lambda: dev.said)


def test_a_change_that_needs_a_build_is_known(tmp_path: Path) -> None:
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


def test_the_copy_follows_files_and_folders(tmp_path: Path) -> None:
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
