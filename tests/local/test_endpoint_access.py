"""Tests of access to the endpoint: by the key's owner, by tasks with their role's credentials, and by the app's page.

The page needs a URL or form that the app has signed. Other web pages, users and containers have no access.
"""

import base64
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_project.location import Location
from flask_on_aws_cli.local_project.ports import free_port
from moto.moto_api._internal import moto_api_backend

from .calling import LIST_CLUSTERS, Response, call, path_of, send, signed
from .conftest import REGION, client

APP, STATUS = "https://localhost:8443", "https://status.localhost:8443"
PAGES = frozenset({APP, "https://127.0.0.1:8443", "http://localhost:8444", STATUS})
FOREIGN = [
    "https://evil.example",
    "https://anything.s3.amazonaws.com",
    "https://amazonaws.com",
    "https://ecs.us-east-1.amazonaws.com",
    "https://amazonaws.com.evil.example",
    "https://localhost.evil.example:8443",
    "https://evil.localhost:8443",
    "https://localhost",
    "https://localhost:443",
    "https://localhost:8445",
    "http://localhost:8443",
    "https://localhost:8444",
    "https://LOCALHOST:8443",
    "https://localhost.:8443",
    "https://localhost:8443/",
    "https://localhost:8443 https://evil.example",
    "https://evil.example, https://localhost:8443",
    "https://user@localhost:8443",
    "https://[::1]:8443",
    "http://127.0.0.1",
    "https://status.localhost",
    "https://host.docker.internal:8443",
    "chrome-extension://abcdefghijklmnop",
    "file://",
    "null",
    "",
    "http://[broken",
]


@pytest.fixture(scope="module")
def location() -> Iterator[Location]:
    """A local AWS with a bucket, whose project's pages are `PAGES`."""
    # Other users cannot access pytest's folders, so that they could not prove that the local AWS protects its own.
    open_folder = Path(tempfile.mkdtemp())
    open_folder.chmod(0o755)
    location = Location(open_folder / "local aws", free_port(), REGION)
    endpoint = Endpoint(location, lambda: PAGES)
    endpoint.start()
    s3 = client(location, "s3")
    s3.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="media", Key="private", Body=b"mine")
    rule = {"AllowedOrigins": [APP], "AllowedMethods": ["POST"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket="media", CORSConfiguration={"CORSRules": [rule]})
    client(location, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    yield location
    endpoint.stop()
    moto_api_backend.reset()  # the records are the process's
    shutil.rmtree(open_folder)


def with_port(location: Location, text: str) -> str:
    """An origin or host with the endpoint's port."""
    return text.format(port=location.port)


# Pages


@pytest.mark.parametrize("origin", [*FOREIGN, *sorted(PAGES), "http://127.0.0.1:{port}", "http://localhost:{port}"])
def test_no_web_page_can_call_a_service_even_with_the_key(location: Location, origin: str) -> None:
    assert call(location).status == 200
    response = call(location, Origin=with_port(location, origin))
    assert response.status == 403
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_no_browser_can_call_a_service_without_an_origin(location: Location, site: str) -> None:
    assert call(location, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403


@pytest.mark.parametrize("origin", [*FOREIGN, "http://127.0.0.1:{port}"])
def test_another_site_cannot_read_s3_even_with_a_presigned_url(location: Location, origin: str) -> None:
    link = path_of(client(location, "s3").generate_presigned_url("get_object", {"Bucket": "media", "Key": "private"}))
    assert send(location, "GET", link).body == "mine"
    response = send(location, "GET", link, headers={"Origin": with_port(location, origin)})
    assert response.status == 403
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("origin", [*FOREIGN, "http://127.0.0.1:{port}"])
@pytest.mark.parametrize("target", ["/", "/media", "/media/private", "/.local/status", "/.local/development"])
def test_a_cors_preflight_of_another_site_is_rejected(location: Location, origin: str, target: str) -> None:
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    response = send(location, "OPTIONS", target, headers={"Origin": with_port(location, origin), **headers})
    assert response.status == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_a_cors_preflight_of_the_app_is_accepted_for_its_bucket_only(location: Location) -> None:
    preflight = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    granted = send(location, "OPTIONS", "/media", headers=preflight)
    assert (granted.status, granted.headers["access-control-allow-origin"]) == (200, APP)
    for extra in (LIST_CLUSTERS, signed(location, method="OPTIONS", headers=preflight)):
        assert send(location, "OPTIONS", headers={**preflight, **extra}).headers.get("access-control-allow-origin") in (
            None,
            APP,
        )


UNSIGNED: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
    "text": ("POST", "/", b"{}", {"Content-Type": "text/plain", "X-Amz-Target": LIST_CLUSTERS["X-Amz-Target"]}),
    "form": ("POST", "/", b"Action=CreateUser&UserName=x&Version=2010-05-08", {}),
    "multipart": ("POST", "/", b"--b\r\n\r\n--b--", {"Content-Type": "multipart/form-data; boundary=b"}),
    "query": ("GET", "/?Action=CreateUser&UserName=x&Version=2010-05-08", b"", {}),
    "beacon": ("POST", "/media?delete", b"<Delete/>", {"Content-Type": "text/plain"}),
    "image": ("GET", "/media/private", b"", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
    "delete": ("DELETE", "/media/private", b"", {}),
    "head": ("HEAD", "/media/private", b"", {}),
    "buckets": ("GET", "/", b"", {}),
    "keys": ("GET", "/media", b"", {}),
    "websocket": ("GET", "/", b"", {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}),
    "events": ("GET", "/", b"", {"Accept": "text/event-stream"}),
    "unsigned roles": ("POST", "/", b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15", {}),
    "cognito": ("POST", "/", b"{}", {"X-Amz-Target": "AWSCognitoIdentityProviderService.ListUserPools"}),
    "keys of cognito": ("GET", "/us-east-1_abc/.well-known/jwks.json", b"", {}),
    "by path": ("POST", "/ecs_us-east-1/", b"{}", LIST_CLUSTERS),
    "by host": ("POST", "/", b"{}", {**LIST_CLUSTERS, "Host": "ecs.us-east-1.amazonaws.com"}),
    "target on S3's host": ("POST", "/", b"{}", {**LIST_CLUSTERS, "Host": "media.s3.us-east-1.amazonaws.com"}),
    "action on S3's host": ("POST", "/", b"Action=CreateUser&Version=2010-05-08", {"Host": "s3.amazonaws.com"}),
    "s3control": ("GET", "/v20180820/configuration/publicAccessBlock", b"", {"X-Amz-Account-Id": "123456789012"}),
    "reset": ("POST", "/moto-api/reset", b"", {}),
    "administration": ("GET", "/moto-api/data.json", b"", {}),
    "seed": ("POST", "/moto-api/seed?a=1", b"", {}),
    "metadata": ("GET", "/latest/meta-data/iam/security-credentials/", b"", {}),
    "token": ("PUT", "/latest/api/token", b"", {}),
    "exec": ("GET", "/.local/beside/x?command=%5B%5D", b"", {}),
    "development": ("POST", "/.local/development?folder=/tmp", b"", {"X-Flask-On-Aws": "dev"}),
    "runs": ("PUT", "/.local/runs/local/x", b"", {}),
    "credentials": ("GET", "/.local/credentials/x", b"", {}),
}


@pytest.mark.parametrize("name", UNSIGNED)
def test_unsigned_requests_are_rejected(location: Location, name: str) -> None:
    method, target, body, headers = UNSIGNED[name]
    content_type = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": APP}):
        response = send(location, method, target, body, {**content_type, **headers, **origin})
        assert response.status in (403, 404), (origin, response)  # 404: routes that no longer exist
        assert "access-control-allow-origin" not in response.headers
    assert client(location, "s3").get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    assert client(location, "iam").list_users()["Users"] == []


# Hosts


@pytest.mark.parametrize(
    "host",
    [
        "rebound.evil.example:{port}",
        "evil.example",
        "127.0.0.1.evil.example:{port}",
        "amazonaws.com.evil.example",
        "evilamazonaws.com",
        "127.0.0.2:{port}",
        "0.0.0.0:{port}",
        "[::ffff:127.0.0.1]:{port}",
        "iam.amazonaws.com",
        "ecs.localhost:{port}",
        "s3.us-east-1.amazonaws.com",
        "ecs.s3.us-east-1.amazonaws.com",
        "localhost@evil.example",
        "localhost/",
        "localhost:x",
        "",
    ],
)
def test_a_request_with_another_host_is_rejected_even_with_the_key(location: Location, host: str) -> None:
    fields = {"Host": with_port(location, host)}
    headers = {**signed(location, body=b"{}", headers=LIST_CLUSTERS), **fields}
    assert send(location, body=b"{}", headers=headers).status == 403
    if host and "@" not in host and host not in ("localhost/", "localhost:x"):  # which botocore changes
        assert call(location, Host=with_port(location, host)).status == 403


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "ecs.us-east-1.amazonaws.com"]
)
def test_requests_with_the_endpoints_and_the_services_hosts_are_accepted(location: Location, host: str) -> None:
    assert call(location, Host=with_port(location, host)).status == 200


def test_a_signature_for_one_service_is_rejected_by_all_others(location: Location) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Host": "media.s3.eu-central-1.amazonaws.com"}
    body = b"Action=CreateUser&UserName=x&Version=2010-05-08"
    for service in ("s3", "ecs", "moto_api", "instance_metadata", "flask-on-aws"):
        for headers in (form, LIST_CLUSTERS, {}):
            for target in ("/", "/iam_us-east-1/", "/moto-api/reset", "/latest/meta-data/"):
                response = send(
                    location, "POST", target, body, signed(location, service, "POST", target, body, headers)
                )
                expected = {"s3": "ListAllMyBucketsResult", "ecs": "clusterArns"}.get(service, "nothing")
                assert response.status >= 300 or expected in response.body, (service, target, response)
    assert client(location, "iam").list_users()["Users"] == []
    assert client(location, "iam").get_role(RoleName="app")  # no request has reset the records


def test_only_the_owner_can_use_the_control_routes(location: Location) -> None:
    target = "/.local/runs/local/1"
    assert send(location, "PUT", target, headers=signed(location, "flask-on-aws", "PUT", target)).status == 200
    for service, keys in (("ecs", None), ("s3", None), ("flask-on-aws", session_keys(location))):
        assert send(location, "PUT", target, headers=signed(location, service, "PUT", target, keys=keys)).status == 403
    for page in (APP, STATUS, "https://evil.example"):
        headers = {**signed(location, "flask-on-aws", "PUT", target), "Origin": page}
        assert send(location, "PUT", target, headers=headers).status == 403


# Signatures


def session_keys(location: Location) -> tuple[str, str, str]:
    response = client(location, "sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/app", RoleSessionName="task")
    return tuple(response["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))


def identity(location: Location, *keys: str) -> str:
    session = boto3.Session(*keys, region_name=REGION)
    return session.client("sts", endpoint_url=location.endpoint).get_caller_identity()["Arn"]


def test_keys_identify_the_caller(location: Location) -> None:
    assert identity(location, *location.access_key) == "arn:aws:sts::123456789012:user/moto"
    assert identity(location, *session_keys(location)) == "arn:aws:sts::123456789012:assumed-role/app/task"
    iam = client(location, "iam")
    iam.create_user(UserName="ci")
    key = iam.create_access_key(UserName="ci")["AccessKey"]
    try:
        assert identity(location, key["AccessKeyId"], key["SecretAccessKey"]) == "arn:aws:iam::123456789012:user/ci"
        iam.update_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"], Status="Inactive")
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            identity(location, key["AccessKeyId"], key["SecretAccessKey"])
    finally:
        iam.delete_access_key(UserName="ci", AccessKeyId=key["AccessKeyId"])
        iam.delete_user(UserName="ci")


def invalid_keys(location: Location) -> Iterator[tuple[str, ...]]:
    owner, (session, secret, token) = location.access_key, session_keys(location)
    yield from (("test", "test"), ("local", "local"), (owner.id, "test"), ("AKIAIOSFODNN7EXAMPLE", owner.secret))
    yield from ((session, secret), (session, secret, token + "x"), (session, owner.secret, token))
    yield from ((*owner, token), (owner.id, secret), (*session_keys(location)[:2], token))


def test_unknown_keys_are_rejected(location: Location) -> None:
    for keys in invalid_keys(location):
        response = send(location, body=b"{}", headers=signed(location, body=b"{}", headers=LIST_CLUSTERS, keys=keys))
        assert response.status == 403, keys
        with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken"):
            boto3.Session(*keys, region_name=REGION).client("s3", endpoint_url=location.endpoint).list_buckets()


@pytest.mark.parametrize(("service", "minutes"), [("ecs", 5), ("s3", 15)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_signature_is_valid_for_a_limited_time(location: Location, service: str, minutes: int, sign: int) -> None:
    method, headers = ("GET", {}) if service == "s3" else ("POST", LIST_CLUSTERS)

    def send_at(seconds: int) -> Response:
        at = datetime.now(UTC) + timedelta(seconds=seconds * sign)
        return send(location, method, "/", headers=signed(location, service, method, headers=headers, at=at))

    assert send_at(minutes * 60 - 30).status == 200
    assert send_at(minutes * 60 + 30).status == 403


def test_a_request_that_was_changed_after_signing_is_rejected(location: Location) -> None:
    good = signed(location, body=b"{}", headers=LIST_CLUSTERS)
    assert send(location, body=b"{}", headers=good).status == 200
    assert send(location, body=b'{"a": 1}', headers=good).status == 403
    assert send(location, target="/x", body=b"{}", headers=good).status == 403
    assert send(location, target="/?a=1", body=b"{}", headers=good).status == 403
    assert send(location, "PUT", body=b"{}", headers=good).status == 403
    for name, value in {
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.RunTask",
        "Host": f"localhost:{location.port}",
        "X-Amz-Security-Token": "x",
        "X-Amz-Date": "20200101T000000Z",
        "X-Amz-Account-Id": "1",
        "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
    }.items():
        assert send(location, body=b"{}", headers={**good, name: value}).status == 403, name
    for old, new in (("/ecs/", "/iam/"), ("Signature=", "Signature=0"), ("host;", ""), ("AWS4-HMAC-SHA256", "AWS4")):
        changed = good["Authorization"].replace(old, new)
        assert changed != good["Authorization"]
        assert send(location, body=b"{}", headers={**good, "Authorization": changed}).status == 403, new
    for malformed in (
        "",
        "Basic dGVzdDp0ZXN0",
        "AWS test:test",
        "Bearer x",
        f"{good['Authorization']}, {good['Authorization']}",
    ):
        assert send(location, body=b"{}", headers={**good, "Authorization": malformed}).status == 403, malformed


def test_signatures_of_every_kind_of_path_query_and_header_are_accepted(location: Location) -> None:
    s3 = client(location, "s3")
    for key in ("a b/c+d", "ü/ß.png", "a//b", "q?x=1&y", "100%", "~-_.!*'()", "+"):
        s3.put_object(Bucket="media", Key=key, Body=key.encode(), Metadata={"note": "two  spaces"}, ContentType="a/b")
        assert s3.get_object(Bucket="media", Key=key)["Body"].read() == key.encode()
        assert key in [entry["Key"] for entry in s3.list_objects_v2(Bucket="media", Prefix=key)["Contents"]]
        assert s3.copy_object(Bucket="media", Key="copy", CopySource={"Bucket": "media", "Key": key})
        s3.delete_objects(Bucket="media", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    upload = s3.create_multipart_upload(Bucket="media", Key="parts")
    address = {"Bucket": "media", "Key": "parts", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**address, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(**address, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object(Bucket="media", Key="parts")["Body"].read() == b"part"
    for service, read in (
        ("route53", lambda service_client: service_client.list_hosted_zones()),
        ("cloudfront", lambda service_client: service_client.list_distributions()),
        ("ec2", lambda service_client: service_client.describe_vpcs()),
        ("elbv2", lambda service_client: service_client.describe_load_balancers()),
        ("cloudwatch", lambda service_client: service_client.describe_alarms()),
        ("logs", lambda service_client: service_client.describe_log_groups()),
        ("rds", lambda service_client: service_client.describe_db_instances()),
        ("lambda", lambda service_client: service_client.list_functions()),
        ("ssm", lambda service_client: service_client.describe_parameters()),
    ):
        assert read(client(location, service))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_bucket_can_be_named_in_the_host(location: Location) -> None:
    session = boto3.Session(*location.access_key, region_name=REGION)
    s3 = session.client(
        "s3", endpoint_url=f"http://localhost:{location.port}", config=Config(s3={"addressing_style": "path"})
    )
    assert s3.get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    for host in ("media.localhost:{port}", "media.s3.eu-central-1.amazonaws.com"):
        headers = signed(location, "s3", "GET", "/private", headers={"Host": with_port(location, host)})
        assert send(location, "GET", "/private", headers=headers).body == "mine"


@pytest.mark.parametrize("trailer", [False, True])
def test_a_body_in_signed_chunks_is_verified(location: Location, trailer: bool) -> None:
    parts, algorithm = [b"a" * 8192, b"b" * 10], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    body, headers = chunked(location, algorithm, parts)
    assert send(location, "PUT", "/media/chunks", body, headers).status == 200
    assert client(location, "s3").get_object(Bucket="media", Key="chunks")["Body"].read() == b"".join(parts)
    for broken in (
        body.replace(b"bbb", b"bbc"),
        body[:-1] if trailer else body[:8000],
        body.replace(b"signature=", b"s="),
    ):
        assert send(location, "PUT", "/media/chunks", broken, headers).status == 403


def chunked(location: Location, algorithm: str, parts: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """The body and header fields of an upload in signed chunks, according to AWS's documentation."""
    import hashlib

    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signer: Any = auth.S3SigV4Auth(Credentials(*location.access_key), "s3", REGION)
    length = str(sum(map(len, parts)))
    headers = {"X-Amz-Decoded-Content-Length": length, "Content-Encoding": "aws-chunked"}
    request = AWSRequest(method="PUT", url=f"{location.endpoint}/media/chunks", headers=headers)
    signer.payload = lambda _: algorithm
    signer.add_auth(request)
    time, previous = request.headers["X-Amz-Date"], request.headers["Authorization"].rpartition("=")[2]
    scope, empty, body = signer.credential_scope(request), hashlib.sha256(b"").hexdigest(), b""
    for part in [*parts, b""]:
        text = ["AWS4-HMAC-SHA256-PAYLOAD", time, scope, previous, empty, hashlib.sha256(part).hexdigest()]
        previous = signer.signature("\n".join(text), request)
        body += f"{len(part):x};chunk-signature={previous}\r\n".encode() + (part + b"\r\n" if part else b"")
    if algorithm.endswith("TRAILER"):
        field = "x-amz-checksum-crc32:AAAAAA=="
        text = ["AWS4-HMAC-SHA256-TRAILER", time, scope, previous, hashlib.sha256(f"{field}\n".encode()).hexdigest()]
        body += f"{field}\r\nx-amz-trailer-signature:{signer.signature(chr(10).join(text), request)}\r\n".encode()
    return body + b"\r\n", dict(request.headers.items())


def test_an_unsigned_body_is_accepted(location: Location) -> None:
    unsigned = Config(s3={"payload_signing_enabled": False})
    session = boto3.Session(*location.access_key, region_name=REGION)
    session.client("s3", endpoint_url=location.endpoint, config=unsigned).put_object(
        Bucket="media", Key="u", Body=b"free"
    )
    assert client(location, "s3").get_object(Bucket="media", Key="u")["Body"].read() == b"free"


# Presigned URLs and forms

REGIONS = ["us-east-1", REGION]  # by default, boto3 presigns with Signature Version 2 in us-east-1


@pytest.fixture(params=["owner", "session"])
def keys(request: pytest.FixtureRequest, location: Location) -> tuple[str, ...]:
    return location.access_key if request.param == "owner" else session_keys(location)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_presigned_url_is_only_valid_for_its_object_method_and_time(
    location: Location, keys: tuple[str, ...], region: str, host: str
) -> None:
    s3 = boto3.Session(*keys, region_name=region).client("s3", endpoint_url=f"http://{host}:{location.port}")
    put = s3.generate_presigned_url("put_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=60)
    get = s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=60)
    host_header = {"Host": get.split("/")[2]}
    assert send(location, "PUT", path_of(put), b"sent", host_header).status == 200
    assert send(location, "GET", path_of(get), headers={**host_header, "Sec-Fetch-Site": "cross-site"}).body == "sent"
    assert send(location, "GET", path_of(get).replace("link", "private"), headers=host_header).status == 403
    assert send(location, "DELETE", path_of(get), headers=host_header).status == 403
    assert send(location, "PUT", path_of(put), b"", {**host_header, "X-Amz-Acl": "public-read"}).status == 403
    assert send(location, "GET", path_of(get) + "&acl", headers=host_header).status == 403
    expired = s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=-1)
    assert send(location, "GET", path_of(expired), headers=host_header).status == 403
    signed_twice = signed(location, "s3", "GET", path_of(get), headers=host_header)
    assert send(location, "GET", path_of(get), headers=signed_twice).status == 403


def test_a_presigned_url_of_another_service_identifies_the_caller(location: Location) -> None:
    link = client(location, "sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert "user/moto" in send(location, "GET", path_of(link)).body
    assert send(location, "GET", path_of(link).replace("GetCallerIdentity", "GetSessionToken")).status == 403
    assert send(location, "GET", path_of(link), headers={"Origin": APP}).status == 403
    assert send(location, "GET", path_of(link), headers={"Sec-Fetch-Site": "none"}).status == 403


def form(fields: dict[str, str], file: bytes, extra: str = "") -> tuple[bytes, dict[str, str]]:
    """Body and header fields of a form as browsers send it."""
    head = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    last = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    return (head + extra + last).encode() + file + b"\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize("region", REGIONS)
def test_a_presigned_form_is_only_valid_within_its_policy(
    location: Location, keys: tuple[str, ...], region: str
) -> None:
    s3 = boto3.Session(*keys, region_name=region).client("s3", endpoint_url=location.endpoint)

    def signed_form(**options: Any) -> dict[str, str]:
        conditions = [["starts-with", "$Content-Type", "image/"], ["content-length-range", 1, 10]]
        return s3.generate_presigned_post("media", "up", {"Content-Type": "image/png"}, conditions, **options)["fields"]

    def post(fields: dict[str, str], file: bytes = b"picture", target: str = "/media", origin: str = APP) -> Response:
        body, headers = form(fields, file)
        return send(location, "POST", target, body, {**headers, "Origin": origin})

    fields = signed_form()
    sent = post(fields)
    assert (sent.status, sent.headers["access-control-allow-origin"]) == (204, APP)
    assert client(location, "s3").get_object(Bucket="media", Key="up")["Body"].read() == b"picture"
    client(location, "s3").create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": REGION})
    client(location, "s3").delete_object(Bucket="media", Key="up")
    rejected = {
        "another key": post({**fields, "key": "private"}),
        "another bucket": post(fields, target="/other"),
        "another type": post({**fields, "Content-Type": "text/html"}),
        "a further field": post({**fields, "acl": "public-read"}),
        "no type": post({name: value for name, value in fields.items() if name != "Content-Type"}),
        "too large": post(fields, b"x" * 11),
        "too small": post(fields, b""),
        "expired": post(signed_form(ExpiresIn=-1)),
        "another policy": post({**fields, "policy": base64.b64encode(b"{}").decode()}),
        "no policy": post({"key": "up"}),
        "another site": post(fields, origin="https://evil.example"),
        "no origin": post(fields, origin="null"),
        "another subresource": post(fields, target="/media?delete"),
        "another key in the query": post(fields, target="/media?key=private"),
        "an object": post(fields, target="/media/private"),
        "an encoded bucket name": post(fields, target="/%6dedia"),
    }
    second_key = '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nprivate\r\n'
    body, headers = form(fields, b"picture", second_key)
    rejected["a second key"] = send(location, "POST", "/media", body, headers)
    assert {name: response.status for name, response in rejected.items() if response.status != 403} == {}
    uploads = client(location, "s3").list_objects_v2(Bucket="media", Prefix="up")
    assert "Contents" not in uploads
    assert client(location, "s3").get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    client(location, "s3").delete_bucket(Bucket="other")


# Public objects


def test_only_public_objects_can_be_read_without_a_signature(location: Location) -> None:
    s3 = client(location, "s3")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("open/a", "hidden", "closed"):
        s3.put_object(Bucket="site", Key=key, Body=b"page")

    def read(target: str, method: str = "GET", **headers: str) -> int:
        return send(location, method, target, headers=headers).status

    assert read("/site/open/a") == 403
    read_open = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::site/open/*"}

    def allow(**changes: Any) -> None:
        document = {"Version": "2012-10-17", "Statement": [{**read_open, "Principal": "*", **changes}]}
        s3.put_bucket_policy(Bucket="site", Policy=json.dumps(document))

    for principal in ({"Service": "cloudfront.amazonaws.com"}, {"AWS": "arn:aws:iam::123456789012:root"}):
        allow(Principal=principal)
        assert read("/site/open/a") == 403
    allow(Condition={"StringEquals": {"aws:SourceArn": "x"}})
    assert read("/site/open/a") == 403
    allow()
    assert (read("/site/open/a"), read("/site/open/a", "HEAD"), read("/site/open/a?v=1")) == (200, 200, 200)
    assert read("/open/a", Host=f"site.localhost:{location.port}") == 200
    assert read("/site/open/a", Origin="https://evil.example") == 403
    for target in ("/site/hidden", "/site/open/a?acl", "/site/open/a?versionId=1", "/site", "/site/", "/site/?policy"):
        assert read(target) == 403, target
    # The bucket must be unambiguous.
    assert read("/site/open/a", Host="media.s3.eu-central-1.amazonaws.com") == 403
    assert read("/media%2F..%2Fsite/open/a") == 403
    assert (read("/site/open/a", "PUT"), read("/site/open/a", "DELETE")) == (403, 403)
    s3.put_object_acl(Bucket="site", Key="closed", ACL="public-read")
    assert read("/site/closed") == 200
    blocked = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True)
    s3.put_public_access_block(Bucket="site", PublicAccessBlockConfiguration=blocked)
    assert (read("/site/closed"), read("/site/open/a")) == (403, 403)


# Other users of the machine

ATTACK = """
import http.client, sys
def status(method, target, body="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, headers)
    return connection.getresponse().status
TARGET = "AmazonEC2ContainerServiceV20141113.RunTask"
SCOPE = "20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
print(status("POST", "/", "{}", X_Amz_Target=TARGET))
print(status("POST", "/", "{}", X_Amz_Target=TARGET, Authorization="AWS4-HMAC-SHA256 Credential=test/" + SCOPE))
print(status("POST", "/moto-api/reset"), status("GET", "/media/private"), status("GET", "/.local/credentials/x"))
for path in sys.argv[2:]:
    try:
        print(open(path).read())
    except PermissionError:
        print("closed")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes of other users")
def test_another_user_of_the_machine_can_neither_call_the_endpoint_nor_read_the_key(location: Location) -> None:
    result = subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-", str(location.port), str(location.folder / "credentials")],
        input=ATTACK,
        user="nobody",
        group="nogroup",
        extra_groups=[],
        cwd="/",
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.stdout.splitlines() == ["403", "403", "403 403 404", "closed"], result.stderr


def test_only_its_owner_can_read_the_key(tmp_path: Path) -> None:
    location = Location(tmp_path / "new", 1, REGION)
    key = location.access_key
    file = location.folder / "credentials"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(location.folder.stat().st_mode) == 0o700
    assert (len(key.id), key.id[:4], len(key.secret)) == (20, "AKIA", 40)
    file.chmod(0o644)
    location.folder.chmod(0o755)
    assert location.access_key == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(location.folder.stat().st_mode) == 0o700
    assert Location(tmp_path / "other", 1, REGION).access_key != key
    assert [path.name for path in location.folder.iterdir()] == ["credentials"]


def test_processes_that_generate_a_key_at_the_same_time_get_the_same_one(tmp_path: Path) -> None:
    imports = "import sys; from pathlib import Path; from flask_on_aws_cli.local_project.access_keys import access_key"
    command = [sys.executable, "-c", f"{imports}; print(access_key(Path(sys.argv[1])))", str(tmp_path / "location")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) for _ in range(6)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
