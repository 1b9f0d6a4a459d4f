import asyncio
import os

from aiohttp import web


async def index(request):
    addresses = request.headers.get("X-Forwarded-For", "").split(",")
    return web.Response(text=addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip())


async def health(request):
    return web.Response(text="up")


async def slow(request):
    await asyncio.sleep(1)
    return web.Response(text="done")


def make_app():
    app = web.Application()
    app.add_routes([web.get("/", index), web.get("/up", health), web.get("/slow", slow)])
    app.router.add_static("/static", "static")
    return app


if __name__ == "__main__":
    web.run_app(make_app(), port=int(os.environ["PORT"]))
