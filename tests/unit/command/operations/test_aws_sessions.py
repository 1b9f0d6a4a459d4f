"""Tests of how sessions are started, with answers that the local AWS never gives."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask_on_aws_cli.operations.errors import OperationError
from flask_on_aws_cli.operations.sessions import aws_sessions
from flask_on_aws_cli.operations.sessions.aws_sessions import AwsSessions
from flask_on_aws_cli.operations.sessions.tasks import SessionTask

TASK = SessionTask("shop", "f00d", "tunnel", "f00d-1")


class _Ssm:
    """Session Manager, to which an agent connects after some requests."""

    def __init__(self, refusals: int, code: str) -> None:
        self._refusals, self._code, self.requests = refusals, code, 0

    def client(self, service: str) -> "_Ssm":
        return self

    def start_session(self, **request: Any) -> dict[str, str]:
        self.requests += 1
        if self.requests <= self._refusals:
            raise ClientError({"Error": {"Code": self._code, "Message": "ecs:shop_f00d_f00d-1"}}, "StartSession")
        return {"SessionId": "s-1", "StreamUrl": "wss://x", "TokenValue": "t"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(aws_sessions.time, "monotonic", lambda: now)
    monkeypatch.setattr(aws_sessions.time, "sleep", sleep)


def test_an_agent_that_has_just_started_is_awaited() -> None:
    ssm: Any = _Ssm(3, "TargetNotConnected")
    assert AwsSessions(ssm, TASK).forward("db", 5432).id == "s-1"


def test_an_agent_that_does_not_connect_is_explained() -> None:
    ssm: Any = _Ssm(100, "TargetNotConnected")
    with pytest.raises(OperationError, match="agent in task f00d is not connected: the task is ending, its role lacks"):
        AwsSessions(ssm, TASK).forward("db", 5432)
    assert ssm.requests == 12  # once a second


def test_another_error_is_reported_at_once() -> None:
    ssm: Any = _Ssm(100, "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDenied"):
        AwsSessions(ssm, TASK).forward("db", 5432)
    assert ssm.requests == 1
