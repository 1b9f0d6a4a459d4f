"""One container at the engine, from its start to its exit code."""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from docker.errors import APIError, NotFound

from ...local_project.location import Target
from ...task_model.runtime import CannotStart, ExecProcess, Usage
from ..faults import Faults
from .docker_client import EngineFailure, quietly

_KILLED = 137  # 128 and SIGKILL: what is told of a container that was taken away
_NANOSECONDS = 1e9
_ACTIVITY = "writing containers' output"


class ContainerLaunch(NamedTuple):
    """A container that was created and is ready to be started."""

    container: Any
    log: Path
    target: Target | None
    engine_url: str
    faults: Faults

    def start(self) -> "Container":
        """Start it."""
        try:
            self.container.start()
        except APIError as refusal:
            why = str(refusal.explanation or refusal)
            raise CannotStart(f"CannotStartContainerError: Error response from daemon: {why}") from refusal
        except EngineFailure as error:
            raise CannotStart(f"CannotStartContainerError: {error}") from error
        return Container(self)


class Container:
    """A started container, whose output goes to a file."""

    def __init__(self, launch: ContainerLaunch) -> None:
        self._container, self._launch = launch.container, launch
        self._code: int | None = None
        self._ended = threading.Event()
        self._out_of_memory = False
        threading.Thread(target=self._follow, daemon=True).start()

    def signal(self, number: int) -> None:
        """Send a signal to its first process."""
        quietly(lambda: self._container.kill(signal=number))

    def kill(self) -> None:
        """End all of its processes."""
        quietly(self._container.kill)

    def exit_code(self) -> int | None:
        """None while it runs, and until all of its output is in the file."""
        return self._code

    def on_end(self, call: Callable[[], None]) -> None:
        """Have a function called as soon as its exit code is known."""

        def wait() -> None:
            self._ended.wait()
            call()

        threading.Thread(target=wait, daemon=True, name="end of a container").start()

    def out_of_memory(self) -> bool:
        """Whether the kernel ended it for its memory."""
        return self._out_of_memory

    def exec_process(self, command: Sequence[str], terminal: bool = False) -> ExecProcess:
        """A command in it, by `docker exec`."""
        options = ["--interactive", "--tty"] if terminal else []
        docker = ["docker", "--host", self._launch.engine_url, "exec", *options, self._container.name]
        return ExecProcess([*docker, *command], Path.home(), os.environ)

    def usage(self) -> Usage:
        """What the engine measures: memory without the files that the kernel may drop from it, as `docker stats`."""
        try:
            told = self._container.stats(stream=False, one_shot=True)
            memory = told["memory_stats"]
            dropped = memory.get("stats", {}).get("inactive_file", 0)
            return Usage(memory["usage"] - dropped, told["cpu_stats"]["cpu_usage"]["total_usage"] / _NANOSECONDS)
        except (*EngineFailure, KeyError):  # it has ended
            return Usage(0, 0)

    def _follow(self) -> None:
        """Write its output into the file until it ends, then take its exit code."""
        try:
            with open(self._launch.log, "ab", buffering=0) as log:
                for chunk in self._container.logs(stream=True, follow=True):
                    with self._launch.faults.kept(_ACTIVITY, self._launch.log.name):
                        log.write(chunk)
        except (*EngineFailure, OSError):
            pass  # the engine ended, and may be back; or the file cannot be made, and the end is what counts
        try:
            code = int(self._container.wait()["StatusCode"])
            self._container.reload()
            self._out_of_memory = bool(self._container.attrs["State"]["OOMKilled"])
        except NotFound:
            code = _KILLED
        except Exception:  # whatever it was: a container whose end nobody notices is never replaced
            self.kill()
            code = _KILLED
        self._code = code
        self._ended.set()
