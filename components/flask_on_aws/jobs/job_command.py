"""The command of a job's container: the runner, with the job's own command."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..runtime_contract.shell import container_command, pass_arguments_without_shell
from . import job_runner
from .job import Job

RUNNER = Path(job_runner.__file__).read_text(encoding="utf-8")
# Isolated (-I), so that neither a module of the app's folder nor its PYTHONPATH takes the place of the standard library's.
_FIND_PYTHON = (
    'for p in python3 python; do command -v $p >/dev/null && exec $p -I -c "$1" "$2"; done; '
    'echo "The image has no Python, which runs the jobs of a schedule." >&2; exit 127'
)


def job_command(job: Job, entry_point: Sequence[str], family: str) -> list[str]:
    """The arguments that the container's entry point gets.

    Args:
        job: the job.
        entry_point: the container's; empty for the image's ENTRYPOINT.
        family: the job's task family if successes are to be counted by a metric, else empty.
    """
    settings = {
        "job": job.name,
        "family": family,
        "command": container_command(job.command, entry_point),
        "timeout": job.timeout,
        "retries": job.retries,
        "most": job.most_at_once,
    }
    arguments = [RUNNER, json.dumps(settings)]
    if entry_point and tuple(entry_point) == pass_arguments_without_shell(entry_point[0]):
        return [entry_point[0], "-I", "-c", *arguments]
    return ["/bin/sh", "-c", _FIND_PYTHON, "sh", *arguments]
