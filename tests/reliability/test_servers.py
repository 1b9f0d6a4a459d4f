"""Python's servers, started as an app's Procfile starts them, with the contract's variables alone."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask_on_aws.runtime_contract.contract import plain_environment
from flask_on_aws.runtime_contract.shell import shell_command
from flask_on_aws.runtime_contract.timers import TIMERS

from tests.tool_environment import tool_environment
from tests.unit.library.runtime_contract.test_contract import FACTS

from .processes import free_port

# The newest of 2026-11-29, but for gunicorn: 23 is the last that accepts no network in FORWARDED_ALLOW_IPS.
PACKAGES = (
    "gunicorn==23.0.0",
    "granian==2.8.9",
    "uvicorn==0.54.0",
    "uvicorn-worker==0.4.0",
    "hypercorn==0.18.0",
    "waitress==3.0.2",
    "uwsgi==2.0.31",
    "daphne==4.2.3",
    "sanic==25.12.1",
)
COMMANDS = {
    "gunicorn": "gunicorn --bind 127.0.0.1:$PORT interfaces:wsgi",
    "gunicorn with uvicorn": "gunicorn -k uvicorn_worker.UvicornWorker --bind 127.0.0.1:$PORT interfaces:asgi",
    "granian": "granian --interface asgi --host 127.0.0.1 --port $PORT interfaces:asgi",
    "uvicorn": "uvicorn --port $PORT interfaces:asgi",
    "hypercorn": "hypercorn --bind 127.0.0.1:$PORT interfaces:asgi",
    "waitress": "waitress-serve --listen 127.0.0.1:$PORT interfaces:wsgi",
    "uwsgi": "uwsgi --http 127.0.0.1:$PORT --module interfaces:wsgi",
    "daphne": "daphne --port $PORT interfaces:asgi",
    "sanic": "sanic sanic_app:app --host 127.0.0.1 --port $PORT",
}
VISITOR, FORGED = "203.0.113.9", "198.51.100.66"
# As the load balancer sends it: what the visitor sent, then the visitor's address.
FORWARDED = {"X-Forwarded-For": f"{FORGED}, {VISITOR}", "X-Forwarded-Proto": "https"}
# These two end at SIGTERM without finishing their requests, and have no option for it; ECS waits for
# deregistration_delay before it sends SIGTERM, so that only longer requests are lost.
CUT_OFF = {"waitress", "daphne"}
# These report the load balancer's address and scheme; frameworks read the headers (ProxyFix, SECURE_PROXY_SSL_HEADER).
IGNORE_HEADERS = {"granian", "hypercorn", "daphne"}
# Its worker believes the left-most address, since gunicorn 23 lets no list but `*` include the load balancer.
BELIEVES_VISITORS = {"gunicorn with uvicorn"}
START_SECONDS = 60  # nine servers start at once on two processors


class Server(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]


class Connection:
    """A connection as the load balancer keeps it open."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def get(self, path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        """The body of a response.

        Raises:
            OSError, EOFError: if the server closes the connection instead.
        """
        lines = [f"GET {path} HTTP/1.1", "Host: shop.example.com", *(f"{k}: {v}" for k, v in (headers or {}).items())]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.split()[1] == "200", head
        self.is_last = "connection: close" in head
        return json.loads(await self._reader.readexactly(int(head.split("content-length:")[1].split()[0])))

    async def is_open(self, seconds: float) -> bool:
        """Whether the server still has not closed it after this time."""
        try:
            return not await asyncio.wait_for(self._reader.read(1), seconds)
        except TimeoutError:
            return True


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Connection]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Connection(reader, writer)
    finally:
        writer.close()


@contextmanager
def running(name: str, log: Path, environment: dict[str, str]) -> Iterator[Server]:
    commands, port = tool_environment("servers", *PACKAGES), free_port()
    process = subprocess.Popen(
        shell_command(COMMANDS[name]),
        cwd=Path(__file__).with_name("served"),
        env={"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", **environment, "PORT": str(port)},
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield Server(port, process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


async def _wait_until_ready(server: Server) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                async with connected(server) as connection:
                    await connection.get("/")
                return
            except (OSError, EOFError):
                await asyncio.sleep(0.1)


async def _idle_connection(server: Server) -> str:
    try:
        await _wait_until_ready(server)
    except TimeoutError:
        return "the server did not start"
    async with connected(server) as connection:
        await connection.get("/")
        if connection.is_last or await connection.is_open(TIMERS.idle_timeout + 1):
            return "kept"
        return "closed"


@pytest.fixture(scope="module")
def idle_connections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What becomes of a connection to each server that is idle for longer than the load balancer keeps it."""

    async def ask(servers: dict[str, Server]) -> list[str]:
        return await asyncio.gather(*map(_idle_connection, servers.values()))

    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        environment = plain_environment(FACTS)
        servers = {name: stack.enter_context(running(name, folder / name, environment)) for name in COMMANDS}
        return dict(zip(servers, asyncio.run(ask(servers)), strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_keeps_idle_connections_longer_than_the_load_balancer(
    idle_connections: dict[str, str], name: str
) -> None:
    """Takes the load balancer's idle timeout, 50 s, once for all: only this test has servers but the template's two."""
    assert idle_connections[name] == "kept"


@pytest.mark.parametrize("name", COMMANDS)
def test_no_address_or_scheme_that_a_visitor_sends_is_believed(tmp_path: Path, name: str) -> None:
    async def ask(server: Server) -> dict[str, Any]:
        await _wait_until_ready(server)
        async with connected(server) as connection:
            return await connection.get("/", FORWARDED)

    with running(name, tmp_path / "log", plain_environment(FACTS)) as server:
        answer = asyncio.run(ask(server))
    assert answer["scheme"] == ("http" if name in IGNORE_HEADERS else "https")
    assert (answer["address"] == FORGED) == (name in BELIEVES_VISITORS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_finishes_its_requests_after_sigterm(tmp_path: Path, name: str) -> None:
    async def stop(server: Server) -> str:
        await _wait_until_ready(server)
        async with connected(server) as connection:
            request = asyncio.create_task(connection.get("/slow"))
            await asyncio.sleep(0.5)  # the request has arrived
            server.process.terminate()
            try:
                await request
            except (OSError, EOFError):
                return "cut off"
            return "finished"

    with running(name, tmp_path / "log", plain_environment(FACTS)) as server:
        outcome = asyncio.run(stop(server))
        server.process.wait(TIMERS.graceful)
    assert outcome == ("cut off" if name in CUT_OFF else "finished")
