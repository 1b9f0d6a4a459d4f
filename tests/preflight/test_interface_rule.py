"""A server that calls an app by the other interface, as the servers of 2026 print it. Pure functions."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose
from flask_on_aws_cli.preflight.output import Output

ASGI = "TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'"
WSGI = "TypeError: Flask.__call__() missing 1 required positional argument: 'start_response'"
AIOHTTP = "TypeError: Application.__call__() takes 1 positional argument but 3 were given"
TORNADO = "TypeError: Application.__call__() takes 2 positional arguments but 3 were given"
RSGI = "AttributeError: 'granian._granian.RSGIHTTPScope' object has no attribute 'get'"


@pytest.mark.parametrize(
    ("command", "line", "sentence", "fix"),
    [
        ("gunicorn main:app", ASGI, "ASGI (FastAPI), and its server calls it by WSGI", "start uvicorn"),
        ("gunicorn main:app", ASGI, "", "--worker-class uvicorn_worker.UvicornWorker"),
        ("waitress-serve main:app", ASGI, "ASGI (FastAPI)", "start uvicorn"),
        ("granian --interface wsgi main:app", ASGI, "by WSGI", "set --interface asgi"),
        ("granian main:app", ASGI, "by RSGI", "set --interface asgi"),
        ("granian main:app", RSGI, "the interface WSGI, and its server calls it by RSGI", "set --interface wsgi"),
        ("uvicorn main:app", WSGI, "WSGI (Flask), and its server calls it by ASGI", "add --interface wsgi"),
        ("daphne main:app", WSGI, "WSGI (Flask)", "start gunicorn"),
        ("uvicorn shop.wsgi:application", WSGI.replace("Flask", "WSGIHandler"), "(WSGIHandler)", "start gunicorn"),
        ("gunicorn main:app", ASGI.replace("FastAPI.__call__", "app"), "ASGI (app)", "start uvicorn"),
        ("gunicorn main:app", ASGI.replace("FastAPI", "make.<locals>.App"), "", "start uvicorn"),
        ("gunicorn main:app", ASGI.replace("FastAPI", "Sanic"), "ASGI (Sanic)", "start sanic MODULE:VARIABLE"),
        ("gunicorn main:app", AIOHTTP, "application of aiohttp", "--worker-class aiohttp.GunicornWebWorker"),
        ("uvicorn main:app", AIOHTTP.replace("3 were", "2 were"), "application of aiohttp", "web.run_app"),
        ("gunicorn main:app", TORNADO, "application of Tornado", "python main.py"),
        (
            "uvicorn main:app",
            "AttributeError: 'dict' object has no attribute 'connection'",
            "application of Tornado",
            "its method listen",
        ),
        (
            "gunicorn -k aiohttp.GunicornWebWorker main:app",
            "RuntimeError: wsgi app should be either Application or async function returning Application, got <Flask>",
            "not an application of aiohttp",
            "start gunicorn",
        ),
        (
            "gunicorn main:app",
            ASGI.replace("1 required", "2 required").replace("argument: ", "arguments: 'receive' and "),
            "",
            "uvicorn",
        ),
    ],
)
def test_the_server_that_fits_is_named(command, line, sentence, fix):
    found = diagnose(Output(["Traceback (most recent call last):", line], command))
    assert found
    assert found.cause is Cause.SERVER_INTERFACE
    assert sentence in found.sentence
    assert fix in found.fix


def test_another_missing_argument_is_the_app_s_own_error():
    line = "TypeError: send_mail() missing 1 required positional argument: 'recipient'"
    found = diagnose(Output([line], "gunicorn main:app"))
    assert found is None or found.cause is not Cause.SERVER_INTERFACE
