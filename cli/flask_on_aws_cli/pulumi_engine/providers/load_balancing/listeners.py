"""Listeners of load balancers, their rules and their certificates."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..base import Call, Json, Provider, none_if_missing, pascal, present
from .load_balancers import NOT_FOUND, client, tags, update_tags

_SEPARATOR = "_"  # between a listener's ARN and a certificate's, in the AWS provider's format
# A condition's property in Pulumi, and its field and settings in the API.
_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def actions(inputs: Sequence[Json]) -> list[dict[str, Any]]:
    """The actions of a listener or rule, in the API's form."""
    return [
        present(
            Type=action["type"],
            Order=action.get("order"),
            TargetGroupArn=action.get("targetGroupArn"),
            FixedResponseConfig=pascal(action.get("fixedResponse")),
            RedirectConfig=pascal(action.get("redirect")),
            ForwardConfig=_forward(action.get("forward")),
        )
        for action in inputs
    ]


def _forward(forward: Json | None) -> dict[str, Any] | None:
    if forward is None:
        return None
    groups = [present(TargetGroupArn=group["arn"], Weight=group.get("weight")) for group in forward["targetGroups"]]
    stickiness = forward.get("stickiness")
    if not stickiness:
        return {"TargetGroups": groups}
    config = present(Enabled=stickiness.get("enabled"), DurationSeconds=stickiness.get("duration"))
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": config}


def conditions(inputs: Sequence[Json]) -> list[dict[str, Any]]:
    """The conditions of a rule, in the API's form."""
    result: list[dict[str, Any]] = []
    for condition in inputs:
        for name, (field, config) in _CONDITIONS.items():
            if condition.get(name):
                result.append({"Field": field, config: pascal(condition[name])})
        if condition.get("queryStrings"):
            result.append({"Field": "query-string", "QueryStringConfig": {"Values": pascal(condition["queryStrings"])}})
    return result


def _listener(inputs: Json) -> dict[str, Any]:
    certificate = inputs.get("certificateArn")
    return present(
        Port=inputs.get("port"),
        Protocol=inputs.get("protocol"),
        SslPolicy=inputs.get("sslPolicy"),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
        DefaultActions=actions(inputs["defaultActions"]),
    )


def create_listener(call: Call) -> str:
    balancer = call.inputs["loadBalancerArn"]
    response = client(call).create_listener(LoadBalancerArn=balancer, **tags(call), **_listener(call.inputs))
    return response["Listeners"][0]["ListenerArn"]


def read_listener(call: Call) -> Json | None:
    listeners = none_if_missing(NOT_FOUND, lambda: client(call).describe_listeners(ListenerArns=[call.id])["Listeners"])
    return {"id": call.id, "arn": call.id} if listeners else None


def update_listener(call: Call) -> None:
    client(call).modify_listener(ListenerArn=call.id, **_listener(call.inputs))
    update_tags(call)


def delete_listener(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_listener(ListenerArn=call.id))


def find_listener(call: Call) -> str | None:
    """By the port, for which a load balancer has only one listener."""
    balancer, port = call.inputs["loadBalancerArn"], call.inputs.get("port")
    response: Any = none_if_missing(NOT_FOUND, lambda: client(call).describe_listeners(LoadBalancerArn=balancer))
    listeners: list[Any] = response["Listeners"] if response else []
    return next((listener["ListenerArn"] for listener in listeners if listener.get("Port") == port), None)


def create_rule(call: Call) -> str:
    inputs = call.inputs
    priority = inputs.get("priority") or _free_priority(call)
    response = client(call).create_rule(
        ListenerArn=inputs["listenerArn"],
        Priority=priority,
        Conditions=conditions(inputs["conditions"]),
        Actions=actions(inputs["actions"]),
        **tags(call),
    )
    return response["Rules"][0]["RuleArn"]


def _rules(call: Call) -> list[dict[str, Any]]:
    listener = call.inputs["listenerArn"]
    return none_if_missing(NOT_FOUND, lambda: client(call).describe_rules(ListenerArn=listener)["Rules"]) or []


def _free_priority(call: Call) -> int:
    return max((int(rule["Priority"]) for rule in _rules(call) if rule["Priority"].isdecimal()), default=0) + 1


def read_rule(call: Call) -> Json | None:
    rules = none_if_missing(NOT_FOUND, lambda: client(call).describe_rules(RuleArns=[call.id])["Rules"])
    return {"id": call.id, "arn": call.id, "priority": int(rules[0]["Priority"])} if rules else None


def update_rule(call: Call) -> None:
    inputs = call.inputs
    if call.changed("priority") and inputs.get("priority"):
        priorities = [{"RuleArn": call.id, "Priority": inputs["priority"]}]
        client(call).set_rule_priorities(RulePriorities=priorities)
    client(call).modify_rule(
        RuleArn=call.id, Conditions=conditions(inputs["conditions"]), Actions=actions(inputs["actions"])
    )
    update_tags(call)


def delete_rule(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_rule(RuleArn=call.id))


def find_rule(call: Call) -> str | None:
    """By the priority, for which a listener has only one rule."""
    priority = str(call.inputs.get("priority"))
    return next((rule["RuleArn"] for rule in _rules(call) if rule["Priority"] == priority), None)


def add_certificate(call: Call) -> str:
    listener, certificate = call.inputs["listenerArn"], call.inputs["certificateArn"]
    client(call).add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": certificate}])
    return f"{listener}{_SEPARATOR}{certificate}"


def read_certificate(call: Call) -> Json | None:
    listener = call.inputs["listenerArn"]
    response: Any = none_if_missing(
        NOT_FOUND, lambda: client(call).describe_listener_certificates(ListenerArn=listener)
    )
    arns = [certificate["CertificateArn"] for certificate in response["Certificates"]] if response else []
    return {"id": call.id} if call.inputs["certificateArn"] in arns else None


def remove_certificate(call: Call) -> None:
    certificates = [{"CertificateArn": call.inputs["certificateArn"]}]
    listener = call.inputs["listenerArn"]
    none_if_missing(
        NOT_FOUND, lambda: client(call).remove_listener_certificates(ListenerArn=listener, Certificates=certificates)
    )


PROVIDERS: Mapping[str, Provider] = {
    "aws:lb/listener:Listener": Provider(
        create=create_listener,
        read=read_listener,
        update=update_listener,
        delete=delete_listener,
        find=find_listener,
        replace_on=frozenset({"loadBalancerArn"}),
        tagged=True,
    ),
    "aws:lb/listenerRule:ListenerRule": Provider(
        create=create_rule,
        read=read_rule,
        update=update_rule,
        delete=delete_rule,
        find=find_rule,
        replace_on=frozenset({"listenerArn"}),
        delete_first=True,  # two rules cannot have the same priority
        tagged=True,
    ),
    "aws:lb/listenerCertificate:ListenerCertificate": Provider(add_certificate, read_certificate, remove_certificate),
}
