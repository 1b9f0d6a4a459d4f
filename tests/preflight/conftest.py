"""One environment for all small apps, and a place for each."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import PlanSettings, plan_build
from flask_on_aws_cli.build.run import make_environment
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.preflight.processes.process_runner import ProcessRunner, make_read_only, remove

from .broken import DATABASE_REQUIREMENTS, GOOD, GUNICORN, REQUIREMENTS

# The Python that runs the tests is there without a download.
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def write_app(folder: Path, code: str = GOOD, command: str = GUNICORN, requirements: str = REQUIREMENTS) -> Path:
    """An app in a new folder."""
    folder.mkdir()
    (folder / "app.py").write_text(code)
    (folder / "requirements.txt").write_text(requirements)
    (folder / "Procfile").write_text(f"web: {command}\n")
    return folder


@pytest.fixture(scope="session")
def environment() -> Iterator[Path]:
    """What the small apps import."""
    folder = open_folder()
    write_app(folder / "source", requirements=REQUIREMENTS + DATABASE_REQUIREMENTS)
    plan = plan_build(folder / "source", PlanSettings(python_version=HERE))
    make_environment(plan, folder / "source", folder / "built", {})
    yield folder / "built" / "venv"
    shutil.rmtree(folder)


def open_folder() -> Path:
    """A folder that every user may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="preflight-test-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def process_runner(environment: Path) -> Iterator[Callable[..., ProcessRunner]]:
    """Makes a place for an app that writes its files itself."""
    made: list[Path] = []

    def make(write: Callable[[Path], None], command: str) -> ProcessRunner:
        folder = open_folder()
        made.append(folder)
        (folder / "app").mkdir()
        write(folder / "app")
        make_read_only(folder / "app")
        return ProcessRunner(folder / "app", environment, command, free_port(), folder, None)

    yield make
    for folder in made:
        remove(folder)
