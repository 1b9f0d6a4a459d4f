"""`cli/prices.py` reads files in the form of AWS's bulk price list, which has traps.

The files are written here, by the documented form and the column names of real ones: no test reaches the network.
"""

import csv
import importlib.util
import io
import json
import urllib.error
from decimal import Decimal
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[4] / "cli" / "prices.py"
COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "RelatedTo", "LeaseContractLength", "PurchaseOption"),
    *("OfferingClass", "Product Family", "serviceCode", "Location", "Location Type", "Instance Type", "Engine Code"),
    *("Database Engine", "Database Edition", "License Model", "Deployment Option", "Cache Engine", "To Location"),
    *("usageType", "operation", "Extended Support Pricing Year", "Region Code", "serviceName"),
)


@pytest.fixture(scope="module")
def prices():
    spec = importlib.util.spec_from_file_location("prices", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def line(usage_type, price, **columns):
    """A line of a file; columns by their names without spaces."""
    values = {
        "TermType": "OnDemand",
        "StartingRange": "0",
        "EndingRange": "Inf",
        "PricePerUnit": price,
        "Currency": "USD",
        "LocationType": "AWS Region",
        "usageType": usage_type,
        **columns,
    }
    return [values.get(name.replace(" ", ""), "") for name in COLUMNS]


def file(*lines, date="2026-12-01T17:07:46Z"):
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    metadata = {"FormatVersion": "v1.0", "Disclaimer": "For information.", "Publication Date": date}
    writer.writerows([*metadata.items(), ("Version", "20261201170746"), ("OfferCode", "it"), COLUMNS, *lines])
    return text.getvalue().encode()


class PriceList:
    """Answers with the files of a dictionary, by offer and region; every other file has no lines."""

    def __init__(self, **files):
        self.files, self.urls = files, []

    def __call__(self, url):
        self.urls.append(url)
        parts = url.removeprefix("https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/").split("/")
        return io.BytesIO(self.files.get(parts[0], file()))


def document(*rows):
    return {"collected": "2026-11-28", "sources": {"IC": "tests"}, "prices": [dict(row) for row in rows]}


def row(region, item, usd="1", unit="hour", **fields):
    values = {"region": region, "item": item, "unit": unit, "usd": usd, "confidence": "B", "source": "IC"}
    return {**values, "date": "2026-05-03", **fields}


def updated(prices, before, price_list, *regions):
    problems = prices.update(before, regions, price_list)
    return {(each["region"], each["item"]): each for each in before["prices"]}, problems


def test_the_usage_types_of_the_script_are_those_that_the_prices_were_read_by(prices):
    rows = json.loads(prices.OUTPUT.read_text("utf-8"))["prices"]
    known = [each for each in rows if each.get("usageType") and prices.rule_of(each["item"])]
    assert len(known) > 180
    for each in known:
        assert prices.usage_type(prices.rule_of(each["item"]), each["region"]) == each["usageType"]


def test_a_price_is_replaced_with_its_source_and_date(prices):
    price_list = PriceList(AmazonEC2=file(line("USW2-NatGateway-Hours", "0.0470000000", ProductFamily="NAT Gateway")))
    rows, problems = updated(
        prices, document(row("us-west-2", "nat_hour", "0.045", note="a note")), price_list, "us-west-2"
    )
    assert rows["us-west-2", "nat_hour"] == {
        "region": "us-west-2",
        "item": "nat_hour",
        "unit": "hour",
        "usd": "0.047",
        "confidence": "A",
        "source": "AmazonEC2",
        "date": "2026-12-01",
        "usageType": "USW2-NatGateway-Hours",
        "note": "a note",
    }
    assert problems == []
    assert price_list.urls == [
        "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonEC2/current/us-west-2/index.csv"
    ]


BALANCER = {"ProductFamily": "Load Balancer-Application"}
POSTGRES = {"DatabaseEngine": "PostgreSQL", "DeploymentOption": "Single-AZ"}


@pytest.mark.parametrize(
    ("item", "region", "offer", "lines", "usd"),
    [
        (
            "nat_hour",
            "us-east-1",
            "AmazonEC2",
            [
                line("RegionalNatGateway-Hours", "0.09"),
                line("NatGateway-Hours", "0.045"),
                line("USE1-NatGateway-Hours", "9"),
                line("NatGateway-Hours", "0.01", TermType="Reserved"),
                line("NatGateway-Hours", "8", Currency="CNY"),
            ],
            "0.045",
        ),
        (
            "alb_hour",
            "us-east-1",
            "AWSELB",
            [
                line("TS-LoadBalancerUsage", "0.005", **BALANCER),
                line("LoadBalancerUsage", "0.025", ProductFamily="Load Balancer"),
                line("LoadBalancerUsage", "0.0225", **BALANCER),
            ],
            "0.0225",
        ),
        (
            "alb_lcu",
            "eu-west-1",
            "AWSELB",
            [
                line("EU-Outposts-LCUUsage", "0", **BALANCER),
                line("EU-ReservedLCUUsage", "0.009", **BALANCER),
                line("EU-LCUUsage", "0.008", **BALANCER),
            ],
            "0.008",
        ),
        (
            "rds_postgres_db.t4g.micro_single",
            "eu-central-1",
            "AmazonRDS",
            [
                line("EUC1-InstanceUsage:db.t4g.micro", "0.017", **{**POSTGRES, "DatabaseEngine": "MySQL"}),
                line("EUC1-InstanceUsage:db.t4g.micro", "0.1", **POSTGRES, ExtendedSupportPricingYear="1-2"),
                line("EUC1-InstanceUsage:db.t4g.micro", "0.5", **POSTGRES, LocationType="AWS Outposts"),
                line("EUC1-RDSCustom:db.t4g.micro", "0.7", **POSTGRES),
                line("EUC1-InstanceUsage:db.t4g.micro", "0.0190000000", **POSTGRES),
            ],
            "0.019",
        ),
        (
            "rds_gp3_multi",
            "us-east-1",
            "AmazonRDS",
            [
                line("RDS:Multi-AZ-GP3-Storage", "0.23", DatabaseEngine="Any"),
                line("RDS:Multi-AZ-GP3-Storage", "0.23", DatabaseEngine="PostgreSQL"),
                line("RDS:Multi-AZ-GP3-Storage", "0.31", DatabaseEngine="Oracle"),
            ],
            "0.23",
        ),
        (
            "elasticache_valkey_cache.t4g.micro",
            "eu-west-2",
            "AmazonElastiCache",
            [
                line("EUW2-NodeUsage:cache.t4g.micro", "0.018", CacheEngine="Redis"),
                line("EUW2-NodeUsage:cache.t4g.micro", "0.0144", CacheEngine="Valkey"),
                line("EUW2-ExtendedSupportYr3-NodeUsage:cache.t4g.micro", "0.03", CacheEngine="Redis"),
            ],
            "0.0144",
        ),
        (
            "fargate_x86_vcpu",
            "us-east-1",
            "AmazonECS",
            [
                line("USE1-Fargate-ARM-vCPU-Hours:perCPU", "0.03238"),
                line("USE1-SpotUsage-Fargate-vCPU-Hours:perCPU", "0.012"),
                line("USE1-Fargate-Windows-vCPU-Hours:perCPU", "0.09148"),
                line("USE1-Fargate-vCPU-Hours:perCPU", "0.0404800000"),
            ],
            "0.04048",
        ),
        (
            "internet_egress",
            "us-east-1",
            "AWSDataTransfer",
            [
                line("DataTransfer-Out-Bytes", "0", StartingRange="0", EndingRange="100", ToLocation="External"),
                line("DataTransfer-Out-Bytes", "0.085", StartingRange="10240", ToLocation="External"),
                line("DataTransfer-Out-Bytes", "0.09", StartingRange="100", ToLocation="External"),
                line("DataTransfer-Out-Bytes", "0.02", ToLocation="EU (Ireland)"),
            ],
            "0.09",
        ),
        (
            "secret_api",
            "us-east-1",
            "AWSSecretsManager",
            [line("USE1-AWSSecretsManagerAPIRequest", "0.0000050000")],
            "0.05",
        ),
        ("s3_get", "us-west-2", "AmazonS3", [line("USW2-Requests-Tier2", "0.0000004")], "0.0004"),
        ("cloudfront_https_us", "global", "AmazonCloudFront", [line("US-Requests-Tier2-HTTPS", "0.000001")], "0.01"),
        (
            "aurora_io",
            "us-east-1",
            "AmazonRDS",
            [line("Aurora:StorageIOUsage", "0.0000002", DatabaseEngine="Any")],
            "0.2",
        ),
    ],
)
def test_the_price_is_that_of_the_item_and_not_of_its_neighbors(prices, item, region, offer, lines, usd):
    rows, problems = updated(prices, document(row(region, item)), PriceList(**{offer: file(*lines)}), region)
    assert (rows[region, item]["usd"], problems) == (usd, [])


def test_what_the_list_does_not_have_or_has_with_two_prices_stays_and_is_named(prices):
    before = [row("us-east-1", "nat_hour"), row("us-east-1", "nat_gb"), row("us-east-1", "kms_key", unit="key-month")]
    lines = [line("NatGateway-Bytes", "0.04"), line("NatGateway-Bytes", "0.05")]
    rows, problems = updated(prices, document(*before), PriceList(AmazonEC2=file(*lines)), "us-east-1")
    assert list(rows.values()) == sorted(before, key=lambda each: each["item"])
    assert sorted(problems) == [
        "us-east-1 kms_key is not known to this script; it stays as it is.",
        "us-east-1 nat_gb is not in the list, or not only once; it stays as it is.",
        "us-east-1 nat_hour is not in the list, or not only once; it stays as it is.",
    ]


def test_a_new_region_gets_the_items_of_the_others(prices):
    lines = [line("APS3-NatGateway-Hours", "0.056", RegionCode="ap-south-1")]
    before = document(row("us-east-1", "nat_hour"), row("global", "route53_zone", unit="zone-month"))
    rows, problems = updated(prices, before, PriceList(AmazonEC2=file(*lines)), "ap-south-1")
    assert (rows["ap-south-1", "nat_hour"]["usd"], problems) == ("0.056", [])
    assert ("ap-south-1", "route53_zone") not in rows
    assert before["collected"] == "2026-12-01"


def run(prices, tmp_path, open_url, *arguments):
    """The exit code and the file after it."""
    output = tmp_path / "prices.json"
    output.write_text(prices.as_text(document(row("us-east-1", "nat_hour"))))
    return prices.main([*arguments], open_url, output), json.loads(output.read_text())


def test_the_file_is_written(prices, tmp_path, capsys):
    code, after = run(prices, tmp_path, PriceList(AmazonEC2=file(line("NatGateway-Hours", "0.05"))))
    assert (code, after["prices"][0]["usd"], after["sources"]) == (
        0,
        "0.05",
        {"AmazonEC2": "AWS's price list, AmazonEC2"},
    )
    assert capsys.readouterr().out == "Prices of 2026-12-01: 1.\n"


def refused(url):
    raise urllib.error.URLError("no network")


@pytest.mark.parametrize("open_url", [refused, lambda url: io.BytesIO(b"<html>"), lambda url: io.BytesIO(b"")])
def test_nothing_is_written_if_the_list_cannot_be_read(prices, tmp_path, capsys, open_url):
    code, after = run(prices, tmp_path, open_url)
    assert (code, after["prices"]) == (1, [row("us-east-1", "nat_hour")])
    assert capsys.readouterr().out.startswith("The price list cannot be read: ")


def test_a_region_without_a_prefix_is_rejected(prices, tmp_path, capsys):
    code, _ = run(prices, tmp_path, refused, "mars-1")
    assert (code, capsys.readouterr().out.partition(";")[0]) == (2, "mars-1 is not a region of this script")


def test_reading_the_file_of_the_package_and_writing_it_changes_nothing(prices):
    text = prices.OUTPUT.read_text("utf-8")
    assert prices.as_text(json.loads(text)) == text
    assert Decimal(json.loads(text)["prices"][0]["usd"]) > 0
