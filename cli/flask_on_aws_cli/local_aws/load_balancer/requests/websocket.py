"""Relays WebSocket messages between a client and a target."""

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

import aiohttp

from .asgi import Message, Receive, Send
from .forwarding import Route
from .incoming import Incoming
from .upstream import gateway_error

# The connection to the target has its own handshake.
_HANDSHAKE_HEADERS = frozenset(
    {"sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions", "sec-websocket-protocol"}
)
_CLOSE_TYPES = (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
# "Going away", and the code of a connection that ended without a close frame, which must not be sent (RFC 6455, 7.4.1).
_GOING_AWAY, _ABNORMAL = 1001, 1006


async def relay(route: Route, request: Incoming, receive: Receive, send: Send, idle_timeout: float) -> None:
    """Relay messages until one side closes or both are silent for the idle timeout, in seconds.

    A ping of the target is not silence: it crosses a load balancer on AWS as every frame does.

    If the target rejects the handshake, the client gets the target's status and header fields.
    """
    await receive()  # websocket.connect
    headers = [pair for pair in request.headers if pair[0].lower() not in _HANDSHAKE_HEADERS]
    offered = [value for name, value in request.headers if name.lower() == "sec-websocket-protocol"]
    protocols = [token.strip() for value in offered for token in value.split(",")]
    url = route.upstream.url(request.rule_request.path, request.rule_request.query)
    request.entry.mark_dispatched()
    try:
        # No limit on message sizes, since a load balancer does not inspect messages; it does not send pings either.
        connect = route.upstream.session.ws_connect(
            url, headers=headers, protocols=protocols, max_msg_size=0, autoping=False
        )
        socket = await connect
    except aiohttp.WSServerHandshakeError as error:
        await _reject(error, request, send)
        return
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise gateway_error(error) from error
    request.entry.mark_response(101)
    request.entry.status = 101
    await send({"type": "websocket.accept", "subprotocol": socket.protocol, "headers": route.cookies})
    try:
        await _relay_messages(socket, receive, send, idle_timeout)
    finally:
        await socket.close()


async def _reject(error: aiohttp.WSServerHandshakeError, request: Incoming, send: Send) -> None:
    status = error.status if error.status != 101 else 502
    request.entry.mark_response(error.status)
    request.entry.status = status
    fields = [(name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items()]
    excluded = (b"content-length", b"transfer-encoding", b"connection", b"upgrade")
    headers = [pair for pair in fields if pair[0] not in excluded]
    await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"", "more_body": False})


async def _relay_messages(
    socket: aiohttp.ClientWebSocketResponse, receive: Receive, send: Send, idle_timeout: float
) -> None:
    from_client: asyncio.Task[Any] = _task(receive())
    from_target: asyncio.Task[Any] = _task(socket.receive())
    try:
        while True:
            waiting = {from_client, from_target}
            done, _ = await asyncio.wait(waiting, timeout=idle_timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                await send({"type": "websocket.close", "code": _GOING_AWAY})
                return
            if from_client in done:
                if not await _to_target(socket, from_client.result()):
                    return
                from_client = _task(receive())
            if from_target in done:
                if not await _to_client(socket, from_target.result(), send):
                    return
                from_target = _task(socket.receive())
    finally:
        from_client.cancel()
        from_target.cancel()


def _task(awaitable: Awaitable[Any]) -> asyncio.Task[Any]:
    async def run() -> Any:
        return await awaitable

    return asyncio.get_running_loop().create_task(run())


async def _to_target(socket: aiohttp.ClientWebSocketResponse, message: Message) -> bool:
    """Relay a message; returns False if it was the last."""
    if message["type"] == "websocket.disconnect":
        code = message.get("code", _GOING_AWAY)
        await socket.close(code=_GOING_AWAY if code == _ABNORMAL else code)
        return False
    if message.get("bytes") is not None:
        await socket.send_bytes(message["bytes"])
    else:
        await socket.send_str(message["text"])
    return True


async def _to_client(socket: aiohttp.ClientWebSocketResponse, message: aiohttp.WSMessage, send: Send) -> bool:
    """Relay a message; returns False if it was the last."""
    if message.type in _CLOSE_TYPES:
        code = socket.close_code if socket.close_code not in (None, _ABNORMAL) else _GOING_AWAY
        await send({"type": "websocket.close", "code": code})
        return False
    if message.type is aiohttp.WSMsgType.PING:
        with contextlib.suppress(ConnectionError):  # the next message is the close
            await socket.pong(message.data)
    elif message.type is aiohttp.WSMsgType.BINARY:
        await send({"type": "websocket.send", "bytes": message.data})
    elif message.type is aiohttp.WSMsgType.TEXT:
        await send({"type": "websocket.send", "text": message.data})
    return True
