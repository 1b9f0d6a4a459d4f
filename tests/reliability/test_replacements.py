"""Instances are replaced while the balancer goes on sending to those that got SIGTERM."""

import random
import threading
import time

import pytest
from flask_on_aws.runtime_contract.timers import TIMERS

from .processes import App, Clients, HaProxy, Instance

_LATEST = 5.0  # seconds after SIGTERM in which a target may still be routed to


def _replace(
    app: App, proxy: HaProxy, clients: Clients, replacements: int, requests: int, lag: tuple[float, float], **env: str
) -> list[int]:
    """Replace one of two instances in turn; the exit codes of those that went."""
    running = {slot: app.start(**env) for slot in (0, 1)}
    for slot, instance in running.items():
        proxy.route(slot, instance.port)
    free, gone = [2, 3], []
    leaving: list[threading.Thread] = []

    def leave(slot: int, instance: Instance) -> None:
        time.sleep(random.uniform(*lag))
        proxy.deregister(slot)
        gone.append(instance.process.wait(TIMERS.stop_timeout))
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
            leaving.append(threading.Thread(target=leave, args=(old, instance)))
            leaving[-1].start()
        for thread in leaving:
            thread.join()
        while clients.total < requests:
            time.sleep(0.1)
    for instance in running.values():
        instance.stop()
    return gone


def _nothing_is_lost(app: App, clients: Clients, gone: list[int], replacements: int) -> None:
    assert clients.lost() == {}
    assert gone == [0] * replacements
    # What was answered is stored, and nothing is stored twice.
    assert sorted(app.bodies()) == sorted(clients.posted)
    assert len(clients.posted) > replacements


@pytest.mark.slow
def test_no_request_of_100000_is_lost_in_20_replacements(app: App, haproxy: HaProxy) -> None:
    clients = Clients(haproxy.port, 6)
    gone = _replace(app, haproxy, clients, 20, 100_000, (0, _LATEST))
    _nothing_is_lost(app, clients, gone, 20)
    print(f"{clients.total} requests, {len(clients.posted)} posts, slowest {clients.slowest:.2f} s")


@pytest.mark.parametrize("server", ["granian", "gunicorn"])
def test_no_request_is_lost_while_instances_are_replaced(app: App, haproxy: HaProxy, server: str) -> None:
    app.use(server)
    clients = Clients(haproxy.port, 4)
    gone = _replace(app, haproxy, clients, 3, 1_000, (0, 2), DRAIN_SECONDS="4")
    _nothing_is_lost(app, clients, gone, 3)


def test_without_the_drain_requests_are_lost(app: App, haproxy: HaProxy) -> None:
    """The test above can fail."""
    clients = Clients(haproxy.port, 4, pause=0.01)
    _replace(app, haproxy, clients, 1, 200, (2, 2), DRAIN_SECONDS="0")
    assert clients.lost()


def test_the_launchers_drain_is_the_stacks() -> None:
    import runpy

    from .processes import TEMPLATE

    seconds = runpy.run_path(str(TEMPLATE / "drain.py"))["DEFAULT_SECONDS"]
    assert seconds == TIMERS.drain
    assert seconds > _LATEST
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
