"""A listener's ASGI application: applies the rules to each request, and carries out the action."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

from ..access_log import Entry
from ..configuration import Configuration, FixedResponse, Forward, Listener, LoadBalancer, Redirect
from ..media_files import MediaFiles
from ..rules import choose_group, choose_rule, redirect_location
from ..stickiness import received_value
from ..targets import TargetTable
from .asgi import (
    ClientDisconnectedError,
    ClientResponse,
    ClientTimeoutError,
    Receive,
    RequestBody,
    Send,
    TruncatedResponse,
)
from .forwarding import Route, forward
from .incoming import Incoming, read_request
from .upstream import GatewayError, Pool
from .websocket import relay

# Header fields of the local AWS's own pages: no content from elsewhere, and no caching, since they show current state.
_PAGE_HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
)


@dataclass(frozen=True)
class ListenerState:
    """A listener's configuration at the time of a request."""

    configuration: Configuration
    balancer: LoadBalancer
    listener: Listener
    local_ports: dict[int, int]
    """Ports on this machine of the load balancer's listeners, by their ports in the records."""


class LoadBalancerError(Exception):
    """The load balancer itself responds with an error."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class PageResponse(NamedTuple):
    """A response of one of the local AWS's own pages."""

    status: int
    content_type: str
    body: bytes


Page = Callable[[str], PageResponse]
"""Path → response; called in a separate thread."""


class Application:
    """The ASGI application of one listener."""

    def __init__(
        self,
        listener_state: Callable[[], ListenerState | None],
        table: TargetTable,
        pool: Pool,
        log: Callable[[Entry], None],
        pages: Mapping[str, Page] = MappingProxyType({}),
        files: MediaFiles | None = None,
    ) -> None:
        self._listener_state, self._table, self._pool, self._log, self._pages = listener_state, table, pool, log, pages
        self._files = files
        # Open connections may still send requests to a listener that is being deleted.
        self._latest_state = listener_state()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request, WebSocket or lifespan event."""
        if scope["type"] == "lifespan":
            await _run_lifespan(receive, send)
            return
        state = self._latest_state = self._listener_state() or self._latest_state
        if state is None:
            return
        request = read_request(scope, state.balancer, state.listener)
        try:
            if scope["type"] == "websocket":
                await self._websocket(state, request, receive, send)
            else:
                await self._http(state, request, receive, send)
        finally:
            self._log(request.entry)

    async def _http(self, state: ListenerState, request: Incoming, receive: Receive, send: Send) -> None:
        body = RequestBody(receive, state.balancer.idle_timeout)
        response = ClientResponse(send, body)
        try:
            await self._respond(state, request, body, response)
        except (LoadBalancerError, GatewayError) as error:
            request.entry.reason = error.reason
            if response.status is not None:
                raise TruncatedResponse from error
            await response.send_error(error.status)
        except (ClientDisconnectedError, ClientTimeoutError) as error:
            request.entry.status = 460 if isinstance(error, ClientDisconnectedError) else 408
            if isinstance(error, ClientTimeoutError):
                await response.send_error(408)
        finally:
            entry = request.entry
            entry.status = entry.status or response.status
            entry.received, entry.sent = body.received, response.sent

    async def _respond(
        self, state: ListenerState, request: Incoming, body: RequestBody, response: ClientResponse
    ) -> None:
        page = self._pages.get(request.rule_request.host_name)
        if page is not None:
            content = await asyncio.to_thread(page, request.rule_request.path)
            await response.send_complete(content.status, content.body, content.content_type, *_PAGE_HEADERS)
            return
        if self._files is not None and request.rejection is None and self._files.covers(request.rule_request.path):
            file = await asyncio.to_thread(self._files.answer, request.rule_request, request.scheme)
            await response.send_complete(file.status, file.body, file.content_type, *file.headers)
            return
        action = self._action(state, request)
        match action:
            case FixedResponse():
                await response.send_complete(action.status, action.body.encode(), action.content_type)
            case Redirect():
                port = request.local_port
                location = redirect_location(action, request.rule_request, request.scheme, port, state.local_ports)
                request.entry.redirect = location
                await response.send_complete(action.status, b"", "text/html", (b"location", location.encode("latin-1")))
            case Forward():
                route = self._route(state, action, request)
                try:
                    await forward(route, request, body, response, self._table.count_response)
                finally:
                    self._table.release(route.registration)

    def _action(self, state: ListenerState, request: Incoming) -> FixedResponse | Redirect | Forward:
        if request.rejection is not None:
            raise LoadBalancerError(request.rejection, "the request line or the header fields are invalid")
        rule = choose_rule(state.listener.rules, request.rule_request)
        if rule is None:
            raise LoadBalancerError(503, "the listener has no default rule")
        request.entry.priority = rule.priority or 0
        request.entry.actions = {FixedResponse: "fixed-response", Redirect: "redirect", Forward: "forward"}[
            type(rule.action)
        ]
        return rule.action

    def _route(self, state: ListenerState, action: Forward, request: Incoming) -> Route:
        # Distributing requests does not need cryptographic randomness.
        arn = choose_group(action, random.random())  # noqa: S311
        group = state.configuration.target_group(arn) if arn is not None else None
        registration = self._table.choose(group, received_value(request.headers)) if group is not None else None
        if group is None or registration is None:
            raise LoadBalancerError(503, f"the target group {arn} has no registered targets")
        entry = request.entry
        entry.target_group = group.arn
        entry.target = f"{registration.target.host}:{registration.target.port}"
        return Route(
            group, registration, self._pool.upstream(registration, group.protocol, state.balancer.idle_timeout)
        )

    async def _websocket(self, state: ListenerState, request: Incoming, receive: Receive, send: Send) -> None:
        entry = request.entry
        try:
            action = self._action(state, request)
            if not isinstance(action, Forward):
                raise LoadBalancerError(400, "the rule does not forward WebSockets")
            route = self._route(state, action, request)
            try:
                await relay(route, request, receive, send, state.balancer.idle_timeout)
            finally:
                self._table.release(route.registration)
        except (LoadBalancerError, GatewayError) as error:
            entry.reason, entry.status = error.reason, error.status
            await send({"type": "websocket.http.response.start", "status": error.status, "headers": []})
            await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


async def _run_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
