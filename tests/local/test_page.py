"""Tests of the local AWS's status page in a real browser."""

import http.server
import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.local_project.project import find_local_aws, local_provider_settings
from flask_on_aws_cli.pulumi_engine.state import Record, State
from playwright.sync_api import Browser, Page, expect

from .conftest import client
from .operating import CLUSTER, Operated, open_project

PHONE, DESKTOP = {"width": 360, "height": 640}, {"width": 1280, "height": 800}
_EXPECTED = ("ERR_CONNECTION_REFUSED", "404")  # errors that the tests cause on purpose
_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    local_aws = open_project(tmp_path_factory.mktemp("page") / "project")
    try:
        app = Operated(local_aws)
        app.release("first")
        put(app, "aws:s3/bucket:Bucket", "media")
        yield app
    finally:
        daemon_control.end(local_aws)


def put(app: Operated, kind: str, name: str) -> None:
    """Add a resource to the state of the stack, as a deployment does."""
    state = State(app.location.state_file("local"))
    state.put(Record(f"urn:pulumi:local::app::{kind}::{name}", kind, name, custom=True, id=f"{name}-0a1b"))


@pytest.fixture
def visit(app: Operated, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens the page; afterwards, fails if the page violated its content security policy or a script failed."""
    errors: list[str] = []
    pages: list[Page] = []

    def visit(**options: Any) -> Page:
        # Browsers do not trust the certificate authority of a local AWS.
        page = browser.new_page(ignore_https_errors=True, **options)
        pages.append(page)
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(app.url.replace("localhost", "status.localhost"))
        expect(page.get_by_role("status")).to_have_text("Live")
        return page

    yield visit
    for page in pages:
        page.close()
    assert [text for text in errors if not any(expected in text for expected in _EXPECTED)] == []


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
    assert app.running_release() == "second"  # the app responds on its own host


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible_at_every_size(visit: Callable[..., Page], size: dict[str, int], scheme: str) -> None:
    page = visit(viewport=size, color_scheme=scheme)
    report = Axe().run(page, options=_RULES)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


BRIGHTNESS = """async (image) => {
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const values = context.getImageData(0, 0, canvas.width, canvas.height).data.filter((_, index) => index % 4 === 1);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}"""  # the mean of its pixels' green


def test_the_page_shows_the_stack_and_follows_it(app: Operated, visit: Callable[..., Page]) -> None:
    page = visit(viewport=DESKTOP)
    picture = page.get_by_role("img", name="media: S3 bucket.")
    expect(picture).to_be_visible()
    # The picture has its own style sheet, without which its boxes are black.
    assert picture.evaluate(BRIGHTNESS) > 200
    put(app, "aws:sqs/queue:Queue", "jobs")
    expect(page.get_by_role("img", name="jobs: SQS queue.")).to_be_visible()


def test_the_page_shows_when_it_is_out_of_date(visit: Callable[..., Page]) -> None:
    page = visit()
    page.route("**/facts.json", lambda route: route.abort("connectionrefused"))
    expect(page.get_by_role("status")).to_contain_text("Not live")
    page.unroute("**/facts.json")
    expect(page.get_by_role("status")).to_have_text("Live")


UPLOAD = """async ([url, fields]) => {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  body.append("file", new Blob(["picture"]));
  try { return (await fetch(url, { method: "POST", body })).status } catch (error) { return String(error) }
}"""
# All kinds of cross-origin requests that a page can send, even if it cannot read the response.
ATTACK = """async ([url, target]) => {
  const said = [];
  const body = "Action=CreateUser&UserName=evil&Version=2010-05-08";
  for (const options of [
    { method: "POST", mode: "no-cors", headers: { "Content-Type": "text/plain" }, body: "{}" },
    { method: "POST", mode: "no-cors", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body },
    { method: "POST", headers: { "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target }, body: "{}" },
    { method: "GET" },
  ]) {
    try { said.push((await fetch(url, options)).type) } catch (error) { said.push(error.name) }
  }
  const form = document.createElement("form");
  Object.assign(form, { action: url, method: "post", target: "hidden" });
  for (const [name, value] of new URLSearchParams(body)) {
    form.append(Object.assign(document.createElement("input"), { name, value }));
  }
  document.body.append(Object.assign(document.createElement("iframe"), { name: "hidden" }), form);
  form.submit();
  return said;
}"""


def test_the_app_s_page_can_only_reach_its_bucket_and_other_pages_nothing(app: Operated, browser: Browser) -> None:
    s3, iam = client(app.location, "s3"), client(app.location, "iam")
    s3.create_bucket(Bucket="pictures")
    form = s3.generate_presigned_post("pictures", "one")
    page = browser.new_page(ignore_https_errors=True)
    page.goto(app.url)
    assert page.evaluate(UPLOAD, [form["url"], form["fields"]]) == 204
    assert s3.get_object(Bucket="pictures", Key="one")["Body"].read() == b"picture"
    s3.delete_object(Bucket="pictures", Key="one")
    target = "AmazonEC2ContainerServiceV20141113.ListClusters"
    with other_site() as address:
        for url in (app.url, app.url.replace("localhost", "status.localhost"), address):
            page.goto(url)
            assert page.evaluate(ATTACK, [app.location.endpoint, target])[2:] == ["TypeError", "TypeError"], url
            page.wait_for_load_state("networkidle")
        assert page.evaluate(UPLOAD, [form["url"], form["fields"]]) == "TypeError: Failed to fetch"
    page.close()
    assert iam.list_users()["Users"] == []
    assert "Contents" not in s3.list_objects_v2(Bucket="pictures")


@contextmanager
def other_site() -> Iterator[str]:
    """The URL of a page with another host name and port on this machine."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>x</title><body></body>")

        def log_message(self, *args: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://evil.localhost:{server.server_port}"
        server.shutdown()


def test_without_a_key_the_status_only_contains_the_folder(app: Operated) -> None:
    with urllib.request.urlopen(f"{app.location.endpoint}/.local/status") as response:
        assert json.load(response) == {"folder": str(app.location.folder)}


def test_the_host_serves_no_other_files(visit: Callable[..., Page]) -> None:
    page = visit()
    response = page.goto(f"{page.url}__init__.py")
    assert response is not None
    assert (response.status, response.headers["content-security-policy"].split(";")[0]) == (404, "default-src 'none'")


# The last test, because the clients of the others have the old key.
def test_a_daemon_with_another_key_is_started_again_with_its_records(app: Operated) -> None:
    local = find_local_aws(app.project)
    assert local is not None
    assert not daemon_control.ensure_started(local)
    (app.location.folder / "credentials").unlink()
    local = find_local_aws(app.project)
    assert local is not None
    assert "runtime" not in (daemon_control.status(local) or {})
    assert daemon_control.ensure_started(local)
    assert not daemon_control.ensure_started(local)
    names = local_provider_settings(local).client("ecs").list_services(cluster=CLUSTER)["serviceArns"]
    assert sorted(name.rpartition("/")[2] for name in names) == ["app-web-1", "app-worker-1"]
