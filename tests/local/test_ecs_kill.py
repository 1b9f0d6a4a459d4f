"""What a kill of the daemon does to its tasks, and what a new daemon makes of it."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from flask_on_aws_cli.local_project.location import Location

from .cloud import Api, is_alive, until

Daemon = Callable[..., subprocess.Popen[str]]


def alive(processes: list[int]) -> list[int]:
    return [pid for pid in processes if is_alive(pid)]


def test_a_new_daemon_heals_what_a_killed_one_took_with_it(place: Location, daemon: Daemon, runtime: str) -> None:
    process = daemon(runtime)
    api = Api(place, runtime)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}), count=2)
    api.steady("web")
    before = api.runtime.pids(place)
    assert len(alive(before)) == 2
    process.kill()
    process.wait()
    until(lambda: not alive(before), 6)  # they ignore SIGTERM, and nobody but the reaper is left to end them
    daemon(runtime)
    ready = time.monotonic()
    api.steady("web")
    assert time.monotonic() - ready < 5
    assert len(alive(api.runtime.pids(place))) == 2
    dead = api.tasks("web", "STOPPED")
    assert {(task["stopCode"], task["lastStatus"]) for task in dead} == {("TerminationNotice", "STOPPED")}
    assert len(dead) == 2


def test_a_new_daemon_ends_what_was_left_when_the_reaper_died_too(
    place: Location, daemon: Daemon, runtime: str
) -> None:
    process = daemon(runtime)
    api = Api(place, runtime)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}))
    api.steady("web")
    before = api.runtime.pids(place)
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


def test_a_stopped_daemon_ends_its_tasks_in_order(place: Location, daemon: Daemon, runtime: str) -> None:
    process = daemon(runtime)
    api = Api(place, runtime)
    api.serve("web", api.define("web"))
    task = api.steady("web") and api.tasks("web")[0]
    before = api.runtime.pids(place)
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert alive(before) == []
    daemon(runtime)
    assert api.task(task["taskArn"])["containers"][0]["exitCode"] == 0
    identifier = task["taskArn"].rsplit("/", 1)[-1]
    assert api.lines(f"web/web/{identifier}") == ["starting good ", "bye"]
    api.steady("web")


def test_another_process_with_an_old_number_is_left_alone(tmp_path: Path) -> None:
    from flask_on_aws_cli.local_aws.ecs.tasks.processes import ProcessRuntime
    from flask_on_aws_cli.task_model.process_containers import ProcessPlanner

    other = subprocess.Popen(["sleep", "30"])
    (tmp_path / "x.pid").write_text(json.dumps({"pid": other.pid, "created": time.time() - 3600}))
    ProcessRuntime(tmp_path, ProcessPlanner(tmp_path, lambda image: None)).start()
    assert other.poll() is None
    assert list(tmp_path.glob("*.pid")) == []
    other.kill()
    other.wait()
