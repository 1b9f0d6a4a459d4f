"""The same app for WSGI and ASGI: it reports the visitor's address and scheme as the server gives them."""

import asyncio
import json
import time

SLOW_SECONDS = 2  # of /slow, the request that is in flight while the server stops
# /idle takes long enough that simultaneous requests each need a connection: with threads, the others wait for one.


def wsgi(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(SLOW_SECONDS)
    if environ["PATH_INFO"] == "/idle":
        time.sleep(0.01)
    answer = {"address": environ["REMOTE_ADDR"], "scheme": environ["wsgi.url_scheme"]}
    if environ["REQUEST_METHOD"] == "POST":
        answer = {"bytes": len(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))}
    body = json.dumps(answer).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["path"] == "/slow":
        await asyncio.sleep(SLOW_SECONDS)
    if scope["path"] == "/idle":
        await asyncio.sleep(1)
    answer = {"address": scope["client"][0], "scheme": scope["scheme"]}
    if scope["method"] == "POST":
        answer = {"bytes": len(await _body(receive))}
    body = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _body(receive):
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _lifespan(receive, send):
    kind = ""
    while kind != "lifespan.shutdown":
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
