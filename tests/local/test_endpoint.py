"""Tests of the endpoint with ordinary clients, while its process is stopped and killed."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask_on_aws_cli.local_aws.api.endpoint import Endpoint
from flask_on_aws_cli.local_project.location import Location

from tests.waiting import SECONDS

from .conftest import client

Daemon = Callable[[], subprocess.Popen[str]]


def create_resources(location: Location) -> dict[str, Any]:
    s3, secrets, ssm = (client(location, name) for name in ("s3", "secretsmanager", "ssm"))
    s3.create_bucket(Bucket="media", CreateBucketConfiguration={"LocationConstraint": location.region})
    s3.put_object(Bucket="media", Key="a/b.txt", Body=b"first")
    s3.put_object(Bucket="media", Key="a/b.txt", Body=b"second" * 100_000)
    arn = secrets.create_secret(Name="key", SecretString="s3cret")["ARN"]
    ssm.put_parameter(Name="/p", Value="v", Type="SecureString")
    client(location, "ecr").create_repository(repositoryName="app")
    client(location, "ecs").create_cluster(clusterName="c")
    client(location, "iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    return {"arn": arn, "vpc": client(location, "ec2").describe_vpcs()["Vpcs"][0]["VpcId"]}


def check_resources(location: Location, expected: dict[str, Any]) -> None:
    body = client(location, "s3").get_object(Bucket="media", Key="a/b.txt")["Body"].read()
    assert body == b"second" * 100_000
    secret = client(location, "secretsmanager").get_secret_value(SecretId="key")
    assert (secret["ARN"], secret["SecretString"]) == (expected["arn"], "s3cret")
    assert client(location, "ssm").get_parameter(Name="/p", WithDecryption=True)["Parameter"]["Value"] == "v"
    assert len(client(location, "ecr").describe_repositories()["repositories"]) == 1
    assert client(location, "ecs").describe_clusters(clusters=["c"])["clusters"][0]["status"] == "ACTIVE"
    assert client(location, "iam").get_role(RoleName="r")["Role"]["RoleName"] == "r"
    assert client(location, "ec2").describe_vpcs()["Vpcs"][0]["VpcId"] == expected["vpc"]


def test_completed_calls_survive_a_kill(location: Location, daemon: Daemon) -> None:
    process = daemon()
    expected = create_resources(location)
    process.kill()
    process.wait()
    daemon()
    check_resources(location, expected)


def test_records_survive_a_stop(location: Location, daemon: Daemon) -> None:
    process = daemon()
    expected = create_resources(location)
    client(location, "logs").create_log_group(logGroupName="g")
    client(location, "logs").create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    client(location, "logs").put_log_events(
        logGroupName="g", logStreamName="s", logEvents=[{"timestamp": now, "message": "hello"}]
    )
    process.terminate()
    assert process.wait(timeout=SECONDS) == 0
    daemon()
    check_resources(location, expected)
    events = client(location, "logs").get_log_events(logGroupName="g", logStreamName="s")["events"]
    assert [event["message"] for event in events] == ["hello"]


def test_a_local_aws_without_a_key_gets_one_and_keeps_its_records(location: Location, daemon: Daemon) -> None:
    process = daemon()
    expected = create_resources(location)
    process.terminate()
    process.wait()
    old = location.access_key
    (location.folder / "credentials").unlink()  # as in a local AWS that an older version created
    daemon()
    assert location.access_key != old
    client.cache_clear()
    check_resources(location, expected)


def test_certificates_and_keys_survive_a_kill(location: Location, daemon: Daemon) -> None:
    process = daemon()
    arn = client(location, "acm").request_certificate(DomainName="app.example.com", ValidationMethod="DNS")[
        "CertificateArn"
    ]
    key = client(location, "kms").create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    process.kill()
    process.wait()
    daemon()
    certificate = client(location, "acm").describe_certificate(CertificateArn=arn)["Certificate"]
    assert certificate["DomainName"] == "app.example.com"
    assert client(location, "kms").get_public_key(KeyId=key)["PublicKey"]


def test_deleted_objects_leave_no_files(location: Location, daemon: Daemon) -> None:
    daemon()
    create_resources(location)
    objects = location.folder / "records" / "objects"
    assert len(list(objects.iterdir())) == 1  # the first version was overwritten
    client(location, "s3").delete_object(Bucket="media", Key="a/b.txt")
    assert list(objects.iterdir()) == []


def test_only_their_owner_can_read_the_records(location: Location, daemon: Daemon) -> None:
    daemon()
    create_resources(location)
    assert {path.stat().st_mode & 0o077 for path in (location.folder / "records").rglob("*") if path.is_file()} == {0}


def test_a_port_that_is_in_use_is_reported(location: Location, daemon: Daemon) -> None:
    daemon()
    with pytest.raises(OSError, match=f"Port {location.port} of 127.0.0.1 is in use"):
        Endpoint(Location(location.folder.with_name("other"), location.port, location.region)).start()


def test_an_unsupported_call_is_not_repeated(location: Location, daemon: Daemon) -> None:
    daemon()
    with pytest.raises(ClientError, match="does not support this") as raised:
        client(location, "ecs").describe_service_revisions(serviceRevisionArns=["x"])
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 0  # boto3 repeats a 500
