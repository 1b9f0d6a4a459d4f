"""Target groups of load balancers."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, none_if_missing, present
from .load_balancers import NOT_FOUND, attributes, client, tags, update_tags

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
_TARGET_GROUP_ATTRIBUTES = {
    "deregistrationDelay": "deregistration_delay.timeout_seconds",
    "loadBalancingAlgorithmType": "load_balancing.algorithm.type",
    "slowStart": "slow_start.duration_seconds",
}
_STICKINESS_ATTRIBUTES = {
    "enabled": "stickiness.enabled",
    "type": "stickiness.type",
    "cookieDuration": "stickiness.lb_cookie.duration_seconds",
}


def _health_check(inputs: Json) -> dict[str, Any]:
    check: dict[str, Any] = inputs.get("healthCheck") or {}
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
    inputs = call.inputs
    response = client(call).create_target_group(
        Name=call.name,
        **tags(call),
        **_health_check(inputs),
        **present(
            Protocol=inputs.get("protocol"),
            ProtocolVersion=inputs.get("protocolVersion"),
            Port=inputs.get("port"),
            VpcId=inputs.get("vpcId"),
            TargetType=inputs.get("targetType"),
        ),
    )
    arn = response["TargetGroups"][0]["TargetGroupArn"]
    _set_attributes(call, arn)
    return arn


def _set_attributes(call: Call, arn: str) -> None:
    stickiness = attributes(call.inputs.get("stickiness") or {}, _STICKINESS_ATTRIBUTES)
    changes = attributes(call.inputs, _TARGET_GROUP_ATTRIBUTES) + stickiness
    if changes:
        client(call).modify_target_group_attributes(TargetGroupArn=arn, Attributes=changes)


def read_group(call: Call) -> Json | None:
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_target_groups(TargetGroupArns=[call.id]))
    if not response or not response["TargetGroups"]:
        return None
    suffix, name = call.id.rpartition(":")[2], response["TargetGroups"][0]["TargetGroupName"]
    return {"id": call.id, "arn": call.id, "arnSuffix": suffix, "name": name}


def update_group(call: Call) -> None:
    if call.changed("healthCheck"):
        client(call).modify_target_group(TargetGroupArn=call.id, **_health_check(call.inputs))
    _set_attributes(call, call.id)
    update_tags(call)


def delete_group(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_target_group(TargetGroupArn=call.id))


def find_group(call: Call) -> str | None:
    groups = none_if_missing(NOT_FOUND, lambda: client(call).describe_target_groups(Names=[call.name])["TargetGroups"])
    return groups[0]["TargetGroupArn"] if groups else None


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
