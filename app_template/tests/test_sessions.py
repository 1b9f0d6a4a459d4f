"""Sessions are Flask's own, to the letter: what costs nothing must change nothing."""

import pytest
from board.sessions import Sessions
from conftest import KEY
from flask import Flask, session
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
