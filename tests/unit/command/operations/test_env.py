"""`flask-on-aws env` against moto: what it prints of a task's environment, and each error in a sentence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from dotenv import dotenv_values
from flask_on_aws.runtime_contract.contract import CA_PATH
from flask_on_aws_cli.main import main
from moto import mock_aws

REGION, ELSEWHERE = "us-east-1", "eu-west-1"
PLAIN = {"GREETING": "it's 5 $", "PORT": "8080", "DATABASE_CA": CA_PATH}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A function that gives a client of an emulated account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield lambda service, region=REGION: boto3.client(service, region)


def deploy(aws: Any, secrets: dict[str, str], plain: dict[str, str] = PLAIN) -> None:
    """Run a service whose tasks have these variables."""
    container = {
        "name": "web",
        "image": "app:1",
        "memory": 512,
        "environment": [{"name": name, "value": value} for name, value in plain.items()],
        "secrets": [{"name": name, "valueFrom": value_from} for name, value_from in secrets.items()],
    }
    ecs = aws("ecs")
    ecs.create_cluster(clusterName="shop")
    ecs.register_task_definition(family="shop-web", containerDefinitions=[container])
    ecs.create_service(cluster="shop", serviceName="web", taskDefinition="shop-web", desiredCount=1)


def env(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["env", "--cluster", "shop", "--region", REGION, *arguments])


def test_without_secrets_none_is_read_and_their_names_are_on_standard_error(aws):
    deploy(aws, {"TOKEN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-AbCdEf", "KEY": "/absent"})
    done = env()
    assert done.exit_code == 0
    assert done.stderr == "Secrets are left out; --secrets includes them: KEY, TOKEN\n"
    assert done.stdout.splitlines()[1:] == ["export GREETING='it'\"'\"'s 5 $'", "export PORT=8080"]


def test_secrets_and_parameters_are_read_as_a_task_gets_them(aws):
    store, ssm = aws("secretsmanager"), aws("ssm")
    arn = store.create_secret(Name="app", SecretString=json.dumps({"A": "one", "B": {"deep": 2}}))["ARN"]
    text = aws("secretsmanager", ELSEWHERE).create_secret(Name="text", SecretString="not JSON")["ARN"]
    ssm.put_parameter(Name="/shop/key", Value="with a path", Type="SecureString")
    ssm.put_parameter(Name="short", Value="without", Type="String")
    prefix = "arn:aws:ssm:us-east-1:123456789012:parameter/"
    deploy(
        aws,
        {
            "A": f"{arn}:A::",
            "B": f"{arn}:B:AWSCURRENT:",
            "WHOLE": arn,
            "TEXT": text,
            "NAMED": "/shop/key",
            "BY_ARN": f"{prefix}shop/key",
            "SHORT": f"{prefix}short",
        },
    )
    done = env("--secrets", "--json")
    values = json.loads(done.stdout)
    assert done.stderr == ""
    assert {name: value for name, value in values.items() if name not in PLAIN} == {
        "A": "one",
        "B": '{"deep": 2}',
        "WHOLE": '{"A": "one", "B": {"deep": 2}}',
        "TEXT": "not JSON",
        "NAMED": "with a path",
        "BY_ARN": "with a path",
        "SHORT": "without",
    }
    assert json.loads(env("--secrets", "--format", "json").stdout) == values


def test_the_root_certificates_are_a_file_of_this_machine(aws):
    deploy(aws, {}, {"DATABASE_URL": f"postgresql://app@db/app?sslmode=verify-full&sslrootcert={CA_PATH}"})
    url = json.loads(env("--json").stdout)["DATABASE_URL"]
    assert "BEGIN CERTIFICATE" in Path(url.partition("sslrootcert=")[2]).read_text()


def test_a_dotenv_file_has_the_same_values(aws, tmp_path):
    deploy(aws, {})
    (tmp_path / ".env").write_text(env("--format", "dotenv").stdout)
    values = dotenv_values(tmp_path / ".env")
    assert (values["GREETING"], values["PORT"]) == (PLAIN["GREETING"], "8080")


@pytest.mark.parametrize(
    ("value_from", "sentence"),
    [
        ("secret:absent-AbCdEf:KEY::", "TOKEN: arn:aws:secretsmanager:us-east-1:123456789012:secret:absent-AbCdEf "
         "cannot be used: it does not exist, or is scheduled for deletion. The next task could not start either"),
        ("/absent", "TOKEN: Parameter Store has no parameter /absent, and the next task could not start"),
        ("key", "cannot be used: there is no JSON key OTHER. The next task could not start either; restore the secret"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(aws, value_from, sentence):
    arn = aws("secretsmanager").create_secret(Name="app", SecretString='{"KEY": "1"}')["ARN"]
    absent = f"arn:aws:secretsmanager:us-east-1:123456789012:{value_from}"
    deploy(aws, {"TOKEN": {"key": f"{arn}:OTHER::", "/absent": "/absent"}.get(value_from, absent)})
    done = env("--secrets")
    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_value_that_a_dotenv_file_cannot_contain_is_named(aws):
    deploy(aws, {}, {"PATTERN": "a ${HOME} b"})
    done = env("--format", "dotenv")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("PATTERN: the value contains ${…}")
    assert env("--format", "shell").stdout == "export PATTERN='a ${HOME} b'\n"
