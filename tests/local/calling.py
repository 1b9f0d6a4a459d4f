"""Raw requests to a local AWS, signed or not, as no well-behaved client would make them."""

import http.client
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import urlsplit

from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from flask_on_aws_cli.local_project.location import Location

LIST_CLUSTERS = {
    "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.ListClusters",
    "Content-Type": "application/x-amz-json-1.1",
}
"""Of a call that only ECS answers, with the body `{}`."""


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str


def send(
    place: Location,
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send exactly this; a Host among the header fields takes the place of the address's own."""
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=20)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        given = {"Host": f"127.0.0.1:{place.port}", **(headers or {})}
        if body or method in ("POST", "PUT"):
            given.setdefault("Content-Length", str(len(body)))
        for name, value in given.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, fields, answer.read().decode(errors="replace"))
    finally:
        connection.close()


def signed(
    place: Location,
    service: str = "ecs",
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    keys: tuple[str, ...] | None = None,
    at: datetime | None = None,
) -> dict[str, str]:
    """The header fields of a request that botocore's signer signs.

    Args:
        keys: id, secret and maybe a session token. Default: the place's own.
        at: when it says to be signed. Default: now.
    """
    url = f"http://{(headers or {}).get('Host', f'127.0.0.1:{place.port}')}{target}"
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    kind = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    signer: Any = kind(Credentials(*(keys or place.access_key)), service, place.region)
    if at is None:
        signer.add_auth(request)
    else:
        with mock.patch.object(auth, "get_current_datetime", return_value=at):
            signer.add_auth(request)
    return dict(request.headers.items())


def call(place: Location, service: str = "ecs", body: bytes = b"{}", **fields: str) -> Answer:
    """A signed ListClusters with further header fields, whose names have underscores here."""
    headers = {**LIST_CLUSTERS, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return send(place, body=body, headers=signed(place, service, body=body, headers=headers))


def path_of(url: str) -> str:
    """Path and query of a presigned URL."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
