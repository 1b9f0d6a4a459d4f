"""The AWS endpoint that a graph is applied to: boto3 clients, each created once.

boto3 is imported with the first client: evaluating a program needs none.
"""

import secrets
import threading
import urllib.error
import urllib.request
from functools import cached_property
from typing import Any

from ..local_project import engine_runs
from ..local_project.access_keys import AccessKey
from .model.errors import EngineError

# AWS's standard partition and its DNS suffix.
PARTITION, DNS_SUFFIX = "aws", "amazonaws.com"
# One for each operation that runs concurrently (process.PARALLEL), so that none waits for a connection.
_CONNECTIONS = 16
# A local endpoint responds immediately or not at all; operations that take time are polled.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 60, 3
# Other emulators of AWS require an access key, but accept any.
_PLACEHOLDER_KEY = AccessKey("local", "local")


class Aws:
    """boto3 clients for one endpoint and region, with an access key that the emulated AWS accepts."""

    def __init__(self, endpoint: str, region: str, key: AccessKey = _PLACEHOLDER_KEY) -> None:
        self.endpoint, self.region, self._key = endpoint, region, key
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._run = ""

    def begin_run(self, stack: str) -> None:
        """Begin a run of the stack: requests of its earlier runs have finished, or will be rejected.

        An endpoint other than the local AWS does not track runs, so the last requests of a killed run may still take
        effect there.

        Raises:
            EngineError: if the endpoint does not respond.
        """
        from ..local_project.clients import control_request

        self._run = f"{stack}/{secrets.token_hex(8)}"
        request = control_request(f"{self.endpoint}{engine_runs.PREFIX}{self._run}", self._key, self.region, "PUT")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # no proxy: it is on this machine
        try:
            opener.open(request, timeout=_READ_SECONDS).close()
        except urllib.error.HTTPError as response:
            response.close()
        except OSError as error:
            raise EngineError(f"The AWS endpoint {self.endpoint} does not respond: {error}") from error

    def client(self, service: str) -> Any:
        """The client of a service, by its name in boto3. Clients can be shared between threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._create_client(service)
            return self._clients[service]

    @cached_property
    def account_id(self) -> str:
        """The endpoint's account ID."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account and region."""
        return f"arn:{PARTITION}:{service}:{self.region}:{self.account_id}:{resource}"

    def _create_client(self, service: str) -> Any:
        from botocore.config import Config

        from ..local_project.clients import create_client

        config = Config(
            max_pool_connections=_CONNECTIONS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            proxies={},  # the endpoint is on this machine
            s3={"addressing_style": "path"},  # the local endpoint has no host names for buckets
        )
        client = create_client(self._key, self.region, service, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-send", self._add_run_header)
        return client

    def _add_run_header(self, request: Any, **_: Any) -> None:
        if self._run:
            request.headers[engine_runs.HEADER] = self._run
