"""The workflows hold no key, give no token more than it needs, and never run a stranger's code with either."""

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.run import SELECTED

ROOT = Path(__file__).parents[3]
FILES = {path.stem: path for path in (ROOT / ".github/workflows").glob("*.yml")}
TEXTS = {name: path.read_text() for name, path in FILES.items()}
# YAML 1.1 reads the key `on` as true.
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = {(name, job): body for name, workflow in WORKFLOWS.items() for job, body in workflow["jobs"].items()}
STEPS = [(where, step) for where, body in JOBS.items() for step in body.get("steps", [])]
ACTIONS = {path.parent.name: yaml.safe_load(path.read_text()) for path in ROOT.glob(".github/actions/*/action.yml")}
ACTION_STEPS = [((name, "action"), step) for name, action in ACTIONS.items() for step in action["runs"]["steps"]]


def inputs_of(name, action):
    return [s["with"] for (file, _), s in STEPS if file == name and s.get("uses", "").startswith(f"{action}@")]


def test_these_are_the_workflows():
    assert sorted(WORKFLOWS) == ["deploy", "nightly", "preview", "release", "review", "review-comment", "test"]


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_no_event_hands_secrets_to_the_code_of_a_pull_request(name):
    events = {"pull_request_target", "workflow_run", "issue_comment"} & set(WORKFLOWS[name][True])
    assert events == ({"workflow_run", "issue_comment"} if name == "review-comment" else set())


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_a_workflow_has_no_permission_that_a_job_does_not_ask_for(name):
    assert WORKFLOWS[name]["permissions"] == {}


def test_each_job_has_exactly_the_permissions_it_needs():
    assert {where: body["permissions"] for where, body in JOBS.items()} == {
        ("test", "test"): {"contents": "read"},
        ("nightly", "test"): {"contents": "read"},
        ("preview", "preview"): {"contents": "read", "id-token": "write", "pull-requests": "write"},
        ("preview", "preflight"): {"contents": "read"},
        ("review", "review"): {"contents": "read"},
        ("review-comment", "comment"): {
            "actions": "read",
            "contents": "read",
            "pull-requests": "write",
            "statuses": "write",
        },
        ("deploy", "test"): {"contents": "read"},
        ("deploy", "deploy"): {"contents": "read", "id-token": "write"},
        ("release", "test"): {"contents": "read"},
        ("release", "build"): {"contents": "read"},
        ("release", "wheels"): {"contents": "read"},
        ("release", "sbom"): {"contents": "read"},
        ("release", "publish"): {"id-token": "write"},
        ("release", "announce"): {"contents": "write"},
    }


@pytest.mark.parametrize("name", sorted(WORKFLOWS))
def test_there_is_no_long_lived_key(name):
    assert not re.search(r"secrets\.|AKIA[0-9A-Z]{16}|(?i:aws[-_](secret[-_])?access[-_]key)", TEXTS[name])


def test_aws_is_reached_by_the_role_of_each_purpose_alone():
    roles = {
        name: [given["role-to-assume"] for given in inputs_of(name, "aws-actions/configure-aws-credentials")]
        for name in FILES
    }
    assert roles == {
        "test": [],
        "nightly": [],
        "preview": ["${{ vars.AWS_PREVIEW_ROLE_ARN }}"],
        "deploy": ["${{ vars.AWS_DEPLOY_ROLE_ARN }}"],
        "release": [],
        "review": [],
        "review-comment": [],
    }


def test_a_preview_only_previews_and_not_for_forks():
    commands = [given.get("command") for given in inputs_of("preview", "pulumi/actions")]
    assert commands == [None, "preview"]
    assert set(WORKFLOWS["preview"][True]) == {"pull_request"}
    assert "head.repo.full_name == github.repository" in JOBS["preview", "preview"]["if"]
    assert "environment" not in JOBS["preview", "preview"]  # the token's subject would no longer be the pull request


def test_main_goes_to_dev_and_to_production_on_request_after_the_tests():
    job = JOBS["deploy", "deploy"]
    assert WORKFLOWS["deploy"][True]["push"] == {"branches": ["main"]}
    stack = WORKFLOWS["deploy"][True]["workflow_dispatch"]["inputs"]["stack"]
    assert (stack["type"], stack["options"], stack["default"]) == ("choice", ["dev", "prod"], "dev")
    assert job["needs"] == "test"
    assert job["if"] == "github.ref == 'refs/heads/main'"
    assert job["environment"] == "${{ inputs.stack == 'prod' && 'production' || 'dev' }}"
    assert job["concurrency"] == {"group": "deploy-${{ inputs.stack || 'dev' }}", "cancel-in-progress": False}
    _, up = inputs_of("deploy", "pulumi/actions")
    assert (up["command"], up["stack-name"]) == ("up", "${{ inputs.stack || 'dev' }}")


def test_a_tag_is_a_release_and_nothing_else():
    """A release of the distributions must not update an app's production stack."""
    started = {name: set(workflow[True].get("push", {}) or {}) for name, workflow in WORKFLOWS.items()}
    assert {name for name, filters in started.items() if "tags" in filters} == {"release"}
    # Without a filter for branches, a push of a tag starts a workflow too.
    assert all("branches" in filters for name, filters in started.items() if name != "release" and filters)
    assert "ref_type" not in TEXTS["deploy"]


def test_a_release_is_published_from_a_tag_alone_after_every_test():
    job = JOBS["release", "publish"]
    assert WORKFLOWS["release"][True] == {"push": {"tags": ["v*"]}, "workflow_dispatch": None}
    assert set(job["needs"]) == {"test", "wheels", "sbom"}
    assert job["if"] == "github.ref_type == 'tag' && vars.PUBLISH == 'true'"
    assert job["environment"] == "pypi"  # what PyPI's trusted publisher names
    assert JOBS["release", "announce"]["needs"] == "publish"


def test_the_job_that_publishes_runs_nothing_of_the_repository():
    """Its token publishes: no step of it is a command, and what it publishes was tested by other jobs."""
    steps = JOBS["release", "publish"]["steps"]
    assert [step["uses"].partition("@")[0] for step in steps] == [
        "actions/download-artifact",
        "pypa/gh-action-pypi-publish",
    ]


def test_actions_are_pinned_to_a_major_of_known_owners_or_to_a_commit():
    used = {step["uses"] for _, step in [*STEPS, *ACTION_STEPS] if "uses" in step}
    for action in used - {f"./.github/actions/{name}" for name in ACTIONS}:
        assert re.fullmatch(
            r"(actions|aws-actions|pulumi)/[\w-]+@(v\d+|[0-9a-f]{40})|pypa/[\w-]+@[0-9a-f]{40}", action
        ), action


def test_a_checkout_leaves_no_token_behind():
    found = [
        step["with"]["persist-credentials"] for _, step in STEPS if step.get("uses", "").startswith("actions/checkout@")
    ]
    assert found == [False] * 9


def test_a_pull_request_s_app_is_tried_with_the_settings_of_dev():
    commands = [step["run"] for (_, job), step in STEPS if job == "preflight" and "run" in step]
    assert commands == [
        "pip install ./components './cli[preflight]'",
        "flask-on-aws preflight --stack dev --junit preflight.xml",
    ]


def test_the_cli_has_the_version_of_the_sdk():
    (version,) = re.findall(r"^pulumi==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    found = [given["pulumi-version"] for name in FILES for given in inputs_of(name, "pulumi/actions")]
    assert found == [version] * 4


def test_every_job_ends_within_the_hour():
    assert [where for where, body in JOBS.items() if "uses" not in body and body.get("timeout-minutes", 999) > 60] == []


def test_the_parts_of_the_test_workflow_are_all_tests():
    assert JOBS["test", "test"]["strategy"]["matrix"]["part"] == ["quick", "long"]
    quick, long, whole = (SELECTED[kind] for kind in ("quick", "long", "all"))
    assert {quick, long} == {f"{whole} and not long", f"{whole} and long"}


def test_every_file_with_a_long_form_is_in_the_nightly_matrix():
    """A decorator, a mark of a parameter, or the marker that makes the form in containers one."""
    files = [path.relative_to(ROOT) for path in (ROOT / "tests").rglob("test_*.py")]
    found = {str(file) for file in files if re.search(r"mark\.(slow|any_runtime)\b", (ROOT / file).read_text())}
    matrix = JOBS["nightly", "test"]["strategy"]["matrix"]["tests"]
    assert {name for name in found if not name.startswith(tuple(matrix))} == set()


def test_no_shell_line_contains_an_expression():
    assert not [step["run"] for _, step in [*STEPS, *ACTION_STEPS] if "${{" in step.get("run", "")]


def test_actionlint_finds_nothing():
    command = [shutil.which("actionlint")] if shutil.which("actionlint") else None
    if command is None and importlib.util.find_spec("actionlint"):
        command = [sys.executable, "-m", "actionlint"]
    if command is None:
        pytest.skip("actionlint is not installed (go install github.com/rhysd/actionlint/cmd/actionlint@latest)")
    done = subprocess.run([*command, *map(str, FILES.values())], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
