"""Measures `flask-on-aws review` of the default stack, beside a bare import of the pulumi-aws modules that it uses.

    python benchmarks/review_time.py [runs]

A review is a new interpreter that evaluates the program of the working tree and that of HEAD at the same time, each in
an interpreter of its own. The bare import is what two such programs need in any case, also at the same time. Both are
measured in turn, so that a slow moment of the machine affects both.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time

from program_time import ROOT, RUNS, bare_import, registrations

REVIEW = [sys.executable, "-m", "flask_on_aws_cli", "review", "--stack", "dev", "--base", "HEAD"]


def seconds(*commands: list[str]) -> tuple[float, float]:
    """Wall time until all commands, which run at the same time, have ended, and the CPU time of their processes."""
    before, start = _cpu(), time.perf_counter()
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) for command in commands]  # noqa: S603
    if any(process.wait() for process in processes):
        sys.exit(f"A command failed: {commands}")
    return time.perf_counter() - start, _cpu() - before


def _cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Print the medians of both."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    modules = [sys.executable, "-c", bare_import(registrations())]
    seconds(REVIEW)  # so that all modules are compiled
    times = [(*seconds(REVIEW), *seconds(modules, modules)) for _ in range(runs)]
    review, review_cpu, imports, imports_cpu = (statistics.median(column) for column in zip(*times, strict=True))
    load = f"load {os.getloadavg()[0]:.0f}"
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} CPUs, {load}, {runs} runs")
    print(f"review {review:.2f} s ({review_cpu:.2f} s of CPU), two bare imports {imports:.2f} s ({imports_cpu:.2f} s)")
    print(f"ratio {statistics.median(run[0] / run[2] for run in times):.2f} (goal: review at most 2 s)")


if __name__ == "__main__":
    main()
