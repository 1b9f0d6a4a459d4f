"""Tests of an app without a Dockerfile with the real image provider."""

import json
import os

import pytest
from flask_on_aws.image.dockerfile import CA_FOLDER

from tests.apps.catalogue import MANAGERS

pytestmark = pytest.mark.engine


def test_an_app_without_a_dockerfile_only_needs_its_folder(program):
    """The provider parses the Dockerfile and hashes both folders, without the app's virtual environment."""
    stack = program("dev")
    app = MANAGERS["uv"].write(stack.folder / "shop")
    (app / "env").mkdir()
    (app / "env" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    stack.configure(app="shop", pythonVersion="3.12")
    before = planned_image(stack)
    dockerfile = before["dockerfile"]
    certificates = os.path.relpath(CA_FOLDER, stack.folder)
    assert "FROM python:3.12-slim-trixie AS build" in (stack.folder / dockerfile["location"]).read_text()
    assert before["context"] == {"location": "shop", "named": {"rds-ca": {"location": certificates}}}
    assert "/env\n" in (stack.folder / f"{dockerfile['location']}.dockerignore").read_text()
    (app / "env" / "installed.py").write_text("1\n")
    assert planned_image(stack) == before


def planned_image(stack):
    """The inputs of the image that a preview would build."""
    (image,) = [
        step["newState"]["inputs"]
        for step in json.loads(stack.run("preview", "--json"))["steps"]
        if step["newState"]["type"] == "docker-build:index:Image"
    ]
    return image


def test_missing_settings_are_reported_before_anything_is_created(program):
    stack = program("dev")
    folder = MANAGERS["uv"].write(stack.folder / "shop")
    (folder / "Procfile").unlink()
    stack.configure(app="shop", pythonVersion="3.9")
    output = stack.run("preview", fails=True)
    assert "app: nothing says how the app starts" in output
    assert "pythonVersion: '3.9' is not one of 3.11" in output
