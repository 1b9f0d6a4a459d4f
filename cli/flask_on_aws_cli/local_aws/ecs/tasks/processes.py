"""Containers as processes of this machine, each a session of its own, none of which outlives the daemon for long."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from ....local_project.location import Target
from ....shared.process_groups import kill_group
from ....task_model.definition import Container, TaskPlan
from ....task_model.process_containers import ProcessPlan, ProcessPlanner
from ....task_model.runtime import ExecProcess, Usage
from ...faults import Faults
from ...reaper_supervisor import ReaperSupervisor
from . import process_reaper

_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessRuntime:
    """Processes whose ids are kept in a folder; a reaper ends them when this process ends without doing so."""

    def __init__(self, folder: Path, rooms: ProcessPlanner, faults: Faults | None = None) -> None:
        self._folder, self._rooms = folder, rooms
        folder.mkdir(parents=True, exist_ok=True)
        self._supervisor = ReaperSupervisor([sys.executable, process_reaper.__file__, str(folder)], faults)

    def create_sandbox(self, task_id: str, plan: TaskPlan) -> "ProcessRoom":
        """A task's processes share no more than the machine."""
        return ProcessRoom(task_id, self._rooms, self)

    def start_process(self, plan: ProcessPlan) -> "Process":
        """Start a process; raises `OSError` when its command or folder is not there."""
        self._supervisor.watch()
        return Process(plan, self._folder / f"{plan.name}.pid")

    def start(self) -> None:
        """End what the folder still names, when it is the same process and not another with its number."""
        process_reaper.end_all(self._folder)

    def close(self) -> None:
        """Send the reaper away."""
        self._supervisor.dismiss()


class ProcessRoom:
    """The processes of one task."""

    def __init__(self, task_id: str, rooms: ProcessPlanner, runtime: ProcessRuntime) -> None:
        self._task_id, self._rooms, self._runtime = task_id, rooms, runtime

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> "ProcessLaunch":
        """Plan the process of a container."""
        plan = self._rooms.plan(self._task_id, container, environment, log)
        return ProcessLaunch(plan, self._runtime, plan.folder)

    def close(self) -> None:
        """Nothing is left of processes."""


class ProcessLaunch(NamedTuple):
    """A process that is ready to be started."""

    plan: ProcessPlan
    runtime: ProcessRuntime
    image: Path
    """Folder of its image's code."""

    def moved(self, folder: Path | None) -> "ProcessLaunch":
        """The same in another folder; None: in its image's."""
        place = folder or self.image
        environment = {**self.plan.environment, "HOME": str(place)}
        return self._replace(plan=self.plan._replace(folder=place, environment=environment))

    @property
    def log(self) -> Path:
        """File of its output."""
        return self.plan.log

    @property
    def target(self) -> Target | None:
        """Its port of loopback."""
        return self.plan.target

    def start(self) -> "Process":
        """Start it."""
        return self.runtime.start_process(self.plan)


def _popen(plan: ProcessPlan) -> subprocess.Popen[bytes]:
    with open(plan.log, "ab") as log:
        return subprocess.Popen(  # noqa: S603 what the user's task definition says
            list(plan.command),
            cwd=plan.folder,
            env=dict(plan.environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


class Process:
    """A started process and its children."""

    def __init__(self, plan: ProcessPlan, pid_file: Path) -> None:
        self._plan = plan
        self.popen = popen = _popen(plan)
        self._pid_file = pid_file
        self._cpu: dict[int, float] = {}
        self._memory: dict[int, tuple[tuple[int | None, int] | None, int]] = {}
        """By process: page faults and number of processes at the last measurement, and bytes."""
        try:
            self._process: psutil.Process | None = psutil.Process(popen.pid)
            known = {"pid": popen.pid, "created": self._process.create_time()}
            pid_file.write_text(json.dumps(known))
        except psutil.NoSuchProcess:  # it has ended already
            self._process = None

    def signal(self, number: int) -> None:
        """Send a signal to the first process, as Docker does."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """End the whole session, and what left it."""
        strays = self._tree()[1:]
        kill_group(self.popen.pid)
        for stray in strays:
            process_reaper.quietly(stray.kill)
        self.popen.wait()
        self._pid_file.unlink(missing_ok=True)

    def exit_code(self) -> int | None:
        """None while it runs; when the first process has ended, the others are ended too, as in a container."""
        code = self.popen.poll()
        if code is None:
            return None
        if self._pid_file.exists():
            kill_group(self.popen.pid)
            _kill_session(self.popen.pid)
            self._pid_file.unlink(missing_ok=True)
        return 128 - code if code < 0 else code

    def on_end(self, call: Callable[[], None]) -> None:
        """Have a function called as soon as the first process has ended."""

        def wait() -> None:
            self.popen.wait()
            call()

        threading.Thread(target=wait, daemon=True, name=f"end of {self.popen.pid}").start()

    def out_of_memory(self) -> bool:
        """No kernel limits a process: `UsageMeter` does."""
        return False

    def exec_process(self, command: Sequence[str], terminal: bool = False) -> ExecProcess:
        """A command with its environment and folder."""
        return ExecProcess(command, self._plan.folder, self._plan.environment)

    def usage(self) -> Usage:
        """Memory as a container is billed for it: pages that processes share are counted once, where Linux tells."""
        memory = 0
        processes = self._tree()
        for process in processes:
            with contextlib.suppress(psutil.Error, OSError):  # it ended just now
                self._cpu[process.pid], faults = _times(process)
                # Nothing that a process has changes without a page fault, and its share not without another process's.
                known = (faults, len(processes))
                if faults is None or self._memory.get(process.pid, (None, 0))[0] != known:
                    self._memory[process.pid] = (known, _memory(process))
                memory += self._memory[process.pid][1]
        return Usage(memory, sum(self._cpu.values()))

    def _tree(self) -> list[psutil.Process]:
        if self._process is None or self.popen.poll() is not None:
            return []
        try:
            return [self._process, *_descendants(self._process)]
        except psutil.Error:
            return []


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    """Children and theirs. Linux has a list of them; psutil reads of every process of the machine whose child it is."""
    found = list[psutil.Process]()
    try:
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            with open(f"/proc/{process.pid}/task/{thread}/children") as children:
                found += [psutil.Process(int(pid)) for pid in children.read().split()]
    except (OSError, psutil.Error):
        return process.children(recursive=True)
    return [one for child in found for one in (child, *_descendants(child))]


def _times(process: psutil.Process) -> tuple[float, int | None]:
    """Seconds of processor time, and page faults where the system tells them."""
    try:
        with open(f"/proc/{process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()  # its name may have spaces: proc_pid_stat(5)
        return (int(fields[11]) + int(fields[12])) / _TICKS, int(fields[7]) + int(fields[9])
    except FileNotFoundError:
        times = process.cpu_times()
        return times.user + times.system, None


def _memory(process: psutil.Process) -> int:
    """The proportional share of its pages, or all of its resident pages on macOS."""
    try:
        with open(f"/proc/{process.pid}/smaps_rollup") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, StopIteration):
        return process.memory_info().rss


def _kill_session(leader: int) -> None:
    """End what an ended process has left in groups of their own, as servers have for their workers."""
    for pid in psutil.pids():
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
