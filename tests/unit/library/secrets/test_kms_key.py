"""Customer KMS keys: the key's policy, and that it encrypts everything that it can."""

import inspect
import json

import pulumi
import pulumi_aws as aws
import pytest
from flask_on_aws import KmsKey

from tests.request_validation import check_policies
from tests.unit.library.flask_app.test_flask_app import APP, SERVER, SHARED, VARIANTS, app, variant_of  # noqa: F401 the fixtures

KEY = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
MADE = "arn:aws:mock:us-east-1:123456789012:app-kms-key"
PRODUCTION = VARIANTS["production"]
AURORA = {**PRODUCTION, "database": "aurora-postgres", "database_min_capacity": 2}
WAYS = {
    "made": ({"create_kms_key": True}, MADE),
    "existing": ({"kms_key_id": KEY}, KEY),
    "output": ({"kms_key_id": pulumi.Output.from_input(KEY)}, KEY),
}

# Every type of the app's graph that AWS can encrypt with a key, and the keys that its inputs name.
ENCRYPTED = {
    "aws:cloudwatch/logGroup:LogGroup": lambda given: {given.get("kmsKeyId")},
    "aws:ecr/repository:Repository": lambda given: {
        c.get("kmsKey") for c in given["encryptionConfigurations"] if c["encryptionType"] == "KMS"
    },
    "aws:rds/cluster:Cluster": lambda given: {given.get("kmsKeyId")},
    "aws:rds/clusterInstance:ClusterInstance": lambda given: {given.get("performanceInsightsKmsKeyId")},
    "aws:rds/instance:Instance": lambda given: {given.get("kmsKeyId"), given.get("performanceInsightsKmsKeyId")},
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": lambda given: {
        rule["applyServerSideEncryptionByDefault"].get("kmsMasterKeyId")
        for rule in given["rules"]
        if rule.get("bucketKeyEnabled")
    },
    "aws:secretsmanager/secret:Secret": lambda given: {given.get("kmsKeyId")},
    "aws:sns/topic:Topic": lambda given: {given.get("kmsMasterKeyId")},
}
# What has a property for a key and does not get it, with the reason.
WITHOUT = {
    "aws:ssm/parameter:Parameter": "the record of releases is no secret, and only a SecureString takes a key",
    "app-access-logs-encryption": "S3 writes server access logs to buckets with its own keys alone",
    "app-alb-access-logs-encryption": "Elastic Load Balancing writes to buckets with S3's own keys alone",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("variant", [PRODUCTION, {**SHARED, **SERVER, "domain": "app.example.com"}, {}, AURORA])
def test_with_a_key_everything_that_can_be_encrypted_with_it_is(app, variant, way):  # noqa: F811
    given, key = WAYS[way]
    deployed = app(**variant, **given)
    found = {
        resource.name: ENCRYPTED[resource.typ](resource.inputs)
        for resource in deployed.resources
        if resource.typ in ENCRYPTED and resource.name not in WITHOUT
    }
    assert len(found) >= 3
    assert {name: keys for name, keys in found.items() if keys != {key}} == {}
    assert deployed.outputs["kms_key_arn"] == key
    assert ("app-kms-key" in deployed.of_type("kms/key:Key")) == (way == "made")
    assert "app-alarms-key" not in deployed.of_type("kms/key:Key")


def test_no_type_that_takes_a_key_is_forgotten(app):  # noqa: F811
    """Each type of the graph whose arguments speak of KMS or encryption is in one of the two tables."""
    deployed = app(**PRODUCTION, create_kms_key=True, release_command="flask release")
    types = {resource.typ for resource in deployed.resources if resource.typ.startswith("aws:")}
    taking = set()
    for token in types:
        module, kind = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
        names = inspect.signature(getattr(getattr(aws, module), kind)._internal_init).parameters
        if any("kms" in name or "encryption" in name or name == "key_id" for name in names):
            taking.add(token)
    # The bucket's own property is the deprecated form of its encryption resource.
    assert taking - {"aws:s3/bucket:Bucket"} <= ENCRYPTED.keys() | WITHOUT.keys()
    assert {"aws:rds/instance:Instance", "aws:sns/topic:Topic", "aws:ssm/parameter:Parameter"} <= taking


@pytest.mark.parametrize("variant", VARIANTS)
def test_without_a_key_nothing_names_one(variant_of, variant):  # noqa: F811
    deployed = variant_of(variant) if "create_kms_key" not in VARIANTS[variant] else None
    for resource in deployed.resources if deployed else ():
        if resource.typ in ENCRYPTED and resource.typ != "aws:sns/topic:Topic":
            assert not {key for key in ENCRYPTED[resource.typ](resource.inputs) if key}, resource.name
    assert deployed is None or deployed.outputs["kms_key_arn"] == ""


def policies(deployed):
    """Name of a role's policy → its statements about KMS."""
    return {
        name: found
        for name, policy in deployed.of_type("iam/rolePolicy:RolePolicy").items()
        if (found := [s for s in json.loads(policy["policy"])["Statement"] if "kms:" in json.dumps(s["Action"])])
    }


@pytest.mark.parametrize("way", WAYS)
def test_roles_use_the_key_for_their_own_secrets_and_files_alone(app, way):  # noqa: F811
    given, key = WAYS[way]
    bucket = "arn:aws:mock:us-east-1:123456789012:app-media"

    def via(*services):
        return {"StringLike": {"kms:ViaService": [f"{service}.*.amazonaws.com" for service in services]}}

    assert policies(app(**given)) == {
        "app-web-execution": [
            {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": [key], "Condition": via("secretsmanager", "ssm")}
        ],
        "app-web-task-database": [
            {"Effect": "Allow", "Action": ["kms:Decrypt"], "Resource": key, "Condition": via("secretsmanager")}
        ],
        "app-web-task-media": [
            {
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": key,
                "Condition": {"StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket, f"{bucket}/*"]}},
            }
        ],
    }


def test_without_a_key_no_role_may_use_any(app):  # noqa: F811
    assert policies(app()) == {}


def test_the_database_keeps_rds_s_key_where_that_is_asked(app):  # noqa: F811
    deployed = app(create_kms_key=True, database_kms_key_id="aws/rds")
    database = deployed.named("app-db")
    assert (database.get("kmsKeyId"), database.get("performanceInsightsKmsKeyId")) == (None, None)
    assert database["storageEncrypted"] is True
    assert deployed.named("app-db-login")["kmsKeyId"] == MADE
    assert deployed.named("app-db-logs-postgresql")["kmsKeyId"] == MADE


def test_the_database_has_a_key_of_its_own_where_that_is_asked(app):  # noqa: F811
    deployed = app(database_kms_key_id=KEY)
    database = deployed.named("app-db")
    assert (database["kmsKeyId"], database["performanceInsightsKmsKeyId"]) == (KEY, KEY)
    assert "kmsKeyId" not in deployed.named("app-db-login")


def test_the_key_is_rotated_and_kept_as_long_as_kms_allows(deploy):
    key = deploy(lambda: KmsKey("key", {})).named("key")
    assert (key["enableKeyRotation"], key["deletionWindowInDays"]) == (True, 30)
    assert key.get("customerMasterKeySpec") is None  # symmetric


@pytest.mark.parametrize(
    ("args", "groups"),
    [({}, ["*"]), ({"log_group_names": ["app-*", "/aws/rds/instance/app-*"]}, ["app-*", "/aws/rds/instance/app-*"])],
)
def test_the_policy_admits_three_services_for_this_account_alone(deploy, args, groups):
    key = deploy(lambda: KmsKey("key", args)).named("key")
    account, logs, publishers = json.loads(key["policy"])["Statement"]
    assert account["Principal"] == {"AWS": "arn:aws:iam::123456789012:root"}
    assert logs["Principal"] == {"Service": "logs.us-east-1.amazonaws.com"}
    assert "kms:*" not in logs["Action"]
    arns = [f"arn:aws:logs:us-east-1:123456789012:log-group:{name}" for name in groups]
    assert logs["Condition"] == {"StringLike": {"kms:EncryptionContext:aws:logs:arn": arns}}
    assert publishers["Principal"] == {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    assert publishers["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_app_s_key_admits_the_log_groups_of_the_app_and_of_its_database(app):  # noqa: F811
    deployed = app(**PRODUCTION, create_kms_key=True)
    _, logs, _ = json.loads(deployed.named("app-kms-key")["policy"])["Statement"]
    start = "arn:aws:logs:us-east-1:123456789012:log-group:"
    (arns,) = logs["Condition"]["StringLike"].values()
    assert arns == [f"{start}app-*", f"{start}/aws/rds/instance/app-*"]
    for name, group in deployed.of_type(":LogGroup").items():
        physical = group.get("name", f"{name}-1234567")
        assert physical.startswith(("app-", "/aws/rds/instance/app-")), name


def test_a_key_of_a_stack_whose_data_stays_is_retained(app):  # noqa: F811
    kept = {}
    original = aws.kms.Key.__init__

    def spy(self, name, *args, opts=None, **given):
        kept[name] = opts.retain_on_delete
        original(self, name, *args, opts=opts, **given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws.kms.Key, "__init__", spy)
        app(create_kms_key=True, keep_data=True)
    assert kept == {"app-kms-key": True}


@pytest.mark.parametrize("name", ["", "shop group", "a" * 513, "log-group:x"])
def test_a_wrong_name_of_a_log_group_is_rejected(mocks, name):
    with pytest.raises(pulumi.InputPropertiesError, match="is not the name of a log group"):
        KmsKey("key", {"log_group_names": [name]})
    with pytest.raises(pulumi.InputPropertiesError, match="An empty list"):
        KmsKey("key", {"log_group_names": []})
    assert mocks.resources == []


def test_iam_knows_every_action_and_condition_of_these_policies(app):  # noqa: F811
    """By parliament, which knows that an encryption context is a text to IAM and no ARN."""
    deployed = app(**PRODUCTION, create_kms_key=True)
    documents = [policy["policy"] for policy in deployed.of_type("iam/rolePolicy:RolePolicy").values()]
    found = {issue for document in documents for _, issue, _ in check_policies({"policy": document}, "")}
    assert found <= {"RESOURCE_MISMATCH"}  # the mocks' ARNs are of no service
    issues = check_policies({"policy": deployed.named("app-kms-key")["policy"]}, "")
    assert {issue for _, issue, _ in issues} == {"RESOURCE_STAR"}  # in a key's policy * is the key
