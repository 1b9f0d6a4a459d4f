"""What a listener does with each request: its rules, and the way to a target and back."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ..access_log import Entry
from ..configuration import Configuration, FixedResponse, Forward, Listener, LoadBalancer, Redirect
from ..rules import choose_group, choose_rule, redirect_location
from ..targets import TargetTable
from .asgi import Answer, ClientGoneError, ClientSilentError, Receive, RequestBody, Send, TruncatedAnswer
from .forwarding import Route, forward
from .incoming import Incoming, incoming
from .upstream import GatewayError, Pool
from .websocket import relay

# Of its own pages: nothing from elsewhere, and nothing kept, since it shows what is true now.
_OWN_FIELDS = (
    (b"content-security-policy", b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


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


class OwnAnswer(NamedTuple):
    """What the load balancer's own page answers."""

    status: int
    content_type: str
    body: bytes


Page = Callable[[str], OwnAnswer]
"""Path → answer; called in a thread of its own."""


class Application:
    """The ASGI application of one listener."""

    def __init__(
        self,
        front: Callable[[], Front | None],
        table: TargetTable,
        pool: Pool,
        log: Callable[[Entry], None],
        own: Mapping[str, Page] = MappingProxyType({}),
    ) -> None:
        self._front, self._table, self._pool, self._log, self._own = front, table, pool, log, own
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
        page = self._own.get(request.seen.host_name)
        if page is not None:
            own = await asyncio.to_thread(page, request.seen.path)
            await answer.own(own.status, own.body, own.content_type, *_OWN_FIELDS)
            return
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
                    await forward(route, request, body, answer, self._table.answered)
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
