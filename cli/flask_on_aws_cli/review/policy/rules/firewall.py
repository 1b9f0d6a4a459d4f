"""Rules about web ACLs of AWS WAF."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from ...model import Severity
from ..checks import has, must_be
from ..rule import Rule, Violation
from ..stack import Node, Stack, values_at

_ACL = ("wafv2/webAcl:WebAcl",)
_LOGGING = ("wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",)
_LOG4J = "AWSManagedRulesKnownBadInputsRuleSet"
_PRIVATE_HEADERS = ("authorization", "cookie")


def _rules(node: Node) -> list[Mapping[str, Any]] | None:
    """The rules as WAF's API names their parts; None if they are not known."""
    document = node.document("ruleJson")
    if isinstance(document, list):
        return cast(list[Mapping[str, Any]], document)
    if "ruleJson" in node.inputs:
        return None
    return [_as_in_api(rule) for rule in node.inputs.get("rules") or ()]


def _as_in_api(value: Any) -> Any:
    if isinstance(value, Mapping):
        entries = cast(Mapping[str, Any], value)
        return {key[:1].upper() + key[1:]: _as_in_api(item) for key, item in entries.items()}
    return [_as_in_api(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def _has_rules(node: Node, stack: Stack) -> Iterator[Violation]:
    if _rules(node) == []:
        yield Violation("ruleJson", "has no rules")


def _has_log4j(node: Node, stack: Stack) -> Iterator[Violation]:
    rules = _rules(node)
    names = list(values_at(rules or [], ["Statement", "ManagedRuleGroupStatement", "Name"]))
    if rules is not None and _LOG4J not in names:
        yield Violation("ruleJson", f"has no {_LOG4J}")


def _blocks(node: Node, stack: Stack) -> Iterator[Violation]:
    for rule in _rules(node) or ():
        if any(rule.get(key, {}) == {"Count": {}} for key in ("Action", "OverrideAction")):
            yield Violation(f"ruleJson.{rule.get('Name')}", "only counts")


def _limits_rate(node: Node, stack: Stack) -> Iterator[Violation]:
    rules = _rules(node)
    if rules is not None and not list(values_at(rules, ["Statement", "RateBasedStatement"])):
        yield Violation("ruleJson", "has no rate limit")


def _redacts(node: Node, stack: Stack) -> Iterator[Violation]:
    names = {str(name).lower() for name in node.at("redactedFields.singleHeader.name")}
    missing = [header for header in _PRIVATE_HEADERS if header not in names]
    if missing:
        yield Violation("redactedFields", f"does not have {' and '.join(missing)}")


def _protects_samples(node: Node, stack: Stack) -> Iterator[Violation]:
    if not any(value is True for value in node.at("visibilityConfig.sampledRequestsEnabled")):
        return
    names = {str(name).lower() for name in node.at("dataProtectionConfig.dataProtections.field.fieldKeys")}
    missing = [header for header in _PRIVATE_HEADERS if header not in names]
    if missing:
        yield Violation("dataProtectionConfig", f"does not have {' and '.join(missing)}")


RULES = (
    Rule(
        "waf-rules",
        Severity.MEDIUM,
        "Web ACLs have rules",
        "A web ACL without rules lets every request pass.",
        "Add AWS's managed rules.",
        _ACL,
        _has_rules,
        "CKV_AWS_175 CKV_AWS_342 WAF.10",
    ),
    Rule(
        "waf-known-bad-inputs",
        Severity.MEDIUM,
        "Web ACLs have AWS's rules against known bad inputs",
        "They stop attacks such as Log4Shell.",
        f"Add {_LOG4J}.",
        _ACL,
        _has_log4j,
        "CKV_AWS_192 CKV2_AWS_47 CKV2_AWS_76",
    ),
    Rule(
        "waf-rate-limit",
        Severity.LOW,
        "Web ACLs limit the requests of an address",
        "Nothing slows down who tries passwords.",
        "Add a rate-based rule.",
        _ACL,
        _limits_rate,
    ),
    Rule(
        "waf-blocks",
        Severity.LOW,
        "The rules of web ACLs block",
        "A rule that only counts stops nothing.",
        "Set waf to block once its log has no requests of users.",
        _ACL,
        _blocks,
        "",
        "waf",
    ),
    Rule(
        "waf-logs",
        Severity.LOW,
        "Web ACLs write logs",
        "Nobody can see which requests were blocked.",
        "Set wafLogs to true.",
        _ACL,
        has(_LOGGING[0], "resourceArn", "loggingConfiguration"),
        "CKV2_AWS_31 WAF.11",
        "wafLogs",
    ),
    Rule(
        "waf-metrics",
        Severity.LOW,
        "Web ACLs have metrics",
        "No alarm can report an attack.",
        "Set cloudwatchMetricsEnabled to true.",
        _ACL,
        must_be("visibilityConfig.cloudwatchMetricsEnabled", True),
        "WAF.12",
    ),
    Rule(
        "waf-redacted-logs",
        Severity.MEDIUM,
        "Logs of web ACLs do not have passwords and sessions",
        "A reader of the logs could act as a visitor.",
        "Redact the headers Authorization and Cookie.",
        _LOGGING,
        _redacts,
    ),
    Rule(
        "waf-protected-samples",
        Severity.MEDIUM,
        "Sampled requests of web ACLs do not have passwords and sessions",
        "A reader of the samples could act as a visitor.",
        "Protect the headers Authorization and Cookie in dataProtectionConfig.",
        _ACL,
        _protects_samples,
    ),
)
