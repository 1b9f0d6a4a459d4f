"""The endpoint as ordinary clients see it, across stops and kills."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_project.location import Location

from .conftest import client

Daemon = Callable[[], subprocess.Popen[str]]


def make_some_of_everything(place: Location) -> dict[str, Any]:
    s3, secrets, ssm = (client(place, name) for name in ("s3", "secretsmanager", "ssm"))
    s3.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": place.region})
    s3.put_object(Bucket="media", Key="a/b.txt", Body=b"first")
    s3.put_object(Bucket="media", Key="a/b.txt", Body=b"second" * 100_000)
    arn = secrets.create_secret(Name="key", SecretString="s3cret")["ARN"]
    ssm.put_parameter(Name="/p", Value="v", Type="SecureString")
    client(place, "ecr").create_repository(repositoryName="app")
    client(place, "ecs").create_cluster(clusterName="c")
    client(place, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    return {"arn": arn, "vpc": client(place, "ec2").describe_vpcs()["Vpcs"][0]["VpcId"]}


def assert_all_there(place: Location, made: dict[str, Any]) -> None:
    body = client(place, "s3").get_object(Bucket="media", Key="a/b.txt")["Body"].read()
    assert body == b"second" * 100_000
    secret = client(place, "secretsmanager").get_secret_value(SecretId="key")
    assert (secret["ARN"], secret["SecretString"]) == (made["arn"], "s3cret")
    assert client(place, "ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"] == "v"
    assert len(client(place, "ecr").describe_repositories()["repositories"]) == 1
    assert client(place, "ecs").describe_clusters(clusters=["c"])["clusters"][0]["status"] == "ACTIVE"
    assert client(place, "iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
    assert client(place, "ec2").describe_vpcs()["Vpcs"][0]["VpcId"] == made["vpc"]


def test_answered_calls_survive_a_kill(place: Location, daemon: Daemon) -> None:
    process = daemon()
    made = make_some_of_everything(place)
    process.kill()
    process.wait()
    daemon()
    assert_all_there(place, made)


def test_records_survive_a_stop(place: Location, daemon: Daemon) -> None:
    process = daemon()
    made = make_some_of_everything(place)
    client(place, "logs").create_log_group(logGroupName="g")
    client(place, "logs").create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    client(place, "logs").put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}]
    )
    process.terminate()
    assert process.wait(timeout=20) == 0
    daemon()
    assert_all_there(place, made)
    events = client(place, "logs").get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["hello"]


def test_a_place_without_a_key_gets_one_and_keeps_its_records(place: Location, daemon: Daemon) -> None:
    process = daemon()
    made = make_some_of_everything(place)
    process.terminate()
    process.wait()
    old = place.access_key
    (place.folder / "credentials").unlink()  # as in a place that was made before there were keys
    daemon()
    assert place.access_key != old
    client.cache_clear()
    assert_all_there(place, made)


def test_certificates_and_keys_survive_a_kill(place: Location, daemon: Daemon) -> None:
    process = daemon()
    arn = client(place, "acm").request_certificate(DomainName="app.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    key = client(place, "kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    process.kill()
    process.wait()
    daemon()
    certificate = client(place, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert certificate["DomainName"] == "app.example.com"
    assert client(place, "kms").get_public_key(KeyId=key)["PublicKey"]


def test_objects_that_are_gone_leave_no_file(place: Location, daemon: Daemon) -> None:
    daemon()
    make_some_of_everything(place)
    objects = place.folder / "records" / "objects"
    assert len(list(objects.iterdir())) == 1  # the first version was overwritten
    client(place, "s3").delete_object(Bucket="media", Key="a/b.txt")
    assert list(objects.iterdir()) == []


def test_records_are_for_their_owner_alone(place: Location, daemon: Daemon) -> None:
    daemon()
    make_some_of_everything(place)
    assert {path.stat().st_mode & 0o077 for path in (place.folder / "records").rglob("*") if path.is_file()} == {0}


def test_a_taken_port_is_an_error_that_names_it(place: Location, daemon: Daemon) -> None:
    daemon()
    with pytest.raises(OSError, match=f"Port {place.port} of 127.0.0.1 is in use"):
        Endpoint(Location(place.folder.with_name("other"), place.port, place.region)).start()


def test_what_is_lacking_is_refused_at_once(place: Location, daemon: Daemon) -> None:
    daemon()
    started = time.monotonic()
    with pytest.raises(ClientError, match="does not support this"):
        client(place, "ecs").describe_service_revisions(serviceRevisionArns=["x"])
    assert time.monotonic() - started < 2  # boto3 repeats a 500 for longer
