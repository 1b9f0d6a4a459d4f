"""The agent's side of a session, as AWS's SSM agent implements it: https://github.com/aws/amazon-ssm-agent."""

import asyncio
import base64
import fcntl
import json
import logging
import os
import pty
import secrets
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from ...session_manager import messages
from ...session_manager.encryption import agent_cipher
from ...session_manager.errors import SessionError
from ...session_manager.handshake import PORT_SESSION
from ...session_manager.messages import Flag, Message, PayloadType
from ...session_manager.multiplexing import DATA_SIZE, Command, Frame, FrameReader
from ...session_manager.peer import Peer
from ...task_model.runtime import ExecProcess

log = logging.getLogger(__name__)

AGENT_VERSION = "3.3.3572.0"  # of Fargate's tasks in November 2026; a client chooses features by it
COMMAND_SESSION = "InteractiveCommands"
_READ_SIZE = messages.PAYLOAD_SIZE
# AWS's default, which an account can change to 1 to 60 minutes:
# https://docs.aws.amazon.com/systems-manager/latest/userguide/session-preferences-timeout.html
IDLE_SECONDS = 20 * 60
_CHECK_SECONDS = 0.5  # between looks whether the session is idle or its task has stopped
_TERMINAL = """
import os, signal, sys
os.login_tty(0)
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
try:
    os.execvp(sys.argv[1], sys.argv[1:])
except OSError as error:
    sys.exit(f"{sys.argv[1]}: {error.strerror}")
"""
_END_SECONDS = 5  # for the last output to be confirmed


class Encryption(Protocol):
    """The KMS key of a session."""

    key: str
    """ARN of the key."""

    def decrypt(self, encrypted: bytes) -> bytes:
        """The data key in plain text."""
        ...


class Work(Protocol):
    """What a session does."""

    session_type: str
    properties: Mapping[str, Any]

    async def run(self, agent: "Agent") -> None:
        """Do it until it ends by itself."""
        ...

    async def receive(self, kind: int, data: bytes) -> None:
        """Take a message of the client."""
        ...

    def close(self) -> None:
        """End everything that was started."""
        ...


class Agent:
    """The agent of one session; it outlives the client's connections."""

    def __init__(
        self,
        work: Work,
        is_running: Callable[[], bool],
        encryption: Encryption | None = None,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the agent of a session, in a running event loop.

        Args:
            work: what the session does.
            is_running: whether the session's task runs.
            encryption: the KMS key that encrypts the session. Default: none.
            idle_seconds: how long the session may be without data.
            clock: seconds of a monotonic clock.
        """
        self._work, self._is_running, self._encryption = work, is_running, encryption
        self._idle_seconds, self._clock = idle_seconds, clock
        self._is_open = True
        self.peer = Peer(messages.OUTPUT, messages.INPUT, lambda: self._is_open)
        """Sends to the client."""
        self._answered: asyncio.Future[Mapping[str, Any]] = asyncio.get_running_loop().create_future()
        self._challenge = b""
        self._challenged = asyncio.Event()
        self._connection: ServerConnection | None = None
        self._running: asyncio.Task[None] | None = None
        self._used = clock()

    async def serve(self, connection: ServerConnection) -> None:
        """Serve a connection of the client until it is lost or the session ends."""
        if self._connection:
            await self._connection.close()
        self._connection = connection
        await self.peer.attach(connection)
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        with suppress(ConnectionClosed):
            async for frame in connection:
                data, _ = await self.peer.receive(frame)
                for message in data:
                    await self._receive(message)

    async def terminate(self, reason: str = "") -> None:
        """End the session, with a reason for the client."""
        if not self._is_open:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await self.peer.wait_until_confirmed()
        self._is_open = False
        self._work.close()
        self.peer.wake()
        content = {"MessageType": messages.CHANNEL_CLOSED, "SchemaVersion": 1, "Output": reason}
        await self.peer.send_notice(Message(messages.CHANNEL_CLOSED, json.dumps(content).encode()))
        if self._connection:
            await self._connection.close()
        if self._running and self._running is not asyncio.current_task():
            self._running.cancel()

    @property
    def is_open(self) -> bool:
        """Whether the session has not ended."""
        return self._is_open

    async def send(self, data: bytes) -> None:
        """Send output."""
        self._used = self._clock()
        await self.peer.send_data(data)

    async def _run(self) -> None:
        tasks = [asyncio.create_task(self.peer.repeat()), asyncio.create_task(self._end_when_over())]
        try:
            await self._shake_hands()
            await self._work.run(self)
        except SessionError as error:
            log.info("a session ended: %s", error)
        except Exception:
            log.exception("a session failed")
        finally:
            for task in tasks:
                task.cancel()
        await self.terminate()

    async def _shake_hands(self) -> None:
        actions: list[dict[str, Any]] = []
        if self._encryption:
            actions.append({"ActionType": "KMSEncryption", "ActionParameters": {"KMSKeyId": self._encryption.key}})
        parameters = {"SessionType": self._work.session_type, "Properties": self._work.properties}
        actions.append({"ActionType": "SessionType", "ActionParameters": parameters})
        request = {"AgentVersion": AGENT_VERSION, "RequestedClientActions": actions}
        began = self._clock()
        await self.peer.send(PayloadType.HANDSHAKE_REQUEST, json.dumps(request).encode())
        answer = await self._answered
        if self._encryption:
            await self._agree_on_key(self._encryption, answer)
        complete = {"HandshakeTimeToComplete": int((self._clock() - began) * 1e9), "CustomerMessage": ""}
        await self.peer.send(PayloadType.HANDSHAKE_COMPLETE, json.dumps(complete).encode())

    async def _agree_on_key(self, encryption: Encryption, answer: Mapping[str, Any]) -> None:
        """Take the client's data key, and test that the client has it."""
        (action,) = (each for each in answer["ProcessedClientActions"] if each["ActionType"] == "KMSEncryption")
        encrypted = base64.b64decode(action["ActionResult"]["KMSCipherTextKey"])
        cipher = agent_cipher(await asyncio.to_thread(encryption.decrypt, encrypted))
        self._challenge = secrets.token_bytes(64)
        content = {"Challenge": base64.b64encode(cipher.encrypt(self._challenge)).decode()}
        self.peer.cipher = cipher
        await self.peer.send(PayloadType.ENCRYPTION_CHALLENGE_REQUEST, json.dumps(content).encode())
        await self._challenged.wait()

    async def _receive(self, message: Message) -> None:
        kind, data, cipher = message.payload_type, message.payload, self.peer.cipher
        if kind == PayloadType.HANDSHAKE_RESPONSE:
            if not self._answered.done():
                self._answered.set_result(json.loads(data))
        elif kind == PayloadType.ENCRYPTION_CHALLENGE_RESPONSE and cipher:
            answer = cipher.decrypt(base64.b64decode(json.loads(data)["Challenge"]))
            if answer == self._challenge:
                self._challenged.set()
        elif message.is_terminating:
            await self.terminate()
        else:
            self._used = self._clock()
            await self._work.receive(kind, cipher.decrypt(data) if cipher and kind == PayloadType.OUTPUT else data)

    async def _end_when_over(self) -> None:
        """End the session when it is idle, or with its task."""
        while self._clock() - self._used < self._idle_seconds:
            if not self._is_running():
                await self.terminate()
                return
            await asyncio.sleep(_CHECK_SECONDS)
        await self.terminate("Session timed out due to inactivity.")


class CommandWork:
    """Runs a command on a terminal of its own."""

    session_type = COMMAND_SESSION

    def __init__(self, process: ExecProcess) -> None:
        self._process = process
        self.properties: Mapping[str, Any] = {}
        self._terminal = self._far_end = -1
        self._ready = asyncio.Event()
        self._started: asyncio.subprocess.Process | None = None
        self._input: asyncio.StreamWriter | None = None
        self._output: asyncio.ReadTransport | None = None

    async def run(self, agent: Agent) -> None:
        """Run the command to its end, and send what its terminal shows."""
        self._terminal, self._far_end = pty.openpty()
        reader, self._output, self._input = await _streams(self._terminal)
        self._ready.set()
        self._started = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", "-c", _TERMINAL, *self._process.command),
            stdin=self._far_end,
            stdout=self._far_end,
            stderr=self._far_end,
            cwd=self._process.folder,
            env={"TERM": "xterm-256color", **self._process.environment},
        )
        os.close(self._far_end)
        self._far_end = -1
        with suppress(OSError):  # a terminal whose last process has ended cannot be read on Linux
            while data := await reader.read(_READ_SIZE):
                await agent.send(data)
        await self._started.wait()

    async def receive(self, kind: int, data: bytes) -> None:
        """Type input, or change the terminal's size."""
        await self._ready.wait()
        if kind == PayloadType.SIZE and self._terminal >= 0:
            size = json.loads(data)
            packed = struct.pack("HHHH", int(size["rows"]), int(size["cols"]), 0, 0)
            fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, packed)
        elif kind == PayloadType.OUTPUT and self._input:
            with suppress(OSError):  # the command has ended
                self._input.write(data)
                await self._input.drain()

    def close(self) -> None:
        """Hang up, which ends the processes on the terminal."""
        self._ready.set()
        if self._started and self._started.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(self._started.pid, signal.SIGHUP)  # it leads a session, and so a group
        if self._input:
            self._input.transport.abort()
        if self._output:
            self._output.close()
        if self._far_end >= 0:
            os.close(self._far_end)
        self._terminal = self._far_end = -1


async def _streams(terminal: int) -> tuple[asyncio.StreamReader, asyncio.ReadTransport, asyncio.StreamWriter]:
    """A terminal's output and input; the read transport closes the terminal, and the writer a duplicate of it."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    output, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(terminal, "rb", buffering=0)
    )
    writing = asyncio.StreamReaderProtocol(asyncio.StreamReader())
    transport, _ = await loop.connect_write_pipe(lambda: writing, os.fdopen(os.dup(terminal), "wb", buffering=0))
    return reader, output, asyncio.StreamWriter(transport, writing, None, loop)


class PortWork:
    """Forwards connections to a host and port."""

    session_type = PORT_SESSION

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self.properties: Mapping[str, Any] = {
            "portNumber": str(port),
            "localPortNumber": "0",
            "type": "LocalPortForwarding",
        }
        self._frames = FrameReader()
        self._agent: Agent | None = None
        self._writers: dict[int, asyncio.StreamWriter] = {}
        self._tasks = set[asyncio.Task[None]]()

    async def run(self, agent: Agent) -> None:
        """Forward until the session ends."""
        self._agent = agent
        await asyncio.Event().wait()

    async def receive(self, kind: int, data: bytes) -> None:
        """Take bytes of the client's connections."""
        if kind != PayloadType.OUTPUT or self._agent is None:
            return
        for frame in self._frames.feed(data):
            if frame.command == Command.OPEN:
                await self._open(self._agent, frame.stream)
            elif writer := self._writers.get(frame.stream):
                if frame.command == Command.DATA:
                    writer.write(frame.data)
                    with suppress(OSError):
                        await writer.drain()
                elif frame.command == Command.CLOSE:
                    del self._writers[frame.stream]
                    writer.close()

    async def _open(self, agent: Agent, stream: int) -> None:
        try:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            await agent.peer.send(PayloadType.FLAG, Flag.CONNECT_TO_PORT_ERROR.payload)
            await agent.send(Frame(Command.CLOSE, stream).encode())
            return
        self._writers[stream] = writer
        task = asyncio.create_task(self._return(agent, stream, reader))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _return(self, agent: Agent, stream: int, reader: asyncio.StreamReader) -> None:
        """Send back what the destination answers."""
        try:
            with suppress(OSError):
                while data := await reader.read(DATA_SIZE):
                    await agent.send(Frame(Command.DATA, stream, data).encode())
            if writer := self._writers.pop(stream, None):  # the destination has closed it first
                writer.close()
                await agent.send(Frame(Command.CLOSE, stream).encode())
        except SessionError:
            return

    def close(self) -> None:
        """Close all connections."""
        for writer in self._writers.values():
            writer.close()
        for task in self._tasks:
            task.cancel()
