"""Sessions with tasks, which moto lacks: ECS's ExecuteCommand and Session Manager's API."""

from collections.abc import Callable
from typing import Any, Protocol

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.ssm.responses import SimpleSystemManagerResponse

from ._patch import patch


class SessionRefusedError(Exception):
    """A session that is not started."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SessionApi(Protocol):
    """Starts and ends sessions; each answer has the fields `id`, `stream_url` and `token`."""

    def execute_command(self, task_id: str, container: str | None, command: str) -> Any:
        """As ExecuteCommand."""
        ...

    def start_session(self, target: str, document: str, parameters: dict[str, list[str]]) -> Any:
        """As StartSession."""
        ...

    def resume_session(self, session_id: str) -> Any:
        """As ResumeSession; None for a session that has ended."""
        ...

    def terminate_session(self, session_id: str) -> None:
        """As TerminateSession."""
        ...


_DEFAULT_DOCUMENT = "SSM-SessionManagerRunShell"
_apis: list[SessionApi] = []


def add_session_api(api: SessionApi) -> None:
    """Let the API's calls reach a part that starts sessions; of several in a process, the latest."""
    _apis.append(api)


def remove_session_api(api: SessionApi) -> None:
    """Undo `add_session_api`."""
    _apis.remove(api)


def _api() -> SessionApi:
    if not _apis:
        raise SessionRefusedError("InternalServerError", "The local AWS starts no sessions while it stops.")
    return _apis[-1]


def _answer(response: Any, call: Callable[[SessionApi], Any], fields: Callable[[Any], dict[str, Any]]) -> ActionResult:
    """The answer to a call, or its error; moto derives the protocol of an error from its module."""
    try:
        return ActionResult(fields(call(_api())))
    except SessionRefusedError as error:
        exception_class = type(error.code, (ServiceException,), {"__module__": type(response).__module__})
        raise exception_class(error.code, str(error)) from error


def _execute_command(_: Any, self: Any) -> ActionResult:
    """moto lacks ExecuteCommand."""
    cluster, task, container = self._get_param("cluster"), str(self._get_param("task")), self._get_param("container")
    command = self._get_param("command")
    return _answer(
        self,
        lambda api: api.execute_command(task.rsplit("/", 1)[-1], container, command),
        lambda session: {
            "clusterArn": cluster,
            "containerName": container,
            "interactive": True,
            "session": {"sessionId": session.id, "streamUrl": session.stream_url, "tokenValue": session.token},
            "taskArn": task,
        },
    )


def _start_session(_: Any, self: Any) -> ActionResult:
    """moto lacks StartSession."""
    target, document = self._get_param("Target"), self._get_param("DocumentName") or _DEFAULT_DOCUMENT
    parameters: dict[str, list[str]] = self._get_param("Parameters") or {}
    return _answer(self, lambda api: api.start_session(target, document, parameters), _session_fields)


def _resume_session(_: Any, self: Any) -> ActionResult:
    """moto lacks ResumeSession."""
    session_id = self._get_param("SessionId")
    return _answer(
        self,
        lambda api: api.resume_session(session_id),
        # No token for a session that has ended.
        lambda session: _session_fields(session) if session else {"SessionId": session_id},
    )


def _terminate_session(_: Any, self: Any) -> ActionResult:
    """moto lacks TerminateSession."""
    session_id = self._get_param("SessionId")
    return _answer(self, lambda api: api.terminate_session(session_id), lambda _: {"SessionId": session_id})


def _session_fields(session: Any) -> dict[str, Any]:
    return {"SessionId": session.id, "StreamUrl": session.stream_url, "TokenValue": session.token}


def patch_sessions() -> None:
    """Apply the patches of this module."""
    patch(EC2ContainerServiceResponse, "execute_command")(_execute_command)
    patch(SimpleSystemManagerResponse, "start_session")(_start_session)
    patch(SimpleSystemManagerResponse, "resume_session")(_resume_session)
    patch(SimpleSystemManagerResponse, "terminate_session")(_terminate_session)
