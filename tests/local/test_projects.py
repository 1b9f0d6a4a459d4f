"""Two projects with the whole template at once: pictures from a browser, kills, and nothing of one in the other."""

import os
import signal
import time
import urllib.error
from collections.abc import Iterator

import psutil
import pytest
from playwright.sync_api import Browser, Request, expect

from app_template.tests.pages import PNG

from .cloud import is_alive, until
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
    """What is in the bucket."""
    s3, bucket = local.client("s3"), local.variables()["MEDIA_BUCKET"]
    keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]


def test_a_browser_sends_a_picture_to_the_bucket_and_shows_it(pair: Pair, browser: Browser) -> None:
    local, other = pair
    large = PNG + bytes(2_000_000)  # what follows a picture's end is not shown
    complaints: list[str] = []
    posts: list[Request] = []
    # The authority is the place's own, which no browser of this machine knows.
    page = browser.new_page(ignore_https_errors=True)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
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
    answers = [(post.url, post.response().status) for post in posts]
    form = posts[-1].post_data_buffer
    page.close()
    assert complaints == []
    bucket = f"{local.place.location.endpoint}/{local.variables()['MEDIA_BUCKET']}"
    assert answers == [(f"{local.url}/uploads", 200), (bucket, 204), (f"{local.url}/", 303)]
    assert b'name="upload"' in form  # where it is, in the place of the picture itself
    assert b"filename=" not in form
    assert stored(local) == [large]
    assert stored(other) == []


PARTS = ("reaper", "restarter", "task", "database", "daemon")


def pids(local: Local) -> dict[str, list[int]]:
    """The processes of a project's local AWS, by what they are."""
    try:
        daemon = psutil.Process(int((local.place.location.folder / "daemon.pid").read_text().split()[0]))
        alive = {child.pid: " ".join(child.cmdline()) for child in daemon.children() if is_alive(child.pid)}
    except psutil.NoSuchProcess:
        return {part: [] for part in PARTS}
    return {
        "task": AsProcesses().pids(local.place.location),
        "database": [pid for pid, command in alive.items() if "postgres" in command],
        "reaper": [pid for pid, command in alive.items() if "process_reaper.py" in command],
        "restarter": [pid for pid, command in alive.items() if "daemon_restarter" in command],
        "daemon": [daemon.pid],
    }


# The daemon is the load balancer and the API too.
@pytest.mark.parametrize("part", PARTS)
def test_a_killed_part_is_back_with_all_data(pair: Pair, part: str) -> None:
    _, local = pair
    local.rows(f"CREATE TABLE before_{part} AS SELECT 1 AS kept")
    before = pids(local)[part]
    assert before
    below = [child for pid in before for child in psutil.Process(pid).children(recursive=True)]
    for killed in before:
        os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    if part == "task":  # nor does its server go on without it
        assert below
        until(lambda: not any(is_alive(child.pid) for child in below))
    until(lambda: set(pids(local)[part]) - set(before) and answers(local), 60)
    print(part, "was back after", round(time.monotonic() - began, 1), "s")
    assert local.rows(f"SELECT kept FROM before_{part}") == ["1"]


def answers(local: Local) -> bool:
    """Whether the app does, from its database."""
    try:
        return local.get("/up/databases")[0] == 200
    except OSError:
        return False


def test_each_has_its_own_and_the_end_of_one_is_not_the_others(pair: Pair) -> None:
    for local, title in zip(pair, ("First board", "Second board"), strict=True):
        assert title in local.get("/")[1]
        local.rows(f"CREATE TABLE own AS SELECT '{title}' AS title")
    first, second = pair
    assert [local.rows("SELECT title FROM own") for local in pair] == [["First board"], ["Second board"]]
    variables = [local.variables() for local in pair]
    for name in ("EXTERNAL_URL", "DATABASE_URL", "PGPORT", "SECRET_KEY"):
        assert len({found[name] for found in variables}) == 2, name
    with Load(lambda: second.get("/up/databases")[0]) as load:
        assert "stopped" in first.run("down")
    load.check(at_least=5)
    with pytest.raises(urllib.error.URLError, match="refused"):
        first.get("/up")
    assert second.get("/up/databases")[0] == 200
    assert second.rows("SELECT title FROM own") == ["Second board"]
