"""Application Auto Scaling: scalable targets, scaling policies and scheduled actions."""

from collections.abc import Mapping
from typing import Any

from ..base import Call, Json, Provider, find_by, name_of, none_if_missing, pascal, present, update_with

_NOT_FOUND = ("ObjectNotFoundException",)


def _client(call: Call) -> Any:
    return call.aws.client("application-autoscaling")


def _target(call: Call) -> dict[str, Any]:
    """The arguments that identify a scalable target."""
    inputs = call.inputs
    return {
        "ServiceNamespace": inputs["serviceNamespace"],
        "ResourceId": inputs["resourceId"],
        "ScalableDimension": inputs["scalableDimension"],
    }


def register(call: Call) -> str:
    limits = {"MinCapacity": call.inputs["minCapacity"], "MaxCapacity": call.inputs["maxCapacity"]}
    role = present(RoleARN=call.inputs.get("roleArn"))
    _client(call).register_scalable_target(**_target(call), **limits, **role)
    return call.inputs["resourceId"]


def read_target(call: Call) -> Json | None:
    target = _target(call)
    targets = _client(call).describe_scalable_targets(
        ServiceNamespace=target["ServiceNamespace"],
        ResourceIds=[target["ResourceId"]],
        ScalableDimension=target["ScalableDimension"],
    )["ScalableTargets"]
    return {"id": call.id, **present(arn=targets[0].get("ScalableTargetARN"))} if targets else None


def deregister(call: Call) -> None:
    # moto answers the deletion of what is missing with ValidationException, as if an argument were invalid.
    if read_target(call) is None:
        return
    none_if_missing(_NOT_FOUND, lambda: _client(call).deregister_scalable_target(**_target(call)))


def put_policy(call: Call) -> str:
    inputs, name = call.inputs, call.id or call.name
    tracking = inputs.get("targetTrackingScalingPolicyConfiguration")
    _client(call).put_scaling_policy(
        PolicyName=name,
        PolicyType=inputs.get("policyType", "StepScaling"),
        **_target(call),
        **present(
            TargetTrackingScalingPolicyConfiguration=pascal(tracking),
            StepScalingPolicyConfiguration=pascal(inputs.get("stepScalingPolicyConfiguration")),
        ),
    )
    return name


def read_policy(call: Call) -> Json | None:
    target = _target(call)
    policies = _client(call).describe_scaling_policies(
        PolicyNames=[call.id], ServiceNamespace=target["ServiceNamespace"], ResourceId=target["ResourceId"]
    )["ScalingPolicies"]
    return {"id": call.id, "name": call.id, "arn": policies[0]["PolicyARN"]} if policies else None


def delete_policy(call: Call) -> None:
    if read_policy(call) is None:
        return
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_scaling_policy(PolicyName=call.id, **_target(call)))


def put_action(call: Call) -> str:
    inputs, name = call.inputs, call.id or call.name
    _client(call).put_scheduled_action(
        ScheduledActionName=name,
        Schedule=inputs["schedule"],
        ScalableTargetAction=pascal(inputs["scalableTargetAction"]),
        **_target(call),
        **present(Timezone=inputs.get("timezone"), StartTime=inputs.get("startTime"), EndTime=inputs.get("endTime")),
    )
    return name


def read_action(call: Call) -> Json | None:
    target = _target(call)
    actions = _client(call).describe_scheduled_actions(
        ScheduledActionNames=[call.id], ServiceNamespace=target["ServiceNamespace"], ResourceId=target["ResourceId"]
    )["ScheduledActions"]
    return {"id": call.id, "name": call.id, "arn": actions[0]["ScheduledActionARN"]} if actions else None


def delete_action(call: Call) -> None:
    if read_action(call) is None:
        return
    none_if_missing(
        _NOT_FOUND, lambda: _client(call).delete_scheduled_action(ScheduledActionName=call.id, **_target(call))
    )


_NAMES = frozenset({"resourceId", "scalableDimension", "serviceNamespace"})
PROVIDERS: Mapping[str, Provider] = {
    "aws:appautoscaling/target:Target": Provider(
        create=register,
        read=read_target,
        update=update_with(register),
        delete=deregister,
        replace_on=_NAMES,
    ),
    "aws:appautoscaling/policy:Policy": Provider(
        create=put_policy,
        read=read_policy,
        update=update_with(put_policy),
        delete=delete_policy,
        find=find_by(name_of, read_policy),
        replace_on=_NAMES | {"name", "policyType"},
    ),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Provider(
        create=put_action,
        read=read_action,
        update=update_with(put_action),
        delete=delete_action,
        find=find_by(name_of, read_action),
        replace_on=_NAMES | {"name"},
    ),
}
