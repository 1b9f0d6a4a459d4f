"""Permanent redirects from other host names to the app's own."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.values import repeated_problems
from .certificate import domain_problems
from .route import FIRST_PRIORITY, VALUES_PER_RULE, chunks


class RedirectArgs(TypedDict, total=False):
    listener_arn: Required[pulumi.Input[str]]
    """ARN of the HTTPS listener that gets the rules. Required."""
    hosts: Required[Sequence[str]]
    """Host names that are redirected, wildcards like `*.example.com` included; the listener needs a certificate for them. Required."""
    target_host: Required[str]
    """Host name to which they are redirected. Required."""
    before_priority: int
    """Priority of the rule before which the redirects are evaluated: the first rule has the number below it, each further rule the next lower one. Default: 100."""


_DEFAULTS: Mapping[str, Any] = {"before_priority": FIRST_PRIORITY}
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html#host-conditions
_LONGEST_HOST = 128
# The quota of rules of a load balancer, of which the app needs one:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
_MOST_RULES = 99


@typed(RedirectArgs)
def problems(args: RedirectArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    hosts, target, priority = args["hosts"], args["target_host"], args["before_priority"]
    yield from redirect_problems(hosts, target)
    rules = ceil(len(hosts) / VALUES_PER_RULE)
    if rules > _MOST_RULES:
        most = _MOST_RULES * VALUES_PER_RULE
        yield Problem("hosts", f"{len(hosts)} domains are too many for a load balancer; name at most {most}.")
    elif rules and rules >= priority:
        yield Problem(
            "before_priority",
            f"{priority!r} leaves no numbers before it for the redirects, which need {rules}; use at least {rules + 1}.",
        )


def redirect_problems(hosts: Sequence[str], target: str) -> Iterator[Problem]:
    """Hosts that are not names, repeated ones, and those that would be redirected to themselves."""
    for host in hosts:
        yield from domain_problems("hosts", host, longest=_LONGEST_HOST, wildcard=True)
        if host == target:
            yield Problem("hosts", f"{host!r} is the domain that requests are redirected to; leave it out.")
        elif covers(host, target):
            yield Problem(
                "hosts",
                f"{host!r} includes {target!r}, which would be redirected to itself; name each domain instead.",
            )
    yield from repeated_problems("hosts", hosts)


def covers(pattern: str, host: str) -> bool:
    """Whether a load balancer's host condition matches a host; its `*` also matches several labels."""
    return pattern == host or (pattern.startswith("*.") and host.endswith(pattern[1:]))


class Redirect(Component):
    """Listener rules that redirect host names to another one over HTTPS, with path and query kept (301).

    The rules count down from `before_priority`, and the rules of a Route count up from it, so that neither needs other
    numbers when the other gets more rules.
    """

    rule_arns: pulumi.Output[Sequence[str]]
    """ARNs of the listener rules."""

    def __init__(self, name: str, args: RedirectArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        rules = [
            self._create_rule(index, hosts) for index, hosts in enumerate(chunks(self._args["hosts"], VALUES_PER_RULE))
        ]
        self.rule_arns = pulumi.Output.all(*[rule.arn for rule in rules])
        self._register()

    def _create_rule(self, index: int, hosts: list[str]) -> aws.lb.ListenerRule:
        return aws.lb.ListenerRule(
            f"{self._name}-rule-{index + 1}",
            listener_arn=self._args["listener_arn"],
            priority=self._args["before_priority"] - 1 - index,
            conditions=[{"host_header": {"values": hosts}}],
            actions=[
                {
                    "type": "redirect",
                    # Path and query stay as they are if left out.
                    "redirect": {
                        "protocol": "HTTPS",
                        "host": self._args["target_host"],
                        "port": "443",
                        "status_code": "HTTP_301",
                    },
                }
            ],
            opts=self._child(),
        )
