"""`flask-on-aws maintenance`."""

import ipaddress
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple, TextIO

import click

from .app import App, AppService
from .errors import OperationError
from .target import app_options

_TAG = "flask-on-aws:maintenance"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_FixedResponseActionConfig.html
_MAX_PAGE = 1024
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
_MAX_PRIORITY = 50_000
_MAX_DESCRIBED = 20  # resources of DescribeTags
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Maintenance</title>
<style>body{font:1.1rem/1.5 system-ui;max-width:32rem;margin:20vh auto;padding:0 1rem}</style>
<h1>We will be back soon</h1>
<p>This site is being maintained. Please try again in a few minutes.</p>
</html>
"""


_Rules = Sequence[tuple[str, Sequence[Mapping[str, Any]]]]
"""Listeners, each with its rules."""


class _Entrance(NamedTuple):
    """A rule of a load balancer that forwards requests to the app."""

    listener: str
    conditions: Sequence[Mapping[str, Any]]
    actions: Sequence[Mapping[str, Any]]
    priority: int | None
    """None for the listener's default action."""
    taken: frozenset[int]
    """The priorities of the listener's rules."""

    @property
    def is_behind_cdn(self) -> bool:
        """Whether only CloudFront's requests match, whose source addresses are CloudFront's."""
        return any(condition["Field"] == "http-header" for condition in self.conditions)

    def priorities(self, number: int) -> Sequence[int]:
        """Free priorities, the lowest first, at which rules match before this one.

        Raises:
            OperationError: if there are too few.
        """
        if self.priority is None:
            last = max(self.taken, default=0)
            free = range(last + 1, min(last + number, _MAX_PRIORITY) + 1)
        else:
            free = [number for number in range(1, self.priority) if number not in self.taken][-number:]
        if len(free) < number:
            raise OperationError(
                f"The listener {self.listener} has no free priority before rule {self.priority}; give that rule a "
                "higher priority number."
            )
        return free


@click.command()
@app_options
@click.argument("state", type=click.Choice(["on", "off"]), required=False)
@click.option("--page", type=click.File(encoding="utf-8"), help="HTML file to show. Default: a short text in English.")
@click.option("--allow", multiple=True, metavar="CIDR", help="Addresses that reach the app nevertheless; repeatable.")
def maintenance(app: App, state: str | None, page: TextIO | None, allow: Sequence[str]) -> None:
    """Show a page instead of the app, or the app again; without an argument, print which.

    The load balancer answers every request with the page and the status 503. Tasks, workers and the database keep
    running.
    """
    elb, web = app.client("elbv2"), _web_service(app)
    if web is None:
        raise OperationError("The app has no load balancer, which would show the page.")
    rules = _rules(elb, web.target_groups)
    existing = _maintenance_rules(elb, rules, web.name)
    if state == "on":
        text = _page(page.read() if page else _PAGE)
        entrances = _entrances(rules, web.target_groups, existing)
        created = _turn_on(elb, entrances, web.name, text, [_network(each) for each in allow])
        _delete(elb, existing)
        click.echo(f"maintenance is on: {created} rules of the load balancer answer with status 503")
    elif state == "off":
        _delete(elb, existing)
        click.echo("maintenance is off" if existing else "maintenance was not on")
    else:
        click.echo(f"maintenance is {'on' if existing else 'off'}")


def is_in_maintenance(app: App) -> bool:
    """Whether the load balancer shows a page instead of the app."""
    web = _web_service(app)
    if web is None:
        return False
    elb = app.client("elbv2")
    return bool(_maintenance_rules(elb, _rules(elb, web.target_groups), web.name))


def _web_service(app: App) -> AppService | None:
    """The service that the load balancer forwards to; None if there is none."""
    return next((service for service in app.services if service.is_load_balanced), None)


def _page(text: str) -> str:
    if len(text) > _MAX_PAGE:
        raise OperationError(
            f"The page has {len(text)} characters; shorten it to {_MAX_PAGE}, the most that a load balancer accepts."
        )
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise OperationError(f"--allow {text}: {error}; use a network such as 203.0.113.0/24.") from error


def _turn_on(elb: Any, entrances: Sequence[_Entrance], mark: str, page: str, allowed: Sequence[str]) -> int:
    """Create the rules, and return the number of those that answer with the page."""
    if not entrances:
        raise OperationError("No rule of a load balancer forwards requests to the app.")
    if allowed and any(entrance.is_behind_cdn for entrance in entrances):
        raise OperationError(
            "--allow: the app is behind CloudFront, whose addresses the load balancer sees instead of the visitors'."
        )
    response = {"StatusCode": "503", "ContentType": "text/html", "MessageBody": page}
    answer = [{"Type": "fixed-response", "FixedResponseConfig": response}]
    planned = [(entrance, entrance.priorities(2 if allowed else 1)) for entrance in entrances]
    for entrance, (*before, last) in planned:
        conditions = entrance.conditions or [_condition("path-pattern", "PathPatternConfig", ["/*"])]
        if allowed:
            source = _condition("source-ip", "SourceIpConfig", allowed)
            _create(elb, entrance, [*entrance.conditions, source], entrance.actions, before[0], mark)
        _create(elb, entrance, conditions, answer, last, mark)
    return len(planned)


def _condition(field: str, config: str, values: Sequence[str]) -> Mapping[str, Any]:
    return {"Field": field, config: {"Values": list(values)}}


def _create(
    elb: Any,
    entrance: _Entrance,
    conditions: Sequence[Mapping[str, Any]],
    actions: Sequence[Mapping[str, Any]],
    priority: int,
    mark: str,
) -> None:
    elb.create_rule(
        ListenerArn=entrance.listener,
        Conditions=list(conditions),
        Actions=list(actions),
        Priority=priority,
        Tags=[{"Key": _TAG, "Value": mark}],
    )


def _entrances(rules_by_listener: _Rules, groups: Collection[str], ignored: Sequence[str]) -> Sequence[_Entrance]:
    """The rules that forward to one of the target groups, without those that this command has created."""
    result: list[_Entrance] = []
    for listener, rules in rules_by_listener:
        taken = frozenset(int(rule["Priority"]) for rule in rules if not rule["IsDefault"])
        for rule in rules:
            if rule["RuleArn"] not in ignored and _forwards_to(rule, groups):
                priority = None if rule["IsDefault"] else int(rule["Priority"])
                conditions = [_without_values(condition) for condition in rule["Conditions"]]
                result.append(_Entrance(listener, conditions, rule["Actions"], priority, taken))
    return result


def _without_values(condition: Mapping[str, Any]) -> Mapping[str, Any]:
    """A condition as CreateRule accepts it: DescribeRules returns the values of some twice."""
    has_config = any(name.endswith("Config") for name in condition)
    return {name: value for name, value in condition.items() if name != "Values" or not has_config}


def _forwards_to(rule: Mapping[str, Any], groups: Collection[str]) -> bool:
    for action in rule["Actions"]:
        targets = action.get("ForwardConfig", {}).get("TargetGroups", ())
        if {action.get("TargetGroupArn"), *(target["TargetGroupArn"] for target in targets)} & set(groups):
            return True
    return False


def _rules(elb: Any, groups: Collection[str]) -> _Rules:
    """Each listener of the target groups' load balancers, with its rules."""
    described = elb.describe_target_groups(TargetGroupArns=sorted(groups))["TargetGroups"]
    balancers = sorted({arn for group in described for arn in group["LoadBalancerArns"]})
    listeners = [
        listener["ListenerArn"]
        for balancer in balancers
        for page in elb.get_paginator("describe_listeners").paginate(LoadBalancerArn=balancer)
        for listener in page["Listeners"]
    ]
    return [
        (
            arn,
            [rule for page in elb.get_paginator("describe_rules").paginate(ListenerArn=arn) for rule in page["Rules"]],
        )
        for arn in listeners
    ]


def _maintenance_rules(elb: Any, rules_by_listener: _Rules, mark: str) -> Sequence[str]:
    """ARNs of the rules that this command has created for a service."""
    arns = [rule["RuleArn"] for _, rules in rules_by_listener for rule in rules if not rule["IsDefault"]]
    found: list[str] = []
    for start in range(0, len(arns), _MAX_DESCRIBED):
        answer = elb.describe_tags(ResourceArns=arns[start : start + _MAX_DESCRIBED])
        found += [
            each["ResourceArn"] for each in answer["TagDescriptions"] if {"Key": _TAG, "Value": mark} in each["Tags"]
        ]
    return found


def _delete(elb: Any, rules: Sequence[str]) -> None:
    for arn in rules:
        elb.delete_rule(RuleArn=arn)
