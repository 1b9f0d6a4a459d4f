"""Every type that the library creates is priced, free for a reason, or costs what its use costs."""

import importlib
import json
from decimal import Decimal
from importlib import resources

from flask_on_aws_cli.review.cost.estimate import estimate
from flask_on_aws_cli.review.cost.registry import FREE, NOT_ON_AWS, PRICERS, USAGE_ONLY
from flask_on_aws_cli.review.cost.stack import Priced, Stack
from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES

from tests.unit.command.pulumi_engine.test_engine_planned_types import golden_types, library_types
from tests.unit.command.review.graphs import resource
from tests.unit.command.review.stacks import PRODUCTION, stack_of

# Relatives of the library's types in other programs, which have no price yet and are reported so.
NO_PRICE = {
    "aws:backup/plan:Plan",
    "aws:backup/vault:Vault",
    "aws:efs/fileSystem:FileSystem",
    "aws:rds/proxy:Proxy",
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace",
    "aws:servicediscovery/service:Service",
}


def test_every_type_of_the_library_is_priced_or_free_for_a_reason():
    types = {token for token in library_types() | golden_types() if not token.startswith(NOT_ON_AWS)}
    undecided = types - set(PRICERS) - set(FREE)
    assert not undecided, f"Give {sorted(undecided)} a function in PRICERS, or a reason in FREE, of cost/registry.py."
    assert len(types) > 70


def test_no_type_is_both_priced_and_free():
    assert not set(PRICERS) & set(FREE)
    assert set(PRICERS) >= USAGE_ONLY
    assert all(reason.endswith(".") for reason in FREE.values())


def test_types_whose_replacements_are_known_are_priced_too():
    assert set(TERRAFORM_TYPES) - set(PRICERS) - set(FREE) == NO_PRICE


def test_a_type_without_a_price_is_reported_and_not_counted_as_free():
    for token in (*NO_PRICE, "aws:ec2/instance:Instance", "aws:eks/cluster:Cluster", "gcp:sql/instance:Instance"):
        (lines,) = estimate(stack(resource(token))).values()
        assert (lines[0].is_incomplete, lines[0].missing) == (True, f"There is no price of the type {token}.")
    for token in ("random:index/randomPassword:RandomPassword", "docker-build:index:Image", "pulumi:providers:aws"):
        assert estimate(stack(resource(token))) == {}


def test_types_that_cost_nothing_without_use_have_usage_alone():
    for token in USAGE_ONLY:
        lines = list(PRICERS[token](Priced(resource(token, inputs={"engine": "aurora-mysql"}), stack())))
        assert lines
        assert all(line.is_usage and not line.quantity for line in lines), token


def test_a_stack_has_a_price_of_all_that_it_creates():
    settings = {"waf": "count", "cache": "valkey", "queue": "sqs", "flow_logs": True, "create_kms_key": True}
    resources = stack_of(**PRODUCTION, **settings, monthly_budget_usd=100, workers={"mail": "python -m mail"})
    lines = estimate(stack(*resources))
    assert not [(urn, line.missing) for urn, each in lines.items() for line in each if line.is_incomplete]


def test_each_price_has_a_source_a_date_and_a_confidence():
    file = resources.files(importlib.import_module("flask_on_aws_cli.review.cost")).joinpath("prices.json")
    document = json.loads(file.read_text("utf-8"))
    rows = document["prices"]
    assert {row["confidence"] for row in rows} == {"A", "B", "C"} == set(document["confidence"])
    assert {row["source"] for row in rows} == set(document["sources"])
    assert len({(row["region"], row["item"]) for row in rows}) == len(rows)
    for row in rows:
        assert row["date"], row
        assert row["unit"], row
        assert Decimal(row["usd"]) > 0, row
        assert len({other["unit"] for other in rows if other["item"] == row["item"]}) == 1, row


def stack(*resources_of_it):
    return Stack({each.urn: each for each in resources_of_it}, "us-east-1")
