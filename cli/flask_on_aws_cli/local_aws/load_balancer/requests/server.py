"""A listener's server: hypercorn, which serves the application over HTTP/1.1, HTTP/2 and WebSockets."""

import asyncio
import logging
import socket
import ssl
from typing import Any

from hypercorn.asyncio import serve  # pyright: ignore[reportUnknownVariableType]
from hypercorn.config import Config, Sockets

from ....local_project.ports import BACKLOG, bind
from .application import Application

# AWS's limits, under "HTTP connections" in
# https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
_STREAMS, _REQUESTS_PER_CONNECTION = 128, 10_000
# Bytes, above the 64 KiB at which the application rejects a request with AWS's status; hypercorn returns 431 beyond.
_MAX_HEAD_SIZE = 128 * 1024
# Chunks of up to 64 KiB that each upload buffers in memory while it waits for a target.
_BUFFERED_CHUNKS = 4
# Seconds for requests in progress when a listener stops, and as long again for hypercorn to notice.
_GRACE_SECONDS = 1.0
_STOP_SECONDS = 2 * _GRACE_SECONDS


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose TLS connections close within a second.

    asyncio waits 30 s for the client's close_notify, and hypercorn, whose listener stops with its last connection, has
    no setting for it: a single idle browser would delay the stop of a load balancer by 30 s.
    """

    async def create_server(self, *args: Any, **options: Any) -> asyncio.Server:
        """Create a server as asyncio does, with the timeout of the TLS shutdown."""
        if options.get("ssl") is not None:
            options.setdefault("ssl_shutdown_timeout", _GRACE_SECONDS)
        return await super().create_server(*args, **options)


class _Config(Config):
    """hypercorn's settings, with an existing socket and TLS context."""

    def __init__(self, listening_socket: socket.socket, context: ssl.SSLContext | None, idle_timeout: float) -> None:
        self._listening_socket, self._context = listening_socket, context
        self.keep_alive_timeout = idle_timeout
        self.keep_alive_max_requests = _REQUESTS_PER_CONNECTION
        self.h2_max_concurrent_streams = _STREAMS
        self.h11_max_incomplete_size = self.h2_max_header_list_size = _MAX_HEAD_SIZE
        self.max_app_queue_size = _BUFFERED_CHUNKS
        self.graceful_timeout = _GRACE_SECONDS
        self.ssl_handshake_timeout = 10
        self.backlog = BACKLOG
        self.include_server_header = self.include_date_header = False
        self.accesslog = None
        self.errorlog = logging.getLogger("flask_on_aws.balancer")
        # hypercorn sets the logger's level to this; lower levels log its starts and stops.
        self.loglevel = "WARNING"

    @property
    def ssl_enabled(self) -> bool:
        return self._context is not None

    def create_ssl_context(self) -> ssl.SSLContext | None:
        return self._context

    def create_sockets(self) -> Sockets:
        sockets = [self._listening_socket]
        return Sockets(sockets, [], []) if self.ssl_enabled else Sockets([], sockets, [])


class Server:
    """Serves one port until it is stopped."""

    def __init__(
        self, port: int, application: Application, context: ssl.SSLContext | None, idle_timeout: float
    ) -> None:
        self.port, self.idle_timeout, self.is_encrypted = port, idle_timeout, context is not None
        config = _Config(bind(port), context, idle_timeout)
        self._stopping = asyncio.Event()
        app: Any = application  # hypercorn has a type per ASGI message, but Application does not
        self._task = asyncio.get_running_loop().create_task(serve(app, config, shutdown_trigger=self._stopping.wait))

    async def stop(self) -> None:
        """Reject new connections, and close the open ones."""
        self._stopping.set()
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)
        # Since Python 3.12, closing a server waits for requests in progress, however long they take.
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=_STOP_SECONDS)

    @property
    def has_ended(self) -> bool:
        """Whether the server has ended, even without being stopped."""
        return self._task.done()
