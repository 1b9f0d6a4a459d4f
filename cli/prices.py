"""Reads AWS's public prices from its price list, which needs no account.

    python cli/prices.py [REGION ...]

Updates `flask_on_aws_cli/review/cost/prices.json`. Without regions, those of the file are read again; a region that the
file does not have is added. A price that the list does not have stays as it is, with its date and confidence, and is
named at the end.

The files are those of the bulk API, https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/OFFER/current/REGION/index.csv:
five lines about the file, a line of column names, and a line for each price. That of AmazonEC2, which has the NAT
gateways, has several hundred megabytes, so lines are read one by one.
"""

import csv
import io
import itertools
import json
import sys
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, NamedTuple

OUTPUT = Path(__file__).parent / "flask_on_aws_cli/review/cost/prices.json"
HOST = "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws"
GLOBAL = "global"
METADATA_LINES = 5
SECONDS = 60  # for each answer of the network
# Prefixes of usage types, which are not always those of the region's name.
PREFIXES = {
    "ap-northeast-1": "APN1-",
    "ap-south-1": "APS3-",
    "ap-southeast-1": "APS1-",
    "ap-southeast-2": "APS2-",
    "ca-central-1": "CAN1-",
    "eu-central-1": "EUC1-",
    "eu-north-1": "EUN1-",
    "eu-west-1": "EU-",
    "eu-west-2": "EUW2-",
    "eu-west-3": "EUW3-",
    "sa-east-1": "SAE1-",
    "us-east-1": "USE1-",
    "us-east-2": "USE2-",
    "us-west-1": "USW1-",
    "us-west-2": "USW2-",
    GLOBAL: "",
}
# Offers whose usage types have no prefix in us-east-1, the oldest region.
WITHOUT_PREFIX = frozenset(
    {
        *("AWSDataTransfer", "AWSELB", "AWSEvents", "AWSLambda", "AmazonEC2", "AmazonECR", "AmazonElastiCache"),
        *("AmazonRDS", "AmazonS3"),
    }
)


class Rule(NamedTuple):
    """Where the price of an item is in the list."""

    offer: str
    usage_type: str
    """Without the region's prefix. It is compared as a whole: `EU-Outposts-LCUUsage` and `TS-LoadBalancerUsage` are
    others than `EU-LCUUsage` and `LoadBalancerUsage`."""
    units: int = 1
    """How many units of the list are one of the item: 10,000 for the price of 10,000 requests."""
    attributes: Mapping[str, tuple[str, ...]] = {}
    """Column, in lower case without spaces → values, of which a line must have one."""


_BALANCER = {"productfamily": ("Load Balancer-Application",)}
_ANY_ENGINE = {"databaseengine": ("Any", "PostgreSQL")}
_AURORA = {"databaseengine": ("Any", "Aurora PostgreSQL", "Aurora MySQL")}
RULES: Mapping[str, Rule] = {
    "fargate_x86_vcpu": Rule("AmazonECS", "Fargate-vCPU-Hours:perCPU"),
    "fargate_x86_memory": Rule("AmazonECS", "Fargate-GB-Hours"),
    "fargate_arm_vcpu": Rule("AmazonECS", "Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate_arm_memory": Rule("AmazonECS", "Fargate-ARM-GB-Hours"),
    "fargate_ephemeral_storage": Rule("AmazonECS", "Fargate-EphemeralStorage-GB-Hours"),
    "public_ipv4": Rule("AmazonVPC", "PublicIPv4:InUseAddress"),
    "vpc_interface_endpoint": Rule("AmazonVPC", "VpcEndpoint-Hours"),
    "vpc_interface_endpoint_gb": Rule("AmazonVPC", "VpcEndpoint-Bytes"),
    "alb_hour": Rule("AWSELB", "LoadBalancerUsage", 1, _BALANCER),
    "alb_lcu": Rule("AWSELB", "LCUUsage", 1, _BALANCER),
    "nat_hour": Rule("AmazonEC2", "NatGateway-Hours"),
    "nat_gb": Rule("AmazonEC2", "NatGateway-Bytes"),
    "rds_gp3_single": Rule("AmazonRDS", "RDS:GP3-Storage", 1, _ANY_ENGINE),
    "rds_gp3_multi": Rule("AmazonRDS", "RDS:Multi-AZ-GP3-Storage", 1, _ANY_ENGINE),
    "rds_backup_over_free": Rule("AmazonRDS", "RDS:ChargedBackupUsage", 1, _ANY_ENGINE),
    "rds_proxy": Rule("AmazonRDS", "RDS:ProxyUsage"),
    "aurora_sv2_acu": Rule("AmazonRDS", "Aurora:ServerlessV2Usage", 1, _AURORA),
    "aurora_sv2_acu_io_optimized": Rule("AmazonRDS", "Aurora:ServerlessV2IOOptimizedUsage", 1, _AURORA),
    "aurora_storage": Rule("AmazonRDS", "Aurora:StorageUsage", 1, _AURORA),
    "aurora_io": Rule("AmazonRDS", "Aurora:StorageIOUsage", 10**6, _AURORA),
    "aurora_backup_over_free": Rule("AmazonRDS", "Aurora:BackupUsage", 1, _AURORA),
    "secret": Rule("AWSSecretsManager", "AWSSecretsManager-Secrets"),
    "secret_api": Rule("AWSSecretsManager", "AWSSecretsManagerAPIRequest", 10**4),
    "ecr_storage": Rule("AmazonECR", "TimedStorage-ByteHrs"),
    "logs_ingest_standard": Rule("AmazonCloudWatch", "DataProcessing-Bytes"),
    "logs_storage": Rule("AmazonCloudWatch", "TimedStorage-ByteHrs"),
    "s3_standard": Rule("AmazonS3", "TimedStorage-ByteHrs"),
    "s3_put": Rule("AmazonS3", "Requests-Tier1", 10**3),
    "s3_get": Rule("AmazonS3", "Requests-Tier2", 10**3),
    "internet_egress": Rule("AWSDataTransfer", "DataTransfer-Out-Bytes", 1, {"tolocation": ("External",)}),
    "scheduler_invocations": Rule("AWSEvents", "ScheduledInvocation", 10**6),
    "lambda_requests": Rule("AWSLambda", "Request", 10**6),
    "lambda_gb_second_x86": Rule("AWSLambda", "Lambda-GB-Second"),
    "lambda_gb_second_arm": Rule("AWSLambda", "Lambda-GB-Second-ARM"),
    "cloudfront_gb_us": Rule("AmazonCloudFront", "US-DataTransfer-Out-Bytes"),
    "cloudfront_gb_eu": Rule("AmazonCloudFront", "EU-DataTransfer-Out-Bytes"),
    "cloudfront_to_origin": Rule("AmazonCloudFront", "EU-DataTransfer-Out-OBytes"),
    "cloudfront_https_us": Rule("AmazonCloudFront", "US-Requests-Tier2-HTTPS", 10**4),
    "cloudfront_https_eu": Rule("AmazonCloudFront", "EU-Requests-Tier2-HTTPS", 10**4),
    "cloudfront_http_us": Rule("AmazonCloudFront", "US-Requests-Tier1", 10**4),
    "cloudfront_http_eu": Rule("AmazonCloudFront", "EU-Requests-Tier1", 10**4),
    "cloudfront_function": Rule("AmazonCloudFront", "Executions-CloudFrontFunctions", 10**6),
    "cloudfront_invalidation": Rule("AmazonCloudFront", "Invalidations"),
    "route53_zone": Rule("AmazonRoute53", "HostedZone"),
    "route53_queries": Rule("AmazonRoute53", "DNS-Queries", 10**6),
    "route53_health_check_aws": Rule("AmazonRoute53", "Health-Check-AWS"),
}
GLOBAL_OFFERS = {"AmazonCloudFront", "AmazonRoute53"}
ENGINES = {"postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
CACHES = {"valkey": "Valkey", "redis": "Redis"}
USAGE_OF_ZONES = {"single": ("InstanceUsage", "Single-AZ"), "multi": ("Multi-AZUsage", "Multi-AZ")}


def rule_of(item: str) -> Rule | None:
    """Where the price of an item is; None if this script does not know it."""
    if item in RULES:
        return RULES[item]
    family, _, rest = item.partition("_")
    kind, _, rest = rest.partition("_")
    if family == "rds" and kind in ENGINES:
        size, _, zones = rest.rpartition("_")
        usage, deployment = USAGE_OF_ZONES[zones]
        attributes = {"databaseengine": (ENGINES[kind],), "deploymentoption": (deployment,)}
        return Rule("AmazonRDS", f"{usage}:{size}", 1, attributes)
    if family == "elasticache" and kind in CACHES:
        return Rule("AmazonElastiCache", f"NodeUsage:{rest}", 1, {"cacheengine": (CACHES[kind],)})
    return None


def usage_type(rule: Rule, region: str) -> str:
    """The usage type in a region, as in the list and on bills."""
    is_bare = region == "us-east-1" and rule.offer in WITHOUT_PREFIX
    return rule.usage_type if is_bare else f"{PREFIXES[region]}{rule.usage_type}"


@dataclass
class Offer:
    """The lines of a file that are wanted."""

    date: str = ""
    lines: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


Open = Callable[[str], IO[bytes]]


def read_offer(url: str, usage_types: set[str], open_url: Open) -> Offer:
    """The on-demand prices of usage types in a file of the list."""
    offer = Offer()
    with closing(open_url(url)) as answer, io.TextIOWrapper(answer, "utf-8", newline="") as text:
        lines = csv.reader(text)
        for values in itertools.islice(lines, METADATA_LINES):
            if values[:1] == ["Publication Date"]:
                offer.date = values[1][:10]
        columns = [name.replace(" ", "").lower() for name in next(lines, list[str]())]
        if not offer.date or "usagetype" not in columns:
            raise ValueError(f"{url} is not a price list.")
        wanted = columns.index("usagetype")
        for values in lines:
            if len(values) > wanted and values[wanted] in usage_types:
                line = dict(zip(columns, values, strict=False))
                if line.get("termtype") == "OnDemand" and line.get("currency", "USD") == "USD":
                    offer.lines.append(line)
    return offer


def price_of(lines: Iterable[dict[str, str]], rule: Rule, region: str) -> Decimal | None:
    """The price of the first tier that is not free; None if there is none, or if several differ."""
    tiers: dict[Decimal, set[Decimal]] = {}
    for line in lines:
        if line["usagetype"] == usage_type(rule, region) and _fits(line, rule, region):
            price = Decimal(line["priceperunit"]) * rule.units
            if price:
                tiers.setdefault(Decimal(line.get("startingrange") or 0), set()).add(price)
    prices = tiers[min(tiers)] if tiers else set[Decimal]()
    return prices.pop() if len(prices) == 1 else None


def _fits(line: Mapping[str, str], rule: Rule, region: str) -> bool:
    """Whether a line is that of the region itself, and has the attributes of a rule."""
    if line.get("locationtype", "AWS Region") not in ("AWS Region", "", "Other"):
        return False  # Outposts, local zones
    if region != GLOBAL and line.get("regioncode", region) not in (region, ""):
        return False
    if line.get("extendedsupportpricingyear"):
        return False
    return all(line.get(name, "") in values for name, values in rule.attributes.items())


def update(document: dict[str, Any], regions: Iterable[str], open_url: Open) -> list[str]:
    """Replace the prices of a document, and add those of new regions.

    Returns:
        Sentences about prices that were not read.
    """
    rows = {(row["region"], row["item"]): row for row in document["prices"]}
    templates = {row["item"]: row for row in document["prices"]}
    problems: list[str] = []
    for region in regions:
        items = [item for item in templates if _is_in(region, item)]
        rules = {item: rule for item in items if (rule := rule_of(item))}
        offers = dict(_offers(region, rules.values(), open_url))
        for item in items:
            row = rows.get((region, item))
            rule = rules.get(item)
            price = price_of(offers[rule.offer].lines, rule, region) if rule else None
            if rule is None or price is None:
                reason = "is not known to this script" if rule is None else "is not in the list, or not only once"
                if row or rule:
                    problems.append(f"{region} {item} {reason}; {'it stays as it is' if row else 'it has no price'}.")
                continue
            # Notes of other prices can be about where they come from.
            note = (row or templates[item]).get("note") if item in RULES else None
            rows[region, item] = {
                "region": region,
                "item": item,
                "unit": templates[item]["unit"],
                "usd": f"{price.normalize():f}",
                "confidence": "A",
                "source": rule.offer,
                "date": offers[rule.offer].date,
                "usageType": usage_type(rule, region),
                **({"note": note} if note else {}),
            }
            document["sources"][rule.offer] = f"AWS's price list, {rule.offer}"
            document["collected"] = max(document["collected"], offers[rule.offer].date)
    document["prices"] = [rows[key] for key in sorted(rows)]
    used = {row["source"] for row in document["prices"]}
    document["sources"] = {key: text for key, text in document["sources"].items() if key in used}
    return problems


def _is_in(region: str, item: str) -> bool:
    rule = rule_of(item)
    is_global = bool(rule and rule.offer in GLOBAL_OFFERS) or item.startswith("waf_")
    return is_global == (region == GLOBAL)


def _offers(region: str, rules: Iterable[Rule], open_url: Open) -> Iterator[tuple[str, Offer]]:
    wanted: dict[str, set[str]] = {}
    for rule in rules:
        wanted.setdefault(rule.offer, set()).add(usage_type(rule, region))
    for offer, usage_types in sorted(wanted.items()):
        folder = "" if region == GLOBAL else f"/{region}"
        yield offer, read_offer(f"{HOST}/{offer}/current{folder}/index.csv", usage_types, open_url)


def as_text(document: Mapping[str, Any]) -> str:
    """The document with a line for each price, so that a difference shows which prices moved."""
    head = json.dumps({key: value for key, value in document.items() if key != "prices"}, indent=1, ensure_ascii=False)
    rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in document["prices"])
    return f'{head[:-2]},\n "prices": [\n{rows}\n ]\n}}\n'


def _open(url: str) -> IO[bytes]:
    return urllib.request.urlopen(url, timeout=SECONDS)  # noqa: S310 HOST is https


def main(arguments: list[str], open_url: Open = _open, output: Path = OUTPUT) -> int:
    """Update the file; it stays as it is if the list cannot be read."""
    document = json.loads(output.read_text("utf-8"))
    regions = arguments or sorted({row["region"] for row in document["prices"]})
    for region in regions:
        if region not in PREFIXES:
            print(f"{region} is not a region of this script; add the prefix of its usage types to PREFIXES.")
            return 2
    try:
        problems = update(document, regions, open_url)
    except (OSError, ValueError) as error:
        print(f"The price list cannot be read: {error}")
        return 1
    output.write_text(as_text(document), encoding="utf-8")
    print("\n".join([*problems, f"Prices of {document['collected']}: {len(document['prices'])}."]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
