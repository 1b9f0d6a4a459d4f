"""The location of a project's local AWS: its folder, and the address and region of its endpoint."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from .access_keys import AccessKey, access_key

ACCOUNT_ID = "123456789012"  # moto's account id, which every emulated ARN contains
HOST = "127.0.0.1"  # other machines cannot connect to the local AWS

RuntimeName = Literal["process", "container"]
"""How tasks run: as processes on this machine, or as containers on its Docker engine."""
RUNTIMES: tuple[RuntimeName, ...] = get_args(RuntimeName)


@dataclass(frozen=True)
class Location:
    """The folder, port and region of a project's local AWS."""

    folder: Path
    """Folder of its files, `.local-aws` in the project: data, logs, certificates, process ids."""
    port: int
    """Port of its AWS endpoint."""
    region: str
    """Its only region."""

    @property
    def certificate(self) -> Path:
        """Path of its certificate authority's certificate."""
        return self.folder / "ca" / "ca.pem"

    def state_file(self, stack: str) -> Path:
        """The file with the state of a stack."""
        return self.folder / f"stack-{stack}.json"

    @property
    def access_key(self) -> AccessKey:
        """The access key of its owner, generated if there is none; raises `AccessKeyError`."""
        return access_key(self.folder)

    @property
    def endpoint(self) -> str:
        """URL of its AWS endpoint, for boto3's `endpoint_url` and AWS_ENDPOINT_URL."""
        return f"http://{HOST}:{self.port}"


class Target(NamedTuple):
    """The address of a target in a target group."""

    host: str
    port: int
