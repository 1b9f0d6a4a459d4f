"""Tests of the board while PostgreSQL is stopped immediately, as in a power failure."""

import time

import pytest
from flask_on_aws.ingress.health_path import HEALTH_TIMEOUT_SECONDS

from .processes import App, Clients, Postgres

_THREADS = 4
_WORKERS = 2
_RECOVERY_SECONDS = 1.0


def _restart_under_load(app: App, postgres: Postgres, outages: list[float]) -> None:
    environment = {"WEB_CONCURRENCY": str(_WORKERS), "GRANIAN_BLOCKING_THREADS": str(_THREADS)}
    with app.serving(**environment) as instance:
        for outage in outages:
            with Clients(instance.port, _WORKERS * _THREADS, one_post_in=3) as clients:
                time.sleep(1.5)
                postgres.stop()
                began = time.monotonic()
                time.sleep(outage)
                postgres.start()
                restarted = time.monotonic()
                time.sleep(2.5)
            failures = clients.failures()
            seconds, slowest = restarted - began, clients.slowest
            print(f"outage {seconds:.1f} s: {clients.total} requests, {failures}, slowest {slowest:.1f} s")
            # A read is retried. A write whose transaction was interrupted is not: whether it was stored is unknown.
            assert set(failures) <= {("POST", "503")}, failures
            # At most one for each thread, because only writes that were in progress fail.
            assert sum(failures.values()) <= _WORKERS * _THREADS, failures
            assert clients.last_failure < restarted + _RECOVERY_SECONDS
            # Clients waited for the restart; otherwise this test proves nothing.
            assert clients.slowest > outage
            stored = app.bodies()
            assert set(clients.posted) <= set(stored)
            _delete_posts(app)


def _delete_posts(app: App) -> None:
    import psycopg

    with psycopg.connect(app.database_url) as connection:
        connection.execute("truncate post")


def test_a_restart_only_fails_writes_that_are_in_progress(app: App, postgres: Postgres) -> None:
    _restart_under_load(app, postgres, [0, 2])


@pytest.mark.slow
def test_restarts_of_up_to_five_seconds_only_fail_writes_that_are_in_progress(app: App, postgres: Postgres) -> None:
    _restart_under_load(app, postgres, [0, 1, 2, 3, 4, 4.5] * 3)


def test_health_checks_succeed_during_a_long_outage(app: App, postgres: Postgres) -> None:
    """Otherwise the load balancer would replace instances, which does not repair the database."""
    with app.serving() as instance, Clients(instance.port, 8):
        time.sleep(1)
        postgres.stop()
        try:
            time.sleep(7)  # all waiting requests have failed
            for _ in range(20):
                began = time.monotonic()
                assert instance.status("/up") == 200
                assert time.monotonic() - began < HEALTH_TIMEOUT_SECONDS
                time.sleep(0.1)
        finally:
            postgres.start()
