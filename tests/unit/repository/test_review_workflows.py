"""The review of a fork's pull request: its code meets no token that can write, and the comment is data alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
REVIEW, COMMENT = (
    yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text()) for name in ("review", "review-comment")
)
SHA = "1" * 40
# Responds as GitHub's command does: the open pull requests of a branch, and the comments of one.
GH = """#!{python}
import json, os, subprocess, sys
arguments = sys.argv[1:]
pulls = [{{"number": 7, "head": {{"sha": "{sha}"}}}}]
comments = json.loads(os.environ["COMMENTS"])
if "--input" in arguments:
    body = open(arguments[arguments.index("--input") + 1]).read()
    with open(os.environ["SENT"], "a") as sent:
        sent.write(json.dumps([arguments[arguments.index("--method") + 1], arguments[-3], json.loads(body)["body"]]))
else:
    answer = comments if any("/comments" in argument for argument in arguments) else pulls
    query = arguments[arguments.index("--jq") + 1]
    subprocess.run(["jq", "-r", query], input=json.dumps(answer), text=True, check=True)
"""
MARK = "<!-- review of this pull request -->"
TABLE = "### prod: 1 replaced\n\n| effect | resource |\n|---|---|\n| Replaced | db |\n"


def test_code_of_a_pull_request_runs_in_the_workflow_that_can_only_read():
    assert set(REVIEW[True]) == {"pull_request"}
    (job,) = REVIEW["jobs"].values()
    assert job["permissions"] == {"contents": "read"}
    assert "token" not in json.dumps(job).lower()
    assert all(step.get("with", {}).get("persist-credentials") is False for step in job["steps"][:1])


def test_the_workflow_that_can_write_runs_nothing_of_the_pull_request():
    (job,) = COMMENT["jobs"].values()
    assert COMMENT[True] == {"workflow_run": {"workflows": [REVIEW["name"]], "types": ["completed"]}}
    assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == ["actions/download-artifact"]
    (script,) = [step["run"] for step in job["steps"] if "run" in step]
    # The report is read by these alone.
    lines = [line.strip() for line in script.splitlines() if "report/" in line]
    assert [line.split()[0] for line in lines] == ["if", "if", "jq"]
    assert "[ ! -s report/comment.md ]" in lines[0]
    assert "grep -Eq '^(\\||- )' report/comment.md" in lines[1]


@pytest.fixture
def posted(tmp_path):
    """Run the workflow's script with this report and these comments; returns what it sends."""
    if not shutil.which("jq"):
        pytest.skip("jq is not installed")
    (script,) = [step["run"] for step in COMMENT["jobs"]["comment"]["steps"] if "run" in step]
    command = tmp_path / "bin/gh"
    command.parent.mkdir()
    command.write_text(GH.format(python=sys.executable, sha=SHA))
    command.chmod(0o755)

    def run(report, comments=(), sha=SHA):
        (tmp_path / "report").mkdir()
        (tmp_path / "report/comment.md").write_text(report)
        sent = tmp_path / "sent"
        variables = {
            "PATH": f"{command.parent}:{os.environ['PATH']}",
            "SENT": str(sent),
            "COMMENTS": json.dumps(list(comments)),
            "SHA": sha,
            "MARK": MARK,
            "REPOSITORY": "owner/shop",
            "OWNER": "fork",
            "BRANCH": "change",
        }
        subprocess.run(["bash", "-e", "-c", script], cwd=tmp_path, env=variables, check=True)
        return json.loads(sent.read_text()) if sent.exists() else None

    return run


def comment(number, author="github-actions[bot]", body=f"{MARK}\nprod"):
    return {"id": number, "user": {"login": author}, "body": body}


def test_a_review_with_changes_is_posted(posted):
    method, path, body = posted(TABLE)
    assert (method, path) == ("POST", "repos/owner/shop/issues/7/comments")
    assert body == f"{MARK}\n{TABLE}"


def test_the_comment_of_the_last_review_is_updated(posted):
    others = [comment(1, "somebody"), comment(2, body="Another workflow's")]
    method, path, _ = posted("### prod: 3 unchanged\n", [*others, comment(3)])
    assert (method, path) == ("PATCH", "repos/owner/shop/issues/comments/3")


@pytest.mark.parametrize(("report", "sha"), [("### prod: 3 unchanged\n", SHA), ("", SHA), (TABLE, "2" * 40)])
def test_nothing_is_posted_without_changes_or_for_an_older_commit(posted, report, sha):
    assert posted(report, sha=sha) is None


def test_a_comment_of_any_report_fits_and_notifies_nobody(posted):
    _, _, body = posted("- @everyone\n" + "é" * 70_000)
    assert len(body) < 65_536
    assert "@everyone" not in body
