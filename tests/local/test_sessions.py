"""Tests of sessions: the client against the local AWS's agent, over real WebSockets, terminals and connections."""

import asyncio
import hashlib
import json
import os
import pty
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_aws.sessions.agent import Agent
from flask_on_aws_cli.local_aws.sessions.service import Sessions
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port
from flask_on_aws_cli.session_manager.command_session import CommandSession
from flask_on_aws_cli.session_manager.data_channel import DataChannel, Handler, Session
from flask_on_aws_cli.session_manager.errors import SessionError
from flask_on_aws_cli.session_manager.exit_marker import ExitMarker, Input
from flask_on_aws_cli.session_manager.port_forwarding import PortForwarder
from flask_on_aws_cli.task_model.runtime import ExecProcess

from tests.waiting import SECONDS, until

from .conftest import REGION, client

TASK = "a" * 32
TARGET = f"ecs:cluster_{TASK}_{TASK}-1234567890"
DOCUMENT = "AWS-StartPortForwardingSessionToRemoteHost"


class Key:
    """The KMS key of a session."""

    def __init__(self, location: Location, session_id: str, target: str) -> None:
        self._kms = client(location, "kms")
        self._context = {"aws:ssm:SessionId": session_id, "aws:ssm:TargetId": target}
        self.key = self._kms.create_key()["KeyMetadata"]["Arn"]

    def decrypt(self, encrypted: bytes) -> bytes:
        return self._kms.decrypt(CiphertextBlob=encrypted, EncryptionContext=self._context)["Plaintext"]


class Service:
    """A local AWS with sessions in a folder of this machine, and the client's calls to it."""

    def __init__(self, location: Location, **options: Any) -> None:
        self.location, self.refusal = location, None
        self.endpoint = Endpoint(location)
        self.endpoint.start()
        self.sessions = Sessions(self._process, **options)
        self.sessions.start()
        self.ssm, self.ecs, self.kms = (client(location, name) for name in ("ssm", "ecs", "kms"))
        self.session_id = ""

    def _process(self, task: str, command: list[str], terminal: bool, container: str | None = None) -> ExecProcess:
        if self.refusal:
            raise self.refusal
        return ExecProcess(command, self.location.folder, {**os.environ, "PS1": "$ "})

    def stop(self) -> None:
        self.sessions.stop()
        self.endpoint.stop()

    def execute(self, line: str) -> Session:
        answer = self.ecs.execute_command(cluster="c", task=TASK, container="web", command=line, interactive=True)
        return self._session(*(answer["session"][name] for name in ("sessionId", "streamUrl", "tokenValue")))

    def forward(self, port: int, target: str = TARGET) -> Session:
        answer = self.ssm.start_session(
            Target=target, DocumentName=DOCUMENT, Parameters={"host": ["127.0.0.1"], "portNumber": [str(port)]}
        )
        return self._session(*(answer[name] for name in ("SessionId", "StreamUrl", "TokenValue")))

    def _session(self, identity: str, url: str, token: str) -> Session:
        self.session_id = identity
        return Session(identity, url, token)

    @property
    def agent(self) -> Agent:
        agent = self.sessions._sessions[self.session_id].agent
        assert agent
        return agent

    def resume(self, session_id: str) -> str:
        return self.ssm.resume_session(SessionId=session_id).get("TokenValue") or ""

    def terminate(self, session_id: str) -> None:
        self.ssm.terminate_session(SessionId=session_id)

    def sign(self, url: str) -> dict[str, str]:
        return {}

    def create_data_key(self, key: str) -> tuple[bytes, bytes]:
        context = {"aws:ssm:SessionId": self.session_id, "aws:ssm:TargetId": TARGET}
        answer = self.kms.generate_data_key(KeyId=key, NumberOfBytes=64, EncryptionContext=context)
        return answer["Plaintext"], answer["CiphertextBlob"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(Location(tmp_path_factory.mktemp("sessions"), free_port(), REGION))
    yield service
    service.stop()


@contextmanager
def another_service(path: Path, **options: Any) -> Iterator[Service]:
    service = Service(Location(path / "local aws", free_port(), REGION), **options)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[bytes], None]:
    """Sets this process's standard input."""

    def set_input(content: bytes) -> None:
        (tmp_path / "input").write_bytes(content)
        monkeypatch.setattr(sys, "stdin", (tmp_path / "input").open())

    return set_input


def run(service: Service, words: list[str], source: Input = Input.NONE) -> int:
    marker = ExitMarker()

    async def open_channel(handler: Handler) -> DataChannel:
        return DataChannel(service.execute(marker.command_line(words, source)), service, handler)

    async def run_session() -> int:
        return await CommandSession(marker, source).run(open_channel)

    return asyncio.run(run_session())


@pytest.mark.parametrize(
    ("words", "output", "code"),
    [
        (["echo a; echo b >&2; exit 7"], "a\nb\n", 7),
        (["printf", "%s\n", "a b", "$HOME"], "a b\n$HOME\n", 0),
        (["sh -c 'kill -9 $$'"], "Killed\n", 137),
        (["cat"], "", 0),
        (["test -t 1 && echo terminal"], "terminal\n", 0),
        (["seq 1 20000"], "".join(f"{number}\n" for number in range(1, 20_001)), 0),
    ],
)
def test_a_command_runs(service: Service, words: list[str], output: str, code: int, capfdbinary: Any) -> None:
    assert run(service, words) == code
    assert capfdbinary.readouterr().out.decode() == output


def test_standard_input_reaches_a_command(service: Service, given: Callable[[bytes], None], capfdbinary: Any) -> None:
    content = secrets.token_bytes(100_000) + bytes(range(256))
    given(content)
    assert run(service, ["sha256sum"], Input.ENCODED) == 0
    assert capfdbinary.readouterr().out.split()[0].decode() == hashlib.sha256(content).hexdigest()
    given(content)
    assert run(service, ["head -c 3 >/dev/null; exit 4"], Input.ENCODED) == 4  # without reading the rest


def test_a_command_without_an_exit_code_is_an_error(service: Service) -> None:
    with pytest.raises(SessionError, match="ended before the command, whose exit code is not known"):
        run(service, ["kill -9 $$"])  # the shell that would print it


def test_an_image_without_a_shell(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ExitMarker, "command_line", lambda *_: "/nowhere/sh -c x")
    with pytest.raises(SessionError, match=r"not known: .*No such file.* or its image has no /bin/sh"):
        run(service, ["true"])


def forward(service: Service, use: Callable[[PortForwarder, list[str]], Any], port: int) -> Any:
    """Open a local port that leads to another port of this machine, and use it."""

    async def run() -> Any:
        reports: list[str] = []

        async def open_channel(handler: Handler) -> DataChannel:
            return DataChannel(await asyncio.to_thread(service.forward, port), service, handler)

        async with PortForwarder(open_channel, 0, reports.append) as forwarder:
            async with asyncio.timeout(SECONDS):
                return await use(forwarder, reports)

    return asyncio.run(run())


@contextmanager
def echo_server() -> Iterator[int]:
    """A server in another process, which returns what it receives."""
    program = (
        "import asyncio\n"
        "async def serve(r, w):\n"
        "    while data := await r.read(65536):\n"
        "        w.write(data); await w.drain()\n"
        "    w.close()\n"
        "async def main():\n"
        "    server = await asyncio.start_server(serve, '127.0.0.1', 0)\n"
        "    print(server.sockets[0].getsockname()[1], flush=True)\n"
        "    await server.serve_forever()\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield int(process.stdout.readline())
        process.kill()


async def exchange(port: int, content: bytes) -> bytes:
    """Send content through a connection and read as much back at the same time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    received, _ = await asyncio.gather(reader.readexactly(len(content)), writer.drain())
    writer.close()
    return received


def test_connections_are_forwarded_side_by_side(service: Service) -> None:
    contents = [secrets.token_bytes(size) for size in (0, 1, 1024, 500_000, 2_000_000)]

    async def use(forwarder: PortForwarder, reports: list[str]) -> None:
        assert await asyncio.gather(*(exchange(forwarder.port, content) for content in contents)) == contents
        assert reports == []

    with echo_server() as port:
        forward(service, use, port)


@pytest.mark.slow
def test_a_hundred_megabytes_arrive_unchanged(service: Service) -> None:
    """Only this test proves that nothing is lost in an amount in which every limit and repetition has its turn."""
    content = secrets.token_bytes(100_000_000)

    async def use(forwarder: PortForwarder, reports: list[str]) -> None:
        async with asyncio.timeout(1800):
            assert await exchange(forwarder.port, content) == content

    with echo_server() as port:
        forward(service, use, port)


def test_a_lost_connection_is_restored_without_a_lost_byte(service: Service) -> None:
    content = secrets.token_bytes(1_000_000)

    async def cut(times: int) -> None:
        for _ in range(times):
            await asyncio.sleep(0.2)
            connection = service.agent._connection
            assert connection
            connection.transport.abort()

    async def use(forwarder: PortForwarder, reports: list[str]) -> None:
        received, _ = await asyncio.gather(exchange(forwarder.port, content), cut(3))
        assert received == content
        assert reports == []

    with echo_server() as port:
        forward(service, use, port)


def test_a_destination_that_refuses_is_reported(service: Service) -> None:
    async def use(forwarder: PortForwarder, reports: list[str]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", forwarder.port)
        assert await reader.read() == b""
        writer.close()
        assert reports == ["The task could not connect to the destination; its log and security groups say more."]

    forward(service, use, free_port())


def test_the_next_connection_after_an_idle_time_starts_another_session(tmp_path: Path) -> None:
    with another_service(tmp_path, idle_seconds=1.5) as service, echo_server() as port:

        async def use(forwarder: PortForwarder, reports: list[str]) -> None:
            assert await exchange(forwarder.port, b"first") == b"first"
            first = service.session_id
            while not reports:
                await asyncio.sleep(0.1)
            assert reports == [
                "The session has ended: Session timed out due to inactivity.; the next connection starts another."
            ]
            assert await exchange(forwarder.port, b"second") == b"second"
            assert service.session_id != first

        forward(service, use, port)


def test_an_encrypted_session(tmp_path: Path, capfdbinary: Any) -> None:
    location = Location(tmp_path / "local aws", free_port(), REGION)
    service = Service(location, encryption=lambda session, target: Key(location, session, TARGET))
    try:
        content = secrets.token_bytes(50_000)

        async def use(forwarder: PortForwarder, reports: list[str]) -> None:
            assert await exchange(forwarder.port, content) == content

        with echo_server() as port:
            forward(service, use, port)
        assert run(service, ["echo secret; exit 3"]) == 3
        assert capfdbinary.readouterr().out == b"secret\n"
    finally:
        service.stop()


def test_a_port_in_use_is_reported(service: Service) -> None:
    async def open_port(port: int) -> None:
        async def open_channel(handler: Handler) -> DataChannel:
            raise AssertionError

        async with PortForwarder(open_channel, port, print):
            pass

    with echo_server() as port, pytest.raises(SessionError, match=f"Port {port} of this machine cannot be used"):
        asyncio.run(open_port(port))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda service: service.forward(1, "ecs:cluster_task_x"), "TargetNotConnected"),
        (lambda service: service.ssm.start_session(Target=TARGET, DocumentName="Other"), "InvalidDocument"),
        (lambda service: service.ssm.resume_session(SessionId="other"), "DoesNotExistException"),
    ],
)
def test_a_refused_session(service: Service, call: Callable[[Service], Any], code: str) -> None:
    with pytest.raises(ClientError) as raised:
        call(service)
    assert raised.value.response["Error"]["Code"] == code


@pytest.mark.parametrize("refusal", [LookupError("no task"), PermissionError("not enabled")])
def test_a_task_without_sessions(service: Service, refusal: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "refusal", refusal)
    with pytest.raises(ClientError, match="TargetNotConnected"):
        service.forward(1)
    with pytest.raises(ClientError, match=re.escape(str(refusal))):
        service.execute("true")


def test_a_wrong_token_and_a_web_page_are_refused(service: Service) -> None:
    from websockets.sync.client import connect

    session = service.execute("true")
    with connect(session.stream_url) as connection:
        connection.send('{"TokenValue": "wrong"}')
        with pytest.raises(Exception, match="invalid token"):
            connection.recv()
    with pytest.raises(Exception, match="403"), connect(session.stream_url, origin="https://evil.example"):  # type: ignore[arg-type]
        pass


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AWS's own client of Session Manager, built from its source."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("building AWS's session-manager-plugin needs Go")
    program = tmp_path_factory.mktemp("plugin") / "session-manager-plugin"
    built = subprocess.run(
        [go, "build", "-o", str(program), "github.com/aws/session-manager-plugin/src/sessionmanagerplugin-main"],
        cwd=Path(__file__).parents[1] / "session_manager_plugin",
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return program


def call_plugin(service: Service, plugin: Path, session: Session, **options: Any) -> subprocess.Popen[str]:
    """Run AWS's client, as AWS's command line tool does."""
    response = {"SessionId": session.id, "StreamUrl": session.stream_url, "TokenValue": session.token}
    request, endpoint = json.dumps({"Target": TARGET}), service.location.endpoint
    key = service.location.access_key
    return subprocess.Popen(
        [str(plugin), json.dumps(response), REGION, "StartSession", "", request, endpoint],
        env={
            **os.environ,
            "HOME": str(service.location.folder),
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
        },
        text=True,
        **options,
    )


@pytest.mark.slow
def test_awss_own_client_runs_a_command(service: Service, plugin: Path) -> None:
    """Only this test and the next prove that the local AWS's agent speaks AWS's protocol, not only this client's."""
    number, far_end = pty.openpty()
    session = service.execute("/bin/sh -c 'echo ready; read line; echo got:$line'")
    process = call_plugin(service, plugin, session, stdin=far_end, stdout=far_end, stderr=far_end)
    os.close(far_end)
    output = b""

    def has(text: bytes) -> bool:
        nonlocal output
        output += os.read(number, 4096)
        return text in output

    until(lambda: has(b"ready"), state=lambda: output)
    os.write(number, b"hello\r")
    until(lambda: has(b"got:hello"), state=lambda: output)
    assert process.wait(SECONDS) == 0
    os.close(number)


@pytest.mark.slow
def test_awss_own_client_forwards_connections(service: Service, plugin: Path) -> None:
    contents = [secrets.token_bytes(size) for size in (1, 100_000, 300_000)]
    with echo_server() as port:
        process = call_plugin(service, plugin, service.forward(port), stdout=subprocess.PIPE)
        assert process.stdout
        opened = next(match for line in process.stdout if (match := re.match(r"Port (\d+) opened", line)))

        async def exchange_all() -> list[bytes]:
            return await asyncio.gather(*(exchange(int(opened[1]), content) for content in contents))

        assert asyncio.run(exchange_all()) == contents
        process.terminate()
        process.communicate(timeout=SECONDS)


def test_the_command_ends_with_its_session(service: Service, tmp_path: Path) -> None:
    mark = tmp_path / "pid"

    async def use() -> None:
        async def ignore(kind: int, data: bytes) -> None:
            pass

        session = await asyncio.to_thread(service.execute, f"/bin/sh -c 'echo $$ >{mark}; exec sleep 1000'")
        async with DataChannel(session, service, ignore) as channel:
            await channel.handshake()
            while not mark.exists() or not mark.read_text():
                await asyncio.sleep(0.05)

    asyncio.run(use())
    pid, deadline = int(mark.read_text()), time.monotonic() + SECONDS
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
