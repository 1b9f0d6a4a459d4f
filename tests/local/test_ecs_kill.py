"""Tests of tasks whose daemon is killed or stopped, and of the next daemon."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.shared.process_start import process_start

from tests.waiting import SECONDS, until

from .cloud import Api, is_alive

Daemon = Callable[..., subprocess.Popen[str]]


def alive(processes: list[int]) -> list[int]:
    return [pid for pid in processes if is_alive(pid)]


def test_a_new_daemon_replaces_the_tasks_of_a_killed_one(location: Location, daemon: Daemon, runtime: str) -> None:
    process = daemon(runtime)
    api = Api(location, runtime)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}), count=2)
    api.steady("web")
    before = api.runtime.pids(location)
    assert len(alive(before)) == 2
    process.kill()
    process.wait()
    until(lambda: not alive(before))  # they ignore SIGTERM, so only the reaper can end them
    daemon(runtime)
    api.steady("web")
    assert len(alive(api.runtime.pids(location))) == 2
    stopped = api.tasks("web", "STOPPED")
    assert {(task["stopCode"], task["lastStatus"]) for task in stopped} == {("TerminationNotice", "STOPPED")}
    assert len(stopped) == 2


def test_a_new_daemon_ends_tasks_that_outlived_the_old_one_and_its_reaper(
    location: Location, daemon: Daemon, runtime: str
) -> None:
    process = daemon(runtime)
    api = Api(location, runtime)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}))
    api.steady("web")
    before = api.runtime.pids(location)
    for child in psutil.Process(process.pid).children():
        if "reaper" in " ".join(child.cmdline()):
            child.kill()
    process.kill()
    process.wait()
    time.sleep(1)
    assert alive(before) == before
    daemon(runtime)
    assert alive(before) == []
    api.steady("web")


def test_a_stopped_daemon_ends_its_tasks_gracefully(location: Location, daemon: Daemon, runtime: str) -> None:
    process = daemon(runtime)
    api = Api(location, runtime)
    api.serve("web", api.define("web"))
    task = api.steady("web") and api.tasks("web")[0]
    before = api.runtime.pids(location)
    process.terminate()
    assert process.wait(timeout=SECONDS) == 0
    assert alive(before) == []
    daemon(runtime)
    assert api.task(task["taskArn"])["containers"][0]["exitCode"] == 0
    identifier = task["taskArn"].rsplit("/", 1)[-1]
    assert api.lines(f"web/web/{identifier}") == ["starting good ", "bye"]
    api.steady("web")


def test_another_process_with_a_recorded_pid_is_not_killed(tmp_path: Path) -> None:
    from flask_on_aws_cli.local_aws.ecs.tasks.processes import ProcessRuntime
    from flask_on_aws_cli.task_model.process_containers import ProcessPlanner

    other = subprocess.Popen(["sleep", "30"])
    (tmp_path / "x.pid").write_text(json.dumps({"pid": other.pid, "started": process_start(other.pid) - 0.01}))
    ProcessRuntime(tmp_path, ProcessPlanner(tmp_path, lambda image: None)).start()
    assert other.poll() is None
    assert list(tmp_path.glob("*.pid")) == []
    other.kill()
    other.wait()
