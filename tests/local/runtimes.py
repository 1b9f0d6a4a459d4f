"""The two ways in which a local AWS runs tasks, for tests that ask the same of both."""

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
    """The tests' app by the Python that runs the tests."""

    image = "app"
    python = sys.executable
    port: int | None = None
    """A port of its own for each task."""

    def make(self, place: Location) -> Any:
        return ProcessRuntime(place.folder / "tasks", ProcessPlanner(place.folder, self._plan))

    def _plan(self, image: str) -> ImagePlan | None:
        return ImagePlan(APP.parent, f'"{sys.executable}" {APP}', {"FROM_IMAGE": "yes"}) if image == "app" else None

    def pids(self, place: Location, task: str = "") -> list[int]:
        """The process ids of a task or of all, from the files that a new daemon would read."""
        files = (place.folder / "tasks").glob(f"{task}*.pid")
        return [json.loads(path.read_text())["pid"] for path in files]


class AsContainers:
    """The tests' app in an image of its own."""

    image = "flask-on-aws-tests:local"
    python = "python"
    port: int | None = 8080
    """The one that the task definition says."""

    def make(self, place: Location) -> Any:
        from flask_on_aws_cli.local_aws.containers.docker_client import connect
        from flask_on_aws_cli.local_aws.containers.runtime import ContainerRuntime

        build_image()
        certificate = place.folder / "ca.pem"
        certificate.parent.mkdir(parents=True, exist_ok=True)
        certificate.write_text("the local CA\n")
        return ContainerRuntime(connect(), place.folder, certificate, lambda: {place.port}, str)

    def pids(self, place: Location, task: str = "") -> list[int]:
        """The first processes of its containers, as the engine knows them."""
        marked = ["--filter", f"label=flask-on-aws.local={place.folder}", "--filter", f"name={task[:12]}"]
        names = docker("ps", "--format", "{{.Names}}", *marked).split()
        apps = [name for name in names if not name.endswith("-network")]
        return [int(docker("inspect", "--format", "{{.State.Pid}}", name)) for name in apps]


RUNTIMES = {"process": AsProcesses(), "container": AsContainers()}


def docker(*arguments: str, given: str = "") -> str:
    return subprocess.run(["docker", *arguments], input=given, capture_output=True, text=True, check=True).stdout


@cache
def build_image() -> None:
    """The tests' image, whose layers the engine keeps."""
    docker("build", "--tag", AsContainers.image, "--file", "-", str(APP.parent), given=_DOCKERFILE)


def engine_answers() -> bool:
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
