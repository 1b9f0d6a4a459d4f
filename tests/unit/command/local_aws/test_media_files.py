"""Media files at the local load balancer: which paths, which signatures, and what S3 answers."""

import base64
import datetime
import json
from io import BytesIO

import pytest
from botocore.exceptions import ClientError
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from flask_on_aws_cli.local_aws.commands.stack import media_paths
from flask_on_aws_cli.local_aws.load_balancer.media_files import MediaFiles
from flask_on_aws_cli.local_aws.load_balancer.rules import Request
from flask_on_aws_cli.local_aws.load_balancer.signed_links import is_signed
from flask_on_aws_cli.local_project.media_paths import MediaPath, MediaPaths, write_media_paths

from tests.media_keys import elliptic_key, private_key, public_key

URL = "https://localhost:8443/media/a%20b.png"
NOW = 1_800_000_000
END = datetime.datetime.fromtimestamp(NOW + 60, datetime.UTC)


def signer(private=None, key_pair_id="K1"):
    """boto3's own signer of links, with a key in PEM form."""
    key = serialization.load_pem_private_key((private or private_key(1)).encode(), None)

    def sign(message):
        if isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(message, ec.ECDSA(hashes.SHA1()))
        return key.sign(message, padding.PKCS1v15(), hashes.SHA1())

    return CloudFrontSigner(key_pair_id, sign)


def keys(*private):
    return {f"K{number}": public_key(key) for number, key in enumerate(private or [private_key(1)], start=1)}


def custom_policy(**condition):
    return json.dumps({"Statement": [{"Resource": "https://localhost:8443/media/*", "Condition": condition}]})


@pytest.mark.parametrize("url", [URL, f"{URL}?size=2", "https://shop.example.com/files/x.jpg"])
@pytest.mark.parametrize("private", [private_key(1), elliptic_key()])
def test_links_that_boto3_signs_are_valid_until_they_end(url, private):
    link = signer(private).generate_presigned_url(url, date_less_than=END)
    assert is_signed(link, "", keys(private), NOW)
    assert not is_signed(link, "", keys(private), NOW + 60)


@pytest.mark.parametrize(
    "change",
    [
        lambda link: link.replace("a%20b", "other"),
        lambda link: link.replace("Expires=", "Expires=1"),
        lambda link: link.replace("Key-Pair-Id=K1", "Key-Pair-Id=K2"),
        lambda link: link.partition("&Signature")[0],
        lambda link: link.replace("Signature=", "Signature=%"),
        lambda link: link.replace("Signature=", "Signature=AAAA"),
        lambda link: link.partition("?")[0],
        lambda link: link + "&size=2",
        lambda link: link.replace("Expires=", "Expires=x"),
    ],
)
def test_changed_links_are_not(change):
    link = signer().generate_presigned_url(URL, date_less_than=END)
    assert not is_signed(change(link), "", keys(private_key(1), private_key(2)), NOW)


def test_a_policy_may_cover_many_files_and_begin_later():
    times = {"DateLessThan": {"AWS:EpochTime": NOW + 60}, "DateGreaterThan": {"AWS:EpochTime": NOW}}
    link = signer().generate_presigned_url(URL, policy=custom_policy(**times))
    assert is_signed(link, "", keys(), NOW)
    assert is_signed(link.replace("a%20b", "other"), "", keys(), NOW)
    assert not is_signed(link.replace("/media/", "/private/"), "", keys(), NOW)
    assert not is_signed(link, "", keys(), NOW - 1)


def test_cookies_allow_what_they_sign():
    policy = custom_policy(DateLessThan={"AWS:EpochTime": NOW + 60})
    link = signer().generate_presigned_url(URL, policy=policy)
    fields = dict(part.split("=", 1) for part in link.partition("?")[2].split("&"))
    cookies = "; ".join(["session=1", *(f"CloudFront-{name}={value}" for name, value in fields.items())])
    assert base64.b64decode(fields["Policy"].translate(str.maketrans("-_~", "+=/"))).decode() == policy
    assert is_signed(URL, cookies, keys(), NOW)
    assert not is_signed(URL, cookies.replace("CloudFront-Signature", "Signature"), keys(), NOW)


class S3:
    """A bucket with one file."""

    def get_object(self, **request):
        if request["Key"] != "media/a b.png" or request["Bucket"] != "app-media-1":
            raise ClientError(
                {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}, "GetObject"
            )
        found = {"ContentType": "image/png", "Body": BytesIO(b"picture"), "ETag": '"1"', "CacheControl": "max-age=60"}
        if "Range" in request:
            return {**found, "Body": BytesIO(b"pic"), "ContentRange": "bytes 0-2/7"}
        return found


@pytest.fixture
def files(tmp_path):
    def with_keys(public_keys=None):
        write_media_paths(tmp_path, [MediaPath("/media/", "app-media-1", public_keys)])
        return MediaFiles(tmp_path, S3())

    return with_keys


def request(path="/media/a%20b.png", method="GET", query="", **headers):
    return Request(method, "localhost:8443", path, query, [*headers.items()])


def test_a_public_file_is_served_with_what_s3_says_of_it_and_runs_no_scripts(files):
    response = files().answer(request(), "https")
    assert (response.status, response.content_type, response.body) == (200, "image/png", b"picture")
    headers = dict(response.headers)
    assert headers[b"etag"] == b'"1"'
    assert headers[b"cache-control"] == b"max-age=60"
    assert b"script-src 'none'" in headers[b"content-security-policy"]


def test_a_part_of_a_file_is_served(files):
    response = files().answer(request(range="bytes=0-2"), "https")
    assert (response.status, response.body, dict(response.headers)[b"content-range"]) == (
        206,
        b"pic",
        b"bytes 0-2/7",
    )


@pytest.mark.parametrize(
    "wrong",
    [request("/media/missing.png"), request("/media/../secret"), request(method="POST"), request(method="OPTIONS")],
)
def test_anything_else_is_denied(files, wrong):
    assert files().answer(wrong, "https").status == 403


def test_signed_files_need_a_signature(files):
    served = files(keys())
    assert served.answer(request(), "https").status == 403
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=1)
    query = signer().generate_presigned_url(URL, date_less_than=end).partition("?")[2]
    assert served.answer(request(query=query), "https").status == 200


def test_paths_are_read_again_after_a_change_and_all_others_belong_to_the_app(tmp_path):
    paths = MediaPaths(tmp_path)
    assert paths.of("/media/a") is None
    write_media_paths(tmp_path, [MediaPath("/media/", "app-media-1")])
    assert paths.of("/media/a") == MediaPath("/media/", "app-media-1")
    assert [paths.of(path) for path in ("/", "/media", "/mediation/a", "/static/media/a")] == [None] * 4
    write_media_paths(tmp_path, [])
    assert paths.of("/media/a") is None


def test_the_paths_of_a_distribution():
    bucket = {
        "originId": "media",
        "domainName": "app-media-1.s3.us-east-1.amazonaws.com",
        "originAccessControlId": "E1",
    }
    app = {"originId": "load-balancer", "domainName": "alb.example.com"}
    media = {"targetOriginId": "media", "pathPattern": "/files/*"}
    to_app = {"targetOriginId": "load-balancer"}
    static = {**to_app, "pathPattern": "/static/*"}
    shared = {"origins": [app, bucket], "orderedCacheBehaviors": [media, static], "defaultCacheBehavior": to_app}
    assert media_paths(shared, {}) == [MediaPath("/files/", "app-media-1")]
    own = {"origins": [bucket], "defaultCacheBehavior": {"targetOriginId": "media", "trustedKeyGroups": ["G1"]}}
    assert media_paths(own, {"K1": "pem"}, "/files/") == [MediaPath("/files/", "app-media-1", {"K1": "pem"})]
    assert media_paths({"origins": [app], "defaultCacheBehavior": to_app}, {}) == []
