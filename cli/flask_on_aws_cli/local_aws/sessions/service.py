"""Session Manager's API and data channels, a part of the local AWS."""

import asyncio
import json
import logging
import re
import secrets
import shlex
import threading
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from ...local_project.location import HOST
from ..moto_patches.sessions import SessionRefusedError, add_session_api, remove_session_api
from .agent import IDLE_SECONDS, Agent, CommandWork, Encryption, PortWork, Work

log = logging.getLogger(__name__)

# Session ids are the caller's name and 17 characters.
_ID_LENGTH = 17
# Cluster, task and runtime id; the name of a cluster may contain underscores, and moto's ids of tasks hyphens.
_TARGET = re.compile(r"ecs:.+_(?P<task>[0-9a-f-]{32,36})_[\w-]+")
_FORWARD_REMOTE, _FORWARD = "AWS-StartPortForwardingSessionToRemoteHost", "AWS-StartPortForwardingSession"
_PATH = "/v1/data-channel/"
_POLICY_VIOLATION = 1008  # https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1


class OpenedSession(NamedTuple):
    """What StartSession answers."""

    id: str
    stream_url: str
    token: str


class _Session:
    def __init__(self, work: Work, target: str, is_running: Callable[[], bool]) -> None:
        self.work, self.target, self.is_running = work, target, is_running
        self.token = secrets.token_urlsafe()
        self.agent: Agent | None = None

    @property
    def is_over(self) -> bool:
        return self.agent is not None and not self.agent.is_open


class Sessions:
    """Starts sessions with tasks, and serves their data channels on loopback."""

    def __init__(
        self,
        exec_process: Callable[..., Any],
        encryption: Callable[[str, str], Encryption | None] = lambda session, target: None,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Prepare the part.

        Args:
            exec_process: as `Ecs.exec_process`.
            encryption: session id, target → the KMS key of the session. Default: none.
            idle_seconds: after which a session without data ends.
        """
        self._exec_process = exec_process
        self._encryption, self._idle_seconds = encryption, idle_seconds
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sessions", daemon=True)
        self._server: Server | None = None
        self._port = 0

    def start(self) -> None:
        """Serve data channels at any free port, and answer the API's calls."""
        self._thread.start()
        self._call(self._listen())
        add_session_api(self)

    def stop(self) -> None:
        """End all sessions."""
        remove_session_api(self)
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def execute_command(self, task_id: str, container: str | None, command: str) -> OpenedSession:
        """Start a command in a container, as ExecuteCommand does.

        Raises:
            SessionRefusedError: if the task accepts no sessions.
        """
        work = self._command(task_id, container, command)
        return self._open(work, f"ecs:local_{task_id}_{container}", task_id)

    def start_session(self, target: str, document: str, parameters: dict[str, list[str]]) -> OpenedSession:
        """Start to forward a port, as StartSession does with its documents for that.

        Raises:
            SessionRefusedError: if there is no such target or document.
        """
        match = _TARGET.fullmatch(target)
        if document not in (_FORWARD, _FORWARD_REMOTE):
            raise SessionRefusedError("InvalidDocument", f"Document with name {document} does not exist.")
        if match is None or not self._is_connected(match["task"]):
            raise SessionRefusedError("TargetNotConnected", f"{target} is not connected.")
        port = parameters.get("portNumber", [""])[0]
        if not port.isdigit():
            raise SessionRefusedError("InvalidParameters", f"The port number {port!r} is invalid.")
        host = parameters.get("host", ["localhost"])[0] if document == _FORWARD_REMOTE else "localhost"
        return self._open(PortWork(host, int(port)), target, match["task"])

    def resume_session(self, session_id: str) -> OpenedSession | None:
        """A new token for a session; None if it has ended.

        Raises:
            SessionRefusedError: if there was no such session.
        """
        with self._lock:
            session = self._sessions.get(session_id)
            if session is None:
                raise SessionRefusedError("DoesNotExistException", f"Session {session_id} does not exist.")
            if session.is_over:
                return None
            session.token = secrets.token_urlsafe()
            return OpenedSession(session_id, self._url(session_id), session.token)

    def terminate_session(self, session_id: str) -> None:
        """End a session; one that has ended stays so."""
        session = self._sessions.get(session_id)
        if session and session.agent:
            asyncio.run_coroutine_threadsafe(session.agent.terminate(), self._loop)

    def _is_connected(self, task_id: str) -> bool:
        """Whether a task runs and accepts sessions."""
        try:
            self._exec_process(task_id, ["true"], False, None)
        except (LookupError, PermissionError):
            return False
        return True

    def _command(self, task_id: str, container: str | None, command: str) -> Work:
        try:
            words = shlex.split(command)
            process = self._exec_process(task_id, words, True, container)
        except LookupError as error:
            raise SessionRefusedError("InvalidParameterException", str(error.args[0])) from error
        except (PermissionError, ValueError) as error:
            raise SessionRefusedError("InvalidParameterException", str(error)) from error
        return CommandWork(process)

    def _open(self, work: Work, target: str, task_id: str) -> OpenedSession:
        session_id = f"local-{uuid.uuid4().hex[:_ID_LENGTH]}"
        session = _Session(work, target, lambda: self._is_connected(task_id))
        with self._lock:
            for over in [name for name, each in self._sessions.items() if each.is_over]:
                del self._sessions[over]
            self._sessions[session_id] = session
        return OpenedSession(session_id, self._url(session_id), session.token)

    def _url(self, session_id: str) -> str:
        return f"ws://{HOST}:{self._port}{_PATH}{session_id}?role=publish_subscribe"

    def _call(self, work: Awaitable[None]) -> None:
        asyncio.run_coroutine_threadsafe(_awaited(work), self._loop).result()

    async def _listen(self) -> None:
        # No compression and no limit, like the service's; a page in a browser cannot connect, having an origin.
        self._server = await serve(self._serve, HOST, 0, origins=[None], compression=None, max_size=None)
        self._port = next(iter(self._server.sockets)).getsockname()[1]

    async def _close(self) -> None:
        for session in self._sessions.values():
            if session.agent:
                await session.agent.terminate()
        if self._server:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, connection: ServerConnection) -> None:
        """Serve a data channel: its first message has the session's token."""
        path = urlsplit(connection.request.path if connection.request else "").path
        session_id = path.removeprefix(_PATH)
        session = self._sessions.get(session_id)
        try:
            token = str(json.loads(await connection.recv()).get("TokenValue", ""))
        except (ConnectionClosed, ValueError, AttributeError):
            return
        if session is None or session.is_over or not secrets.compare_digest(token, session.token):
            await connection.close(_POLICY_VIOLATION, "invalid token")
            return
        if session.agent is None:
            encryption = self._encryption(session_id, session.target)
            session.agent = Agent(session.work, session.is_running, encryption, self._idle_seconds)
        await session.agent.serve(connection)


async def _awaited(work: Awaitable[None]) -> None:
    await work
