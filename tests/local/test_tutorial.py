"""Test of the tutorial: its code blocks run one after another in a shell, in a copy of the repository."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
# The change that the reader makes in an editor.
EDIT = "sed -i 's/<button>Post/<button>Publish/' app_template/board/templates/index.html"
# Two new environments and two releases take minutes on a busy machine.
SECONDS = 900


def script() -> str:
    """The shell blocks of the tutorial in order, with the edit in place of its HTML block."""
    blocks = re.findall(r"```(sh|html)\n(.*?)```", TUTORIAL, re.DOTALL)
    return "\n".join(["set -e", *(text if language == "sh" else EDIT for language, text in blocks)])


@pytest.fixture
def clone(tmp_path: Path):
    """A copy of the files in git, whose local AWS is destroyed after the test."""
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
def test_every_command_of_the_tutorial_prints_the_documented_output(clone: Path) -> None:
    result = subprocess.run(
        ["bash", "-c", script()], cwd=clone, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    output = result.stdout + result.stderr
    assert result.returncode == 0, output
    for expected in (
        "1 of 1 tasks run; 1 healthy behind the load balancer",
        "3 updated, 1 replaced",
        "web: release 2 → release 1",
        "web runs release 1 again, recorded as release 3",
        "The database is up to date: nothing to do.",
        " 0 failed",
        "resources deleted, and .local-aws with all data",
    ):
        assert expected in output, output
    assert not (clone / ".local-aws").exists()
