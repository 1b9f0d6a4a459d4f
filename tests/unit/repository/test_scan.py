"""What scanners find in production is exactly what components/waivers.yaml says, with a reason for each."""

import datetime
from pathlib import Path

import pulumi
import pytest
import yaml
from flask_on_aws import FlaskApp
from flask_on_aws.flask_app import transforms
from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES

from tests import checkov, tfsec
from tests.terraform_json import TerraformRecorder, label_of, terraform_json
from tests.unit.conftest import new_mocks
from tests.unit.library.flask_app.test_flask_app import APP, COMPUTED, GOLDEN, VARIANTS

ROOT = Path(__file__).parents[3]
WAIVED = yaml.safe_load((ROOT / "components" / "waivers.yaml").read_text(encoding="utf-8"))
WAIVERS = WAIVED["waivers"]
INPUTS = {
    "production on its own domain": VARIANTS["production"],
    "production on CloudFront's name": {"environment": "production", "alarm_email": "ops@example.com"},
}


def registered(args):
    """The Terraform JSON of a FlaskApp with these arguments."""
    recorder = new_mocks(TerraformRecorder())
    recorder.computed |= COMPUTED
    pulumi.runtime.test(lambda: FlaskApp("app", {"app": APP, **args}))()
    return terraform_json(recorder.resources, recorder.data)


def waived(scanner):
    """Check and name in Terraform of every finding of a scanner that is waived."""
    return {
        (waiver["check"], label_of(name))
        for waiver in WAIVERS
        if waiver["check"].startswith(scanner.CHECKS)
        for name in waiver["resources"]
    }


@pytest.mark.parametrize("scanner", [checkov, pytest.param(tfsec, marks=pytest.mark.slow)], ids=["checkov", "tfsec"])
def test_a_scanner_finds_what_is_waived_and_nothing_else(tmp_path, scanner):
    """Only this test proves that every finding in production has a reason.

    Installing checkov takes a minute, once. tfsec takes three to build, so it is left to the nightly run; checkov
    proves the claim in every one.
    """
    found = set()
    for title, args in INPUTS.items():
        result = scanner.scan(tmp_path, registered(args))
        found |= result.failed
        print(f"{scanner.__name__} {scanner.VERSION}, {title}: {result.passed} passed, {len(result.failed)} failed")
    assert found - waived(scanner) == set(), "neither fixed nor waived in components/waivers.yaml"
    assert waived(scanner) - found == set(), "waived in components/waivers.yaml, but no longer found"


def opened():
    """Production with three faults."""
    configuration = registered(INPUTS["production on its own domain"])
    resources = configuration["resource"]
    resources["aws_db_instance"]["app_db"]["publicly_accessible"] = True
    resources["aws_lb_listener"]["app_alb_http"]["default_action"][0]["redirect"]["protocol"] = "HTTP"
    del resources["aws_s3_bucket_public_access_block"]["app_media_public_access"]
    return configuration


def test_checkov_finds_what_somebody_opens(tmp_path):
    """The scan sees names and references as Terraform has them: these faults would go unseen under other names."""
    assert checkov.scan(tmp_path, opened()).failed - waived(checkov) == {
        ("CKV_AWS_17", "app_db"),
        ("CKV2_AWS_20", "app_alb"),
        ("CKV_AWS_2", "app_alb_http"),
        ("CKV_AWS_103", "app_alb_http"),
        ("CKV2_AWS_6", "app_media"),
    }


@pytest.mark.slow
def test_tfsec_finds_what_somebody_opens(tmp_path):
    """The same faults in Terraform's own syntax; tfsec accepts a redirect to any protocol."""
    assert tfsec.scan(tmp_path, opened()).failed - waived(tfsec) == {
        ("aws-rds-no-public-db-access", "app_db"),
        ("aws-rds-enable-public-access", "app_db"),
        ("aws-s3-specify-public-access-block", "app_media"),
        ("aws-s3-block-public-acls", "app_media"),
        ("aws-s3-block-public-policy", "app_media"),
        ("aws-s3-ignore-public-acls", "app_media"),
        ("aws-s3-no-public-buckets", "app_media"),
    }


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver['check']}-{waiver['resources'][0]}")
def test_a_waiver_says_what_why_and_since_when(waiver):
    assert set(waiver) == {"check", "title", "resources", "reason", "date"}
    assert waiver["check"].startswith((checkov.CHECKS, tfsec.CHECKS))
    assert len(waiver["reason"].split()) >= 5
    assert isinstance(waiver["date"], datetime.date)


def test_nothing_is_waived_twice():
    waived = [(waiver["check"], name) for waiver in WAIVERS for name in waiver["resources"]]
    assert sorted(waived) == sorted(set(waived))


def test_every_type_that_is_registered_has_its_name_in_terraform():
    golden = "".join(file.read_text() for file in GOLDEN.glob("resources-*.txt")).splitlines()
    registered = {line.split(" ")[0] for line in golden} | set(transforms._roles())
    missing = {token for token in registered if token.startswith("aws:")} - TERRAFORM_TYPES.keys()
    assert not missing, (
        f"Add {sorted(missing)} to TERRAFORM_TYPES in review/effects/terraform_names.py, by its name in Terraform."
    )


def test_no_two_types_are_the_same_in_terraform():
    assert len(set(TERRAFORM_TYPES.values())) == len(TERRAFORM_TYPES)


def test_data_sources_are_referred_to():
    app = registered(INPUTS["production on CloudFront's name"])
    behavior = app["resource"]["aws_cloudfront_distribution"]["app_cdn"]["default_cache_behavior"]
    policy = "aws_cloudfront_response_headers_policy.Managed_SecurityHeadersPolicy"
    assert behavior["response_headers_policy_id"] == f"${{data.{policy}.id}}"
    kind, _, label = policy.partition(".")
    assert app["data"][kind] == {label: {"name": "Managed-SecurityHeadersPolicy"}}


def test_names_and_references_are_terraform_s():
    app = registered(INPUTS["production on its own domain"])["resource"]
    assert app["aws_lb_listener"]["app_alb_https"]["load_balancer_arn"] == "${aws_lb.app_alb.arn}"
    assert app["aws_lb_listener"]["app_alb_https"]["port"] == 443
    assert app["aws_s3_bucket_versioning"]["app_media_versioning"]["bucket"] == "${aws_s3_bucket.app_media.id}"
    (alias,) = app["aws_route53_record"]["app_dns_app_example_com_a"]["alias"]
    assert alias["name"] == "${aws_lb.app_alb.dns_name}"
    assert app["aws_lb"]["app_alb"]["desync_mitigation_mode"] == "defensive"
    alarms = app["aws_cloudwatch_metric_alarm"].values()
    assert {"LoadBalancer"} in [set(alarm.get("dimensions", ())) for alarm in alarms]
