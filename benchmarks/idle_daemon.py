"""Measures CPU and memory of the idle local AWS: its daemon and its helper processes.

    python benchmarks/idle_daemon.py [--minutes 10] [--settle 60]

Copies the program and the template to a separate folder, runs `local up` there with the environment of this Python
(`pip install -r requirements.txt -e ./components -e './cli[local]'`), and then sends no requests. It measures all
processes of the daemon except the app's tasks and PostgreSQL: processor time with /proc/PID/stat, memory as the mean of
twelve Pss values in /proc/PID/smaps_rollup. Needs Linux.

Goals: at most 1 % of a core and 300 MiB, the mean of ten minutes.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
NOT_COPIED = (".*", "tests", "docs", "benchmarks", "examples", "__pycache__", "*.egg-info", "node_modules")
SAMPLES = 12
TICKS = os.sysconf("SC_CLK_TCK")


def run(command: str, project: Path) -> None:
    """Run `flask-on-aws local COMMAND`; prints its output and exits if it fails."""
    tool = Path(sys.executable).with_name("flask-on-aws")
    result = subprocess.run([tool, "local", command], cwd=project, capture_output=True, text=True, check=False)  # noqa: S603
    if result.returncode:
        raise SystemExit(f"{command} failed:\n{result.stdout}{result.stderr}")


def daemon_processes(folder: Path) -> dict[int, str]:
    """Process ID → name of the daemon and its helpers."""
    daemon = psutil.Process(int((folder / "daemon.pid").read_text().split()[0]))
    tasks = {json.loads(path.read_text())["pid"] for path in (folder / "tasks").glob("*.pid")}
    names = {daemon.pid: "daemon"}
    remaining = daemon.children()
    while remaining:
        process = remaining.pop()
        if process.pid not in tasks and process.name() != "postgres":
            names[process.pid] = name_of(process.cmdline())
            remaining += process.children()
    return names


def name_of(command: list[str]) -> str:
    """A process's name: the last part of the name of its module or file."""
    for word in command[1:]:
        if word.endswith(".py") or "flask_on_aws_cli" in word:
            return Path(word).stem if word.endswith(".py") else word.rpartition(".")[2]
    return Path(command[0]).name if command else "ended"


def seconds_of(pid: int) -> float:
    """Processor time that a process has used, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_of(pid: int) -> float:
    """Memory of a process in MiB, of shared pages only its proportional share."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def measure(folder: Path, seconds: float) -> dict[str, tuple[float, float]]:
    """Name and ID of each process → percent of a core, and MiB."""
    processes = daemon_processes(folder)
    began, before = time.monotonic(), {pid: seconds_of(pid) for pid in processes}
    memory = dict.fromkeys(processes, 0.0)
    for sample in range(SAMPLES):
        time.sleep(max(0.0, began + seconds * (sample + 1) / SAMPLES - time.monotonic()))
        for pid in processes:
            memory[pid] += pss_of(pid) / SAMPLES
    elapsed = time.monotonic() - began
    return {
        f"{name} {pid}": ((seconds_of(pid) - before[pid]) / elapsed * 100, memory[pid])
        for pid, name in processes.items()
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="minutes to measure (default: 10)")
    parser.add_argument("--settle", type=float, default=60, help="seconds to wait before that (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*NOT_COPIED))
        try:
            run("up", project)
            time.sleep(arguments.settle)
            figures = measure(project / ".local-aws", arguments.minutes * 60)
        finally:
            run("down", project)
    load = ", ".join(f"{average:.1f}" for average in os.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors, load {load}")
    print(f"{arguments.minutes:g} minutes without requests, {arguments.settle:g} s after `up`")
    for name, (percent, mebibytes) in figures.items():
        print(f"{name:<20} {percent:6.2f} % of a core  {mebibytes:6.1f} MiB")
    percent, mebibytes = (sum(pair[index] for pair in figures.values()) for index in (0, 1))
    print(f"{'all':<20} {percent:6.2f} % of a core  {mebibytes:6.1f} MiB")


if __name__ == "__main__":
    main()
