"""Python's servers, started as an app's Procfile starts them, with the contract's variables alone."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from flask_on_aws.runtime_contract.shell import shell_command

from tests.tool_environment import tool_environment

from .processes import free_port

# The newest of 2026-11-29.
PACKAGES = (
    "gunicorn==27.0.1",
    "granian==2.8.9",
    "uvicorn==0.54.0",
    "uvicorn-worker==0.4.0",
    "hypercorn==0.18.0",
    "waitress==3.0.2",
    "uwsgi==2.0.31",
    "daphne==4.2.3",
    "sanic==25.12.1",
    "tornado==6.6.1",
    "aiohttp==3.14.5",
    "litestar==2.25.0",
    "starlette==1.10.0",
)
COMMANDS = {
    "gunicorn": "gunicorn --bind 127.0.0.1:$PORT interfaces:wsgi",
    "gunicorn with uvicorn": "gunicorn -k uvicorn_worker.UvicornWorker --bind 127.0.0.1:$PORT interfaces:asgi",
    "gunicorn with uvicorn and its networks": "gunicorn -k uvicorn_worker.UvicornWorker --bind 127.0.0.1:$PORT "
    '--forwarded-allow-ips "$UVICORN_FORWARDED_ALLOW_IPS" interfaces:asgi',
    "granian": "granian --interface asgi --host 127.0.0.1 --port $PORT interfaces:asgi",
    "uvicorn": "uvicorn --port $PORT interfaces:asgi",
    "hypercorn": "hypercorn --bind 127.0.0.1:$PORT interfaces:asgi",
    "waitress": "waitress-serve --listen 127.0.0.1:$PORT interfaces:wsgi",
    "uwsgi": "uwsgi --http 127.0.0.1:$PORT --module interfaces:wsgi",
    "daphne": "daphne --port $PORT interfaces:asgi",
    "sanic": "sanic sanic_app:app --host 127.0.0.1 --port $PORT",
    "aiohttp": "python aiohttp_app.py",
    "gunicorn with aiohttp": "gunicorn -k aiohttp.GunicornWebWorker --bind 127.0.0.1:$PORT aiohttp_app:app",
    "uvicorn in code": "python uvicorn_app.py",
    "waitress in code": "python waitress_app.py",
    "tornado": "python tornado_app.py",
    "tornado with xheaders": "python tornado_app.py xheaders",
    "http.server": "python http_server_app.py",
}
START_SECONDS = 60  # all servers start at once on two processors


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


async def wait_until_ready(server: Server) -> None:
    async with asyncio.timeout(START_SECONDS):
        while True:
            try:
                async with connected(server) as connection:
                    await connection.get("/")
                return
            except (OSError, EOFError):
                await asyncio.sleep(0.1)
