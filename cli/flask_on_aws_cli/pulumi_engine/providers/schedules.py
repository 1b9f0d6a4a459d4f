"""EventBridge Scheduler: schedules and their groups."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing, pascal, present

_NOT_FOUND = ("ResourceNotFoundException",)


def _client(call: Call) -> Any:
    return call.aws.client("scheduler")


def create_group(call: Call) -> str:
    _client(call).create_schedule_group(Name=call.name, Tags=key_values(call.tags))
    return call.name


def read_group(call: Call) -> Json | None:
    group: Any = none_if_missing(_NOT_FOUND, lambda: _client(call).get_schedule_group(Name=call.id))
    return {"id": call.id, "name": call.id, "arn": group["Arn"]} if group else None


def update_group(call: Call) -> None:
    arn = call.aws.arn("scheduler", f"schedule-group/{call.id}")
    if call.removed_tags:
        _client(call).untag_resource(ResourceArn=arn, TagKeys=call.removed_tags)
    if call.tags:
        _client(call).tag_resource(ResourceArn=arn, Tags=key_values(call.tags))


def delete_group(call: Call) -> None:
    if read_group(call):
        _client(call).delete_schedule_group(Name=call.id)


def _settings(inputs: Json) -> dict[str, Any]:
    names = {
        "Description": "description",
        "ScheduleExpression": "scheduleExpression",
        "ScheduleExpressionTimezone": "scheduleExpressionTimezone",
        "State": "state",
        "KmsKeyArn": "kmsKeyArn",
    }
    return present(
        **{theirs: inputs.get(ours) for theirs, ours in names.items()},
        FlexibleTimeWindow=pascal(inputs["flexibleTimeWindow"]),
        Target=_target(inputs["target"]),
    )


def _target(target: Json) -> dict[str, Any]:
    """A target as the API writes it, which nests a task's network once more."""
    result = pascal(target)
    parameters: dict[str, Any] = result.get("EcsParameters", {})
    if "EnableEcsManagedTags" in parameters:
        parameters["EnableECSManagedTags"] = parameters.pop("EnableEcsManagedTags")
    if "NetworkConfiguration" in parameters:
        network = parameters["NetworkConfiguration"]
        network["AssignPublicIp"] = "ENABLED" if network.get("AssignPublicIp") else "DISABLED"
        parameters["NetworkConfiguration"] = {"awsvpcConfiguration": network}
    return result


def _place(call: Call) -> dict[str, str]:
    """The group and the name in a schedule's id."""
    group, _, name = call.id.partition("/")
    return {"GroupName": group, "Name": name}


def _id(call: Call) -> str:
    return f"{call.inputs.get('groupName') or 'default'}/{call.name}"


def create(call: Call) -> str:
    group, _, name = _id(call).partition("/")
    _client(call).create_schedule(Name=name, GroupName=group, **_settings(call.inputs))
    return _id(call)


def read(call: Call) -> Json | None:
    schedule: Any = none_if_missing(_NOT_FOUND, lambda: _client(call).get_schedule(**_place(call)))
    return {"id": call.id, "name": schedule["Name"], "arn": schedule["Arn"]} if schedule else None


def update(call: Call) -> None:
    _client(call).update_schedule(**_place(call), **_settings(call.inputs))


def delete(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_schedule(**_place(call)))


PROVIDERS: Mapping[str, Provider] = {
    "aws:scheduler/scheduleGroup:ScheduleGroup": Provider(
        create=create_group,
        read=read_group,
        update=update_group,
        delete=delete_group,
        find=find_by(name_of, read_group),
        replace_on=frozenset({"name"}),
        tagged=True,
    ),
    "aws:scheduler/schedule:Schedule": Provider(
        create=create,
        read=read,
        update=update,
        delete=delete,
        find=find_by(_id, read),
        replace_on=frozenset({"name", "groupName"}),
    ),
}
