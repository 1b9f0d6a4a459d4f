"""Dedicated environments for Python packages whose dependencies conflict with those of the tests."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from uv import find_uv_bin

INSTALL_SECONDS = 600  # 200 MB of packages: as long as a slow network needs


def tool_environment(name: str, *packages: str) -> Path:
    """The folder of the packages' commands; skips the test if they cannot be installed."""
    # In the environment of the tests, which git and all tools ignore, so that both are recreated together.
    folder = Path(sys.prefix) / name
    installed, wanted = folder / "installed", "\n".join(packages)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # only one of several workers installs it
        if not installed.is_file() or installed.read_text() != wanted:
            _install(folder, packages)
            installed.write_text(wanted)
    return folder / "bin"


def _install(folder: Path, packages: tuple[str, ...]) -> None:
    steps = [
        [find_uv_bin(), "venv", "--quiet", "--clear", "--python", sys.executable, folder],
        [find_uv_bin(), "pip", "install", "--quiet", "--python", folder / "bin" / "python", *packages],
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for step in steps:
        try:
            run = subprocess.run(step, capture_output=True, text=True, timeout=INSTALL_SECONDS, env=environment)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{', '.join(packages)} were not installed within {INSTALL_SECONDS} seconds")
        if run.returncode:
            pytest.skip(f"{', '.join(packages)} cannot be installed: {run.stderr.strip()[-300:]}")
