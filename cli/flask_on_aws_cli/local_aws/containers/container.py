"""A container in the Docker engine, from its start to its exit code."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docker.errors import APIError, NotFound

from ...local_project.location import Target
from ...task_model.runtime import CannotStart, ExecProcess, Listening, Usage
from ..faults import Faults
from . import listening
from .docker_client import EngineFailure, quietly

_KILLED = 137  # 128 + SIGKILL: the exit code of a container that was removed by someone else
_NANOSECONDS = 1e9
PYTHONS = ("python3", "python")
"""Names of Python in an image."""
_ACTIVITY = "writing containers' output"


class ContainerLaunch(NamedTuple):
    """A container that was created and is ready to be started."""

    container: Any
    log: Path
    target: Target | None
    engine_url: str
    faults: Faults

    def start(self) -> "Container":
        """Start the container.

        Raises:
            CannotStart: with the message of ECS's agent.
        """
        try:
            self.container.start()
        except APIError as error:
            reason = str(error.explanation or error)
            raise CannotStart(f"CannotStartContainerError: Error response from daemon: {reason}") from error
        except EngineFailure as error:
            raise CannotStart(f"CannotStartContainerError: {error}") from error
        return Container(self)


class Container:
    """A container that was started; its output is written to a file."""

    def __init__(self, launch: ContainerLaunch) -> None:
        self._container, self._launch = launch.container, launch
        self._exit_code: int | None = None
        self._exited = threading.Event()
        self._out_of_memory = False
        threading.Thread(target=self._follow, daemon=True).start()

    def signal(self, number: int) -> None:
        """Send a signal to its first process."""
        quietly(lambda: self._container.kill(signal=number))

    def kill(self) -> None:
        """Kill all of its processes."""
        quietly(self._container.kill)

    def exit_code(self) -> int | None:
        """None while it is running, and until all of its output is in the file."""
        return self._exit_code

    def on_end(self, call: Callable[[], None]) -> None:
        """Call a function as soon as its exit code is known."""

        def wait() -> None:
            self._exited.wait()
            call()

        threading.Thread(target=wait, daemon=True, name="end of a container").start()

    def out_of_memory(self) -> bool:
        """Whether the kernel killed it because it exceeded its memory limit."""
        return self._out_of_memory

    def exec_process(self, command: Sequence[str], terminal: bool = False) -> ExecProcess:
        """How to run a command in it, with `docker exec`."""
        options = ["--interactive", "--tty"] if terminal else []
        docker = ["docker", "--host", self._launch.engine_url, "exec", *options, self._container.name]
        return ExecProcess([*docker, *command], Path.home(), os.environ)

    def listening(self) -> Listening:
        """The ports on which its processes listen, which the image's Python reads; none in an image without it."""
        program = Path(listening.__file__).read_text(encoding="utf-8")
        for python in PYTHONS:
            try:
                code, output = self._container.exec_run([python, "-c", program])
            except EngineFailure:  # it has ended
                break
            if code == 0:
                ports, loopback = json.loads(output)
                return Listening(frozenset(ports), frozenset(loopback), is_private=True)
        return Listening(is_private=True)

    def usage(self) -> Usage:
        """The engine's measurement, without cached files that the kernel can reclaim, as in `docker stats`."""
        try:
            stats = self._container.stats(stream=False, one_shot=True)
            memory = stats["memory_stats"]
            reclaimable = memory.get("stats", {}).get("inactive_file", 0)
            return Usage(memory["usage"] - reclaimable, stats["cpu_stats"]["cpu_usage"]["total_usage"] / _NANOSECONDS)
        except (*EngineFailure, KeyError):  # it has ended
            return Usage(0, 0)

    def _follow(self) -> None:
        """Write its output to the file until it ends, then read its exit code."""
        try:
            with open(self._launch.log, "ab", buffering=0) as log:
                for chunk in self._container.logs(stream=True, follow=True):
                    with self._launch.faults.capture(_ACTIVITY, self._launch.log.name):
                        log.write(chunk)
        except (*EngineFailure, OSError):
            pass  # the engine has ended, and may restart; or the file cannot be created, and only the exit code matters
        try:
            exit_code = int(self._container.wait()["StatusCode"])
            self._container.reload()
            self._out_of_memory = bool(self._container.attrs["State"]["OOMKilled"])
        except NotFound:
            exit_code = _KILLED
        except Exception:  # whatever the error is: a container whose end is not noticed would never be replaced
            self.kill()
            exit_code = _KILLED
        self._exit_code = exit_code
        self._exited.set()
