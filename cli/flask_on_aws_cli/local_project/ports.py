"""Ports of this machine's loopback: which are free, and listening on one."""

import errno
import socket

from .place import HOST

BACKLOG = 1024  # connections that wait to be accepted


class PortBusyError(Exception):
    """Another process listens on the port."""


def bind(port: int) -> socket.socket:
    """A socket on the loopback address, closed to every other machine."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((HOST, port))
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortBusyError(f"Port {port} is in use by another program; end it, or choose another port.") from None
    one.setblocking(False)
    return one


def is_free(port: int) -> bool:
    """Whether the port could be bound now."""
    try:
        bind(port).close()
    except PortBusyError:
        return False
    return True


def free_port() -> int:
    """A port that the system chose because nobody has it; another program may take it until it is bound."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
