"""Tests of an app without a Dockerfile with the real image provider."""

import json
import os

import pytest
from flask_on_aws.image.dockerfile import CA_FOLDER

from tests.apps.catalogue import MANAGERS

pytestmark = pytest.mark.engine


def test_an_app_without_a_dockerfile_only_needs_its_folder(program):
    stack = program("dev")
    MANAGERS["uv"].write(stack.folder / "shop")
    stack.configure(app="shop", pythonVersion="3.12")
    (image,) = [
        step["newState"]["inputs"]
        for step in json.loads(stack.run("preview", "--json"))["steps"]
        if step["newState"]["type"] == "docker-build:index:Image"
    ]
    certificates = os.path.relpath(CA_FOLDER, stack.folder)
    # The provider has parsed the Dockerfile and hashed both folders.
    assert "FROM python:3.12-slim-trixie AS build" in image["dockerfile"]["inline"]
    assert image["context"] == {"location": "shop", "named": {"rds-ca": {"location": certificates}}}


def test_the_provider_reads_the_dockerfile_of_an_app_with_a_virtual_environment(program):
    stack = program("dev")
    app = MANAGERS["uv"].write(stack.folder / "shop")
    (app / "env").mkdir()
    (app / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    stack.configure(app="shop")

    def source() -> dict[str, str]:
        (image,) = [
            step["newState"]["inputs"]
            for step in json.loads(stack.run("preview", "--json"))["steps"]
            if step["newState"]["type"] == "docker-build:index:Image"
        ]
        return {**image["dockerfile"], "tag": json.dumps(image["tags"])}

    before = source()
    assert "/env\n" in (stack.folder / f"{before['location']}.dockerignore").read_text()
    (app / "env" / "installed.py").write_text("1\n")
    assert source() == before


def test_missing_settings_are_reported_before_anything_is_created(program):
    stack = program("dev")
    folder = MANAGERS["uv"].write(stack.folder / "shop")
    (folder / "Procfile").unlink()
    stack.configure(app="shop", pythonVersion="3.9")
    output = stack.run("preview", fails=True)
    assert "app: nothing says how the app starts" in output
    assert "pythonVersion: '3.9' is not one of 3.11" in output
