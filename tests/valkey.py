"""A minimal client of Valkey and Redis with TLS, for tests of servers; apps use a library."""

import shutil
import socket
import ssl
from pathlib import Path

import pytest

requires_server = pytest.mark.skipif(
    not (shutil.which("valkey-server") or shutil.which("redis-server")),
    reason="neither Valkey nor Redis is installed on this machine",
)


def ask(ca: Path, port: int, token: str, *commands: str) -> list[str]:
    """The first line of the answer to each command, after logging in with a token if there is one."""
    context = ssl.create_default_context(cafile=str(ca))
    lines = [f"AUTH {token}"] if token else []
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as tls,
        tls.makefile("rw", newline="\r\n") as stream,
    ):
        answers: list[str] = []
        for line in [*lines, *commands]:
            stream.write(f"{line}\r\n")
            stream.flush()
            answers.append(_answer(stream))
    return answers[len(lines) :] if not lines or answers[0] == "+OK" else answers


def _answer(stream) -> str:
    first = stream.readline().rstrip("\r\n")
    if first.startswith("$"):
        length = int(first[1:])
        return "" if length < 0 else stream.read(length + 2)[:length]
    if first.startswith("*"):
        return " ".join(_answer(stream) for _ in range(int(first[1:])))
    return first
