"""Which pages in a browser, and which host names, may reach the endpoint.

moto allows every origin, and a port of loopback is open to every page that a browser of this machine shows. Signatures
keep such pages out; what is here is a second line that does not depend on a secret staying one.
"""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

S3 = "s3"
# Docker Desktop's name for this machine is the last.
_LOOPBACK = ("localhost", "127.0.0.1", "::1", "host.docker.internal")
_BUCKETS = ".localhost"  # S3 clients put a bucket's name before an endpoint's name
_AWS = ".amazonaws.com"  # what a name that is led here by a proxy or a hosts file ends with
_MAX_PORT = 65535


def rejection(environ: Mapping[str, Any], service: str, pages: Collection[str]) -> str | None:
    """Why a WSGI request is rejected for where it comes from; None if it is not: pure.

    Args:
        environ: the request.
        service: what it is for, as it will be dispatched.
        pages: origins of this project's own pages, exactly as browsers write them.
    """
    if not _is_our_host(str(environ.get("HTTP_HOST", "")), service):
        return "The Host of this request is not the local AWS's."
    origin = environ.get("HTTP_ORIGIN")
    if service == S3:
        # The app's page sends files to its bucket and shows files from it, by requests that the app has signed.
        foreign = origin is not None and str(origin) not in pages
    else:
        # No page has business with another service: the status page asks its own server. A browser sends the second
        # field also where it sends no Origin, and no page can change either: https://www.w3.org/TR/fetch-metadata/
        foreign = origin is not None or "HTTP_SEC_FETCH_SITE" in environ
    return f"The local AWS takes no request from the page at {origin or 'another address'}." if foreign else None


def _is_our_host(host: str, service: str) -> bool:
    """Whether a Host names this machine, or the very service that the request is for."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # no address at all
        return False
    if parts.username is not None or parts.path or parts.query or parts.fragment or not 0 <= (port or 0) <= _MAX_PORT:
        return False
    if name in _LOOPBACK:
        return True
    if name.endswith(_BUCKETS):
        return service == S3
    labels = name.removesuffix(_AWS).split(".") if name.endswith(_AWS) else []
    return service in labels and (service == S3 or S3 not in labels)  # a bucket may have another service's name
