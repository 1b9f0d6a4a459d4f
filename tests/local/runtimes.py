"""The two runtimes of tasks on a local AWS, for tests that run with both."""

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from flask_on_aws_cli.local_aws.ecs.tasks.processes import ProcessRuntime
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.task_model.process_containers import ImagePlan, ProcessPlanner

APP = Path(__file__).with_name("app.py")
_DOCKERFILE = """FROM python:3.13-slim
ENV HOST=0.0.0.0 PORT=8080 FROM_IMAGE=yes
COPY app.py /app.py
RUN useradd --uid 10001 app && mkdir /scratch && chown app /scratch
VOLUME /scratch
USER 10001
CMD ["python", "/app.py"]
"""


class AsProcesses:
    """Runs the tests' app with the Python that runs the tests."""

    image = "app"
    python = sys.executable
    port: int | None = None
    """None, because each task has another port."""

    def create(self, location: Location) -> Any:
        return ProcessRuntime(location.folder / "tasks", ProcessPlanner(location.folder, self._plan))

    def _plan(self, image: str) -> ImagePlan | None:
        return ImagePlan(APP.parent, f'"{sys.executable}" {APP}', {"FROM_IMAGE": "yes"}) if image == "app" else None

    def pids(self, location: Location, task: str = "") -> list[int]:
        """The process IDs of one task or all tasks, from the files that a new daemon would read."""
        files = (location.folder / "tasks").glob(f"{task}*.pid")
        return [json.loads(path.read_text())["pid"] for path in files]


class AsContainers:
    """Runs the tests' app as a container image."""

    image = "flask-on-aws-tests:local"
    python = "python"
    port: int | None = 8080
    """The container port of the task definition."""

    def create(self, location: Location) -> Any:
        from flask_on_aws_cli.local_aws.containers.docker_client import connect
        from flask_on_aws_cli.local_aws.containers.runtime import ContainerRuntime

        build_image()
        certificate = location.folder / "ca.pem"
        certificate.parent.mkdir(parents=True, exist_ok=True)
        certificate.write_text("the local CA\n")
        return ContainerRuntime(connect(), location.folder, certificate, lambda: {location.port}, str)

    def pids(self, location: Location, task: str = "") -> list[int]:
        """The process IDs of the containers of one task or all tasks, according to the Docker engine."""
        filters = ["--filter", f"label=flask-on-aws.local={location.folder}", "--filter", f"name={task[:12]}"]
        names = docker("ps", "--format", "{{.Names}}", *filters).split()
        apps = [name for name in names if not name.endswith("-network")]
        return [int(docker("inspect", "--format", "{{.State.Pid}}", name)) for name in apps]


RUNTIMES = {"process": AsProcesses(), "container": AsContainers()}


def docker(*arguments: str, stdin: str = "") -> str:
    return subprocess.run(["docker", *arguments], input=stdin, capture_output=True, text=True, check=True).stdout


@cache
def build_image() -> None:
    """Build the tests' image, whose layers the Docker engine caches."""
    docker("build", "--tag", AsContainers.image, "--file", "-", str(APP.parent), stdin=_DOCKERFILE)


def has_docker_engine() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
