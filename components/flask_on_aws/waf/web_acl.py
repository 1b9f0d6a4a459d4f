"""A web ACL of AWS WAF with AWS's managed rules and a rate limit, for a load balancer or a CloudFront distribution."""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..ingress.cloudfront_region import Placement, in_cloudfront_region
from ..validation.argument_types import typed
from ..validation.choices import WafMode, WafScope
from ..validation.problems import Problem, raise_problems
from ..validation.values import client_range_problems, range_problems, repeated_problems, retention_problems
from .rules import addresses_by_version, rules


class WebAclArgs(TypedDict, total=False):
    scope: WafScope
    """What the web ACL protects: `REGIONAL` (load balancers of its region) or `CLOUDFRONT` (distributions; all its resources are then in us-east-1, whatever the provider's region). A change replaces it. Default: REGIONAL."""
    mode: WafMode
    """What happens to requests that match a rule: `count` (they are counted and pass) or `block` (they get 403). Default: count."""
    requests_per_five_minutes: int
    """Requests that one address may send in five minutes, from 10 to 2000000000. Default: 2000."""
    inspects_sql: bool
    """Whether requests are checked for SQL injection. Default: true."""
    allowed_cidrs: Sequence[str]
    """Address ranges that may send requests; all others get 403 in either mode. Default: everyone."""
    logs: bool
    """Whether requests that match a rule are logged to CloudWatch, without the headers Authorization and Cookie. Default: false."""
    log_retention_days: int
    """Days for which these logs are kept, one of the periods that CloudWatch accepts. Default: 30."""
    log_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts these logs, in the web ACL's region. Default: none, a key of CloudWatch Logs is used."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


# Nearly 50 pages with 40 files each, more than the visitors of one office load in five minutes, and 400 a minute,
# where a scanner sends thousands. AWS's example of 500 is for sites with their files elsewhere:
# https://docs.aws.amazon.com/whitepapers/latest/aws-best-practices-ddos-resiliency/aws-waf-rate-based-rules.html
REQUESTS_PER_FIVE_MINUTES = 2000
_DEFAULTS: Mapping[str, Any] = {
    "scope": "REGIONAL",
    "mode": "count",
    "requests_per_five_minutes": REQUESTS_PER_FIVE_MINUTES,
    "inspects_sql": True,
    "logs": False,
    "log_retention_days": 30,
}
# https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
_LEAST_REQUESTS, _MOST_REQUESTS = 10, 2_000_000_000
# https://docs.aws.amazon.com/waf/latest/developerguide/limits.html
_MOST_ADDRESSES = 10_000
# WAF accepts only log groups with this prefix: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
LOG_PREFIX = "aws-waf-logs-"
# With a session's cookie or a password, a reader of the logs or samples could act as a visitor.
_PROTECTED_HEADERS = ("authorization", "cookie")
_LOGGED_ACTIONS = ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")


@typed(WebAclArgs)
def problems(args: WebAclArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    name, value = "requests_per_five_minutes", args["requests_per_five_minutes"]
    yield from range_problems(name, value, _LEAST_REQUESTS, _MOST_REQUESTS)
    yield from retention_problems("log_retention_days", args["log_retention_days"])
    if "allowed_cidrs" in args:
        yield from _range_problems(args["allowed_cidrs"])


def _range_problems(cidrs: Sequence[str]) -> Iterator[Problem]:
    argument = "allowed_cidrs"
    if not cidrs:
        yield Problem(argument, "An empty list allows no requests; leave allowed_cidrs out to allow all.")
    if len(cidrs) > _MOST_ADDRESSES:
        yield Problem(argument, f"{len(cidrs)} ranges are too many; AWS WAF allows {_MOST_ADDRESSES}.")
    for cidr in dict.fromkeys(cidrs):
        malformed = list(client_range_problems(argument, cidr))
        yield from malformed
        if not malformed and ipaddress.ip_network(cidr).prefixlen == 0:
            # AWS WAF rejects it: https://docs.aws.amazon.com/waf/latest/APIReference/API_IPSet.html
            yield Problem(argument, f"{cidr!r} allows every address; leave allowed_cidrs out.")
    yield from repeated_problems(argument, cidrs)


class WebAcl(Component):
    """A web ACL that checks requests against AWS's managed rules and limits the requests of each address.

    The rules are, in this order: allowed addresses, the rate limit, addresses with a bad reputation, common attacks (except the
    size of bodies, which is only counted), known bad inputs, and SQL injection.
    """

    web_acl_arn: pulumi.Output[str]
    """ARN of the web ACL, for `web_acl_arn` of a LoadBalancer or a Cdn."""
    web_acl_name: pulumi.Output[str]
    """Name of the web ACL, which is a dimension of its metrics."""
    log_group_name: pulumi.Output[str]
    """Name of the log group; empty without logs."""

    def __init__(self, name: str, args: WebAclArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._placement = Placement(None, None)
        if self._args["scope"] == "CLOUDFRONT":
            self._placement = in_cloudfront_region(f"{name}-provider", self)
        self._create_web_acl(self._create_ip_sets())
        self.web_acl_arn, self.web_acl_name = self._web_acl.arn, self._web_acl.name
        self.log_group_name = self._log() if self._args["logs"] else pulumi.Output.from_input("")
        self._register()

    def _create_ip_sets(self) -> list[pulumi.Output[str]]:
        return [
            aws.wafv2.IpSet(
                f"{self._name}-allowed-{version.lower()}",
                region=self._placement.region,
                scope=self._args["scope"],
                description="Addresses that may send requests",
                ip_address_version=version,
                addresses=addresses,
                opts=self._child(provider=self._placement.provider),
            ).arn
            for version, addresses in addresses_by_version(self._args.get("allowed_cidrs", ())).items()
        ]

    def _create_web_acl(self, ip_set_arns: Sequence[pulumi.Output[str]]) -> None:
        args = self._args
        rule_list = pulumi.Output.all(*ip_set_arns).apply(
            lambda arns: rules(args["mode"], args["requests_per_five_minutes"], args["inspects_sql"], arns)
        )
        self._web_acl = aws.wafv2.WebAcl(
            self._name,
            region=self._placement.region,
            scope=args["scope"],
            description="AWS managed rules and a rate limit",
            default_action={"allow": {}},
            # JSON, since pulumi_aws 7.51 gives the rules' types to those of another resource, WebAclRule. Pulumi does not
            # see what others change in them.
            rule_json=pulumi.Output.json_dumps(rule_list),
            visibility_config={
                "cloudwatch_metrics_enabled": True,
                "metric_name": self._name,
                "sampled_requests_enabled": True,
            },
            # For the sampled requests, which a log's redaction does not reach.
            data_protection_config={
                "data_protections": [
                    {
                        "action": "SUBSTITUTION",
                        "field": {"field_type": "SINGLE_HEADER", "field_keys": list(_PROTECTED_HEADERS)},
                    }
                ]
            },
            opts=self._child(provider=self._placement.provider),
        )

    def _log(self) -> pulumi.Output[str]:
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            region=self._placement.region,
            # The web ACL's name is unique, and the log group's must start with WAF's prefix.
            name=pulumi.Output.concat(LOG_PREFIX, self._web_acl.name),
            retention_in_days=self._args["log_retention_days"],
            kms_key_id=self._args.get("log_kms_key_id"),
            opts=self._child(provider=self._placement.provider),
        )
        aws.wafv2.WebAclLoggingConfiguration(
            f"{self._name}-logs",
            region=self._placement.region,
            resource_arn=self._web_acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[{"single_header": {"name": header}} for header in _PROTECTED_HEADERS],
            # Requests that match no rule pass, and are in the access logs.
            logging_filter={
                "default_behavior": "DROP",
                "filters": [
                    {
                        "behavior": "KEEP",
                        "requirement": "MEETS_ANY",
                        "conditions": [{"action_condition": {"action": action}} for action in _LOGGED_ACTIONS],
                    }
                ],
            },
            opts=self._child(provider=self._placement.provider),
        )
        return group.name
