"""The age of a base image, from the history of an image as Docker writes it."""

import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from flask_on_aws.build_plan.plan import BuildPlan, plan_build
from flask_on_aws.image.base_image import base_image, base_image_days
from flask_on_aws.image.dockerfile import render_dockerfile
from flask_on_aws_cli.build.base_image_age import old_base_image

from tests.apps.catalogue import GOOD, MANAGERS

NOW = datetime(2026, 11, 29, tzinfo=UTC)
# From the oldest to the newest; the layers of the app may be as old as the base image, since they are cached.
BASE = [("RUN /bin/sh -c apt-get update && apt-get install -y tzdata", 400), ('CMD ["python3"]', 75)]
OWN = [("RUN /bin/sh -c groupadd --gid 10001 app && useradd", 70), ("COPY /app /app # buildkit", 0), ("CMD x", 0)]
PACKAGES = [("RUN /bin/sh -c apt-get update && apt-get install -y --no-install-recommends ffmpeg libpq5", 70)]


def history(*entries: tuple[str, int], now: datetime = NOW) -> list[dict[str, str]]:
    """What `docker history` prints: the newest entry first."""
    return [
        {"CreatedBy": command, "CreatedAt": (now - timedelta(days=days)).isoformat()}
        for command, days in reversed(entries)
    ]


@pytest.mark.parametrize(
    ("entries", "packages", "days"),
    [
        ([*BASE, *OWN], (), 75),
        ([*BASE, *PACKAGES, *OWN], ("ffmpeg", "libpq5"), 75),
        (BASE, (), None),
        ([], (), None),
        (OWN, (), None),
    ],
)
def test_the_base_image_ends_where_the_plan_s_own_steps_begin(entries, packages, days):
    assert base_image_days(history(*entries), BuildPlan(run_packages=packages), NOW) == days


def test_a_date_that_is_none_is_no_age():
    entries = [{"CreatedBy": command, "CreatedAt": "N/A"} for command, _ in reversed([*BASE, *OWN])]
    assert base_image_days(entries, BuildPlan(), NOW) is None


@pytest.mark.parametrize(
    ("name", "image"),
    [("pip", "python:3.13-slim-trixie"), ("conda", "debian:trixie-slim"), ("node", "python:3.13-slim-trixie")],
)
def test_the_base_image_is_that_of_the_last_stage(tmp_path, name, image):
    assert base_image(render_dockerfile(plan_build(GOOD[name].write(tmp_path / "app")))) == image


@pytest.mark.parametrize(("days", "is_old"), [(59, False), (61, True)])
def test_an_old_base_image_is_reported_with_the_commands_that_get_a_new_one(tmp_path, monkeypatch, days, is_old):
    lines = history(('CMD ["python3"]', days), *((command, 0) for command, _ in OWN), now=datetime.now(UTC))
    (tmp_path / "history").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    (tmp_path / "docker").write_text(f'#!/bin/sh\n[ "$1" = history ] && cat {tmp_path}/history\n')
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    plan = plan_build(MANAGERS["pip"].write(tmp_path / "app"))
    age, fix = old_base_image("shop", plan)
    assert bool(age) is is_old
    if is_old:
        assert age.startswith(f"python:3.13-slim-trixie is {days} days old")
        assert fix.startswith("docker pull python:3.13-slim-trixie; ")
        assert "pulumi config set rebuild 20" in fix


def test_the_base_image_of_an_app_s_own_dockerfile_is_not_known():
    assert old_base_image("shop", BuildPlan(dockerfile="Dockerfile")) == ("", "")
