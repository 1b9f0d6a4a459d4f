"""Serves media files from the local bucket, as CloudFront does."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast
from urllib.parse import unquote

from botocore.exceptions import ClientError
from flask_on_aws.ingress.media_headers import CONTENT_SECURITY_POLICY

from ...local_project.media_paths import MediaPath, MediaPaths
from .rules import Request
from .signed_links import is_signed

_METHODS = ("GET", "HEAD")
# Header of a response → the field of S3's answer.
_FIELDS = {
    b"cache-control": "CacheControl",
    b"content-disposition": "ContentDisposition",
    b"content-encoding": "ContentEncoding",
    b"content-range": "ContentRange",
    b"etag": "ETag",
}
_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"access-control-allow-origin", b"*"),
    (b"accept-ranges", b"bytes"),
)
_XML = "application/xml"


class FileResponse(NamedTuple):
    """A response with a file, or why there is none."""

    status: int
    content_type: str
    body: bytes
    headers: Sequence[tuple[bytes, bytes]] = ()


class MediaFiles:
    """The files of the paths in a folder's file."""

    def __init__(self, folder: Path, s3: Any) -> None:
        self._paths, self._s3 = MediaPaths(folder), s3

    def covers(self, path: str) -> bool:
        """Whether CloudFront would not pass a request for this path to the load balancer."""
        return self._paths.of(path) is not None

    def answer(self, request: Request, scheme: str) -> FileResponse:
        """The response to a request for a path that is covered; called in a separate thread."""
        media = self._paths.of(request.path)
        if media is None or request.method not in _METHODS or not _may_read(media, request, scheme):
            return _denied()
        try:
            found = self._read(media.bucket, unquote(request.path)[1:], _header(request, "range"))
        except ClientError as error:
            status = cast(int, cast(Any, error.response)["ResponseMetadata"]["HTTPStatusCode"])
            # Without the right to list files, S3 does not say which of them exist.
            return _denied() if status in (403, 404) else FileResponse(status, _XML, b"")
        fields = [(name, found[field].encode()) for name, field in _FIELDS.items() if found.get(field)]
        status = 206 if found.get("ContentRange") else 200
        return FileResponse(status, found["ContentType"], found["Body"].read(), [*_HEADERS, *fields])

    def _read(self, bucket: str, key: str, part: str) -> Any:
        return self._s3.get_object(Bucket=bucket, Key=key, **({"Range": part} if part else {}))


def _may_read(media: MediaPath, request: Request, scheme: str) -> bool:
    if media.public_keys is None:
        return True
    url = f"{scheme}://{request.host}{request.path}{f'?{request.query}' if request.query else ''}"
    return is_signed(url, _header(request, "cookie"), media.public_keys)


def _header(request: Request, name: str) -> str:
    return next((value for field, value in request.headers if field.lower() == name), "")


def _denied() -> FileResponse:
    return FileResponse(403, _XML, b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
