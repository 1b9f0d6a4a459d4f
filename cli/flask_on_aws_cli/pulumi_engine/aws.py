"""The AWS that a graph is applied to: clients of one endpoint, made once each."""

import secrets
import threading
import urllib.error
import urllib.request
from functools import cached_property
from typing import Any, cast

import boto3.session
from botocore.config import Config

from ..local_project import engine_runs
from ..local_project.access_keys import AccessKey
from ..local_project.clients import control_request
from .model.errors import EngineError

# What AWS itself calls the partition, its DNS suffix and the zones that every region has at least.
PARTITION, DNS_SUFFIX = "aws", "amazonaws.com"
# Enough for every operation that runs at once (process.PARALLEL), so that none waits for a connection.
_CONNECTIONS = 16
# A local endpoint answers at once or not at all; what takes time there is waited for by polling.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 5, 60, 3
# Any will do for an emulated AWS that is not ours: it checks that there are some.
_ANY_KEY = AccessKey("local", "local")


class Aws:
    """boto3 clients for one endpoint and region, with an access key that an emulated AWS takes."""

    def __init__(self, endpoint: str, region: str, key: AccessKey = _ANY_KEY) -> None:
        self.endpoint, self.region, self._key = endpoint, region, key
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._run = ""

    def begin_run(self, stack: str) -> None:
        """From now on no call of a former run of the stack takes effect, and what they did is there to be found.

        An endpoint that is not ours knows no runs. There a killed run's last calls may still come after this one's.

        Raises:
            EngineError: if the endpoint does not answer.
        """
        self._run = f"{stack}/{secrets.token_hex(8)}"
        begin = control_request(f"{self.endpoint}{engine_runs.PREFIX}{self._run}", self._key, self.region, "PUT")
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it is on this machine
        try:
            direct.open(begin, timeout=_READ_SECONDS).close()
        except urllib.error.HTTPError as refusal:
            refusal.close()
        except OSError as error:
            raise EngineError(f"The AWS endpoint {self.endpoint} does not answer: {error}") from error

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
        session = cast(Any, boto3.session.Session)(self._key.id, self._key.secret, region_name=self.region)
        config = Config(
            max_pool_connections=_CONNECTIONS,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            proxies={},  # it is on this machine
            s3={"addressing_style": "path"},  # bucket names are no host names here
        )
        client = session.client(service, endpoint_url=self.endpoint, config=config)
        client.meta.events.register("before-send", self._name_run)
        return client

    def _name_run(self, request: Any, **_: Any) -> None:
        if self._run:
            request.headers[engine_runs.HEADER] = self._run
