import json

import botocore.session
import pulumi
import pulumi_aws as aws
import pytest
from flask_on_aws.aws_session import IdentityError, ProviderSettings
from flask_on_aws.releases.provider_settings import provider_settings

KEYS = {"region": "eu-west-1", "accessKey": "key", "secretKey": "secret"}


class Owner(pulumi.ComponentResource):
    def __init__(self, opts=None):
        super().__init__("test:index:Owner", "owner", {}, opts)
        self.given = pulumi.Output.secret(provider_settings(self)).apply(lambda settings: dict(settings.given))
        self.register_outputs({})


def settings_of(deploy, make):
    found = []

    def program():
        owner = make()
        owner.given.apply(found.append)
        return owner

    deploy(program)
    return found[0]


@pytest.fixture
def config(monkeypatch):
    def put(**values):
        for key, value in values.items():
            pulumi.runtime.set_config(f"aws:{key}", value)

    yield put
    pulumi.runtime.set_all_config({})


def test_the_default_provider_is_as_the_stack_says(deploy, config):
    roles = [{"roleArn": "arn:aws:iam::123456789012:role/deploy", "externalId": "x"}]
    config(profile="shop", assumeRoles=json.dumps(roles), endpoints=json.dumps([{"ecs": "http://127.0.0.1:1"}]))
    assert settings_of(deploy, Owner) == {
        "region": "us-east-1",
        "profile": "shop",
        "assumeRoles": roles,
        "endpoints": [{"ecs": "http://127.0.0.1:1"}],
    }


def test_an_explicit_provider_comes_before_the_stacks(deploy, config):
    config(profile="other")

    def make():
        provider = aws.Provider(
            "west",
            region="us-west-2",
            access_key="key",
            secret_key="secret",
        )
        return Owner(pulumi.ResourceOptions(providers=[provider]))

    found = settings_of(deploy, make)
    assert (found["accessKey"], found["secretKey"]) == ("key", "secret")
    assert "profile" not in found


def test_a_provider_of_another_program_is_not_guessed(deploy):
    found = []

    def program():
        other = pulumi.resource.DependencyProviderResource("urn:pulumi:dev::shop::pulumi:providers:aws::west::id")
        owner = pulumi.ComponentResource("test:index:Owner", "owner", {}, pulumi.ResourceOptions(providers=[other]))
        found.append(provider_settings(owner))
        return owner

    deploy(program)
    assert found == [None]


def test_clients_speak_to_the_providers_endpoint_with_its_keys():
    client = ProviderSettings({**KEYS, "endpoints": [{"elb": "http://127.0.0.1:3"}, {"ecs": "http://127.0.0.1:4"}]})
    assert client.client("elbv2").meta.endpoint_url == "http://127.0.0.1:3"
    assert client.client("ecs").meta.endpoint_url == "http://127.0.0.1:4"
    logs = client.client("logs")
    assert logs.meta.endpoint_url == "https://logs.eu-west-1.amazonaws.com"
    assert logs._request_signer._credentials.access_key == "key"


@pytest.fixture
def sts(monkeypatch):
    """Security Token Service: a role's name is its key, and each session is called `ci`."""
    asked = []

    class Sts:
        def __init__(self, key):
            self.key = key

        def assume_role(self, **wanted):
            asked.append((wanted, self.key))
            made = {"AccessKeyId": wanted["RoleArn"].rpartition("/")[2], "SecretAccessKey": "s", "SessionToken": "t"}
            return {"Credentials": {**made, "Expiration": "2126-11-21T12:00:00Z"}}

        def get_caller_identity(self):
            role = "user/me" if self.key == "key" else f"assumed-role/{self.key}/ci"
            return {"Arn": f"arn:aws:sts::123456789012:{role}"}

    def create_client(session, service, **options):
        key = options.get("aws_access_key_id") or session.get_credentials().get_frozen_credentials().access_key
        return Sts(key)

    monkeypatch.setattr(botocore.session.Session, "create_client", create_client)
    return asked


def key_of(settings):
    return settings._session.get_credentials().get_frozen_credentials().access_key


def test_roles_are_assumed_one_after_the_other(sts):
    roles = [{"roleArn": "first", "externalId": "x"}, {"roleArn": "second", "sessionName": "ci"}]
    assert key_of(ProviderSettings({**KEYS, "assumeRoles": roles})) == "second"
    assert [(wanted["RoleArn"], wanted.get("ExternalId"), key) for wanted, key in sts] == [
        ("first", "x", "key"),
        ("second", None, "first"),
    ]
    assert sts[1][0]["RoleSessionName"] == "ci"


def test_clients_assume_a_role_of_the_provider_that_the_sdk_does_not_expose(sts):
    acts_as = "arn:aws:sts::123456789012:assumed-role/deploy/aws-go-sdk-1"
    assert key_of(ProviderSettings(KEYS, acts_as)) == "deploy"
    assert sts[0][0]["RoleArn"] == "arn:aws:iam::123456789012:role/deploy"
    assert key_of(ProviderSettings({**KEYS, "assumeRoles": [{"roleArn": "deploy"}]}, acts_as)) == "deploy"
    assert len(sts) == 2


def test_nobody_else_than_the_provider_is_asked_for(sts):
    with pytest.raises(IdentityError, match="acts as arn:aws:iam::999999999999:user/other"):
        key_of(ProviderSettings(KEYS, "arn:aws:iam::999999999999:user/other"))
