"""Connections to targets: kept alive and used again, one pool for each stay of a target in its group."""

import asyncio
from collections.abc import AsyncIterable

import aiohttp
from yarl import URL

from ....local_project.location import Target
from ..configuration import Protocol
from ..targets import Registration
from .headers import LONGEST_RESPONSE_HEAD, Headers

# Fixed by AWS, under 504 in
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
CONNECT_SECONDS = 10
# What aiohttp would add of its own; a target sees what the client sent.
_ADDED_BY_AIOHTTP = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class GatewayError(Exception):
    """A target did not answer as it should."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status, self.reason = status, reason


class Upstream:
    """One target's connections."""

    def __init__(self, protocol: Protocol, target: Target, idle_timeout: float) -> None:
        self._base = URL.build(scheme=protocol.lower(), host=target.host, port=target.port)
        self.session = aiohttp.ClientSession(
            # A load balancer takes any certificate of a target, also a self-signed one; and there is no limit of
            # connections, since its requests never wait for each other.
            connector=aiohttp.TCPConnector(limit=0, ssl=False, keepalive_timeout=idle_timeout),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=idle_timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=_ADDED_BY_AIOHTTP,
            max_line_size=LONGEST_RESPONSE_HEAD,
            max_field_size=LONGEST_RESPONSE_HEAD,
        )
        # aiohttp would send a GET again whose kept connection the target has just closed. A load balancer answers 502,
        # and an app whose keep-alive is too short is to fail here too. aiohttp has no public switch for it.
        self.session._retry_connection = False  # pyright: ignore[reportPrivateUsage]

    def url(self, path: str, query: str) -> URL:
        """The target's URL for a path and query that are encoded as they came."""
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
        """The target's answer as soon as it begins; raises GatewayError where it gives none."""
        try:
            return await self.session.request(method, url, headers=headers, data=body, allow_redirects=False)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise gateway_error(error) from error

    async def close(self) -> None:
        """Close all connections; requests under way fail with 502."""
        await self.session.close()


def gateway_error(error: BaseException) -> GatewayError:
    """502 or 504, and why, as AWS tells them apart."""
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return GatewayError(504, f"the target took no connection within {CONNECT_SECONDS} s")
    if isinstance(error, TimeoutError):
        return GatewayError(504, "the target was silent for longer than the idle timeout")
    if isinstance(error, aiohttp.ClientConnectorError):
        return GatewayError(502, f"the target refused the connection ({error.os_error.strerror})")
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionError):
        return GatewayError(502, "the target closed the connection before its answer was complete")
    if isinstance(error, aiohttp.ClientResponseError | aiohttp.ClientPayloadError):
        return GatewayError(502, f"the target's answer is malformed ({error})")
    return GatewayError(502, str(error) or type(error).__name__)


class Pool:
    """The connections of all targets."""

    def __init__(self) -> None:
        self._upstreams: dict[int, Upstream] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def upstream(self, registration: Registration, protocol: Protocol, idle_timeout: float) -> Upstream:
        """The target's connections; the idle timeout is that of the load balancer that asked first."""
        known = self._upstreams.get(registration.number)
        if known is None:
            known = self._upstreams[registration.number] = Upstream(protocol, registration.target, idle_timeout)
        return known

    def forget(self, registration: Registration) -> None:
        """Close the connections of a target whose deregistration is complete."""
        gone = self._upstreams.pop(registration.number, None)
        if gone is not None:
            task = asyncio.get_running_loop().create_task(gone.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close everything."""
        for upstream in self._upstreams.values():
            await upstream.close()
        await asyncio.gather(*self._closing)
