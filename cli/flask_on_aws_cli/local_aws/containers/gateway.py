"""The way from the networks of tasks to the local AWS, which listens on this machine's loopback alone.

A Unix socket that is mounted into containers; a port of loopback where the engine runs in a virtual machine, to which
no socket can be mounted. It leads to the local AWS's own ports and nowhere else.
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
_START_SECONDS = 10.0  # for a socket of one's own to listen; beyond it something is broken


class Gateway:
    """Listens from `start` to `stop`."""

    def __init__(
        self,
        ports: Callable[[], Collection[int]],
        desktop: bool = sys.platform == "darwin",
        faults: Faults | None = None,
    ) -> None:
        """Lead to the ports that are named when they are asked for.

        Args:
            ports: the local AWS's own.
            desktop: whether the engine runs in a virtual machine. Default: on macOS.
            faults: where it is told what fails. Default: the log alone.
        """
        self._faults = faults or Faults()
        self._ports, self._desktop = ports, desktop
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True, name="gate")
        self._listens = threading.Event()
        self._changed = threading.Condition()
        self._ready: set[str] = set()
        self._folder = Path()
        self._port = 0

    @property
    def address(self) -> str:
        """Where the relay in a container finds it."""
        return f"{_DESKTOP_HOST}:{self._port}" if self._desktop else f"{_INSIDE}/{_SOCKET}"

    @property
    def mounts(self) -> dict[str, dict[str, str]]:
        """What is mounted into the container with the relay: folder on this machine → where, as docker-py wants it."""
        return {} if self._desktop else {str(self._folder / "inside"): {"bind": _INSIDE, "mode": "ro"}}

    def start(self) -> None:
        """Begin to listen."""
        # Not in the project: a socket's path has at most 104 bytes on macOS and 108 on Linux.
        self._folder = Path(tempfile.mkdtemp(prefix="flask-on-aws-"))
        inside = self._folder / "inside"
        inside.mkdir()
        inside.chmod(0o755)  # whoever the container's user is; its parent is this user's alone
        self._thread.start()
        if not self._listens.wait(_START_SECONDS):
            raise RuntimeError(f"the gateway of the local AWS does not listen after {_START_SECONDS:.0f} s")

    def stop(self) -> None:
        """Listen no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def wait_for(self, task: str, seconds: float) -> bool:
        """Whether the relay of a task listens, after so many seconds at most."""
        with self._changed:
            return self._changed.wait_for(lambda: task in self._ready, seconds)

    def forget(self, task: str) -> None:
        """The task is over."""
        with self._changed:
            self._ready.discard(task)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())
        self._listens.set()
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
        with contextlib.suppress(OSError, ValueError):  # of a caller that is no relay
            question = (await reader.readline()).decode().strip()
            ports = set[str]()
            with self._faults.kept("telling containers the local AWS's ports"):
                ports = {str(port) for port in self._ports()}
            if question == "ports":
                writer.write((" ".join(sorted(ports)) + "\n").encode())
            elif question.startswith("ready "):
                with self._changed:
                    self._ready.add(question.removeprefix("ready "))
                    self._changed.notify_all()
                writer.write(b"ready\n")
            elif question in ports:
                await relay.join((reader, writer), await asyncio.open_connection(HOST, int(question)))
        writer.close()
