"""Tests of the page: posts and pictures."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import boto3
import pytest
from conftest import REGION
from flask import Flask
from pages import PNG, submit, token

MakeApp = Callable[..., Flask]


def test_an_empty_board_says_so(make_app: MakeApp) -> None:
    page = make_app().test_client().get("/")
    assert page.status_code == 200
    assert "Nothing here yet." in page.text


def test_the_page_shows_escaped_posts_with_the_newest_first(make_app: MakeApp) -> None:
    client = make_app().test_client()
    assert submit(client, "first").status_code == 303
    assert submit(client, "<b>second</b> \0 ü").status_code == 303
    page = client.get("/").text
    assert "&lt;b&gt;second&lt;/b&gt;  ü" in page
    assert page.index("second") < page.index("first")


def test_a_post_without_a_form_token_is_rejected(make_app: MakeApp) -> None:
    client = make_app().test_client()
    token(client)
    assert client.post("/", data={"body": "forged"}).status_code == 400
    assert "forged" not in client.get("/").text


@pytest.mark.parametrize(
    ("body", "message"), [(" \n", "Write something."), ("x" * 2001, "Field cannot be longer than 2000 characters.")]
)
def test_an_invalid_message_is_rejected_with_the_reason(make_app: MakeApp, body: str, message: str) -> None:
    response = submit(make_app().test_client(), body)
    assert response.status_code == 400
    assert message in response.text


def test_a_picture_is_stored_in_the_bucket_and_served_by_a_presigned_url(make_app: MakeApp, bucket: str) -> None:
    client = make_app(MEDIA_BUCKET=bucket, AWS_REGION=REGION).test_client()
    assert submit(client, "with a picture", PNG).status_code == 303
    page = client.get("/")
    assert '<img src="/pictures/1"' in page.text

    link = client.get("/pictures/1")
    assert link.status_code == 302
    address, query = urlsplit(link.location), parse_qs(urlsplit(link.location).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["300"]
    assert link.headers["Cache-Control"] == "private, max-age=240"
    assert f"img-src 'self' {address.scheme}://{address.netloc};" in page.headers["Content-Security-Policy"]
    with urlopen(link.location, timeout=5) as picture:
        assert picture.read() == PNG
        assert picture.headers["Content-Type"] == "image/png"


def test_pictures_on_cloudfront_have_its_address_and_a_folder_of_their_own(make_app: MakeApp, bucket: str) -> None:
    media = {"MEDIA_PREFIX": "media/", "MEDIA_URL": "https://d1.cloudfront.net/media/"}
    client = make_app(MEDIA_BUCKET=bucket, AWS_REGION=REGION, **media).test_client()
    assert submit(client, "with a picture", PNG).status_code == 303
    (stored,) = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=bucket)["Contents"]
    assert stored["Key"].startswith("media/")
    picture = client.get("/pictures/1")
    assert picture.location == f"https://d1.cloudfront.net/{stored['Key']}"
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "https://d1.cloudfront.net" in policy.partition("img-src")[2].partition(";")[0].split()


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
def test_presigned_urls_have_the_regional_host_of_the_bucket(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    app = make_app(MEDIA_BUCKET="board-media", AWS_REGION=region)
    origin = f"https://board-media.s3.{region}.amazonaws.com"
    policy = app.test_client().get("/up").headers["Content-Security-Policy"]
    assert f"img-src 'self' {origin};" in policy
    assert f"connect-src 'self' {origin};" in policy
    storage = app.extensions["board.storage"]
    assert storage.response("key.png").location.startswith(f"{origin}/key.png?")
    assert storage.upload_form("key.png", "image/png", 1)["url"] == f"{origin}/"


def test_a_picture_is_stored_in_a_folder_rather_than_a_bucket(make_app: MakeApp, tmp_path: Path) -> None:
    client = make_app(
        DEFAULT_STORAGE_DSN=f"file://{tmp_path}/media/?url=%2Fmedia%2F", MEDIA_BUCKET="unused"
    ).test_client()
    assert submit(client, "with a picture", PNG).status_code == 303
    picture = client.get("/pictures/1", buffered=True)
    assert (picture.data, picture.content_type) == (PNG, "image/png")
    assert [path.read_bytes() for path in (tmp_path / "media").iterdir()] == [PNG]


@pytest.mark.parametrize("content", [b"<script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg'/>"])
def test_a_file_that_is_not_a_picture_is_rejected(make_app: MakeApp, tmp_path: Path, content: bytes) -> None:
    response = submit(make_app(DEFAULT_STORAGE_DSN=f"file://{tmp_path}").test_client(), "hello", content)
    assert response.status_code == 400
    assert "The picture must be a PNG or JPEG file." in response.text
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("megabytes", "status"), [(5.5, 400), (7, 413)])
def test_a_large_picture_is_rejected(make_app: MakeApp, tmp_path: Path, megabytes: float, status: int) -> None:
    client = make_app(DEFAULT_STORAGE_DSN=f"file://{tmp_path}").test_client()
    response = submit(client, "hello", PNG + bytes(int(megabytes * 1024 * 1024)))
    assert response.status_code == status
    assert not list(tmp_path.iterdir())


def test_without_storage_the_form_has_no_picture_field(make_app: MakeApp) -> None:
    client = make_app().test_client()
    assert 'type="file"' not in client.get("/").text
    assert submit(client, "with a picture", PNG).status_code == 303
    assert client.get("/pictures/1").status_code == 404


def test_the_picture_of_a_missing_post_is_not_found(make_app: MakeApp) -> None:
    assert make_app().test_client().get("/pictures/7").status_code == 404
