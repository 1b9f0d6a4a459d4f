"""Target groups of load balancers."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, present, unless_gone
from .load_balancers import GONE, attributes, client, retag, tags

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "slowStart": "slow_start.duration_seconds",
}
_STICKINESS = {
    "enabled": "stickiness.enabled",
    "type": "stickiness.type",
    "cookieDuration": "stickiness.lb_cookie.duration_seconds",
}


def _health(given: Json) -> dict[str, Any]:
    check: dict[str, Any] = given.get("healthCheck") or {}
    return present(
        HealthCheckEnabled=check.get("enabled"),
        HealthCheckProtocol=check.get("protocol"),
        HealthCheckPort=check.get("port"),
        HealthCheckPath=check.get("path"),
        HealthCheckIntervalSeconds=check.get("interval"),
        HealthCheckTimeoutSeconds=check.get("timeout"),
        HealthyThresholdCount=check.get("healthyThreshold"),
        UnhealthyThresholdCount=check.get("unhealthyThreshold"),
        Matcher={"HttpCode": check["matcher"]} if check.get("matcher") else None,
    )


def create_group(call: Call) -> str:
    given = call.inputs
    made = client(call).create_target_group(
        Name=call.name,
        **tags(call),
        **_health(given),
        **present(
            Protocol=given.get("protocol"),
            ProtocolVersion=given.get("protocolVersion"),
            Port=given.get("port"),
            VpcId=given.get("vpcId"),
            TargetType=given.get("targetType"),
        ),
    )
    arn = made["TargetGroups"][0]["TargetGroupArn"]
    _set_group(call, arn)
    return arn


def _set_group(call: Call, arn: str) -> None:
    stickiness = attributes(call.inputs.get("stickiness") or {}, _STICKINESS)
    wanted = attributes(call.inputs, _GROUP_ATTRIBUTES) + stickiness
    if wanted:
        client(call).modify_target_group_attributes(TargetGroupArn=arn, Attributes=wanted)


def read_group(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_target_groups(TargetGroupArns=[call.id])["TargetGroups"])
    if not found:
        return None
    suffix = call.id.rpartition(":")[2]
    return {"id": call.id, "arn": call.id, "arnSuffix": suffix, "name": found[0]["TargetGroupName"]}


def update_group(call: Call) -> None:
    if call.changed("healthCheck"):
        client(call).modify_target_group(TargetGroupArn=call.id, **_health(call.inputs))
    _set_group(call, call.id)
    retag(call)


def delete_group(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_target_group(TargetGroupArn=call.id))


def find_group(call: Call) -> str | None:
    found = unless_gone(GONE, lambda: client(call).describe_target_groups(Names=[call.name])["TargetGroups"])
    return found[0]["TargetGroupArn"] if found else None


PROVIDERS: Mapping[str, Provider] = {
    "aws:lb/targetGroup:TargetGroup": Provider(
        create=create_group,
        read=read_group,
        update=update_group,
        delete=delete_group,
        find=find_group,
        replace_on=frozenset({"name", "port", "protocol", "protocolVersion", "targetType", "vpcId"}),
        tagged=True,
    ),
}
