"""A server of the TDS protocol for tests: TLS as SQL Server starts it, login, and an answer to every statement.

It has no SQL. https://learn.microsoft.com/openspecs/windows_protocols/ms-tds/
"""

import re
import socketserver
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

# Types of packets.
BATCH, RESPONSE, LOGIN, PRELOGIN = 0x01, 0x04, 0x10, 0x12
_HEADER = struct.Struct(">BBHHBB")
_LAST = 0x01
_MOST = 4096
_VERSION, _ENCRYPTION, _END = 0x00, 0x01, 0xFF
_ENCRYPT_REQUIRED = 0x03
_ATTENTION_ACKNOWLEDGED = 0x20
_VERSION_TEXT = "Microsoft SQL Server 2022 - 16.0.4150.1"


@dataclass
class Recorded:
    """What clients have sent, and the responses to them."""

    logins: list[dict[str, str]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    """The value that a statement with this text returns; an empty one is NULL. Others return the server's version."""


class _Connection(socketserver.BaseRequestHandler):
    context: ssl.SSLContext
    recorded: Recorded

    def handle(self) -> None:
        self.request.settimeout(10)
        with suppress(
            OSError, EOFError
        ):  # the client has hung up, for example because it does not trust the certificate
            self._serve()

    def _serve(self) -> None:
        kind, _ = self._receive()
        assert kind == PRELOGIN
        self._send(RESPONSE, self._prelogin())
        self._handshake()
        while True:
            kind, body = self._receive()
            if kind == LOGIN:
                self.recorded.logins.append(_login(body))
                self._send(RESPONSE, _login_acknowledged())
            elif kind == BATCH:
                length = struct.unpack_from("<I", body)[0]
                self._send(RESPONSE, self._answer(body[length:].decode("utf-16-le")))
            else:  # the client cancels what it has not read
                self._send(RESPONSE, _done(_ATTENTION_ACKNOWLEDGED))

    def _answer(self, statement: str) -> bytes:
        self.recorded.statements.append(statement)
        answers = (value for text, value in self.recorded.answers.items() if text in statement)
        if not re.search(r"^\s*SELECT", statement, re.IGNORECASE | re.MULTILINE):
            return _done()
        return _row(next(answers, _VERSION_TEXT))

    # TLS is inside of the packets until the handshake has ended, and around them afterwards.
    tls: ssl.SSLObject | None = None

    def _handshake(self) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(self._in, self._out, server_side=True)
        while True:
            try:
                tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                done = False
            if self._out.pending:
                self._write(PRELOGIN, self._out.read(), self.request.sendall)
            if done:
                break
            self._in.write(self._read(self._from_socket)[1])
        self.tls = tls

    def _prelogin(self) -> bytes:
        version, encryption = bytes([16, 0, 0x10, 0x36, 0, 0]), bytes([_ENCRYPT_REQUIRED])
        start = 5 + 5 + 1
        options = struct.pack(">BHH", _VERSION, start, len(version))
        options += struct.pack(">BHH", _ENCRYPTION, start + len(version), len(encryption))
        return options + bytes([_END]) + version + encryption

    def _receive(self) -> tuple[int, bytes]:
        return self._read(self._from_tls if self.tls else self._from_socket)

    def _send(self, kind: int, body: bytes) -> None:
        if not self.tls:
            self._write(kind, body, self.request.sendall)
            return

        def send(packet: bytes) -> None:
            assert self.tls
            self.tls.write(packet)
            self.request.sendall(self._out.read())

        self._write(kind, body, send)

    def _read(self, read) -> tuple[int, bytes]:
        body = b""
        while True:
            kind, status, length, *_ = _HEADER.unpack(read(_HEADER.size))
            body += read(length - _HEADER.size)
            if status & _LAST:
                return kind, body

    def _write(self, kind: int, body: bytes, send) -> None:
        size = _MOST - _HEADER.size
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        for number, part in enumerate(parts, 1):
            status = _LAST if number == len(parts) else 0
            send(_HEADER.pack(kind, status, len(part) + _HEADER.size, 0, number & 0xFF, 0) + part)

    def _from_socket(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            part = self.request.recv(length - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    _clear = b""

    def _from_tls(self, length: int) -> bytes:
        assert self.tls
        while len(self._clear) < length:
            try:
                part = self.tls.read(_MOST)
                if not part:
                    raise EOFError
                self._clear += part
            except ssl.SSLWantReadError:
                part = self.request.recv(_MOST)
                if not part:
                    raise EOFError from None
                self._in.write(part)
        data, self._clear = self._clear[:length], self._clear[length:]
        return data


def _login(body: bytes) -> dict[str, str]:
    """User, password and database of a LOGIN7 message."""

    def text(offset_at: int, hidden: bool = False) -> str:
        offset, length = struct.unpack_from("<HH", body, offset_at)
        raw = body[offset : offset + 2 * length]
        if hidden:
            raw = bytes(((byte ^ 0xA5) << 4 & 0xF0) | ((byte ^ 0xA5) >> 4) for byte in raw)
        return raw.decode("utf-16-le")

    return {"user": text(40), "password": text(44, hidden=True), "database": text(68)}


def _short(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


def _done(status: int = 0) -> bytes:
    return struct.pack("<BHHQ", 0xFD, status, 0, 0)


def _login_acknowledged() -> bytes:
    program = _short("Microsoft SQL Server")
    body = bytes([1]) + bytes([0x74, 0, 0, 4]) + program + bytes([16, 0, 0x10, 0x36])
    size = _short("4096") + _short("4096")
    change = struct.pack("<BHB", 0xE3, 1 + len(size), 4) + size
    return struct.pack("<BH", 0xAD, len(body)) + body + change + _done()


def _row(text: str) -> bytes:
    """One row with one column of text, which many questions of drivers accept; NULL for an empty one."""
    collation = bytes([0x09, 0x04, 0xD0, 0, 0x34])
    column = struct.pack("<IHB", 0, 0x0001, 0xE7) + struct.pack("<H", 200) + collation + _short("v")
    value = text.encode("utf-16-le")
    row = bytes([0xD1]) + (struct.pack("<H", len(value)) + value if value else b"\xff\xff")
    return struct.pack("<BH", 0x81, 1) + column + row + struct.pack("<BHHQ", 0xFD, 0x10, 0xC1, 1)


@contextmanager
def tds_server(certificate: Path, key: Path) -> Iterator[tuple[int, Recorded]]:
    """A server until the block ends: its port, and what it records."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # TDS 7 has no later one
    context.load_cert_chain(certificate, key)
    recorded = Recorded()
    handler = type("Connection", (_Connection,), {"context": context, "recorded": recorded})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield server.server_address[1], recorded
        finally:
            server.shutdown()
