"""What a scanner finds in production is exactly what components/waivers.yaml says, with a reason for each."""

import datetime
from pathlib import Path

import pulumi
import pytest
import yaml
from flask_on_aws import FlaskApp
from flask_on_aws.flask_app import transforms

from tests.checkov import VERSION, scan
from tests.terraform_json import TERRAFORM, TerraformRecorder, label_of, terraform_json
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


def test_checkov_finds_what_is_waived_and_nothing_else(tmp_path):
    """Only this test proves that every finding in production has a reason; installing checkov takes a minute, once."""
    found = set()
    for title, args in INPUTS.items():
        result = scan(tmp_path, registered(args))
        found |= result.failed
        print(f"checkov {VERSION}, {title}: {result.passed} passed, {len(result.failed)} failed")
    waived = {(waiver["check"], label_of(name)) for waiver in WAIVERS for name in waiver["resources"]}
    assert found - waived == set(), "neither fixed nor waived in components/waivers.yaml"
    assert waived - found == set(), "waived in components/waivers.yaml, but no longer found"


def test_checkov_finds_what_somebody_opens(tmp_path):
    """The scan sees names and references as Terraform has them: these faults would go unseen under other names."""
    opened = registered(INPUTS["production on its own domain"])
    resources = opened["resource"]
    resources["aws_db_instance"]["app_db"]["publicly_accessible"] = True
    resources["aws_lb_listener"]["app_alb_http"]["default_action"][0]["redirect"]["protocol"] = "HTTP"
    del resources["aws_s3_bucket_public_access_block"]["app_media_public_access"]
    waived = {(waiver["check"], label_of(name)) for waiver in WAIVERS for name in waiver["resources"]}
    assert scan(tmp_path, opened).failed - waived == {
        ("CKV_AWS_17", "app_db"),
        ("CKV2_AWS_20", "app_alb"),
        ("CKV_AWS_2", "app_alb_http"),
        ("CKV_AWS_103", "app_alb_http"),
        ("CKV2_AWS_6", "app_media"),
    }


@pytest.mark.parametrize("waiver", WAIVERS, ids=lambda waiver: f"{waiver['check']}-{waiver['resources'][0]}")
def test_a_waiver_says_what_why_and_since_when(waiver):
    assert set(waiver) == {"check", "title", "resources", "reason", "date"}
    assert len(waiver["reason"].split()) >= 5
    assert isinstance(waiver["date"], datetime.date)


def test_nothing_is_waived_twice():
    waived = [(waiver["check"], name) for waiver in WAIVERS for name in waiver["resources"]]
    assert sorted(waived) == sorted(set(waived))


def test_every_type_that_is_registered_has_its_name_in_terraform():
    golden = "".join(file.read_text() for file in GOLDEN.glob("resources-*.txt")).splitlines()
    registered = {line.split(" ")[0] for line in golden} | set(transforms._roles())
    assert {token for token in registered if token.startswith("aws:")} - TERRAFORM.keys() == set()


def test_no_two_types_are_the_same_in_terraform():
    assert len(set(TERRAFORM.values())) == len(TERRAFORM)


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
