"""Listeners of load balancers, their rules and their certificates."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..base import Call, Json, Provider, pascal, present, unless_gone
from .load_balancers import GONE, client, retag, tags

_SEPARATOR = "_"  # between a listener's ARN and a certificate's, as the AWS provider writes it
# A condition's name in Pulumi, its field in the API, and the name of its settings there.
_CONDITIONS = {
    "hostHeader": ("host-header", "HostHeaderConfig"),
    "pathPattern": ("path-pattern", "PathPatternConfig"),
    "httpHeader": ("http-header", "HttpHeaderConfig"),
    "httpRequestMethod": ("http-request-method", "HttpRequestMethodConfig"),
    "sourceIp": ("source-ip", "SourceIpConfig"),
}


def actions(given: Sequence[Json]) -> list[dict[str, Any]]:
    """A listener's or a rule's actions as the API writes them."""
    return [
        present(
            Type=action["type"],
            Order=action.get("order"),
            TargetGroupArn=action.get("targetGroupArn"),
            FixedResponseConfig=pascal(action.get("fixedResponse")),
            RedirectConfig=pascal(action.get("redirect")),
            ForwardConfig=_forward(action.get("forward")),
        )
        for action in given
    ]


def _forward(given: Json | None) -> dict[str, Any] | None:
    if given is None:
        return None
    groups = [present(TargetGroupArn=group["arn"], Weight=group.get("weight")) for group in given["targetGroups"]]
    stickiness = given.get("stickiness")
    if not stickiness:
        return {"TargetGroups": groups}
    kept = present(Enabled=stickiness.get("enabled"), DurationSeconds=stickiness.get("duration"))
    return {"TargetGroups": groups, "TargetGroupStickinessConfig": kept}


def conditions(given: Sequence[Json]) -> list[dict[str, Any]]:
    """A rule's conditions as the API writes them."""
    found: list[dict[str, Any]] = []
    for condition in given:
        for name, (field, config) in _CONDITIONS.items():
            if condition.get(name):
                found.append({"Field": field, config: pascal(condition[name])})
        if condition.get("queryStrings"):
            found.append({"Field": "query-string", "QueryStringConfig": {"Values": pascal(condition["queryStrings"])}})
    return found


def _listener(given: Json) -> dict[str, Any]:
    certificate = given.get("certificateArn")
    return present(
        Port=given.get("port"),
        Protocol=given.get("protocol"),
        SslPolicy=given.get("sslPolicy"),
        Certificates=[{"CertificateArn": certificate}] if certificate else None,
        DefaultActions=actions(given["defaultActions"]),
    )


def create_listener(call: Call) -> str:
    balancer = call.inputs["loadBalancerArn"]
    made = client(call).create_listener(LoadBalancerArn=balancer, **tags(call), **_listener(call.inputs))
    return made["Listeners"][0]["ListenerArn"]


def read_listener(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_listeners(ListenerArns=[call.id])["Listeners"])
    return {"id": call.id, "arn": call.id} if found else None


def update_listener(call: Call) -> None:
    client(call).modify_listener(ListenerArn=call.id, **_listener(call.inputs))
    retag(call)


def delete_listener(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_listener(ListenerArn=call.id))


def find_listener(call: Call) -> str | None:
    """A load balancer has one listener for a port."""
    balancer, port = call.inputs["loadBalancerArn"], call.inputs.get("port")
    found: Any = unless_gone(GONE, lambda: client(call).describe_listeners(LoadBalancerArn=balancer))
    listeners: list[Any] = found["Listeners"] if found else []
    return next((listener["ListenerArn"] for listener in listeners if listener.get("Port") == port), None)


def create_rule(call: Call) -> str:
    given = call.inputs
    priority = given.get("priority") or _free_priority(call)
    made = client(call).create_rule(
        ListenerArn=given["listenerArn"],
        Priority=priority,
        Conditions=conditions(given["conditions"]),
        Actions=actions(given["actions"]),
        **tags(call),
    )
    return made["Rules"][0]["RuleArn"]


def _rules(call: Call) -> list[dict[str, Any]]:
    listener = call.inputs["listenerArn"]
    return unless_gone(GONE, lambda: client(call).describe_rules(ListenerArn=listener)["Rules"]) or []


def _free_priority(call: Call) -> int:
    return max((int(rule["Priority"]) for rule in _rules(call) if rule["Priority"].isdecimal()), default=0) + 1


def read_rule(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_rules(RuleArns=[call.id])["Rules"])
    return {"id": call.id, "arn": call.id, "priority": int(found[0]["Priority"])} if found else None


def update_rule(call: Call) -> None:
    given = call.inputs
    if call.changed("priority") and given.get("priority"):
        changes = [{"RuleArn": call.id, "Priority": given["priority"]}]
        client(call).set_rule_priorities(RulePriorities=changes)
    client(call).modify_rule(
        RuleArn=call.id, Conditions=conditions(given["conditions"]), Actions=actions(given["actions"])
    )
    retag(call)


def delete_rule(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_rule(RuleArn=call.id))


def find_rule(call: Call) -> str | None:
    """A listener has one rule for a priority."""
    wanted = str(call.inputs.get("priority"))
    return next((rule["RuleArn"] for rule in _rules(call) if rule["Priority"] == wanted), None)


def add_certificate(call: Call) -> str:
    listener, certificate = call.inputs["listenerArn"], call.inputs["certificateArn"]
    client(call).add_listener_certificates(ListenerArn=listener, Certificates=[{"CertificateArn": certificate}])
    return f"{listener}{_SEPARATOR}{certificate}"


def read_certificate(call: Call) -> Json | None:
    listener = call.inputs["listenerArn"]
    found: Any = unless_gone(GONE, lambda: client(call).describe_listener_certificates(ListenerArn=listener))
    arns = [entry["CertificateArn"] for entry in found["Certificates"]] if found else []
    return {"id": call.id} if call.inputs["certificateArn"] in arns else None


def remove_certificate(call: Call) -> None:
    certificates = [{"CertificateArn": call.inputs["certificateArn"]}]
    listener = call.inputs["listenerArn"]
    unless_gone(
        GONE, lambda: client(call).remove_listener_certificates(ListenerArn=listener, Certificates=certificates)
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
        delete_first=True,  # two rules cannot have one priority
        tagged=True,
    ),
    "aws:lb/listenerCertificate:ListenerCertificate": Provider(add_certificate, read_certificate, remove_certificate),
}
