"""A proxy before an emulated AWS that writes down every request, for checks that no emulator makes."""

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

# Of one connection alone, not of the request that goes on over the next one.
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "expect"}
_TIMEOUT_SECONDS = 120  # the emulator answers one call at a time, and tests share a processor


class Recorded(NamedTuple):
    """A request as it was on the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def recorded(endpoint: str, file: Path) -> Iterator[str]:
    """The address of a proxy before `endpoint`, which adds each request to `file`, a line each."""
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
    """What was recorded, each request once however often it was sent, without its signature."""
    found: dict[str, Recorded] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        method, target, headers, body = json.loads(line)
        key = json.dumps([method, target, headers.get("x-amz-target"), body])
        found.setdefault(key, Recorded(method, target, headers, base64.b64decode(body)))
    return list(found.values())


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
                answer = connection.getresponse()
                self._answer(answer, answer.read())
            finally:
                connection.close()

        def _body(self) -> bytes:
            if "chunked" not in self.headers.get("transfer-encoding", ""):
                return self.rfile.read(int(self.headers.get("content-length") or 0))
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return b"".join(parts)

        def _answer(self, answer: http.client.HTTPResponse, content: bytes) -> None:
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in _HOP_BY_HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                    self.send_header(name, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _forward

        def log_message(self, format: str, *args: object) -> None:
            """The file has it."""

    return Handler
