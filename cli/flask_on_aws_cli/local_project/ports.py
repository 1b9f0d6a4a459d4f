"""Ports of this machine's loopback: which are free, and listening on one."""

import errno
import random
import socket

from .place import HOST

BACKLOG = 1024  # connections that wait to be accepted
# Below the ports that systems give to outgoing connections (32768 on Linux, 49152 on macOS), so that none of those
# takes a port between its choice and its use.
_PORTS = range(20000, 30000)


class PortBusyError(Exception):
    """Another process listens on the port."""


def bind(port: int, host: str = HOST) -> socket.socket:
    """A listening socket; on the loopback address, which no other machine reaches, unless `host` is another."""
    one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        one.bind((host, port))
        one.listen(BACKLOG)
    except OSError as error:
        one.close()
        if error.errno != errno.EADDRINUSE:
            raise
        raise PortBusyError(f"Port {port} is in use by another program; end it, or choose another port.") from None
    one.setblocking(False)
    return one


def is_free(port: int, host: str = HOST) -> bool:
    """Whether this user could listen on the port now."""
    try:
        bind(port, host).close()
    except (PortBusyError, PermissionError):
        return False
    return True


def free_port(host: str = HOST) -> int:
    """A port on which nobody listens; another program may take it until it is bound.

    Raises:
        PortBusyError: if all of them are taken.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        if is_free(port, host):
            return port
    raise PortBusyError(f"No port from {_PORTS[0]} to {_PORTS[-1]} is free; end programs that listen on them.")


def port_for(wanted: int, host: str = HOST) -> int:
    """The port that is wanted, or a free one where that is 0 or taken.

    Raises:
        PortBusyError: if all of them are taken.
    """
    return wanted if wanted and is_free(wanted, host) else free_port(host)
