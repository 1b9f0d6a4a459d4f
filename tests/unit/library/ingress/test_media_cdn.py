"""Media files on CloudFront: the components, and which keys and paths they accept."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask_on_aws import Cdn, MediaAccess, MediaBucket, MediaCdn
from flask_on_aws.ingress.media_behavior import media_path_problems, shared_path_problems
from flask_on_aws.ingress.public_keys import pem_of, public_key_problems, role_of
from flask_on_aws.validation.problems import ArgumentsError

from tests.media_keys import elliptic_key, private_key, public_key

BUCKET = "app-media.s3.us-east-1.amazonaws.com"
MEDIA = {
    "media_path": "/media/",
    "media_bucket_domain_name": BUCKET,
    "media_origin_access_control_id": "E1",
    "media_response_headers_policy_id": "P1",
}
CDN = {"origin_domain_name": "alb.example.com", "vpc_origin_id": "vo_1"}
CACHING = "658327ea-f89d-4fab-a63d-7e88639e58f6"
FIRST, SECOND = public_key(private_key(1)), public_key(private_key(2))


def test_a_distribution_reads_the_bucket_with_signed_requests_and_caches_the_files(deploy):
    cdn = deploy(lambda: Cdn("cdn", {**CDN, **MEDIA, "cached_paths": ["/static/*"]})).named("cdn")
    balancer, bucket = cdn["origins"]
    assert balancer["originId"] == cdn["defaultCacheBehavior"]["targetOriginId"]
    assert bucket == {"originId": "media", "domainName": BUCKET, "originAccessControlId": "E1"}
    media, static = cdn["orderedCacheBehaviors"]
    assert (media["pathPattern"], static["pathPattern"]) == ("/media/*", "/static/*")
    assert (media["targetOriginId"], media["cachePolicyId"]) == ("media", CACHING)
    assert media["allowedMethods"] == ["GET", "HEAD"]
    assert media["responseHeadersPolicyId"] == "P1"
    assert media["viewerProtocolPolicy"] == "redirect-to-https"
    # S3 answers only for its own host name, so it gets no Host.
    assert "originRequestPolicyId" not in media
    assert "trustedKeyGroups" not in media


def test_a_function_of_the_distribution_runs_for_media_files_too(deploy):
    arn = "arn:aws:cloudfront::123456789012:function/password"
    cdn = deploy(lambda: Cdn("cdn", {**CDN, **MEDIA, "viewer_request_function_arn": arn})).named("cdn")
    (media,) = cdn["orderedCacheBehaviors"]
    assert media["functionAssociations"] == [{"eventType": "viewer-request", "functionArn": arn}]


def test_with_a_key_group_only_signed_requests_are_served(deploy):
    cdn = deploy(lambda: Cdn("cdn", {**CDN, **MEDIA, "media_key_group_id": "G1"})).named("cdn")
    assert [media["trustedKeyGroups"] for media in cdn["orderedCacheBehaviors"]] == [["G1"]]
    assert "trustedKeyGroups" not in cdn["defaultCacheBehavior"]


def test_without_media_files_a_distribution_is_as_before(deploy):
    cdn = deploy(lambda: Cdn("cdn", CDN)).named("cdn")
    assert [origin["originId"] for origin in cdn["origins"]] == ["load-balancer"]
    assert "orderedCacheBehaviors" not in cdn


@pytest.mark.parametrize(
    ("args", "argument"),
    [
        ({"media_path": "/media/"}, "media_bucket_domain_name"),
        ({"media_key_group_id": "G1"}, "media_key_group_id"),
        ({"media_bucket_domain_name": BUCKET}, "media_bucket_domain_name"),
        ({**MEDIA, "media_path": "/"}, "media_path"),
        ({**MEDIA, "cached_paths": ["/media/*"]}, "cached_paths"),
    ],
)
def test_incomplete_arguments_of_media_files_are_rejected(deploy, args, argument):
    with pytest.raises(ArgumentsError, match=argument):
        deploy(lambda: Cdn("cdn", {**CDN, **args}))


def test_a_distribution_of_its_own_serves_nothing_but_the_files(deploy):
    args = {"bucket_domain_name": BUCKET, "origin_access_control_id": "E1", "response_headers_policy_id": "P1"}
    deployed = deploy(lambda: MediaCdn("media-cdn", {**args, "key_group_id": "G1"}))
    cdn = deployed.named("media-cdn")
    assert [origin["originAccessControlId"] for origin in cdn["origins"]] == ["E1"]
    assert cdn["defaultCacheBehavior"]["trustedKeyGroups"] == ["G1"]
    assert cdn["defaultCacheBehavior"]["allowedMethods"] == ["GET", "HEAD"]
    assert (cdn["isIpv6Enabled"], cdn["httpVersion"]) == (True, "http2and3")
    assert deployed.outputs["distribution_id"] == "media-cdn-id"


def test_uploaded_pages_run_no_scripts_and_no_type_is_guessed(deploy):
    deployed = deploy(lambda: MediaAccess("access", {}))
    headers = deployed.named("access-headers")["securityHeadersConfig"]
    policy = headers["contentSecurityPolicy"]
    assert policy["override"] is True
    assert {"script-src 'none'", "form-action 'none'"} <= {*policy["contentSecurityPolicy"].split("; ")}
    assert headers["contentTypeOptions"]["override"] is True
    control = deployed.named("access")
    assert (control["signingBehavior"], control["originAccessControlOriginType"]) == ("always", "s3")
    assert (deployed.outputs["key_group_id"], deployed.outputs["key_pair_id"]) == ("", "")
    assert not deployed.of_type("KeyGroup")


def test_links_are_signed_with_the_first_key_and_those_of_the_others_stay_valid(deploy):
    deployed = deploy(lambda: MediaAccess("access", {"public_keys": [SECOND, FIRST]}))
    first, second = (f"access-{role_of(key)}" for key in (FIRST, SECOND))
    assert deployed.named("access-keys")["items"] == [f"{second}-id", f"{first}-id"]
    assert deployed.outputs["key_pair_id"] == f"{second}-id"
    # CloudFront returns a key with a line break at its end; without it, each update would replace the key.
    assert deployed.named(first)["encodedKey"] == FIRST.strip() + "\n"


@pytest.mark.parametrize("change", [str.strip, lambda key: key + "\n\n", lambda key: key.replace("\n", "\r\n")])
def test_white_space_does_not_make_another_key(change):
    assert list(public_key_problems("keys", [change(FIRST)])) == []
    assert role_of(change(FIRST)) == role_of(FIRST)
    assert pem_of(change(FIRST)).endswith("-----\n")


@pytest.mark.parametrize("key", [FIRST, public_key(elliptic_key())])
def test_keys_that_cloudfront_accepts(key):
    assert list(public_key_problems("keys", [key])) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "MIIB",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7 me@example.com",
        "-----BEGIN PUBLIC KEY-----\nhunter2\n-----END PUBLIC KEY-----",
        FIRST.replace("M", "", 1),
        FIRST + SECOND,
        public_key(private_key(1, 3072)),
        public_key(elliptic_key(ec.SECP384R1)),
    ],
)
def test_other_keys_are_rejected_with_the_commands_that_create_them(key):
    (problem,) = public_key_problems("keys", [key])
    assert "openssl genrsa -out private.pem 2048" in problem.reason
    assert problem.argument == "keys[0]"
    assert "hunter2" not in problem.reason


@pytest.mark.parametrize("key", [private_key(1), elliptic_key(), "-----BEGIN ENCRYPTED PRIVATE KEY-----\nhunter2"])
def test_a_private_key_is_rejected_and_never_repeated(key):
    (problem,) = public_key_problems("keys", [FIRST, key])
    assert (problem.argument, problem.reason[:16]) == ("keys[1]", "is a private key")
    assert key.strip().splitlines()[1] not in problem.reason


def test_each_key_is_named_once_and_a_group_has_five():
    assert [p.argument for p in public_key_problems("keys", [FIRST, FIRST.strip()])] == ["keys"]
    six = [FIRST, SECOND, public_key(elliptic_key())] * 2
    assert any("CloudFront allows 5" in problem.reason for problem in public_key_problems("keys", six))


@pytest.mark.parametrize("path", ["/media/", "/m/", "/user-files/2026.1/", "/~a/_b/"])
def test_paths_of_files(path):
    assert list(media_path_problems("path", path)) == []


@pytest.mark.parametrize(
    "path",
    ["", "/", "media", "media/", "/media", "//", "/media//", "/a b/", "/../", "/.git/", "/me*ia/", "/ä/", "/a%20/"],
)
def test_other_paths_are_rejected(path):
    assert [problem.argument for problem in media_path_problems("path", path)] == ["path"]


def test_static_paths_next_to_media_files():
    assert list(shared_path_problems("paths", ["/media/a/*", "/static/*"], "/media/")) == []
    assert len([*shared_path_problems("paths", ["/media/*"], "/media/")]) == 1
    assert len([*shared_path_problems("paths", [f"/{number}/*" for number in range(24)], "/media/")]) == 1


def test_only_the_distributions_may_read_and_only_files_of_the_folder(deploy):
    arns = [f"arn:aws:cloudfront::123456789012:distribution/E{number}" for number in (1, 2)]
    bucket = deploy(lambda: MediaBucket("media", {"distribution_arns": arns, "distribution_prefix": "media/"}))
    tls, read = json.loads(bucket.named("media-tls")["policy"])["Statement"]
    assert tls["Effect"] == "Deny"
    assert read["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert read["Action"] == "s3:GetObject"
    assert read["Resource"].endswith(":media/media/*")
    assert read["Condition"] == {"StringEquals": {"aws:SourceArn": arns}}
    assert bucket.named("media-public-access")["blockPublicPolicy"] is True


def test_without_distributions_the_bucket_s_policy_is_as_before(deploy):
    statements = json.loads(deploy(lambda: MediaBucket("media", {})).named("media-tls")["policy"])["Statement"]
    assert [statement["Sid"] for statement in statements] == ["DenyWithoutTls"]
