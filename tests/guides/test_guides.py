"""The first steps of each guide, up to a preflight that the reader's app passes."""

import re
from pathlib import Path

import pytest

from .reader import READERS, reading, steps

PASSED = re.compile(r" passed, (?:\d+ warnings?, )?0 failed")


def test_adaptable_s_app_passes_the_preflight(tmp_path: Path) -> None:
    with reading(tmp_path, "from-adaptable.md", "adaptable") as reader:
        output = reader.follow("1. Check the app")
    assert "`web:` in Procfile" in output
    assert "psycopg2 connects to DATABASE_URL with TLS" in output
    assert PASSED.search(output)


def test_divio_s_app_passes_the_preflight(tmp_path: Path) -> None:
    with reading(tmp_path, "from-divio.md", "divio") as reader:
        output = reader.follow("1. Check the app")
    assert "CMD of Dockerfile" in output
    assert re.search(r"not read +\.env-local", output)
    assert PASSED.search(output)


@pytest.mark.slow
def test_divio_s_old_pins_fail_with_the_fix(tmp_path: Path) -> None:
    """The Dockerfile of Divio's guide has Python 3.8, and its requirements have versions of that time."""
    with reading(tmp_path, "from-divio.md", "divio") as reader:
        (reader.app / "requirements.txt").write_text("flask==3.1.3\npsycopg2==2.8.5\ngunicorn==20.0.4\n")
        output = reader.run("flask-on-aws preflight ../shop --runner process", code=1)
    assert "psycopg2 2.8.5 has no wheel for this Python" in output


def test_upsun_s_app_passes_the_preflight(tmp_path: Path) -> None:
    with reading(tmp_path, "from-upsun.md", "upsun") as reader:
        output = reader.follow("Check the app", blocks=slice(1))
        settings = reader.settings("local")
    assert settings["startCommand"] == "flask run --host 0.0.0.0 -p $PORT"
    assert settings["releaseCommand"] == "flask db upgrade"
    assert settings["env"] == {"FLASK_APP": "autoapp.py"}
    assert PASSED.search(output)
    assert "Flask's development server does not handle SIGTERM" in output


def test_an_app_of_gunicorn_and_nginx_passes_the_preflight(tmp_path: Path) -> None:
    with reading(tmp_path, "from-gunicorn-nginx.md", "gunicorn_nginx", "app_deploy") as reader:
        output = reader.follow("1. Check the app")
    assert "services.nginx: the load balancer does its work" in output
    assert PASSED.search(output)


@pytest.mark.parametrize(
    ("page", "name", "heading"),
    [("from-gunicorn-nginx.md", "gunicorn_nginx", "1. Check the app")],
)
def test_the_page_changes_only_what_it_explains(page: str, name: str, heading: str) -> None:
    """Without the changes that the page describes, its files are those of the reader."""
    shown = {step.file: step.text for step in steps(page, heading) if step.file and not step.where}
    changed = ', static_folder="project/static", static_url_path="/static"'
    code = shown["../app_deploy/app/app.py"]
    assert changed in code
    assert lines(code.replace(changed, "")) < lines((READERS / name / "app" / "app.py").read_text())
    compose = (READERS / name / "docker-compose.yml").read_text()
    assert shown["../app_deploy/docker-compose.yml"] == compose.replace("    environment:\n      - APP_ENV=Dev\n", "")


def lines(code: str) -> set[str]:
    """The lines of code, without what a formatter changes."""
    return {line.strip().replace('"', "'") for line in code.splitlines() if line.strip()}
