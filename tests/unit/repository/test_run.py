"""How the tests are run: the order in which they are dealt, and the end of a run that is cut off."""

import ast
import fnmatch
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tests import scheduling
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[3]
DOCSTRING_SECONDS = 60


class Worker:
    """A worker as pytest-xdist's scheduler sees it: it runs one test when it knows the next, or that there is none."""

    def __init__(self, number: int) -> None:
        self.gateway = SimpleNamespace(id=f"gw{number}")
        self.queue: list[int] = []
        self.shutting_down = False
        self.free_at = 0.0

    def send_runtest_some(self, indices: list[int]) -> None:
        self.queue += indices

    def shutdown(self) -> None:
        self.shutting_down = True

    def can_run(self) -> bool:
        return len(self.queue) > 1 or (bool(self.queue) and self.shutting_down)


def seconds_of(nodeid: str, durations: dict[str, float]) -> float:
    return durations.get(nodeid, scheduling.SHORT_SECONDS)


def simulate(tests: list[str], durations: dict[str, float], count: int, monkeypatch: pytest.MonkeyPatch):
    """Deal the tests to workers; when each began and on which one, and when the last ended."""
    monkeypatch.setattr(scheduling, "read_durations", lambda: durations)
    options = SimpleNamespace(tx=[f"{count}*popen"], loadscopereorder=True)
    config = SimpleNamespace(option=options, getvalue=lambda name: getattr(options, name))
    scheduler = scheduling.LongestFirst(config)
    scheduler.log = lambda *_: None
    workers = [Worker(number) for number in range(count)]
    for worker in workers:
        scheduler.add_node(worker)
        scheduler.add_node_collection(worker, tests)
    scheduler.schedule()
    began: dict[str, tuple[float, str]] = {}
    running: list[tuple[float, int, int]] = []
    now = 0.0
    while True:
        for number, worker in enumerate(workers):
            if worker.can_run() and not any(busy == number for _, busy, _ in running):
                index = worker.queue.pop(0)
                began[tests[index]] = (now, worker.gateway.id)
                running.append((now + seconds_of(tests[index], durations), number, index))
        if not running:
            assert set(began) == set(tests)
            return began, now
        running.sort()
        now, number, index = running.pop(0)
        scheduler.mark_test_complete(workers[number], index)


def test_the_longest_begin_first_and_none_waits_for_another_while_a_worker_is_idle(monkeypatch):
    long = {f"e2e/test_a.py::test_{seconds}": float(seconds) for seconds in (10, 20, 30, 300, 310, 320, 330)}
    short = [f"unit/test_{file}.py::test_{number}" for file in range(20) for number in range(5)]
    began, end = simulate([*short, *long], long, 4, monkeypatch)
    assert {began[name][0] for name in list(long)[3:]} == {0.0}
    assert end < 335  # 330 is the longest; the rest fits beside it


def test_what_shares_a_fixture_and_the_short_tests_of_a_file_stay_together_in_their_order(monkeypatch):
    shared = [f"tests/local/test_operations.py::test_{number}" for number in range(3)]
    long = "tests/local/test_p.py::test_long"
    short = ["tests/local/test_p.py::test_1", "tests/local/test_p.py::test_2"]
    began, _ = simulate([long, *short, *shared], {**dict.fromkeys(shared, 10.0), long: 20.0}, 2, monkeypatch)
    for names in (shared, short):
        assert len({began[name][1] for name in names}) == 1
        assert sorted(names, key=lambda name: began[name][0]) == names


def test_every_file_of_tests_is_collected(pytestconfig):
    """pytest skips folders of some names, such as `build`, without a word."""
    files = subprocess.run(
        ["git", "ls-files", "tests/**/test_*.py"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    patterns = pytestconfig.getini("norecursedirs")
    folders = {part for file in files.split() for part in Path(file).parts[:-1]}
    assert [name for name in folders if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)] == []


def test_real_workers_run_what_shares_a_fixture_together(tmp_path):
    """pytest-xdist's own marker for this has no effect with this pytest: what it is asked for is looked at here."""
    folder = tmp_path / "tests" / "local"
    folder.mkdir(parents=True)
    text = (
        "import os\nimport pytest\n@pytest.mark.parametrize('n', range(6))\ndef test_x(n): print('by', os.getpid())\n"
    )
    (folder / "test_operations.py").write_text(text)
    (tmp_path / "test_other.py").write_text("def test_y(): pass\n")
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    # Otherwise it makes the temporary folders of the tests' own run inaccessible to the servers' user.
    base = ["--basetemp", tmp_path / "base"]
    command = [*PYTEST, *base, "-o", "addopts=", "-rP", "--rootdir", tmp_path]
    done = subprocess.run(
        [*command, "-n", "2", "--dist", "loadscope", "tests", "test_other.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    workers = [line for line in done.stdout.splitlines() if line.startswith("by ")]
    assert (len(workers), len(set(workers))) == (6, 1), done.stdout + done.stderr


def test_what_is_shared_exists():
    for prefix in scheduling.SHARED:
        file, _, function = prefix.partition("::")
        assert any(node.name.startswith(function) for node in functions(ROOT / file)), prefix


def test_tests_that_depend_on_their_order_are_not_divided():
    """Each test with a duration is otherwise a unit of its own, and one of another worker."""
    ordered = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "tests").rglob("test_*.py")
        if "depend on their order" in (ast.get_docstring(ast.parse(path.read_text())) or "")
    }
    assert ordered
    assert [file for file in sorted(ordered) if scheduling.SHARED.get(file) != 1] == []


def test_each_duration_is_one_of_a_test():
    """A renamed test has no duration until it has a new one, and begins too late."""
    for name in scheduling.read_durations():
        file, _, function = name.partition("::")
        names = [node.name for node in functions(ROOT / file)]
        assert function.partition("[")[0] in names, name


def test_a_test_of_over_a_minute_says_what_it_alone_proves():
    for name, seconds in scheduling.read_durations().items():
        file, _, function = name.partition("::")
        if seconds > DOCSTRING_SECONDS:
            (found,) = (node for node in functions(ROOT / file) if node.name == function.partition("[")[0])
            assert ast.get_docstring(found), f"{name} takes {seconds} s"


def functions(file: Path) -> list[ast.FunctionDef]:
    return [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]


CUT_OFF = """
import sys
from tests import run
# A process of the step's own, and one that has left its session and its parent, as daemons do.
run.steps = lambda kind: [[run.Step("x", ["sh", "-c", "(setsid sleep 3600 &); echo begun; exec sleep 3600"])]]
sys.exit(run.main())
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_cut_off_leaves_no_process(number):
    process = subprocess.Popen([sys.executable, "-c", CUT_OFF], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "begun\n"
    below = psutil.Process(process.pid).children(recursive=True)
    until = time.monotonic() + 10
    while len(below) < 2 and time.monotonic() < until:
        time.sleep(0.05)
        below = psutil.Process(process.pid).children(recursive=True)
    assert len(below) == 2
    os.kill(process.pid, number)
    process.communicate(timeout=HANG_SECONDS)
    assert process.returncode == 130
    assert not [one for one in below if one.is_running()]


ORPHAN = """
import sys
from tests import run
# An orphan that ends at once must not be a zombie while the step goes on.
script = "(setsid sh -c 'exit 3' &); sleep 1; ps -o stat= --ppid $PPID"
run.steps = lambda kind: [[run.Step("x", ["sh", "-c", script])]]
sys.exit(run.main())
"""


def test_an_adopted_process_that_ends_is_no_zombie():
    done = subprocess.run([sys.executable, "-c", ORPHAN], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0
    assert "Z" not in done.stdout.partition("test:")[0], done.stdout


PYTEST = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
FIXTURE = """
import subprocess, time
import pytest

@pytest.fixture(scope="module")
def server(tmp_path_factory):
    process = subprocess.Popen(["sleep", "3600"], start_new_session=True)
    yield
    time.sleep(11)  # longer than pytest-xdist waits for its workers
    process.kill()
    process.wait()
    open("{ended}", "w").close()

def test_x(server):
    open("{begun}", "w").close()
    time.sleep(3600)
"""


def test_a_signal_for_pytest_alone_ends_the_fixtures_of_its_workers(tmp_path):
    """Only this test proves what `./test ARGS` does when it is cut off."""
    begun, ended = tmp_path / "begun", tmp_path / "ended"
    (tmp_path / "test_x.py").write_text(FIXTURE.format(begun=begun, ended=ended))
    (tmp_path / "conftest.py").write_text("from tests.conftest import *\n")
    command = [*PYTEST, "--basetemp", tmp_path / "base", "-n", "2", tmp_path]
    # Its controller must not take itself for a worker of the run that this test is part of.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True, env=environment
    )
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.05)
    below = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=HANG_SECONDS)
    assert ended.exists()
    assert not [one for one in below if one.is_running()]


def test_a_failure_shows_the_end_of_the_logs(pytester_folder):
    done = subprocess.run(
        [*PYTEST, "--basetemp", pytester_folder / "base", pytester_folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "connection refused by the emulator" in done.stdout


@pytest.fixture
def pytester_folder(tmp_path):
    """A failing test whose emulator has logged why."""
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    logs = "(tmp_path / 'emulator.log').write_text('connection refused by the emulator')"
    (tmp_path / "test_x.py").write_text(f"def test_x(tmp_path):\n    {logs}\n    assert 0\n")
    return tmp_path


def test_durations_that_are_not_measured_again_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(scheduling, "FILE", tmp_path / "durations.json")
    scheduling.FILE.write_text('{"a": 10, "b": 20, "c": 30}')
    scheduling.record(record := tmp_path / "record", "a", 6)
    scheduling.record(record, "a", 2.4)
    scheduling.record(record, "b", 1)
    scheduling.write_durations(scheduling.read_record(record))
    assert json.loads(scheduling.FILE.read_text()) == {"a": 8, "c": 30}
