"""The example apps of examples/, deployed by `up` and used over HTTPS as a visitor does."""

import re
from pathlib import Path

import requests

from tests.e2e.stacks import ROOT
from tests.valkey import requires_server
from tests.waiting import until

from .project import Local, opened

# One process each, so that the test machine has room for a worker and beat next to two web tasks.
WORKERS = {
    "worker": "celery -A guestbook worker --loglevel info --concurrency 1",
    "beat": "celery -A guestbook beat --schedule /tmp/celerybeat-schedule",
}


def visitor(local: Local) -> requests.Session:
    """A browser's cookies and headers."""
    session = requests.Session()
    session.trust_env = False
    session.verify = str(local.local_aws.location.certificate)
    session.headers["Origin"] = local.url
    return session


@requires_server
def test_the_django_app_takes_a_form_serves_static_files_and_runs_celery(tmp_path: Path) -> None:
    """Only this test deploys a Django app with static files, Celery and beat."""
    settings = {"bucket": "none", "cache": "valkey", "cacheUse": "queue", "workers": WORKERS}
    with opened(tmp_path / "project", **settings) as local:
        local.up("--app", str(ROOT / "examples/django_app"))
        session = visitor(local)
        page = session.get(local.url).text
        style = re.search(r'href="(/static/entries/style\.\w+\.css)"', page)
        assert style
        assert "max-width" in session.get(local.url + style[1]).text
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert token
        form = {"csrfmiddlewaretoken": token[1], "text": "Hello from the engine"}
        assert "Hello from the engine" in session.post(local.url, form).text
        assert "Log in" in session.get(f"{local.url}/admin/").text
        # The view's job and at least one of beat's.
        until(lambda: local.rows("SELECT entries, runs > 1 FROM entries_count") == ["1|t"])


def test_the_fastapi_app_stores_a_note_and_sees_its_visitor_s_address(tmp_path: Path) -> None:
    with opened(tmp_path / "project", bucket="none") as local:
        local.up("--app", str(ROOT / "examples/fastapi_app"))
        session = visitor(local)
        assert session.post(f"{local.url}/notes", json={"text": "Hello"}).json() == {"text": "Hello", "id": 1}
        assert session.post(f"{local.url}/notes", json={"text": ""}).status_code == 422
        assert session.get(f"{local.url}/notes").json() == [{"text": "Hello", "id": 1}]
        assert session.get(local.url).json()["visitor"] == "127.0.0.1"
        assert local.rows("SELECT text FROM note") == ["Hello"]
