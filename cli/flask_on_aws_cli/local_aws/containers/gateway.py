"""Connects the networks of tasks to the local AWS, which listens only on this machine's loopback interface.

The gateway is a Unix socket that is mounted into containers, or a loopback port if the engine runs in a virtual
machine, into which no socket can be mounted. It connects only to the ports of the local AWS.
"""

import asyncio
import contextlib
import shutil
import sys
import tempfile
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from ...local_project.location import HOST
from ..faults import Faults
from . import relay

# Docker Desktop's name for the machine it runs on: https://docs.docker.com/desktop/features/networking/
_DESKTOP_HOST = "host.docker.internal"
_INSIDE = "/local-aws"
_SOCKET = "gate"
_START_SECONDS = 10.0  # far more than a local socket needs to listen


class Gateway:
    """A server that listens between `start` and `stop`."""

    def __init__(
        self,
        ports: Callable[[], Collection[int]],
        desktop: bool = sys.platform == "darwin",
        faults: Faults | None = None,
    ) -> None:
        """Connect to the ports that a function returns at the time of each request.

        Args:
            ports: returns the ports of the local AWS.
            desktop: whether the engine runs in a virtual machine. Default: on macOS.
            faults: receives failures. Default: they are only logged.
        """
        self._faults = faults or Faults()
        self._ports, self._desktop = ports, desktop
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="gate")
        self._is_listening = threading.Event()
        self._ready_changed = threading.Condition()
        self._ready: set[str] = set()
        self._folder = Path()
        self._port = 0

    @property
    def address(self) -> str:
        """The address at which the relay in a container connects to it."""
        return f"{_DESKTOP_HOST}:{self._port}" if self._desktop else f"{_INSIDE}/{_SOCKET}"

    @property
    def mounts(self) -> dict[str, dict[str, str]]:
        """Mounts of the container with the relay: folder on this machine → mount point, as docker-py expects it."""
        return {} if self._desktop else {str(self._folder / "inside"): {"bind": _INSIDE, "mode": "ro"}}

    def start(self) -> None:
        """Start listening."""
        # Not in the project: a socket's path has at most 104 bytes on macOS and 108 on Linux.
        self._folder = Path(tempfile.mkdtemp(prefix="flask-on-aws-"))
        mounted = self._folder / "inside"
        mounted.mkdir()
        mounted.chmod(0o755)  # for every user of a container; only this user can enter its parent folder
        self._thread.start()
        if not self._is_listening.wait(_START_SECONDS):
            raise RuntimeError(f"the gateway of the local AWS is not listening after {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Stop listening."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_for(self, task: str, seconds: float) -> bool:
        """Wait until the relay of a task is listening; returns whether it is, after the given time at most."""
        with self._ready_changed:
            return self._ready_changed.wait_for(lambda: task in self._ready, seconds)

    def forget(self, task: str) -> None:
        """Forget a task that has ended."""
        with self._ready_changed:
            self._ready.discard(task)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._is_listening.set()
        self._loop.run_forever()

    async def _listen(self) -> None:
        if self._desktop:
            server = await asyncio.start_server(self._serve, HOST, 0)
            self._port = server.sockets[0].getsockname()[1]
            return
        path = self._folder / "inside" / _SOCKET
        await asyncio.start_unix_server(self._serve, str(path))
        path.chmod(0o666)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError):  # of a client that is not a relay
            request = (await reader.readline()).decode().strip()
            ports = set[str]()
            with self._faults.capture("reporting the local AWS's ports to containers"):
                ports = {str(port) for port in self._ports()}
            if request == "ports":
                writer.write((" ".join(sorted(ports)) + "\n").encode())
            elif request.startswith("ready "):
                with self._ready_changed:
                    self._ready.add(request.removeprefix("ready "))
                    self._ready_changed.notify_all()
                writer.write(b"ready\n")
            elif request in ports:
                await relay.join((reader, writer), await asyncio.open_connection(HOST, int(request)))
        writer.close()
