"""Tests of the page in a real browser: phone and desktop, light and dark, keyboard only, and without JavaScript."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import REGION
from pages import PNG
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from servers import Server, start

PHONE, DESKTOP = {"width": 360, "height": 640}, {"width": 1280, "height": 800}
# WCAG 2.2 A and AA, and best practices: https://github.com/dequelabs/axe-core
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if not command:
        pytest.skip("Chromium is not installed; install it, for example with: apt-get install chromium")
    # Chromium's sandbox does not work as root.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=command, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        yield browser
        browser.close()


@pytest.fixture
def board(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """The board with pictures in a folder."""
    with start("python serve.py", DATABASE_URL=database_url, DEFAULT_STORAGE_DSN=f"file://{tmp_path}/") as server:
        yield server


@pytest.fixture
def bucket_board(database_url: str, bucket: str) -> Iterator[Server]:
    """The board with pictures in a bucket."""
    keys = {name: os.environ[name] for name in ("AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    with start("python serve.py", DATABASE_URL=database_url, MEDIA_BUCKET=bucket, AWS_REGION=REGION, **keys) as server:
        yield server


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; afterwards, fails if the page violated its content security policy or a script failed."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def visit(server: Server, **options: Any) -> Page:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.port}/")
        return page

    yield visit
    for context in contexts:
        context.close()
    # A rejected post is a 400, and one test blocks requests to the bucket.
    assert [text for text in errors if "400" not in text and "ERR_FAILED" not in text] == []


def _post(page: Page, body: str, picture: bytes = b"", media_type: str = "image/png", description: str = "") -> None:
    page.get_by_label("Message").fill(body)
    if picture:
        page.get_by_label("Picture (PNG or JPEG)").set_input_files(
            {"name": "picture", "mimeType": media_type, "buffer": picture}
        )
        page.get_by_label("What the picture shows").fill(description)
    page.get_by_role("button", name="Post").click()


def _is_shown(page: Page, description: str) -> bool:
    picture = page.get_by_alt_text(description)
    picture.scroll_into_view_if_needed()
    expect(picture).to_have_js_property("complete", True)
    return picture.evaluate("picture => picture.naturalWidth") == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_the_page_is_accessible_and_fits_the_screen(
    board: Server, visit: Callable[..., Page], viewport: dict[str, int], scheme: str
) -> None:
    page = visit(board, viewport=viewport, color_scheme=scheme)
    _post(page, "A long word: " + "x" * 300, PNG, description="A grey dot")
    assert _is_shown(page, "A grey dot")
    _post(page, " ")  # the browser validates the field itself
    page.get_by_label("Message").evaluate("field => field.removeAttribute('required')")
    _post(page, " ")
    expect(page.get_by_role("alert")).to_have_text(re.compile("Write something."))
    report = Axe().run(page, options=_RULES)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Pixels: large enough for a thumb; https://www.w3.org/TR/WCAG22/#target-size-minimum requires 24.
    box = page.get_by_role("button", name="Post").bounding_box()
    assert box
    assert box["height"] >= 44


def test_the_page_can_be_used_with_the_keyboard_only(board: Server, visit: Callable[..., Page]) -> None:
    page = visit(board)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the posts")).to_be_focused()
    expect(page.get_by_role("link", name="Skip to the posts")).to_be_in_viewport()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Message")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.type("typed")
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Post")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("article")).to_contain_text("typed")


def test_the_browser_uploads_a_picture_directly_to_the_bucket(
    bucket_board: Server, visit: Callable[..., Page], bucket: str
) -> None:
    page = visit(bucket_board)
    requests: list[tuple[str, str, int]] = []
    page.on("request", lambda sent: requests.append((sent.method, sent.url, len(sent.post_data_buffer or b""))))
    large = PNG + bytes(2_000_000)
    _post(page, "from the browser", large, description="A grey dot")
    assert _is_shown(page, "A grey dot")
    assert page.get_by_alt_text("A grey dot").evaluate("picture => picture.currentSrc").endswith("/pictures/1")

    post_sizes = [size for method, url, size in requests if method == "POST" and f":{bucket_board.port}/" in url]
    assert len(post_sizes) == 2  # one for the upload form, and the post itself
    assert max(post_sizes) < 10_000
    client = boto3.client("s3", region_name=REGION)
    (stored,) = client.list_objects_v2(Bucket=bucket)["Contents"]
    file = client.get_object(Bucket=bucket, Key=stored["Key"])
    assert (file["Body"].read(), file["ContentType"]) == (large, "image/png")


def test_a_file_that_is_not_a_picture_is_not_stored(
    bucket_board: Server, visit: Callable[..., Page], bucket: str
) -> None:
    page = visit(bucket_board)
    _post(page, "hello", b"<script>alert(1)</script>")
    expect(page.get_by_role("alert")).to_have_text(re.compile("The picture must be a PNG or JPEG file."))
    _post(page, "hello", b"GIF89a", "image/gif")
    expect(page.get_by_role("alert")).to_have_text(re.compile("The picture must be a PNG or JPEG file."))
    _post(page, "hello", PNG + bytes(6_000_000))
    expect(page.get_by_role("alert")).to_have_text(re.compile("The picture is over 5 MB."))
    expect(page.get_by_role("article")).to_have_count(0)
    assert "Contents" not in boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=bucket)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_picture_is_sent_through_the_app_if_the_browser_cannot_upload_it(
    bucket_board: Server, visit: Callable[..., Page], bucket: str, javascript: bool
) -> None:
    page = visit(bucket_board, java_script_enabled=javascript)
    if javascript:  # a network that blocks requests to the bucket
        page.route(f"**/{bucket}", lambda route: route.abort())
    _post(page, "through the app", PNG, description="A grey dot")
    expect(page.get_by_alt_text("A grey dot")).to_have_count(1)
    if javascript:
        assert _is_shown(page, "A grey dot")
