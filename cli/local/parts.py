"""What the parts of the local AWS ask of each other.

The API's records are kept by moto. Each part reads what is desired there, makes it so, and writes back what is true, so
that every client of the API is told the truth.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, get_args

from .access_keys import AccessKey, access_key

ACCOUNT_ID = "123456789012"  # moto's own, which every emulated ARN has
HOST = "127.0.0.1"  # nothing of ours listens beyond this machine


RuntimeName = Literal["process", "container"]
"""How tasks run: as processes of this machine, or as containers at its Docker engine."""
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@dataclass(frozen=True)
class Place:
    """Where one project's local AWS is."""

    folder: Path
    """Its files, `.local-aws` in the project: data, logs, certificates, process ids."""
    port: int
    """Port of the AWS endpoint."""
    region: str
    """The one region that there is."""

    @property
    def certificate(self) -> Path:
        """The certificate of its CA."""
        return self.folder / "ca" / "ca.pem"

    @property
    def access_key(self) -> AccessKey:
        """What its owner's requests are signed with, generated when it is absent; raises `AccessKeyError`."""
        return access_key(self.folder)

    @property
    def endpoint(self) -> str:
        """The AWS endpoint, for boto3's `endpoint_url` and AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self.port}"


class Part(Protocol):
    """A piece of the data plane with threads or processes of its own."""

    def start(self) -> None:
        """Take up the work; what was left running by a killed daemon is taken over or ended first."""
        ...

    def stop(self) -> None:
        """End all that was started, the data kept."""
        ...


class Target(NamedTuple):
    """One address behind a target group."""

    host: str
    port: int


class TargetHealth(NamedTuple):
    """What DescribeTargetHealth says of a target, in AWS's words."""

    state: str
    """initial, healthy, unhealthy, unused or draining."""
    reason: str | None = None
    """Like Target.ResponseCodeMismatch; None when healthy."""
    description: str | None = None


class Targets(Protocol):
    """The target groups of the load balancers, as the services use them."""

    def register(self, target_group_arn: str, target: Target) -> None:
        """Start to probe and, once it is healthy, to route to the target."""
        ...

    def deregister(self, target_group_arn: str, target: Target) -> None:
        """Send it no new request after a moment, and forget it after the group's deregistration delay."""
        ...

    def health(self, target_group_arn: str, target: Target) -> TargetHealth:
        """The target's state; `unused` when it is not registered."""
        ...
