"""The app for http.server, as docs/frameworks.md advises: a thread for each connection, and a handler of SIGTERM."""

import json
import os
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DRAIN_SECONDS = 4  # longer than /slow; an app would wait as long as its longest request takes


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(2)
        if self.path == "/idle":
            time.sleep(0.01)
        addresses = self.headers.get("X-Forwarded-For", "").split(",")
        address = addresses[-int(os.environ["TRUST_PROXY_DEPTH"]) :][0].strip()  # empty for a health check
        self.respond({"address": address, "scheme": self.headers.get("X-Forwarded-Proto", "http")})

    def do_POST(self):
        self.respond({"bytes": len(self.rfile.read(int(self.headers["Content-Length"])))})

    def respond(self, answer):
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = False


server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
time.sleep(DRAIN_SECONDS)
os._exit(0)
