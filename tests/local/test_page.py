"""The page that shows the local AWS, in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from cli.local import control

from .operating import Operated, open_project

PHONE, DESKTOP = {"width": 360, "height": 640}, {"width": 1280, "height": 800}
_EXPECTED = ("ERR_CONNECTION_REFUSED", "404")  # complaints about what the tests do themselves
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    place = open_project(tmp_path_factory.mktemp("page") / "project")
    try:
        app = Operated(place)
        app.release("first")
        yield app
    finally:
        control.end(place)


@pytest.fixture
def visit(app: Operated, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; nothing that it does may be against its policy or fail in its scripts."""
    complaints: list[str] = []
    pages: list[Page] = []

    def visit(**options: Any) -> Page:
        # The authority is the place's own, which no browser of this machine knows.
        page = browser.new_page(ignore_https_errors=True, **options)
        pages.append(page)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(app.url.replace("localhost", "status.localhost"))
        expect(page.get_by_role("status")).to_have_text("Live")
        return page

    yield visit
    for page in pages:
        page.close()
    assert [text for text in complaints if not any(one in text for one in _EXPECTED)] == []


def test_the_page_shows_services_tasks_targets_requests_and_the_log(
    app: Operated, visit: Callable[..., Page], tmp_path: Path
) -> None:
    page = visit(viewport=DESKTOP)
    expect(page.get_by_role("heading", name="app-web-1: 1 of 1 tasks run")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="app-web-1").filter(has_text="RUNNING")).to_have_count(1)
    expect(page.get_by_role("row").filter(has_text="healthy")).to_have_count(1)
    expect(page.locator("#log")).to_contain_text("starting drain first")
    expect(page.locator("#services")).to_contain_text("1: sha256:")
    expect(page.locator("#rate")).to_have_text("0.0")
    with app.load() as load:
        expect(page.locator("#rate")).not_to_have_text("0.0")
    load.check(at_least=1)
    app.release("second")
    expect(page.locator("#log")).to_contain_text("starting drain second")
    expect(page.locator("#tasks")).to_contain_text("STOPPED")
    expect(page.locator("#services")).to_contain_text("2: sha256:")
    assert app.runs() == "second"  # the app's own host is the app's


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_at_every_size(visit: Callable[..., Page], size: dict[str, int], scheme: str) -> None:
    page = visit(viewport=size, color_scheme=scheme)
    found = Axe().run(page, options=_RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_page_says_when_it_is_no_longer_true(visit: Callable[..., Page]) -> None:
    page = visit()
    page.route("**/facts.json", lambda route: route.abort("connectionrefused"))
    expect(page.get_by_role("status")).to_contain_text("Not live")
    page.unroute("**/facts.json")
    expect(page.get_by_role("status")).to_have_text("Live")


def test_the_host_has_nothing_else(visit: Callable[..., Page]) -> None:
    page = visit()
    answer = page.goto(f"{page.url}__init__.py")
    assert answer is not None
    assert (answer.status, answer.headers["content-security-policy"].split(";")[0]) == (404, "default-src 'none'")
