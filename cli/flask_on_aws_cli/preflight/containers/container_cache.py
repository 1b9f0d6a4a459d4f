"""A Valkey container in an isolated network, and a volume with the root certificates that sign its own."""

import secrets
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from flask_on_aws.runtime_contract.contract import CacheFacts

from ...shared.certificate_authority import Authority
from ...shared.docker_engine import DockerError, archive, attempt, docker, label, remove
from ...shared.trusted_certificates import trusted_file
from ..processes.cache import POLICIES, AppCache
from ..settings import AppSettings

_HOST, _PORT = "cache", 6379
_FOLDER, _TRUSTED_FOLDER = "/preflight", "/preflight-trusted"
TRUSTED_FILE = "/etc/preflight/trusted.pem"
"""Where the app's container has the root certificates."""
_START_SECONDS, _PULL_SECONDS = 60.0, 300.0


@contextmanager
def container_cache(settings: AppSettings, network: str) -> Generator[tuple[AppCache, str]]:
    """A cache until the block ends, and the volume with the root certificates.

    Raises:
        DockerError: if its image is missing and cannot be pulled, or it does not start.
    """
    image = f"valkey/valkey:{settings.cache_major}"
    if attempt("image", "inspect", image).returncode:
        docker("pull", "--quiet", image, seconds=_PULL_SECONDS)
    name = volume = f"preflight-{secrets.token_hex(6)}"
    token = secrets.token_hex(32)
    try:
        docker("volume", "create", "--label", label(), volume)
        _create(name, image, network, volume, token, POLICIES[settings.cache_use])
        _copy(name)
        docker("start", name)
        _wait(name)
        yield AppCache(CacheFacts(_HOST, _PORT, settings.cache_use), token, TRUSTED_FILE), volume
    finally:
        remove(("rm", "--force", "--volumes", name), ("volume", "rm", "--force", volume))


def _create(name: str, image: str, network: str, volume: str, token: str, policy: str) -> None:
    settings = {
        "port": "0",
        "tls-port": str(_PORT),
        "tls-cert-file": f"{_FOLDER}/server.crt",
        "tls-key-file": f"{_FOLDER}/server.key",
        "tls-ca-cert-file": f"{_FOLDER}/ca.crt",
        "tls-auth-clients": "no",
        "requirepass": token,
        "maxmemory-policy": policy,
        "save": "",  # its data is needed only for a minute
    }
    docker(
        *("create", "--name", name, "--label", label(), "--network", network, "--network-alias", _HOST),
        *("--mount", f"type=volume,destination={_FOLDER}"),
        *("--mount", f"type=volume,source={volume},destination={_TRUSTED_FOLDER}"),
        *(image, "valkey-server", *(word for key, value in settings.items() for word in (f"--{key}", value))),
    )


def _copy(name: str) -> None:
    """Copy the files with `docker cp`, which also works if the engine is on another machine."""
    with tempfile.TemporaryDirectory() as folder:
        authority = Authority(Path(folder))
        certificate, key = authority.issue([_HOST])
        signer = authority.certificate_path.read_bytes()
        trusted = trusted_file(authority.certificate_path).read_bytes()
    # Readable for whichever user the image's server runs as; the container is removed with its key.
    files = {"server.crt": certificate, "server.key": key, "ca.crt": signer}
    docker("cp", "-", f"{name}:{_FOLDER}", stdin=archive(files, 0o644))
    docker("cp", "-", f"{name}:{_TRUSTED_FOLDER}", stdin=archive({TRUSTED_FILE.rpartition("/")[2]: trusted}, 0o644))


def _wait(name: str) -> None:
    """Wait until it accepts connections; without the token it answers with an error, which is enough."""
    command = ("valkey-cli", "--tls", "--cacert", f"{_FOLDER}/ca.crt", "-p", str(_PORT), "--sni", _HOST, "ping")
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        done = attempt("exec", name, *command)
        if b"NOAUTH" in done.stdout + done.stderr:
            return
        time.sleep(0.2)
    logs = attempt("logs", name)
    raise DockerError(f"Valkey did not start: {(logs.stdout + logs.stderr).decode(errors='replace')[-500:]}")
