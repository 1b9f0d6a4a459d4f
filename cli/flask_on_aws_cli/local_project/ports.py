"""Finds free ports of this machine's loopback interface and listens on them."""

import errno
import random
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from .location import HOST

BACKLOG = 1024  # maximum number of connections that wait to be accepted
# Below the ports that systems assign to outgoing connections (from 32768 on Linux, from 49152 on macOS): no such
# connection can occupy a port between its choice and its use.
_PORTS = range(20000, 30000)


class PortBusyError(Exception):
    """Another process listens on the port."""


def bind(port: int, host: str = HOST) -> socket.socket:
    """A listening, non-blocking socket. Default host: the loopback address, which other machines cannot reach.

    Raises:
        PortBusyError: if another process listens on the port.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortBusyError(f"Port {port} is in use by another program; end it, or choose another port.") from None
    listener.setblocking(False)
    return listener


def is_free(port: int, host: str = HOST) -> bool:
    """Whether this user could listen on the port now."""
    try:
        bind(port, host).close()
    except (PortBusyError, PermissionError):
        return False
    return True


def free_port(host: str = HOST) -> int:
    """A port on which no process listens; another program can still bind it first.

    Raises:
        PortBusyError: if no port is free.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        if is_free(port, host):
            return port
    raise PortBusyError(f"No port from {_PORTS[0]} to {_PORTS[-1]} is free; end a program that listens on one of them.")


def port_for(preferred: int, host: str = HOST) -> int:
    """The preferred port, or another free listener if it is 0 or in use.

    Raises:
        PortBusyError: if no port is free.
    """
    return preferred if preferred and is_free(preferred, host) else free_port(host)


@contextmanager
def reserved_port(preferred: int, folder: Path, host: str = HOST) -> Generator[int]:
    """`port_for`, of which no other process gets the preferred port from here until the end of the block.

    A program that is only about to listen on a port does not make it busy yet.

    Args:
        preferred: the port.
        folder: a folder of this user for the lock.
        host: the address to listen on; empty for all.

    Raises:
        PortBusyError: if no port is free.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = FileLock(folder / f"{preferred}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield free_port(host)
        return
    try:
        yield port_for(preferred, host)
    finally:
        lock.release()
