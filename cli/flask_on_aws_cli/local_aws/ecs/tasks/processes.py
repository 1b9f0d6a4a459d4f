"""Containers as processes of this machine: each has its own session, and none outlives the daemon for long."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import psutil

from ....local_project.location import Target
from ....shared.process_groups import kill_group
from ....shared.process_start import process_start
from ....task_model.definition import Container, TaskPlan
from ....task_model.process_containers import ProcessPlan, ProcessPlanner
from ....task_model.runtime import ExecProcess, Listening, Usage
from ...faults import Faults
from ...reaper_supervisor import ReaperSupervisor
from . import process_reaper

_TICKS = os.sysconf("SC_CLK_TCK")


class ProcessRuntime:
    """Runs containers as processes; a reaper ends them if this process ends without doing so."""

    def __init__(self, folder: Path, plans: ProcessPlanner, faults: Faults | None = None) -> None:
        """Run processes.

        Args:
            folder: where their process ids are written, for the reaper.
            plans: plans the process of each container.
            faults: receives the reaper's failures. Default: they are only logged.
        """
        self._folder, self._plans = folder, plans
        folder.mkdir(parents=True, exist_ok=True)
        # Command lines name the volumes, and a shell would split a path with a space.
        self._volumes = (
            folder if re.fullmatch(r"[\w./-]+", str(folder)) else Path(tempfile.mkdtemp(prefix="flask-on-aws-"))
        )
        self._supervisor = ReaperSupervisor([sys.executable, process_reaper.__file__, str(folder)], faults)

    def create_sandbox(self, task_id: str, plan: TaskPlan) -> "TaskProcesses":
        """The processes of a task, which share its volumes and what all processes of the machine share."""
        return TaskProcesses(task_id, self._plans, self)

    def start_process(self, plan: ProcessPlan) -> "Process":
        """Start a process; raises `OSError` if its command or folder does not exist."""
        self._supervisor.start()
        return Process(plan, self._folder / f"{plan.name}.pid")

    def volumes(self, task_id: str) -> Path:
        """The folder of a task's volumes."""
        return self._volumes / f"{task_id}.volumes"

    def start(self) -> None:
        """End the processes that the folder lists, except those whose id is now another process's."""
        process_reaper.end_all(self._folder)
        for folder in self._volumes.glob("*.volumes"):
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Dismiss the reaper."""
        self._supervisor.stop()
        if self._volumes != self._folder:
            shutil.rmtree(self._volumes, ignore_errors=True)


class TaskProcesses:
    """The processes of one task."""

    def __init__(self, task_id: str, plans: ProcessPlanner, runtime: ProcessRuntime) -> None:
        self._task_id, self._plans, self._runtime = task_id, plans, runtime

    def prepare(self, container: Container, environment: Mapping[str, str], log: Path) -> "ProcessLaunch":
        """Plan the process of a container."""
        plan = self._plans.plan(self._task_id, container, environment, log, self._runtime.volumes(self._task_id))
        return ProcessLaunch(plan, self._runtime, plan.folder)

    def close(self) -> None:
        """Remove the task's volumes; ended processes leave nothing else."""
        shutil.rmtree(self._runtime.volumes(self._task_id), ignore_errors=True)


class ProcessLaunch(NamedTuple):
    """A process that is ready to be started."""

    plan: ProcessPlan
    runtime: ProcessRuntime
    image: Path
    """Folder of its image's code."""

    def with_code_in(self, folder: Path | None) -> "ProcessLaunch":
        """The same process in another folder; None: in the folder of its image."""
        new_folder = folder or self.image
        environment = {**self.plan.environment, "HOME": str(new_folder)}
        return self._replace(plan=self.plan._replace(folder=new_folder, environment=environment))

    @property
    def log(self) -> Path:
        """File of its output."""
        return self.plan.log

    @property
    def target(self) -> Target | None:
        """Its port on the loopback interface."""
        return self.plan.target

    def start(self) -> "Process":
        """Start it."""
        return self.runtime.start_process(self.plan)


def _popen(plan: ProcessPlan) -> subprocess.Popen[bytes]:
    with open(plan.log, "ab") as log:
        return subprocess.Popen(  # noqa: S603 the command of the user's task definition
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
        """By process id: page faults and number of processes at the last measurement, and the memory in bytes."""
        try:
            self._process: psutil.Process | None = psutil.Process(popen.pid)
            record = {"pid": popen.pid, "started": process_start(popen.pid)}
            pid_file.write_text(json.dumps(record))
        except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):  # it has ended already
            self._process = None

    def signal(self, number: int) -> None:
        """Send a signal to the first process, as Docker does."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """Kill the process group, and child processes that have left it."""
        children = self._tree()[1:]
        kill_group(self.popen.pid)
        for child in children:
            process_reaper.quietly(child.kill)
        self.popen.wait()
        self._pid_file.unlink(missing_ok=True)

    def exit_code(self) -> int | None:
        """None while it is running; once the first process has ended, the others are killed too, as in a container."""
        code = self.popen.poll()
        if code is None:
            return None
        if self._pid_file.exists():
            kill_group(self.popen.pid)
            _kill_session(self.popen.pid)
            self._pid_file.unlink(missing_ok=True)
        return 128 - code if code < 0 else code

    def on_end(self, call: Callable[[], None]) -> None:
        """Call a function as soon as the first process has ended."""

        def wait() -> None:
            self.popen.wait()
            call()

        threading.Thread(target=wait, daemon=True, name=f"end of {self.popen.pid}").start()

    def out_of_memory(self) -> bool:
        """False: the kernel does not limit a process, `UsageMeter` does."""
        return False

    def exec_process(self, command: Sequence[str], terminal: bool = False) -> ExecProcess:
        """How to run a command with its environment and in its folder."""
        return ExecProcess(self._plan.paths.command(command), self._plan.folder, self._plan.environment)

    def listening(self) -> Listening:
        """The ports on which its processes listen; the load balancer reaches those on loopback as well."""
        ports = set[int]()
        for process in self._tree():
            with contextlib.suppress(psutil.Error, OSError):  # it has just ended
                sockets = process.net_connections("tcp")
                ports |= {socket.laddr.port for socket in sockets if socket.status == psutil.CONN_LISTEN}
        return Listening(frozenset(ports))

    def usage(self) -> Usage:
        """Memory as a container's limit counts it: pages that its processes share count once, if Linux reports them."""
        memory = 0
        processes = self._tree()
        for process in processes:
            with contextlib.suppress(psutil.Error, OSError):  # it has just ended
                self._cpu[process.pid], faults = _times(process)
                # A process's memory changes only by a page fault, and its share only if another process starts or ends.
                state = (faults, len(processes))
                if faults is None or self._memory.get(process.pid, (None, 0))[0] != state:
                    self._memory[process.pid] = (state, _memory(process))
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
    """All descendants. Linux lists the children of a process; psutil reads the parent of every process instead."""
    child_processes = list[psutil.Process]()
    try:
        for thread in os.listdir(f"/proc/{process.pid}/task"):
            with open(f"/proc/{process.pid}/task/{thread}/children") as children:
                child_processes += [psutil.Process(int(pid)) for pid in children.read().split()]
    except (OSError, psutil.Error):
        return process.children(recursive=True)
    return [process for child in child_processes for process in (child, *_descendants(child))]


def _times(process: psutil.Process) -> tuple[float, int | None]:
    """Seconds of processor time, and the number of page faults if the system reports it."""
    try:
        with open(f"/proc/{process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()  # the process name may contain spaces: proc_pid_stat(5)
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
    """Kill processes of a session whose leader has ended, including those in other process groups, such as workers."""
    for pid in psutil.pids():
        with contextlib.suppress(OSError):  # it has ended, or belongs to another user
            if os.getsid(pid) == leader:
                os.kill(pid, signal.SIGKILL)
