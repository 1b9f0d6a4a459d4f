"""Socket.IO with HTTP long polling behind the local load balancer: two tasks, and Valkey as the message queue."""

import json
import os
import signal
import ssl
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from flask_on_aws_cli.local_aws.load_balancer import Balancer
from flask_on_aws_cli.local_project.location import Target
from flask_on_aws_cli.local_project.ports import free_port

from tests.valkey import requires_server
from tests.waiting import until

from .balancing import BALANCER, DEFAULT_GROUP, GROUP, balancing, configuration
from .test_cache_clients import APPS, Clients
from .test_cache_clients import clients as clients

pytestmark = requires_server
PATH = "/socket.io/?EIO=4&transport=polling"


@contextmanager
def two_tasks(clients: Clients, folder: Path, sticky_seconds: int) -> Generator[Balancer]:
    """Two tasks of the app, each one process with threads, as Flask-SocketIO requires of gunicorn."""
    targets, processes = [Target("127.0.0.1", free_port()) for _ in range(2)], list[subprocess.Popen[bytes]]()
    environment = {**clients.environment, "SECRET_KEY": "s"}
    group = replace(DEFAULT_GROUP, sticky_seconds=sticky_seconds)
    try:
        with balancing(folder, configuration(group=group)) as balancer:
            for target in targets:
                bind = ("--bind", f"{target.host}:{target.port}")
                command = [clients.bin / "gunicorn", *bind, "--workers", "1", "--threads", "8", "socketio_app:app"]
                processes.append(subprocess.Popen(command, cwd=APPS, env=environment, start_new_session=True))
                balancer.register(GROUP, target)
            until(lambda: all(balancer.health(GROUP, target).state == "healthy" for target in targets))
            yield balancer
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Visitor:
    """A client of Engine.IO's version 4: https://socket.io/docs/v4/engine-io-protocol/"""

    def __init__(self, balancer: Balancer, folder: Path) -> None:
        context = ssl.create_default_context(cafile=folder / "ca" / "ca.pem")
        self._http = httpx.Client(verify=context, base_url=f"https://localhost:{balancer.ports[BALANCER, 443]}")
        self._path = f"{PATH}&sid={json.loads(self._http.get(PATH).raise_for_status().text[1:])['sid']}"

    def post(self, packet: str) -> httpx.Response:
        return self._http.post(self._path, content=packet)

    def send(self, packet: str) -> None:
        self.post(packet).raise_for_status()

    def receive(self) -> str:
        """What the server sends next, other than its pings."""
        end = time.monotonic() + 20
        while time.monotonic() < end:
            text = self._http.get(self._path, timeout=20).raise_for_status().text
            if text != "2":
                return text
            self.send("3")
        return ""

    @property
    def task(self) -> str:
        return self._http.cookies["AWSALB"]


def test_long_polling_stays_with_its_task_and_messages_reach_the_clients_of_both(
    clients: Clients, tmp_path: Path
) -> None:
    with two_tasks(clients, tmp_path, sticky_seconds=3600) as balancer:
        first = Visitor(balancer, tmp_path)
        second = next(
            visitor for visitor in iter(lambda: Visitor(balancer, tmp_path), None) if visitor.task != first.task
        )
        for visitor in (first, second):
            visitor.send("40")
            assert visitor.receive().startswith("40")
        first.send('42["say","hello"]')
        assert (first.receive(), second.receive()) == ('42["said","hello"]', '42["said","hello"]')


def test_without_sticky_sessions_long_polling_fails(clients: Clients, tmp_path: Path) -> None:
    """Only this test proves that the setting is needed. Most of its time is that of the clients' environment."""
    with two_tasks(clients, tmp_path, sticky_seconds=0) as balancer:
        visitor = Visitor(balancer, tmp_path)
        # The task that does not know the session answers 400.
        assert 400 in [visitor.post("40").status_code for _ in range(4)]
