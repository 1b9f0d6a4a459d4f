import asyncio

from litestar import Litestar, MediaType, Request, get
from litestar.static_files import create_static_files_router


@get("/", media_type=MediaType.TEXT)
async def index(request: Request) -> str:
    return request.client.host


@get("/up", media_type=MediaType.TEXT)
async def health() -> str:
    return "up"


@get("/slow", media_type=MediaType.TEXT)
async def slow() -> str:
    await asyncio.sleep(1)
    return "done"


app = Litestar([index, health, slow, create_static_files_router("/static", ["static"])])
