import asyncio

from sanic import Sanic, text


def create_app():
    app = Sanic("shop")
    app.static("/static", "static")

    @app.get("/")
    async def index(request):
        return text(request.client_ip)

    @app.get("/up")
    async def health(request):
        return text("up")

    @app.get("/slow")
    async def slow(request):
        await asyncio.sleep(1)
        return text("done")

    return app


app = create_app()
