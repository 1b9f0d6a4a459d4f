"""CloudFront, AWS WAF and Route 53."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from ...cost_model import Line
from ...values import json_value
from ..stack import Priced

# Managed rule groups that cost more than a rule: https://aws.amazon.com/waf/pricing/
_PAID_GROUPS = (
    "AWSManagedRulesBotControlRuleSet",
    "AWSManagedRulesATPRuleSet",
    "AWSManagedRulesACFPRuleSet",
    "AWSManagedRulesAntiDDoSRuleSet",
)
_TEN_THOUSAND, _MILLION = Decimal(10**4), Decimal(10**6)


def distribution(distribution: Priced) -> Iterator[Line]:
    """A CloudFront distribution; its visitors are counted as in the continent of the stack's region."""
    continent = distribution.stack.region.partition("-")[0]
    requests = distribution.figure("cdnRequests") / _TEN_THOUSAND
    yield distribution.used("data to visitors", f"cloudfront_gb_{continent}", distribution.figure("cdnGb"))
    yield distribution.used("requests", f"cloudfront_https_{continent}", requests)
    if distribution.block("viewerCertificate").get("sslSupportMethod") == "vip":
        reason = "There is no price of dedicated IP addresses."
        yield distribution.unknown("dedicated IP addresses", reason, ("viewerCertificate",))


def function(function: Priced) -> Iterator[Line]:
    """A CloudFront function."""
    yield function.used("calls", "cloudfront_function", function.figure("functionCalls") / _MILLION)


def web_acl(acl: Priced) -> Iterator[Line]:
    """A web ACL with its rules."""
    yield acl.fixed("web ACL", "waf_web_acl", Decimal(1))
    rules = _rules(acl)
    basis = ("rules", "ruleJson")
    if rules is None:
        yield acl.unknown("rules", "The number of its rules is not known.", basis)
    elif rules:
        yield acl.fixed("rules", "waf_rule", Decimal(len(rules)), basis)
    for name in _managed_groups(rules or []):
        if name in _PAID_GROUPS:
            yield acl.unknown(name, f"There is no price of {name}, which costs more than a rule.", basis)
    yield acl.used("requests", "waf_requests", acl.figure("wafRequests") / _MILLION)


def rule_group(group: Priced) -> Iterator[Line]:
    """The rules in a rule group; the group itself is a rule of a web ACL."""
    yield group.fixed("rules", "waf_rule", Decimal(len(group.items("rules"))), ("rules",))


def _rules(acl: Priced) -> list[Any] | None:
    """The rules, which can be JSON in the form of AWS's API; None if they are not known."""
    if not acl.resource.inputs.get("ruleJson"):
        return acl.items("rules")
    rules = json_value(str(acl.get("ruleJson")))
    return cast(list[Any], rules) if isinstance(rules, list) else None


def _managed_groups(rules: list[Any]) -> Iterator[str]:
    for rule in rules:
        statement = _block(rule, "statement")
        name = _lower(_block(statement, "managedRuleGroupStatement")).get("name")
        if name:
            yield str(name)


def _block(value: Any, name: str) -> Any:
    return _lower(value).get(name)


def _lower(value: Any) -> dict[str, Any]:
    """An object with its keys as Pulumi writes them: AWS's begin with a capital letter."""
    if not isinstance(value, Mapping):
        return {}
    return {f"{key[:1].lower()}{key[1:]}": item for key, item in cast(Mapping[str, Any], value).items()}


def zone(zone: Priced) -> Iterator[Line]:
    """A hosted zone."""
    yield zone.fixed("zone", "route53_zone", Decimal(1))
    yield zone.used("queries", "route53_queries", zone.figure("dnsQueries") / _MILLION)
