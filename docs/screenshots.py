"""Takes the pictures of a running `./up` that the README and the site show: docs/images/app.png and console.png.

    ./up && .test-env/bin/python docs/screenshots.py https://localhost:8443

Posts two messages first. Needs Chromium, and Playwright from tests/requirements.txt.
"""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

IMAGES = Path(__file__).with_name("images")
MESSAGES = (
    "The tickets for Friday are at the front desk.",
    "Does anybody have a spare bicycle lamp until the weekend?",
)
REQUESTS = 1000  # half a minute of the curve on the console


def main(url: str) -> None:
    """Take both pictures of the stack whose app answers at `url`."""
    command = shutil.which("chromium") or shutil.which("google-chrome")
    if not command:
        sys.exit("There is no Chromium; install it, for example with: apt-get install chromium")
    with sync_playwright() as playwright:
        # Chromium does not start its sandbox as root.
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=command, args=arguments)
        take_app(browser, url)
        take_console(browser, url)
        browser.close()


def take_app(browser: Browser, url: str) -> None:
    """The template after two posts."""
    # The certificate authority is the project's own, which no browser knows.
    page = browser.new_page(ignore_https_errors=True, viewport={"width": 800, "height": 780})
    for message in MESSAGES:
        page.goto(url)
        page.get_by_label("Message").fill(message)
        page.get_by_role("button", name="Post").click()
        expect(page.get_by_text(message).first).to_be_visible()
    page.goto(url)
    page.screenshot(path=IMAGES / "app.png")
    page.close()


def take_console(browser: Browser, url: str) -> None:
    """The local AWS's console while requests arrive."""
    page = browser.new_page(ignore_https_errors=True, viewport={"width": 1100, "height": 760})
    page.goto(url.replace("localhost", "status.localhost"))
    expect(page.get_by_role("status")).to_have_text("Live")
    for _ in range(REQUESTS):
        page.request.get(f"{url}/up", ignore_https_errors=True)
        page.wait_for_timeout(20)
    page.screenshot(path=IMAGES / "console.png")
    page.close()


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"))
