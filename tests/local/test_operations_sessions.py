"""Tests of `exec`, `shell` and `tunnel` on a local AWS with real tasks, as a user calls them.

The tests depend on their order: one deploys a release.
"""

import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner
from flask_on_aws_cli.local_project import daemon_control
from flask_on_aws_cli.main import main

from tests.waiting import HANG_SECONDS, SECONDS, until

from .operating import Operated, open_project

COMMAND = str(Path(sys.executable).parent / "flask-on-aws")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operated]:
    local_aws = open_project(tmp_path_factory.mktemp("sessions") / "a project")
    try:
        app = Operated(local_aws, with_sessions=True)
        app.release("first", GREETING="it's me")
        yield app
    finally:
        daemon_control.end(local_aws)


def run(app: Operated, *arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run a command with pipes in place of a terminal."""
    command = [COMMAND, arguments[0], "--project", str(app.project), *arguments[1:]]
    return subprocess.run(command, input=given, capture_output=True, timeout=HANG_SECONDS, check=False)


class Terminal:
    """A command on a terminal, as a person uses it."""

    def __init__(self, app: Operated, *arguments: str) -> None:
        number, far_end = pty.openpty()
        ioctl(number, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        command = [COMMAND, arguments[0], "--project", str(app.project), *arguments[1:]]
        self._before = termios.tcgetattr(far_end)
        self._process = subprocess.Popen(command, stdin=far_end, stdout=far_end, stderr=far_end, start_new_session=True)
        self._number, self._far_end, self.output = number, far_end, ""
        self._poll = select.poll()
        self._poll.register(number, select.POLLIN)

    def type(self, text: str) -> None:
        os.write(self._number, text.encode())

    def wait_for(self, pattern: str) -> None:
        """Wait until the output contains a pattern."""

        def has_it() -> bool:
            if self._poll.poll(100):  # milliseconds; select() knows no descriptor above 1,023
                self.output += os.read(self._number, 4096).decode(errors="replace")
            return re.search(pattern, self.output) is not None

        until(has_it, state=lambda: self.output)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        """Wait for the end; the terminal must be as before."""
        code = self._process.wait(SECONDS)
        assert termios.tcgetattr(self._far_end) == self._before
        os.close(self._number)
        os.close(self._far_end)
        return code


@pytest.mark.parametrize(
    ("words", "output", "code"),
    [
        (["echo $RELEASE; echo $GREETING; exit 5"], b"first\nit's me\n", 5),
        (["printf", "%s.", "a b", "$HOME"], b"a b.$HOME.", 0),
        (["--service", "worker", "tr '\\0' ' ' </proc/1/cmdline >/dev/null; echo $0"], b"/bin/sh\n", 0),
    ],
)
def test_exec_runs_a_command_in_a_task(app: Operated, words: list[str], output: bytes, code: int) -> None:
    result = run(app, "exec", *words)
    assert (result.stdout, result.returncode) == (output, code), result.stderr
    assert re.match(rb"in task [\w-]+: ", result.stderr)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_a_command_ignores_no_signals(app: Operated) -> None:
    """Python ignores SIGPIPE, and a daemon that nohup started SIGHUP: programs would inherit that."""
    result = run(app, "exec", "grep SigIgn /proc/self/status")
    assert result.stdout.split() == [b"SigIgn:", b"0000000000000000"]


def test_exec_passes_on_its_input(app: Operated) -> None:
    content = bytes(range(256)) * 100
    result = run(app, "exec", "--", "cat", given=content)
    assert (result.stdout, result.returncode) == (content, 0), result.stderr


def test_exec_on_a_terminal(app: Operated) -> None:
    sized = 'until test "$(stty size)" = "33 99"; do sleep 0.1; done; echo has its size'
    terminal = Terminal(app, "exec", f"{sized}; read line; echo got:$line; exit 6")
    terminal.wait_for(r"\nhas its size")
    terminal.type("hello\r")
    terminal.wait_for("got:hello")
    assert terminal.end() == 6


def test_ctrl_c_reaches_the_command(app: Operated) -> None:
    terminal = Terminal(app, "exec", "echo ready; sleep 1000")
    terminal.wait_for(r"\nready")
    terminal.type("\x03")
    assert terminal.end() == 130
    with started(app, "sleep 1000") as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130


def started(app: Operated, command: str, **options: Any) -> subprocess.Popen[Any]:
    """A command in a task without a terminal, as soon as it has printed "ready"."""
    process = subprocess.Popen(
        [COMMAND, "exec", "--project", str(app.project), f"echo ready; {command}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        **options,
    )
    assert process.stdout
    assert process.stdout.readline() == b"ready\n"
    return process


def test_a_command_that_ignores_ctrl_c_is_left_the_second_time(app: Operated) -> None:
    with started(app, "trap 'echo ignored' INT; while :; do sleep 0.1; done") as process:
        assert process.stdout
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == b"ignored\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 130


def test_a_signal_restores_the_terminal(app: Operated) -> None:
    terminal = Terminal(app, "exec", "echo ready; sleep 1000")
    terminal.wait_for(r"\nready")
    terminal.signal(signal.SIGTERM)
    assert terminal.end() == 143


def test_output_that_nobody_reads_ends_the_command(app: Operated) -> None:
    with started(app, "yes", stderr=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr
        assert process.stderr.read().count(b"\n") == 1  # the line that names the task


def test_a_shell(app: Operated) -> None:
    terminal = Terminal(app, "shell")
    terminal.wait_for(r"[$#] ")
    terminal.type("echo $RELEASE-$((40 + 2))\r")
    terminal.wait_for("first-42")
    terminal.type("exit 9\r")
    assert terminal.end() == 9


@contextmanager
def destination() -> Generator[str]:
    """A server that only tasks are meant to reach."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"inside")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


class Tunnel:
    def __init__(self, app: Operated, to: str, *options: str) -> None:
        command = [COMMAND, "tunnel", "--project", str(app.project), "--to", to, "--json", *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout
        text = ""
        while not text.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            assert line, self.process.communicate()[1]
            text += line
        self.port = json.loads(text)["port"]

    def get(self) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            content = b""
            while data := connection.recv(4096):
                content += data
        return content

    def close(self) -> tuple[int, str]:
        """End it as Ctrl-C does; exit code and messages."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=SECONDS)
        return self.process.returncode, errors


def test_a_tunnel_outlives_the_task(app: Operated) -> None:
    with destination() as address:
        tunnel = Tunnel(app, address)
        assert tunnel.get().endswith(b"inside")
        app.release("second")
        assert app.running_release() == "second"
        until(lambda: tunnel.get().endswith(b"inside"))
        code, messages = tunnel.close()
    assert code == 0
    first, *others = messages.splitlines()
    assert re.fullmatch(r"through task [\w-]+", first)
    assert "The session has ended; the next connection starts another." in others
    assert others[-1].startswith("through task ")
    assert others[-1] != first


def test_a_command_in_a_tunnel(app: Operated) -> None:
    with destination() as address:
        result = run(app, "tunnel", "--to", address, "--", "sh", "-c", "echo $RELEASE; exit 8")
        assert (result.stdout, result.returncode) == (b"second\n", 8), result.stderr
        result = run(app, "tunnel", "--to", address, "--", "/nowhere/program")
        assert result.returncode == 127
        assert b"/nowhere/program: No such file or directory" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tunnel"], "The app has no database: its setting `database` is none. Use --to HOST:PORT for another host."),
        (["psql"], "The app has no database: its setting `database` is none."),
        (["redis-cli"], "The app has no cache: its setting `cache` is none."),
        (["exec", "--service", "other", "true"], "The app has no service other; it has: web, worker"),
    ],
)
def test_what_does_not_work_is_explained(app: Operated, arguments: list[str], message: str) -> None:
    name, *others = arguments
    result = CliRunner().invoke(main, [name, "--project", str(app.project), *others])
    assert (result.exit_code, result.stderr.strip()) == (1, message)


def test_tasks_without_sessions_are_explained(app: Operated) -> None:
    app.ecs.update_service(cluster="app-cluster", service="app-worker-1", enableExecuteCommand=False)
    app.ecs.update_service(cluster="app-cluster", service="app-worker-1", forceNewDeployment=True)
    app.steady("worker")
    until(lambda: len(app.ecs.list_tasks(cluster="app-cluster", serviceName="app-worker-1")["taskArns"]) == 1)
    result = run(app, "exec", "--service", "worker", "true")
    assert result.returncode == 1
    assert (
        b"The tasks of worker accept no sessions: they run without ECS Exec; enable it with `pulumi config set "
        b"enableExec true` and `pulumi up`: tasks that are started then have it."
    ) in result.stderr
    app.ecs.update_service(cluster="app-cluster", service="app-worker-1", desiredCount=0)
    until(lambda: not app.ecs.list_tasks(cluster="app-cluster", serviceName="app-worker-1")["taskArns"])
    result = run(app, "exec", "--service", "worker", "true")
    assert b"No task of worker is running; see: flask-on-aws status and flask-on-aws logs" in result.stderr


def test_a_tunnel_without_any_task_for_it_is_explained(app: Operated) -> None:
    """The worker of the tests above."""
    result = run(app, "tunnel", "--service", "worker", "--to", "127.0.0.1:9", "--", "true")
    assert result.returncode == 1
    assert result.stderr.decode().strip() == (
        "No task of worker is running; see: flask-on-aws status and flask-on-aws logs. Or update the stack with the "
        "current version of flask-on-aws, whose tunnels start a task of their own."
    )


def test_a_tunnel_starts_a_task_of_its_own_and_stops_it(app: Operated) -> None:
    container = {"name": "tunnel", "image": "another-stack", "memory": 512}
    other = app.ecs.register_task_definition(family="app-tunnel", containerDefinitions=[container])
    app.define_tunnel("second")
    with destination() as address:
        tunnel = Tunnel(app, address, "--service", "worker")
        (task,) = tunnel_tasks(app)
        assert (task["enableExecuteCommand"], task["startedBy"]) == (True, "flask-on-aws-tunnel")
        assert task["taskDefinitionArn"] != other["taskDefinition"]["taskDefinitionArn"]
        assert tunnel.get().endswith(b"inside")
        app.ecs.stop_task(cluster="app-cluster", task=task["taskArn"])
        until(lambda: tunnel.get().endswith(b"inside") and tunnel_tasks(app))
        (another,) = tunnel_tasks(app)
        assert another["taskArn"] != task["taskArn"]
        code, messages = tunnel.close()
    assert (code, messages.count("starting a task of app-tunnel:2 for this tunnel")) == (0, 2)
    until(lambda: not tunnel_tasks(app))


def test_a_tunnel_that_is_interrupted_at_its_start_leaves_no_task(app: Operated) -> None:
    command = [COMMAND, "tunnel", "--project", str(app.project), "--service", "worker", "--to", "127.0.0.1:9"]
    for number in (signal.SIGINT, signal.SIGTERM):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        assert process.stderr.readline().startswith("starting a task of ")
        process.send_signal(number)
        process.communicate(timeout=SECONDS)
        assert process.returncode == 128 + number
        until(lambda: not tunnel_tasks(app))


def test_a_task_for_a_tunnel_that_does_not_start_is_explained(app: Operated) -> None:
    app.define_tunnel("second", command="exit 3")
    result = run(app, "tunnel", "--service", "worker", "--to", "127.0.0.1:9", "--", "true")
    assert result.returncode == 1
    assert b"The task for the tunnel did not start (crash): " in result.stderr, result.stderr


def tunnel_tasks(app: Operated) -> list[dict[str, Any]]:
    """The tasks for tunnels that run."""
    arns = app.ecs.list_tasks(cluster="app-cluster", family="app-tunnel")["taskArns"]
    return app.ecs.describe_tasks(cluster="app-cluster", tasks=arns)["tasks"] if arns else []
