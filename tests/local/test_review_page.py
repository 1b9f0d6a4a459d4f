"""The page of a review and its picture in a real browser: keyboard, screen reader, phone, paper, and texts that fit."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask_on_aws_cli.picture import Difference, Mark, diagram
from flask_on_aws_cli.review.model import Effect, Operation, PropertyChange
from flask_on_aws_cli.review.reports.html_report import as_html
from flask_on_aws_cli.review.reports.picture_reports import as_svg
from playwright.sync_api import Browser, Page, expect

from tests.unit.command.picture import stacks
from tests.unit.command.picture.test_picture_layout import many_services
from tests.unit.command.review.test_review_reports import EVERYTHING, change, report

PHONE, DESKTOP = {"width": 360, "height": 640}, {"width": 1280, "height": 900}
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NAMES = ("app-web", "app-db-with-a-name-that-is-longer-than-its-box", "WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW", "名前" * 20)


def example() -> Any:
    """A report with a change of every effect, and a picture with every mark."""
    resources = [
        *stacks.network(),
        *(stacks.resource("rds/instance:Instance", name, engine="postgres") for name in NAMES),
        *(stacks.resource("s3/bucket:Bucket", f"{mark.name}-{'W' * mark}") for mark in Mark),
    ]
    marks = {each.urn: Mark(number % len(Mark)) for number, each in enumerate(reversed(resources))}
    changed = change(
        "policy",
        Operation.UPDATE,
        Effect.IN_PLACE,
        PropertyChange("policy", {"a": list(range(20))}, {"a": list(range(1, 21))}, Effect.IN_PLACE),
    )
    first = EVERYTHING.changes[0]
    linked = change(first.name, first.operation, first.effect, *first.properties, losses=first.losses)
    object.__setattr__(linked, "urn", resources[-1].urn)
    picture = diagram("shop prod", resources, Difference(resources, marks))
    return report(linked, changed, *EVERYTHING.changes[1:], notes=["Secrets are not compared."], diagram=picture)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("review") / "review.html"
    file.write_text(as_html(example()), "utf-8")
    return file


@pytest.fixture
def visit(file: Path, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; afterwards, fails if it loaded something, violated its policy or its script failed."""
    errors: list[str] = []
    pages: list[Page] = []

    def visit(**options: Any) -> Page:
        page = browser.new_page(**options)
        pages.append(page)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", lambda request: errors.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page

    yield visit
    for page in pages:
        page.close()
    assert [error for error in errors if not error.startswith(f"{file.as_uri()}#")] == []


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_at_every_size(visit: Callable[..., Page], size: dict[str, int], scheme: str) -> None:
    page = visit(viewport=size, color_scheme=scheme)
    page.get_by_role("button", name="Expand all").click()
    found = Axe().run(page, options=_RULES)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert len(page.screenshot(full_page=True)) > 20_000


def test_the_keyboard_reaches_and_opens_everything(visit: Callable[..., Page]) -> None:
    page = visit(viewport=DESKTOP)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the changes")).to_be_focused()
    change = page.locator("#change-2")  # in place, so it is folded
    change.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(change.locator("pre")).to_be_visible()
    page.get_by_role("button", name="Collapse all").focus()
    page.keyboard.press("Space")
    assert page.locator("details[open]").count() == 0
    page.locator("svg a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#change-1 .body")).to_be_visible()
    expect(page.locator("#change-1 summary")).to_be_focused()


def test_the_print_has_everything_that_is_folded(visit: Callable[..., Page]) -> None:
    page = visit(viewport=DESKTOP, color_scheme="dark")
    folded = page.locator("details:not([open])").count()
    assert folded > 0
    document = page.pdf(format="A4", print_background=True)
    assert document.startswith(b"%PDF")
    assert page.locator("details:not([open])").count() == folded  # open in print alone
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator("nav")).to_be_hidden()


TEXTS_OUTSIDE = """() => [...document.querySelectorAll("g.node")].flatMap((node) => {
  const box = node.querySelector("rect.box").getBBox();
  return [...node.querySelectorAll("text")].filter((text) => {
    const size = text.getBBox();
    return size.x < box.x || size.x + size.width > box.x + box.width
      || size.y < box.y || size.y + size.height > box.y + box.height;
  }).map((text) => text.textContent);
})"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_fit_their_boxes_with_the_browser_s_fonts(browser: Browser, tmp_path: Path, theme: str) -> None:
    for number, picture in enumerate((example().diagram, diagram("many", many_services()))):
        file = tmp_path / f"{number}.svg"
        file.write_text(as_svg(report(diagram=picture)), "utf-8")
        page = browser.new_page(color_scheme=theme)
        page.goto(file.as_uri())
        assert page.locator("g.node text").count() > 20
        assert page.evaluate(TEXTS_OUTSIDE) == []
        page.close()
