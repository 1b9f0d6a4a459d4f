import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def index(request: Request) -> PlainTextResponse:
    return PlainTextResponse(request.client.host)


async def health(request: Request) -> PlainTextResponse:
    return PlainTextResponse("up")


async def slow(request: Request) -> PlainTextResponse:
    await asyncio.sleep(1)
    return PlainTextResponse("done")


app = Starlette(
    routes=[
        Route("/", index),
        Route("/up", health),
        Route("/slow", slow),
        Mount("/static", StaticFiles(directory="static")),
    ]
)
