"""A Valkey or Redis server on this machine for one preflight: with TLS and a token, as on ElastiCache."""

import secrets
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask_on_aws.runtime_contract.contract import CacheFacts

from ...cache_server.server import ENDPOINT, CacheServer
from ...shared.certificate_authority import Authority
from ...shared.trusted_certificates import trusted_file
from ..settings import AppSettings

POLICIES = {"cache": "allkeys-lru", "queue": "noeviction"}


@dataclass(frozen=True)
class AppCache:
    """The cache of an app under test."""

    facts: CacheFacts
    token: str = "none"  # noqa: S105 where no server runs
    trusted: str = ""
    """The app's path of the root certificates that sign the cache's; empty for the system's."""
    problem: str = ""
    """Why no server runs; empty if one does."""


@contextmanager
def temporary_cache(settings: AppSettings) -> Generator[AppCache]:
    """A cache until the block ends.

    Raises:
        NoServerError: if neither Valkey nor Redis is installed.
        ServerError: if the server does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="preflight-cache-"))
    folder.chmod(0o755)  # the app, which runs as another user, reads the certificates
    try:
        authority = Authority(folder / "ca")
        (folder / "ca").chmod(0o755)
        server, token = CacheServer(folder / "server", authority), secrets.token_hex(32)
        try:
            server.start(0, [token], POLICIES[settings.cache_use])
            facts = CacheFacts(ENDPOINT, server.port, settings.cache_use)
            yield AppCache(facts, token, str(trusted_file(authority.certificate_path)))
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
