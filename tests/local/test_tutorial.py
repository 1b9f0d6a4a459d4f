"""The tutorial, as it stands: its blocks run one after another in one shell, in a copy of the repository."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
# What its reader does in an editor.
EDIT = "sed -i 's/<button>Post/<button>Publish/' app_template/board/templates/index.html"
# Twice an environment or a task from nothing, and a release each way: minutes on a busy machine.
SECONDS = 900


def script() -> str:
    """Its shell blocks in order, with the edit where its HTML block is."""
    blocks = re.findall(r"```(sh|html)\n(.*?)```", TUTORIAL, re.DOTALL)
    return "\n".join(["set -e", *(text if language == "sh" else EDIT for language, text in blocks)])


@pytest.fixture
def clone(tmp_path: Path):
    """What git has of this repository; what the tutorial started there is ended with it."""
    folder = tmp_path / "flask-on-aws"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    yield folder
    if (folder / ".local-aws").exists():
        subprocess.run(["./up", "destroy"], cwd=folder, timeout=SECONDS, check=False)


@pytest.mark.slow
def test_every_command_of_the_tutorial_does_what_it_shows(clone: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", script()], cwd=clone, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    for shown in (
        "1 of 1 tasks run; 1 healthy behind the load balancer",
        "3 updated, 1 replaced",
        "web: release 2 → release 1",
        "web runs release 1 again, recorded as release 3",
        "The database is up to date: nothing to do.",
        " 0 failed",
        "resources deleted, and .local-aws with all data",
    ):
        assert shown in said, said
    assert not (clone / ".local-aws").exists()
