"""An app that runs in a container, probed and inspected with the image's own Python."""

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...shared.docker_engine import DockerError, attempt, inspect, remove
from ..probes import probe, sqlite_files
from ..running import PROBE_SECONDS, Answer, IdleConnection, Listener, SqliteFile, UnfinishedRequest
from ..settings import AppSettings
from .container_request import ContainerRequest, hold_request

PYTHONS = ("python3", "python")
NO_PYTHON = (126, 127)
_BY_SIGTERM = 143  # 128 and the signal's number
# Whether the first process neither handles nor ignores SIGTERM, the 15th signal: proc_pid_status(5).
_LEAVES_SIGTERM = """
masks = dict(line.split(":", 1) for line in open("/proc/1/status"))
print(not any(int(masks[name], 16) >> 14 & 1 for name in ("SigCgt", "SigIgn")), end="")
"""


class ContainerApp:
    """A started container."""

    def __init__(
        self, name: str, port: int, settings: AppSettings, start_error: Sequence[str], init: bool = True
    ) -> None:
        self._name, self._port, self._settings, self._init = name, port, settings, init
        self._start_error = start_error
        """The engine's output if it could not start it."""
        self._started = time.time()
        self._ended_by_signal = False
        self._python = ""

    def exit_code(self) -> int | None:
        """None while it runs."""
        if self._ended_by_signal:
            return _BY_SIGTERM
        state = self._state()
        return None if state.get("Running") else int(state.get("ExitCode", 127))

    def out_of_memory(self) -> bool:
        """Whether the kernel killed it because it ran out of memory."""
        return bool(self._state().get("OOMKilled"))

    def lines(self) -> list[str]:
        """Its output, after that of the engine if it could not start it."""
        done = subprocess.run(  # noqa: S603 both streams in their order
            ["docker", "logs", self._name],  # noqa: S607 the user's own docker
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        return [*self._start_error, *(done.stdout.decode(errors="replace").splitlines() if not done.returncode else [])]

    def listeners(self) -> list[Listener]:
        """The listening sockets of the container's network."""
        output = self._probe("listeners", {})
        return [Listener(*address) for address in json.loads(output)] if output else []

    def ask(self, path: str, headers: Mapping[str, str], seconds: float = PROBE_SECONDS, body: str = "") -> Answer:
        """Send one GET, or a POST with a body, from inside the network to the container's address.

        An app that listens on loopback does not get it.
        """
        output = self._probe("ask", {**self._request(path, headers, seconds), "body": body})
        return Answer(**json.loads(output)) if output else Answer(error="the container ended")

    def leave_idle(self, path: str, headers: Mapping[str, str], seconds: float) -> IdleConnection:
        """Send one GET in the same way, and wait until the app closes the connection."""
        output = self._probe("leave_idle", self._request(path, headers, seconds))
        return IdleConnection(**json.loads(output)) if output else IdleConnection(error="the container ended")

    def hold(
        self, requests: Sequence[UnfinishedRequest], headers: Mapping[str, str], seconds: float
    ) -> ContainerRequest | None:
        """Start the first of the requests for whose body the app waits, from another container of its network."""
        details, arguments = inspect("container", self._name), self._request("", headers, seconds)
        del arguments["path"]
        network = next(iter(details["NetworkSettings"]["Networks"]))
        return hold_request(details["Image"], network, self._python or PYTHONS[0], requests, arguments)

    def _request(self, path: str, headers: Mapping[str, str], seconds: float) -> dict[str, Any]:
        networks: Mapping[str, Any] = inspect("container", self._name)["NetworkSettings"]["Networks"]
        host = next((str(network["IPAddress"]) for network in networks.values()), "")
        all_headers = {"Host": f"{host}:{self._port}", **headers}
        return {"host": host, "port": self._port, "path": path, "headers": all_headers, "seconds": seconds}

    def _probe(self, action: str, arguments: Mapping[str, Any]) -> str:
        return self._run_script(Path(probe.__file__).read_text(), json.dumps([action, arguments]))

    def sqlite_files(self) -> list[SqliteFile]:
        """Databases on its scratch volumes."""
        folders = [*self._settings.writable_paths, "/dev/shm"]  # noqa: S108 each container has it
        output = self._run_script(Path(sqlite_files.__file__).read_text(), f"{self._started - 1}", *folders)
        return [SqliteFile(*found) for found in json.loads(output)] if output else []

    def terminate(self) -> None:
        """Send SIGTERM to its first process.

        The kernel spares the first process of a container a signal that it does not handle. On ECS that is an init
        process, and such an app ends; where the engine has none, it is ended here.
        """
        if not self._init and self._run_script(_LEAVES_SIGTERM) == "True":
            attempt("kill", "--signal", "KILL", self._name)
            self._ended_by_signal = True
        else:
            attempt("kill", "--signal", "TERM", self._name)

    def kill(self) -> None:
        """Kill it, and remove it with its volumes."""
        remove(("rm", "--force", "--volumes", self._name))

    def _state(self) -> Mapping[str, Any]:
        try:
            return inspect("container", self._name)["State"]
        except DockerError:
            return {}

    def _run_script(self, script: str, *arguments: str) -> str:
        """Run a Python script in the container; empty if the container has exited.

        Raises:
            DockerError: if the image has no Python.
        """
        for python in [self._python] if self._python else PYTHONS:
            done = attempt("exec", "--interactive", self._name, python, "-", *arguments, stdin=script)
            if not done.returncode:
                self._python = python
                return done.stdout.decode()
            # A container that is exiting returns the same codes as one without the program.
            if done.returncode not in NO_PYTHON or self.exit_code() is not None:
                return ""
        raise DockerError("the image has no Python on its PATH, so its sockets cannot be read.")
