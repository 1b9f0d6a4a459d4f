"""Starting and ending a daemon from another process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.project import LocalAws
from flask_on_aws_cli.shared.process_start import process_start

# The parent in a container without an init process: it does not reap its children.
NEGLIGENT_PARENT = "import subprocess, time; print(subprocess.Popen(['sleep', '60']).pid, flush=True); time.sleep(60)"


def process_id(daemon: LocalAws) -> int:
    return int((daemon.location.folder / "daemon.pid").read_text().split()[0])


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[LocalAws]:
    """A local AWS whose daemon is the child of a parent that never reaps it."""
    local_aws = LocalAws(Location(tmp_path, 1, "us-east-1"), 1)
    with subprocess.Popen([sys.executable, "-c", NEGLIGENT_PARENT], stdout=subprocess.PIPE, text=True) as parent:
        number = int(parent.stdout.readline())
        (tmp_path / "daemon.pid").write_text(f"{number} {process_start(number)}")
        yield local_aws
        parent.kill()


def test_a_daemon_that_is_not_reaped_counts_as_ended(daemon: LocalAws) -> None:
    process = psutil.Process(process_id(daemon))
    assert daemon_control.is_running(daemon)
    assert daemon_control.end(daemon)
    assert not daemon_control.is_running(daemon)
    assert process.status() == psutil.STATUS_ZOMBIE  # its parent has not reaped it


def test_a_daemon_is_still_the_same_after_the_clock_was_corrected(
    daemon: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """psutil's time of the machine's start, on Linux, is that of the clock minus the time since then."""
    monkeypatch.setattr(psutil, "boot_time", lambda: 0.0)
    monkeypatch.setattr(psutil.Process, "create_time", lambda self: 1.0)
    if sys.platform == "linux":
        assert daemon_control.is_running(daemon)


def test_another_process_with_the_id_is_not_the_daemon(daemon: LocalAws) -> None:
    file = daemon.location.folder / "daemon.pid"
    number, started_at = file.read_text().split()
    file.write_text(f"{number} {float(started_at) - 0.01}")
    assert not daemon_control.is_running(daemon)


@pytest.mark.parametrize("status", [{"runtime": "process"}, {"runtime": "process", "protected": False}, {}])
def test_a_daemon_that_does_not_require_the_access_key_is_restarted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: dict[str, object]
) -> None:
    local_aws = LocalAws(Location(tmp_path, 1, "us-east-1"), 1)
    calls: list[str] = []
    monkeypatch.setattr(daemon_control, "status", lambda _: {"folder": str(tmp_path), **status})
    monkeypatch.setattr(daemon_control, "_end", lambda _: calls.append("end"))
    monkeypatch.setattr(daemon_control, "_start", lambda _: calls.append("start"))
    assert daemon_control.ensure_started(local_aws)
    assert calls == ["end", "start"]
    monkeypatch.setattr(daemon_control, "status", lambda _: {"runtime": "process", "protected": True})
    assert not daemon_control.ensure_started(local_aws)


def test_a_daemon_that_was_killed_and_is_not_reaped_is_not_running(daemon: LocalAws) -> None:
    process = psutil.Process(process_id(daemon))
    process.kill()
    while process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert not daemon_control.is_running(daemon)
    assert not daemon_control.end(daemon)
