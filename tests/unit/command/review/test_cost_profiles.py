"""What eight stacks cost in five regions, to the cent, against tables that are computed by hand from the price list."""

from decimal import Decimal

import pytest
from flask_on_aws_cli.review.cost.compare_costs import CostOptions, compare_costs
from flask_on_aws_cli.review.cost_model import cents

from tests.unit.command.review.stacks import DOMAIN, PRODUCTION, stack_of

HOURS = 730
# From the price list of each service, in USD: us-east-1, us-west-2, eu-west-1, eu-west-2, eu-central-1.
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1")
PRICES = {
    "x86 vCPU": ("0.04048", "0.04048", "0.04048", "0.04656", "0.04656"),
    "x86 GB": ("0.004445", "0.004445", "0.004445", "0.00511", "0.00511"),
    "ARM vCPU": ("0.03238", "0.03238", "0.03238", "0.03725", "0.03725"),
    "ARM GB": ("0.00356", "0.00356", "0.00356", "0.00409", "0.00409"),
    "address": ("0.005", "0.005", "0.005", "0.005", "0.005"),
    "balancer": ("0.0225", "0.0225", "0.0252", "0.02646", "0.027"),
    "NAT": ("0.045", "0.045", "0.048", "0.05", "0.052"),
    "endpoint": ("0.01", "0.01", "0.011", "0.011", "0.012"),
    "db.t4g.micro": ("0.016", "0.016", "0.017", "0.018", "0.019"),
    "gp3": ("0.115", "0.115", "0.127", "0.133", "0.137"),
    "ACU": ("0.12", "0.12", "0.14", "0.14", "0.14"),
    "cache.t4g.micro": ("0.0128", "0.0128", None, "0.0144", None),
    "secret": ("0.40", "0.40", "0.40", "0.40", "0.40"),
    "key": ("1", "1", "1", "1", "1"),
    "alarm": ("0.10", "0.10", "0.10", "0.10", "0.10"),
    "web ACL": ("5", "5", "5", "5", "5"),
    "rule": ("1", "1", "1", "1", "1"),
}
# By hand: what each stack has, as hours of a month or pieces.
X86_TASK = {"x86 vCPU": HOURS * Decimal("0.25"), "x86 GB": HOURS * Decimal("0.5"), "address": HOURS}
ARM_TASK = {"ARM vCPU": HOURS * Decimal("0.25"), "ARM GB": HOURS * Decimal("0.5"), "address": HOURS}
PRIVATE_TASK = {"x86 vCPU": HOURS * Decimal("0.25"), "x86 GB": HOURS * Decimal("0.5")}
BALANCER = {"balancer": HOURS}
PUBLIC_BALANCER = {"balancer": HOURS, "address": 2 * HOURS}  # an address in each of two zones
DATABASE = {"db.t4g.micro": HOURS, "gp3": 20}
STANDBY = {"db.t4g.micro": 2 * HOURS, "gp3": 2 * 20}  # twice the price in one zone
SECRETS = {"secret": 2}  # of the app and of the database
ALARMS = {"key": 1, "alarm": 10}  # nine alarms, of which one has two metrics, on a topic with a key
PROFILES = {
    "development": (DOMAIN, [X86_TASK, PUBLIC_BALANCER, DATABASE, SECRETS]),
    "development-arm": ({**DOMAIN, "architecture": "arm64"}, [ARM_TASK, PUBLIC_BALANCER, DATABASE, SECRETS]),
    "development-cloudfront": ({}, [X86_TASK, BALANCER, DATABASE, SECRETS]),
    "development-cache": (
        {"cache": "valkey"},
        [X86_TASK, BALANCER, DATABASE, {"secret": 3}, {"cache.t4g.micro": HOURS}],
    ),
    "production": (PRODUCTION, [X86_TASK, X86_TASK, PUBLIC_BALANCER, STANDBY, SECRETS, ALARMS]),
    "production-nat": (
        {**PRODUCTION, "egress": "nat"},
        [PRIVATE_TASK, PRIVATE_TASK, PUBLIC_BALANCER, STANDBY, SECRETS, ALARMS, {"NAT": HOURS, "address": HOURS}],
    ),
    "production-endpoints-worker": (
        {**PRODUCTION, "egress": "endpoints", "workers": {"mail": "python -m mail"}, "queue": "sqs"},
        [
            *(PRIVATE_TASK, PRIVATE_TASK, PRIVATE_TASK, PUBLIC_BALANCER, STANDBY, SECRETS),
            {"key": 1, "alarm": 12},  # two more, of the queue
            {"endpoint": 7 * 2 * HOURS},  # two of ECR, logs, secrets, two of SSM and SQS, each in two zones
        ],
    ),
    "production-aurora-waf": (
        {"environment": "production", "database": "aurora-postgres", "waf": "block", "create_kms_key": True},
        [
            *(X86_TASK, X86_TASK, BALANCER, SECRETS),
            {"key": 1, "alarm": 11},
            {"ACU": 2 * HOURS * Decimal("0.5")},  # the least capacity of two instances
            {"web ACL": 1, "rule": 5},
        ],
    ),
}


def by_hand(parts, region):
    """The exact cost, and the names of what has no price."""
    total, missing = Decimal(0), []
    for name, quantity in ((name, quantity) for part in parts for name, quantity in part.items()):
        price = PRICES[name][REGIONS.index(region)]
        if price is None:
            missing.append(name)
        else:
            total += Decimal(price) * quantity
    return total, missing


@pytest.mark.parametrize("profile", PROFILES)
def test_a_stack_costs_what_is_computed_by_hand(profile):
    settings, parts = PROFILES[profile]
    resources = stack_of(**settings)
    for region in REGIONS:
        report = compare_costs({}, resources, region, CostOptions())
        total, missing = by_hand(parts, region)
        assert cents(report.after.total) == cents(total), region
        assert cents(report.after.fixed) == cents(total)
        assert len(report.incomplete) == len(missing), region


def test_hand_tables_that_were_written_as_sums():
    """Four totals in us-east-1 and one in eu-central-1, added up on paper."""
    for profile, region, total in (
        ("development", "us-east-1", "51.17"),  # 16.425 + 7.30 + 9.010 + 3.65 + 11.68 + 2.30 + 0.80
        ("development-arm", "us-east-1", "49.36"),  # 7.209 instead of 9.010
        ("production", "us-east-1", "79.81"),  # 16.425 + 7.30 + 2 x 9.010 + 2 x 3.65 + 27.96 + 0.80 + 1.00 + 1.00
        ("production-nat", "us-east-1", "109.01"),  # 79.805 - 7.30 + 32.85 + 3.65
        ("development", "eu-central-1", "58.43"),  # 19.71 + 7.30 + 3.65 + 10.36 + 13.87 + 2.74 + 0.80
    ):
        settings, _ = PROFILES[profile]
        assert str(cents(compare_costs({}, stack_of(**settings), region, CostOptions()).after.total)) == total


@pytest.mark.parametrize("region", ["ap-south-1", "us-gov-west-1", "nowhere"])
def test_a_region_without_prices_gets_no_guess(region):
    report = compare_costs({}, stack_of(**PRODUCTION), region, CostOptions())
    assert report.after.total == 0
    names = {resource.name for resource, _ in report.incomplete}
    assert {"app-web", "app-db", "app-alb", "app-secret", "app-alarms-key", "app-alarms-latency"} <= names
    assert all(region in line.missing for _, line in report.incomplete)
