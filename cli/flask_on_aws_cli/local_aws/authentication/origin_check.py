"""Which pages in a browser, and which host names, may reach the endpoint.

moto allows every origin, and a port on loopback is open to every page that a browser on this machine shows. Signatures
keep such pages out; this check is a second line of defense that does not depend on a secret.
"""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

S3 = "s3"
# The last is Docker Desktop's name for this machine.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1", "host.docker.internal")
_BUCKET_SUFFIX = ".localhost"  # S3 clients put a bucket's name before the endpoint's host name
_AWS_SUFFIX = ".amazonaws.com"  # of AWS's own names, which a proxy or a hosts file may direct to this machine
_MAX_PORT = 65535


def rejection_reason(environ: Mapping[str, Any], service: str, pages: Collection[str]) -> str | None:
    """Why a WSGI request is rejected because of its host or origin; None if it is accepted: pure.

    Args:
        environ: the request.
        service: the service to which it will be dispatched.
        pages: origins of this project's own pages, exactly as browsers write them.
    """
    if not _is_expected_host(str(environ.get("HTTP_HOST", "")), service):
        return "The Host header of this request does not name the local AWS."
    origin = environ.get("HTTP_ORIGIN")
    if service == S3:
        # The app's pages upload files to its bucket and show files from it, with requests that the app has signed.
        foreign = origin is not None and str(origin) not in pages
    else:
        # No page needs any other service: the status page calls its own server. Browsers send Sec-Fetch-Site even where
        # they send no Origin, and no page can change either header: https://www.w3.org/TR/fetch-metadata/
        foreign = origin is not None or "HTTP_SEC_FETCH_SITE" in environ
    return f"The local AWS accepts no requests from the page at {origin or 'another address'}." if foreign else None


def _is_expected_host(host: str, service: str) -> bool:
    """Whether a Host header names this machine or the service that the request is for."""
    try:
        parts = urlsplit(f"//{host}")
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:  # not a host and port
        return False
    if parts.username is not None or parts.path or parts.query or parts.fragment or not 0 <= (port or 0) <= _MAX_PORT:
        return False
    if name in _LOCAL_HOSTS:
        return True
    if name.endswith(_BUCKET_SUFFIX):
        return service == S3
    labels = name.removesuffix(_AWS_SUFFIX).split(".") if name.endswith(_AWS_SUFFIX) else []
    return service in labels and (service == S3 or S3 not in labels)  # a bucket may be named like another service
