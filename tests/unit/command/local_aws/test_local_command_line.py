"""Commands that are printed can be typed as they are."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.commands.command_line import CALLED_AS, command_line

ROOT = Path(__file__).parents[4]
# The files whose checksum decides whether ./up creates its environment again.
ENVIRONMENT_FILES = ("up", "requirements.txt", "components/pyproject.toml", "cli/pyproject.toml")


@pytest.mark.parametrize(
    ("script", "up", "logs"),
    [
        ("", "flask-on-aws local up", "flask-on-aws local logs"),
        ("./up", "./up", "./up logs"),
        ("my shop/up", "'my shop/up'", "'my shop/up' logs"),
    ],
)
def test_a_command_is_printed_as_the_user_would_type_it(monkeypatch, script, up, logs):
    monkeypatch.setenv(CALLED_AS, script)
    assert (command_line("up"), command_line("logs")) == (up, logs)


def test_up_passes_on_its_name_from_whichever_folder_it_is_called(tmp_path):
    """Runs the script itself with an existing environment, the one of the tests."""
    project = tmp_path / "a project"
    for name in (*ENVIRONMENT_FILES, "environment.sh"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    programs = project / ".local-env" / "bin"
    programs.mkdir(parents=True)
    (programs / "flask-on-aws").symlink_to(Path(sys.executable).parent / "flask-on-aws")
    text = b"".join((project / name).read_bytes() for name in ENVIRONMENT_FILES)
    checksum = subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout
    (programs.parent / "installed").write_bytes(checksum.strip())
    done = subprocess.run(["a project/up", "logs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == f"{project} has no local AWS; create one with: 'a project/up'\n"
    assert done.returncode == 1
