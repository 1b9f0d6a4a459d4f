"""No request to a server fails behind the local load balancer, whose connections to it are idle between requests.

Each server has only the contract's variables. All clients send a request at once, so that the load balancer opens many
connections. These are then idle for about as long as a server's own default, or the load balancer, keeps them.
"""

import asyncio
import time
from collections import Counter
from pathlib import Path

import aiohttp
import psutil
import pytest
from flask_on_aws.runtime_contract.contract import plain_environment
from flask_on_aws.runtime_contract.timers import TIMERS
from flask_on_aws_cli.local_aws.load_balancer import Configuration, Forward, HealthCheck, Listener, LoadBalancer, Rule
from flask_on_aws_cli.local_aws.load_balancer import TargetGroup as Group
from flask_on_aws_cli.local_project.location import Target

from tests.local.balancing import ARN, BALANCER, GROUP, balancing
from tests.unit.library.runtime_contract.test_contract import FACTS

from .delays import delaying_proxy
from .servers import Server, running, wait_until_ready

# Servers that the stack's proposals choose first, and which therefore get ten times the requests.
MOST_USED = ("gunicorn", "granian", "uvicorn")
OTHERS = ("hypercorn", "waitress", "uwsgi", "daphne", "sanic", "tornado", "aiohttp", "http.server")
# Seconds between the requests: about the own defaults of gunicorn (2), uvicorn and hypercorn (5) and granian (30), and
# the load balancer's 50.
PAUSES = (2, 5, 30, 48, 49.9, 50, 0.5, 0.5, 0.5)
HEALTH = HealthCheck(path="/", interval=5, timeout=3, healthy_threshold=2, unhealthy_threshold=10)


def _configuration() -> Configuration:
    listener = Listener(f"{ARN}listener/80", 80, "HTTP", (Rule(None, Forward(((GROUP, 1),))),))
    load_balancer = LoadBalancer(BALANCER, (listener,), idle_timeout=TIMERS.idle_timeout)
    return Configuration((load_balancer,), (Group(GROUP, deregistration_delay=2, health_check=HEALTH),))


async def _send_at_once(port: int, clients: int, outcomes: Counter[str]) -> None:
    async def send(session: aiohttp.ClientSession) -> None:
        try:
            async with session.get(f"http://127.0.0.1:{port}/idle") as response:
                outcomes[str(response.status)] += 1
        except (OSError, aiohttp.ClientError, TimeoutError) as error:
            outcomes[type(error).__name__] += 1

    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    timeout = aiohttp.ClientTimeout(total=TIMERS.idle_timeout)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        await asyncio.gather(*(send(session) for _ in range(clients)))


def _connections(port: int) -> int:
    established = [socket for socket in psutil.net_connections("tcp") if socket.status == "ESTABLISHED"]
    return sum(bool(socket.laddr) and socket.laddr.port == port for socket in established)


async def _send_with_pauses(
    server: Server, folder: Path, clients: int, pauses: tuple[float, ...]
) -> tuple[Counter[str], list[int]]:
    """The outcomes by status or error, and how many connections were idle before each pause ended."""
    outcomes, idle = Counter[str](), list[int]()
    await wait_until_ready(server)
    async with delaying_proxy(server.port) as port:
        with balancing(folder, _configuration()) as balancer:
            target = Target("127.0.0.1", port)
            await asyncio.to_thread(balancer.register, GROUP, target)
            while balancer.health(GROUP, target).state != "healthy":
                await asyncio.sleep(0.5)
            listener = next(iter(balancer.ports.values()))
            for pause in (0, *pauses):
                await asyncio.sleep(pause)
                idle.append(_connections(server.port))
                await _send_at_once(listener, clients, outcomes)
    return outcomes, idle


def _outcomes(
    name: str, folder: Path, clients: int, pauses: tuple[float, ...], **variables: str
) -> tuple[Counter[str], list[int]]:
    with running(name, folder / "log", plain_environment(FACTS) | variables) as server:
        began = time.monotonic()
        outcomes, idle = asyncio.run(_send_with_pauses(server, folder, clients, pauses))
        print(f"{name}: {dict(outcomes)}, idle connections {idle}, in {time.monotonic() - began:.0f} s")
    return outcomes, idle


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MOST_USED, *OTHERS])
def test_no_request_meets_a_connection_that_the_server_has_closed(tmp_path: Path, name: str) -> None:
    clients = 1000 if name in MOST_USED else 100
    outcomes, idle = _outcomes(name, tmp_path, clients, PAUSES)
    assert outcomes == {"200": (1 + len(PAUSES)) * clients}
    assert max(idle) > clients / 20  # it kept connections; the load balancer had some to reuse


@pytest.mark.slow
def test_a_short_keep_alive_timeout_loses_requests(tmp_path: Path) -> None:
    """Proves that the test above can fail."""
    outcomes, _ = _outcomes(
        "uvicorn", tmp_path, 100, tuple(1.5 + number / 20 for number in range(14)), UVICORN_TIMEOUT_KEEP_ALIVE="2"
    )
    assert outcomes["502"], outcomes
