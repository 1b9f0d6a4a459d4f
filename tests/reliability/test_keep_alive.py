"""Tests of requests on connections that the server is just closing, a race that causes many 502 responses.

On one machine, this race is rare, because the end of a connection arrives at once. Therefore a proxy between load
balancer and app delays it, as a network does, and clients repeat requests at about the time of a short keep-alive.
"""

import asyncio
import random
from collections import Counter

import pytest
from flask_on_aws.runtime_contract.timers import TIMERS

from .delays import delaying_proxy
from .processes import App, HaProxy

_SHORT_KEEP_ALIVE_MS = 2000
_PAUSE_SECONDS = (1.7, 2.3)  # around the short keep-alive timeout


async def _send_requests(port: int, outcomes: Counter[str], requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while outcomes.total() < requests:
        try:
            writer.write(b"GET /version HTTP/1.1\r\nHost: board\r\n\r\n")
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
            outcomes[head.split(b" ")[1].decode()] += 1
        except (OSError, asyncio.IncompleteReadError, IndexError) as error:
            outcomes[type(error).__name__] += 1
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(random.uniform(*_PAUSE_SECONDS))
    writer.close()


async def _send_through(app_port: int, proxy: HaProxy, clients: int, requests: int) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    async with delaying_proxy(app_port) as delayed_port:
        proxy.route(0, delayed_port)
        await asyncio.gather(*(_send_requests(proxy.port, outcomes, requests) for _ in range(clients)))
    return outcomes


def _outcomes(app: App, proxy: HaProxy, clients: int, requests: int, keep_alive_ms: int) -> Counter[str]:
    keep_alive = {
        "GRANIAN_HTTP1_HEADER_READ_TIMEOUT": str(keep_alive_ms),
        "GUNICORN_CMD_ARGS": f"--keep-alive {keep_alive_ms // 1000}",
    }
    with app.serving(**keep_alive) as instance:
        return asyncio.run(_send_through(instance.port, proxy, clients, requests))


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_the_load_balancer_closes_an_idle_connection_before_the_server(app: App, haproxy: HaProxy, server: str) -> None:
    app.use(server)
    outcomes = _outcomes(app, haproxy, 100, 500, TIMERS.granian_header_read_ms)
    assert set(outcomes) == {"200"}, outcomes


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_a_keep_alive_timeout_of_two_seconds_loses_requests(app: App, haproxy: HaProxy, server: str) -> None:
    """Proves that the test above can fail."""
    app.use(server)
    outcomes = _outcomes(app, haproxy, 100, 500, _SHORT_KEEP_ALIVE_MS)
    assert set(outcomes) > {"200"}, outcomes
    print(outcomes)


@pytest.mark.slow
def test_no_request_of_100000_is_sent_on_a_closing_connection(app: App, haproxy: HaProxy) -> None:
    outcomes = _outcomes(app, haproxy, 800, 100_000, TIMERS.granian_header_read_ms)
    assert set(outcomes) == {"200"}, outcomes
    print(outcomes)
