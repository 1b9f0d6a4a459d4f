"""What an output shows: pure, with lines as programs print them. test_broken_apps.py has apps that print them."""

import pytest
from flask_on_aws_cli.preflight.check import Cause
from flask_on_aws_cli.preflight.diagnosis.diagnosis import diagnose, diagnose_disk, diagnose_sqlite
from flask_on_aws_cli.preflight.output import Context, Output
from hypothesis import given
from hypothesis import strategies as st

TRACEBACK = ["Traceback (most recent call last):", '  File "/app/app.py", line 3, in <module>']


@pytest.mark.parametrize(
    ("lines", "cause", "part"),
    [
        (["exec /usr/local/bin/python: exec format error"], Cause.ARCHITECTURE, "processor"),
        (
            [
                "psycopg.OperationalError: connection is bad: sslmode value "
                '"verify-full" invalid when SSL support is not compiled in'
            ],
            Cause.WITHOUT_TLS,
            "without TLS",
        ),
        (["OSError: [Errno 30] Read-only file system: '/app/hits.txt'"], Cause.WRITES_TO_DISK, "/app/hits.txt"),
        (["mkdir: cannot create directory 'uploads': Read-only file system"], Cause.WRITES_TO_DISK, "uploads"),
        (["touch: cannot touch '/app/x': Permission denied"], Cause.WRITES_TO_DISK, "/app/x"),
        (["chown: changing ownership of '/app': Operation not permitted"], Cause.NEEDS_ROOT, "root"),
        ([*TRACEBACK, "PermissionError: [Errno 13] Permission denied"], Cause.NEEDS_ROOT, "root"),
        (["nginx: [emerg] bind() to 0.0.0.0:80 failed (13: Permission denied)"], Cause.NEEDS_ROOT, "root"),
        (["sh: 1: API_KEY: parameter not set"], Cause.MISSING_VARIABLE, "API_KEY"),
        (['environs.EnvError: Environment variable "API_KEY" not set'], Cause.MISSING_VARIABLE, "API_KEY"),
        (
            ["decouple.UndefinedValueError: API_KEY not found. Declare it as envvar or define a default value."],
            Cause.MISSING_VARIABLE,
            "API_KEY",
        ),
        (
            ["pydantic_core.ValidationError", "api_key", "  Field required [type=missing]"],
            Cause.MISSING_VARIABLE,
            "API_KEY",
        ),
        (["ImportError: no pq wrapper available."], Cause.NOT_INSTALLED, "libpq"),
        (
            ["ImportError: libmagic.so.1: cannot open shared object file: No such file or directory"],
            Cause.NOT_INSTALLED,
            "libmagic.so.1",
        ),
        (["ModuleNotFoundError: No module named 'PIL'"], Cause.NOT_INSTALLED, "PIL"),
        (["OSError: [Errno 98] Address already in use"], Cause.ADDRESS_IN_USE, "already in use"),
        (['psycopg.errors.UndefinedTable: relation "post" does not exist'], Cause.DATABASE, "post"),
        (
            ["ValueError: invalid interpolation syntax in 'postgresql://app:p%40@db:5432/app' at position 17"],
            Cause.DATABASE,
            "%",
        ),
        (
            ['docker: Error response from daemon: exec: "gunicron": executable file not found in $PATH.'],
            Cause.START_COMMAND_NOT_FOUND,
            "gunicron",
        ),
    ],
)
def test_a_line_tells_the_cause(lines, cause, part):
    found = diagnose(Output(["starting", *lines, "bye"], "gunicorn app:app", 1))
    assert found.cause is cause
    assert part in found.sentence
    assert lines[-1] in found.evidence
    assert found.fix


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["[INFO] Booting worker with pid: 7"],
        [*TRACEBACK, '    prices["SKU_17"]', "KeyError: 'SKU_17'"],  # a dictionary of the app's own
        ["GET /static/x 404"],
        ["the file is set"],
    ],
)
def test_other_lines_tell_none(lines):
    assert diagnose(Output(lines, "gunicorn app:app", 1)) is None


CONTROL = "[2026-11-29 15:53:50 +0000] [7] [ERROR] Control server error: [Errno 30] Read-only file system: '/.gunicorn'"
REFUSED = "OSError: [Errno 30] Read-only file system: '/app/hits.txt'"
BOOTED = "[2026-11-29 15:53:50 +0000] [8] [INFO] Booting worker with pid: 8"
FAILED_TO_BOOT = [
    "[2026-11-29 15:53:51 +0000] [8] [INFO] Worker exiting (pid: 8)",
    "[2026-11-29 15:53:51 +0000] [7] [ERROR] Worker (pid:8) exited with code 3.",
    "[2026-11-29 15:53:51 +0000] [7] [ERROR] Shutting down: Master",
    "[2026-11-29 15:53:51 +0000] [7] [ERROR] Reason: Worker failed to boot.",
]


@pytest.mark.parametrize(
    ("lines", "code", "cause"),
    [
        # Libraries that log a refused write and go on, before the app fails by something else.
        (
            [CONTROL, BOOTED, *TRACEBACK, "ModuleNotFoundError: No module named 'yaml'", *FAILED_TO_BOOT],
            3,
            "dependency not installed",
        ),
        ([CONTROL, BOOTED, "the queue is gone"], 1, None),
        ([CONTROL, *TRACEBACK, "ZeroDivisionError: division by zero"], None, None),
        (["[ERROR] no cache", *TRACEBACK, REFUSED, *TRACEBACK, "ZeroDivisionError: division by zero"], None, None),
        (["ERROR:shop:no cache", *TRACEBACK, REFUSED, "the queue is gone"], 1, None),
        (["Exception in thread Thread-1 (save):", *TRACEBACK, REFUSED, "the queue is gone"], 1, None),
        (["UserWarning: no cache: [Errno 13] Permission denied: '/.cache'", "serving"], 1, None),
        (['{"level": "error", "message": "could not write cache: Read-only file system"}', "serving"], None, None),
        (["WARNING:tiles:unable to open database file", "serving"], None, None),
        # A refused write that ends the app, or its request.
        ([CONTROL, BOOTED, *TRACEBACK, REFUSED, *FAILED_TO_BOOT], 3, "writes to disk"),
        (["ERROR:root:cannot start: [Errno 30] Read-only file system: '/app/x'"], 1, "writes to disk"),
        (["[ERROR] [Errno 30] Read-only file system: '/app/x'", '"GET /up HTTP/1.1" 500 -'], None, "writes to disk"),
        ([*TRACEBACK, REFUSED, '10.0.0.7 - - "GET /up HTTP/1.1" 500 -', "tick"], None, "writes to disk"),
        (
            [
                *TRACEBACK,
                REFUSED,
                "",
                "During handling of the above exception, another exception occurred:",
                "",
                *TRACEBACK,
                "RuntimeError: cannot save",
                *FAILED_TO_BOOT,
            ],
            3,
            "writes to disk",
        ),
        (
            [
                *TRACEBACK,
                "sqlite3.OperationalError: unable to open database file",
                "",
                "The above exception was the direct cause of the following exception:",
                "",
                *TRACEBACK,
                "sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) unable to open database file",
                "(Background on this error at: https://sqlalche.me/e/20/e3q8)",
            ],
            1,
            "SQLite on scratch disk",
        ),
    ],
)
def test_a_refused_write_is_a_cause_only_if_the_app_failed_by_it(lines, code, cause):
    found = diagnose(Output(lines, "gunicorn app:app", code))
    assert (found.cause if found else None) == cause
    assert diagnose_disk(Output(lines)) or diagnose_sqlite(Output(lines))


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ("django", 'DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"])}, with dj-database-url'),
        ("flask-sqlalchemy", 'SQLALCHEMY_DATABASE_URI = os.environ["DATABASE_URL"]'),
    ],
)
def test_the_fix_of_sqlite_is_the_line_of_the_framework(package, line):
    lines = [*TRACEBACK, "sqlite3.OperationalError: unable to open database file"]
    found = diagnose(Output(lines, "gunicorn app:app", 1, Context({package: "1"})))
    assert found.fix == f"use the database in DATABASE_URL: {line}"


NPM = [
    "npm error Lifecycle script `release` failed with error:",
    "npm error code 1",
    "npm error path /app",
    "npm error workspace shop@1.0.0",
    "npm error command failed",
    "npm error command sh -c node release.js",
    "npm notice",
    "npm notice New major version of npm available! 10.9.2 -> 11.6.2",
    "npm notice Changelog: https://github.com/npm/cli/releases/tag/v11.6.2",
    "npm notice To update run: npm install -g npm@11.6.2",
    "npm notice",
]


@pytest.mark.parametrize(
    "notices",
    [
        NPM,
        ["npm ERR! code 1", "npm ERR! A complete log of this run can be found in: /root/.npm/_logs/x-debug-0.log"] * 5,
        ["", "[notice] A new release of pip is available: 24.0 -> 25.3", "[notice] To update, run: pip install -U pip"]
        * 4,
        ["WARNING: Running pip as the 'root' user can result in broken permissions"] * 9,
        ["info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command."] * 9,
    ],
)
def test_the_last_lines_are_not_a_tool_s_notices(notices):
    lines = ["migrating", "Error: column 'price' is of the wrong type", *notices]
    assert Output(lines, "npm run release", 1).last() == tuple(lines[:2])


def test_notices_are_shown_if_there_is_nothing_else():
    assert Output(NPM).last() == tuple(NPM[-8:])
    assert Output(['npm error Missing script: "release"', *NPM]).last() == ('npm error Missing script: "release"',)


def test_an_exit_code_alone_tells_that_the_command_is_missing():
    found = diagnose(Output([], "./serve", 127))
    assert (found.cause, found.sentence) == (
        Cause.START_COMMAND_NOT_FOUND,
        "the start command's ./serve does not exist",
    )


def test_the_package_of_a_module_is_named():
    assert "add opencv-python-headless" in diagnose(Output(["ModuleNotFoundError: No module named 'cv2'"])).fix
    assert "add flask-login" in diagnose(Output(["ModuleNotFoundError: No module named 'flask_login'"])).fix


@given(st.lists(st.text(max_size=200), max_size=30), st.text(max_size=50), st.none() | st.integers(0, 255))
def test_no_output_makes_it_fail(lines, command, code):
    found = diagnose(Output(lines, command, code))
    assert found is None or set(found.evidence) <= set(lines)


@pytest.mark.parametrize(
    ("line", "command", "packages", "fix"),
    [
        (
            "/bin/sh: 1: exec: flask: not found",
            "flask run",
            {},
            "add the package that provides flask to the dependencies (Flask), or correct the start command",
        ),
        ("/bin/sh: 1: flask: not found", "flask run", {"Flask": "3.1.2"}, "correct the start command"),
        (
            "sh: 1: exec: pdftotext: not found",
            "pdftotext",
            {},
            "add the package that provides pdftotext to the setting systemPackages (poppler-utils), or correct the "
            "start command",
        ),
        (
            "sh: 1: exec: serve-it: not found",
            "serve-it",
            {},
            "add the package that provides serve-it to the dependencies, or correct the start command",
        ),
    ],
)
def test_the_package_of_a_command_that_is_not_found_is_named(line, command, packages, fix):
    finding = diagnose(Output([line], command, 127, Context(packages)))
    assert finding is not None
    assert (finding.cause, finding.fix) == (Cause.START_COMMAND_NOT_FOUND, fix)


def test_the_debian_package_of_a_program_that_the_app_runs_is_named():
    error = "FileNotFoundError: [Errno 2] No such file or directory: 'ffmpeg'"
    finding = diagnose(Output([*TRACEBACK, error], "gunicorn app:app", 1))
    assert finding is not None
    assert (finding.cause, finding.fix) == (Cause.NOT_INSTALLED, "add ffmpeg to the setting systemPackages")
    other = diagnose(Output([*TRACEBACK, error.replace("ffmpeg", "settings.ini")], "gunicorn app:app", 1))
    assert other is None or other.cause is not Cause.NOT_INSTALLED
