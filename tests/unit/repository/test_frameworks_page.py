"""The code of docs/frameworks.md is that of the example apps, which tests deploy, and of the apps that tests start."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.main import main

from tests.apps.frameworks import FRAMEWORKS

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "frameworks.md").read_text(encoding="utf-8")
APPS = ("app_template", "examples/django_app", "examples/fastapi_app")
SMALL_APPS = tuple(f"examples/{name}_app" for name in ("aiohttp", "litestar", "sanic", "starlette", "tornado", "wsgi"))


def test_every_line_of_code_is_in_an_example():
    lines = {
        line.strip()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    texts = [text for app in FRAMEWORKS.values() for text in app.files.values()]
    lines |= {line.strip() for text in texts for line in text.splitlines()}
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(blocks) > 5
    assert [line for block in blocks for line in block.splitlines() if line.strip() not in lines] == []


def test_the_commands_of_the_frameworks_are_those_that_tests_start():
    commands = re.findall(r"^\| \[.+\]\(#\w+\) \|[^|]*\| `([^`]+)`", PAGE, re.MULTILINE)
    assert len(commands) == 5
    assert [command for command in commands if command not in {app.command for app in FRAMEWORKS.values()}] == []


def test_start_and_release_commands_are_those_of_the_examples():
    for app in (*APPS[1:], *SMALL_APPS):
        procfile = (ROOT / app / "Procfile").read_text(encoding="utf-8")
        commands = [line.partition(": ")[2] for line in procfile.splitlines()]
        assert [command for command in commands if f"`{command}`" not in PAGE] == []


@pytest.mark.parametrize("app", [*APPS[1:], *SMALL_APPS])
def test_the_plan_proposes_the_commands_of_the_examples(tmp_path, app):
    folder = shutil.copytree(ROOT / app, tmp_path / "app", ignore=shutil.ignore_patterns("Procfile"))
    CliRunner().invoke(main, ["plan", str(folder), "--write-procfile"])
    assert (folder / "Procfile").read_text() == (ROOT / app / "Procfile").read_text()


@pytest.mark.parametrize("app", SMALL_APPS)
def test_an_example_is_linked_and_has_a_health_check_that_needs_no_search(app):
    assert f"](../{app}/README.md)" in PAGE
    (code,) = (ROOT / app).glob("*.py")
    assert '"/up"' in code.read_text()
    assert (ROOT / app / "static" / "style.css").is_file()


def test_the_workers_are_those_that_a_test_runs():
    test = (ROOT / "tests" / "local" / "test_example_apps.py").read_text(encoding="utf-8")
    workers = re.findall(r'workers\.(\w+) (".+")', PAGE)
    assert len(workers) == 2
    assert [name for name, command in workers if f'"{name}": {command}' not in test] == []
