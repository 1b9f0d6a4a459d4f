import json

import pytest
from flask_on_aws import FlaskApp, Queue
from flask_on_aws.validation.problems import ArgumentsError

from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, containers

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"


def test_jobs_that_fail_five_times_wait_for_two_weeks_in_a_dead_letter_queue(deploy):
    app = deploy(lambda: Queue("app-queue", {}))
    queue, failed = app.named("app-queue"), app.named("app-queue-failed")
    redrive = json.loads(queue["redrivePolicy"])
    assert redrive["maxReceiveCount"] == 5
    assert redrive["deadLetterTargetArn"].endswith("app-queue-failed")
    assert (queue["messageRetentionSeconds"], failed["messageRetentionSeconds"]) == (4 * 86_400, 14 * 86_400)
    assert (queue["visibilityTimeoutSeconds"], queue["receiveWaitTimeSeconds"]) == (300, 20)


@pytest.mark.parametrize("name", ["app-queue", "app-queue-failed"])
def test_both_are_encrypted_and_take_requests_with_tls_alone(deploy, name):
    app = deploy(lambda: Queue("app-queue", {}))
    assert app.named(name)["sqsManagedSseEnabled"] is True
    (statement,) = json.loads(app.named(f"{name}-tls")["policy"])["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert statement["Resource"].endswith(name)


def test_a_key_encrypts_both_and_whoever_uses_the_queue_may_use_it_for_that(deploy):
    app = deploy(lambda: _granted({"kms_key_id": KEY}))
    for name in ("app-queue", "app-queue-failed"):
        assert app.named(name)["kmsMasterKeyId"] == KEY
        assert "sqsManagedSseEnabled" not in app.named(name)
    messages, key = json.loads(app.named("app-queue-grant-mailer")["policy"])["Statement"]
    assert {action.partition(":")[0] for action in messages["Action"]} == {"sqs"}
    assert not {"sqs:*", "sqs:PurgeQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes"} & set(messages["Action"])
    assert messages["Resource"].endswith("app-queue")
    assert key["Resource"] == KEY
    assert key["Condition"]["StringEquals"]["kms:EncryptionContext:aws:sqs:arn"] == messages["Resource"]


def _granted(args):
    Queue("app-queue", args).grant("mailer", "mailer")


@pytest.mark.parametrize(
    ("args", "argument"),
    [
        ({"visibility_timeout": 43201}, "visibility_timeout"),
        ({"visibility_timeout": -1}, "visibility_timeout"),
        ({"retention_days": 0}, "retention_days"),
        ({"retention_days": 15}, "retention_days"),
        ({"max_receives": 0}, "max_receives"),
        ({"max_receives": 1001}, "max_receives"),
        ({"kms_key_id": "alias/shop"}, "kms_key_id"),
    ],
)
def test_what_sqs_would_reject_is_reported_before(mocks, args, argument):
    with pytest.raises(ArgumentsError) as error:
        Queue("app-queue", args)
    assert [problem.argument for problem in error.value.problems] == [argument]
    assert mocks.resources == []


def test_the_app_gets_the_queue_and_its_role_may_use_it(deploy, mocks):
    mocks.computed |= COMPUTED
    app = deploy(lambda: FlaskApp("app", {"app": APP, "queue": "sqs", "workers": {"mail": "python -m mail"}}))
    (web,) = containers(app, "app-web")
    (mail,) = containers(app, "app-mail")
    for container in (web, mail):
        variables = {variable["name"]: variable["value"] for variable in container["environment"]}
        assert variables["QUEUE_URL"].endswith("/app-queue")
    policy = json.loads(app.named("app-web-task-queue")["policy"])
    assert policy["Statement"][0]["Resource"].endswith(":app-queue")


def test_an_app_without_a_queue_has_none(deploy, mocks):
    mocks.computed |= COMPUTED
    app = deploy(lambda: FlaskApp("app", {"app": APP}))
    assert not [resource.name for resource in app.resources if "queue" in resource.name]
    (web,) = containers(app, "app-web")
    assert "QUEUE_URL" not in {variable["name"] for variable in web["environment"]}
