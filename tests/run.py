"""Runs the steps of ./test, ./test all and ./test nightly. However a run ends, no process of its tests outlives it.

`python -m tests.run [quick|long|all|nightly]`, from the root of the repository, in the environment that ./test creates.
"""

import ctypes
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

import psutil

from tests import promises, scheduling

# Long tests mostly wait: for polls by the AWS provider, for health checks, for drains. So four of them run in parallel
# for each processor; with more, the processors become the bottleneck. The other tests wait half of the time, and each
# worker takes fifteen seconds of a processor to collect them. More than sixteen workers have too little memory on
# ordinary machines: each needs half a gibibyte.
PROCESSORS = os.cpu_count() or 2
WORKERS_PER_PROCESSOR = {"quick": 2, "long": 4, "all": 4, "nightly": 4}
MAX_WORKERS = 16
# Two processors are busy half of the time with two workers, since most of these tests wait for connections to expire.
QUIET_WORKERS = "3"
# These tests use the processor more than they wait.
APP_WORKERS = ("-n", "2", "--dist", "worksteal")
SELECTED = {"quick": "not slow and not long", "long": "not slow and long", "all": "not slow", "nightly": "slow"}
SLOWEST = 10
# Seconds that an interrupted step has to end; tests/conftest.py uses half of them for the teardown of fixtures.
END_SECONDS = 60
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
# Environment variable: a run of all tests fails if it skipped the test of a promise.
REQUIRE_PROMISES = "FLASK_ON_AWS_TEST_REQUIRE_PROMISES"


class Step(NamedTuple):
    """A command, and the folder that it runs in."""

    name: str
    command: Sequence[str]
    folder: str = "."


def steps(kind: str) -> list[list[Step]]:
    """The steps in order; those of an inner list run at the same time."""
    python, app_python = sys.executable, str(Path(sys.prefix, "app", "bin", "python"))
    selected = SELECTED[kind]
    number = min(MAX_WORKERS, WORKERS_PER_PROCESSOR[kind] * PROCESSORS)
    workers = os.environ.get("FLASK_ON_AWS_TEST_WORKERS", str(number))
    pytest = [python, "-m", "pytest", "-rs", "--dist", "loadscope"]
    tests = [
        [Step("tests", [*pytest, "-n", workers, "-m", f"{selected} and not quiet"])],
        [Step("tests that need a quiet machine", [*pytest, "-n", QUIET_WORKERS, "-m", f"{selected} and quiet"])],
    ]
    if kind == "quick":
        tests = tests[:1]  # all quiet tests are long
    if kind in ("long", "nightly"):
        return tests
    # By itself it would leave all processors but one idle for a minute or two.
    tests[0].append(Step("types", ["pyright", "--pythonpath", python]))
    return [
        [Step("lint", ["ruff", "check", "."])],
        [Step("format", ["ruff", "format", "--check", "."])],
        [Step("layers", ["lint-imports", "--no-cache", "--no-logo"])],
        # Compiles what the workers import: each of them would do it, in twenty seconds of a processor.
        [Step("collection", [python, "-m", "pytest", "--collect-only", "-qqq"])],
        # Some of them restart PostgreSQL within seconds, so nothing else runs at the same time.
        [Step("tests of the template", [app_python, "-m", "pytest", *APP_WORKERS], "app_template")],
        *tests,
    ]


def main(kind: str = "quick") -> int:
    """Run the steps; returns the first exit code that is not 0, or 130 after a signal."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    adopt_orphans()
    running: list[subprocess.Popen[bytes]] = []
    with tempfile.TemporaryDirectory() as folder:
        durations = Path(folder, "durations")
        try:
            # Without bytecode, each of the thousand processes compiles all modules that it imports.
            environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            for together in steps(kind):
                if code := run(together, running, {**environment, scheduling.RECORD: str(durations)}):
                    return code
            return check_promises(kind, durations)
        except KeyboardInterrupt:
            return 130
        finally:
            end(running)
            report(durations)


def run(together: Sequence[Step], running: list[subprocess.Popen[bytes]], environment: dict[str, str]) -> int:
    """Run steps at the same time. Of those after the first, the output is printed only if they fail."""
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
            if output and codes[-1]:
                output.seek(0)
                sys.stdout.buffer.write(output.read())
            outcome = "failed" if codes[-1] else "passed"
            print(f"test: {step.name}: {outcome} after {time.monotonic() - began:.0f} s", flush=True)
    running.clear()
    return next(filter(None, codes), 0)


def wait(process: subprocess.Popen[bytes], running: Sequence[subprocess.Popen[bytes]]) -> int:
    """The exit code of a step. Adopted processes that end meanwhile are reaped, since zombies look alive to tests."""
    while sys.platform == "linux" and process.returncode is None:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        step = next((candidate for candidate in running if ended and candidate.pid == ended.si_pid), None)
        if step:
            step.wait()
        elif ended:
            os.waitpid(ended.si_pid, 0)
    return process.wait()


def check_promises(kind: str, durations: Path) -> int:
    """Print the promises of the documentation that a run of all tests did not show; 1 if each is required."""
    if kind != "all":
        return 0
    missing = promises.not_shown(scheduling.read_record(durations), scheduling.read_skipped(durations))
    for promise, test in missing:
        print(f"test: not shown: {promise} ({test})")
    return int(bool(missing and os.environ.get(REQUIRE_PROMISES)))


def report(durations: Path) -> None:
    """Print the slowest tests; with UPDATE_DURATIONS, write the durations of all."""
    measured = scheduling.read_record(durations)
    for seconds, name in sorted(((seconds, name) for name, seconds in measured.items()), reverse=True)[:SLOWEST]:
        print(f"test: {seconds:6.1f} s  {name}")
    if os.environ.get("UPDATE_DURATIONS"):
        scheduling.write_durations(measured)


def adopt_orphans() -> None:
    """On Linux, become the parent of every descendant whose parent ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """End the running steps as Ctrl-C does, which lets tests clean up; then kill the processes that are left."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for process in running:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
    deadline = time.monotonic() + END_SECONDS
    for process in running:
        try:
            process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            print(f"test: {process.args} did not end within {END_SECONDS} s and is killed", file=sys.stderr)
    while remaining := psutil.Process().children(recursive=True):  # the children of a killed process are adopted
        for process in remaining:
            with suppress(psutil.NoSuchProcess):  # it has just ended
                print(f"test: left running, and killed: {process}", file=sys.stderr)
                process.kill()
        psutil.wait_procs(remaining, timeout=5)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
