"""Each guide from its first step to an app that `./up` serves, and the settings for AWS, set by Pulumi's CLI."""

import shutil
from pathlib import Path

import pytest

from tests.local.runtimes import has_docker_engine

from .reader import Reader, reading

AWS = "3. Deploy it to AWS"
# Settings of the local stack that are another stack's to decide.
LOCAL = ("environment", "preflight")

pytestmark = pytest.mark.slow


def check_settings(reader: Reader, stack: str, health_path: str) -> None:
    """Set the settings for AWS as the guide does: they are those that ./up has run with, and the health path."""
    if not shutil.which("pulumi"):
        return
    reader.follow(AWS)
    local = {name: value for name, value in reader.settings("local").items() if name not in LOCAL}
    settings = reader.settings(stack)
    assert settings.pop("environment") == "production"
    assert settings == {"app": f"../{reader.app.name}", **local, "healthCheckPath": health_path}


def test_adaptable_s_app_keeps_its_data_in_the_database(tmp_path: Path) -> None:
    with reading(tmp_path, "from-adaptable.md", "adaptable") as reader:
        reader.follow("1. Check the app")
        assert "answers after" in reader.follow("2. Run it on your machine")
        page = reader.read("/")
        assert page["url"].startswith("https://localhost:")
        assert page["visitor"] == "127.0.0.1"
        reader.visit("/notes", text="kept")
        assert reader.visit("/notes").strip() == '["kept"]'
        check_settings(reader, "prod", "/")


def test_divio_s_app_has_the_variables_of_its_preset(tmp_path: Path) -> None:
    with reading(tmp_path, "from-divio.md", "divio") as reader:
        reader.follow("1. Check the app")
        reader.follow("2. Run it on your machine", blocks=slice(1))
        check_divio(reader)
        check_settings(reader, "live", "/")


@pytest.mark.docker
@pytest.mark.skipif(not has_docker_engine(), reason="no Docker engine is available")
def test_divio_s_image_runs(tmp_path: Path) -> None:
    with reading(tmp_path, "from-divio.md", "divio") as reader:
        reader.follow("1. Check the app", blocks=slice(3))
        dockerfile = reader.app / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace("FROM python:3.8", "FROM python:3.13-slim"))
        reader.follow("2. Run it on your machine", blocks=slice(1, None))
        check_divio(reader)


def check_divio(reader: Reader) -> None:
    page = reader.read("/")
    assert page == {"stage": "local", "domains": ["localhost"], "ssl_redirect": False, "storage": "s3"}
    assert "max-width" in reader.visit("/static/style.css")
    reader.visit("/posts", title="Kept")
    assert reader.visit("/posts").strip() == '["Kept"]'


def test_upsun_s_reader_creates_the_first_migration(tmp_path: Path) -> None:
    with reading(tmp_path, "from-upsun.md", "upsun") as reader:
        shutil.rmtree(reader.app / "migrations")
        reader.run("flask-on-aws import ../shop --local")
        assert "the app has no migrations" in reader.run(
            "flask-on-aws preflight --stack local --runner process", code=1
        )
        reader.follow("Check the app", blocks=slice(1, None))
        reader.follow("Run it on your machine")
        output = reader.follow("Create migrations")
        assert "Detected added table 'item'" in output
        assert "Running upgrade  -> " in output
        assert 'document.title = "Shop"' in reader.visit("/static/build/app.js")
        assert "<li>Lamp</li>" in reader.visit("/items", name="Lamp")


def test_the_app_of_gunicorn_and_nginx_serves_its_static_files(tmp_path: Path) -> None:
    with reading(tmp_path, "from-gunicorn-nginx.md", "gunicorn_nginx", "app_deploy") as reader:
        reader.follow("1. Check the app")
        reader.follow("2. Run it on your machine")
        page = reader.visit("/")
        assert "Inside DEV CONFIG" in page
        assert "DB STRING" not in page
        assert reader.visit("/static/secret.txt") == "The secret code is 5134"
        check_settings(reader, "prod", "/")
