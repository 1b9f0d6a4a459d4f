"""A target in a separate process: on SIGTERM, it finishes open requests, closes idle connections and exits."""

import os
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

open_requests, idle = 0, threading.Condition()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 75
    disable_nagle_algorithm = True  # otherwise head and body arrive 40 ms apart

    def answer(self):
        global open_requests
        with idle:
            open_requests += 1
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        content = str(len(body)).encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        with idle:
            open_requests -= 1
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
    idle.wait_for(lambda: open_requests == 0, 30)
os._exit(0)
