"""Forwards a request to a target, and the response to the client."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from ..configuration import TargetGroup
from ..stickiness import cookie_fields, cookie_value
from ..targets import Registration
from .asgi import ClientDisconnectedError, ClientResponse, ClientTimeoutError, RequestBody
from .headers import Headers, end_to_end
from .incoming import Incoming
from .upstream import GatewayError, Upstream, gateway_error

# Counts a target's response: the registration, the status, and the seconds until the response began.
CountResponse = Callable[[Registration, int, float], None]
# Seconds between checks whether the client disconnected while nothing reads its request; a reader notices at once.
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Route:
    """The target to which a request is forwarded."""

    group: TargetGroup
    registration: Registration
    upstream: Upstream

    @property
    def cookies(self) -> list[tuple[bytes, bytes]]:
        """The header fields that bind the client to the target, where the group's sessions are sticky."""
        seconds = self.group.sticky_seconds
        return cookie_fields(cookie_value(self.group.arn, self.registration.target), seconds) if seconds else []


async def forward(
    route: Route, request: Incoming, body: RequestBody, response: ClientResponse, count: CountResponse
) -> None:
    """Forward a request, and the target's response to the client, unless the client disconnects first."""
    exchange = asyncio.ensure_future(_exchange(route, request, body, response, count))
    disconnect = asyncio.ensure_future(_wait_for_disconnect(body))
    try:
        await asyncio.wait({exchange, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not exchange.done():
            raise ClientDisconnectedError
        exchange.result()
    except GatewayError:
        # If the client's body ends early, the target's connection fails too; `body` shows whether the client caused it.
        if body.has_disconnected:
            raise ClientDisconnectedError from None
        if body.has_timed_out:
            raise ClientTimeoutError from None
        raise
    finally:
        disconnect.cancel()
        exchange.cancel()
        await asyncio.wait({exchange, disconnect})


async def _exchange(
    route: Route, request: Incoming, body: RequestBody, response: ClientResponse, count: CountResponse
) -> None:
    headers, target_body = await _request_body(request.headers, body)
    request.entry.mark_dispatched()
    url = route.upstream.url(request.rule_request.path, request.rule_request.query)
    target_response = await route.upstream.request(request.rule_request.method, url, headers, target_body)
    count(route.registration, target_response.status, request.entry.mark_response(target_response.status))
    try:
        await response.begin(target_response.status, [*_response_headers(target_response), *route.cookies])
        async for chunk in target_response.content.iter_any():
            await response.write(chunk)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise gateway_error(error) from error
    finally:
        target_response.close()  # a connection whose response is complete has been returned to the pool already
    await response.end()


async def _wait_for_disconnect(body: RequestBody) -> None:
    """Return when the client disconnects, while the request to the target reads the body."""
    while not body.is_complete:
        await asyncio.sleep(_POLL_SECONDS)
        if body.has_disconnected:
            return
    await body.wait_for_disconnect()


async def _request_body(headers: Headers, body: RequestBody) -> tuple[Headers, RequestBody | None]:
    """The header fields and the body for the target: with the client's Content-Length, otherwise in chunks."""
    if any(name.lower() == "content-length" and value.strip() != "0" for name, value in headers):
        return headers, body
    return headers, None if await body.is_empty() else body


def _response_headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in end_to_end(pairs)]
