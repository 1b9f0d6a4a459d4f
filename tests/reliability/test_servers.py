"""Python's servers behind the load balancer: idle connections, forged headers, and requests in flight at SIGTERM."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask_on_aws.runtime_contract.contract import plain_environment
from flask_on_aws.runtime_contract.timers import TIMERS
from flask_on_aws_cli.preflight.app_checks.draining import AFTER_SECONDS
from flask_on_aws_cli.preflight.probes import probe

from tests.unit.library.runtime_contract.test_contract import FACTS

from .servers import COMMANDS, Server, connected, running, wait_until_ready

FORM = "application/x-www-form-urlencoded"
VISITOR, FORGED = "203.0.113.9", "198.51.100.66"
# As the load balancer sends it: what the visitor sent, then the visitor's address; it passes other names on.
FORWARDED = {
    "X-Forwarded-For": f"{FORGED}, {VISITOR}",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": FORGED,
    "X-Scheme": "http",
    "Forwarded": f"for={FORGED};proto=http",
}
# These end at SIGTERM without finishing their requests; ECS waits for deregistration_delay before it sends SIGTERM, so
# that only longer requests are lost. The first two have no option for it.
CUT_OFF = {"waitress", "daphne", "tornado with xheaders"}
# These finish requests that have arrived completely, and drop others.
UPLOAD_CUT_OFF = {*CUT_OFF, "waitress in code", "aiohttp", "gunicorn with aiohttp"}
# These report the load balancer's address and scheme; frameworks read the headers (ProxyFix, SECURE_PROXY_SSL_HEADER).
IGNORE_HEADERS = {"granian", "hypercorn", "daphne"}
# uvicorn's worker trusts the left-most address under gunicorn's `*`, Tornado's xheaders X-Real-IP and X-Scheme.
TRUSTS_VISITORS = {"gunicorn with uvicorn", "tornado with xheaders"}
TRUSTS_SCHEMES = {"tornado with xheaders"}


class Observed(NamedTuple):
    """What becomes of two requests to a server."""

    idle: str
    """A connection that is idle for longer than the load balancer keeps it."""
    upload: str = ""
    """Then, a request whose body is still arriving at SIGTERM, by which the preflight measures draining."""


async def _observe(server: Server) -> Observed:
    try:
        await wait_until_ready(server)
    except TimeoutError:
        return Observed("the server did not start")
    async with connected(server) as connection:
        await connection.get("/")
        is_kept = connection.is_last or await connection.is_open(TIMERS.idle_timeout + 1)
    requests, headers = [("/", FORM, "ab")], {"Host": "shop", "Connection": "close"}
    _, upload = await asyncio.to_thread(probe.hold, "127.0.0.1", server.port, requests, headers)
    if not upload:
        return Observed("kept" if is_kept else "closed", "answered before SIGTERM")
    server.process.terminate()
    await asyncio.sleep(AFTER_SECONDS)
    outcome = await asyncio.to_thread(probe.finish, upload, "b", TIMERS.graceful)
    return Observed("kept" if is_kept else "closed", "finished" if outcome["status"] == 200 else "cut off")


@pytest.fixture(scope="module")
def observations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Observed]:
    """What becomes of the requests to each server; takes the load balancer's idle timeout, 50 s, once for all."""

    async def observe(servers: dict[str, Server]) -> list[Observed]:
        return await asyncio.gather(*map(_observe, servers.values()))

    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        environment = plain_environment(FACTS)
        servers = {name: stack.enter_context(running(name, folder / name, environment)) for name in COMMANDS}
        return dict(zip(servers, asyncio.run(observe(servers)), strict=True))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_keeps_idle_connections_longer_than_the_load_balancer(
    observations: dict[str, Observed], name: str
) -> None:
    """Only this test waits longer than the load balancer keeps idle connections, with each server."""
    assert observations[name].idle == "kept"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_preflight_s_request_sees_whether_a_server_finishes_requests(
    observations: dict[str, Observed], name: str
) -> None:
    assert observations[name].upload == ("cut off" if name in UPLOAD_CUT_OFF else "finished")


@pytest.mark.parametrize("name", COMMANDS)
def test_no_address_or_scheme_that_a_visitor_sends_is_believed(tmp_path: Path, name: str) -> None:
    async def ask(server: Server) -> dict[str, Any]:
        await wait_until_ready(server)
        async with connected(server) as connection:
            return await connection.get("/", FORWARDED)

    with running(name, tmp_path / "log", plain_environment(FACTS)) as server:
        answer = asyncio.run(ask(server))
    assert answer["scheme"] == ("http" if name in IGNORE_HEADERS | TRUSTS_SCHEMES else "https")
    assert (answer["address"] == FORGED) == (name in TRUSTS_VISITORS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_server_finishes_its_requests_after_sigterm(tmp_path: Path, name: str) -> None:
    async def stop(server: Server) -> str:
        await wait_until_ready(server)
        async with connected(server) as connection:
            request = asyncio.create_task(connection.get("/slow"))
            await asyncio.sleep(0.5)  # the request has arrived
            server.process.terminate()
            try:
                await request
            except (OSError, EOFError):
                return "cut off"
            return "finished"

    with running(name, tmp_path / "log", plain_environment(FACTS)) as server:
        outcome = asyncio.run(stop(server))
        server.process.wait(TIMERS.graceful)
    assert outcome == ("cut off" if name in CUT_OFF else "finished")
