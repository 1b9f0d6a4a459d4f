"""Ending a daemon from the outside."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.place import Place
from flask_on_aws_cli.local_project.project import LocalPlace

# A parent as a container has it that runs without an init process: what its children leave stays.
CARELESS = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def number_of(daemon: LocalPlace) -> int:
    return int((daemon.place.folder / "daemon.pid").read_text().split()[0])


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[LocalPlace]:
    """A place whose daemon is the child of a parent that never reaps."""
    place = LocalPlace(Place(tmp_path, 1, "us-east-1"), 1)
    with subprocess.Popen([sys.executable, "-c", CARELESS], stdout=subprocess.PIPE, text=True) as parent:
        number = int(parent.stdout.readline())
        (tmp_path / "daemon.pid").write_text(f"{number} {psutil.Process(number).create_time()}")
        yield place
        parent.kill()


def test_a_daemon_that_nobody_reaps_has_ended(daemon: LocalPlace) -> None:
    process = psutil.Process(number_of(daemon))
    assert daemon_control.is_running(daemon)
    assert daemon_control.end(daemon)
    assert not daemon_control.is_running(daemon)
    assert process.status() == psutil.STATUS_ZOMBIE  # nobody waited until the parent was gone


@pytest.mark.parametrize("told", [{"runtime": "process"}, {"runtime": "process", "protected": False}, {}])
def test_a_daemon_that_asks_for_no_key_is_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: dict[str, object]
) -> None:
    local = LocalPlace(Place(tmp_path, 1, "us-east-1"), 1)
    done: list[str] = []
    monkeypatch.setattr(daemon_control, "status", lambda _: {"folder": str(tmp_path), **told})
    monkeypatch.setattr(daemon_control, "_end", lambda _: done.append("end"))
    monkeypatch.setattr(daemon_control, "_start", lambda _: done.append("start"))
    assert daemon_control.ensure_started(local)
    assert done == ["end", "start"]
    monkeypatch.setattr(daemon_control, "status", lambda _: {"runtime": "process", "protected": True})
    assert not daemon_control.ensure_started(local)


def test_what_has_ended_but_is_not_reaped_does_not_run(daemon: LocalPlace) -> None:
    process = psutil.Process(number_of(daemon))
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not daemon_control.is_running(daemon)
    assert not daemon_control.end(daemon)
