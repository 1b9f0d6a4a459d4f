"""What a listener does with each request: its rules, and the way to a target and back."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

from .access_log import Entry
from .asgi import Answer, ClientGoneError, ClientSilentError, Receive, RequestBody, Send, TruncatedAnswer
from .configuration import Configuration, FixedResponse, Forward, Listener, LoadBalancer, Redirect, TargetGroup
from .headers import Headers, end_to_end
from .incoming import Incoming, incoming
from .rules import choose_group, choose_rule, redirect_location
from .targets import Registration, TargetTable
from .upstream import GatewayError, Pool, Upstream, gateway_error
from .websocket import relay


@dataclass(frozen=True)
class Front:
    """A listener as it is at the moment of a request."""

    configuration: Configuration
    balancer: LoadBalancer
    listener: Listener
    local_ports: dict[int, int]
    """Ports on this machine of the load balancer's listeners, by those of the records."""


class Refusal(Exception):
    """The load balancer answers itself."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Route:
    """Where a request goes."""

    group: TargetGroup
    registration: Registration
    upstream: Upstream


class Application:
    """The ASGI application of one listener."""

    def __init__(
        self, front: Callable[[], Front | None], table: TargetTable, pool: Pool, log: Callable[[Entry], None]
    ) -> None:
        self._front, self._table, self._pool, self._log = front, table, pool, log
        # Open connections may still ask a listener that is being deleted.
        self._latest = front()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, WebSocket or lifespan event."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        front = self._latest = self._front() or self._latest
        if front is None:
            return
        request = incoming(scope, front.balancer, front.listener)
        try:
            if scope["type"] == "websocket":
                await self._websocket(front, request, receive, send)
            else:
                await self._http(front, request, receive, send)
        finally:
            self._log(request.entry)

    async def _http(self, front: Front, request: Incoming, receive: Receive, send: Send) -> None:
        body = RequestBody(receive, front.balancer.idle_timeout)
        answer = Answer(send, body)
        try:
            await self._answer(front, request, body, answer)
        except (Refusal, GatewayError) as refusal:
            request.entry.reason = refusal.reason
            if answer.status is not None:
                raise TruncatedAnswer from refusal
            await answer.error(refusal.status)
        except (ClientGoneError, ClientSilentError) as failure:
            request.entry.status = 460 if isinstance(failure, ClientGoneError) else 408
            if isinstance(failure, ClientSilentError):
                await answer.error(408)
        finally:
            entry = request.entry
            entry.status = entry.status or answer.status
            entry.received, entry.sent = body.received, answer.sent

    async def _answer(self, front: Front, request: Incoming, body: RequestBody, answer: Answer) -> None:
        action = self._action(front, request)
        match action:
            case FixedResponse():
                await answer.own(action.status, action.body.encode(), action.content_type)
            case Redirect():
                port = request.local_port
                location = redirect_location(action, request.seen, request.scheme, port, front.local_ports)
                request.entry.redirect = location
                await answer.own(action.status, b"", "text/html", (b"location", location.encode("latin-1")))
            case Forward():
                route = self._route(front, action, request.entry)
                try:
                    await self._forward(route, request, body, answer)
                finally:
                    self._table.release(route.registration)

    def _action(self, front: Front, request: Incoming) -> FixedResponse | Redirect | Forward:
        if request.problem is not None:
            raise Refusal(request.problem, "the request's line or header fields are not as they must be")
        rule = choose_rule(front.listener.rules, request.seen)
        if rule is None:
            raise Refusal(503, "the listener has no default rule")
        request.entry.priority = rule.priority or 0
        request.entry.actions = {FixedResponse: "fixed-response", Redirect: "redirect", Forward: "forward"}[
            type(rule.action)
        ]
        return rule.action

    def _route(self, front: Front, action: Forward, entry: Entry) -> Route:
        # Spreading requests needs no secret randomness.
        arn = choose_group(action, random.random())  # noqa: S311
        group = front.configuration.target_group(arn) if arn is not None else None
        registration = self._table.choose(group) if group is not None else None
        if group is None or registration is None:
            raise Refusal(503, f"the target group {arn} has no registered targets")
        entry.target_group = group.arn
        entry.target = f"{registration.target.host}:{registration.target.port}"
        return Route(
            group, registration, self._pool.upstream(registration, group.protocol, front.balancer.idle_timeout)
        )

    async def _forward(self, route: Route, request: Incoming, body: RequestBody, answer: Answer) -> None:
        """The target's answer to the client, unless the client goes first."""
        exchanging = asyncio.ensure_future(self._exchange(route, request, body, answer))
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

    async def _exchange(self, route: Route, request: Incoming, body: RequestBody, answer: Answer) -> None:
        headers, sent = await _request_body(request.headers, body)
        request.entry.dispatched()
        url = route.upstream.url(request.seen.path, request.seen.query)
        response = await route.upstream.request(request.seen.method, url, headers, sent)
        self._table.answered(route.registration, response.status, request.entry.answered(response.status))
        try:
            await answer.begin(response.status, _answer_headers(response))
            async for piece in response.content.iter_any():
                await answer.write(piece)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise gateway_error(error) from error
        finally:
            response.close()  # a connection whose answer is complete was given back already
        await answer.end()

    async def _websocket(self, front: Front, request: Incoming, receive: Receive, send: Send) -> None:
        entry = request.entry
        try:
            action = self._action(front, request)
            if not isinstance(action, Forward):
                raise Refusal(400, "the rule forwards no WebSocket")
            route = self._route(front, action, entry)
            try:
                await relay(route.upstream, request, receive, send, front.balancer.idle_timeout)
            finally:
                self._table.release(route.registration)
        except (Refusal, GatewayError) as refusal:
            entry.reason, entry.status = refusal.reason, refusal.status
            await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


async def _live(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _left(body: RequestBody) -> None:
    """Return when the client has gone, whose body the request to the target reads."""
    while not body.complete:
        # The body's reader notices a client that goes; a tenth of a second later is soon enough for the rest.
        await asyncio.sleep(0.1)
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
