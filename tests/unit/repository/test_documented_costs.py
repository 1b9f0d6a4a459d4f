"""Prices in the documentation are those of a review, in us-east-1 and for a month of 730 hours."""

import re
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from flask_on_aws_cli.review.cost.compare_costs import total
from flask_on_aws_cli.review.cost.prices import PriceList
from flask_on_aws_cli.review.cost.usage import Usage
from flask_on_aws_cli.review.cost_model import cents

from tests.unit.command.review.graphs import resource
from tests.unit.command.review.stacks import DOMAIN, stack_of

ROOT = Path(__file__).parents[3]
REGION = "us-east-1"
RDS, SECRET = "aws:rds/instance:Instance", "aws:secretsmanager/secret:Secret"
GP3 = {"allocatedStorage": 20, "storageType": "gp3"}
NODE = {"engine": "valkey", "nodeType": "cache.t4g.micro", "numCacheClusters": 1}


def of(*resources, **usage):
    """What resources cost."""
    return total(resources, REGION, Usage({key: Decimal(value) for key, value in usage.items()}))


def price(item):
    return PriceList().find(REGION, item).usd


def instance(engine, size):
    """A database without its storage."""
    return price(f"rds_{engine}_{size}_single") * 730


def web_acl(**settings):
    kinds = ("aws:wafv2/webAcl:WebAcl",)
    return of(*(each for each in stack_of(**DOMAIN, waf="count", **settings) if each.type in kinds))


def task():
    """The tasks of a development stack with their address, and the address alone."""
    service = [each for each in stack_of(**DOMAIN) if each.type.startswith("aws:ecs/") or "appautoscaling" in each.type]
    return of(*service), price("public_ipv4") * 730


NAT = of(resource("aws:ec2/natGateway:NatGateway"))
ADDRESS = of(resource("aws:ec2/eip:Eip"))
BALANCER = of(resource("aws:lb/loadBalancer:LoadBalancer", inputs={"internal": True}))
DATABASE = of(resource(RDS, inputs={"engine": "postgres", "instanceClass": "db.t4g.micro", **GP3}))
CACHE = of(resource("aws:elasticache/replicationGroup:ReplicationGroup", inputs=NODE))
SERVERLESS_CACHE = of(resource("aws:elasticache/serverlessCache:ServerlessCache", inputs={"engine": "valkey"}))
SECRETS = 2 * of(resource(SECRET))


def amounts():
    """File, text with a place for each amount, and the amounts."""
    with_address, address = task()
    alone = with_address - address
    own, development = of(*stack_of(**DOMAIN)), of(*stack_of())
    further = with_address + SECRETS
    environments, sharing, databases = "docs/environments.md", "docs/sharing-a-platform.md", "docs/databases.md"
    yield environments, "| load balancer | {} |", BALANCER
    yield environments, "| its two public addresses, with your own domain | {} |", 2 * ADDRESS
    yield environments, "| a task with ¼ vCPU and 512 MiB | {} |", alone
    yield environments, "| the task's public address | {} |", address
    yield environments, "| `db.t4g.micro` with 20 GB | {} |", DATABASE
    yield environments, "| two secrets | {} |", SECRETS
    yield environments, "| `cache.t4g.micro` and its secret, with `cache: valkey` | {} |", CACHE + SECRETS / 2
    yield (
        environments,
        "| a NAT gateway with its address, for `egress: nat`; the default needs none | {} |",
        NAT + ADDRESS,
    )
    yield environments, "A development stack costs about {} USD a month.", development
    yield environments, "CloudFront Functions cost {} USD per million requests", price("cloudfront_function")
    yield "README.md", "A development stack costs about {} USD a month without traffic", development
    yield (
        sharing,
        "| load balancer ({} USD) and its two public addresses ({}) | {} USD |",
        BALANCER,
        2 * ADDRESS,
        (BALANCER + 2 * ADDRESS),
    )
    server = (instance("postgres", "db.t4g.micro"), 20 * price("rds_gp3_single"), DATABASE)
    yield sharing, "`db.t4g.micro` in one zone ({}) with 20 GB ({}) | {} USD |", *server
    yield (
        sharing,
        "if the network has any ({}), each with an address ({}) | {} USD per gateway",
        NAT,
        ADDRESS,
        NAT + ADDRESS,
    )
    yield (
        sharing,
        "costs {} USD instead of {}: a task with ¼ vCPU and 512 MiB ({}), its address ({}) and two secrets",
        (further),
        own,
        alone,
        address,
    )
    yield sharing, "two secrets\n({})", SECRETS
    yield "docs/cache.md", "with 0.5 GiB, costs about {} USD a month in us-east-1", CACHE
    node = "the smallest node ({} USD a month in us-east-1) costs more than an empty\nserverless cache ({} USD)"
    yield "docs/components.md", node, CACHE, SERVERLESS_CACHE
    yield (
        databases,
        "a unit costs {} USD an hour, so 0.5 units all month cost {} USD",
        price("aurora_sv2_acu"),
        (price("aurora_sv2_acu") * 365),
    )
    yield databases, "{} USD per GB of storage and {} USD per million I/O", price("aurora_storage"), price("aurora_io")
    yield databases, "A `db.t4g.micro` of RDS costs {} USD", instance("postgres", "db.t4g.micro")
    for edition, size in (("ex", "t3.large"), ("web", "t3.large"), ("se", "m5.xlarge"), ("ee", "m5.xlarge")):
        row = {"ex": "express", "web": "web", "se": "standard", "ee": "enterprise"}[edition]
        amount = instance(f"sqlserver-{edition}", f"db.{size}")
        yield databases, f"| `{row}` |[^\n]*| {{}} on `db.{size}` |", amount
    yield (
        "docs/encryption.md",
        "A key costs {} USD a month, and {} USD per 10,000",
        price("kms_key"),
        price("kms_requests"),
    )
    with_database, without = web_acl(), web_acl(database="none")
    limited = web_acl(allowed_cidrs=["198.51.100.0/24"], cdn=True) - web_acl(cdn=True)
    yield (
        "docs/web-acl.md",
        "a web ACL costs {} USD a month and each of its rules {} USD: {} USD with a database, {} with",
        (price("waf_web_acl")),
        price("waf_rule"),
        with_database,
        without,
    )
    yield (
        "docs/web-acl.md",
        "and {} more with\n`allowed-addresses`. A million requests cost {} USD.",
        limited,
        (price("waf_requests")),
    )
    yield "docs/web-acl.md", "Logs cost {} USD per GB.", price("logs_ingest_standard")


@pytest.fixture(scope="module")
def documented():
    return list(amounts())


def test_documented_prices_are_those_of_a_review(documented):
    wrong = []
    for name, template, *values in documented:
        literal = re.escape(template).replace(re.escape("[^\n]*"), "[^\n]*")
        pattern = literal.replace(re.escape("{}"), r"([\d,]+(?:\.\d+)?)").replace(r"\ ", r"\s").replace("\\\n", r"\s")
        match = re.search(pattern, (ROOT / name).read_text("utf-8"))
        if match is None:
            wrong.append(f"{name}: {template!r} is not in it")
            continue
        for text, value in zip(match.groups(), values, strict=True):
            digits = len(text.partition(".")[2])
            expected = value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
            if Decimal(text.replace(",", "")) != expected:
                wrong.append(f"{name}: {template!r} has {text} instead of {expected}")
    assert not wrong
    assert len(documented) > 25


def test_ten_apps_on_one_platform_save_what_the_page_says(documented):
    (further, own) = next(values[:2] for name, text, *values in documented if text.startswith("costs {} USD instead"))
    assert cents(9 * (own - further)).quantize(Decimal("1e1")) == 340
    assert "Ten apps save about 340 USD a month." in (ROOT / "docs/sharing-a-platform.md").read_text("utf-8")
