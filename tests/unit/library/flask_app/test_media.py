"""Media files of an app through CloudFront: on the app's distribution or on another one, public or signed."""

import json

import pytest

from tests.media_keys import private_key, public_key
from tests.unit.library.flask_app.test_flask_app import DOMAIN, SHARED, app, containers  # noqa: F401 the fixture

DISTRIBUTION = "cloudfront/distribution:Distribution"
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:media-key-AbCdEf"
SIGNED = {
    "media_cdn": "signed",
    "media_cdn_public_keys": [public_key(private_key(1))],
    "media_cdn_private_key_secret_arn": SECRET,
}
ALSO_PUBLIC = {**DOMAIN, "cdn": True, "cloudfront_origin": "public-with-vpc"}
ON_APP, APART = "app-cdn", "app-media-cdn"


@pytest.fixture
def media_app(app, mocks):  # noqa: F811
    """Deploy an app; each distribution has a domain name of its own."""
    mocks.computed["Distribution"] = lambda args: {"domainName": f"{args.name}.cloudfront.net", "hostedZoneId": "ZCF"}
    return app


def environment(deployed):
    return {variable["name"]: variable["value"] for variable in containers(deployed)[0]["environment"]}


def readers(deployed):
    """The distributions that the bucket's policy names, and what they may read."""
    statements = json.loads(deployed.named("app-media-tls")["policy"])["Statement"]
    (read,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    return {arn.rpartition(":")[2] for arn in read["Condition"]["StringEquals"]["aws:SourceArn"]}, read["Resource"]


def origins(distribution):
    """A distribution's origins, which one with a secret header makes a secret."""
    listed = distribution["origins"]
    return listed["value"] if isinstance(listed, dict) else listed


def serving(deployed):
    """The distributions that have the bucket as an origin."""
    return {
        name
        for name, distribution in deployed.of_type(DISTRIBUTION).items()
        if any(origin["originId"] == "media" for origin in origins(distribution))
    }


@pytest.mark.parametrize(
    ("args", "distributions", "host"),
    [
        ({}, {ON_APP}, "app-cdn.cloudfront.net"),
        ({"cloudfront_origin": "public"}, {ON_APP}, "app-cdn.cloudfront.net"),
        ({**DOMAIN, "cdn": True}, {ON_APP}, "app.example.com"),
        (DOMAIN, {APART}, "app-media-cdn.cloudfront.net"),
        ({**SHARED, "domain": "app.example.com"}, {APART}, "app-media-cdn.cloudfront.net"),
        # During a move, visitors may reach either; links to the old address stay valid.
        ({**DOMAIN, "cloudfront_origin": "vpc-with-public"}, {ON_APP, APART}, "app-media-cdn.cloudfront.net"),
        (
            {**DOMAIN, "cdn": True, "cloudfront_origin": "vpc-with-public"},
            {ON_APP, APART},
            "app-media-cdn.cloudfront.net",
        ),
        (ALSO_PUBLIC, {ON_APP, APART}, "app-media-cdn.cloudfront.net"),
    ],
)
def test_files_are_served_by_the_distribution_that_visitors_come_through_or_by_another(
    media_app,
    args,
    distributions,
    host,
):
    deployed = media_app(**args, media_cdn="public")
    assert serving(deployed) == distributions
    assert readers(deployed) == (distributions, "arn:aws:mock:us-east-1:123456789012:app-media/media/*")
    variables = environment(deployed)
    assert variables["MEDIA_URL"] == deployed.outputs["media_url"] == f"https://{host}/media/"
    assert variables["MEDIA_PREFIX"] == "media/"
    assert "MEDIA_KEY_PAIR_ID" not in variables
    origin = origins(deployed.of_type(DISTRIBUTION)[next(iter(distributions))])[-1]
    assert origin["domainName"] == "app-media.s3.us-east-1.amazonaws.com"


def test_signed_files_need_a_signature_and_the_app_gets_what_signs(app):  # noqa: F811
    deployed = app(**SIGNED, media_cdn_path="/files/")
    (media,) = deployed.named(ON_APP)["orderedCacheBehaviors"]
    assert media["pathPattern"] == "/files/*"
    assert media["trustedKeyGroups"] == ["app-media-access-keys-id"]
    (key,) = deployed.of_type("cloudfront/publicKey:PublicKey")
    assert environment(deployed)["MEDIA_KEY_PAIR_ID"] == f"{key}-id"
    secrets = {secret["name"]: secret["valueFrom"] for secret in containers(deployed)[0]["secrets"]}
    assert secrets["MEDIA_PRIVATE_KEY"] == SECRET
    policies = deployed.of_type("iam/rolePolicy:RolePolicy")
    assert SECRET in policies["app-web-execution"]["policy"]
    # Neither the state nor the app's own secret has the private key.
    assert "PRIVATE KEY" not in json.dumps([resource.inputs for resource in deployed.resources], default=str)
    content = json.loads(deployed.named("app-secret-content")["secretString"]["value"])
    assert "MEDIA_PRIVATE_KEY" not in content


def test_without_the_setting_nothing_is_different(app):  # noqa: F811
    deployed = app(media_cdn="none")
    assert [
        statement["Effect"] for statement in json.loads(deployed.named("app-media-tls")["policy"])["Statement"]
    ] == ["Deny"]
    assert not any(name.startswith("MEDIA_") and name != "MEDIA_BUCKET" for name in environment(deployed))
    assert not [resource.name for resource in deployed.resources if "media-access" in resource.name]
    assert deployed.outputs["media_url"] == ""


def test_the_stack_s_key_lets_distributions_of_the_account_decrypt(app):  # noqa: F811
    def sids(deployed):
        return {
            statement["Sid"]: statement
            for statement in json.loads(deployed.named("app-kms-key")["policy"])["Statement"]
        }

    deployed = app(create_kms_key=True, media_cdn="public")
    statement = sids(deployed)["DistributionsDecrypt"]
    assert statement["Action"] == "kms:Decrypt"
    arns = statement["Condition"]["StringLike"]["aws:SourceArn"]
    assert arns == "arn:aws:cloudfront::123456789012:distribution/*"


def test_without_files_on_cloudfront_the_key_s_policy_is_as_before(app):  # noqa: F811
    policy = json.loads(app(create_kms_key=True).named("app-kms-key")["policy"])
    assert [statement["Sid"] for statement in policy["Statement"]] == [
        "AccountManagesTheKey",
        "LogGroupsAreEncrypted",
        "PublishersEncrypt",
    ]


def test_requests_for_files_are_logged_like_those_of_the_app(app):  # noqa: F811
    deployed = app(**DOMAIN, media_cdn="public", access_logs=True)
    sources = deployed.of_type("logDeliverySource:LogDeliverySource")
    assert list(sources) == ["app-media-cdn-access-logs"]
