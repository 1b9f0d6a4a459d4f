"""What GitHub and pre-commit read from the repository has the keys and the files that they need."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
# https://docs.github.com/en/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema
TYPES = {"markdown", "textarea", "input", "dropdown", "checkboxes"}
MANIFESTS = {
    "docker": ["Dockerfile"],
    "github-actions": [".github/workflows"],
    "pip": ["requirements.txt", "pyproject.toml"],
}


def read(path: str | Path) -> dict:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", FORMS, ids=lambda file: file.stem)
def test_an_issue_form_is_one(file):
    form = read(file)
    assert {"name", "description", "body"} <= set(form)
    fields = [field for field in form["body"] if field["type"] != "markdown"]
    assert {field["type"] for field in form["body"]} <= TYPES
    assert all(re.fullmatch(r"[\w-]+", field["id"]) and field["attributes"]["label"] for field in fields)
    assert len({field["id"] for field in fields}) == len(fields)
    assert all(field["attributes"]["options"] for field in fields if field["type"] == "dropdown")
    assert any(field.get("validations", {}).get("required") for field in fields)


def test_there_are_forms_and_vulnerabilities_are_not_reported_by_one():
    assert [file.stem for file in FORMS] == ["bug", "feature"]
    links = read(".github/ISSUE_TEMPLATE/config.yml")["contact_links"]
    assert any(link["url"].endswith("/security/advisories/new") for link in links)


def test_dependabot_finds_what_it_updates_and_misses_no_requirements():
    updates = read(".github/dependabot.yml")["updates"]
    folders = {
        (update["package-ecosystem"], folder)
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }
    for ecosystem, folder in folders:
        assert any((ROOT / folder.strip("/") / name).exists() for name in MANIFESTS[ecosystem]), (ecosystem, folder)
    places = {"/", "/components", "/cli", "/tests", "/app_template"}
    assert {folder for ecosystem, folder in folders if ecosystem == "pip"} == places
    assert {update["schedule"]["interval"] for update in updates} == {"weekly"}


def test_pre_commit_runs_the_tools_of_the_tests():
    """Their versions are in one place: what a hook starts is installed by tests/requirements.txt."""
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    requirements = (ROOT / "tests" / "requirements.txt").read_text(encoding="utf-8")
    programs = [hook["entry"].split()[0].removeprefix(".test-env/bin/") for hook in repository["hooks"]]
    missing = [
        name for name in programs if name != "python" and not re.search(rf"^{name}\b", requirements, re.MULTILINE)
    ]
    assert (sorted(set(programs)), missing) == (["pyright", "python", "ruff"], [])
