"""Tests of the search for an app's health check path, without a running app."""

import pytest
from flask_on_aws_cli.shared import health_path_record
from flask_on_aws_cli.shared.health_path_record import record_health_path, recorded_health_path
from flask_on_aws_cli.shared.health_paths import Response, is_search_useful, routes_in_code, search

NOT_FOUND = Response(404)


def searched(answers, routes=(), otherwise=NOT_FOUND):
    """The path that a search finds in an app with these responses, and the requests that it makes."""
    paths, requests, answer = search(routes), [], None
    try:
        while True:
            path = paths.send(answer)
            requests.append(path)
            answer = answers.get(path, otherwise)
            answer = Response(answer) if isinstance(answer, int) else answer
    except StopIteration as end:
        return end.value, requests


@pytest.mark.parametrize(
    "path",
    [
        *("/up", "/health", "/healthz", "/healthcheck", "/ping", "/ready", "/_health", "/api/health", "/api/v1/health"),
        *("/__lbheartbeat__", "/health/live", "/status", "/"),
    ],
)
def test_each_usual_path_is_found(path):
    assert searched({path: 200})[0] == path


def test_a_path_without_the_database_comes_before_one_with_it_and_before_the_front_page():
    assert searched({"/": 200, "/ready": 200, "/ping": 200})[0] == "/ping"
    assert searched({"/": 200, "/readyz": 200})[0] == "/readyz"
    assert searched({"/": 200, "/ready": 200, "/internal/alive": 200}, ["/internal/alive"])[0] == "/internal/alive"


@pytest.mark.parametrize("location", ["/health/", "http://10.0.0.7:8080/health/", "//10.0.0.7/health/"])
def test_a_redirect_that_only_adds_a_slash_leads_to_the_path(location):
    assert searched({"/health": Response(301, location), "/health/": 200, "/": 200})[0] == "/health/"
    assert searched({"/up": Response(308, "/up/"), "/up/": 200, "/health": 200})[0] == "/up/"


def test_an_app_below_a_prefix_is_found_by_the_redirect_of_its_front_page():
    assert searched({"/": Response(302, "/shop/"), "/shop/healthz": 200, "/shop/": 200})[0] == "/shop/healthz"
    assert searched({"/": Response(302, "/shop/"), "/shop/": 200})[0] == "/shop/"
    assert searched({"/": Response(302, "/login?next=/"), "/login": 200})[0] == "/login"


@pytest.mark.parametrize("answer", [401, 403, 404, 405, 500, Response(301, "https://10.0.0.7/"), Response(0)])
def test_an_app_that_answers_200_nowhere_has_none(answer):
    answer = Response(answer) if isinstance(answer, int) else answer
    path, requests = searched({}, otherwise=answer)
    assert path == ""
    assert len(requests) == len(set(requests)) < 80


def test_redirects_cannot_make_a_search_endless():
    endless = searched(
        {"/": Response(302, "/a/")} | {f"/{'a/' * n}": Response(302, f"/{'a/' * (n + 1)}") for n in range(99)}
    )
    assert endless[0] == ""


@pytest.mark.parametrize(
    ("status", "useful"),
    [
        (0, False),
        (200, False),
        (503, False),
        (404, True),
        (401, True),
        (500, False),
        (502, False),
        (302, True),
        (400, True),
    ],
)
def test_an_app_that_is_starting_is_not_searched(status, useful):
    assert is_search_useful(status) == useful


def test_the_app_s_own_routes_are_found_in_its_code(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "web.py").write_text(
        '@app.get("/internal/healthz")\n@bp.route(\'/-/alive\')\nstatus = "up"\npath("ht/", health)\n'
        'logging.getLogger("health")\n@app.get("/health/<name>")\n@app.get("/pingback")\n'
    )
    assert set(routes_in_code(tmp_path)) == {"/internal/healthz", "/-/alive"}
    (tmp_path / "urls.py").write_text('urlpatterns = [path("ops/health/", view)]\n')
    assert "/ops/health/" in routes_in_code(tmp_path)


def test_a_route_of_a_blueprint_is_found_below_its_prefix(tmp_path):
    (tmp_path / "app.py").write_text('api = Blueprint("api", __name__, url_prefix="/v2")\n@api.get("/health")\n')
    assert set(routes_in_code(tmp_path)) == {"/health", "/v2/health"}


@pytest.mark.parametrize("folder", ["venv", "tests", ".cache", "node_modules", "mine"])
def test_code_that_is_not_the_app_s_is_not_read(tmp_path, folder):
    (tmp_path / folder).mkdir()
    (tmp_path / folder / "app.py").write_text('"/internal/healthz"\n')
    if folder == "mine":
        (tmp_path / folder / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert routes_in_code(tmp_path) == ()


def test_the_path_of_each_app_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(health_path_record, "RECORD", tmp_path / "cache" / "health-paths.json")
    assert recorded_health_path(tmp_path / "shop") == ""
    record_health_path(tmp_path / "shop", "/health")
    record_health_path(tmp_path / "blog", "/ping")
    record_health_path(tmp_path / "shop", "/healthz")
    assert recorded_health_path(tmp_path / "blog" / ".." / "shop") == "/healthz"
    assert recorded_health_path(tmp_path / "blog") == "/ping"
    (tmp_path / "cache" / "health-paths.json").write_text("{")
    assert recorded_health_path(tmp_path / "blog") == ""
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(health_path_record, "RECORD", tmp_path / "file" / "health-paths.json")
    record_health_path(tmp_path / "shop", "/health")  # a home that cannot be written to is not an error
