"""Where pictures are kept: in a bucket, or in a folder on a developer's machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import unquote, urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from flask import Response, redirect, send_from_directory

from .settings import Settings

_LINK_SECONDS = 300  # long enough to load a page's pictures, short enough that a copied link is soon worthless
# Waits and tries that together stay below the 45 s after which gunicorn ends a worker.
_WAITS: dict[str, Any] = {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 3}}


class Storage(Protocol):
    """What the views need of a place for pictures."""

    origin: str
    """The origin that browsers load pictures from, empty if it is the app's own."""

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        """Keep a file under a key that is new."""

    def response(self, key: str) -> Any:
        """The answer to a browser that asks for the file."""


def from_settings(settings: Settings) -> Storage | None:
    """The storage that the settings name, if any; boto3 finds the task role's keys when it first needs them."""
    dsn = urlsplit(settings.default_storage_dsn)
    if dsn.scheme == "file":
        return Folder(Path(unquote(dsn.path)))
    if settings.media_bucket:
        return Bucket(settings.media_bucket, settings.aws_region)
    return None


class Bucket:
    """A private bucket; browsers get signed links to it."""

    def __init__(self, name: str, region: str) -> None:
        self._name = name
        self._client = self._connect(region, "s3v4")
        # A link without a signature needs no keys and shows where signed ones will point.
        unsigned = self._connect(region, UNSIGNED).generate_presigned_url("get_object", {"Bucket": name, "Key": "key"})
        address = urlsplit(unsigned)
        self.origin = f"{address.scheme}://{address.netloc}"

    @staticmethod
    def _connect(region: str, signature: Any) -> Any:
        # Without the regional address, links to us-east-1 would use another host than those to all other regions.
        config = Config(signature_version=signature, s3={"us_east_1_regional_endpoint": "regional"}, **_WAITS)
        return boto3.client("s3", region_name=region, config=config)

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        self._client.put_object(Bucket=self._name, Key=key, Body=stream, ContentType=content_type)

    def response(self, key: str) -> Any:
        link = self._client.generate_presigned_url(
            "get_object", {"Bucket": self._name, "Key": key}, ExpiresIn=_LINK_SECONDS
        )
        answer = redirect(link)
        # Browsers may reuse the link, but not until its last second.
        answer.headers["Cache-Control"] = f"private, max-age={_LINK_SECONDS - 60}"
        return answer


@dataclass(frozen=True)
class Folder:
    """A folder on this machine's disk."""

    path: Path
    origin: str = ""

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / key).open("xb") as file:
            while chunk := stream.read(1 << 16):
                file.write(chunk)

    def response(self, key: str) -> Response:
        return send_from_directory(self.path.absolute(), key)
