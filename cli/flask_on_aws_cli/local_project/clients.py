"""Clients of a local AWS's endpoint, with its access key."""

import threading
import urllib.request
from functools import cache
from typing import Any, cast

import boto3
from botocore import auth as _botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as _BotocoreCredentials

from .access_keys import AccessKey
from .location import Location

CONTROL_SERVICE = "flask-on-aws"
"""Service name in signatures for the routes below `/.local/`: AWS has no such service, so no other key may use them."""
_signers = cast(Any, _botocore_auth)
# A session must not create two clients at the same time:
# https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html#multithreading-or-multiprocessing-with-sessions
_creating = threading.Lock()


def client(location: Location, service: str, **options: Any) -> Any:
    """A boto3 client of a service, with the options of boto3."""
    return create_client(location.access_key, location.region, service, endpoint_url=location.endpoint, **options)


def create_client(key: AccessKey, region: str, service: str, **options: Any) -> Any:
    """A boto3 client with an access key, with the options of boto3."""
    with _creating:
        return _session(key, region).client(service, **options)


@cache
def _session(key: AccessKey, region: str) -> Any:
    """The session of all clients: each session reads botocore's list of endpoints, which takes 0.2 seconds."""
    return boto3.Session(key.id, key.secret, region_name=region)


def control_request(url: str, key: AccessKey, region: str, method: str = "GET") -> urllib.request.Request:
    """A signed request to one of the local AWS's routes that AWS does not have.

    Unlike a password, a signature reveals nothing if another program listens on the daemon's port.
    """
    request = cast(Any, AWSRequest)(method=method, url=url)
    _signers.SigV4Auth(_BotocoreCredentials(key.id, key.secret), CONTROL_SERVICE, region).add_auth(request)
    return urllib.request.Request(url, method=method, headers=dict(request.headers.items()))  # noqa: S310 loopback
