import pulumi
import pytest
from flask_on_aws.secrets.app_secret import AppSecret, problems


def secret(text):
    """A secret as the engine gets it: under Pulumi's mark of secrets, which the mocks leave in place."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": text}


def test_the_secret_is_json_never_plain_deleted_at_once_and_identified_by_version(deploy, mocks):
    mocks.computed["SecretVersion"] = lambda args: {"versionId": "v1"}
    deployed = deploy(lambda: AppSecret("web-secret", {"values": {"B": pulumi.Output.from_input("2"), "A": "1"}}))
    assert deployed.named("web-secret") == {"description": "Secret environment of an app", "recoveryWindowInDays": 0}
    content = deployed.named("web-secret-content")
    assert content["secretId"] == "web-secret-id"
    assert content["secretString"] == secret('{"A": "1", "B": "2"}')
    assert deployed.outputs == {"secret_arn": "arn:aws:mock:us-east-1:123456789012:web-secret", "version_id": "v1"}


def test_values_may_be_one_output(deploy):
    values = pulumi.Output.from_input({"A": "1"})
    deployed = deploy(lambda: AppSecret("s", {"values": values, "recovery_days": 7, "description": "Keys"}))
    assert deployed.named("s-content")["secretString"] == secret('{"A": "1"}')
    assert deployed.named("s") == {"description": "Keys", "recoveryWindowInDays": 7}


@pytest.mark.parametrize("days", [-1, 1, 6, 31, True, 7.5])
def test_recovery_days_that_secrets_manager_refuses(days):
    assert list(problems({"values": {}, "recovery_days": days})) == [
        ("recovery_days", f"{days!r} must be 0 (deleted at once) or a whole number from 7 to 30 days.")
    ]


@pytest.mark.parametrize("days", [0, 7, 30, 7.0])
def test_recovery_days_that_secrets_manager_takes(days):
    assert not list(problems({"values": {}, "recovery_days": days}))


def test_a_secret_without_values_is_rejected(mocks):
    with pytest.raises(pulumi.InputPropertiesError, match="values: is missing; an AppSecret cannot be created"):
        AppSecret("s", {})
    assert mocks.resources == []


def test_a_description_too_long_is_rejected():
    (problem,) = problems({"values": {}, "description": "x" * 2049})
    assert problem == ("description", "2049 characters are too many; use at most 2048.")
