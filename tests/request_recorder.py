"""A proxy in front of an emulated AWS that records every request, for checks that no emulator makes."""

import base64
import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

# Headers that apply to one connection only, and are not forwarded.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
_TIMEOUT_SECONDS = 120  # the emulator handles one request at a time, and tests share a processor


class Recorded(NamedTuple):
    """A request as it was sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def recorded(endpoint: str, file: Path) -> Iterator[str]:
    """The address of a proxy in front of `endpoint`, which appends each request to `file` as a line."""
    with file.open("a", encoding="utf-8") as out:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint, out, threading.Lock()))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def read_requests(file: Path) -> list[Recorded]:
    """The recorded requests, each once however often it was sent; signatures are not compared."""
    requests: dict[str, Recorded] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        method, target, headers, body = json.loads(line)
        key = json.dumps([method, target, headers.get("x-amz-target"), body])
        requests.setdefault(key, Recorded(method, target, headers, base64.b64decode(body)))
    return list(requests.values())


def _handler(endpoint: str, out, lock: threading.Lock) -> type[BaseHTTPRequestHandler]:
    address = urlsplit(endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self._body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            with lock:
                out.write(json.dumps([self.command, self.path, headers, base64.b64encode(body).decode()]) + "\n")
                out.flush()
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
            try:
                connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
                for name, value in headers.items():
                    if name not in _HOP_BY_HOP and name != "content-length":
                        connection.putheader(name, value)
                connection.putheader("content-length", str(len(body)))
                connection.endheaders(body)
                response = connection.getresponse()
                self._respond(response, response.read())
            finally:
                connection.close()

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length") or 0))
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(chunks)

        def _respond(self, response: http.client.HTTPResponse, content: bytes) -> None:
            self.send_response_only(response.status, response.reason)
            for name, value in response.getheaders():
                if name.lower() not in _HOP_BY_HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _forward

        def log_message(self, format: str, *args: object) -> None:
            """Logs nothing: the file has every request."""

    return Handler
