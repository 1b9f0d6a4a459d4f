"""Clients of a place's endpoint, with the place's own access key."""

import urllib.request
from typing import Any, cast

import boto3
from botocore import auth as _botocore_auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as _BotocoreCredentials

from .access_keys import AccessKey
from .place import Place

CONTROL_SERVICE = "flask-on-aws"
"""What calls of the local AWS's own routes are signed for: it is no service of AWS's, and so no other key's."""
_signers = cast(Any, _botocore_auth)


def client(place: Place, service: str, **options: Any) -> Any:
    """A boto3 client of a service; options are boto3's."""
    key = place.access_key
    session = boto3.Session(key.id, key.secret, region_name=place.region)
    return cast(Any, session).client(service, endpoint_url=place.endpoint, **options)


def control_request(url: str, key: AccessKey, region: str, method: str = "GET") -> urllib.request.Request:
    """A signed request to a route of the local AWS's own.

    A signature gives nothing away to whoever listens in the daemon's place, where a password would.
    """
    request = cast(Any, AWSRequest)(method=method, url=url)
    _signers.SigV4Auth(_BotocoreCredentials(key.id, key.secret), CONTROL_SERVICE, region).add_auth(request)
    return urllib.request.Request(url, method=method, headers=dict(request.headers.items()))  # noqa: S310 loopback
