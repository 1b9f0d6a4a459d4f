"""Compares the template's 99th percentile with each worker pinned to a CPU and not pinned, on the same workers.

    python benchmarks/cpu_affinity.py [pairs] [seconds]

Needs Linux and the requirements of app_throughput.py. Requests a row over 4 connections: without other load, with one
busy process, and with twice as many busy processes as CPUs. The template does not pin its workers; it would only do so
if that helped in all three cases.
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
    """The processes that handle requests: descendants of drain.py without children."""
    descendants = psutil.Process(server).children(recursive=True)
    workers = sorted(process.pid for process in descendants if not process.children())
    if len(workers) != WORKERS:
        raise RuntimeError(f"expected {WORKERS} workers, not {len(workers)}: {descendants}")
    return workers


def set_affinity(workers: list[int], cpus: list[int], pinned: bool) -> None:
    """Pin each worker, with all of its threads, to one CPU, or allow all CPUs."""
    for number, worker in enumerate(workers):
        for thread in os.listdir(f"/proc/{worker}/task"):
            os.sched_setaffinity(int(thread), {cpus[number % len(cpus)]} if pinned else set(cpus))


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Run this number of busy processes."""
    with ExitStack() as stack:
        for _ in range(processes):
            process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def summary(results: list[Result]) -> str:
    """Median and range."""
    p99 = sorted(result.p99_ms for result in results)
    rate = statistics.median(result.per_second for result in results)
    return f"p99 {statistics.median(p99):.1f} ms ({p99[0]:.1f} to {p99[-1]:.1f}), {rate:,.0f} requests/s"


def main() -> None:
    """Measure pairs; the first of a pair alternates."""
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
                        set_affinity(workers, cpus, pinned)
                        results[pinned].append(load(instance.port, "/row", FEW_CONNECTIONS, seconds))
            ratios = [
                with_pin.p99_ms / without.p99_ms
                for with_pin, without in zip(results[True], results[False], strict=True)
            ]
            print(f"with {processes} busy processes")
            print(f"  a CPU each: {summary(results[True])}")
            print(f"  scheduler:  {summary(results[False])}")
            print(f"  p99 with a CPU each is {statistics.median(ratios):.2f} of that without (median of pairs)")
            if errors := sum(result.errors for both in results.values() for result in both):
                print(f"  errors: {errors}")


if __name__ == "__main__":
    main()
