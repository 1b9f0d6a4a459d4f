"""Raw requests to a local AWS, signed or unsigned, including those that no AWS SDK sends."""

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
"""The header fields of a ListClusters request to ECS, whose body is `{}`."""


class Response(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str


def send(
    location: Location,
    method: str = "POST",
    target: str = "/",
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send exactly this request; a Host in `headers` replaces the one of the address."""
    connection = http.client.HTTPConnection("127.0.0.1", location.port, timeout=20)
    try:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        all_headers = {"Host": f"127.0.0.1:{location.port}", **(headers or {})}
        if body or method in ("POST", "PUT"):
            all_headers.setdefault("Content-Length", str(len(body)))
        for name, value in all_headers.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        fields = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, fields, response.read().decode(errors="replace"))
    finally:
        connection.close()


def signed(
    location: Location,
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
        keys: access key ID, secret and, if there is one, session token. Default: the owner's.
        at: the time of the signature. Default: now.
    """
    url = f"http://{(headers or {}).get('Host', f'127.0.0.1:{location.port}')}{target}"
    request = AWSRequest(method=method, url=url, data=body, headers=dict(headers or {}))
    signer_class = auth.S3SigV4Auth if service == "s3" else auth.SigV4Auth
    signer: Any = signer_class(Credentials(*(keys or location.access_key)), service, location.region)
    if at is None:
        signer.add_auth(request)
    else:
        with mock.patch.object(auth, "get_current_datetime", return_value=at):
            signer.add_auth(request)
    return dict(request.headers.items())


def call(location: Location, service: str = "ecs", body: bytes = b"{}", **fields: str) -> Response:
    """Send a signed ListClusters with more header fields; underscores in their names become hyphens."""
    headers = {**LIST_CLUSTERS, **{name.replace("_", "-"): value for name, value in fields.items()}}
    return send(location, body=body, headers=signed(location, service, body=body, headers=headers))


def path_of(url: str) -> str:
    """Path and query of a presigned URL."""
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
