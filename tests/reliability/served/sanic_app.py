"""The app for Sanic, which is a framework and its server in one."""

import asyncio

from sanic import Sanic, json

app = Sanic("served")


@app.get("/<path:path>")
async def page(request, path):
    if path == "slow":
        await asyncio.sleep(2)
    return json({"address": request.remote_addr or request.ip, "scheme": request.scheme})
