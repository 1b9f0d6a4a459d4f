"""Prints the TCP ports on which the processes of a container listen: those on every interface, and those on loopback.

The text of this file is run by the image's Python inside the container, so it needs no access to the engine's host,
which is a virtual machine with Docker Desktop. It uses only the standard library of Python 3.8. The containers of a
task share a network; only the sockets that processes of this container have opened count.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator

# The state "listening" in /proc/net/tcp: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
_LISTENS = "0A"
# Addresses are hexadecimal numbers of four bytes in host order; both architectures of Fargate are little-endian.
_LOOPBACK_V6 = "0" * 24 + "01000000"
_V4_IN_V6 = "0" * 16 + "FFFF0000"


def own_sockets() -> set[str]:
    """The inodes of the sockets that this container's processes have opened."""
    inodes: set[str] = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        folder = "/proc/" + process + "/fd"
        try:
            for name in os.listdir(folder):
                kind, _, inode = os.readlink(folder + "/" + name).partition(":")
                if kind == "socket":
                    inodes.add(inode.strip("[]"))
        except OSError:  # the process has ended, or is another user's
            continue
    return inodes


def listening(tables: Iterable[str], inodes: Collection[str]) -> tuple[list[int], list[int]]:
    """Ports on every interface and ports on loopback, from the content of /proc/net/tcp and tcp6."""
    ports: set[int] = set()
    loopback: set[int] = set()
    for table in tables:
        for line in table.splitlines()[1:]:
            fields = line.split()
            address, _, port = fields[1].partition(":")
            if fields[3] == _LISTENS and fields[9] in inodes:
                (loopback if is_loopback(address) else ports).add(int(port, 16))
    return sorted(ports), sorted(loopback - ports)


def is_loopback(address: str) -> bool:
    """Whether an address is in 127.0.0.0/8, also as an IPv6 address, or is ::1."""
    if len(address) == 8 or address.startswith(_V4_IN_V6):
        return address.endswith("7F")
    return address == _LOOPBACK_V6


def read_tables() -> Iterator[str]:
    """The content of the kernel's tables of TCP sockets."""
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name, encoding="ascii") as file:
                yield file.read()
        except OSError:
            continue


if __name__ == "__main__":
    print(json.dumps(listening(read_tables(), own_sockets())))
