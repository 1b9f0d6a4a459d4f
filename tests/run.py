"""The steps of ./test, ./test all and ./test nightly. Whatever ends a run, no process of its tests outlives it.

`python -m tests.run [quick|long|all|nightly]`, from the root of the repository, in the environment that ./test makes.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import psutil

from tests import scheduling

# Tests mostly wait: for the provider's polls of a cloud, for health checks, for drains. More of them than there are
# processors run side by side; beyond eight, the processors are what two of them have to wait for.
WORKERS = os.environ.get("FLASK_ON_AWS_TEST_WORKERS", "8")
# A processor each.
QUIET_WORKERS = "2"
# They work more than they wait.
APP_WORKERS = ("-n", "2", "--dist", "worksteal")
SELECTED = {"quick": "not slow and not long", "long": "not slow and long", "all": "not slow", "nightly": "slow"}
SLOWEST = 10
# What a step that is cut off gets: tests/conftest.py has half of it for the ends of fixtures.
END_SECONDS = 60
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


class Step(NamedTuple):
    """A command, and where it runs."""

    name: str
    command: Sequence[str]
    folder: str = "."


def steps(kind: str) -> list[list[Step]]:
    """What runs one after another; the steps of an inner list run at the same time."""
    python, app_python = sys.executable, str(Path(sys.prefix, "app", "bin", "python"))
    selected = SELECTED[kind]
    dealt = [python, "-m", "pytest", "-rs", "--dist", "loadscope"]
    tests = [
        [Step("tests", [*dealt, "-n", WORKERS, "-m", f"{selected} and not quiet"])],
        [Step("tests that want a quiet machine", [*dealt, "-n", QUIET_WORKERS, "-m", f"{selected} and quiet"])],
    ]
    if kind == "quick":
        tests = tests[:1]  # what is quiet is long
    if kind in ("long", "nightly"):
        return tests
    return [
        [Step("lint", ["ruff", "check", "."])],
        [Step("format", ["ruff", "format", "--check", "."])],
        [Step("layers", ["lint-imports", "--no-cache", "--no-logo"])],
        [Step("types", ["pyright", "--pythonpath", python])],
        # Some of them allow a restart of PostgreSQL seconds, so nothing else runs beside them.
        [Step("tests of the template", [app_python, "-m", "pytest", *APP_WORKERS], "app_template")],
        *tests,
    ]


def main(kind: str = "quick") -> int:
    """Run the steps; the first exit code that is not 0, or 130 after a signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    adopt_orphans()
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        durations = Path(folder, "durations")
        try:
            for together in steps(kind):
                if code := run(together, running, {**os.environ, scheduling.RECORD: str(durations)}):
                    return code
        except KeyboardInterrupt:
            return 130
        finally:
            end(running)
            report(durations)
    return 0


def run(together: Sequence[Step], running: list[subprocess.Popen[bytes]], environment: dict[str, str]) -> int:
    """Run steps at the same time; what the later ones say follows when the first has ended."""
    began = time.monotonic()
    codes: list[int] = []
    with ExitStack() as files:
        outputs = [None, *(files.enter_context(tempfile.TemporaryFile()) for _ in together[1:])]
        for step, output in zip(together, outputs, strict=True):
            running.append(
                # In a separate process group, to which this process forwards signals.
                subprocess.Popen(
                    step.command, cwd=step.folder, env=environment, stdout=output, stderr=output, process_group=0
                )
            )
        for step, output, process in zip(together, outputs, running, strict=True):
            codes.append(wait(process, running))
            if output:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
            said = "failed" if codes[-1] else "passed"
            print(f"test: {step.name}: {said} after {time.monotonic() - began:.0f} s", flush=True)
    running.clear()
    return next(filter(None, codes), 0)


def wait(process: subprocess.Popen[bytes], running: Sequence[subprocess.Popen[bytes]]) -> int:
    """The exit code of a step. An adopted process that ends meanwhile is reaped: to a test, a zombie looks alive."""
    while sys.platform == "linux" and process.returncode is None:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        step = next((one for one in running if ended and one.pid == ended.si_pid), None)
        if step:
            step.wait()
        elif ended:
            os.waitpid(ended.si_pid, 0)
    return process.wait()


def report(durations: Path) -> None:
    """Print the slowest tests; with UPDATE_DURATIONS, write down what all have taken."""
    measured = scheduling.read_record(durations)
    for seconds, name in sorted(((seconds, name) for name, seconds in measured.items()), reverse=True)[:SLOWEST]:
        print(f"test: {seconds:6.1f} s  {name}")
    if os.environ.get("UPDATE_DURATIONS"):
        scheduling.write_durations(measured)


def adopt_orphans() -> None:
    """Become the parent of every process whose own parent ends, where the system has that: Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """End what runs: first as Ctrl-C does, which lets tests clean up; then whatever is left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    until = time.monotonic() + END_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"test: {process.args} did not end within {END_SECONDS} s and is killed", file=sys.stderr)
    while left := psutil.Process().children(recursive=True):  # a killed one's children become this process's
        for process in left:
            print(f"test: left running, and killed: {process}", file=sys.stderr)
            process.kill()
        psutil.wait_procs(left, timeout=5)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
