"""The app for aiohttp, whose own server reads no forwarded header: it reads them as docs/frameworks.md advises."""

import asyncio
import os

from aiohttp import web


async def page(request):
    if request.path == "/slow":
        await asyncio.sleep(2)
    if request.path == "/idle":
        await asyncio.sleep(1)
    if request.method == "POST":
        return web.json_response({"bytes": len(await request.read())})
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    address = addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()  # empty for a health check
    return web.json_response({"address": address, "scheme": request.headers.get("X-Forwarded-Proto", request.scheme)})


app = web.Application()
app.router.add_route("*", "/{path:.*}", page)

if __name__ == "__main__":
    web.run_app(app, host="127.0.0.1", port=int(os.environ["PORT"]))
