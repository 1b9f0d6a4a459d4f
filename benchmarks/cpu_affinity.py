"""The template's 99th percentile with and without a CPU of its own for each worker, in turn, on the same workers.

    python benchmarks/cpu_affinity.py [pairs] [seconds]

Needs what app_throughput.py needs, and Linux. Asks for a row over 4 connections: alone, beside one process that is
always busy, and beside twice as many as there are CPUs. The template leaves its workers to the kernel's scheduler: it
would give each a CPU only if that helped in all three.
"""

import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import psutil
from app_throughput import FEW_CONNECTIONS, Result, app_environment, load, serving_template

PAIRS = 20
SECONDS = 2
WORKERS = 2


def workers_of(server: int) -> list[int]:
    """The processes that serve requests: those below the launcher and the server that have started no other."""
    started = psutil.Process(server).children(recursive=True)
    workers = sorted(process.pid for process in started if not process.children())
    if len(workers) != WORKERS:
        raise RuntimeError(f"expected {WORKERS} workers and found {len(workers)}: {started}")
    return workers


def place(workers: list[int], cpus: list[int], pinned: bool) -> None:
    """Give each worker, with all of its threads, one CPU, or all of them."""
    for number, worker in enumerate(workers):
        for thread in os.listdir(f"/proc/{worker}/task"):
            os.sched_setaffinity(int(thread), {cpus[number % len(cpus)]} if pinned else set(cpus))


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that compute without a pause."""
    with ExitStack() as stack:
        for _ in range(processes):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def described(results: list[Result]) -> str:
    """Median and spread."""
    p99 = sorted(result.p99_ms for result in results)
    rate = statistics.median(result.per_second for result in results)
    return f"p99 {statistics.median(p99):.1f} ms ({p99[0]:.1f} to {p99[-1]:.1f}), {rate:,.0f} requests/s"


def main() -> None:
    """Which of a pair comes first changes from pair to pair."""
    pairs, seconds = (int(text) for text in (sys.argv[1:] + [str(PAIRS), str(SECONDS)][len(sys.argv) - 1 :])[:2])
    cpus = sorted(os.sched_getaffinity(0))
    with serving_template(app_environment()) as (instance, _):
        workers = workers_of(instance.process.pid)
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, {len(cpus)} CPUs, {pairs} pairs of {seconds} s, "
            f"load {os.getloadavg()[0]:.1f}"
        )
        for processes in (0, 1, 2 * len(cpus)):
            results: dict[bool, list[Result]] = {True: [], False: []}
            with busy(processes):
                for number in range(pairs):
                    for pinned in (True, False) if number % 2 else (False, True):
                        place(workers, cpus, pinned)
                        results[pinned].append(load(instance.port, "/row", FEW_CONNECTIONS, seconds))
            ratios = [one.p99_ms / other.p99_ms for one, other in zip(results[True], results[False], strict=True)]
            print(f"beside {processes} busy processes")
            print(f"  a CPU each: {described(results[True])}")
            print(f"  scheduler:  {described(results[False])}")
            print(f"  p99 with a CPU each is {statistics.median(ratios):.2f} of that without (median of pairs)")
            if errors := sum(result.errors for both in results.values() for result in both):
                print(f"  errors: {errors}")


if __name__ == "__main__":
    main()
