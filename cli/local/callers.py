"""Whose calls the endpoint answers: those of this machine's programs and of its own pages.

Whoever calls it can have programs run, and moto allows every origin. So a page of another site, open in a browser here,
must not be able to: neither by its own scripts, nor by a name of its own that it lets lead to this machine.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# Docker Desktop's name for this machine, and the names that S3 buckets and AWS's services have.
_HOSTS, _DOMAINS = ("localhost", "127.0.0.1", "::1", "host.docker.internal"), (".localhost", ".amazonaws.com")


def is_foreign(environ: Mapping[str, Any]) -> bool:
    """Whether a WSGI request comes from another site's page: pure."""
    origin = environ.get("HTTP_ORIGIN")
    return (origin is not None and not _is_ours(str(origin))) or not _is_ours(
        f"//{environ.get('HTTP_HOST', _HOSTS[0])}"
    )


def _is_ours(address: str) -> bool:
    try:
        name = (urlsplit(address).hostname or "").rstrip(".")
    except ValueError:  # no address at all
        return False
    return name in _HOSTS or name.endswith(_DOMAINS)
