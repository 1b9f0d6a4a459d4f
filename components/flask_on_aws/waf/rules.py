"""The rules of a web ACL, in the order in which they are evaluated: pure."""

import ipaddress
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

COUNT, BLOCK = "count", "block"


class ManagedGroup(NamedTuple):
    """A rule group that AWS maintains."""

    name: str
    capacity: int
    """Its web ACL capacity units (WCUs), from the linked pages."""
    counted: Sequence[str] = ()
    """Rules that only count, also where the group blocks."""


# https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html; none costs extra.
IP_REPUTATION = ManagedGroup("AWSManagedRulesAmazonIpReputationList", 25)
# SizeRestrictions_BODY blocks bodies over 8 KB, which includes most uploads.
COMMON = ManagedGroup("AWSManagedRulesCommonRuleSet", 700, counted=("SizeRestrictions_BODY",))
KNOWN_BAD_INPUTS = ManagedGroup("AWSManagedRulesKnownBadInputsRuleSet", 200)
SQL_INJECTION = ManagedGroup("AWSManagedRulesSQLiRuleSet", 200)
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-rate-based.html: 2 WCUs per rule, and
# https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-type-ipset-match.html: 1 WCU per set.
_RATE_CAPACITY, _IP_SET_CAPACITY = 2, 1
# The price of a request includes this many WCUs: https://docs.aws.amazon.com/waf/latest/developerguide/aws-waf-capacity-units.html
INCLUDED_CAPACITY = 1500
RATE_LIMIT, ALLOWED_ADDRESSES = "rate-limit", "allowed-addresses"


def managed_groups(inspects_sql: bool) -> list[ManagedGroup]:
    """The managed rule groups, the cheapest check first."""
    groups = [IP_REPUTATION, COMMON, KNOWN_BAD_INPUTS]
    return [*groups, SQL_INJECTION] if inspects_sql else groups


def capacity(inspects_sql: bool, ip_sets: int) -> int:
    """The web ACL capacity units of all rules."""
    return sum(group.capacity for group in managed_groups(inspects_sql)) + _RATE_CAPACITY + ip_sets * _IP_SET_CAPACITY


def addresses_by_version(cidrs: Sequence[str]) -> dict[str, list[str]]:
    """The address ranges for each IP set, which has addresses of one version."""
    result: dict[str, list[str]] = {}
    for cidr in cidrs:
        result.setdefault(f"IPV{ipaddress.ip_network(cidr).version}", []).append(cidr)
    return result


def rules(
    mode: str, requests_per_five_minutes: int, inspects_sql: bool, ip_set_arns: Sequence[str]
) -> list[dict[str, Any]]:
    """All rules in the API's form, with consecutive priorities.

    Args:
        mode: `count` or `block`, which the list of allowed addresses does not depend on: it always blocks all others.
        requests_per_five_minutes: the requests of one address before the rate limit matches.
        inspects_sql: whether requests are checked for SQL injection.
        ip_set_arns: the sets of allowed addresses; empty if everyone is allowed.
    """
    unnumbered = [
        *_allowed_addresses(ip_set_arns),
        _rate_limit(mode, requests_per_five_minutes),
        *(_managed(mode, group) for group in managed_groups(inspects_sql)),
    ]
    return [{**rule, "Priority": number} for number, rule in enumerate(unnumbered)]


def _allowed_addresses(ip_set_arns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Before all others: an address that is not allowed does not count for the rate limit either."""
    if not ip_set_arns:
        return
    references = [{"IPSetReferenceStatement": {"ARN": arn}} for arn in ip_set_arns]
    # `or` needs at least two statements.
    allowed = references[0] if len(references) == 1 else {"OrStatement": {"Statements": references}}
    yield _rule(ALLOWED_ADDRESSES, {"NotStatement": {"Statement": allowed}}) | {"Action": {"Block": {}}}


def _rate_limit(mode: str, limit: int) -> dict[str, Any]:
    statement = {"RateBasedStatement": {"Limit": limit, "AggregateKeyType": "IP", "EvaluationWindowSec": 300}}
    return _rule(RATE_LIMIT, statement) | {"Action": {mode.capitalize(): {}}}


def _managed(mode: str, group: ManagedGroup) -> dict[str, Any]:
    statement: dict[str, Any] = {"VendorName": "AWS", "Name": group.name}
    if group.counted:
        statement["RuleActionOverrides"] = [{"Name": rule, "ActionToUse": {"Count": {}}} for rule in group.counted]
    # A group's own rules block; `None` leaves that as it is.
    override: dict[str, Any] = {"Count": {}} if mode == COUNT else {"None": {}}
    return _rule(group.name, {"ManagedRuleGroupStatement": statement}) | {"OverrideAction": override}


def _rule(name: str, statement: dict[str, Any]) -> dict[str, Any]:
    """With metrics, and samples of the last three hours' requests; both are free."""
    visibility = {"CloudWatchMetricsEnabled": True, "MetricName": name, "SampledRequestsEnabled": True}
    return {"Name": name, "Statement": statement, "VisibilityConfig": visibility}
