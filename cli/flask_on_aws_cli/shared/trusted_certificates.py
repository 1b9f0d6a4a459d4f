"""Root certificates that include a local CA, for clients that only trust the system's, as redis-py and Celery do.

A database's URL names its root certificates. ElastiCache's certificates are signed by a public CA, so a cache's URL
names none, and here OpenSSL's variable replaces the system's certificates by those of a file.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path

import botocore

from .atomic_files import write_atomically

VARIABLE = "SSL_CERT_FILE"
CONTAINER_PATH = "/etc/local-aws/trusted.pem"
"""Where a container of the local AWS has the file."""
_SYSTEM_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem")


def trusted_file(authority: Path) -> Path:
    """The file with the system's root certificates and a local CA's, in the folder of the CA's certificate."""
    default = ssl.get_default_verify_paths().cafile
    candidates = [Path(path) for path in (default, *_SYSTEM_FILES) if path]
    bundled = Path(botocore.__file__).with_name("cacert.pem")
    system = next((path for path in candidates if path.is_file()), bundled)
    content = system.read_bytes().rstrip() + b"\n" + authority.read_bytes()
    target = authority.with_name("trusted.pem")
    if not target.is_file() or target.read_bytes() != content:
        write_atomically(target, content, 0o644)
    return target


def uses_cache(environment: Mapping[str, str]) -> bool:
    """Whether an app's environment has the URL of a cache, and no other root certificates."""
    return VARIABLE not in environment and any(value.startswith("rediss://") for value in environment.values())
