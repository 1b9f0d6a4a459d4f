"""The reference pages say what the code says."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

import settings
from tests.reference import generate

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", generate.PAGES)
def test_the_page_is_up_to_date(name):
    is_current = (ROOT / "docs" / name).read_text(encoding="utf-8") == generate.PAGES[name]()
    assert is_current, f"docs/{name} is not what the code says: .test-env/bin/python docs/generate.py"


def test_the_readme_s_files_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = [part.split(")")[0] for part in readme.split("](")[1:]]
    assert linked
    assert [path for path in linked if "://" not in path and not (ROOT / path.split("#")[0]).exists()] == []


GUIDES = sorted(
    [
        *(ROOT / "docs").glob("from-*.md"),
        *(ROOT / "docs" / f"{page}.md" for page in ("deploy-your-app", "encryption", "operations")),
    ]
)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.stem)
def test_a_guide_names_settings_and_files_that_exist(page):
    text = page.read_text(encoding="utf-8")
    commands = re.findall(r"pulumi config set (?:--secret )?(?:--path )?'?([A-Za-z]+)(?![A-Za-z:])", text)
    # The right-hand column speaks of this program.
    columns = [row.split("|")[2] for row in text.splitlines() if row.startswith("| ") and row.count("|") == 3]
    named = {word for column in columns for word in re.findall(r"`([a-z]+[A-Z][A-Za-z]+)`", column)}
    assert {name for name in {*commands, *named} if name not in settings.NAMES} == set()
    files = [link.split("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in files if link and not (page.parent / link).exists()] == []


def test_the_shown_plan_is_the_plan_of_such_an_app(tmp_path):
    """The guide's example is what the command prints for the app of tests/apps/node."""
    shown = CliRunner().invoke(main, ["plan", str(ROOT / "tests" / "apps" / "node")]).stdout
    assert shown in (ROOT / "docs" / "deploy-your-app.md").read_text(encoding="utf-8")
