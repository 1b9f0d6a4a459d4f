"""Starts sessions with AWS's API."""

import time
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from botocore import auth as botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError, ClientError
from flask_on_aws.releases.release_task import POLL_SECONDS

from ...session_manager.data_channel import Session
from ...session_manager.encryption import DATA_KEY_BYTES
from ...session_manager.errors import SessionError
from ..app import App
from ..errors import OperationError, error_code, explain
from .tasks import SessionTask

_FORWARDING = "AWS-StartPortForwardingSessionToRemoteHost"
"""The document that forwards to a host which the task reaches."""
_REASON = "flask-on-aws tunnel to {}"
_MAX_REASON = 256  # characters: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_StartSession.html
_SIGNED_SERVICE = "ssmmessages"
# ECS reports that an agent runs some seconds before it has connected; a task that is ending never connects again.
_CONNECTION_SECONDS = 10
_NOT_CONNECTED = ("TargetNotConnected", "TargetNotConnectedException")


class AwsSessions:
    """Sessions with one task."""

    def __init__(self, app: App, task: SessionTask) -> None:
        self._app, self._task = app, task
        self._session_id = ""

    def run(self, command: str) -> Session:
        """Start a command in the task's container."""
        ecs, task = self._app.client("ecs"), self._task
        answer = self._start(
            lambda: ecs.execute_command(
                cluster=task.cluster, task=task.id, container=task.container, command=command, interactive=True
            )
        )
        return self._session(answer["session"], "sessionId", "streamUrl", "tokenValue")

    def forward(self, host: str, port: int) -> Session:
        """Start to forward connections to a host and port that the task reaches."""
        ssm = self._app.client("ssm")
        answer = self._start(
            lambda: ssm.start_session(
                Target=self._task.target,
                DocumentName=_FORWARDING,
                Reason=_REASON.format(f"{host}:{port}")[:_MAX_REASON],
                Parameters={"host": [host], "portNumber": [str(port)]},
            )
        )
        return self._session(answer, "SessionId", "StreamUrl", "TokenValue")

    def _start(self, start: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
        deadline = time.monotonic() + _CONNECTION_SECONDS
        while True:
            try:
                return start()
            except ClientError as error:
                if error_code(error) not in _NOT_CONNECTED:
                    raise
                if time.monotonic() > deadline:
                    raise OperationError(
                        f"ECS Exec's agent in task {self._task.id} is not connected: the task is ending, its role "
                        "lacks ssmmessages:*Channel, or it cannot reach ssmmessages (route, security group or VPC "
                        "endpoint)."
                    ) from error
            time.sleep(POLL_SECONDS)

    def _session(self, answer: Mapping[str, Any], *names: str) -> Session:
        identity, url, token = (answer[name] for name in names)
        self._session_id = identity
        return Session(identity, url, token)

    def resume(self, session_id: str) -> str:
        """A new token for a session whose connection was lost; empty if the session has ended."""
        try:
            return self._app.client("ssm").resume_session(SessionId=session_id).get("TokenValue") or ""
        except ClientError as error:
            if error_code(error) == "DoesNotExistException":
                return ""
            raise SessionError(explain(error).removesuffix(".")) from error
        except BotoCoreError as error:
            raise SessionError(explain(error).removesuffix(".")) from error

    def terminate(self, session_id: str) -> None:
        """End a session."""
        self._app.client("ssm").terminate_session(SessionId=session_id)

    def sign(self, url: str) -> dict[str, str]:
        """The headers that sign the request for a data channel."""
        request = cast(Any, AWSRequest)(method="GET", url=urlunsplit(urlsplit(url)._replace(scheme="https")))
        credentials, region = self._app.credentials, self._app.client("ssm").meta.region_name
        cast(Any, botocore_auth).SigV4Auth(credentials, _SIGNED_SERVICE, region).add_auth(request)
        return dict(request.headers.items())

    def create_data_key(self, key: str) -> tuple[bytes, bytes]:
        """A data key for this session, in plain text and encrypted.

        Raises:
            SessionError: if KMS does not create it.
        """
        context = {"aws:ssm:SessionId": self._session_id, "aws:ssm:TargetId": self._task.target}
        try:
            answer = self._app.client("kms").generate_data_key(
                KeyId=key, NumberOfBytes=DATA_KEY_BYTES, EncryptionContext=context
            )
        except (ClientError, BotoCoreError) as error:
            raise SessionError(
                f"The session is to be encrypted with {key}: {explain(error).removesuffix('.')}"
            ) from error
        return answer["Plaintext"], answer["CiphertextBlob"]
