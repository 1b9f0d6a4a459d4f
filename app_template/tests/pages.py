"""Reads and submits the page with Flask's test client."""

import re
import struct
import zlib
from io import BytesIO

from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


# A picture of one grey pixel.
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\x80"))
    + _chunk(b"IEND", b"")
)


def token(client: FlaskClient, base_url: str | None = None) -> str:
    page = client.get("/", base_url=base_url).get_data(as_text=True)
    match = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', page)
    assert match, page
    return match[1]


def submit(client: FlaskClient, body: str, picture: bytes = b"", name: str = "picture.png") -> TestResponse:
    """Submit the form."""
    data = {"csrf_token": token(client), "body": body, "picture": (BytesIO(picture), name if picture else "")}
    return client.post("/", data=data, content_type="multipart/form-data")
