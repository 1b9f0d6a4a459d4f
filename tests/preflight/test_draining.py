"""A request that is in flight at SIGTERM."""

import json
import socket
import threading

import pytest
from flask_on_aws_cli.preflight.app_checks.draining import judge_draining, unfinished_requests
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.probes import probe
from flask_on_aws_cli.preflight.running import Answer, FinishedRequest, UnfinishedRequest

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
HOST = "shop.example.com"
MISSING = Answer(404)


def requests(page="", openapi=MISSING, page_path="/shop/"):
    return unfinished_requests(Answer(200, {}, page), page_path, HOST, openapi, "/up")


def test_forms_and_endpoints_that_read_json_come_before_pages():
    page = (
        "<form method=POST action=signup></form><form method=post></form><form action=/search></form>"
        f"<form method=post action=https://{HOST}/pay?x=1></form><form method=post action=https://else.example/x></form>"
    )
    paths = {"/items": {"post": {"requestBody": {}}}, "/items/{id}": {"post": {"requestBody": {}}}, "/go": {"post": {}}}
    sent = requests(page, Answer(200, {}, json.dumps({"openapi": "3.1.0", "paths": paths})))
    expected = [("/shop/signup", FORM), ("/shop/", FORM), ("/pay", FORM), ("/items", JSON), ("/up", FORM)]
    assert [(request.path, request.content_type) for request in sent] == expected


def test_no_body_has_a_field():
    bodies = {request.content_type: request.body for request in requests(openapi=Answer(200, {}, OPENAPI))}
    assert bodies == {FORM: "&&", JSON: "  "}


OPENAPI = '{"paths": {"/items": {"post": {"requestBody": {}}}}}'


@pytest.mark.parametrize("body", ["", "home", "[]", "{}", '{"paths": []}', '{"paths": {"/a": 1}}'])
def test_another_document_in_place_of_openapi_is_ignored(body):
    assert [request.path for request in requests(openapi=Answer(200, {}, body))] == ["/shop/", "/up"]


def test_a_page_of_many_forms_is_not_sent_many_requests():
    page = "".join(f"<form method=post action=/{number}></form>" for number in range(50))
    assert len(requests(page)) == 6


def serve(listener, responses):
    """Answer connections: None waits for the rest of the body, b"" closes when it arrives."""
    for response in responses:
        connection, _ = listener.accept()
        with connection:
            data = connection.recv(65536)
            while not data.endswith(b"\r\n\r\na"):
                data += connection.recv(65536)
            if response is None:
                assert connection.recv(1) == b"b"
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            elif response:
                connection.sendall(response)
            else:
                connection.recv(1)


@pytest.mark.parametrize(
    ("responses", "path", "finished"),
    [
        ([None], "/1", FinishedRequest(200)),
        ([b"HTTP/1.1 405 No\r\nContent-Length: 0\r\n\r\n", None], "/2", FinishedRequest(200)),
        ([b""], "/1", None),
        ([b"HTTP/1.1 405 No\r\n\r\n"] * 2, "", None),
    ],
    ids=["first", "second", "cut-off", "none"],
)
def test_the_first_request_that_the_app_waits_for_is_held_and_finished(responses, path, finished):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener, responses))
        thread.start()
        bodies = [UnfinishedRequest(path, FORM, "ab") for path in ("/1", "/2")]
        held, connection = probe.hold("127.0.0.1", listener.getsockname()[1], bodies, {"Host": HOST})
        outcome = FinishedRequest(**probe.finish(connection, "b", 5)) if connection else None
        thread.join()
    assert held == path
    if path and finished is None:
        assert (outcome.status, "RemoteDisconnected" in outcome.error) == (0, True)
    else:
        assert outcome == finished


def test_the_outcome_of_the_request_is_reported():
    cut = judge_draining("/", FinishedRequest(error="RemoteDisconnected"), "daphne app:app", [])
    assert (cut.status, cut.cause) == (Status.WARNING, Cause.CUTS_OFF)
    assert "a POST to / whose body was still arriving at SIGTERM got no answer (RemoteDisconnected)" in cut.message
    assert judge_draining("/", FinishedRequest(500), "gunicorn app:app", []).status is Status.PASSED
    assert judge_draining("", None, "gunicorn app:app", []).status is Status.NOT_CHECKED


@pytest.mark.parametrize(
    ("command", "source", "fix"),
    [
        ("daphne app:app", "", "start uvicorn"),
        ("gunicorn --graceful-timeout 1 app:app", "", "remove --graceful-timeout"),
        ("python main.py", "uvicorn.run(app, timeout_graceful_shutdown=0)", "timeout_graceful_shutdown=30"),
        ("uvicorn --timeout-graceful-shutdown 0 app:app", "", "remove --timeout-graceful-shutdown"),
        ("hypercorn app:app", "", "--graceful-timeout 30"),
        ("waitress-serve app:app", "", "gunicorn"),
        ("python main.py", "import waitress\nwaitress.serve(app)", "before waitress.serve()"),
        ("python main.py", "import waitress\nsignal.signal(signal.SIGTERM, stop)", "have arrived completely"),
        ("python main.py", "import tornado.web", "asyncio.sleep(30)"),
        ("python main.py", "from aiohttp import web", "have arrived completely"),
        ("sanic main:app", "", "GRACEFUL_SHUTDOWN_TIMEOUT"),
        ("python main.py", "app.run()", "gunicorn"),
    ],
)
def test_each_server_that_cuts_off_gets_the_line_to_change(command, source, fix):
    assert fix in judge_draining("/", FinishedRequest(error="reset"), command, [], source).fix
