"""Runs a built app as processes of this machine: not as root, with its files read-only and a scratch folder."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws.runtime_contract.shell import shell_command
from flask_on_aws.runtime_contract.sqlserver_trust import FREETDS_NAME, ROOTS_NAME

from ...build.machine_programs import link_programs
from ...shared.deferred_signals import deferred_signals
from ...shared.process_groups import kill_group
from ...task_model.container_paths import localize_paths
from ..running import Outcome
from .process_app import ProcessApp, container_code
from .system_account import give_scratch, unprivileged_prefix


@dataclass(frozen=True)
class ProcessRunner:
    """An environment built as by `flask-on-aws build --venv`, and the folders that its processes may write to."""

    code: Path
    venv: Path
    command: str
    port: int
    scratch: Path
    ca: Path | None
    """The certificates that replace RDS's; None without a database."""
    writable: Sequence[Path] = ()
    """Folders of the code that the app's user may write to."""
    programs: Path | None = None
    """Links to the programs that the image has; None for those of the slim image, linked in `scratch`."""

    def start(self, environment: Mapping[str, str]) -> ProcessApp:
        """Start the app in a separate session."""
        log = Path(tempfile.mkstemp(dir=self.scratch, prefix="output-")[1])
        home = Path(tempfile.mkdtemp(dir=self.scratch, prefix="scratch-"))
        home.chmod(0o755)
        give_scratch(str(home))
        with log.open("ab") as output:
            process = self._start(shell_command(self.command), self._environment(environment, home), output)
        return ProcessApp(process, self.port, log, (home, *self.writable), self._as_in_image)

    def run(self, command: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run another command of the app."""
        return self._run(shell_command(command), environment, seconds)

    def run_script(self, script: str, environment: Mapping[str, str], seconds: float) -> Outcome:
        """Run a Python script with the environment's Python."""
        return self._run([str(self.venv / "bin" / "python"), "-c", script], environment, seconds)

    def _run(self, command: Sequence[str], environment: Mapping[str, str], seconds: float) -> Outcome:
        home = Path(tempfile.mkdtemp(dir=self.scratch, prefix="scratch-"))
        give_scratch(str(home))
        with tempfile.TemporaryFile(dir=self.scratch) as output:
            with ExitStack() as stack:
                with deferred_signals():
                    process = self._start(command, self._environment(environment, home), output)
                    stack.callback(process.wait)
                    stack.callback(kill_group, process.pid)
                try:
                    code = process.wait(seconds)
                except subprocess.TimeoutExpired:
                    code = -signal.SIGKILL
            output.seek(0)
            lines = self._as_in_image(output.read().decode(errors="replace")).splitlines()
        return Outcome(container_code(code), lines)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], output: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        """Start a command in a separate session, so that all its processes can be stopped."""
        return subprocess.Popen(  # noqa: S603 a command of the app or of this tool
            [*_prefix(), *command],
            cwd=self.code,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )

    def _as_in_image(self, text: str) -> str:
        """The text with the paths of the image, since users may copy paths from messages into settings."""
        return text.replace(str(self.code), "/app").replace(str(self.venv), "/venv")

    def _trusted_files(self) -> Mapping[str, Path]:
        """The CA certificate and what is next to it, by the names in the image's folder of certificates."""
        if not self.ca:
            return {}
        others = {name: self.ca.with_name(name) for name in (FREETDS_NAME, ROOTS_NAME)}
        return {Path(CA_PATH).name: self.ca, **{name: path for name, path in others.items() if path.is_file()}}

    def _environment(self, environment: Mapping[str, str], home: Path) -> dict[str, str]:
        """The contract's variables and those of an image; none of this process's own."""
        programs = self.programs or link_programs(self.scratch / "programs")
        path = os.pathsep.join((str(self.venv / "bin"), str(programs)))
        folder = Path(CA_PATH).parent
        files = {str(folder / name): str(path) for name, path in self._trusted_files().items()}
        image = {
            "PATH": path,
            "VIRTUAL_ENV": str(self.venv),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LANG": "C.UTF-8",
            "HOME": str(home),
            "TMPDIR": str(home),
        }
        # macOS has no /dev/shm; the gunicorn option that names it only avoids slow disks.
        shared = {} if Path("/dev/shm").is_dir() else {"/dev/shm": str(home)}  # noqa: S108 the contract's
        return {name: localize_paths(value, {**files, **shared}) for name, value in {**image, **environment}.items()}


def make_read_only(folder: Path) -> None:
    """Remove write permission, as a read-only root does."""
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~0o222)


def make_writable(code: Path, paths: Sequence[str]) -> list[Path]:
    """Make the writable paths in the app's code writable for its user, as volumes are; returns the local folders."""
    folders = [code / path.removeprefix("/app").strip("/") for path in paths if f"{path}/".startswith("/app/")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o200)
                give_scratch(str(path))
    return folders


def remove(folder: Path) -> None:
    """Delete a folder that contains read-only folders."""
    for path in (folder, *(child for child in folder.rglob("*") if child.is_dir() and not child.is_symlink())):
        path.chmod(path.stat().st_mode | 0o700)
    shutil.rmtree(folder, ignore_errors=True)


def _prefix() -> Sequence[str]:
    return unprivileged_prefix() or ()
