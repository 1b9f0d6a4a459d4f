"""Connections to targets: kept alive and reused, in one pool per registration of a target."""

import asyncio
from collections.abc import AsyncIterable

import aiohttp
from yarl import URL

from ....local_project.location import Target
from ..configuration import Protocol
from ..targets import Registration
from .headers import MAX_RESPONSE_HEAD, Headers

# Fixed by AWS, under 504 in
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
CONNECT_SECONDS = 10
# Header fields that aiohttp would add; a target gets only what the client sent.
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class GatewayError(Exception):
    """A target did not return a valid response."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status, self.reason = status, reason


class Upstream:
    """The connections to one target."""

    def __init__(self, protocol: Protocol, target: Target, idle_timeout: float) -> None:
        self._base = URL.build(scheme=protocol.lower(), host=target.host, port=target.port)
        self.session = aiohttp.ClientSession(
            # A load balancer accepts any certificate of a target, even a self-signed one; there is no connection limit,
            # since requests must never wait for each other.
            connector=aiohttp.TCPConnector(limit=0, ssl=False, keepalive_timeout=idle_timeout),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=idle_timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            max_line_size=MAX_RESPONSE_HEAD,
            max_field_size=MAX_RESPONSE_HEAD,
        )
        # aiohttp would retry a GET on a kept-alive connection that the target has just closed. A load balancer returns
        # 502, so an app whose keep-alive is too short must fail here too. aiohttp has no public option for it.
        self.session._retry_connection = False  # pyright: ignore[reportPrivateUsage]

    def url(self, path: str, query: str) -> URL:
        """The target's URL for a path and query, encoded as received."""
        return URL.build(
            scheme=self._base.scheme,
            authority=self._base.authority,
            path=path,
            query_string=query,
            encoded=True,
        )

    async def request(
        self, method: str, url: URL, headers: Headers, body: AsyncIterable[bytes] | None
    ) -> aiohttp.ClientResponse:
        """Send a request; returns the response once its headers arrive, and raises GatewayError if there is none."""
        try:
            return await self.session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise gateway_error(error) from error

    async def close(self) -> None:
        """Close all connections; requests in progress fail with 502."""
        await self.session.close()


def gateway_error(error: BaseException) -> GatewayError:
    """The error with status 502 or 504, as AWS distinguishes them."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return GatewayError(504, f"the target accepted no connection within {CONNECT_SECONDS} s")
    if isinstance(error, TimeoutError):
        return GatewayError(504, "the target was silent for longer than the idle timeout")
    if isinstance(error, aiohttp.ClientConnectorError):
        return GatewayError(502, f"the target refused the connection ({error.os_error.strerror})")
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
        return GatewayError(502, "the target closed the connection before its response was complete")
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return GatewayError(502, f"the target's response is malformed ({error})")
    return GatewayError(502, str(error) or type(error).__name__)


class Pool:
    """The connections to all targets."""

    def __init__(self) -> None:
        self._upstreams: dict[int, Upstream] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def upstream(self, registration: Registration, protocol: Protocol, idle_timeout: float) -> Upstream:
        """The target's connections, with the idle timeout of the first load balancer that uses them."""
        upstream = self._upstreams.get(registration.number)
        if upstream is None:
            upstream = self._upstreams[registration.number] = Upstream(protocol, registration.target, idle_timeout)
        return upstream

    def remove(self, registration: Registration) -> None:
        """Close the connections of a target whose deregistration is complete."""
        upstream = self._upstreams.pop(registration.number, None)
        if upstream is not None:
            task = asyncio.get_running_loop().create_task(upstream.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all connections."""
        for upstream in self._upstreams.values():
            await upstream.close()
        await asyncio.gather(*self._closing)
