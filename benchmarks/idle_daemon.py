"""What the idle local AWS costs: CPU and memory of its daemon and its helper processes.

    python benchmarks/idle_daemon.py [--minutes 10] [--settle 60]

Copies the program and the template to a separate folder, does what `./up` does there with the environment of this
Python (`pip install -r requirements.txt -e ./components -e './cli[local]'`), lets the stack settle, and then makes no
request. Measured are all processes of the daemon except the app's tasks and PostgreSQL: processor time by
/proc/PID/stat, memory by the Pss of /proc/PID/smaps_rollup, read twelve times. Needs Linux.

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
LEFT_OUT = (".*", "tests", "docs", "benchmarks", "examples", "__pycache__", "*.egg-info", "node_modules")
SAMPLES = 12
TICKS = os.sysconf("SC_CLK_TCK")


def run(command: str, project: Path) -> None:
    """`flask-on-aws local COMMAND`; its output is shown when it fails."""
    tool = Path(sys.executable).with_name("flask-on-aws")
    done = subprocess.run([tool, "local", command], cwd=project, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise SystemExit(f"{command} failed:\n{done.stdout}{done.stderr}")


def daemon_processes(folder: Path) -> dict[int, str]:
    """The daemon and its helpers: process id → what it is."""
    daemon = psutil.Process(int((folder / "daemon.pid").read_text().split()[0]))
    tasks = {json.loads(path.read_text())["pid"] for path in (folder / "tasks").glob("*.pid")}
    found = {daemon.pid: "daemon"}
    waiting = daemon.children()
    while waiting:
        one = waiting.pop()
        if one.pid not in tasks and one.name() != "postgres":
            found[one.pid] = name_of(one.cmdline())
            waiting += one.children()
    return found


def name_of(command: list[str]) -> str:
    """The last part of its module's or file's name."""
    for word in command[1:]:
        if word.endswith(".py") or "flask_on_aws_cli" in word:
            return Path(word).stem if word.endswith(".py") else word.rpartition(".")[2]
    return Path(command[0]).name if command else "ended"


def seconds_of(pid: int) -> float:
    """Processor time so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def pss_of(pid: int) -> float:
    """Memory in MiB, pages that processes share counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:"))


def measure(folder: Path, seconds: float) -> dict[str, tuple[float, float]]:
    """Name and id of each process → its percent of a core, and MiB."""
    known = daemon_processes(folder)
    began, before = time.monotonic(), {pid: seconds_of(pid) for pid in known}
    memory = dict.fromkeys(known, 0.0)
    for sample in range(SAMPLES):
        time.sleep(max(0.0, began + seconds * (sample + 1) / SAMPLES - time.monotonic()))
        for pid in known:
            memory[pid] += pss_of(pid) / SAMPLES
    elapsed = time.monotonic() - began
    return {
        f"{name} {pid}": ((seconds_of(pid) - before[pid]) / elapsed * 100, memory[pid]) for pid, name in known.items()
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10, help="how long to measure (default: 10)")
    parser.add_argument("--settle", type=float, default=60, help="seconds before it (default: 60)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(ROOT, project, ignore=shutil.ignore_patterns(*LEFT_OUT))
        try:
            run("up", project)
            time.sleep(arguments.settle)
            figures = measure(project / ".local-aws", arguments.minutes * 60)
        finally:
            run("down", project)
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} processors, load {load}")
    print(f"{arguments.minutes:g} minutes without a request, {arguments.settle:g} s after `up`")
    for name, (percent, mebibytes) in figures.items():
        print(f"{name:<20} {percent:6.2f} % of a core  {mebibytes:6.1f} MiB")
    percent, mebibytes = (sum(pair[index] for pair in figures.values()) for index in (0, 1))
    print(f"{'all':<20} {percent:6.2f} % of a core  {mebibytes:6.1f} MiB")


if __name__ == "__main__":
    main()
