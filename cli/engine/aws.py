"""The AWS that a graph is applied to: clients of one endpoint, made once each."""

import threading
from functools import cached_property
from typing import Any, cast

import boto3.session
from botocore.config import Config

# What AWS itself calls the partition, its DNS suffix and the zones that every region has at least.
PARTITION, DNS_SUFFIX = "aws", "amazonaws.com"
# Enough for every operation that runs at once (process.PARALLEL), so that none waits for a connection.
_CONNECTIONS = 16
# A local endpoint answers at once or not at all; what takes time there is waited for by polling.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 60, 3
# Any will do: an emulated AWS checks that there are some.
_CREDENTIALS = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}


class Aws:
    """boto3 clients for one endpoint and region, with credentials that an emulated AWS takes."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint, self.region = endpoint, region
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The client of a service, by boto3's name for it. Safe to share between threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    @cached_property
    def account_id(self) -> str:
        """The account that the endpoint says it is."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:{PARTITION}:{service}:{self.region}:{self.account_id}:{resource}"

    def _make(self, service: str) -> Any:
        session = cast(Any, boto3.session.Session)(region_name=self.region, **_CREDENTIALS)
        config = Config(
            max_pool_connections=_CONNECTIONS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            proxies={},  # it is on this machine
            s3={"addressing_style": "path"},  # bucket names are no host names here
        )
        return session.client(service, endpoint_url=self.endpoint, config=config)
