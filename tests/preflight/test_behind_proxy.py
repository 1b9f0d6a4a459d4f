"""What a load balancer finds: idle connections, and headers that visitors can forge."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
from flask_on_aws_cli.preflight.app_checks.behind_proxy import (
    FORGED_HOST,
    idle_seconds,
    judge_forged_host,
    judge_idle_connection,
)
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.probes import probe
from flask_on_aws_cli.preflight.running import Answer, IdleConnection

KEEP = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup"


@contextmanager
def server(response, seconds):
    """A server that closes its one connection some seconds after its response."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(response)
            time.sleep(seconds)

    thread = threading.Thread(target=serve)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def leave_idle(port):
    return IdleConnection(**probe.leave_idle("127.0.0.1", port, "/up", {"Host": "127.0.0.1"}, 0.5))


@pytest.mark.parametrize(
    "response",
    [
        KEEP,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nup",
    ],
    ids=["length", "chunks", "empty", "old"],
)
def test_the_end_of_an_idle_connection_is_seen(response):
    with server(response, 0.2) as port:
        closed = leave_idle(port)
    assert 0.1 < closed.closed_after < 0.5
    with server(response, 0.8) as port:
        assert leave_idle(port) == IdleConnection()


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup",
        b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nup",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nup",
        b"HTTP/1.1 200 OK\r\n\r\nup",
    ],
    ids=["close", "Close", "old", "without-length"],
)
def test_a_response_can_announce_the_end(response):
    with server(response, 0) as port:
        assert leave_idle(port) == IdleConnection(announced=True)


def test_no_response_is_an_error():
    with server(b"", 0) as port:
        found = leave_idle(port)
    assert "RemoteDisconnected" in found.error
    assert judge_idle_connection(found, 6, "x").status is Status.NOT_CHECKED


@pytest.mark.parametrize("connection", [IdleConnection(), IdleConnection(announced=True)])
def test_a_kept_connection_and_an_announced_end_pass(connection):
    assert judge_idle_connection(connection, 6, "gunicorn a:b").status is Status.PASSED


@pytest.mark.parametrize(
    ("command", "source", "fix"),
    [
        ("gunicorn --keep-alive 2 app:app", "", "remove --keep-alive"),
        ("fastapi run main.py --port $PORT", "", "instead of fastapi run"),
        ("python main.py", "import uvicorn\nuvicorn.run(app, port=8080)", "timeout_keep_alive=75"),
        ("uvicorn --timeout-keep-alive 5 main:app", "", "remove --timeout-keep-alive"),
        ("hypercorn main:app", "", "--keep-alive 75"),
        ("uwsgi --http-socket :$PORT", "", "use --http instead"),
        ("npm start", "", "server.keepAliveTimeout"),
        ("python main.py", "waitress.serve(app, channel_timeout=5)", "channel_timeout=75"),
        ("python main.py", "from granian import Granian", "header_read_timeout=60_000"),
        ("python main.py", "app.listen(8080)  # tornado", "idle_connection_timeout=75"),
        ("python main.py", "from cheroot import wsgi", "timeout=75"),
        ("python main.py", "from aiohttp import web", "keepalive_timeout=75"),
        ("sanic main:app", "", "KEEP_ALIVE_TIMEOUT"),
        ("litestar --app main:app run", "", "instead of litestar run"),
        ("./serve", "", "`Connection: close`"),
    ],
)
def test_each_server_that_closes_too_early_gets_the_line_to_change(command, source, fix):
    check = judge_idle_connection(IdleConnection(5.02), 6, command, source)
    assert (check.status, check.cause) == (Status.WARNING, Cause.KEEP_ALIVE)
    assert check.message.startswith("closed after 5 s; the load balancer reuses a connection for up to 50 s")
    assert fix in check.fix


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("gunicorn app:app", 6),
        ("/venv/bin/uvicorn --port $PORT app:app", 6),
        ("python -m hypercorn app:app", 6),
        ("./start.sh\n#!/bin/sh\nflask db upgrade\nexec gunicorn app:app", 6),
        ("./start.sh\nexec gunicorn --keep-alive 20 app:app", 51),
        ("python main.py", 51),
        ("python gunicorn_app.py", 51),
        ("fastapi run main.py", 51),
        ("node server.js", 51),
        ("", 51),
        ("gunicorn --keep-alive 20 app:app", 51),
        ("uvicorn --timeout-keep-alive=20 app:app", 51),
    ],
)
def test_a_keep_alive_that_the_stack_does_not_set_is_measured_as_long_as_the_load_balancer_s(command, seconds):
    assert idle_seconds(command, "", 5, is_update=False) == seconds
    assert idle_seconds(command, "", 5, is_update=True) == 6
    assert idle_seconds(command, "", 60, is_update=False) == 61


def test_a_server_s_command_line_that_code_starts_reads_the_stack_s_variables():
    assert idle_seconds("python serve.py", "from granian.cli import entrypoint", 5, is_update=False) == 6
    assert idle_seconds("python serve.py", "from granian import Granian", 5, is_update=False) == 51
    assert idle_seconds("python serve.py", "import uvicorn\nuvicorn.run(app)", 5, is_update=False) == 51


def test_the_report_has_the_seconds_that_were_measured():
    assert judge_idle_connection(IdleConnection(), 51, "").message == "kept for the 51 s of this check"
    short = judge_idle_connection(IdleConnection(), 6, "").message
    assert short == "kept for the 6 s of this check; the load balancer keeps it for up to 50 s"


def test_a_connection_that_is_closed_at_once_says_so():
    check = judge_idle_connection(IdleConnection(0.001), 6, "uwsgi --http-socket :$PORT")
    assert check.message.startswith("closed after the response, unannounced; ")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(302, {"location": f"https://{FORGED_HOST}/login"}),
        Answer(200, {}, f'<a href="https://{FORGED_HOST}/reset">'),
        Answer(200, {"set-cookie": f"a=1; Domain={FORGED_HOST}"}),
        Answer(200, {"link": f"<https://{FORGED_HOST}/feed>; rel=alternate"}),
    ],
)
def test_a_host_that_a_visitor_claims_is_reported(answer):
    check = judge_forged_host(answer)
    assert (check.status, check.cause) == (Status.WARNING, Cause.TRUSTS_HOST)
    assert FORGED_HOST in check.message
    assert "x_host=0" in check.fix


@pytest.mark.parametrize("answer", [Answer(200, {}, "home"), Answer(302, {"location": "/login"}), Answer(404)])
def test_an_app_that_ignores_the_claim_passes(answer):
    assert judge_forged_host(answer).status is Status.PASSED


def test_no_answer_to_the_claim_is_not_checked():
    assert judge_forged_host(Answer(error="reset")).status is Status.NOT_CHECKED
