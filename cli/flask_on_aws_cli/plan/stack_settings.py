"""Writes what was found out about an app into the settings of its stack, with the Pulumi CLI."""

import shlex
import shutil
import subprocess
from pathlib import Path

from flask_on_aws.ingress.health_path import AUTO_HEALTH_PATH, DEFAULT_HEALTH_PATH

from ..shared.health_path_record import recorded_health_path

_KEY = "healthCheckPath"


class WriteError(Exception):
    """Why nothing was written; the message is a sentence with the fix."""


def write_health_path(folder: Path, project: Path, stack: str) -> str:
    """Set `healthCheckPath` to the path that the last preflight or local `up` found for an app.

    Args:
        folder: the app's folder.
        project: the folder of Pulumi.yaml.
        stack: the stack's name; empty for the selected one.

    Returns:
        What was done, in a sentence.

    Raises:
        WriteError: if no path is recorded, or the Pulumi CLI cannot set it. A path that the stack sets is not replaced.
    """
    path = recorded_health_path(folder)
    if not path:
        command = shlex.join(["flask-on-aws", "preflight", str(folder)])
        raise WriteError(f"No health path is recorded for {folder.resolve()}; find it with: {command}")
    if not (project / "Pulumi.yaml").is_file():
        raise WriteError(f"There is no {project / 'Pulumi.yaml'}; set its folder with --project.")
    set_path = ["pulumi", "config", "set", _KEY, path, *(["--stack", stack] if stack else [])]
    if not shutil.which("pulumi"):
        raise WriteError(f"There is no pulumi command on this machine; where there is one, run: {shlex.join(set_path)}")
    current = _run(["pulumi", "config", "get", *set_path[3:4], *set_path[5:]], project)
    is_set = current.returncode == 0 and current.stdout.strip() not in ("", AUTO_HEALTH_PATH)
    value = current.stdout.strip() if is_set else DEFAULT_HEALTH_PATH
    if value == path:
        return f"{_KEY} stays {value if is_set else AUTO_HEALTH_PATH}: the app answers 200 on {path}."
    if is_set:
        raise WriteError(
            f"{_KEY} is {value} in this stack, and was not replaced; to replace it: {shlex.join(set_path)}"
        )
    done = _run(set_path, project)
    if done.returncode:
        raise WriteError(f"`{shlex.join(set_path)}` failed: {done.stderr.strip()}")
    return shlex.join(set_path)


def _run(command: list[str], project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*command, "--non-interactive"], cwd=project, capture_output=True, text=True, check=False)  # noqa: S603 the user's own CLI
