"""Where one project's local AWS is: its folder, its endpoint's address, and how its tasks run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

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


class Target(NamedTuple):
    """One address behind a target group."""

    host: str
    port: int
