"""Apps that nobody here wrote: judged by `preflight`, deployed by `local up`, used over HTTPS as their users do.

What a test changes in an app is what docs/deploy-your-app.md has a user change.
"""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
from flask_on_aws_cli.local_project.project import open_local_aws
from uv import find_uv_bin

from .foreign import APPS, App, change, run
from .runtimes import engine_answers
from .test_releases import COMMAND, UP_SECONDS, Local, down

Checks = Mapping[str, Mapping[str, Any]]


class Foreign(Local):
    """A project whose apps come from elsewhere, one after the other."""

    def take(self, app: App) -> Path:
        """Put an app into the project, and make it the stack's; its folder."""
        folder = self.folder / app.name
        if not folder.exists():
            app.fetch(folder)
        self.configure(app=app.name, startupSeconds=60, **app.settings)
        return folder

    def preflight(self, runner: str = "process") -> Checks:
        """What `preflight` says of the stack's app, by the names of its checks."""
        said = self.tool("preflight", "--stack", "local", "--runner", runner, "--json", codes=(0, 1))
        return {check["name"]: check for check in json.loads(said)["checks"]}

    def tool(self, *arguments: str, codes: Sequence[int] = (0,)) -> str:
        """A command of the tool; what it said."""
        command = [COMMAND[0], *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False)
        assert done.returncode in codes, done.stdout + done.stderr
        return done.stdout

    def visitor(self) -> requests.Session:
        """A browser that trusts the local CA and keeps cookies."""
        session = requests.Session()
        session.trust_env = False  # a CA bundle of the environment would count more than this one
        session.verify = str(self.folder / ".local-aws" / "ca" / "ca.pem")
        return session


def failures(checks: Checks) -> dict[str, str]:
    return {name: str(check["cause"]) for name, check in checks.items() if check["status"] == "failed"}


def deploy(project: Foreign) -> str:
    """Deploy what is there, and then nothing more; what the deployment said."""
    said = project.up()
    assert "nothing changed" in project.up()
    return said


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    """One local AWS for all of them: an app replaces another as a release does."""
    project = Foreign(tmp_path_factory.mktemp("foreign") / "project")
    yield project
    down(project)


def test_flask_s_tutorial_runs_and_is_told_that_its_data_goes(project: Foreign) -> None:
    project.take(APPS["flaskr"])
    checks = project.preflight()
    assert failures(checks) == {"SQLite": "SQLite on scratch disk"}
    assert "/app/instance/flaskr.sqlite" in checks["SQLite"]["says"]
    deploy(project)
    visitor = project.visitor()
    person = {"username": "ada", "password": "engine"}
    assert visitor.post(f"{project.url}/auth/register", data=person).status_code == 200
    assert visitor.post(f"{project.url}/auth/login", data=person).url == f"{project.url}/"
    visitor.post(f"{project.url}/create", data={"title": "Notes", "body": "on the engine"})
    page = visitor.get(f"{project.url}/").text
    assert "on the engine" in page
    assert "Log Out" in page


@pytest.mark.slow
def test_a_poetry_app_with_postgresql(project: Foreign) -> None:
    project.take(APPS["fittrackee"])
    assert "release command: " in deploy(project)
    visitor = project.visitor()
    person = {"username": "ada", "email": "ada@example.com", "password": "an engine", "accepted_policy": True}
    assert visitor.post(f"{project.url}/api/auth/register", json=person).status_code == 200
    assert visitor.post(f"{project.url}/api/auth/login", json=person).status_code == 401  # until the account is active
    project.tool("run", "--", "ftcli", "users", "update", "ada", "--activate")
    token = visitor.post(f"{project.url}/api/auth/login", json=person).json()["auth_token"]
    told = visitor.get(f"{project.url}/api/auth/profile", headers={"Authorization": f"Bearer {token}"}).json()
    assert told["data"]["email"] == "ada@example.com"


@pytest.mark.slow
def test_a_pipenv_app_sees_its_visitors_through_the_load_balancer(project: Foreign) -> None:
    project.take(APPS["httpbin"])
    deploy(project)
    told = project.visitor().get(f"{project.url}/get?x=1").json()
    # As behind CloudFront's name: two proxies (TRUST_PROXY_DEPTH), and the hop to the load balancer is HTTP, so scheme
    # and host of links are EXTERNAL_URL's.
    assert (told["origin"], told["args"]) == ("127.0.0.1, 127.0.0.1", {"x": "1"})
    assert told["url"] == f"{project.url}/get?x=1".replace("https", "http")


@pytest.mark.slow
def test_an_app_with_uv_s_lock(project: Foreign) -> None:
    project.take(APPS["oidc"])
    deploy(project)
    check_provider(project)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.skipif(not engine_answers(), reason="no Docker engine answers")
def test_an_app_with_its_own_dockerfile(tmp_path: Path) -> None:
    project = Foreign(tmp_path / "project")
    folder = project.take(APPS["oidc-image"])
    # Its release builds the wheel first, on the newest Python by digest; here are the base images that tests use.
    run([find_uv_bin(), "build", "--quiet", "--wheel"], folder)
    change(folder / "Dockerfile", (folder / "Dockerfile").read_text().partition("\n")[0], "FROM python:3.13-slim")
    open_local_aws(project.folder, "us-east-1", "container")
    try:
        # It is for tests, and has Werkzeug's debugger on for good: preflight finds that it is served.
        assert failures(project.preflight("container")) == {"debugger": "debugger on"}
        deploy(project)
        check_provider(project)
    finally:
        project.tool("local", "destroy")


def check_provider(project: Foreign) -> None:
    """Register a client, as any website that lets people log in there does."""
    visitor = project.visitor()
    known = visitor.get(f"{project.url}/.well-known/openid-configuration").json()
    assert known["registration_endpoint"].partition("://")[2].startswith(project.url.partition("://")[2])
    client = {"redirect_uris": ["https://shop.example.com/login"]}
    assert visitor.post(f"{project.url}/oauth2/clients", json=client).json()["client_id"]


JUDGED = {
    "flaskr": ({"writablePaths": ["/tmp"]}, {"starts": "writes to disk", "disk": "writes to disk"}),
    "fittrackee": ({}, {}),
    "httpbin": ({}, {}),
    "oidc": ({}, {"debugger": "debugger on"}),
    # What its only script does by itself.
    "oidc as it is": ({"startCommand": ""}, {"listens": "wrong interface"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", JUDGED)
def test_preflight_judges_them_rightly(project: Foreign, name: str) -> None:
    settings, expected = JUDGED[name]
    app = APPS[name.partition(" ")[0]]
    project.take(app._replace(settings={**app.settings, **settings}))
    checks = project.preflight()
    assert failures(checks) == expected
    if name == "flaskr":
        assert checks["starts"]["says"] == "it writes to /app/instance, where no task can write"
        assert "writablePaths" in checks["starts"]["way_out"]
    if name == "fittrackee":
        assert "psycopg2 connects" in checks["database"]["says"]
