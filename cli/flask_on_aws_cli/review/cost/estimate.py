"""The cost of each resource of a stack."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from ..cost_model import ZERO, Line
from ..effects.terraform_names import canonical_type
from .registry import FREE, NOT_ON_AWS, PRICERS
from .stack import ONE, Priced, Stack

# AWS's permanent allowances of an account, in the unit of the price: https://aws.amazon.com/free/
_ALLOWANCES: Mapping[str, Decimal] = {
    "cloudwatch_alarm_standard": Decimal(10),
    "cloudwatch_custom_metric": Decimal(10),
    "cloudwatch_dashboard": Decimal(3),
    "logs_ingest_standard": Decimal(5),
    "internet_egress": Decimal(100),
    "cloudfront_gb_us": Decimal(1024),
    "cloudfront_gb_eu": Decimal(1024),
    "cloudfront_https_us": Decimal(1000),  # 10 million requests
    "cloudfront_https_eu": Decimal(1000),
    "cloudfront_function": Decimal(2),
    "kms_requests": Decimal(2),  # 20,000
    "sqs_standard": Decimal(1),
    "scheduler_invocations": Decimal(14),
    "lambda_requests": Decimal(1),
    "lambda_gb_second_x86": Decimal(400_000),
    "lambda_gb_second_arm": Decimal(400_000),
}


def estimate(stack: Stack) -> dict[str, list[Line]]:
    """URN → lines of every resource that costs something, or may."""
    lines = {urn: list(_lines(Priced(resource, stack))) for urn, resource in stack.resources.items() if resource.custom}
    if stack.usage.free_tier:
        remaining = dict(_ALLOWANCES)
        lines = {urn: [_reduced(line, remaining) for line in each] for urn, each in lines.items()}
    return {urn: each for urn, each in lines.items() if each}


def _lines(priced: Priced) -> Iterator[Line]:
    kind = canonical_type(priced.resource.type)
    if kind in PRICERS:
        yield from PRICERS[kind](priced)
    elif kind not in FREE and not kind.startswith(NOT_ON_AWS):
        yield priced.unknown("resource", f"There is no price of the type {priced.resource.type}.", (), ONE)


def _reduced(line: Line, remaining: dict[str, Decimal]) -> Line:
    """The line without what is free of it."""
    item = line.price.item if line.price else ""
    free = min(remaining.get(item, ZERO), line.quantity)
    if not free:
        return line
    remaining[item] -= free
    return replace(line, quantity=line.quantity - free)
