"""Where pictures are kept: in a bucket, or in a folder on a developer's machine."""

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Response, redirect, send_from_directory

from .settings import Settings

_LINK_SECONDS = 300  # long enough to load a page's pictures, short enough that a copied link is soon worthless
_UPLOAD_SECONDS = 600  # 5 MB on a slow phone
# Waits and tries that together stay below the 45 s after which a request is given up.
_WAITS: dict[str, Any] = {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 3}}
_BUCKET_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


class Storage(Protocol):
    """What the views need of a place for pictures."""

    origin: str
    """The origin that browsers load pictures from and send them to, empty if it is the app's own."""

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        """Keep a file under a key that is new."""

    def response(self, key: str) -> Any:
        """The answer to a browser that asks for the file."""

    def upload_form(self, key: str, content_type: str, largest: int) -> dict[str, Any] | None:
        """Address and fields of a form that a browser can send the file with; None where only the app can save."""

    def start_of(self, key: str, length: int) -> bytes | None:
        """The first bytes of a file, None where there is none."""

    def remove(self, key: str) -> None:
        """Forget a file."""

    def older_than(self, seconds: float) -> Iterator[str]:
        """The keys of files that have been there for longer."""


def from_settings(settings: Settings) -> Storage | None:
    """The storage that the settings name, if any; boto3 finds the task role's keys when it first needs them."""
    dsn = urlsplit(settings.default_storage_dsn)
    if dsn.scheme == "file":
        return Folder(Path(unquote(dsn.path)))
    if settings.media_bucket:
        return Bucket(settings.media_bucket, settings.aws_region)
    if found := _BUCKET_HOST.fullmatch(dsn.hostname or ""):
        keys = {"aws_access_key_id": unquote(dsn.username), "aws_secret_access_key": unquote(dsn.password or "")}
        return Bucket(found["bucket"], found["region"], **(keys if dsn.username else {}))
    return None


class Bucket:
    """A private bucket; browsers get signed links to it and signed forms for it."""

    def __init__(self, name: str, region: str, **keys: str) -> None:
        self._name = name
        self._client = self._connect(region, **keys)
        # A link signed with any keys shows where all of them will point. The role's own are not asked for yet.
        example = self._connect(region, aws_access_key_id="any", aws_secret_access_key="any")  # noqa: S106 no secret
        address = urlsplit(example.generate_presigned_url("get_object", {"Bucket": name, "Key": "key"}))
        self.origin = f"{address.scheme}://{address.netloc}"

    @staticmethod
    def _connect(region: str, **keys: str) -> Any:
        # Links must lead to the bucket's own region: the global address that boto3 prefers for them redirects, which
        # neither a form nor the page's policy lets a browser follow. Another S3 has one address for all buckets.
        elsewhere = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
        addresses = {"us_east_1_regional_endpoint": "regional", "addressing_style": "path" if elsewhere else "virtual"}
        config = Config(signature_version="s3v4", s3=addresses, **_WAITS)
        return boto3.client("s3", region_name=region, config=config, **keys)

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

    def upload_form(self, key: str, content_type: str, largest: int) -> dict[str, Any] | None:
        # The bucket itself refuses what does not fit: the browser's word is not enough.
        return self._client.generate_presigned_post(
            self._name,
            key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, largest]],
            ExpiresIn=_UPLOAD_SECONDS,
        )

    def start_of(self, key: str, length: int) -> bytes | None:
        try:
            found = self._client.get_object(Bucket=self._name, Key=key, Range=f"bytes=0-{length - 1}")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 416):  # not there, or empty
                return None
            raise
        return found["Body"].read()

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=key)

    def older_than(self, seconds: float) -> Iterator[str]:
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name):
            for found in page.get("Contents", []):
                if time.time() - found["LastModified"].timestamp() > seconds:
                    yield found["Key"]


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

    def upload_form(self, key: str, content_type: str, largest: int) -> dict[str, Any] | None:
        return None

    def start_of(self, key: str, length: int) -> bytes | None:
        try:
            with (self.path / key).open("rb") as file:
                return file.read(length)
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        (self.path / key).unlink(missing_ok=True)

    def older_than(self, seconds: float) -> Iterator[str]:
        for file in self.path.glob("*"):
            with suppress(FileNotFoundError):
                if file.is_file() and time.time() - file.stat().st_mtime > seconds:
                    yield file.name
