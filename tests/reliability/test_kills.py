"""Tests of the board while the server's processes are killed during uploads."""

import http.client
import os
import random
import re
import signal
import socket
import time
from pathlib import Path

import psycopg
import pytest

from tests.waiting import until

from .processes import App, Instance

_BOUNDARY = "----board"
_PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)


class _Form:
    """A browser in which the form is open."""

    def __init__(self, instance: Instance) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=10)
        connection.request("GET", "/")
        response = connection.getresponse()
        match = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', response.read().decode())
        assert match
        self._token, self._cookie = match[1], (response.getheader("Set-Cookie") or "").split(";")[0]
        connection.close()
        self._port = instance.port

    def send(self, share: float = 1) -> socket.socket:
        """Send a post with a picture, or this share of its bytes; returns the connection."""
        fields = {"csrf_token": self._token, "body": "with a picture"}
        text = "".join(
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        body = (
            text.encode()
            + f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="picture"; filename="a.png"\r\n'.encode()
            + b"Content-Type: image/png\r\n\r\n"
            + _PICTURE
            + f"\r\n--{_BOUNDARY}--\r\n".encode()
        )
        head = (
            f"POST / HTTP/1.1\r\nHost: board\r\nCookie: {self._cookie}\r\nContent-Length: {len(body)}\r\n"
            f"Content-Type: multipart/form-data; boundary={_BOUNDARY}\r\n\r\n"
        ).encode()
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=10)
        connection.sendall(head + body[: int(len(body) * share)])
        return connection


def _kill_workers(instance: Instance) -> None:
    workers = instance.workers()
    assert workers
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    until(lambda: not set(workers) & set(instance.workers()))
    until(lambda: instance.status("/up") == 200)  # the server replaces its workers


def _check_posts(app: App) -> int:
    """Check that every post has its complete picture, and return the number of posts."""
    media = Path(app.environment["DEFAULT_STORAGE_DSN"].removeprefix("file://"))
    with psycopg.connect(app.database_url) as connection:
        keys = [key for (key,) in connection.execute("select picture_key from post")]
    for key in keys:
        assert key
        assert (media / key).read_bytes() == _PICTURE
    return len(keys)


def test_a_kill_during_an_upload_leaves_no_incomplete_post(app: App) -> None:
    with app.serving() as instance:
        form = _Form(instance)
        with form.send(0.5):
            time.sleep(0.3)
            _kill_workers(instance)
        assert _check_posts(app) == 0
        with form.send() as connection:  # the form is still valid
            assert connection.recv(100).startswith(b"HTTP/1.1 303")
        assert _check_posts(app) == 1


@pytest.mark.slow
def test_kills_at_random_moments_leave_no_incomplete_post(app: App) -> None:
    with app.serving() as instance:
        form = _Form(instance)
        for _ in range(20):
            with form.send():
                time.sleep(random.uniform(0, 0.05))
                _kill_workers(instance)
            # If a worker ends again within 5.5 s, granian exits because of a crash loop; on AWS, the task is replaced.
            time.sleep(6)
        complete = _check_posts(app)
        assert complete < 20  # some uploads were interrupted
        print(f"{complete} of 20 posts were complete")
