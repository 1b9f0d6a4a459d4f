"""Sends an app an HTTP request, leaves a connection to it idle, holds a request, and lists its listening sockets.

Uses only the standard library of Python 3.8, since inside a container the app's Python runs its source.
"""

import http.client
import json
import selectors
import socket
import sys
import time
from typing import Any, Dict, List, Optional, Set, Tuple  # noqa: UP035 as above

_MAX_BODY_BYTES = 1 << 18
# A server that does not wait for a request's body answers within milliseconds; a slow one may still be starting to.
_HELD_SECONDS = 0.5
# The state "listening" in /proc/net/tcp: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
_LISTENS = "0A"
# Docker's DNS server in each container's network.
_DOCKER_DNS = "127.0.0.11"


def ask(
    host: str,
    port: int,
    path: str,
    headers: Dict[str, str],  # noqa: UP006
    seconds: float,
    body: str = "",
) -> Dict[str, Any]:  # noqa: UP006
    """Send one GET, or a POST with a body, without following redirects.

    Returns status, headers and body, or the error in `error`. Headers of the same name are separated by commas.
    """
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        response = _send(connection, path, headers, body)
        text = response.read(_MAX_BODY_BYTES).decode("utf-8", "replace")
        names = [name for name, _ in response.getheaders()]
        response_headers = {name.lower(): str(response.getheader(name)) for name in names}
        return {"status": response.status, "headers": response_headers, "body": text, "error": ""}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "headers": {}, "body": "", "error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def leave_idle(host: str, port: int, path: str, headers: Dict[str, str], seconds: float) -> Dict[str, Any]:  # noqa: UP006
    """Send one GET, and leave its connection open without a request, like a load balancer.

    Returns in `closed_after` the seconds until the server closed it, or None if it did not within `seconds`; in
    `announced` whether its response says that it closes; and the error in `error`.
    """
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    closed_after: Optional[float] = None  # noqa: UP045 as above
    try:
        response = _send(connection, path, headers)
        announced = response.will_close
        response.read()
        began = time.monotonic()
        if not announced:
            try:
                closed = not connection.sock.recv(1)
            except socket.timeout:  # noqa: UP041 TimeoutError from Python 3.10 on
                closed = False
            except ConnectionError:
                closed = True
            closed_after = time.monotonic() - began if closed else None
        return {"closed_after": closed_after, "announced": announced, "error": ""}
    except (OSError, http.client.HTTPException) as error:
        return {"closed_after": None, "announced": False, "error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def hold(
    host: str,
    port: int,
    requests: List[Tuple[str, str, str]],  # noqa: UP006 as above
    headers: Dict[str, str],  # noqa: UP006
) -> Tuple[str, Optional[http.client.HTTPConnection]]:  # noqa: UP006, UP045
    """Send POSTs without the second half of their bodies, until the app waits for the rest of one.

    `requests` are paths, each with the content type and the body to send. Returns the path of the request that waits,
    and its connection for `finish`; an empty path and None if the app answers or closes each of them at once.
    """
    for path, content_type, body in requests:
        connection = http.client.HTTPConnection(host, port, timeout=_HELD_SECONDS)
        try:
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Type", content_type)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body[: len(body) // 2].encode())
            with selectors.DefaultSelector() as selector:  # select() fails with more than 1,024 open files
                selector.register(connection.sock, selectors.EVENT_READ)
                if not selector.select(_HELD_SECONDS):
                    return path, connection
        except (OSError, http.client.HTTPException):
            pass
        connection.close()
    return "", None


def finish(connection: http.client.HTTPConnection, rest: str, seconds: float) -> Dict[str, Any]:  # noqa: UP006
    """Send the rest of a held request's body; returns the status of the response, or the error in `error`."""
    try:
        connection.sock.settimeout(seconds)
        connection.sock.sendall(rest.encode())
        return {"status": connection.getresponse().status, "error": ""}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def _send(
    connection: http.client.HTTPConnection,
    path: str,
    headers: Dict[str, str],  # noqa: UP006
    body: str = "",
) -> http.client.HTTPResponse:
    """Send one GET, or a POST with a body, with these headers and the body's length alone."""
    connection.putrequest("POST" if body else "GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    if body:
        connection.putheader("Content-Length", str(len(body.encode())))
    connection.endheaders(body.encode() or None)
    return connection.getresponse()


def listeners(tables: List[str]) -> List[Tuple[str, int]]:  # noqa: UP006
    """Addresses and ports of listening sockets, from the content of /proc/net/tcp and tcp6."""
    addresses: Set[Tuple[str, int]] = set()  # noqa: UP006
    for table in tables:
        for line in table.splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, port = local.split(":")
            if state == _LISTENS and _address(address) != _DOCKER_DNS:
                addresses.add((_address(address), int(port, 16)))
    return sorted(addresses)


def _address(text: str) -> str:
    """Decode an address, four bytes at a time in host order; both architectures of Fargate are little-endian."""
    if len(text) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))
    if not int(text, 16):
        return "::"
    return "::1" if text == "0" * 24 + "01000000" else text


def _tables() -> List[str]:  # noqa: UP006
    tables: List[str] = []  # noqa: UP006
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name, encoding="ascii") as file:
                tables.append(file.read())
        except OSError:
            continue
    return tables


def _hold_and_finish(seconds: float, **arguments: Any) -> Dict[str, Any]:  # noqa: UP006
    """Hold a request, print its path as JSON, and finish it when a line with the rest of its body arrives."""
    path, connection = hold(**arguments)
    print(json.dumps(path), flush=True)
    return finish(connection, json.loads(sys.stdin.readline()), seconds) if connection else {}


if __name__ == "__main__":
    action, arguments = json.loads(sys.argv[1])
    actions = {"ask": ask, "leave_idle": leave_idle, "hold": _hold_and_finish}
    print(json.dumps(actions[action](**arguments) if action in actions else listeners(_tables())))
