"""The review of a fork's pull request: its code meets no token that can write, and the comment is data alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.command.review.projects import Repository

ROOT = Path(__file__).parents[3]
REVIEW, COMMENT = (
    yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text()) for name in ("review", "review-comment")
)
REVIEW_ACTION, COMMENT_ACTION = (
    yaml.safe_load((ROOT / f".github/actions/{name}/action.yml").read_text()) for name in ("review", "review-comment")
)


def test_code_of_a_pull_request_runs_in_the_workflow_that_can_only_read():
    assert set(REVIEW[True]) == {"pull_request"}
    (job,) = REVIEW["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert "token" not in json.dumps([job, REVIEW_ACTION]).lower()
    assert all(step.get("with", {}).get("persist-credentials") is False for step in job["steps"][:1])


def test_the_workflow_that_can_write_runs_nothing_of_the_pull_request():
    (job,) = COMMENT["jobs"].values()
    assert COMMENT[True]["workflow_run"] == {"workflows": [REVIEW["name"]], "types": ["completed"]}
    checkout, action = job["steps"]
    # Without a ref, it is the default branch for both events.
    assert (checkout["uses"].partition("@")[0], checkout["with"]) == (
        "actions/checkout",
        {"persist-credentials": False},
    )
    assert action == {"uses": "./.github/actions/review-comment"}
    (step,) = COMMENT_ACTION["runs"]["steps"]
    assert step["run"].count("-m flask_on_aws_cli") == 1


def test_the_command_that_can_write_needs_no_package_of_the_program():
    """The action installs click alone."""
    code = (
        "import sys; import flask_on_aws_cli.main, flask_on_aws_cli.review_comment.command; "
        "print(*sorted({name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], env=_import_path(), capture_output=True, text=True)
    loaded = {name for name in done.stdout.split() if not name.startswith("_")}
    assert loaded == {"click", "flask_on_aws_cli"}, done.stderr


def _import_path():
    """The environment variable with which an interpreter without site-packages finds click and the command."""
    import click

    return {"PYTHONPATH": os.pathsep.join([str(ROOT / "cli"), str(Path(click.__file__).parents[1])])}


@pytest.mark.parametrize(
    ("fail_on_loss", "base", "code"), [("true", "HEAD", 1), ("false", "HEAD", 0), ("false", "missing", 2)]
)
def test_the_action_leaves_a_loss_to_the_comment_and_nothing_else(tmp_path, fail_on_loss, base, code):
    repository = Repository(tmp_path / "shop")
    repository.commit("database()")
    repository.write("")
    step = next(step for step in REVIEW_ACTION["runs"]["steps"] if "FAIL" in step.get("env", {}))
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PROJECT": ".",
        "STACK": "prod",
        "BASE": base,
        "FAIL": fail_on_loss,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]  # as GitHub runs it
    done = subprocess.run(command, cwd=repository.folder, env={**os.environ, **variables})
    assert done.returncode == code
    report = repository.folder / "review-report"
    if code == 2:
        assert list(report.iterdir()) == []
        return
    assert json.loads((report / "report.json").read_text())["accepted"] is False
    assert (report / "comment.md").read_text() == (tmp_path / "summary.md").read_text()
    assert "loses data: db" in (report / "comment.md").read_text()
