"""The pipelines of docs/review-pull-requests.md and the repository's actions are what each platform's schema allows."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.repository.test_documented_commands import check_click

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/review-pull-requests.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ACTIONS = sorted((ROOT / ".github/actions").glob("*/action.yml"))
REVIEW, COMMENT, GITLAB, BITBUCKET, PRE_COMMIT = (yaml.safe_load(example) for example in EXAMPLES)


def check(schema, *files):
    """Validate files with a schema that check-jsonschema brings along."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("schema", "examples"),
    [("github-workflows", EXAMPLES[:2]), ("gitlab-ci", EXAMPLES[2:3]), ("bitbucket-pipelines", EXAMPLES[3:4])],
)
def test_an_example_is_what_the_platform_s_schema_allows(tmp_path, schema, examples):
    files = [tmp_path / f"{number}.yml" for number in range(len(examples))]
    for file, text in zip(files, examples, strict=True):
        file.write_text(text)
    check(schema, *files)


def test_an_action_is_what_github_s_schema_allows():
    check("github-actions", *ACTIONS)


def test_the_workflows_of_the_page_are_those_of_this_repository_with_its_actions():
    for example, name in ((REVIEW, "review"), (COMMENT, "review-comment")):
        workflow = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text())
        assert (example["name"], example[True]) == (workflow["name"], workflow[True])
        ((example_job,), (job,)) = example["jobs"].values(), workflow["jobs"].values()
        assert (example_job.get("if"), example_job["permissions"]) == (job.get("if"), job["permissions"])
        action = yaml.safe_load((ROOT / f".github/actions/{name}/action.yml").read_text())
        used = example_job["steps"][-1]
        assert used["uses"] == f"OWNER/REPOSITORY/.github/actions/{name}@v1"
        assert used.get("with", {}).keys() <= action["inputs"].keys()


def test_actionlint_finds_nothing_in_the_examples(tmp_path):
    if not shutil.which("actionlint"):
        pytest.skip("actionlint is not installed (go install github.com/rhysd/actionlint/cmd/actionlint@latest)")
    (tmp_path / ".github/workflows").mkdir(parents=True)
    for number, text in enumerate(EXAMPLES[:2]):
        (tmp_path / f".github/workflows/{number}.yml").write_text(text)
    files = map(str, (tmp_path / ".github/workflows").iterdir())
    done = subprocess.run(["actionlint", *files], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_commands_of_the_examples_exist_with_their_options():
    step = BITBUCKET["pipelines"]["pull-requests"]["**"][0]["step"]
    job = GITLAB["review"]
    lines = [*step["script"], *step["after-script"], *job["script"], *job["after_script"]]
    commands = [re.search(r"flask-on-aws (.*?)(?:; fi)?$", line)[1] for line in lines if "flask-on-aws r" in line]
    assert len(commands) == 4
    assert [check_click(shlex.split(re.sub(r"\$\(.*?\)|\$\w+", "VALUE", command))) for command in commands] == [
        None
    ] * 4
