"""The review as a hook of git: by pre-commit's framework, and within a commit, whose index git passes to hooks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.command.review.projects import Repository

ROOT = Path(__file__).parents[4]


@pytest.fixture
def repository(tmp_path):
    repository = Repository(tmp_path / "shop")
    repository.commit("database()")
    return repository


@pytest.fixture
def path(tmp_path, monkeypatch):
    """PATH with the command `flask-on-aws` of this environment."""
    command = tmp_path / "bin/flask-on-aws"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m flask_on_aws_cli "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")
    return command.parent


def test_pre_commit_s_hook_fails_until_lost_data_is_accepted(repository, path, tmp_path, monkeypatch):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", hooks)
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path / "cache"))
    for command in ("init --quiet", "add --all", "-c user.name=Dev -c user.email=dev@example.com commit -qm Hooks"):
        subprocess.run(["git", *command.split()], cwd=hooks, check=True)
    (hook,) = yaml.safe_load((hooks / ".pre-commit-hooks.yaml").read_text())
    command = [sys.executable, "-m", "pre_commit", "try-repo", "--all-files", str(hooks), hook["id"]]

    def run():
        return subprocess.run(command, cwd=repository.folder, capture_output=True, text=True)

    repository.write("")
    repository.git("add", "--all")
    done = run()
    assert (done.returncode, "prod: 1 deleted (loses data: db)" in done.stdout) == (1, True), done.stdout + done.stderr
    repository.write("", acceptDataLoss="[db]")
    repository.git("add", "--all")
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_review_in_a_hook_leaves_the_index_of_the_commit_as_it_is(repository, path):
    hook = Path(repository.git("rev-parse", "--absolute-git-dir"), "hooks/pre-commit")
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexec flask-on-aws review\n")
    hook.chmod(0o755)
    repository.write("database(tags={'a': 'b'})")
    (repository.folder / "new.txt").write_text("New")
    repository.git("add", "new.txt")
    repository.git("commit", "--all", "--quiet", "--message", "Change")  # with an index file of its own
    assert repository.git("status", "--porcelain") == ""
    changed = repository.git("show", "--name-only", "--format=").split()
    assert changed == ["__main__.py", "new.txt"]
