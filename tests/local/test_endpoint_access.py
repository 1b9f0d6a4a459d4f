"""Who may call the endpoint: the owner of its key, tasks with their role's, the app's page by what the app has signed.

And nobody else: no page in a browser, no other user of the machine, no container.
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
from moto.moto_api._internal import moto_api_backend

from tests.emulator import free_port

from .calling import LIST_CLUSTERS, Answer, call, path_of, send, signed
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
def place() -> Iterator[Location]:
    """A local AWS with a bucket, whose project's pages are `PAGES`."""
    # pytest's folders are closed to other users, and a place has to be by itself.
    open_folder = Path(tempfile.mkdtemp())
    open_folder.chmod(0o755)
    place = Location(open_folder / "local aws", free_port(), REGION)
    endpoint = Endpoint(place, lambda: PAGES)
    endpoint.start()
    s3 = client(place, "s3")
    s3.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="media", Key="private", Body=b"mine")
    rule = {"AllowedOrigins": [APP], "AllowedMethods": ["POST"], "AllowedHeaders": ["*"]}
    s3.put_bucket_cors(Bucket="media", CORSConfiguration={"CORSRules": [rule]})
    client(place, "iam").create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    yield place
    endpoint.stop()
    moto_api_backend.reset()  # the records are the process's
    shutil.rmtree(open_folder)


def of(place: Location, page: str) -> str:
    """An origin with the endpoint's own address in it."""
    return page.format(port=place.port)


# Pages


@pytest.mark.parametrize("origin", [*FOREIGN, *sorted(PAGES), "http://127.0.0.1:{port}", "http://localhost:{port}"])
def test_no_page_calls_a_service_even_with_the_key(place: Location, origin: str) -> None:
    assert call(place).status == 200
    refused = call(place, Origin=of(place, origin))
    assert refused.status == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site", "same-origin", "none"])
def test_no_browser_calls_a_service_where_it_sends_no_origin(place: Location, site: str) -> None:
    assert call(place, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors").status == 403


@pytest.mark.parametrize("origin", [*FOREIGN, "http://127.0.0.1:{port}"])
def test_a_foreign_page_gets_nothing_of_s3_even_by_a_signed_link(place: Location, origin: str) -> None:
    link = path_of(client(place, "s3").generate_presigned_url("get_object", {"Bucket": "media", "Key": "private"}))
    assert send(place, "GET", link).body == "mine"
    refused = send(place, "GET", link, headers={"Origin": of(place, origin)})
    assert refused.status == 403
    assert "access-control-allow-origin" not in refused.headers


@pytest.mark.parametrize("origin", [*FOREIGN, "http://127.0.0.1:{port}"])
@pytest.mark.parametrize("target", ["/", "/media", "/media/private", "/.local/status", "/.local/development"])
def test_a_preflight_grants_a_foreign_page_nothing(place: Location, origin: str, target: str) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-amz-target"}
    refused = send(place, "OPTIONS", target, headers={"Origin": of(place, origin), **asked})
    assert refused.status == 403
    assert not [name for name in refused.headers if name.startswith("access-control")]


def test_a_preflight_of_the_apps_page_is_for_its_bucket(place: Location) -> None:
    asked = {"Origin": APP, "Access-Control-Request-Method": "POST"}
    granted = send(place, "OPTIONS", "/media", headers=asked)
    assert (granted.status, granted.headers["access-control-allow-origin"]) == (200, APP)
    for more in (LIST_CLUSTERS, signed(place, method="OPTIONS", headers=asked)):
        assert send(place, "OPTIONS", headers={**asked, **more}).headers.get("access-control-allow-origin") in (
            None,
            APP,
        )


SIMPLE: dict[str, tuple[str, str, bytes, dict[str, str]]] = {
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


@pytest.mark.parametrize("name", SIMPLE)
def test_what_is_not_signed_is_not_served(place: Location, name: str) -> None:
    method, target, body, headers = SIMPLE[name]
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": APP}):
        refused = send(place, method, target, body, {**kind, **headers, **origin})
        assert refused.status in (403, 404), (origin, refused)  # 404: what there is no more
        assert "access-control-allow-origin" not in refused.headers
    assert client(place, "s3").get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    assert client(place, "iam").list_users()["Users"] == []


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
def test_a_request_to_another_host_is_rejected_even_with_the_key(place: Location, host: str) -> None:
    fields = {"Host": of(place, host)}
    headers = {**signed(place, body=b"{}", headers=LIST_CLUSTERS), **fields}
    assert send(place, body=b"{}", headers=headers).status == 403
    if host and "@" not in host and host not in ("localhost/", "localhost:x"):  # of which botocore makes another
        assert call(place, Host=of(place, host)).status == 403


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}", "ecs.us-east-1.amazonaws.com"]
)
def test_its_own_names_and_the_services_are_answered(place: Location, host: str) -> None:
    assert call(place, Host=of(place, host)).status == 200


def test_a_signature_for_one_service_reaches_no_other(place: Location) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Host": "media.s3.eu-central-1.amazonaws.com"}
    body = b"Action=CreateUser&UserName=x&Version=2010-05-08"
    for service in ("s3", "ecs", "moto_api", "instance_metadata", "flask-on-aws"):
        for headers in (form, LIST_CLUSTERS, {}):
            for target in ("/", "/iam_us-east-1/", "/moto-api/reset", "/latest/meta-data/"):
                answer = send(place, "POST", target, body, signed(place, service, "POST", target, body, headers))
                mine = {"s3": "ListAllMyBucketsResult", "ecs": "clusterArns"}.get(service, "nothing")
                assert answer.status >= 300 or mine in answer.body, (service, target, answer)
    assert client(place, "iam").list_users()["Users"] == []
    assert client(place, "iam").get_role(RoleName="app")  # nobody has reset it


def test_the_control_routes_are_the_owners_alone(place: Location) -> None:
    target = "/.local/runs/local/1"
    assert send(place, "PUT", target, headers=signed(place, "flask-on-aws", "PUT", target)).status == 200
    for service, keys in (("ecs", None), ("s3", None), ("flask-on-aws", session_keys(place))):
        assert send(place, "PUT", target, headers=signed(place, service, "PUT", target, keys=keys)).status == 403
    for page in (APP, STATUS, "https://evil.example"):
        headers = {**signed(place, "flask-on-aws", "PUT", target), "Origin": page}
        assert send(place, "PUT", target, headers=headers).status == 403


# Signatures


def session_keys(place: Location) -> tuple[str, str, str]:
    found = client(place, "sts").assume_role(RoleArn="arn:aws:iam::123456789012:role/app", RoleSessionName="task")
    return tuple(found["Credentials"][name] for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))


def identity(place: Location, *keys: str) -> str:
    session = boto3.Session(*keys, region_name=REGION)
    return session.client("sts", endpoint_url=place.endpoint).get_caller_identity()["Arn"]


def test_keys_say_who_calls(place: Location) -> None:
    assert identity(place, *place.access_key) == "arn:aws:sts::123456789012:user/moto"
    assert identity(place, *session_keys(place)) == "arn:aws:sts::123456789012:assumed-role/app/task"
    iam = client(place, "iam")
    iam.create_user(UserName="ci")
    made = iam.create_access_key(UserName="ci")["AccessKey"]
    try:
        assert identity(place, made["AccessKeyId"], made["SecretAccessKey"]) == "arn:aws:iam::123456789012:user/ci"
        iam.update_access_key(UserName="ci", AccessKeyId=made["AccessKeyId"], Status="Inactive")
        with pytest.raises(ClientError, match="InvalidAccessKeyId"):
            identity(place, made["AccessKeyId"], made["SecretAccessKey"])
    finally:
        iam.delete_access_key(UserName="ci", AccessKeyId=made["AccessKeyId"])
        iam.delete_user(UserName="ci")


def wrong_keys(place: Location) -> Iterator[tuple[str, ...]]:
    mine, (session, secret, token) = place.access_key, session_keys(place)
    yield from (("test", "test"), ("local", "local"), (mine.id, "test"), ("AKIAIOSFODNN7EXAMPLE", mine.secret))
    yield from ((session, secret), (session, secret, token + "x"), (session, mine.secret, token))
    yield from ((*mine, token), (mine.id, secret), (*session_keys(place)[:2], token))


def test_other_keys_are_nobodys(place: Location) -> None:
    for keys in wrong_keys(place):
        refused = send(place, body=b"{}", headers=signed(place, body=b"{}", headers=LIST_CLUSTERS, keys=keys))
        assert refused.status == 403, keys
        with pytest.raises(ClientError, match=r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken"):
            boto3.Session(*keys, region_name=REGION).client("s3", endpoint_url=place.endpoint).list_buckets()


@pytest.mark.parametrize(("service", "minutes"), [("ecs", 5), ("s3", 15)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_a_signature_has_its_time(place: Location, service: str, minutes: int, sign: int) -> None:
    method, headers = ("GET", {}) if service == "s3" else ("POST", LIST_CLUSTERS)

    def ask(seconds: int) -> Answer:
        at = datetime.now(UTC) + timedelta(seconds=seconds * sign)
        return send(place, method, "/", headers=signed(place, service, method, headers=headers, at=at))

    assert ask(minutes * 60 - 30).status == 200
    assert ask(minutes * 60 + 30).status == 403


def test_what_was_changed_after_it_was_signed_is_rejected(place: Location) -> None:
    good = signed(place, body=b"{}", headers=LIST_CLUSTERS)
    assert send(place, body=b"{}", headers=good).status == 200
    assert send(place, body=b'{"a": 1}', headers=good).status == 403
    assert send(place, target="/x", body=b"{}", headers=good).status == 403
    assert send(place, target="/?a=1", body=b"{}", headers=good).status == 403
    assert send(place, "PUT", body=b"{}", headers=good).status == 403
    for name, value in {
        "X-Amz-Target": "AmazonEC2ContainerServiceV20141113.RunTask",
        "Host": f"localhost:{place.port}",
        "X-Amz-Security-Token": "x",
        "X-Amz-Date": "20200101T000000Z",
        "X-Amz-Account-Id": "1",
        "X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD",
    }.items():
        assert send(place, body=b"{}", headers={**good, name: value}).status == 403, name
    for old, new in (("/ecs/", "/iam/"), ("Signature=", "Signature=0"), ("host;", ""), ("AWS4-HMAC-SHA256", "AWS4")):
        changed = good["Authorization"].replace(old, new)
        assert changed != good["Authorization"]
        assert send(place, body=b"{}", headers={**good, "Authorization": changed}).status == 403, new
    for nonsense in (
        "",
        "Basic dGVzdDp0ZXN0",
        "AWS test:test",
        "Bearer x",
        f"{good['Authorization']}, {good['Authorization']}",
    ):
        assert send(place, body=b"{}", headers={**good, "Authorization": nonsense}).status == 403, nonsense


def test_every_kind_of_path_query_and_header_of_ordinary_clients_is_understood(place: Location) -> None:
    s3 = client(place, "s3")
    for key in ("a b/c+d", "ü/ß.png", "a//b", "q?x=1&y", "100%", "~-_.!*'()", "+"):
        s3.put_object(Bucket="media", Key=key, Body=key.encode(), Metadata={"note": "two  spaces"}, ContentType="a/b")
        assert s3.get_object(Bucket="media", Key=key)["Body"].read() == key.encode()
        assert key in [one["Key"] for one in s3.list_objects_v2(Bucket="media", Prefix=key)["Contents"]]
        assert s3.copy_object(Bucket="media", Key="copy", CopySource={"Bucket": "media", "Key": key})
        s3.delete_objects(Bucket="media", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    upload = s3.create_multipart_upload(Bucket="media", Key="parts")
    where = {"Bucket": "media", "Key": "parts", "UploadId": upload["UploadId"]}
    part = s3.upload_part(**where, PartNumber=1, Body=b"part")
    s3.complete_multipart_upload(**where, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    assert s3.get_object(Bucket="media", Key="parts")["Body"].read() == b"part"
    for service, read in (
        ("route53", lambda one: one.list_hosted_zones()),
        ("cloudfront", lambda one: one.list_distributions()),
        ("ec2", lambda one: one.describe_vpcs()),
        ("elbv2", lambda one: one.describe_load_balancers()),
        ("cloudwatch", lambda one: one.describe_alarms()),
        ("logs", lambda one: one.describe_log_groups()),
        ("rds", lambda one: one.describe_db_instances()),
        ("lambda", lambda one: one.list_functions()),
        ("ssm", lambda one: one.describe_parameters()),
    ):
        assert read(client(place, service))["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_bucket_by_the_hosts_name(place: Location) -> None:
    session = boto3.Session(*place.access_key, region_name=REGION)
    s3 = session.client(
        "s3", endpoint_url=f"http://localhost:{place.port}", config=Config(s3={"addressing_style": "path"})
    )
    assert s3.get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    for host in ("media.localhost:{port}", "media.s3.eu-central-1.amazonaws.com"):
        headers = signed(place, "s3", "GET", "/private", headers={"Host": of(place, host)})
        assert send(place, "GET", "/private", headers=headers).body == "mine"


@pytest.mark.parametrize("trailer", [False, True])
def test_a_body_in_signed_chunks(place: Location, trailer: bool) -> None:
    parts, kind = [b"a" * 8192, b"b" * 10], "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    good = chunked(place, kind, parts)
    assert send(place, "PUT", "/media/chunks", *good).status == 200
    assert client(place, "s3").get_object(Bucket="media", Key="chunks")["Body"].read() == b"".join(parts)
    body, headers = good
    for broken in (
        body.replace(b"bbb", b"bbc"),
        body[:-1] if trailer else body[:8000],
        body.replace(b"signature=", b"s="),
    ):
        assert send(place, "PUT", "/media/chunks", broken, headers).status == 403


def chunked(place: Location, kind: str, parts: list[bytes]) -> tuple[bytes, dict[str, str]]:
    """The body and the header fields of a file that is sent so, by AWS's description."""
    import hashlib

    from botocore import auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signer: Any = auth.S3SigV4Auth(Credentials(*place.access_key), "s3", REGION)
    length = str(sum(map(len, parts)))
    headers = {"X-Amz-Decoded-Content-Length": length, "Content-Encoding": "aws-chunked"}
    request = AWSRequest(method="PUT", url=f"{place.endpoint}/media/chunks", headers=headers)
    signer.payload = lambda _: kind
    signer.add_auth(request)
    time, before = request.headers["X-Amz-Date"], request.headers["Authorization"].rpartition("=")[2]
    scope, empty, body = signer.credential_scope(request), hashlib.sha256(b"").hexdigest(), b""
    for part in [*parts, b""]:
        text = ["AWS4-HMAC-SHA256-PAYLOAD", time, scope, before, empty, hashlib.sha256(part).hexdigest()]
        before = signer.signature("\n".join(text), request)
        body += f"{len(part):x};chunk-signature={before}\r\n".encode() + (part + b"\r\n" if part else b"")
    if kind.endswith("TRAILER"):
        field = "x-amz-checksum-crc32:AAAAAA=="
        text = ["AWS4-HMAC-SHA256-TRAILER", time, scope, before, hashlib.sha256(f"{field}\n".encode()).hexdigest()]
        body += f"{field}\r\nx-amz-trailer-signature:{signer.signature(chr(10).join(text), request)}\r\n".encode()
    return body + b"\r\n", dict(request.headers.items())


def test_a_body_that_is_not_signed(place: Location) -> None:
    unsigned = Config(s3={"payload_signing_enabled": False})
    session = boto3.Session(*place.access_key, region_name=REGION)
    session.client("s3", endpoint_url=place.endpoint, config=unsigned).put_object(Bucket="media", Key="u", Body=b"free")
    assert client(place, "s3").get_object(Bucket="media", Key="u")["Body"].read() == b"free"


# Links and forms

REGIONS = ["us-east-1", REGION]  # boto3 presigns by Version 2 in the first unless told otherwise


@pytest.fixture(params=["own", "session"])
def keys(request: pytest.FixtureRequest, place: Location) -> tuple[str, ...]:
    return place.access_key if request.param == "own" else session_keys(place)


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_signed_links_are_for_what_they_say(place: Location, keys: tuple[str, ...], region: str, host: str) -> None:
    s3 = boto3.Session(*keys, region_name=region).client("s3", endpoint_url=f"http://{host}:{place.port}")
    put = s3.generate_presigned_url("put_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=60)
    get = s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=60)
    named = {"Host": get.split("/")[2]}
    assert send(place, "PUT", path_of(put), b"sent", named).status == 200
    assert send(place, "GET", path_of(get), headers={**named, "Sec-Fetch-Site": "cross-site"}).body == "sent"
    assert send(place, "GET", path_of(get).replace("link", "private"), headers=named).status == 403
    assert send(place, "DELETE", path_of(get), headers=named).status == 403
    assert send(place, "PUT", path_of(put), b"", {**named, "X-Amz-Acl": "public-read"}).status == 403
    assert send(place, "GET", path_of(get) + "&acl", headers=named).status == 403
    late = s3.generate_presigned_url("get_object", {"Bucket": "media", "Key": "link"}, ExpiresIn=-1)
    assert send(place, "GET", path_of(late), headers=named).status == 403
    both = signed(place, "s3", "GET", path_of(get), headers=named)
    assert send(place, "GET", path_of(get), headers=both).status == 403


def test_a_signed_link_to_another_service_says_who_calls(place: Location) -> None:
    link = client(place, "sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    assert "user/moto" in send(place, "GET", path_of(link)).body
    assert send(place, "GET", path_of(link).replace("GetCallerIdentity", "GetSessionToken")).status == 403
    assert send(place, "GET", path_of(link), headers={"Origin": APP}).status == 403
    assert send(place, "GET", path_of(link), headers={"Sec-Fetch-Site": "none"}).status == 403


def form(fields: dict[str, str], file: bytes, more: str = "") -> tuple[bytes, dict[str, str]]:
    """A form as browsers send it."""
    head = "".join(f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items())
    last = '--b\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
    return (head + more + last).encode() + file + b"\r\n--b--\r\n", {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize("region", REGIONS)
def test_the_apps_page_sends_a_file_by_a_signed_form(place: Location, keys: tuple[str, ...], region: str) -> None:
    s3 = boto3.Session(*keys, region_name=region).client("s3", endpoint_url=place.endpoint)

    def signed_form(**options: Any) -> dict[str, str]:
        conditions = [["starts-with", "$Content-Type", "image/"], ["content-length-range", 1, 10]]
        return s3.generate_presigned_post("media", "up", {"Content-Type": "image/png"}, conditions, **options)["fields"]

    def post(fields: dict[str, str], file: bytes = b"picture", target: str = "/media", origin: str = APP) -> Answer:
        body, headers = form(fields, file)
        return send(place, "POST", target, body, {**headers, "Origin": origin})

    fields = signed_form()
    sent = post(fields)
    assert (sent.status, sent.headers["access-control-allow-origin"]) == (204, APP)
    assert client(place, "s3").get_object(Bucket="media", Key="up")["Body"].read() == b"picture"
    client(place, "s3").create_bucket(Bucket="other", CreateBucketConfiguration={"LocationConstraint": REGION})
    client(place, "s3").delete_object(Bucket="media", Key="up")
    refused = {
        "another key": post({**fields, "key": "private"}),
        "another bucket": post(fields, target="/other"),
        "another type": post({**fields, "Content-Type": "text/html"}),
        "a further field": post({**fields, "acl": "public-read"}),
        "no type": post({name: value for name, value in fields.items() if name != "Content-Type"}),
        "too large": post(fields, b"x" * 11),
        "too small": post(fields, b""),
        "late": post(signed_form(ExpiresIn=-1)),
        "another policy": post({**fields, "policy": base64.b64encode(b"{}").decode()}),
        "no policy": post({"key": "up"}),
        "a foreign page": post(fields, origin="https://evil.example"),
        "no page at all": post(fields, origin="null"),
        "another subresource": post(fields, target="/media?delete"),
        "another key in the query": post(fields, target="/media?key=private"),
        "an object": post(fields, target="/media/private"),
        "a bucket written otherwise": post(fields, target="/%6dedia"),
    }
    again = '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nprivate\r\n'
    body, headers = form(fields, b"picture", again)
    refused["a second key"] = send(place, "POST", "/media", body, headers)
    assert {name: answer.status for name, answer in refused.items() if answer.status != 403} == {}
    found = client(place, "s3").list_objects_v2(Bucket="media", Prefix="up")
    assert "Contents" not in found
    assert client(place, "s3").get_object(Bucket="media", Key="private")["Body"].read() == b"mine"
    client(place, "s3").delete_bucket(Bucket="other")


# What is public


def test_public_objects_are_read_by_everybody_and_nothing_else_is(place: Location) -> None:
    s3 = client(place, "s3")
    s3.create_bucket(Bucket="site", CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in ("open/a", "hidden", "closed"):
        s3.put_object(Bucket="site", Key=key, Body=b"page")

    def read(target: str, method: str = "GET", **headers: str) -> int:
        return send(place, method, target, headers=headers).status

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
    assert read("/open/a", Host=f"site.localhost:{place.port}") == 200
    assert read("/site/open/a", Origin="https://evil.example") == 403
    for target in ("/site/hidden", "/site/open/a?acl", "/site/open/a?versionId=1", "/site", "/site/", "/site/?policy"):
        assert read(target) == 403, target
    # Which bucket is meant is not left to be understood in two ways.
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
def ask(method, target, body="", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=10)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, target, body, headers)
    return connection.getresponse().status
TARGET = "AmazonEC2ContainerServiceV20141113.RunTask"
SCOPE = "20260101/us-east-1/ecs/aws4_request, SignedHeaders=host, Signature=" + "0" * 64
print(ask("POST", "/", "{}", X_Amz_Target=TARGET))
print(ask("POST", "/", "{}", X_Amz_Target=TARGET, Authorization="AWS4-HMAC-SHA256 Credential=test/" + SCOPE))
print(ask("POST", "/moto-api/reset"), ask("GET", "/media/private"), ask("GET", "/.local/credentials/x"))
for path in sys.argv[2:]:
    try:
        print(open(path).read())
    except PermissionError:
        print("closed")
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes of other users")
def test_another_user_of_the_machine_can_neither_call_nor_read_the_key(place: Location) -> None:
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-I", "-", str(place.port), str(place.folder / "credentials")],
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
    assert done.stdout.splitlines() == ["403", "403", "403 403 404", "closed"], done.stderr


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    place = Location(tmp_path / "new", 1, REGION)
    key = place.access_key
    file = place.folder / "credentials"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert (len(key.id), key.id[:4], len(key.secret)) == (20, "AKIA", 40)
    file.chmod(0o644)
    place.folder.chmod(0o755)
    assert place.access_key == key
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(place.folder.stat().st_mode) == 0o700
    assert Location(tmp_path / "other", 1, REGION).access_key != key
    assert [path.name for path in place.folder.iterdir()] == ["credentials"]


def test_processes_that_generate_a_key_at_once_agree(tmp_path: Path) -> None:
    imports = "import sys; from pathlib import Path; from flask_on_aws_cli.local_project.access_keys import access_key"
    command = [sys.executable, "-c", f"{imports}; print(access_key(Path(sys.argv[1])))", str(tmp_path / "place")]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) for _ in range(6)
    ]
    assert len({process.communicate()[0] for process in started}) == 1
