"""Tests of the search for the health path of an app that does not answer `/up`, by the load balancer and by `up`."""

import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask_on_aws_cli.local_aws.commands.app_response import HealthPath, health_path_lines
from flask_on_aws_cli.local_aws.load_balancer import HealthCheck, TargetGroup
from flask_on_aws_cli.local_aws.load_balancer.health_checks import ChosenPath
from flask_on_aws_cli.local_project.health_routes import read_health_routes, write_health_routes
from flask_on_aws_cli.local_project.location import Target

from tests.waiting import until

from .balancing import GROUP, balancing, configuration
from .project import Local, opened

CHECK = HealthCheck(path="/up", interval=0.1, timeout=1, healthy_threshold=2, unhealthy_threshold=2, routes=())


class Site(ThreadingHTTPServer):
    """An app that answers each path with a status, or a redirect's target; 404 for all others."""

    daemon_threads = True

    def __init__(self, **answers: int | str) -> None:
        self.answers: dict[str, int | str] = answers
        self.requested: list[str] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.requested.append(self.path)
                answer = site.answers.get(self.path, 404)
                self.send_response(answer if isinstance(answer, int) else 302)
                if isinstance(answer, str):
                    self.send_header("Location", answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        super().__init__(("127.0.0.1", 0), Handler)
        self.target = Target("127.0.0.1", self.server_port)
        threading.Thread(target=self.serve_forever, args=[0.05], daemon=True).start()


@contextmanager
def checked(
    folder: Path, site: Site, check: HealthCheck = CHECK
) -> Iterator[Callable[[], tuple[str, ChosenPath | None]]]:
    """A function that returns the state of the site as a target, and its chosen path."""
    with balancing(folder, configuration(group=TargetGroup(GROUP, health_check=check))) as balancer:
        balancer.register(GROUP, site.target)
        yield lambda: (balancer.health(GROUP, site.target).state, balancer.health_paths.get(GROUP))
    site.shutdown()
    site.server_close()


@pytest.mark.parametrize(
    ("answers", "routes", "path", "default_status"),
    [
        ({"/up": 200, "/health": 200}, (), "/up", 200),
        ({"/health": 200, "/": 200}, (), "/health", 404),
        ({"/up": 401, "/": 401, "/api/health": 200}, (), "/api/health", 401),
        ({"/up": "http://127.0.0.1/up/", "/up/": 200}, (), "/up/", 302),
        ({"/": "/shop/", "/shop/ping": 200}, (), "/shop/ping", 404),
        ({"/": 500, "/internal/alive": 200}, ("/internal/alive",), "/internal/alive", 404),
        ({"/": 200}, (), "/", 404),
    ],
)
def test_a_target_is_checked_on_the_path_that_its_app_has(
    tmp_path: Path, answers: dict[str, int | str], routes: tuple[str, ...], path: str, default_status: int
) -> None:
    check = HealthCheck(**{**vars(CHECK), "routes": routes})
    with checked(tmp_path, Site(**answers), check) as state:
        until(lambda: state()[0] == "healthy")
        assert state()[1] == ChosenPath(path, default_status)


def test_a_target_that_fails_on_its_chosen_path_is_unhealthy(tmp_path: Path) -> None:
    site = Site(**{"/health": 200, "/": 200})
    with checked(tmp_path, site) as state:
        until(lambda: state()[0] == "healthy")
        site.answers["/health"] = 500
        until(lambda: state()[0] == "unhealthy")
        site.answers["/health"] = 200
        until(lambda: state()[0] == "healthy")


def test_an_app_that_answers_200_nowhere_is_unhealthy_and_is_searched_again_in_every_third_check(
    tmp_path: Path,
) -> None:
    site = Site()
    with checked(tmp_path, site) as state:
        until(lambda: state()[0] == "unhealthy")
        until(lambda: site.requested.count("/up") > 20)
        # One request on /up in each check, and one in each search.
        assert site.requested.count("/health") <= site.requested.count("/up") / 4 + 1
        site.answers["/health"] = 200
        until(lambda: state() == ("healthy", ChosenPath("/health", 404)))


def test_an_app_that_is_starting_is_not_searched(tmp_path: Path) -> None:
    site = Site(**{"/up": 503, "/health": 200})
    with checked(tmp_path, site) as state:
        until(lambda: state()[0] == "unhealthy")
        assert set(site.requested) == {"/up"}


def test_a_path_that_the_stack_sets_is_the_only_one(tmp_path: Path) -> None:
    site = Site(**{"/health": 200})
    with checked(tmp_path, site, HealthCheck(**{**vars(CHECK), "routes": None})) as state:
        until(lambda: state()[0] == "unhealthy")
        assert set(site.requested) == {"/up"}
        assert state()[1] is None


def test_the_daemon_reads_what_up_wrote(tmp_path: Path) -> None:
    assert read_health_routes(tmp_path) is None
    for routes in ((), ("/a/health",), None):
        write_health_routes(tmp_path, routes)
        assert read_health_routes(tmp_path) == routes


def test_the_choice_and_a_front_page_that_fails_are_printed() -> None:
    assert health_path_lines(HealthPath("/up"), 200) == ["health path: /up"]
    assert health_path_lines(HealthPath("/health", 404), 200) == [
        "health path: /health, since the app answers 404 on /up; on AWS, set it with: "
        "pulumi config set healthCheckPath /health"
    ]
    assert health_path_lines(HealthPath("/up"), 500)[1] == "front page: / answers 500; see the log"
    assert health_path_lines(HealthPath("/up"), "timed out")[1] == "front page: / answers timed out; see the log"


SHOP = """
from flask import Blueprint, Flask
app = Flask(__name__)
ops = Blueprint("ops", __name__, url_prefix="/ops")

@ops.get("/alive")
def alive():
    return "alive"

@app.get("/")
def home():
    raise RuntimeError("the shop is closed")

app.register_blueprint(ops)
"""


SHOP_SETTINGS: dict[str, Any] = {
    "database": "none",
    "bucket": "none",
    "domain": "shop.example.com",
    "dns": "external",
    "dnsReady": True,
    "domainRedirects": ["www.example.com"],
}


def test_up_runs_another_app_and_waits_for_its_health_path_and_not_for_its_front_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only this test proves that `./up DIR` serves an app without `/up` and with a failing front page."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with opened(tmp_path / "project", **SHOP_SETTINGS) as local:
        shop = tmp_path / "shop"
        shop.mkdir()
        (shop / "app.py").write_text(SHOP)
        (shop / "requirements.txt").write_text("flask==3.1.2\ngunicorn==23.0.0\n")
        (shop / "Procfile").write_text("web: gunicorn --bind 0.0.0.0:$PORT app:app\n")
        output = local.up("--app", "../shop")
        assert (
            "health path: /ops/alive, since the app answers 404 on /up; on AWS, set it with: pulumi config set"
            in output
        )
        assert "front page: / answers 500" in output
        assert f'"{shop}": "/ops/alive"' in (tmp_path / ".cache/flask-on-aws/health-paths.json").read_text()

        check_that_the_other_domain_is_redirected(local)
        local.configure(**SHOP_SETTINGS, healthCheckPath="/ops/alive")
        assert "health path: /ops/alive\n" in local.up()  # the app that was chosen
        assert local.url in local.run("status")
        assert "RuntimeError: the shop is closed" in local.operate("logs")
        with urllib.request.urlopen(local.url + "/ops/alive", context=local.trust) as response:
            assert response.status == 200
        local.run("destroy")
        assert [path.name for path in (local.folder / ".local-apps").iterdir()] == [".gitignore"]


def check_that_the_other_domain_is_redirected(local: Local) -> None:
    """Over HTTPS in one step; over HTTP the first step is HTTPS on the same host."""
    response = httpx.get(f"{local.url}/a%20b?c=d&e", headers={"Host": "www.example.com"}, verify=local.trust)
    port = local.url.rpartition(":")[2]
    expected = (301, f"https://shop.example.com:{port}/a%20b?c=d&e")
    assert (response.status_code, response.headers["location"]) == expected
