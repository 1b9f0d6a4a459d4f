"""The app for Tornado, whose server an app starts in its code; `xheaders` in place of what docs/servers.md advises."""

import asyncio
import json
import os
import signal
import sys

import tornado.httpserver
import tornado.web

XHEADERS = "xheaders" in sys.argv
DRAIN_SECONDS = 4  # longer than /slow; an app would wait as long as its longest request takes


class Page(tornado.web.RequestHandler):
    async def get(self):
        if self.request.path == "/slow":
            await asyncio.sleep(2)
        if self.request.path == "/idle":
            await asyncio.sleep(1)
        address, scheme = self.request.remote_ip, self.request.protocol
        if not XHEADERS:
            addresses = self.request.headers.get("X-Forwarded-For", "").split(",")
            address = addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()  # empty for a health check
            scheme = self.request.headers.get("X-Forwarded-Proto", scheme)
        self.finish(json.dumps({"address": address, "scheme": scheme}))

    async def post(self):
        self.finish(json.dumps({"bytes": len(self.request.body)}))


async def main():
    server = tornado.httpserver.HTTPServer(tornado.web.Application([(".*", Page)]), xheaders=XHEADERS)
    server.listen(int(os.environ["PORT"]), "127.0.0.1")
    stopped = asyncio.Event()
    if not XHEADERS:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.stop()
    await asyncio.sleep(DRAIN_SECONDS)


asyncio.run(main())
