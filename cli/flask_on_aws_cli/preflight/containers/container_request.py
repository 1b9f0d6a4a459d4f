"""A request that is held in a separate container, since a container's other processes end together with its app."""

import json
import secrets
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ...shared.docker_engine import label, remove
from ..probes import probe
from ..running import FinishedRequest, UnfinishedRequest, rest_of


@dataclass(frozen=True)
class ContainerRequest:
    """A held request, and the `docker run` that holds it."""

    path: str
    process: subprocess.Popen[str]
    container: str
    rest: str

    def finish(self) -> FinishedRequest:
        """Send the rest, and wait for the response."""
        output, _ = self.process.communicate(f"{json.dumps(self.rest)}\n")
        return FinishedRequest(**json.loads(output)) if output.strip() else FinishedRequest(error="the probe ended")

    def close(self) -> None:
        """End the container."""
        remove(("rm", "--force", "--volumes", self.container))
        self.process.communicate()


def hold_request(
    image: str, network: str, python: str, requests: Sequence[UnfinishedRequest], arguments: Mapping[str, Any]
) -> ContainerRequest | None:
    """Start the first of the requests for whose body the app waits; None if it answers each at once.

    Args:
        image: the app's image.
        network: the app's network.
        python: the image's Python.
        requests: what to send.
        arguments: the other arguments of the probe.
    """
    name = f"preflight-{secrets.token_hex(6)}"
    options = ("--interactive", "--name", name, "--label", label(), "--network", network, "--entrypoint", python)
    action = json.dumps(["hold", {**arguments, "requests": requests}])
    process = subprocess.Popen(  # noqa: S603 the arguments are from this program
        ["docker", "run", *options, image, "-c", Path(probe.__file__).read_text(), action],  # noqa: S607
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    output: IO[str] | None = process.stdout
    line = output.readline() if output else ""
    path = json.loads(line) if line.strip() else ""
    request = ContainerRequest(path, process, name, rest_of(path, requests))
    if path:
        return request
    request.close()
    return None
