"""Flask's own ways, to the letter: what costs less must change nothing."""

import pytest
from board import shortcuts
from board.shortcuts import Application, Sessions
from conftest import KEY
from flask import Flask, request, session, url_for
from flask.sessions import SecureCookieSessionInterface

PATHS = (
    "/nothing",
    "/read",
    "/write",
    "/read",
    "/nothing",
    "/keep",
    "/nothing",
    "/read",
    "/clear",
    "/read",
    "/nothing",
)


def _answers(interface: SecureCookieSessionInterface) -> list[tuple[str, str | None, str | None]]:
    """What a visitor with one browser gets: text, cookie, what the answer varies with."""
    app = Flask(__name__)
    app.secret_key, app.session_interface = KEY, interface

    def write() -> str:
        session["name"] = "visitor"
        return "written"

    def keep() -> str:
        session.permanent = True
        return "kept"

    def clear() -> str:
        session.clear()
        return "cleared"

    views = {"/nothing": lambda: "", "/read": lambda: str(session.get("name")), "/write": write, "/keep": keep}
    for path, view in {**views, "/clear": clear}.items():
        app.add_url_rule(path, path, view)
    client = app.test_client()
    client.set_cookie("another", "cookie")
    answers = [client.get(path) for path in PATHS]
    client.set_cookie("session", "forged")
    answers += [client.get(path) for path in ("/read", "/nothing")]
    return [(answer.text, answer.headers.get("Set-Cookie"), answer.headers.get("Vary")) for answer in answers]


@pytest.fixture
def _stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signatures and lifetimes hold the time."""
    monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _: 1_700_000_000)
    monkeypatch.setattr(SecureCookieSessionInterface, "get_expiration_time", lambda *_: None)
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 1_700_000_000)


@pytest.mark.usefixtures("_stopped_clock")
def test_a_visitor_meets_no_difference() -> None:
    answers = _answers(Sessions())
    assert answers == _answers(SecureCookieSessionInterface())
    assert [text for text, _, _ in answers[:4]] == ["", "None", "written", "visitor"]
    assert answers[0][1:] == (None, None)


def _addresses(app: Flask) -> list[tuple[int, str]]:
    """What an app makes of hosts and paths, each of them twice."""

    @app.get("/Käse/<name>")
    def page(name: str) -> str:
        url = url_for("page", name=name, _external=True)
        return f"{request.host} {request.url} {url} {request.args.get('q')} {request.script_root}"

    client = app.test_client()
    hosts = [
        "example.com",
        "EXAMPLE.com:80",
        "example.com:443",
        "[::1]:8080",
        "b\u00fccher.example",
        "a b",
        "x" * 70,
        "",
        None,
    ]
    answers = []
    for host in hosts * 2:
        for scheme in ("http", "https"):
            for path, prefix in (
                ("/K%C3%A4se/d%C3%A9j%C3%A0?q=%C3%BC", ""),
                ("/K%C3%A4se/a?q=1", "/prefix"),
                ("/no", ""),
            ):
                environ = {"HTTP_HOST": host.encode().decode("latin-1")} if host is not None else {}
                answer = client.get(
                    path, base_url=f"{scheme}://localhost{prefix}", environ_overrides=environ, follow_redirects=False
                )
                answers.append((answer.status_code, answer.text))
    return answers


@pytest.mark.parametrize("hosts", [100, 3])
def test_hosts_and_paths_mean_the_same(monkeypatch: pytest.MonkeyPatch, hosts: int) -> None:
    monkeypatch.setattr(shortcuts, "_HOSTS", hosts)
    answers = _addresses(Application(__name__))
    assert answers == _addresses(Flask(__name__))
    assert {200, 400, 404} <= {status for status, _ in answers}


def test_a_host_that_is_not_trusted_is_refused_each_time() -> None:
    app = Application(__name__)
    app.config["TRUSTED_HOSTS"] = ["example.com"]
    app.add_url_rule("/", "page", lambda: "")
    client = app.test_client()
    for _ in range(2):
        assert client.get("/", headers={"Host": "example.com"}).status_code == 200
        assert client.get("/", headers={"Host": "example.org"}).status_code == 400
