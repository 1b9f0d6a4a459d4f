"""PostgreSQL is stopped as by a power failure while the board is in use."""

import time

import pytest

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
                back = time.monotonic()
                time.sleep(2.5)
            lost = clients.lost()
            print(f"outage {back - began:.1f} s: {clients.total} requests, {lost}, slowest {clients.slowest:.1f} s")
            # A read is retried. A write whose transaction was interrupted is not: whether it was stored is unknown.
            assert set(lost) <= {("POST", "503")}, lost
            # At most one for each thread: writes that were in progress, but none that came later.
            assert sum(lost.values()) <= _WORKERS * _THREADS, lost
            assert clients.last_trouble < back + _RECOVERY_SECONDS
            # Clients waited; otherwise there was no load.
            assert clients.slowest > outage
            stored = app.bodies()
            assert set(clients.posted) <= set(stored)
            _forget(app)


def _forget(app: App) -> None:
    import psycopg

    with psycopg.connect(app.database_url) as connection:
        connection.execute("truncate post")


def test_a_restart_costs_no_error_but_in_the_middle_of_a_write(app: App, postgres: Postgres) -> None:
    _restart_under_load(app, postgres, [0, 2])


@pytest.mark.slow
def test_restarts_of_up_to_five_seconds(app: App, postgres: Postgres) -> None:
    _restart_under_load(app, postgres, [0, 1, 2, 3, 4, 4.5] * 3)


def test_a_long_outage_stops_no_health_check(app: App, postgres: Postgres) -> None:
    """The balancer would replace instances that cannot help it."""
    with app.serving() as instance, Clients(instance.port, 8):
        time.sleep(1)
        postgres.stop()
        try:
            time.sleep(7)  # everyone who waited has given up
            for _ in range(20):
                began = time.monotonic()
                assert instance.status("/up") == 200
                assert time.monotonic() - began < 1
                time.sleep(0.1)
        finally:
            postgres.start()
