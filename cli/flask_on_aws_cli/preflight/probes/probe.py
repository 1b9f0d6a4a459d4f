"""Asks an app over HTTP, and reads which sockets listen.

Standard library alone, and nothing newer than Python 3.8: inside of a container its text is run by the app's Python.
"""

import http.client
import json
import sys
from typing import Any, Dict, List, Set, Tuple  # noqa: UP035 as above

_LONGEST_BODY = 1 << 18
# States of /proc/net/tcp: https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt
_LISTENS = "0A"
# Docker's own name server in each container's network.
_DOCKER_DNS = "127.0.0.11"


def ask(host: str, port: int, path: str, headers: Dict[str, str], seconds: float) -> Dict[str, Any]:  # noqa: UP006
    """One GET, redirects not followed: status, headers and body, or the error in `error`."""
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        body = answer.read(_LONGEST_BODY).decode("utf-8", "replace")
        found = {name.lower(): value for name, value in answer.getheaders()}
        return {"status": answer.status, "headers": found, "body": body, "error": ""}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "headers": {}, "body": "", "error": f"{type(error).__name__}: {error}"}
    finally:
        connection.close()


def listeners(tables: List[str]) -> List[Tuple[str, int]]:  # noqa: UP006
    """Addresses and ports of listening sockets, from the texts of /proc/net/tcp and tcp6."""
    found: Set[Tuple[str, int]] = set()  # noqa: UP006
    for table in tables:
        for line in table.splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, port = local.split(":")
            if state == _LISTENS and _address(address) != _DOCKER_DNS:
                found.add((_address(address), int(port, 16)))
    return sorted(found)


def _address(text: str) -> str:
    """The kernel writes each four bytes in the machine's order; both of Fargate's architectures are little-endian."""
    if len(text) == 8:
        return ".".join(str(byte) for byte in reversed(bytes.fromhex(text)))
    if not int(text, 16):
        return "::"
    return "::1" if text == "0" * 24 + "01000000" else text


def _tables() -> List[str]:  # noqa: UP006
    found: List[str] = []  # noqa: UP006
    for name in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(name, encoding="ascii") as file:
                found.append(file.read())
        except OSError:
            continue
    return found


if __name__ == "__main__":
    question = json.loads(sys.argv[1])
    print(json.dumps(ask(**question) if question else listeners(_tables())))
