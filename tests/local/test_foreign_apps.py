"""Apps that nobody here wrote: judged by `preflight`, deployed by `local up`, used over HTTPS as their users do.

What a test changes in an app is what docs/deploy-your-app.md has a user change.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
from uv import find_uv_bin

from .foreign import FITTRACKEE, FLASK, HTTPBIN, OIDC, Source, change, fetch
from .test_releases import COMMAND, UP_SECONDS, Local, down

Checks = Mapping[str, Mapping[str, Any]]


class Foreign(Local):
    """A project whose apps come from elsewhere, one after the other."""

    def take(self, source: Source, part: str = "") -> Path:
        """Put a source distribution, or a folder in it, into the project; the app's folder."""
        name = source.requirement.partition("=")[0]
        app = self.folder / name
        shutil.copytree(fetch(source, self.folder.parent / f"{self.folder.name}-{name}") / part, app)
        return app

    def preflight(self) -> Checks:
        """What `preflight` says of the stack's app, by the names of its checks."""
        command = [COMMAND[0], "preflight", "--stack", "local", "--runner", "process", "--json"]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=UP_SECONDS, check=False)
        assert done.returncode in (0, 1), done.stderr
        return {check["name"]: check for check in json.loads(done.stdout)["checks"]}

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


def test_flask_s_tutorial(project: Foreign) -> None:
    app = project.take(FLASK, "examples/tutorial")
    # As https://flask.palletsprojects.com/tutorial/deploy/ does: a server, and the database made where it runs.
    change(app / "pyproject.toml", '    "flask",\n', '    "flask",\n    "gunicorn",\n')
    settings: dict[str, Any] = {
        "app": "flask",
        "healthCheckPath": "/hello",
        "startupSeconds": 60,
        "startCommand": "flask --app flaskr init-db && gunicorn --bind 0.0.0.0:$PORT 'flaskr:create_app()'",
    }
    project.configure(**settings)
    checks = project.preflight()
    assert failures(checks) == {"starts": "writes to disk", "disk": "writes to disk"}
    assert checks["starts"]["says"] == "it writes to /app/instance, where no task can write"
    assert "writablePaths" in checks["starts"]["way_out"]

    project.configure(**settings, writablePaths=["/tmp", "/app/instance"])
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


def test_a_poetry_app_with_postgresql(project: Foreign) -> None:
    app = project.take(FITTRACKEE)
    # The distribution has no lock file, so one is made as its developer would, without the developers' own packages.
    text = (app / "pyproject.toml").read_text()
    head, _, tail = text.partition("[tool.poetry.group.dev.dependencies]\n")
    (app / "pyproject.toml").write_text(head + tail[tail.index("\n[") :])
    tool = [find_uv_bin(), "tool", "run", "--from", "poetry==2.5.1", "poetry", "lock", "--no-interaction"]
    subprocess.run(tool, cwd=app, check=True, capture_output=True)
    project.configure(
        app="fittrackee",
        database="postgres",
        healthCheckPath="/api/ping",
        startupSeconds=60,
        startCommand="fittrackee",  # one of its two scripts
        releaseCommand="ftcli db upgrade",
        env={
            "HOST": "0.0.0.0",
            "UI_URL": "https://localhost",
            "APP_SECRET_KEY": "known to this test alone",
            "UPLOAD_FOLDER": "/tmp",
        },
    )
    checks = project.preflight()
    assert failures(checks) == {}
    assert "psycopg2 connects" in checks["database"]["says"]
    assert "release command: " in deploy(project)
    visitor = project.visitor()
    person = {"username": "ada", "email": "ada@example.com", "password": "an engine", "accepted_policy": True}
    assert visitor.post(f"{project.url}/api/auth/register", json=person).status_code == 200
    told = visitor.post(f"{project.url}/api/auth/login", json=person)
    assert told.status_code == 401
    assert visitor.get(f"{project.url}/api/config").json()["data"]["version"] == "0.9.3"


def test_a_pipenv_app_sees_its_visitors_through_the_load_balancer(project: Foreign) -> None:
    app = project.take(HTTPBIN)
    # Its repository has a Pipfile, which the distribution leaves out; the lock is made anew, too.
    (app / "Pipfile").write_text(
        '[packages]\nhttpbin = {path = "."}\ngunicorn = "*"\n\n[requires]\npython_version = "3.13"\n'
    )
    project.configure(
        app="httpbin",
        healthCheckPath="/status/200",
        startupSeconds=60,
        startCommand="gunicorn --bind 0.0.0.0:$PORT httpbin:app",
    )
    assert failures(project.preflight()) == {}
    deploy(project)
    told = project.visitor().get(f"{project.url}/get?x=1").json()
    assert (told["origin"], told["args"]) == ("127.0.0.1", {"x": "1"})
    # As behind CloudFront's name, whose hop to the load balancer is HTTP: scheme and host of links are EXTERNAL_URL's.
    assert told["url"] == f"{project.url}/get?x=1".replace("https", "http")


def test_an_app_with_uv_s_lock(project: Foreign) -> None:
    app = project.take(OIDC)
    project.configure(app="oidc-provider-mock", healthCheckPath="/", startupSeconds=60)
    assert failures(project.preflight()) == {"listens": "wrong interface"}
    assert (app / "uv.lock").is_file()
