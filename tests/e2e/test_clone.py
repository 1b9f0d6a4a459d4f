"""Tests of a fresh clone: the commands of the README work in it, and an update can test the app."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.e2e.stacks import ROOT

REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
(COMMANDS,) = re.findall(
    r"## Start on AWS.*?```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
)


def test_the_program_s_requirements_include_the_library_and_the_preflight():
    assert {"-e ./components", "-e ./cli[preflight]"} <= set(REQUIREMENTS)
    lines = COMMANDS.splitlines()
    assert lines.index("pulumi install") < lines.index("pulumi up")


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone of this repository in a separate folder."""
    folder = tmp_path / "flask-on-aws"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.mark.slow
@pytest.mark.engine
def test_the_commands_of_the_readme_work_in_a_clone(pulumi_command, emulator, clone, tmp_path):
    """`pulumi up` is replaced by a preview, because other tests run updates."""
    (tmp_path / "backend").mkdir()
    environment = os.environ | {
        "AWS_ENDPOINT_URL": emulator,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
    }
    for command in COMMANDS.replace("pulumi up", "pulumi preview").splitlines():
        words = [*command.split(), "--non-interactive"]
        result = subprocess.run(
            [pulumi_command, *words[1:]], cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        assert result.returncode == 0, f"{command}:\n{result.stdout}{result.stderr}"
    tool = [clone / ".venv" / "bin" / "python", "-P", "-m", "flask_on_aws_cli", "preflight", "--help"]
    assert "Usage" in subprocess.run(tool, capture_output=True, text=True, check=True).stdout
