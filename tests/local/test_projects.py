"""Tests of two projects with the complete template: pictures, killed processes, and isolation."""

import os
import signal
import time
import urllib.error
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Request, expect

from app_template.tests.pages import PNG
from tests.waiting import until

from .cloud import is_alive
from .load import Load
from .project import Local, opened
from .runtimes import AsProcesses

Pair = tuple[Local, Local]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("projects")
    with (
        opened(folder / "first", env={"TITLE": "First board"}) as first,
        opened(folder / "second", env={"TITLE": "Second board"}) as second,
    ):
        first.up()
        second.up()
        yield first, second


def stored(local: Local) -> list[bytes]:
    """The files in the bucket."""
    s3, bucket = local.client("s3"), local.variables()["MEDIA_BUCKET"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]


def test_a_browser_uploads_a_picture_to_the_bucket_and_shows_it(pair: Pair, browser: Browser) -> None:
    local, other = pair
    large = PNG + bytes(2_000_000)  # browsers ignore bytes after the end of a picture
    errors: list[str] = []
    posts: list[Request] = []
    # Browsers do not trust the certificate authority of a local AWS.
    page = browser.new_page(ignore_https_errors=True)
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("requestfinished", lambda request: posts.append(request) if request.method == "POST" else None)
    page.goto(local.url)
    page.get_by_label("Message").fill("from the browser")
    picture = {"name": "picture", "mimeType": "image/png", "buffer": large}
    page.get_by_label("Picture (PNG or JPEG)").set_input_files(picture)
    page.get_by_label("What the picture shows").fill("A grey dot")
    page.get_by_role("button", name="Post").click()
    shown = page.get_by_alt_text("A grey dot")
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("complete", True)
    expect(shown).to_have_js_property("naturalWidth", 1)
    responses = [(post.url, post.response().status) for post in posts]
    form = posts[-1].post_data_buffer
    page.close()
    assert errors == []
    bucket = f"{local.local_aws.location.endpoint}/{local.variables()['MEDIA_BUCKET']}"
    assert responses == [(f"{local.url}/uploads", 200), (bucket, 204), (f"{local.url}/", 303)]
    assert b'name="upload"' in form  # its signed key instead of the picture itself
    assert b"filename=" not in form
    assert stored(local) == [large]
    assert stored(other) == []


PROCESSES = ("reaper", "restarter", "task", "database", "daemon")


def pids(local: Local) -> dict[str, list[int]]:
    """The process IDs of a project's local AWS, by the kind of process."""
    try:
        daemon = psutil.Process(int((local.local_aws.location.folder / "daemon.pid").read_text().split()[0]))
        alive = {child.pid: " ".join(child.cmdline()) for child in daemon.children() if is_alive(child.pid)}
    except psutil.NoSuchProcess:
        return {name: [] for name in PROCESSES}
    return {
        "task": AsProcesses().pids(local.local_aws.location),
        "database": [pid for pid, command in alive.items() if "postgres" in command],
        "reaper": [pid for pid, command in alive.items() if "process_reaper.py" in command],
        "restarter": [pid for pid, command in alive.items() if "daemon_restarter" in command],
        "daemon": [daemon.pid],
    }


# The daemon also runs the load balancer and the API.
@pytest.mark.parametrize("process", PROCESSES)
def test_a_killed_process_is_restarted_with_all_data(pair: Pair, process: str) -> None:
    _, local = pair
    local.rows(f"CREATE TABLE before_{process} AS SELECT 1 AS stored")
    before = pids(local)[process]
    assert before
    descendants = [child for pid in before for child in psutil.Process(pid).children(recursive=True)]
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    if process == "task":  # its server ends too
        assert descendants
        until(lambda: not any(is_alive(child.pid) for child in descendants))
    until(lambda: set(pids(local)[process]) - set(before) and is_healthy(local))
    print(process, "was back after", round(time.monotonic() - began, 1), "s")
    assert local.rows(f"SELECT stored FROM before_{process}") == ["1"]


def is_healthy(local: Local) -> bool:
    """Whether the app and its database respond."""
    try:
        return local.get("/up/databases")[0] == 200
    except OSError:
        return False


def test_two_projects_share_nothing_and_stopping_one_does_not_affect_the_other(pair: Pair) -> None:
    for local, title in zip(pair, ("First board", "Second board"), strict=True):
        assert title in local.get("/")[1]
        local.rows(f"CREATE TABLE project AS SELECT '{title}' AS title")
    first, second = pair
    assert [local.rows("SELECT title FROM project") for local in pair] == [["First board"], ["Second board"]]
    variables = [local.variables() for local in pair]
    for name in ("EXTERNAL_URL", "DATABASE_URL", "PGPORT", "SECRET_KEY"):
        assert len({project[name] for project in variables}) == 2, name
    with Load(lambda: second.get("/up/databases")[0]) as load:
        assert "stopped" in first.run("down")
    load.check(at_least=5)
    with pytest.raises(urllib.error.URLError, match="refused"):
        first.get("/up")
    assert second.get("/up/databases")[0] == 200
    assert second.rows("SELECT title FROM project") == ["Second board"]
