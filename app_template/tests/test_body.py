"""Tests of requests with a body, with the server that the image starts."""

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import Server, start

THREADS = 4


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    media = tmp_path_factory.mktemp("media")
    environment = {"DATABASE_URL": "postgresql://board@/x?host=/nowhere", "DEFAULT_STORAGE_DSN": f"file://{media}/"}
    with start("python serve.py", GRANIAN_BLOCKING_THREADS=str(THREADS), **environment) as server:
        yield server


def _status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def test_slow_bodies_do_not_block_the_app(server: Server) -> None:
    slow_clients = [server.connect() for _ in range(THREADS + 2)]
    for connection in slow_clients:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    time.sleep(0.5)
    slowest = 0.0
    for _ in range(5):
        began = time.monotonic()
        assert server.get("/up") == 200
        slowest = max(slowest, time.monotonic() - began)
    # Each body above the limit waits for a second in the last free thread.
    assert slowest < 4
    for connection in slow_clients:
        connection.close()


@pytest.mark.parametrize("first", [b"a", bytes(3000)], ids=["from the start", "after a quick start"])
def test_a_body_that_arrives_too_slowly_is_rejected(server: Server, first: bytes) -> None:
    server.read_log()
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + first)
        connection.settimeout(0.05)
        began, response = time.monotonic(), b""
        while not response:
            assert time.monotonic() - began < 20 + 9000 / 500
            connection.sendall(b"a")
            with contextlib.suppress(TimeoutError):
                response = connection.recv(65536)
        assert _status(response) == 408
        assert time.monotonic() - began > 20
        connection.settimeout(30)
        with contextlib.suppress(ConnectionError):
            assert not connection.recv(1)
    assert "body: The request arrived too slowly." in [line["message"] for line in server.read_log("slowly")]


def test_slow_headers_do_not_block_the_app(server: Server) -> None:
    slow_clients = [server.connect() for _ in range(50)]
    for connection in slow_clients:
        connection.sendall(b"GET /up HTTP/1.1\r\nHos")
    began = time.monotonic()
    assert server.get("/up") == 200
    assert time.monotonic() - began < 1
    for connection in slow_clients:
        connection.close()


@pytest.mark.parametrize(
    ("request_head", "body", "status", "sentence"),
    [
        (b"Content-Length: 7000000\r\n", b"", 413, "The request is too large."),
        (
            b"Transfer-Encoding: chunked\r\n",
            b"6acfc0\r\n" + bytes(7_000_000) + b"\r\n",
            413,
            "The request is too large.",
        ),
        (b"Content-Length: 100\r\n", b"abc", 400, "The request ended early."),
    ],
    ids=["content length", "chunked", "cut off"],
)
def test_a_rejected_body_is_logged_as_one_line(
    server: Server, request_head: bytes, body: bytes, status: int, sentence: str
) -> None:
    server.read_log()
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + request_head + b"\r\n")
        try:
            connection.sendall(body)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # rejected before the server has read all of it
        assert _status(connection.recv(65536)) == status
    log = server.read_log(f'"body: {sentence}"')
    assert [line["message"] for line in log if line["message"].startswith("body")] == [f"body: {sentence}"]


def test_huge_headers_are_rejected(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /up HTTP/1.1\r\nHost: x\r\nCookie: " + b"a" * 200_000 + b"\r\n\r\n")
        assert _status(connection.recv(65536)) == 431
    assert server.get("/up") == 200


def test_a_chunked_body_reaches_the_app(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n")
        assert _status(connection.recv(65536)) == 400  # because the body has no form token


def test_rejected_bodies_store_nothing(server: Server) -> None:
    assert not list(Path(server.environment["DEFAULT_STORAGE_DSN"].removeprefix("file://")).iterdir())
