"""Tests of the preflight in updates with Pulumi's engine and a Docker engine: a failing app is not pushed."""

import json
import os

import pytest

from tests.e2e.checks import check_nothing_to_do
from tests.e2e.test_docker import fetch, pushed, registry
from tests.preflight.broken import GOOD, GUNICORN
from tests.preflight.conftest import write_app

__all__ = ["registry"]  # a fixture

pytestmark = [pytest.mark.engine, pytest.mark.docker]

BROKEN = "gunicorn --bind 127.0.0.1:5000 app:app"
FAILED = "FAILED   listens            wrong interface: listens on 127.0.0.1:5000, must be 0.0.0.0:$PORT (here 9000)"
FIX = "→ add --bind 0.0.0.0:$PORT to the start command"
SKIPPED = "The app is pushed without a preflight: no Docker engine answers."
# Only the component, for tests that do not need a complete stack.
PROGRAM = """
import pulumi
from flask_on_aws import Image

secret = pulumi.Config().require_secret_object("buildSecrets")["TOKEN"]
image = Image("web", {
    "context": "shop",
    "preflight": pulumi.Config().require("preflight"),
    "preflight_settings": {"port": "9000", "healthCheckPath": "/health", "database": "none", "bucket": "none"},
    "build_secrets": {"TOKEN": secret},
})
pulumi.export("image", image.image_uri)
"""
DOCKERFILE = """FROM python:3.13-slim-trixie
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=secret,id=TOKEN test "$(cat /run/secrets/TOKEN)" = t0ken
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER 10001
CMD ["/bin/sh", "-c", "exec gunicorn --bind 0.0.0.0:$PORT app:app"]
"""


@pytest.fixture
def stack(program, registry):
    """A stack that uses this machine's Docker engine."""
    stack = program("dev")
    stack.environment["DOCKER_HOST"] = os.environ.get("DOCKER_HOST", "")
    return stack


def repositories(registry):
    """The tags of the pushed images, by repository."""
    names = json.loads(fetch(f"{registry}/_catalog")[2])["repositories"]
    return {name: json.loads(fetch(f"{registry}/{name}/tags/list")[2])["tags"] for name in names}


def test_an_app_that_fails_the_preflight_is_not_pushed_until_it_is_fixed(stack, registry):
    """Only this test proves that `pulumi up` runs the preflight with the stack's settings before it pushes."""
    folder = write_app(stack.folder / "shop", GOOD.replace("/up", "/health"), BROKEN)
    stack.configure(app="shop", port=9000, healthCheckPath="/health", database="none", bucket="none")
    output = stack.up(fails=True)
    for text in (FAILED, "Listening at: http://127.0.0.1:5000", FIX, "set `preflight` to never"):
        assert text in output
    assert repositories(registry) == {}
    assert not [key for key in stack.resources() if key.startswith("docker-build:index:Image")]

    (folder / "Procfile").write_text(f"web: {GUNICORN}\n")
    output = stack.up()
    assert "ok       health             answers 200 on /health" in output
    assert "FAILED" not in output
    task = stack.aws("ecs").describe_task_definition(taskDefinition=stack.outputs()["taskDefinitionArn"])
    pushed(stack, registry, task["taskDefinition"]["containerDefinitions"][0]["image"])
    check_nothing_to_do(stack)
    assert "answers 200" not in stack.up()
    stack.run("destroy", "--yes", "--skip-preview")


def test_the_preflight_setting_decides_whether_an_image_is_tested(stack, registry):
    """Only this test proves what each value of `preflight` does, with and without a Docker engine."""
    folder = write_app(stack.folder / "shop", GOOD.replace("/up", "/health"))
    (folder / "Dockerfile").write_text(DOCKERFILE.replace("0.0.0.0:$PORT", "127.0.0.1:5000"))
    (stack.folder / "__main__.py").write_text(PROGRAM)
    stack.run("config", "set", "--secret", "--path", "buildSecrets.TOKEN", "t0ken")
    for _ in range(2):  # an image that failed is tested again although it is unchanged
        stack.configure(preflight="always")
        assert FAILED in stack.up(fails=True)
        assert repositories(registry) == {}

    stack.configure(preflight="never")
    assert "listens" not in stack.up()
    assert [len(tags) for tags in repositories(registry).values()] == [1]

    stack.environment["DOCKER_HOST"] = "unix:///nonexistent"
    (folder / "Dockerfile").write_text(DOCKERFILE)
    stack.configure(preflight="always")
    assert "image is pushed: no Docker engine answers. `preflight` is always" in stack.up(fails=True)
    stack.configure(preflight="auto")
    assert SKIPPED in stack.up()
    stack.run("destroy", "--yes", "--skip-preview")
