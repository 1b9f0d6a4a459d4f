"""Commands that are printed are commands that can be typed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from flask_on_aws_cli.local_aws.commands.typed import CALLED_AS, typed

ROOT = Path(__file__).parents[4]
# What ./up makes its environment of, and knows it by.
MADE_OF = ("up", "requirements.txt", "components/pyproject.toml", "cli/pyproject.toml")


@pytest.mark.parametrize(
    ("called", "up", "logs"),
    [
        ("", "flask-on-aws local up", "flask-on-aws local logs"),
        ("./up", "./up", "./up logs"),
        ("my shop/up", "'my shop/up'", "'my shop/up' logs"),
    ],
)
def test_a_command_is_told_as_it_was_called(monkeypatch, called, up, logs):
    monkeypatch.setenv(CALLED_AS, called)
    assert (typed("up"), typed("logs")) == (up, logs)


def test_up_tells_its_own_name_from_wherever_it_is_called(tmp_path):
    """The script itself, with an environment that is made already: the one of the tests."""
    project = tmp_path / "a project"
    for name in (*MADE_OF, "environment.sh"):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, project / name)
    programs = project / ".local-env" / "bin"
    programs.mkdir(parents=True)
    (programs / "flask-on-aws").symlink_to(Path(sys.executable).parent / "flask-on-aws")
    text = b"".join((project / name).read_bytes() for name in MADE_OF)
    known = subprocess.run(["cksum"], input=text, capture_output=True, check=True).stdout
    (programs.parent / "installed").write_bytes(known.strip())
    done = subprocess.run(["a project/up", "logs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stderr == f"{project} has no local AWS; make one with: 'a project/up'\n"
    assert done.returncode == 1
