"""The root certificates of Amazon RDS for one region.

`rds-ca/rds-ca-bundle.pem` holds the roots of all commercial regions as AWS publishes them in its global bundle:
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
A task definition has room for 64 KiB, so a container gets only the three of its region (about 5 KB).
"""

import base64
import re
from functools import cache
from pathlib import Path

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----\s+(.+?)-----END CERTIFICATE-----\n?", re.DOTALL)


def region_certificates(region: str) -> str:
    """The region's roots in PEM.

    Raises:
        ValueError: if the bundle has none for the region.
    """
    subject = f"Amazon RDS {region} Root CA".encode()
    roots = [pem for pem, der in _certificates() if subject in der]
    if not roots:
        raise ValueError(
            f"the bundle has no RDS root certificates for region {region!r}; use an image that contains them and set caCertificates to image."
        )
    return "".join(roots)


def are_rds_certificates(text: str) -> bool:
    """Whether a text consists of RDS's root certificates: a region's, or all."""
    found = [match[0].strip() for match in _CERTIFICATE.finditer(text)]
    return bool(found) and set(found) <= {pem.strip() for pem, _ in _certificates()}


@cache
def _certificates() -> list[tuple[str, bytes]]:
    text = (Path(__file__).parent / "rds-ca" / "rds-ca-bundle.pem").read_text(encoding="ascii")
    return [(match[0], base64.b64decode(match[1])) for match in _CERTIFICATE.finditer(text)]
