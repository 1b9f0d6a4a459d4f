"""A target in a process of its own: on SIGTERM it finishes what is under way and ends, idle connections with it."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

under_way, idle = 0, threading.Condition()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True  # else head and body are 40 ms apart

    def answer(self):
        global under_way
        with idle:
            under_way += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        content = str(len(body)).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        with idle:
            under_way -= 1
            idle.notify_all()

    do_GET = do_POST = answer

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    request_queue_size = 128


server = Server(("127.0.0.1", 0), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(server.server_port, flush=True)
server.serve_forever(0.05)
with idle:
    idle.wait_for(lambda: under_way == 0, 30)
os._exit(0)
