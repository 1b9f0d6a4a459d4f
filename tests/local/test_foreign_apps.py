"""Tests of third-party apps: checked by `preflight`, deployed by `local up`, and used over HTTPS.

The tests make the same changes to an app as docs/deploy-your-app.md describes.
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
from .runtimes import has_docker_engine
from .test_releases import COMMAND, UP_SECONDS, Local, down

Checks = Mapping[str, Mapping[str, Any]]


class ThirdParty(Local):
    """A project with one third-party app after another."""

    def use(self, app: App) -> Path:
        """Download an app, configure the stack for it, and return its folder."""
        folder = self.folder / app.name
        if not folder.exists():
            app.fetch(folder)
        self.configure(app=app.name, startupSeconds=60, **app.settings)
        return folder

    def preflight(self, runner: str = "process") -> Checks:
        """The results of `preflight` for the stack's app, by the names of the checks."""
        output = self.tool("preflight", "--stack", "local", "--runner", runner, "--json", codes=(0, 1))
        return {check["name"]: check for check in json.loads(output)["checks"]}

    def tool(self, *arguments: str, codes: Sequence[int] = (0,)) -> str:
        """Run a command of flask-on-aws and return its output."""
        command = [COMMAND[0], *arguments]
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False
        )
        assert result.returncode in codes, result.stdout + result.stderr
        return result.stdout

    def visitor(self) -> requests.Session:
        """A session that trusts the local certificate authority and keeps cookies."""
        session = requests.Session()
        session.trust_env = False  # a CA bundle in the environment would have precedence over this one
        session.verify = str(self.folder / ".local-aws" / "ca" / "ca.pem")
        return session


def failures(checks: Checks) -> dict[str, str]:
    return {name: str(check["cause"]) for name, check in checks.items() if check["status"] == "failed"}


def deploy(project: ThirdParty) -> str:
    """Deploy the app, check that a second update changes nothing, and return the output of the first."""
    output = project.up()
    assert "nothing changed" in project.up()
    return output


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThirdParty]:
    """One local AWS for all apps: an app replaces another as a release does."""
    project = ThirdParty(tmp_path_factory.mktemp("foreign") / "project")
    yield project
    down(project)


def test_flask_s_tutorial_runs_and_the_preflight_warns_of_data_loss(project: ThirdParty) -> None:
    """Only this test proves that a third-party app can be deployed with the documented changes."""
    project.use(APPS["flaskr"])
    checks = project.preflight()
    assert failures(checks) == {"SQLite": "SQLite on scratch disk"}
    assert "/app/instance/flaskr.sqlite" in checks["SQLite"]["message"]
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
def test_a_poetry_app_with_postgresql_runs(project: ThirdParty) -> None:
    project.use(APPS["fittrackee"])
    assert "release command: " in deploy(project)
    visitor = project.visitor()
    person = {"username": "ada", "email": "ada@example.com", "password": "an engine", "accepted_policy": True}
    assert visitor.post(f"{project.url}/api/auth/register", json=person).status_code == 200
    assert visitor.post(f"{project.url}/api/auth/login", json=person).status_code == 401  # until the account is active
    project.tool("run", "--", "ftcli", "users", "update", "ada", "--activate")
    token = visitor.post(f"{project.url}/api/auth/login", json=person).json()["auth_token"]
    response = visitor.get(f"{project.url}/api/auth/profile", headers={"Authorization": f"Bearer {token}"}).json()
    assert response["data"]["email"] == "ada@example.com"


@pytest.mark.slow
def test_a_pipenv_app_sees_the_address_of_its_visitors(project: ThirdParty) -> None:
    project.use(APPS["httpbin"])
    deploy(project)
    response = project.visitor().get(f"{project.url}/get?x=1").json()
    # As behind CloudFront, there are two proxies (TRUST_PROXY_DEPTH), and the hop to the load balancer is HTTP; an app
    # takes scheme and host of links from EXTERNAL_URL.
    assert (response["origin"], response["args"]) == ("127.0.0.1, 127.0.0.1", {"x": "1"})
    assert response["url"] == f"{project.url}/get?x=1".replace("https", "http")


@pytest.mark.slow
def test_an_app_with_a_lock_file_of_uv_runs(project: ThirdParty) -> None:
    project.use(APPS["oidc"])
    deploy(project)
    check_provider(project)


@pytest.mark.slow
@pytest.mark.docker
@pytest.mark.skipif(not has_docker_engine(), reason="no Docker engine is available")
def test_an_app_with_a_dockerfile_runs(tmp_path: Path) -> None:
    project = ThirdParty(tmp_path / "project")
    folder = project.use(APPS["oidc-image"])
    # Its maintainers build the wheel first, and pin the base image by a digest, which the tests replace by their own.
    run([find_uv_bin(), "build", "--quiet", "--wheel"], folder)
    change(folder / "Dockerfile", (folder / "Dockerfile").read_text().partition("\n")[0], "FROM python:3.13-slim")
    open_local_aws(project.folder, "us-east-1", "container")
    try:
        # The app is for tests and always enables Werkzeug's debugger, which preflight detects.
        assert failures(project.preflight("container")) == {"debugger": "debugger on"}
        deploy(project)
        check_provider(project)
    finally:
        project.tool("local", "destroy")


def check_provider(project: ThirdParty) -> None:
    """Register a client, as a website does whose users log in with the provider."""
    visitor = project.visitor()
    configuration = visitor.get(f"{project.url}/.well-known/openid-configuration").json()
    assert configuration["registration_endpoint"].partition("://")[2].startswith(project.url.partition("://")[2])
    client = {"redirect_uris": ["https://shop.example.com/login"]}
    assert visitor.post(f"{project.url}/oauth2/clients", json=client).json()["client_id"]


EXPECTED = {
    "flaskr": ({"writablePaths": ["/tmp"]}, {"starts": "writes to disk", "disk": "writes to disk"}),
    "fittrackee": ({}, {}),
    "httpbin": ({}, {}),
    "oidc": ({}, {"debugger": "debugger on"}),
    # Without a start command, its only script is started.
    "oidc as it is": ({"startCommand": ""}, {"listens": "wrong interface"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_the_preflight_finds_the_problems_of_every_app(project: ThirdParty, name: str) -> None:
    settings, expected = EXPECTED[name]
    app = APPS[name.partition(" ")[0]]
    project.use(app._replace(settings={**app.settings, **settings}))
    checks = project.preflight()
    assert failures(checks) == expected
    if name == "flaskr":
        assert checks["starts"]["message"] == "it writes to /app/instance, where no task can write"
        assert "writablePaths" in checks["starts"]["fix"]
    if name == "fittrackee":
        assert "psycopg2 connects" in checks["database"]["message"]
