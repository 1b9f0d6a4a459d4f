"""Requests per second and 99th percentile of the template against a gunicorn tutorial's configuration, in turn.

    python benchmarks/app_throughput.py [runs] [seconds]

Needs wrk, PostgreSQL, and the environment of the template's own tests (FLASK_ON_AWS_APP_BIN names its bin folder) with
benchmarks/tutorial/requirements.txt in it. Peer: 2 workers of 4 threads, ORM, psycopg2, no access log (gunicorn's
default). Template: 2 workers of 4 threads behind drain.py, with all its middleware and the log line of each request.
"""

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import psycopg  # noqa: E402
from flask_on_aws_cli.local_project.ports import free_port  # noqa: E402

from tests.reliability.processes import App, Instance, Postgres, postgres_bin_folder  # noqa: E402

RUNS = 30  # enough to show a configuration that collapses occasionally
SECONDS = 4
CONNECTIONS = 32
FEW_CONNECTIONS = 4
COLLAPSED = 0.5  # of its own median
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}

ROW = """
import board, sqlalchemy
from board.database import read
from board.models import Post
from flask import Response

ROW = sqlalchemy.select(Post.body).where(Post.id == sqlalchemy.bindparam("post_id"))

def create_app():
    app = board.create_app()
    @app.get("/row")
    def row():
        rows = read(ROW, post_id=1)
        return Response(rows[0].body, content_type="text/plain; charset=utf-8")
    return app
"""


class Result(NamedTuple):
    """One run of wrk."""

    per_second: float
    p99_ms: float
    errors: int


def load(port: int, path: str, connections: int, seconds: int) -> Result:
    """Run wrk in one thread."""
    url = f"http://127.0.0.1:{port}{path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 a fixed command
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    if not (p99 and rate):
        raise RuntimeError(output)
    errors = sum(
        int(number) for number in re.findall(r"(?:Non-2xx or 3xx responses:|timeout|read|write|connect) (\d+)", output)
    )
    return Result(float(rate[1]), float(p99[1]) * _UNITS[p99[2]], errors)


@contextmanager
def serving_template(bin_folder: Path) -> Iterator[tuple[Instance, str]]:
    """The template with 2 workers of 4 threads and the page `/row`, and the URL of its database, which has that row."""
    postgres_bin = postgres_bin_folder()
    if postgres_bin is None:
        sys.exit("There is no PostgreSQL server: neither in /usr/lib/postgresql nor pg_ctl on the PATH.")
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (scratch / "benchmark.py").write_text(ROW)
        postgres = Postgres(postgres_bin)
        postgres.start()
        stack.callback(postgres.stop)
        url = postgres.new_database()
        app = App(
            bin_folder, scratch, DATABASE_URL=url, WEB_CONCURRENCY="2", PYTHONPATH=str(scratch), DRAIN_SECONDS="0"
        )
        subprocess.run(app.release, cwd=app.home, env=app.environment, check=True, capture_output=True)  # noqa: S603
        with psycopg.connect(url) as connection:
            connection.execute("insert into post (body) values ('hello')")
        app.web = ["/bin/sh", "-c", "exec python drain.py python serve.py benchmark:create_app"]
        yield stack.enter_context(app.serving()), url


def app_environment() -> Path:
    """The bin folder of the template's own environment."""
    return Path(os.environ.get("FLASK_ON_AWS_APP_BIN") or Path(sys.prefix, "app", "bin"))


def start_peer(bin_folder: Path, url: str) -> tuple["subprocess.Popen[bytes]", int]:
    """Start the tutorial's app with its own command; returns the process and its port."""
    port = free_port()
    environment = {**os.environ, "DB_CONNECTION_STRING": url, "GUNICORN_BIND": f"127.0.0.1:{port}"}
    command = [bin_folder / "gunicorn", "--config", "gunicorn_config.py", "app:app"]
    home = ROOT / "benchmarks" / "tutorial"
    return subprocess.Popen(command, cwd=home, env=environment, stderr=subprocess.DEVNULL), port  # noqa: S603


def summary(name: str, results: list[Result]) -> str:
    """Median, range, number of collapsed runs and errors."""
    rates = sorted(result.per_second for result in results)
    median = statistics.median(rates)
    collapsed = sum(rate < COLLAPSED * median for rate in rates)
    p99 = statistics.median(result.p99_ms for result in results)
    errors = sum(result.errors for result in results)
    return (
        f"{name}: {median:,.0f} requests/s ({rates[0]:,.0f} to {rates[-1]:,.0f}), p99 {p99:.1f} ms, "
        f"collapsed {collapsed} of {len(results)}, errors {errors}"
    )


def main() -> None:
    """Run both apps at the same time, and send requests to one at a time."""
    runs, seconds = (int(text) for text in (sys.argv[1:] + [str(RUNS), str(SECONDS)][len(sys.argv) - 1 :])[:2])
    bin_folder = app_environment()
    with ExitStack() as stack:
        instance, url = stack.enter_context(serving_template(bin_folder))
        template = instance.port
        process, peer = start_peer(bin_folder, url)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        time.sleep(3)
        print(
            f"{datetime.now(UTC):%Y-%m-%d}, {platform.platform()}, {os.cpu_count()} cores, {runs} runs of {seconds} s"
        )
        for name, template_path, peer_path in (("hello", "/up", "/"), ("row", "/row", "/row")):
            pairs = [
                (load(template, template_path, CONNECTIONS, seconds), load(peer, peer_path, CONNECTIONS, seconds))
                for _ in range(runs)
            ]
            print(summary(f"{name}, template", [pair[0] for pair in pairs]))
            print(summary(f"{name}, peer    ", [pair[1] for pair in pairs]))
            print(f"{name}, ratio {statistics.median(a.per_second / b.per_second for a, b in pairs):.2f} (goal: 2.0)")
            p99s = [load(template, template_path, FEW_CONNECTIONS, seconds).p99_ms for _ in range(max(runs // 5, 1))]
            print(f"{name}, p99 at {FEW_CONNECTIONS} connections {statistics.median(p99s):.1f} ms (goal: 3)")


if __name__ == "__main__":
    main()
