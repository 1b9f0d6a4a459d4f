"""The cost in each format: the verdict, the tables, JSON by its schema, and a comment within its limit."""

import json
import re
from decimal import Decimal

import jsonschema
import pytest
from flask_on_aws_cli.review.cost.compare_costs import CostOptions, compare_costs
from flask_on_aws_cli.review.cost.usage import Usage
from flask_on_aws_cli.review.cost_model import SettingCost
from flask_on_aws_cli.review.model import Change, Effect, Operation, Report
from flask_on_aws_cli.review.reports.json_report import as_json
from flask_on_aws_cli.review.reports.markdown_report import LIMIT, as_markdown
from flask_on_aws_cli.review.reports.text_report import as_text
from flask_on_aws_cli.review.reports.wording import verdict

from tests.unit.command.review.graphs import resource
from tests.unit.command.review.test_review_reports import SCHEMA

RDS, NAT = "aws:rds/instance:Instance", "aws:ec2/natGateway:NatGateway"
ALARM, ADDRESS = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:ec2/eip:Eip"
DATABASE = {"engine": "postgres", "instanceClass": "db.t4g.micro", "allocatedStorage": 20, "storageType": "gp3"}
ALARMS = [resource(ALARM, f"alarm-{number}", {"period": 60}) for number in range(3)]
BEFORE = [resource(RDS, "db", DATABASE), *ALARMS]
GATEWAY = [resource(NAT, "nat"), resource(ADDRESS, "nat-address")]
CHANGE = Change("urn", RDS, "db", Operation.UPDATE, Effect.IN_PLACE)


def report(before, after, changes=(CHANGE,), region="us-east-1", settings=(), **options):
    costs = compare_costs({each.urn: each for each in before}, after, region, CostOptions(**options))
    costs = type(costs)(**{**vars(costs), "settings": settings})
    return Report("prod", "main (1a2b3c4)", changes, 41, costs=costs)


def test_the_verdict_has_the_difference_and_the_total():
    assert verdict(report(BEFORE, [*BEFORE, *GATEWAY])) == (
        "prod: 1 in place, 41 unchanged; +36.50 to 50.78 USD a month; policy: 0 new"  # 13.98 + 0.30 before
    )
    assert verdict(report([*BEFORE, *GATEWAY], BEFORE)).endswith("; -36.50 to 14.28 USD a month; policy: 0 new")
    assert verdict(report(BEFORE, BEFORE)).endswith("; 14.28 USD a month; policy: 0 new")
    large = [resource(NAT, f"nat-{number}") for number in range(40)]
    assert verdict(report([], large)).endswith("; +1,314.00 to 1,314.00 USD a month; policy: 0 new")


def test_the_verdict_names_what_has_no_price():
    other = resource("aws:ec2/instance:Instance", "server")
    assert verdict(report(BEFORE, [*BEFORE, other])).endswith(
        "; 14.28 USD a month without server (no price); policy: 0 new"
    )
    others = [resource("aws:ec2/instance:Instance", f"server-{number}") for number in range(9)]
    assert verdict(report([], others)).endswith(
        "; 0.00 USD a month without server-0, server-1, server-2 and 6 others (no price); policy: 0 new"
    )


def test_the_verdict_names_what_had_no_price_before():
    other = resource("aws:ec2/instance:Instance", "server")
    removed = report([*BEFORE, other], BEFORE, budget=Decimal(100))
    assert verdict(removed).endswith("; 14.28 USD a month without server (no price); policy: 0 new")
    assert "No price: server, resource: There is no price of the type aws:ec2/instance:Instance." in as_text(removed)
    assert removed.budget_problem == ""


def test_a_difference_of_less_than_a_cent_is_none():
    before, after = ({**DATABASE, "allocatedStorage": size} for size in ("20.01", "20"))
    document = json.loads(as_json(report([resource(RDS, "db", before)], [resource(RDS, "db", after)])))
    assert document["cost"]["delta"] == "0.00"
    assert document["verdict"].endswith("; 13.98 USD a month; policy: 0 new")


def test_a_stack_that_costs_nothing_has_no_cost_in_its_verdict():
    assert verdict(report([], [resource("aws:ec2/vpc:Vpc")])) == "prod: 1 in place, 41 unchanged; policy: 0 new"


def test_the_text_has_a_table_by_resource_property_and_setting():
    after = [resource(RDS, "db", {**DATABASE, "instanceClass": "db.t4g.small"}), *ALARMS, *GATEWAY]
    setting = SettingCost("egress", None, "nat", Decimal("36.5"))
    text = as_text(report(BEFORE, after, settings=[setting, SettingCost("memory", "512", "1024", None)]))
    table = [re.sub(r" {2,}", "  ", line) for line in text.splitlines()]
    for row in (
        "Cost in us-east-1, USD a month:",
        "  before  after  difference",
        "  fixed  14.28  62.46  +48.18",
        "  usage  0.00  0.00",
        "  total  14.28  62.46  +48.18",
        "  setting egress: not set → nat  +36.50",
        "  setting memory: 512 → 1024  only with others",
        "  nat (NatGateway)  -  32.85  +32.85",
        "  db (Instance)  13.98  25.66  +11.68",
        "  db.instanceClass: db.t4g.micro → db.t4g.small  +11.68",
        "  nat-address (Eip)  -  3.65  +3.65",
        "  3 resources (MetricAlarm)  0.30  0.30",
        "  Assumed: hours: 730.",
        "  New usage, 0 unless --usage sets it, in USD: NatGateway data 0.045 per GB.",
    ):
        assert row in table, text


def test_what_has_no_price_or_no_verified_price_is_listed():
    nodes = {"engine": "valkey", "nodeType": "cache.t4g.micro", "numCacheClusters": 1}
    cache = resource("aws:elasticache/replicationGroup:ReplicationGroup", "cache", nodes)
    small = resource(RDS, "db", {**DATABASE, "instanceClass": "db.t4g.small"})
    text = as_text(report([], [cache, small], region="eu-central-1"))
    missing = "There is no price of elasticache_valkey_cache.t4g.micro (hour) in eu-central-1."
    assert f"  No price: cache, nodes: {missing}\n" in text
    assert re.search(r"cache \(ReplicationGroup\) +- +no price\n", text)
    assert "read these again: rds_postgres_db.t4g.small_single of eu-central-1 (not verified)." in text


def test_a_budget_is_in_every_format():
    over = report(BEFORE, [*BEFORE, *GATEWAY], budget=Decimal(50))
    sentence = "--budget: 50.78 USD a month is more than 50."
    assert sentence in as_text(over)
    assert "**\\-\\-budget: 50.78 USD a month is more than 50.**" in as_markdown(over)
    document = json.loads(as_json(over))
    assert (document["accepted"], document["cost"]["budget"]) == (False, {"limit": "50", "problem": sentence})
    assert json.loads(as_json(report(BEFORE, BEFORE, budget=Decimal(50))))["accepted"]


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-south-1"])
def test_json_follows_its_schema_and_adds_up(region):
    usage = Usage({"natGb": Decimal(7), "fargateSpotPercent": Decimal(31)}, {"nat": {"natGb": Decimal("0.1")}})
    other = resource("aws:ec2/instance:Instance", "server")
    settings = [SettingCost("egress", None, "nat", Decimal("36.5")), SettingCost("cpu", "256", "512", None)]
    after = [resource(RDS, "db", {**DATABASE, "multiAz": True}), *GATEWAY, other]
    document = json.loads(as_json(report(BEFORE, after, region=region, usage=usage, settings=settings)))
    jsonschema.validate(document, SCHEMA)
    cost = document["cost"]
    assert (cost["region"], cost["complete"]) == (region, False)
    assert {each["name"] for each in cost["resources"]} == {
        "db",
        "nat",
        "nat-address",
        "server",
        *(a.name for a in ALARMS),
    }
    if region == "us-east-1":
        assert (cost["before"]["total"], cost["after"]["fixed"], cost["after"]["usage"]) == ("14.28", "64.46", "0.00")
        assert cost["delta"] == "50.18"  # 36.50 + 13.98 - 0.30, and 0.1 GB
        (database,) = [each for each in cost["resources"] if each["name"] == "db"]
        assert database["changes"] == [
            {"properties": [{"path": "db.multiAz", "before": None, "after": True}], "delta": "13.98"}
        ]
        (line, *_) = database["lines"]
        assert (line["quantity"], line["unit"], line["price"], line["usd"]) == ("730", "hour", "0.032", "23.36")
        assert line["source"].startswith("expected costs of infracost")
        assert (line["date"], line["confidence"]) == ("2026-05-03", "B")


def test_a_comment_shows_what_changes_and_folds_the_rest():
    comment = as_markdown(report(BEFORE, [*BEFORE, *GATEWAY]))
    head, _, folded = comment.partition("<details>")
    assert "| total | 14.28 | 50.78 | \\+36.50 |" in head
    assert "| nat \\(NatGateway\\) | \\- | 32.85 | \\+32.85 |" in head
    assert "MetricAlarm" not in head
    assert "| 3 resources \\(MetricAlarm\\) | 0.30 | 0.30 |  |" in folded
    assert "Cost in us-east-1: 50.78 USD a month</summary>" in comment


def test_a_comment_without_changes_has_no_table():
    """The workflow posts only a comment with a table or a list."""
    assert not re.search(r"^(\||- )", as_markdown(report(BEFORE, BEFORE, changes=())), re.MULTILINE)


@pytest.mark.parametrize("length", [1, 50, 400])
def test_a_comment_about_many_resources_is_within_its_limit(length):
    many = [resource(RDS, f"{'db' * length}-{n}", {**DATABASE, "allocatedStorage": 20 + n}) for n in range(400)]
    comment = as_markdown(report([], many))
    assert len(comment) <= LIMIT
    assert comment.count("<details>") == comment.count("</details>")


@pytest.mark.parametrize("value", ["</details><img src=x>", "@everyone", "[a](https://example.com)", "a | b"])
def test_names_of_the_program_have_no_meaning_in_a_comment(value):
    inputs = {**DATABASE, "engine": value}
    after = [resource(RDS, value, {**inputs, "multiAz": True}), resource(NAT, value), resource(value, value)]
    setting = SettingCost(value, value, value, Decimal(1))
    comment = as_markdown(report([resource(RDS, value, inputs)], after, settings=[setting]))
    assert "<img" not in comment
    assert "@everyone" not in comment
    assert not re.search(r"(?<!\\)\]\(", comment)
    for line in comment.splitlines():
        if line.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", line)) == 5, line
