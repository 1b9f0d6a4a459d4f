"""Tests of third-party apps: checked by `preflight`, deployed by `local up`, and used over HTTPS.

The tests make the same changes to an app as docs/deploy-your-app.md describes.
"""

import json
import re
import shutil
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
        # An app with another database, or none, deletes that of the app before it.
        self.configure(app=app.name, startupSeconds=60, acceptDataLoss=["app-db"], **app.settings)
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
@pytest.mark.skipif(not shutil.which("mariadb_config"), reason="mysqlclient needs libmariadb-dev")
def test_a_django_app_with_mariadb_takes_a_login_and_publishes_a_page(project: ThirdParty) -> None:
    project.use(APPS["wagtail"])
    assert "release command: " in deploy(project)
    superuser = ["--username", "ada", "--email", "ada@example.com"]
    project.tool("run", "--", "python", "manage.py", "createsuperuser", "--noinput", *superuser)
    visitor = project.visitor()
    visitor.headers["Referer"] = project.url  # as a browser sends it over HTTPS
    login = {"username": "ada", "password": "another one"}
    assert "didn&#x27;t match" in post_form(visitor, f"{project.url}/admin/login/", login)
    login["password"] = str(APPS["wagtail"].settings["secretValues"]["DJANGO_SUPERUSER_PASSWORD"])
    assert "/admin/logout/" in post_form(visitor, f"{project.url}/admin/login/", login)
    page = {"title": "On the engine", "slug": "engine", "action-publish": "action-publish"}
    comments = {f"comments-{name}_FORMS": "0" for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    post_form(visitor, f"{project.url}/admin/pages/add/home/homepage/3/", {**page, **comments})
    published = project.visitor().get(f"{project.url}/engine/")  # without the login
    assert (published.status_code, "<title>" in published.text, "On the engine" in published.text) == (200, True, True)
    style = re.search(r'href="(/static/css/mysite\.\w+\.css)"', published.text)
    assert style
    assert visitor.get(project.url + style[1]).status_code == 200
    titles = "SELECT title FROM wagtailcore_page WHERE slug = 'engine'"
    assert project.tool("local", "mysql", "--", "-Ne", titles) == "On the engine\n"


def post_form(visitor: requests.Session, url: str, fields: Mapping[str, str]) -> str:
    """Send the form of a page of Django, and return the page that follows."""
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', visitor.get(url).text)
    assert token
    return visitor.post(url, {"csrfmiddlewaretoken": token[1], **fields}).text


@pytest.mark.slow
def test_a_pyramid_app_with_postgresql_takes_a_login_and_stores_records(project: ThirdParty) -> None:
    project.use(APPS["kinto"])
    assert "release command: " in deploy(project)
    visitor = project.visitor()
    account = {"data": {"password": "an engine"}}
    assert visitor.put(f"{project.url}/v1/accounts/ada", json=account).status_code == 201
    records, note = f"{project.url}/v1/buckets/default/collections/notes/records", {"data": {"text": "Hello"}}
    assert visitor.post(records, json=note, auth=("ada", "another one")).status_code == 401
    assert visitor.post(records, json=note, auth=("ada", "an engine")).status_code == 201
    stored = visitor.get(records, auth=("ada", "an engine")).json()["data"]
    assert [record["text"] for record in stored] == ["Hello"]
    texts = "SELECT data->>'text' FROM objects WHERE resource_name = 'record'"
    assert project.tool("local", "psql", "-Atc", texts) == "Hello\n"


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
    "kinto": ({}, {}),
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
