"""The app for Sanic, which is a framework and its server in one."""

import asyncio

from sanic import Sanic, json

app = Sanic("served")


@app.route("/<path:path>", methods=["GET", "POST"])
async def page(request, path):
    if path == "slow":
        await asyncio.sleep(2)
    if path == "idle":
        await asyncio.sleep(1)
    return json({"address": request.remote_addr or request.ip, "scheme": request.scheme})
