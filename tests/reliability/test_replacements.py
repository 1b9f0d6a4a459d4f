"""Tests of replacements while the load balancer still routes requests to instances that have received SIGTERM."""

import random
import threading
import time

import pytest
from flask_on_aws.runtime_contract.timers import TIMERS

from .processes import App, Clients, HaProxy, Instance

_MAX_LAG = 5.0  # seconds after SIGTERM during which a target may still receive requests


def _replace(
    app: App, proxy: HaProxy, clients: Clients, replacements: int, requests: int, lag: tuple[float, float], **env: str
) -> list[int]:
    """Replace one of two instances after another, and return the exit codes of the replaced ones."""
    running = {slot: app.start(**env) for slot in (0, 1)}
    for slot, instance in running.items():
        proxy.route(slot, instance.port)
    free, exit_codes = [2, 3], []
    draining: list[threading.Thread] = []

    def deregister(slot: int, instance: Instance) -> None:
        time.sleep(random.uniform(*lag))
        proxy.deregister(slot)
        exit_codes.append(instance.process.wait(TIMERS.stop_timeout))
        free.append(slot)

    with clients:
        for number in range(replacements):
            while not free:
                time.sleep(0.05)
            slot, old = free.pop(0), sorted(running)[number % 2]
            running[slot] = app.start(**env)
            proxy.route(slot, running[slot].port)
            instance = running.pop(old)
            instance.process.terminate()
            draining.append(threading.Thread(target=deregister, args=(old, instance)))
            draining[-1].start()
        for thread in draining:
            thread.join()
        while clients.total < requests:
            time.sleep(0.1)
    for instance in running.values():
        instance.stop()
    return exit_codes


def _check_that_nothing_is_lost(app: App, clients: Clients, exit_codes: list[int], replacements: int) -> None:
    assert clients.failures() == {}
    assert exit_codes == [0] * replacements
    # Every successful post is stored, and none is stored twice.
    assert sorted(app.bodies()) == sorted(clients.posted)
    assert len(clients.posted) > replacements


@pytest.mark.slow
def test_no_request_of_100000_is_lost_in_20_replacements(app: App, haproxy: HaProxy) -> None:
    clients = Clients(haproxy.port, 6)
    exit_codes = _replace(app, haproxy, clients, 20, 100_000, (0, _MAX_LAG))
    _check_that_nothing_is_lost(app, clients, exit_codes, 20)
    print(f"{clients.total} requests, {len(clients.posted)} posts, slowest {clients.slowest:.2f} s")


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_no_request_is_lost_while_instances_are_replaced(app: App, haproxy: HaProxy, server: str) -> None:
    app.use(server)
    clients = Clients(haproxy.port, 4)
    exit_codes = _replace(app, haproxy, clients, 3, 1_000, (0, 2), DRAIN_SECONDS="4")
    _check_that_nothing_is_lost(app, clients, exit_codes, 3)


def test_without_the_drain_time_requests_are_lost(app: App, haproxy: HaProxy) -> None:
    """Proves that the test above can fail."""
    clients = Clients(haproxy.port, 4, pause=0.01)
    _replace(app, haproxy, clients, 1, 200, (2, 2), DRAIN_SECONDS="0")
    assert clients.failures()


def test_the_template_and_the_stack_have_the_same_timeouts() -> None:
    import runpy

    from .processes import TEMPLATE

    seconds = runpy.run_path(str(TEMPLATE / "drain.py"))["DEFAULT_SECONDS"]
    assert seconds == TIMERS.drain
    assert seconds > _MAX_LAG
    values = (TEMPLATE / "serve.py").read_text()
    assert f'"HTTP1_HEADER_READ_TIMEOUT": "{TIMERS.granian_header_read_ms}"' in values
    assert f'"WORKERS_KILL_TIMEOUT": "{TIMERS.graceful}"' in values
    gunicorn = (TEMPLATE / "gunicorn.conf.py").read_text()
    for name, number in {
        "keepalive": TIMERS.keep_alive,
        "timeout": TIMERS.request_timeout,
        "graceful_timeout": TIMERS.graceful,
    }.items():
        assert f"\n{name} = {number}" in gunicorn
