"""What was seen → the verdict: pure."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask_on_aws.build_plan.plan import BuildPlanError, plan_build
from flask_on_aws_cli.preflight.app_checks.disk import disk_check, sqlite_check
from flask_on_aws_cli.preflight.app_checks.page import referenced_files
from flask_on_aws_cli.preflight.app_checks.shutdown import Stop, judge_stop, script_of, shell_script_of
from flask_on_aws_cli.preflight.app_checks.start import Expectation, Start, start_checks
from flask_on_aws_cli.preflight.check import Cause, Finding, Status, failed
from flask_on_aws_cli.preflight.containers.by_container import judge_architecture
from flask_on_aws_cli.preflight.diagnosis.bind_rules import bind_fix
from flask_on_aws_cli.preflight.output import Output
from flask_on_aws_cli.preflight.prepare import no_plan
from flask_on_aws_cli.preflight.probes import probe, sqlite_files
from flask_on_aws_cli.preflight.running import Answer, Listener, SqliteFile

EXPECTED = Expectation("gunicorn app:app", 8080, "/up", 60, "shop.example.com")
WELL = Answer(200)


def verdict(**seen):
    return {check.name: check for check in start_checks(Start(**{"seconds": 2.0, "lines": (), **seen}), EXPECTED)}


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_an_app_on_all_addresses_is_reached(address):
    checks = verdict(listeners=[Listener("127.0.0.1", 9000), Listener(address, 8080)], answer=WELL)
    assert [check.status for check in checks.values()] == [Status.PASSED] * 3


@pytest.mark.parametrize(
    ("listeners", "cause", "there"),
    [
        ([("127.0.0.1", 8080)], Cause.WRONG_INTERFACE, "127.0.0.1:8080"),
        ([("::1", 8080)], Cause.WRONG_INTERFACE, "[::1]:8080"),
        ([("192.168.1.5", 8080)], Cause.WRONG_INTERFACE, "192.168.1.5:8080"),
        ([("127.0.0.1", 5000)], Cause.WRONG_INTERFACE, "127.0.0.1:5000"),
        ([("0.0.0.0", 5000)], Cause.WRONG_PORT, "0.0.0.0:5000"),
        ([("0.0.0.0", 5000), ("127.0.0.1", 9000)], Cause.WRONG_PORT, "0.0.0.0:5000, 127.0.0.1:9000"),
    ],
)
def test_an_app_elsewhere_is_told_where_it_is(listeners, cause, there):
    found = verdict(listeners=[Listener(*one) for one in listeners])["listens"]
    assert found.cause is cause
    assert found.message == f"listens on {there}, must be 0.0.0.0:$PORT (here 8080)"
    assert "add --bind 0.0.0.0:$PORT" in found.fix


def test_a_server_that_tries_again_and_again_is_told_by_its_output():
    checks = verdict(lines=["ModuleNotFoundError: No module named 'yaml'"])
    assert checks["starts"].cause is Cause.NOT_INSTALLED
    assert checks["listens"].status is Status.NOT_CHECKED


def test_memory_that_is_used_up_is_told():
    assert verdict(exit_code=137, out_of_memory=True)["starts"].cause is Cause.OUT_OF_MEMORY


@pytest.mark.parametrize("status", [201, 204, 302, 403, 404, 418, 500, 503])
def test_only_200_counts(status):
    found = verdict(listeners=[Listener("0.0.0.0", 8080)], answer=Answer(status), visit=Answer(status))["health"]
    assert found.status is Status.FAILED
    assert str(status) in found.message + "".join(found.evidence)


def test_silence_is_told():
    silent = Answer(error="TimeoutError: timed out")
    found = verdict(listeners=[Listener("0.0.0.0", 8080)], answer=silent)["health"]
    assert (found.cause, "timed out" in found.message) == (Cause.NO_ANSWER, True)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("gunicorn app:app", "--bind"),
        ("python drain.py granian app:app", "--host 0.0.0.0 --port"),
        ("waitress-serve app:app", "--listen"),
        ("uwsgi --ini uwsgi.ini", "--http"),
        ("uvicorn app:app", "--host 0.0.0.0 --port $PORT"),
        ("hypercorn app:app", "--bind 0.0.0.0:$PORT"),
        ("flask --app shop run", "gunicorn"),
        ("python app.py", "app.run("),
    ],
)
def test_each_server_is_told_in_its_own_words(command, word):
    assert word in bind_fix(command)


@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [
        (0, Status.PASSED, None),
        (None, Status.FAILED, Cause.IGNORES_SIGTERM),
        (143, Status.WARNING, Cause.FAILS_ON_SIGTERM),
        (30, Status.WARNING, Cause.FAILS_ON_SIGTERM),  # uWSGI
        (1, Status.WARNING, Cause.FAILS_ON_SIGTERM),
        (137, Status.WARNING, Cause.FAILS_ON_SIGTERM),
    ],
)
def test_the_end_after_sigterm(code, status, cause):
    check = judge_stop(Stop(code, 1.0, ["bye"]), "gunicorn", 60)
    assert (check.status, check.cause) == (status, cause)


def test_a_server_that_handles_sigterm_and_then_ends_by_it_is_well():
    lines = ["INFO: Shutting down", "INFO: Finished server process"]
    assert judge_stop(Stop(143, 1.0, lines, logged=True), "uvicorn", 60).status is Status.PASSED
    assert judge_stop(Stop(137, 1.0, lines, logged=True), "uvicorn", 60).cause is Cause.FAILS_ON_SIGTERM


@pytest.mark.parametrize(
    ("command", "source", "lines", "fix"),
    [
        ("uwsgi --http 0.0.0.0:$PORT -w app:app", "", [], "--die-on-term"),
        ("flask --app shop run --host 0.0.0.0", "", [], "gunicorn"),
        ("python main.py", "", ["WARNING: This is a development server."], "gunicorn"),
        ("waitress-serve --listen 0.0.0.0:$PORT app:app", "", [], "gunicorn"),
        ("python main.py", "import waitress\nwaitress.serve(app)", [], "before waitress.serve()"),
        ("python main.py", "", ["INFO:waitress:Serving on http://0.0.0.0:8080"], "before waitress.serve()"),
        ("python main.py", "import tornado.web", [], "add_signal_handler(signal.SIGTERM"),
        ("python -m http.server $PORT", "", [], "gunicorn"),
        ("python serve.py", "from http.server import HTTPServer", [], "target=server.shutdown"),
        ("python serve.py", "from wsgiref.simple_server import make_server", [], "target=server.shutdown"),
        ("python serve.py", "print()", [], "lambda *_: sys.exit(0)"),
        ("bash boot.sh", "", [], "put `exec` before"),
        ("./boot.sh", "", [], "put `exec` before"),
        ("npm start", "", [], "through npm"),
        ("/srv/serve", "", [], "gunicorn"),
        ("", "", [], "gunicorn"),
    ],
)
def test_each_server_that_does_not_stop_cleanly_is_told_the_line_to_change(command, source, lines, fix):
    check = judge_stop(Stop(143, 1.0, lines), command, 60, source)
    assert check.status is Status.WARNING
    assert "requests in flight are cut off" in check.message
    assert fix in check.fix


def test_the_script_of_a_start_command_is_found(tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "main.py").write_text("main")
    (tmp_path / "shop" / "server.py").write_text("server")
    for command in (
        "python main.py",
        "python3 -u ./main.py --port $PORT",
        "exec python3.13 main.py",
        "python x.py python main.py",
    ):
        assert script_of(command, tmp_path) == "main"
    assert script_of("python -m shop.server", tmp_path) == "server"
    for command in ("", "gunicorn app:app", "python gone.py", "python -c 1"):
        assert script_of(command, tmp_path) == ""


def test_the_shell_script_of_a_start_command_is_found(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "start.sh").write_text("exec gunicorn")
    for command in ("sh bin/start.sh", "./bin/start.sh --port $PORT", "exec bash -e /app/bin/start.sh"):
        assert shell_script_of(command, tmp_path) == "exec gunicorn"
    for command in ("", "gunicorn app:app", "sh gone.sh", "gunicorn start.sh:app", "sh /bin/start.sh"):
        assert shell_script_of(command, tmp_path) == ""


REFUSED = "OSError: [Errno 30] Read-only file system: '/app/hits.txt'"


def test_a_refused_write_fails_only_what_failed_by_it():
    output = Output([REFUSED], "gunicorn")
    assert disk_check(Output([], "gunicorn"), []).status is Status.PASSED
    assert disk_check(output, []).status is Status.WARNING
    assert disk_check(output, [failed("starts", Finding(Cause.CRASHED, "", ""))]).status is Status.WARNING
    blamed = disk_check(output, [failed("starts", Finding(Cause.WRITES_TO_DISK, "it writes", "write elsewhere"))])
    assert (blamed.status, blamed.message, blamed.fix) == (Status.FAILED, "it writes", "write elsewhere")


def test_a_cache_that_sqlite_could_not_open_is_a_warning():
    output = Output(["WARNING:cache:unable to open database file, caching is off"], "gunicorn")
    assert sqlite_check(output, [], []).status is Status.WARNING
    assert sqlite_check(output, [], [failed("starts", Finding(Cause.SQLITE, "", ""))]).status is Status.FAILED
    assert sqlite_check(output, [SqliteFile("/tmp/app.db")], []).status is Status.FAILED


@pytest.mark.parametrize(
    ("path", "tables", "is_lost"),
    [
        ("/tmp/app.db", ["post", "user"], True),
        ("/tmp/app.db", [], True),
        ("/tmp/settings.db", ["Settings"], True),
        ("/tmp/shop.sqlite3", ["cache", "order"], True),
        ("/tmp/diskcache-x1/cache.db", ["Cache", "Settings"], False),
        ("/tmp/data/store.db", ["Cache", "Settings"], False),
        ("/tmp/pages.sqlite", ["redirects", "responses"], False),
        ("/tmp/http_cache.sqlite", [], False),
        ("/tmp/.cache/py-yfinance/tkr-tz.db", ["_tz_kv"], False),
        ("/tmp/tmpk3_9x0ab/tiles.mbtiles", ["tiles"], False),
        ("/tmp/tmpk3_9x0ab.db", ["work"], False),
        ("/tmp/tmpfiles/app.db", ["post"], True),
        ("/tmp/x.db", ["my_cache_table"], False),
    ],
)
def test_a_cache_in_sqlite_may_be_lost_and_data_may_not(path, tables, is_lost):
    check = sqlite_check(Output([], "gunicorn"), [SqliteFile(path, tables)], [])
    assert check.status is (Status.FAILED if is_lost else Status.PASSED)
    assert path in check.message


def test_the_tables_of_a_database_are_read_without_a_trace(tmp_path):
    path = str(tmp_path / "a b?.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE Cache (id INTEGER PRIMARY KEY AUTOINCREMENT)")
        connection.commit()
        assert sqlite_files.with_tables(sqlite_files.sqlite_files([str(tmp_path)], 0)) == [(path, ["Cache"])]
    (tmp_path / "bad.db").write_bytes(b"SQLite format 3\x00bad")
    assert sqlite_files.tables(str(tmp_path / "bad.db")) == []
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a b?.db", "bad.db"]


def test_the_kernel_s_table_is_read():
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n"
        "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000\n"
        "   1: 0B00007F:9C3F 00000000:0000 0A 00000000:00000000 00:00000000\n"  # Docker's name server
        "   2: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000\n"
        "   3: 0100007F:1388 0100007F:C001 01 00000000:00000000 00:00000000\n"
    )
    six = (
        "  sl  local_address                         remote_address                        st\n"
        f"   0: {'0' * 32}:1F91 {'0' * 32}:0000 0A 00000000:00000000\n"
        f"   1: {'0' * 24}01000000:1F92 {'0' * 32}:0000 0A 00000000:00000000\n"
    )
    found = probe.listeners([table, six])
    assert found == [("0.0.0.0", 8080), ("127.0.0.1", 5000), ("::", 8081), ("::1", 8082)]


def test_a_page_s_own_files_are_named():
    page = """
        <link rel="stylesheet" href="/static/a.css?v=1"><link rel=preconnect href=https://fonts.example.com>
        <script src="js/b.js"></script><script>inline</script><img src='https://shop.example.com/c.png'>
        <script src="https://cdn.example.com/d.js"></script><img src="data:,"><img src=/static/a.css?v=1>
    """
    assert referenced_files(page, "/shop/", "shop.example.com") == ["/static/a.css?v=1", "/shop/js/b.js", "/c.png"]


def test_every_cause_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs" / "preflight.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| ")]
    assert [str(cause) for cause in Cause if str(cause) not in rows] == []


def test_an_image_for_another_processor_is_told():
    assert judge_architecture("amd64", "x86_64").status is Status.PASSED
    found = judge_architecture("arm64", "x86_64")
    assert (found.cause, found.message) == (Cause.ARCHITECTURE, "the image is for arm64, but the tasks run on x86_64")


def test_a_plan_s_problems_are_all_told():
    found = no_plan(BuildPlanError(["Procfile, line 1: 'web' must be a name.", "pyproject.toml, line 2: is not TOML."]))
    assert (found.cause, found.evidence) == (Cause.NO_PLAN, ("pyproject.toml, line 2: is not TOML.",))


@pytest.mark.parametrize(
    ("files", "fix"),
    [
        (
            {"shop/__init__.py": "", "shop/wsgi.py": "from flask import Flask\napplication = Flask(__name__)\n"},
            "write a Procfile: web: gunicorn --bind 0.0.0.0:$PORT shop.wsgi:application, or run `flask-on-aws plan "
            "--write-procfile` in the app's folder",
        ),
        (
            {"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"},
            "add uvicorn to the dependencies and write a Procfile: web: uvicorn --host 0.0.0.0 --port $PORT main:app, "
            "or run `flask-on-aws plan --write-procfile` in the app's folder",
        ),
        ({}, "write a Procfile: web: gunicorn --bind 0.0.0.0:$PORT app:app"),
    ],
)
def test_a_missing_start_command_is_fixed_by_what_would_run(tmp_path, files, fix):
    for name, text in {"requirements.txt": "gunicorn\n", **files}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    with pytest.raises(BuildPlanError) as error:
        plan_build(tmp_path)
    found = no_plan(error.value)
    assert (found.cause, found.fix, found.evidence) == (Cause.NO_START_COMMAND, fix, ())
