"""The order of the tests: the longest first, so that no worker is still busy with one when the others are done.

`durations.json` has the duration of every test of five seconds or more, measured on two processors; all other tests
count as short. Tests of ten seconds or more, tests that need Pulumi's or Docker's engine, and tests that need a quiet
machine are `long`: only `./test all` runs them. `UPDATE_DURATIONS=1 ./test all` updates the file.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

FILE = Path(__file__).with_name("durations.json")
RECORD = "FLASK_ON_AWS_TEST_RECORD"
"""Environment variable with the file to which a run appends the duration of each test."""
LISTED_SECONDS = 5
LONG_SECONDS = 10
# The estimate for a short test: half of them take less than a hundredth of a second, some one or two seconds.
SHORT_SECONDS = 0.1
# Tests that measure seconds or use a browser, whose requests fail (ERR_NETWORK_CHANGED) when a container starts or
# stops. They run after all others, three at a time and without containers.
QUIET = (
    "tests/reliability/",
    "tests/local/test_balancer.py",
    "tests/local/test_ecs.py",
    "tests/local/test_local_autoscaling.py",
    "tests/local/test_page.py",
    "tests/local/test_projects.py",
    "tests/local/test_review_page.py",
)


def read_durations() -> dict[str, float]:
    """Seconds by node id."""
    return json.loads(FILE.read_text())


def record(file: Path, nodeid: str, seconds: float, *, skipped: bool = False) -> None:
    """Append the duration of a test's setup, call or teardown, and its name to those of skipped tests."""
    with file.open("a") as record:
        record.write(f"{seconds} {nodeid}\n")
    if skipped:
        with _skipped(file).open("a") as record:
            record.write(f"{nodeid}\n")


def _skipped(file: Path) -> Path:
    return file.with_name(f"{file.name}-skipped")


def read_skipped(file: Path) -> set[str]:
    """The node ids of the skipped tests of all runs that appended to the file."""
    return set(_skipped(file).read_text().splitlines()) if _skipped(file).exists() else set()


def read_record(file: Path) -> dict[str, float]:
    """Seconds by node id, of all runs that appended to the file."""
    measured = Counter[str]()
    for line in file.read_text().splitlines() if file.exists() else ():
        seconds, _, name = line.partition(" ")
        measured[name] += float(seconds)
    return dict(measured)


def write_durations(measured: dict[str, float]) -> None:
    """Replace the seconds of the tests that ran."""
    unchanged = {name: seconds for name, seconds in read_durations().items() if name not in measured}
    updated = {name: round(seconds) for name, seconds in measured.items() if seconds >= LISTED_SECONDS}
    FILE.write_text(json.dumps(dict(sorted({**unchanged, **updated}.items())), indent=1) + "\n")


# Prefixes of node ids of tests that share a stack or an environment from a module's fixture, and the number of workers
# that may start one. The marker `xdist_group` of pytest-xdist 3.8 has no effect with pytest 9.2: it changes node ids,
# which are read-only there.
SHARED = {
    "tests/app/test_template_image.py": 1,
    "tests/e2e/test_distributions.py": 1,
    "tests/e2e/test_engine.py": 1,
    "tests/e2e/test_setting_values.py": 1,
    "tests/local/test_cache_clients.py": 1,
    "tests/local/test_combinations.py": 1,
    "tests/local/test_containers.py": 1,
    "tests/local/test_ecs.py": 1,
    "tests/local/test_foreign_apps.py": 1,
    "tests/local/test_jobs.py": 1,
    "tests/local/test_operations.py": 1,
    "tests/local/test_operations_sessions.py": 1,
    "tests/local/test_page.py": 1,
    "tests/local/test_projects.py": 1,
    "tests/local/test_real_engine.py": 1,
    "tests/local/test_releases.py::test_a_broken_release": 2,
    "tests/preflight/test_broken_apps.py": 3,
    "tests/unit/command/local_aws/test_moto_patches.py": 1,
    "tests/local/test_sticky_sessions.py": 1,
}


def mark(items: Sequence[pytest.Item], durations: dict[str, float]) -> None:
    """Add the markers `long`, `quiet` and `slow`."""
    long_groups = {_shared(name) for name, seconds in durations.items() if seconds >= LONG_SECONDS}
    for item in items:
        name = item.nodeid
        containers = item.get_closest_marker("docker")
        if containers and item.get_closest_marker("any_runtime"):
            item.add_marker("slow")
        quiet = name.startswith(QUIET) and not containers
        if quiet:
            item.add_marker("quiet")
        shared = _shared(name)
        # Tests that share a fixture can depend on those before them.
        is_long = shared in long_groups if shared else durations.get(name, 0) >= LONG_SECONDS
        if quiet or containers or item.get_closest_marker("engine") or is_long:
            item.add_marker("long")


def _shared(nodeid: str) -> str | None:
    """The prefix in SHARED of a test that shares a fixture with others."""
    return next((prefix for prefix in SHARED if nodeid.startswith(prefix)), None)


def units(nodeids: Sequence[str], durations: dict[str, float]) -> dict[str, str]:
    """Node id → unit of work: the tests with the same shared fixture, the test itself if it is long, or its file."""
    result: dict[str, str] = {}
    numbers = Counter[str]()
    for nodeid in nodeids:
        shared = _shared(nodeid)
        if shared:
            result[nodeid] = f"{shared} {numbers[shared] % SHARED[shared]}"
            numbers[shared] += 1
        else:
            result[nodeid] = nodeid if nodeid in durations else nodeid.partition("::")[0]
    return result


class LongestFirst(LoadScopeScheduling):
    """Assigns units of work one by one, the longest first; one worker runs a unit's tests in order.

    A worker starts a test only when it knows the next one, to see which fixtures that needs. So that no long test waits
    behind another while a worker is idle, the unit assigned after a long one is always a short one.
    """

    def schedule(self) -> None:
        """Divide the tests into units before the first are assigned."""
        if self.collection is None:
            self._durations = read_durations()
            self._units = units(next(iter(self.registered_collections.values())), self._durations)
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        return self._units[nodeid]

    def _assign_work_unit(self, node: WorkerController) -> None:
        """Assign the longest unit, or the shortest behind a long one."""
        unfinished = [unit for unit in self.assigned_work[node].values() if not all(unit.values())]
        after_long = bool(unfinished) and self._seconds(unfinished[-1]) >= LISTED_SECONDS
        choose = min if after_long else max
        scope = choose(self.workqueue, key=lambda name: self._seconds(self.workqueue[name]))
        self.workqueue.move_to_end(scope, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        """Keep one running and one following test assigned to a worker."""
        while self.workqueue and not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            self._assign_work_unit(node)
        if not self.workqueue:
            node.shutdown()

    def _seconds(self, unit: dict[str, bool]) -> float:
        return sum(self._durations.get(nodeid, SHORT_SECONDS) for nodeid in unit)
