"""A listener's server: hypercorn, which speaks HTTP/1.1, HTTP/2 and WebSockets, with our application behind it."""

import asyncio
import logging
import socket
import ssl
from typing import Any

from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.config import Config, Sockets

from ....local_project.ports import BACKLOG, bind
from .application import Application

# Both are AWS's, "HTTP connections" in https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
_STREAMS, _REQUESTS_PER_CONNECTION = 128, 10_000
# Above the 64 KiB at which the application refuses a request, so that the answer is AWS's; hypercorn says 431 beyond.
_LARGEST_HEAD = 128 * 1024
# Streams of uploads that wait for a target keep so many pieces of up to 64 KiB in memory each.
_PIECES_AHEAD = 4
# What is still under way when a listener ends; as long again for hypercorn to notice.
_GRACE_SECONDS = 1.0
_STOP_SECONDS = 2 * _GRACE_SECONDS


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose TLS connections close within a second.

    asyncio waits 30 s for the other side's close_notify, and hypercorn, whose listener ends with its last connection,
    has no setting for it: one idle browser would hold a load balancer's end up for so long.
    """

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """As asyncio's, with the time for TLS to end."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", _GRACE_SECONDS)
        return await super().create_server(*args, **options)


class _Config(Config):
    """hypercorn's settings, with a socket and a TLS context that are there already."""

    def __init__(self, listening: socket.socket, context: ssl.SSLContext | None, idle_timeout: float) -> None:
        self._listening, self._context = listening, context
        self.keep_alive_timeout = idle_timeout
        self.keep_alive_max_requests = _REQUESTS_PER_CONNECTION
        self.h2_max_concurrent_streams = _STREAMS
        self.h11_max_incomplete_size = self.h2_max_header_list_size = _LARGEST_HEAD
        self.max_app_queue_size = _PIECES_AHEAD
        self.graceful_timeout = _GRACE_SECONDS
        self.ssl_handshake_timeout = 10
        self.backlog = BACKLOG
        self.include_server_header = self.include_date_header = False
        self.accesslog = None
        self.errorlog = logging.getLogger("flask_on_aws.balancer")
        # hypercorn takes its level for the logger's own; below it are its starts and stops.
        self.loglevel = "WARNING"

    @property
    def ssl_enabled(self) -> bool:
        return self._context is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        return self._context

    def create_sockets(self) -> Sockets:
        listening = [self._listening]
        return Sockets(listening, [], []) if self.ssl_enabled else Sockets([], listening, [])


class Server:
    """Answers on one port until it is stopped."""

    def __init__(
        self, port: int, application: Application, context: ssl.SSLContext | None, idle_timeout: float
    ) -> None:
        self.port, self.idle_timeout, self.encrypted = port, idle_timeout, context is not None
        config = _Config(bind(port), context, idle_timeout)
        self._stopping = asyncio.Event()
        app: Any = application  # hypercorn's types spell ASGI's messages out, ours do not
        self._task = asyncio.get_running_loop().create_task(serve(app, config, shutdown_trigger=self._stopping.wait))

    async def stop(self) -> None:
        """Refuse new connections, and end the open ones."""
        self._stopping.set()
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)
        # Since Python 3.12 a server's end waits for requests under way, however long they take.
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)

    @property
    def ended(self) -> bool:
        """Whether it has ended, also by itself."""
        return self._task.done()
