"""What scanners find in production is exactly what components/waivers.yaml says, with a reason for each."""

import copy
import datetime
from pathlib import Path

import pytest
import yaml
from flask_on_aws.flask_app import transforms
from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES
from flask_on_aws_cli.review.terraform.references import label_of

from tests import checkov, tfsec
from tests.production import exported
from tests.unit.library.flask_app.test_flask_app import GOLDEN

ROOT = Path(__file__).parents[3]
WAIVED = yaml.safe_load((ROOT / "components" / "waivers.yaml").read_text(encoding="utf-8"))
WAIVERS = WAIVED["waivers"]
TITLES = {"domain": "production on its own domain", "cloudfront": "production on CloudFront's name"}


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
    for stack, title in TITLES.items():
        result = scanner.scan(tmp_path, exported(stack))
        found |= result.failed
        print(f"{scanner.__name__} {scanner.VERSION}, {title}: {result.passed} passed, {len(result.failed)} failed")
    assert found - waived(scanner) == set(), "neither fixed nor waived in components/waivers.yaml"
    assert waived(scanner) - found == set(), "waived in components/waivers.yaml, but no longer found"


def opened():
    """Production with three faults."""
    configuration = copy.deepcopy(exported("domain"))
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


def test_names_and_references_are_terraform_s():
    app = exported("domain")["resource"]
    assert app["aws_lb_listener"]["app_alb_https"]["load_balancer_arn"] == "${aws_lb.app_alb.arn}"
    assert app["aws_lb_listener"]["app_alb_https"]["port"] == 443
    assert app["aws_s3_bucket_versioning"]["app_media_versioning"]["bucket"] == "${aws_s3_bucket.app_media.bucket}"
    (alias,) = app["aws_route53_record"]["app_dns_app_example_com_a"]["alias"]
    assert alias["name"] == "${aws_lb.app_alb.dns_name}"
    assert app["aws_lb"]["app_alb"]["desync_mitigation_mode"] == "defensive"
    alarms = app["aws_cloudwatch_metric_alarm"].values()
    assert {"LoadBalancer"} in [set(alarm.get("dimensions", ())) for alarm in alarms]
