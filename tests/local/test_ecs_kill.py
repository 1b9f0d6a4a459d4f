"""What a kill of the daemon does to its tasks, and what a new daemon makes of it."""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from cli.local.parts import Place

from .cloud import Api, until

Daemon = Callable[..., subprocess.Popen[str]]


def pids(place: Place) -> list[int]:
    return [json.loads(path.read_text())["pid"] for path in (place.folder / "tasks").glob("*.pid")]


def alive(processes: list[int]) -> list[int]:
    return [pid for pid in processes if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]


def test_a_killed_daemon_takes_its_tasks_with_it_and_a_new_one_heals(place: Place, daemon: Daemon) -> None:
    process = daemon("ecs")
    api = Api(place)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}), count=2)
    api.steady("web")
    before = pids(place)
    assert len(alive(before)) == 2
    process.kill()
    process.wait()
    until(lambda: not alive(before), 6)  # they ignore SIGTERM, and nobody but the guardian is left to end them
    daemon("ecs")
    ready = time.monotonic()
    api.steady("web")
    assert time.monotonic() - ready < 5
    assert len(alive(pids(place))) == 2
    dead = api.tasks("web", "STOPPED")
    assert {(task["stopCode"], task["lastStatus"]) for task in dead} == {("TerminationNotice", "STOPPED")}
    assert len(dead) == 2


def test_a_new_daemon_ends_what_the_killed_one_left_when_the_guardian_died_too(place: Place, daemon: Daemon) -> None:
    process = daemon("ecs")
    api = Api(place)
    api.serve("web", api.define("web", environment={"MODE": "stubborn"}))
    api.steady("web")
    before = pids(place)
    for child in psutil.Process(process.pid).children():
        if "guardian.py" in " ".join(child.cmdline()):
            child.kill()
    process.kill()
    process.wait()
    time.sleep(1)
    assert alive(before) == before
    daemon("ecs")
    assert alive(before) == []
    api.steady("web")


def test_a_stopped_daemon_ends_its_tasks_in_order(place: Place, daemon: Daemon) -> None:
    process = daemon("ecs")
    api = Api(place)
    api.serve("web", api.define("web"))
    task = api.steady("web") and api.tasks("web")[0]
    before = pids(place)
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert alive(before) == []
    daemon("ecs")
    assert api.task(task["taskArn"])["containers"][0]["exitCode"] == 0
    identifier = task["taskArn"].rsplit("/", 1)[-1]
    assert api.lines(f"web/web/{identifier}") == ["starting good ", "bye"]
    api.steady("web")


def test_another_process_with_an_old_number_is_left_alone(tmp_path: Path) -> None:
    from cli.local.ecs.processes import ProcessRuntime

    other = subprocess.Popen(["sleep", "30"])
    (tmp_path / "x.pid").write_text(json.dumps({"pid": other.pid, "created": time.time() - 3600}))
    ProcessRuntime(tmp_path).clean_up()
    assert other.poll() is None
    assert list(tmp_path.glob("*.pid")) == []
    other.kill()
    other.wait()
