"""Tests of the rules of `maintenance`, with load balancers as AWS describes them."""

from typing import Any

import pytest
from flask_on_aws_cli.operations.errors import OperationError
from flask_on_aws_cli.operations.maintenance import _entrances, _rules, _turn_on

GROUP, OTHER = "arn:group/app", "arn:group/other"
HOST = {"Field": "host-header", "Values": ["shop.example"], "HostHeaderConfig": {"Values": ["shop.example"]}}
SECRET = {"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": "X-Origin", "Values": ["s"]}}


def rule(priority: str, group: str = GROUP, *conditions: dict[str, Any]) -> dict[str, Any]:
    forward = {
        "Type": "forward",
        "TargetGroupArn": group,
        "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": group}]},
    }
    return {
        "RuleArn": f"arn:rule/{priority}",
        "Priority": priority,
        "IsDefault": priority == "default",
        "Conditions": list(conditions),
        "Actions": [forward],
    }


class LoadBalancer:
    """A load balancer with one listener."""

    def __init__(self, *rules: dict[str, Any]) -> None:
        self.rules, self.created = rules, []

    def describe_target_groups(self, **_: Any) -> Any:
        return {"TargetGroups": [{"LoadBalancerArns": ["arn:lb"]}]}

    def get_paginator(self, name: str) -> Any:
        pages = {
            "describe_listeners": {"Listeners": [{"ListenerArn": "arn:listener"}]},
            "describe_rules": {"Rules": self.rules},
        }

        class Pages:
            def paginate(self, **_: Any) -> list[Any]:
                return [pages[name]]

        return Pages()

    def create_rule(self, **arguments: Any) -> None:
        self.created.append((arguments["Priority"], arguments["Conditions"], arguments["Actions"][0]["Type"]))


def turn_on(balancer: LoadBalancer, *allowed: str) -> list[Any]:
    entrances = _entrances(_rules(balancer, [GROUP]), [GROUP], [])
    _turn_on(balancer, entrances, "web", "page", list(allowed))
    return balancer.created


def test_a_shared_listener_keeps_the_other_apps() -> None:
    balancer = LoadBalancer(rule("10", OTHER), rule("20", GROUP, HOST), rule("default", OTHER))
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example"]}}
    assert turn_on(balancer) == [(19, [host], "fixed-response")]


def test_the_default_action_is_covered_after_all_other_rules() -> None:
    balancer = LoadBalancer(rule("10", OTHER), rule("default"))
    everything = {"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}}
    assert turn_on(balancer) == [(11, [everything], "fixed-response")]


def test_allowed_addresses_come_first() -> None:
    balancer = LoadBalancer(rule("8", OTHER), rule("9", GROUP, HOST))
    host = {"Field": "host-header", "HostHeaderConfig": {"Values": ["shop.example"]}}
    source = {"Field": "source-ip", "SourceIpConfig": {"Values": ["203.0.113.0/24"]}}
    assert turn_on(balancer, "203.0.113.0/24") == [(6, [host, source], "forward"), (7, [host], "fixed-response")]


def test_a_rule_without_a_free_priority_before_it_is_reported_before_anything_is_created() -> None:
    balancer = LoadBalancer(rule("1", GROUP, HOST), rule("default"))
    with pytest.raises(OperationError, match="arn:listener has no free priority before rule 1; give that rule"):
        turn_on(balancer)
    assert balancer.created == []


def test_behind_cloudfront_no_address_can_be_allowed() -> None:
    balancer = LoadBalancer(rule("5", GROUP, SECRET), rule("default", OTHER))
    with pytest.raises(OperationError, match="the app is behind CloudFront"):
        turn_on(balancer, "203.0.113.0/24")
    assert turn_on(balancer) == [(4, [SECRET], "fixed-response")]


def test_an_app_that_no_rule_forwards_to() -> None:
    with pytest.raises(OperationError, match="No rule of a load balancer forwards requests to the app"):
        turn_on(LoadBalancer(rule("default", OTHER)))
