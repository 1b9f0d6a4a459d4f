"""Which resources change: renamed ones, dependents of replaced ones, and the data that is lost."""

import pytest
from flask_on_aws.data_loss.guard import REJECTION
from flask_on_aws_cli.pulumi_engine.model.values import Secret
from flask_on_aws_cli.review.compare import compare
from flask_on_aws_cli.review.effects.data_loss import LOST, Acceptance
from flask_on_aws_cli.review.model import Consent, Effect, Operation

from tests.unit.command.review.graphs import APP, STACK, changed, compared, resource

VPC, SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
INSTANCE, BUCKET = "aws:rds/instance:Instance", "aws:s3/bucket:Bucket"


def urn(kind, name):
    return f"{STACK}::{kind}::{name}"


def test_a_renamed_resource_is_the_same_one():
    old = [resource(VPC, "old", {"cidrBlock": "10.0.0.0/16"}), resource(SUBNET, "a", {"vpcId": "${Vpc old.id}"})]
    new = [
        resource(VPC, "new", {"cidrBlock": "10.0.0.0/16"}, aliases=[urn(VPC, "old")]),
        resource(SUBNET, "a", {"vpcId": "${Vpc new.id}"}),
    ]
    result = compared(old, new)
    (change,) = result.changes
    assert (change.name, change.previous_name, change.effect) == ("new", "old", Effect.NONE)
    assert (change.operation, result.unchanged) == (Operation.UPDATE, 1)


def test_a_renamed_database_without_an_alias_loses_data():
    result = compared(
        [resource(INSTANCE, "old", {"engine": "postgres"})], [resource(INSTANCE, "new", {"engine": "postgres"})]
    )
    assert {(c.name, c.operation, c.effect) for c in result.changes} == {
        ("old", Operation.DELETE, Effect.LOSES_DATA),
        ("new", Operation.CREATE, Effect.IN_PLACE),
    }


def test_an_alias_of_a_resource_that_still_exists_is_not_followed():
    old = [resource(VPC, "a"), resource(VPC, "b")]
    result = compared(old, [resource(VPC, "a"), resource(VPC, "b", aliases=[urn(VPC, "a")])])
    assert (result.changes, result.unchanged) == ([], 2)


def test_what_refers_to_a_replaced_resource_changes_too():
    def stack(cidr):
        return [
            resource(VPC, "net", {"cidrBlock": cidr}),
            resource(SUBNET, "a", {"vpcId": "${Vpc net.id}"}),
            resource("aws:ecs/service:Service", "web", {"networkConfiguration": {"subnets": ["${Subnet a.id}"]}}),
            resource("aws:sns/topic:Topic", "alarms", {"displayName": "${Vpc other.id}"}),
        ]

    result = compared(stack("10.0.0.0/16"), stack("10.1.0.0/16"))
    assert {change.name: change.effect for change in result.changes} == {
        "net": Effect.REPLACED,
        "a": Effect.REPLACED,
        "web": Effect.RESTARTS_TASKS,
    }
    assert result.unchanged == 1


def test_a_new_task_definition_restarts_the_service():
    task = "aws:ecs/taskDefinition:TaskDefinition"

    def stack(cpu):
        service = resource("aws:ecs/service:Service", "web", {"taskDefinition": "${TaskDefinition web.arn}"})
        return [resource(task, "web", {"cpu": cpu}), service]

    assert {change.effect for change in compared(stack("256"), stack("512")).changes} == {Effect.RESTARTS_TASKS}


def test_the_most_severe_change_is_first():
    old = [
        resource(SUBNET, "a", {"tags": {"a": "1"}}),
        resource(BUCKET, "media"),
        resource(VPC, "n", {"cidrBlock": "1"}),
    ]
    new = [resource(SUBNET, "a", {"tags": {"a": "2"}}), resource(VPC, "n", {"cidrBlock": "2"})]
    assert [change.name for change in compared(old, new).changes] == ["media", "n", "a"]


@pytest.mark.parametrize("kind", sorted(LOST))
@pytest.mark.parametrize(("accepted", "consent"), [((), Consent.MISSING), (("it",), Consent.GIVEN)])
def test_deleting_a_resource_with_data_needs_consent(kind, accepted, consent):
    inputs = {"forceDelete": True}
    (change,) = compared([resource(kind, "it", inputs)], [], accepted).changes
    assert (change.operation, change.effect) == (Operation.DELETE, Effect.LOSES_DATA)
    assert {loss.consent for loss in change.losses} == {consent}


def test_a_retained_resource_stays():
    (change,) = compared([resource(BUCKET, "it", retain_on_delete=True)], []).changes
    assert (change.effect, change.losses) == (Effect.IN_PLACE, [])
    assert change.notices == ["It stays on AWS, outside of the stack."]


@pytest.mark.parametrize("before", [{"deletionProtection": True, "engine": "postgres"}, {"engine": "postgres"}])
def test_a_protected_database_cannot_be_deleted(before):
    options = {} if "deletionProtection" in before else {"protect": True}
    (change,) = compared([resource(INSTANCE, "it", before, **options)], [], ["it"]).changes
    assert Consent.IMPOSSIBLE in {loss.consent for loss in change.losses}
    assert change.effect is Effect.LOSES_DATA


@pytest.mark.parametrize(
    ("kind", "before", "after", "consent"),
    [
        (INSTANCE, {"backupRetentionPeriod": 14}, {"backupRetentionPeriod": 7}, Consent.MISSING),
        (INSTANCE, {"backupRetentionPeriod": 14}, {}, Consent.MISSING),
        (INSTANCE, {"deletionProtection": True}, {"deletionProtection": False}, Consent.NOT_NEEDED),
        (INSTANCE, {"skipFinalSnapshot": False}, {"skipFinalSnapshot": True}, Consent.NOT_NEEDED),
        (INSTANCE, {"engineVersion": "17.2"}, {"engineVersion": "16.9"}, Consent.IMPOSSIBLE),
        (INSTANCE, {"engineVersion": "16.9"}, {"engineVersion": "17.2"}, Consent.IMPOSSIBLE),
        (INSTANCE, {"allocatedStorage": 30}, {"allocatedStorage": 20}, Consent.IMPOSSIBLE),
        ("aws:rds/cluster:Cluster", {"backupRetentionPeriod": 14}, {}, Consent.MISSING),
        (BUCKET, {}, {"forceDestroy": True}, Consent.NOT_NEEDED),
        ("aws:ecr/repository:Repository", {}, {"forceDelete": True}, Consent.NOT_NEEDED),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 90}, {"retentionInDays": 7}, Consent.MISSING),
        ("aws:cloudwatch/logGroup:LogGroup", {}, {"retentionInDays": 7}, Consent.MISSING),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            {"rules": [{"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 90}}]},
            {"rules": [{"status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 30}}]},
            Consent.MISSING,
        ),
    ],
)
def test_data_is_also_lost_without_a_replacement(kind, before, after, consent):
    change = changed(kind, before, after)
    assert {loss.consent for loss in change.losses} == {consent}
    assert change.operation is Operation.UPDATE
    assert (change.effect is Effect.LOSES_DATA) == (consent is Consent.MISSING)


def app(**database):
    return resource(
        "flask-on-aws:index:FlaskApp",
        "app",
        {"stateful": {"database": {"kind": "database", "name": "app-db", **database}}},
        custom=False,
    )


def test_a_component_s_record_decides_about_its_resource():
    database = {"engine": "postgres", "username": "app"}
    old = [app(username="app"), resource(INSTANCE, "app-db", database, parent=APP)]
    new = [app(username="owner"), resource(INSTANCE, "app-db", {**database, "username": "owner"}, parent=APP)]
    (change,) = compared(old, new).changes
    (loss,) = change.losses
    assert (loss.resource, loss.property, loss.consent) == ("app-db", "username", Consent.MISSING)
    assert compared(old, new, ["app-db"]).changes[0].losses[0].consent is Consent.GIVEN


REASON = "'app' → 'owner' replaces the database app-db by an empty one."


@pytest.mark.parametrize(
    ("message", "consent"),
    [
        ("", Consent.GIVEN),
        (f"{REJECTION}\n  - databaseUsername (…): {REASON}", Consent.MISSING),
        (f"{REJECTION}\n  - bucket: something else", Consent.GIVEN),
        ("Another hook failed", Consent.MISSING),
        (None, Consent.MISSING),
    ],
)
def test_the_program_s_own_guard_decides_about_consent(message, consent):
    old, new = [app(username="app")], [app(username="owner")]
    acceptance = Acceptance((), {} if message is None else {new[0].urn: message})
    (loss,) = compare({old[0].urn: old[0]}, new, acceptance).losses
    assert loss.consent is consent
    assert loss.property == ("databaseUsername" if REASON in (message or "") else "username")


def test_what_a_component_does_not_record_needs_no_consent_inside_of_it():
    logs = resource("aws:cloudwatch/logGroup:LogGroup", "app-mail-logs", {"retentionInDays": 7}, parent=APP)
    queue = resource("aws:sqs/queue:Queue", "app-queue-failed", parent=APP)
    result = compared([app(), logs, queue], [app()])
    assert {loss.consent for change in result.changes for loss in change.losses} == {Consent.NOT_GUARDED}


def test_a_removed_component_loses_what_it_recorded():
    (loss,) = compared([app()], []).losses
    assert (loss.resource, loss.consent) == ("app-db", Consent.MISSING)


def test_secrets_of_an_encrypted_state_are_not_compared():
    old = resource(INSTANCE, "it", {"password": "x", "port": 1})
    before = {old.urn: old}
    encrypted = {urn: resource(INSTANCE, "it", {"password": Secret("(encrypted in the state)")}) for urn in before}
    after = [resource(INSTANCE, "it", {"password": Secret("new")})]
    assert compare(encrypted, after, Acceptance(()), secrets_compared=False).changes == []
    assert compare(encrypted, after, Acceptance(())).changes != []


def test_any_resource_with_protect_cannot_be_deleted_or_replaced():
    old = resource(VPC, "net", {"cidrBlock": "1"}, protect=True)
    for after in ([], [resource(VPC, "net", {"cidrBlock": "2"}, protect=True)]):
        (change,) = compared([old], after).changes
        assert [loss.consent for loss in change.losses] == [Consent.IMPOSSIBLE]
