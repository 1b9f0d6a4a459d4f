"""Subnet groups and parameter groups of databases."""

from collections.abc import Mapping

from ..base import Call, Json, Provider, find_by, key_values, name_of, present, unless_gone
from .rds import GONE, client, retag


def create_subnets(call: Call) -> str:
    client(call).create_db_subnet_group(
        DBSubnetGroupName=call.name,
        DBSubnetGroupDescription=call.inputs.get("description", "Managed by Pulumi"),
        SubnetIds=call.inputs["subnetIds"],
        Tags=key_values(call.tags),
    )
    return call.name


def read_subnets(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_db_subnet_groups(DBSubnetGroupName=call.id))
    return found and {"id": call.id, "name": call.id, "arn": call.aws.arn("rds", f"subgrp:{call.id}")}


def update_subnets(call: Call) -> None:
    if call.changed("subnetIds", "description"):
        client(call).modify_db_subnet_group(
            DBSubnetGroupName=call.id,
            SubnetIds=call.inputs["subnetIds"],
            **present(DBSubnetGroupDescription=call.inputs.get("description")),
        )
    retag(call, call.aws.arn("rds", f"subgrp:{call.id}"))


def delete_subnets(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_db_subnet_group(DBSubnetGroupName=call.id))


def create_parameters(call: Call) -> str:
    client(call).create_db_parameter_group(
        DBParameterGroupName=call.name,
        DBParameterGroupFamily=call.inputs["family"],
        Description=call.inputs.get("description", "Managed by Pulumi"),
        Tags=key_values(call.tags),
    )
    _set_parameters(call, call.name)
    return call.name


def _set_parameters(call: Call, group: str) -> None:
    wanted = {entry["name"]: entry for entry in call.inputs.get("parameters", [])}
    parameters = [
        {
            "ParameterName": name,
            "ParameterValue": str(entry["value"]),
            "ApplyMethod": entry.get("applyMethod", "immediate"),
        }
        for name, entry in wanted.items()
    ]
    for start in range(0, len(parameters), 20):  # ModifyDBParameterGroup's own limit
        batch = parameters[start : start + 20]
        client(call).modify_db_parameter_group(DBParameterGroupName=group, Parameters=batch)
    gone = [entry["name"] for entry in call.old.get("parameters", []) if entry["name"] not in wanted]
    if gone:
        reset = [{"ParameterName": name, "ApplyMethod": "immediate"} for name in gone]
        client(call).reset_db_parameter_group(DBParameterGroupName=group, Parameters=reset)


def read_parameters(call: Call) -> Json | None:
    found = unless_gone(GONE, lambda: client(call).describe_db_parameter_groups(DBParameterGroupName=call.id))
    return found and {"id": call.id, "name": call.id, "arn": call.aws.arn("rds", f"pg:{call.id}")}


def update_parameters(call: Call) -> None:
    if call.changed("parameters"):
        _set_parameters(call, call.id)
    retag(call, call.aws.arn("rds", f"pg:{call.id}"))


def delete_parameters(call: Call) -> None:
    unless_gone(GONE, lambda: client(call).delete_db_parameter_group(DBParameterGroupName=call.id))


PROVIDERS: Mapping[str, Provider] = {
    "aws:rds/subnetGroup:SubnetGroup": Provider(
        create=create_subnets,
        read=read_subnets,
        update=update_subnets,
        delete=delete_subnets,
        find=find_by(name_of, read_subnets),
        replace_on=frozenset({"name"}),
        tagged=True,
    ),
    "aws:rds/parameterGroup:ParameterGroup": Provider(
        create=create_parameters,
        read=read_parameters,
        update=update_parameters,
        delete=delete_parameters,
        find=find_by(name_of, read_parameters),
        replace_on=frozenset({"name", "family", "description"}),
        tagged=True,
    ),
}
