"""The tools for coding agents, used by the SDK's client over standard input and output."""

import asyncio
import json
import sys

import pytest
from flask_on_aws_cli.mcp_server import documentation, runs
from flask_on_aws_cli.mcp_server.documentation import excerpt, search
from mcp import Client, StdioServerParameters

from tests.unit.command.review.projects import Repository


@pytest.fixture
def project(tmp_path):
    """A project whose change loses data, with an app; and folders outside of it."""
    (tmp_path / "outside").mkdir()
    repository = Repository(tmp_path / "shop")
    repository.commit("database()")
    repository.write("")
    app = repository.folder / "app"
    app.mkdir()
    (app / "app.py").write_text("from flask import Flask\n\napp = Flask(__name__)\n")
    (app / "requirements.txt").write_text("flask\ngunicorn\n")
    (app / "Procfile").write_text("web: gunicorn app:app\n")
    (repository.folder / "link").symlink_to(tmp_path / "outside")
    return repository


def use(project, *calls, environment=None):
    """The tools of a server for the project, and the result of each call: whether it is an error, and its text."""

    async def session():
        arguments = ["-m", "flask_on_aws_cli", "mcp", "--project", str(project.folder)]
        variables = {"PYTHONPATH": ":".join(path for path in sys.path if path), **(environment or {})}
        server = StdioServerParameters(command=sys.executable, args=arguments, env=variables)
        async with Client(server) as client:
            tools = (await client.list_tools()).tools
            results = [await client.call_tool(name, arguments) for name, arguments in calls]
            return tools, [(bool(result.is_error), result.content[0].text) for result in results]

    return asyncio.run(session())


def test_an_agent_reads_plans_and_reviews_and_the_project_stays_as_it_is(project):
    status = project.git("status", "--porcelain")
    calls = [
        ("search_docs", {"query": "databaseMultiAz"}),
        ("read_docs", {"page": "data-loss", "section": "Accept a loss"}),
        ("plan", {"folder": "app"}),
        ("review", {}),
        ("review", {"as_json": True}),
    ]
    tools, results = use(project, *calls)
    assert [is_error for is_error, _ in results] == [False] * 5
    found, page, plan, text, report = (text for _, text in results)
    assert "settings" in [entry["page"] for entry in json.loads(found)]
    assert "pulumi config set --path 'acceptDataLoss[0]' app-db" in page
    assert "gunicorn" in json.loads(plan)["start_command"]
    assert text.startswith("prod: 1 deleted (loses data: db)")
    assert json.loads(report)["accepted"] is False
    assert project.git("status", "--porcelain") == status
    # A tool that runs the project's code is not read-only: an agent may have written that code itself.
    read_only = {tool.name: tool.annotations.read_only_hint for tool in tools}
    assert read_only == {"search_docs": True, "read_docs": True, "plan": True, "review": False, "preflight": False}
    assert not any(tool.annotations.destructive_hint for tool in tools)


def test_wrong_arguments_get_one_sentence(project):
    outside = ["..", "/", "app/../..", "link", "missing", "app/app.py", "a\0b", "~"]
    calls = [(tool, {"folder": folder}) for tool in ("plan", "review", "preflight") for folder in outside]
    others = [
        ("read_docs", {"page": "../../settings"}),
        ("read_docs", {"page": "settings", "section": "Nothing"}),
        ("review", {"stack": "--help"}),
        ("review", {"base": "--output=x"}),
    ]
    _, results = use(project, *calls, *others)
    assert all(is_error for is_error, _ in results)
    texts = [text for _, text in results]
    assert all("is not a folder of the project" in text for text in texts[: len(calls)])
    page, section, stack, base = texts[len(calls) :]
    assert "there is no page '../../settings'; use one of " in page
    assert "settings has no section 'Nothing'; use one of " in section
    assert "--stack: there is no stack '--help'" in stack
    assert "--base: '--output=x' is not a commit of this clone." in base


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("databaseMultiAz standby", "databases"),
        ("accept data loss", "data-loss"),
        ("move from heroku", "from-heroku"),
        ("WebSocket sticky sessions", "websockets"),
        ("rollback a release", "operations"),
        ("review pull request gitlab", "review-pull-requests"),
    ],
)
def test_a_search_finds_the_page(query, page):
    found = search(query)
    assert page in [section.page for section in found[:3]]
    assert len(found) <= documentation.RESULTS
    assert all(len(excerpt(section, query)) < 410 for section in found)


@pytest.mark.parametrize("query", ["", "???", "zzzzqqqq"])
def test_a_search_can_find_nothing(query):
    assert search(query) == []


def test_a_long_output_is_cut_and_a_long_run_is_stopped(tmp_path, monkeypatch):
    (tmp_path / "flask_on_aws_cli.py").write_text(
        "import subprocess, sys, time\n"
        "if sys.argv[1] == 'long': print('é' * 100_000 + 'end')\n"
        "else: subprocess.Popen(['sleep', '60']); open('started', 'w').close(); time.sleep(60)\n"
    )
    monkeypatch.delenv("PYTHONPATH", raising=False)
    run = asyncio.run(runs.run_command(["long"], tmp_path))
    assert run == (0, "é" * runs.LIMIT + "\n… The rest is left out.", "")
    monkeypatch.setattr(runs, "SECONDS", 1)
    with pytest.raises(TimeoutError):
        asyncio.run(runs.run_command(["endless"], tmp_path))
    assert (tmp_path / "started").exists()
