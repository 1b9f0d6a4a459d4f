"""Application Auto Scaling: what may be scaled, by which metrics, and when."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, again, find_by, name_of, pascal, present, unless_gone

_GONE = ("ObjectNotFoundException",)


def _client(call: Call) -> Any:
    return call.aws.client("application-autoscaling")


def _target(call: Call) -> dict[str, Any]:
    """What names a scalable target."""
    given = call.inputs
    return {
        "ServiceNamespace": given["serviceNamespace"],
        "ResourceId": given["resourceId"],
        "ScalableDimension": given["scalableDimension"],
    }


def register(call: Call) -> str:
    limits = {"MinCapacity": call.inputs["minCapacity"], "MaxCapacity": call.inputs["maxCapacity"]}
    role = present(RoleARN=call.inputs.get("roleArn"))
    _client(call).register_scalable_target(**_target(call), **limits, **role)
    return call.inputs["resourceId"]


def read_target(call: Call) -> Json | None:
    target = _target(call)
    found = _client(call).describe_scalable_targets(
        ServiceNamespace=target["ServiceNamespace"],
        ResourceIds=[target["ResourceId"]],
        ScalableDimension=target["ScalableDimension"],
    )["ScalableTargets"]
    return {"id": call.id, **present(arn=found[0].get("ScalableTargetARN"))} if found else None


def deregister(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).deregister_scalable_target(**_target(call)))


def put_policy(call: Call) -> str:
    given, name = call.inputs, call.id or call.name
    tracking = given.get("targetTrackingScalingPolicyConfiguration")
    _client(call).put_scaling_policy(
        PolicyName=name,
        PolicyType=given.get("policyType", "StepScaling"),
        **_target(call),
        **present(
            TargetTrackingScalingPolicyConfiguration=pascal(tracking),
            StepScalingPolicyConfiguration=pascal(given.get("stepScalingPolicyConfiguration")),
        ),
    )
    return name


def read_policy(call: Call) -> Json | None:
    target = _target(call)
    found = _client(call).describe_scaling_policies(
        PolicyNames=[call.id], ServiceNamespace=target["ServiceNamespace"], ResourceId=target["ResourceId"]
    )["ScalingPolicies"]
    return {"id": call.id, "name": call.id, "arn": found[0]["PolicyARN"]} if found else None


def delete_policy(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).delete_scaling_policy(PolicyName=call.id, **_target(call)))


def put_action(call: Call) -> str:
    given, name = call.inputs, call.id or call.name
    _client(call).put_scheduled_action(
        ScheduledActionName=name,
        Schedule=given["schedule"],
        ScalableTargetAction=pascal(given["scalableTargetAction"]),
        **_target(call),
        **present(Timezone=given.get("timezone"), StartTime=given.get("startTime"), EndTime=given.get("endTime")),
    )
    return name


def read_action(call: Call) -> Json | None:
    target = _target(call)
    found = _client(call).describe_scheduled_actions(
        ScheduledActionNames=[call.id], ServiceNamespace=target["ServiceNamespace"], ResourceId=target["ResourceId"]
    )["ScheduledActions"]
    return {"id": call.id, "name": call.id, "arn": found[0]["ScheduledActionARN"]} if found else None


def delete_action(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).delete_scheduled_action(ScheduledActionName=call.id, **_target(call)))


_NAMES = frozenset({"resourceId", "scalableDimension", "serviceNamespace"})
PROVIDERS: Mapping[str, Provider] = {
    "aws:appautoscaling/target:Target": Provider(
        create=register,
        read=read_target,
        update=again(register),
        delete=deregister,
        replace_on=_NAMES,
    ),
    "aws:appautoscaling/policy:Policy": Provider(
        create=put_policy,
        read=read_policy,
        update=again(put_policy),
        delete=delete_policy,
        find=find_by(name_of, read_policy),
        replace_on=_NAMES | {"name", "policyType"},
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Provider(
        create=put_action,
        read=read_action,
        update=again(put_action),
        delete=delete_action,
        find=find_by(name_of, read_action),
        replace_on=_NAMES | {"name"},
    ),
}
