"""A request's way to a target, and the answer's way back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import aiohttp

from ..configuration import TargetGroup
from ..targets import Registration
from .asgi import Answer, ClientGoneError, ClientSilentError, RequestBody
from .headers import Headers, end_to_end
from .incoming import Incoming
from .upstream import GatewayError, Upstream, gateway_error

# Takes a target's answer into account: the registration, the status, and the seconds until it began.
Count = Callable[[Registration, int, float], None]
# How soon a client is noticed that goes while its request is read by nobody, in seconds; what reads it notices at once.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Route:
    """Where a request goes."""

    group: TargetGroup
    registration: Registration
    upstream: Upstream


async def forward(route: Route, request: Incoming, body: RequestBody, answer: Answer, count: Count) -> None:
    """The target's answer to the client, unless the client goes first."""
    exchanging = asyncio.ensure_future(_exchange(route, request, body, answer, count))
    leaving = asyncio.ensure_future(_left(body))
    try:
        await asyncio.wait({exchanging, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not exchanging.done():
            raise ClientGoneError
        exchanging.result()
    except GatewayError:
        # The target's connection fails too when the client's body ends early; whose fault it was is known here.
        if body.gone:
            raise ClientGoneError from None
        if body.silent:
            raise ClientSilentError from None
        raise
    finally:
        leaving.cancel()
        exchanging.cancel()
        await asyncio.wait({exchanging, leaving})


async def _exchange(route: Route, request: Incoming, body: RequestBody, answer: Answer, count: Count) -> None:
    headers, sent = await _request_body(request.headers, body)
    request.entry.dispatched()
    url = route.upstream.url(request.seen.path, request.seen.query)
    response = await route.upstream.request(request.seen.method, url, headers, sent)
    count(route.registration, response.status, request.entry.answered(response.status))
    try:
        await answer.begin(response.status, _answer_headers(response))
        async for piece in response.content.iter_any():
            await answer.write(piece)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise gateway_error(error) from error
    finally:
        response.close()  # a connection whose answer is complete was given back already
    await answer.end()


async def _left(body: RequestBody) -> None:
    """Return when the client has gone, whose body the request to the target reads."""
    while not body.complete:
        await asyncio.sleep(_LOOK_SECONDS)
        if body.gone:
            return
    await body.left()


async def _request_body(headers: Headers, body: RequestBody) -> tuple[Headers, RequestBody | None]:
    """The fields and the body for the target: with the length that the client said, else in chunks."""
    if any(name.lower() == "content-length" and value.strip() != "0" for name, value in headers):
        return headers, body
    return headers, None if await body.is_empty() else body


def _answer_headers(response: aiohttp.ClientResponse) -> list[tuple[bytes, bytes]]:
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers]
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in end_to_end(pairs)]
