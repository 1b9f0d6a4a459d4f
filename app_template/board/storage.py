"""Stores pictures in a bucket, or in a folder on a developer's machine."""

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
# Timeouts and attempts that together stay below the 45 s after which a request is aborted.
_TIMEOUTS: dict[str, Any] = {"connect_timeout": 3, "read_timeout": 10, "retries": {"total_max_attempts": 3}}
_BUCKET_HOST = re.compile(r"(?P<bucket>.+)\.s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


class Storage(Protocol):
    """The storage for pictures that the views use."""

    origin: str
    """The origin from which browsers load pictures and to which they upload them; empty if it is the app's."""

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        """Store a file under a new key."""

    def response(self, key: str) -> Any:
        """The response to a browser that requests the file."""

    def upload_form(self, key: str, content_type: str, max_bytes: int) -> dict[str, Any] | None:
        """URL and fields of a form with which a browser can upload the file; None if only the app can store it."""

    def first_bytes(self, key: str, length: int) -> bytes | None:
        """The first bytes of a file; None if it does not exist."""

    def remove(self, key: str) -> None:
        """Delete a file."""

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        """The keys of files that are older than this."""


def from_settings(settings: Settings) -> Storage | None:
    """The storage in the settings, if any; boto3 gets the task role's credentials when it first needs them."""
    dsn = urlsplit(settings.default_storage_dsn)
    if dsn.scheme == "file":
        return Folder(Path(unquote(dsn.path)))
    if settings.media_bucket:
        media_url = "" if settings.media_key_pair_id else settings.media_url
        return Bucket(settings.media_bucket, settings.aws_region, settings.media_prefix, media_url)
    if match := _BUCKET_HOST.fullmatch(dsn.hostname or ""):
        keys = {"aws_access_key_id": unquote(dsn.username), "aws_secret_access_key": unquote(dsn.password or "")}
        return Bucket(match["bucket"], match["region"], **(keys if dsn.username else {}))
    return None


class Bucket:
    """A private bucket; browsers use presigned URLs, or CloudFront's public ones, and presigned POST forms."""

    def __init__(self, name: str, region: str, folder: str = "", media_url: str = "", **keys: str) -> None:
        self._name, self._folder, self._media_url = name, folder, media_url
        self._client = self._connect(region, **keys)
        # A URL that is presigned with any keys shows the origin; the role's credentials are not needed yet.
        example = self._connect(region, aws_access_key_id="any", aws_secret_access_key="any")  # noqa: S106 no secret
        address = urlsplit(example.generate_presigned_url("get_object", {"Bucket": name, "Key": "key"}))
        self.origin = f"{address.scheme}://{address.netloc}"

    @staticmethod
    def _connect(region: str, **keys: str) -> Any:
        # URLs must have the bucket's region: the global host that boto3 uses by default redirects, and browsers do not
        # follow that for a form or under the page's policy. Other S3 servers have one host for all buckets.
        is_other_s3 = "AWS_ENDPOINT_URL" in os.environ or "AWS_ENDPOINT_URL_S3" in os.environ
        addressing = {
            "us_east_1_regional_endpoint": "regional",
            "addressing_style": "path" if is_other_s3 else "virtual",
        }
        config = Config(signature_version="s3v4", s3=addressing, **_TIMEOUTS)
        return boto3.client("s3", region_name=region, config=config, **keys)

    def save(self, key: str, stream: IO[bytes], content_type: str) -> None:
        self._client.put_object(Bucket=self._name, Key=self._folder + key, Body=stream, ContentType=content_type)

    def response(self, key: str) -> Any:
        if self._media_url:
            return redirect(self._media_url + key)
        link = self._client.generate_presigned_url(
            "get_object", {"Bucket": self._name, "Key": self._folder + key}, ExpiresIn=_LINK_SECONDS
        )
        response = redirect(link)
        # Browsers may reuse the URL until shortly before it expires.
        response.headers["Cache-Control"] = f"private, max-age={_LINK_SECONDS - 60}"
        return response

    def upload_form(self, key: str, content_type: str, max_bytes: int) -> dict[str, Any] | None:
        # The bucket enforces type and size, because the browser cannot be trusted.
        return self._client.generate_presigned_post(
            self._name,
            self._folder + key,
            Fields={"Content-Type": content_type},
            Conditions=[{"Content-Type": content_type}, ["content-length-range", 1, max_bytes]],
            ExpiresIn=_UPLOAD_SECONDS,
        )

    def first_bytes(self, key: str, length: int) -> bytes | None:
        try:
            stored = self._client.get_object(Bucket=self._name, Key=self._folder + key, Range=f"bytes=0-{length - 1}")
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in (404, 416):  # missing or empty
                return None
            raise
        return stored["Body"].read()

    def remove(self, key: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=self._folder + key)

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=self._folder)
        for page in pages:
            for entry in page.get("Contents", []):
                if time.time() - entry["LastModified"].timestamp() > seconds:
                    yield entry["Key"].removeprefix(self._folder)


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

    def upload_form(self, key: str, content_type: str, max_bytes: int) -> dict[str, Any] | None:
        return None

    def first_bytes(self, key: str, length: int) -> bytes | None:
        try:
            with (self.path / key).open("rb") as file:
                return file.read(length)
        except FileNotFoundError:
            return None

    def remove(self, key: str) -> None:
        (self.path / key).unlink(missing_ok=True)

    def keys_older_than(self, seconds: float) -> Iterator[str]:
        for file in self.path.glob("*"):
            with suppress(FileNotFoundError):
                if file.is_file() and time.time() - file.stat().st_mtime > seconds:
                    yield file.name
