"""The processes that the tests run: PostgreSQL, the template's server, HAProxy, and clients that count responses."""

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import psycopg
from flask_on_aws_cli.local_project.ports import free_port

TEMPLATE = Path(__file__).parents[2] / "app_template"
_KEY = "k8Zq1vT0uW5xY2aB7cD4eF9gH6iJ3lMnOpQrStUv"


def postgres_bin_folder() -> Path | None:
    """The folder of the newest installed PostgreSQL's programs, if there is one."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"), key=lambda path: int(path.parts[-3]))
    pg_ctl = shutil.which("pg_ctl")
    program = versions[-1] if versions else pg_ctl and Path(pg_ctl).resolve()
    return program.parent if program else None


class Postgres:
    """A PostgreSQL server in a temporary folder, on a TCP port of the loopback address."""

    def __init__(self, bin_folder: Path) -> None:
        self._bin_folder, self.port = bin_folder, free_port()
        self.home = Path(tempfile.mkdtemp(prefix="reliability-"))
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.home, "nobody")
        self._names = iter(f"board_{number}" for number in range(10_000))
        self._run("initdb", "--auth=trust", "--username=board", "--encoding=UTF8", "--no-sync", str(self.home / "data"))

    def _run(self, command: str, *arguments: str) -> None:
        user = "nobody" if os.geteuid() == 0 else None
        subprocess.run(
            [self._bin_folder / command, *arguments], user=user, cwd=self.home, check=True, stdout=subprocess.DEVNULL
        )

    def start(self) -> None:
        options = f"-k {self.home} -c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off"
        self._run("pg_ctl", "-D", f"{self.home}/data", "-o", options, "-l", f"{self.home}/log", "-w", "start")

    def stop(self) -> None:
        """Stop immediately, as in a power failure."""
        self._run("pg_ctl", "-D", f"{self.home}/data", "-m", "immediate", "-w", "stop")

    def is_running(self) -> bool:
        return (self.home / "data" / "postmaster.pid").exists()

    def url(self, name: str) -> str:
        return f"postgresql://board@127.0.0.1:{self.port}/{name}"

    def require_password(self, role: str) -> None:
        """Require a password of one role; all others are trusted."""
        rules = self.home / "data" / "pg_hba.conf"
        rules.write_text(f"host all {role} 127.0.0.1/32 scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute("select pg_reload_conf()")

    def new_database(self) -> str:
        name = next(self._names)
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return self.url(name)


class App:
    """The template's start command, from its Procfile, and its environment."""

    def __init__(self, bin_folder: Path, scratch: Path, home: Path = TEMPLATE, **environment: str) -> None:
        commands = dict(re.findall(r"^(\w+): (.+)", (TEMPLATE / "Procfile").read_text(), re.MULTILINE))
        self.web = ["/bin/sh", "-c", f"exec {commands['web']}"]
        self.release = ["/bin/sh", "-c", f"exec {commands['release']}"]
        self.home, self._log = home, scratch / "app.log"
        self.environment = {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "HOME": "/dev/null",
            "PYTHONDONTWRITEBYTECODE": "1",
            "SECRET_KEY": _KEY,
            "GRANIAN_HOST": "127.0.0.1",
            **environment,
        }

    def use(self, server: str) -> None:
        """Start this server with drain.py instead of the one in the Procfile."""
        if server == "gunicorn":
            self.web = ["/bin/sh", "-c", 'exec python drain.py gunicorn --bind 127.0.0.1:$PORT "board:create_app()"']

    @property
    def database_url(self) -> str:
        return self.environment["DATABASE_URL"]

    @contextmanager
    def serving(self, **environment: str) -> Iterator["Instance"]:
        instance = self.start(**environment)
        try:
            yield instance
        finally:
            instance.stop()

    def start(self, **environment: str) -> "Instance":
        port = free_port()
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                self.web,
                cwd=self.home,
                env=self.environment | {"PORT": str(port)} | environment,
                stderr=log,
                stdout=subprocess.DEVNULL,
            )
        instance = Instance(process, port)
        end = time.monotonic() + 30
        while instance.status("/up") != 200:
            assert process.poll() is None, self._log.read_text()
            assert time.monotonic() < end, self._log.read_text()
            time.sleep(0.05)
        return instance

    def log(self) -> str:
        return self._log.read_text()

    def bodies(self) -> list[str]:
        with psycopg.connect(self.database_url) as connection:
            return [body for (body,) in connection.execute("select body from post")]


class Instance:
    """One running server, like a task on ECS."""

    def __init__(self, process: "subprocess.Popen[bytes]", port: int) -> None:
        self.process, self.port = process, port

    def status(self, path: str) -> int | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The processes that handle requests: children of the server, which is drain.py's child."""
        workers = []
        for server in _children(self.process.pid):
            workers += _children(server)
        return workers

    def stop(self) -> int:
        """Stop the server at once, with a second SIGTERM, which ends the drain time."""
        while self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        return self.process.returncode


def _children(pid: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return children


class HaProxy:
    """A load balancer that, like AWS's, keeps connections to the app open and never sends a request twice."""

    def __init__(self, command: str, scratch: Path, slots: int = 4, idle_seconds: int = 50) -> None:
        self.port = free_port()
        self._socket = scratch / "haproxy.sock"
        servers = "\n".join(f"    server s{number} 127.0.0.1:1 disabled" for number in range(slots))
        (scratch / "haproxy.cfg").write_text(f"""
global
    stats socket {self._socket} level admin
    tune.idle-pool.shared on
defaults
    mode http
    timeout connect 3s
    timeout client 60s
    timeout server {idle_seconds}s
    retries 0
frontend in
    bind 127.0.0.1:{self.port}
    default_backend app
backend app
    http-reuse always
    balance roundrobin
    default-server pool-purge-delay {idle_seconds}s
{servers}
""")
        self._process = subprocess.Popen([command, "-db", "-f", str(scratch / "haproxy.cfg")])
        end = time.monotonic() + 10
        while not self._socket.exists():
            assert self._process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.02)

    def run(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self._socket))
            connection.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: connection.recv(4096), b"")).decode()

    def route(self, slot: int, port: int) -> None:
        self.run(f"set server app/s{slot} addr 127.0.0.1 port {port}")
        self.run(f"set server app/s{slot} state ready")

    def deregister(self, slot: int) -> None:
        self.run(f"set server app/s{slot} state maint")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class Clients:
    """Clients in threads: each keeps a connection open, reads the board and occasionally posts to it."""

    def __init__(self, port: int, count: int, one_post_in: int = 20, pause: float = 0) -> None:
        self._port, self._one_post_in, self._pause = port, one_post_in, pause
        self._lock, self._end = threading.Lock(), threading.Event()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """Number of responses by method and status or type of error."""
        self.slowest = 0.0
        """Seconds of the slowest request."""
        self.last_failure = float("-inf")
        self.posted: list[str] = []
        """Bodies of successful posts."""
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(count)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join()

    @property
    def total(self) -> int:
        with self._lock:
            return sum(self.outcomes.values())

    def failures(self) -> dict[tuple[str, str], int]:
        successes = {("GET", "200"), ("POST", "303")}
        return {outcome: count for outcome, count in self.outcomes.items() if outcome not in successes}

    def _run(self, number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=40)
        token, cookie, turn = "", "", 0
        while not self._end.is_set():
            turn += 1
            began = time.monotonic()
            method = "POST" if token and turn % self._one_post_in == 0 else "GET"
            body = f"{number}/{turn}"
            try:
                if method == "POST":
                    form = urlencode({"csrf_token": token, "body": body})
                    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
                    connection.request("POST", "/", form, headers)
                else:
                    connection.request("GET", "/" if not token else "/up/databases")
                response = connection.getresponse()
                text, outcome = response.read().decode(), str(response.status)
            except (OSError, http.client.HTTPException) as error:
                text, outcome = "", type(error).__name__
                connection.close()
            else:
                if not token and (match := re.search(r'name="csrf_token"[^>]* value="([^"]+)"', text)):
                    token, cookie = match[1], (response.getheader("Set-Cookie") or "").split(";")[0]
            self._count(method, outcome, body, began)
            time.sleep(self._pause)
        connection.close()

    def _count(self, method: str, outcome: str, body: str, began: float) -> None:
        now = time.monotonic()
        with self._lock:
            self.outcomes[method, outcome] += 1
            self.slowest = max(self.slowest, now - began)
            if outcome not in ("200", "303"):
                self.last_failure = now
            if outcome == "303":
                self.posted.append(body)
