"""The response to a visitor of the front page, and the log of the visit → the verdict: pure."""

import pytest
from flask_on_aws_cli.preflight.app_checks.page import Visit, page_checks
from flask_on_aws_cli.preflight.check import Cause, Status
from flask_on_aws_cli.preflight.output import Context, Output
from flask_on_aws_cli.preflight.running import Answer

TRACEBACK = [
    "[ERROR] Exception on / [GET]",
    "Traceback (most recent call last):",
    '  File "/app/app.py", line 9, in home',
]
NO_TABLE = 'psycopg.errors.UndefinedTable: relation "post" does not exist'
NO_SERVER = 'psycopg.OperationalError: connection failed: connection to server at "127.0.0.1", port 9 failed'


def front(answer, *lines, before=(), context=None):
    visit = Visit([("/", answer)], {}, Answer(404))
    during = Output([*TRACEBACK, *lines] if lines else [], "gunicorn app:app", None, context or Context())
    return page_checks(visit, [*before, *during.lines], during)[0]


@pytest.mark.parametrize(
    ("line", "cause", "part"),
    [
        (NO_TABLE, Cause.DATABASE, "no table post yet"),
        ("ModuleNotFoundError: No module named 'psycopg2'", Cause.NOT_INSTALLED, "psycopg2 is not installed"),
        ("PermissionError: [Errno 13] Permission denied: '/app/hits.txt'", Cause.WRITES_TO_DISK, "/app/hits.txt"),
        ("sqlite3.OperationalError: unable to open database file", Cause.SQLITE, "SQLite"),
        (NO_SERVER, Cause.DATABASE, "cannot connect"),
    ],
)
def test_a_front_page_that_fails_by_a_known_cause_is_a_failure_with_its_lines(line, cause, part):
    check = front(Answer(500), line)
    assert (check.status, check.cause) == (Status.FAILED, cause)
    assert check.message.startswith("/ answers 500: ")
    assert part in check.message
    assert line in check.evidence
    assert check.fix


def test_an_unknown_cause_is_a_warning_with_the_last_lines():
    check = front(Answer(500, body="<h1>Sorry</h1>"), "ZeroDivisionError: division by zero")
    assert (check.status, check.cause, check.message) == (Status.WARNING, Cause.ANSWERS_5XX, "/ answers 500")
    assert check.evidence[0] == "HTTP 500"
    assert check.evidence[-1] == "ZeroDivisionError: division by zero"
    silent = front(Answer(500, body="Server Error (500)"))
    assert (silent.status, silent.evidence) == (Status.WARNING, ("HTTP 500", "Server Error (500)"))


@pytest.mark.parametrize(
    "line",
    [
        "botocore.exceptions.NoCredentialsError: Unable to locate credentials",
        "botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: https://s3.amazonaws.com",
        "redis.exceptions.ConnectionError: Error 111 connecting to localhost:6379. Connection refused.",
        "kombu.exceptions.OperationalError: [Errno 111] Connection refused",
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='api.example.com', port=443)",
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
    ],
)
def test_a_service_that_a_preflight_lacks_is_not_checked(line):
    check = front(Answer(500), line)
    assert check.status is Status.NOT_CHECKED
    assert line in check.message


def test_a_page_is_not_blamed_for_what_was_logged_before_it():
    assert front(Answer(500), before=[NO_TABLE]).status is Status.WARNING


def test_without_a_database_its_errors_are_not_checked():
    check = front(Answer(500), NO_SERVER, context=Context(no_database="PostgreSQL is not installed"))
    assert (check.status, "PostgreSQL is not installed" in check.message) == (Status.NOT_CHECKED, True)
    assert front(Answer(500), "ModuleNotFoundError: No module named 'yaml'").status is Status.FAILED


def test_a_page_that_does_not_answer_is_judged_by_its_log_as_well():
    silent = Answer(error="TimeoutError: timed out")
    assert front(silent).cause is Cause.NO_ANSWER
    assert front(silent, NO_SERVER).status is Status.FAILED


@pytest.mark.parametrize("status", [200, 302, 401, 404])
def test_another_answer_passes(status):
    assert (
        front(Answer(status, {"location": "https://login.example.com/"} if status == 302 else {})).status
        is Status.PASSED
    )
