import asyncio
import os
import signal

import tornado.httpserver
import tornado.web
from tornado.options import define, options, parse_command_line

define("port", default=8888, type=int)


class Index(tornado.web.RequestHandler):
    def get(self):
        addresses = self.request.headers.get("X-Forwarded-For", "").split(",")
        self.write(addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip())


class Health(tornado.web.RequestHandler):
    def get(self):
        self.write("up")


class Slow(tornado.web.RequestHandler):
    async def get(self):
        await asyncio.sleep(1)
        self.write("done")


def make_app():
    return tornado.web.Application([("/", Index), ("/up", Health), ("/slow", Slow)], static_path="static")


async def main():
    parse_command_line()
    server = tornado.httpserver.HTTPServer(make_app())
    server.listen(options.port)
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    await stopped.wait()
    server.stop()
    await asyncio.sleep(2)


if __name__ == "__main__":
    asyncio.run(main())
