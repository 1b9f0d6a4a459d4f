"""One app behind a listener: its target group, and the rules that forward requests to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from math import ceil
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..validation.argument_types import typed
from ..validation.problems import Problem, raise_problems
from ..validation.values import name_problems, range_problems, repeated_problems
from .health_path import DEFAULT_HEALTH_PATH, HEALTH_TIMEOUT_SECONDS
from .origin_header import ORIGIN_HEADER


class RouteArgs(TypedDict, total=False):
    listener_arn: Required[pulumi.Input[str]]
    """ARN of the listener that gets the rules. Required."""
    vpc_id: Required[pulumi.Input[str]]
    """Id of the VPC in which the app's tasks run. Required."""
    port: int
    """Port on which the app's containers listen. Default: 8080."""
    health_check_path: str
    """Path that answers 200 when a task is ready for requests. Default: /up."""
    deregistration_delay: int
    """Seconds for which a stopping task may finish its open requests, from 0 to 3600. Default: 20."""
    sticky_sessions: int
    """Seconds from a client's last request for which its requests go to the same task, by the cookie AWSALB, from 1 to 604800 (7 days); 0 turns sticky sessions off again. Default: off."""
    hosts: Sequence[str]
    """Host names whose requests go to the app. Default: every host."""
    paths: Sequence[str]
    """Path patterns whose requests go to the app. Default: `/*`."""
    priority: int
    """Priority of the first rule, from 1 to 50000; further rules take the numbers after it. A later change must not overlap the numbers in use. Default: 100."""
    origin_secret: pulumi.Input[str]
    """Letters and digits that requests must carry in the header X-Origin-Verify, used with requires_origin_secret. Default: none."""
    requires_origin_secret: bool
    """Whether only requests with the origin secret are served, as behind CloudFront. Default: false."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


FIRST_PRIORITY = 100
"""Default of the first rule's priority, with numbers free for rules that must be evaluated earlier."""
_DEFAULTS: Mapping[str, Any] = {
    "port": 8080,
    "health_check_path": DEFAULT_HEALTH_PATH,
    # Above the 10 s for which a task keeps serving after SIGTERM; AWS's 300 s would make every deployment slow.
    "deregistration_delay": 20,
    "hosts": [],
    "paths": ["/*"],
    "priority": FIRST_PRIORITY,
    "requires_origin_secret": False,
}
# A fixed quota of AWS: a rule has at most 5 values in all its conditions together (load-balancer-limits).
VALUES_PER_RULE = 5
_LAST_PRIORITY = 50000
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_MAX_STICKY_SECONDS = 604_800
# A new target needs one passing check whatever the threshold (ECS's load-balancer-healthcheck page): the interval alone
# decides how soon a deployment continues, and 5 s is the shortest that AWS allows.
_HEALTH_INTERVAL_SECONDS = 5
# AWS's minimum: a task that recovers is used again after 10 s.
_HEALTHY_CHECKS = 2
# 15 s without an answer: above a garbage collection or a burst, below what users forgive.
_UNHEALTHY_CHECKS = 3


@typed(RouteArgs)
def problems(args: RouteArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    yield from range_problems("port", args["port"], 1, 65535)
    yield from range_problems("deregistration_delay", args["deregistration_delay"], 0, 3600, "seconds")
    if "sticky_sessions" in args:
        yield from range_problems("sticky_sessions", args["sticky_sessions"], 0, _MAX_STICKY_SECONDS, "seconds")
    for argument, paths in (("health_check_path", [args["health_check_path"]]), ("paths", args["paths"])):
        for path in paths:
            yield from _path_problems(argument, path)
    if not args["paths"]:
        yield Problem("paths", "An empty list forwards nothing to the app; leave paths out to forward every path.")
    if any(not host for host in args["hosts"]):
        yield Problem("hosts", "An empty host name matches nothing; leave it out.")
    yield from repeated_problems("paths", args["paths"])
    yield from _secret_problems(args)
    yield from _priority_problems(args)


def rule_conditions(hosts: Sequence[str], paths: Sequence[str], has_secret: bool) -> list[tuple[list[str], list[str]]]:
    """Hosts and paths for each rule, in as few rules as the quota of values allows; an empty list means no condition.

    A path pattern of `/*` needs no condition, unless the rule would have none at all.
    """
    quota = VALUES_PER_RULE - (1 if has_secret else 0)
    if "/*" in paths:
        paths = [] if hosts or has_secret else ["/*"]
    if not hosts or not paths:
        return [(host_part, path_part) for host_part in chunks(hosts, quota) for path_part in chunks(paths, quota)]
    hosts_per_rule = min(range(1, quota), key=lambda n: ceil(len(hosts) / n) * ceil(len(paths) / (quota - n)))
    return list(product(chunks(hosts, hosts_per_rule), chunks(paths, quota - hosts_per_rule)))


def chunks(values: Sequence[str], size: int) -> list[list[str]]:
    """The values in lists of at most `size`; one empty list for no values."""
    return [list(values[start : start + size]) for start in range(0, len(values), size)] or [[]]


def _path_problems(argument: str, path: str) -> Iterator[Problem]:
    # 128 characters is what AWS allows in a rule's path pattern.
    if not path.startswith("/") or len(path) > 128 or any(character.isspace() for character in path):
        yield Problem(argument, f"{path!r} must start with a slash and have at most 128 characters without spaces.")


def _secret_problems(args: RouteArgs) -> Iterator[Problem]:
    if args["requires_origin_secret"] and "origin_secret" not in args:
        yield Problem("origin_secret", "requires_origin_secret is true; give the origin_secret that CloudFront sends.")
    if "origin_secret" in args and not args["requires_origin_secret"]:
        yield Problem(
            "requires_origin_secret", "An origin_secret is given but not required; set requires_origin_secret to true."
        )


def _priority_problems(args: RouteArgs) -> Iterator[Problem]:
    range_errors = list(range_problems("priority", args["priority"], 1, _LAST_PRIORITY))
    yield from range_errors
    count = len(rule_conditions(args["hosts"], args["paths"], args["requires_origin_secret"]))
    if not range_errors and args["priority"] + count - 1 > _LAST_PRIORITY:
        yield Problem(
            "priority",
            f"{args['priority']} is too high for {count} rules; use at most {_LAST_PRIORITY - count + 1}.",
        )


class Route(Component):
    """A target group for an app's tasks, and listener rules that forward to it."""

    target_group_arn: pulumi.Output[str]
    """ARN of the target group, known once the listener forwards to it: ECS rejects a target group without a load balancer."""
    target_group_arn_suffix: pulumi.Output[str]
    """The part of that ARN that identifies the target group in metrics and scaling policies."""
    rule_arns: pulumi.Output[Sequence[str]]
    """ARNs of the listener rules."""

    def __init__(self, name: str, args: RouteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems([*name_problems("name", name), *problems(args)])
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._create_target_group()
        self._create_rules()
        self.rule_arns = pulumi.Output.all(*[rule.arn for rule in self._rules])
        routed = pulumi.Output.all(target_group=self._target_group.arn, rules=self.rule_arns)
        self.target_group_arn = routed["target_group"]
        self.target_group_arn_suffix = self._target_group.arn_suffix
        self._register()

    def _create_target_group(self) -> None:
        # Auto-named: a change of port or VPC creates a new group while listeners still use the old one.
        self._target_group = aws.lb.TargetGroup(
            self._name,
            target_type="ip",
            protocol="HTTP",
            port=self._args["port"],
            vpc_id=self._args["vpc_id"],
            deregistration_delay=self._args["deregistration_delay"],
            # A Flask worker serves few requests at once: with round robin a request may wait behind a slow one while others idle.
            load_balancing_algorithm_type="least_outstanding_requests",
            health_check={
                "path": self._args["health_check_path"],
                # A redirect does not come from the app's health path.
                "matcher": "200",
                "interval": _HEALTH_INTERVAL_SECONDS,
                "timeout": HEALTH_TIMEOUT_SECONDS,
                "healthy_threshold": _HEALTHY_CHECKS,
                "unhealthy_threshold": _UNHEALTHY_CHECKS,
            },
            stickiness=self._stickiness(),
            opts=self._child(),
        )

    def _stickiness(self) -> Any:
        """None where nothing is set: AWS's default is off, and a stack without the setting gets no difference."""
        seconds = self._args.get("sticky_sessions")
        if not seconds:
            return None if seconds is None else {"type": "lb_cookie", "enabled": False}
        return {"type": "lb_cookie", "enabled": True, "cookie_duration": seconds}

    def _create_rules(self) -> None:
        conditions = rule_conditions(self._args["hosts"], self._args["paths"], self._args["requires_origin_secret"])
        self._rules = [self._create_rule(index, hosts, paths) for index, (hosts, paths) in enumerate(conditions)]

    def _create_rule(self, index: int, hosts: list[str], paths: list[str]) -> aws.lb.ListenerRule:
        conditions: list[Any] = []
        if hosts:
            conditions.append({"host_header": {"values": hosts}})
        if paths:
            conditions.append({"path_pattern": {"values": paths}})
        if self._args["requires_origin_secret"]:
            secret = pulumi.Output.secret(self._args["origin_secret"])
            conditions.append({"http_header": {"http_header_name": ORIGIN_HEADER, "values": [secret]}})
        return aws.lb.ListenerRule(
            f"{self._name}-rule-{index + 1}",
            listener_arn=self._args["listener_arn"],
            priority=self._args["priority"] + index,
            conditions=conditions,
            actions=[{"type": "forward", "target_group_arn": self._target_group.arn}],
            opts=self._child(),
        )
