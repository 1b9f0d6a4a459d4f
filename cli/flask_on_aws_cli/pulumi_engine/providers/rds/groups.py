"""Database subnet groups and parameter groups."""

from collections.abc import Iterator, Mapping

from ..base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing, present
from .rds import NOT_FOUND, client, update_tags

_PARAMETERS_PER_REQUEST = 20  # the limit of ModifyDBParameterGroup and ModifyDBClusterParameterGroup


def create_subnets(call: Call) -> str:
    client(call).create_db_subnet_group(
        DBSubnetGroupName=call.name,
        DBSubnetGroupDescription=call.inputs.get("description", "Managed by Pulumi"),
        SubnetIds=call.inputs["subnetIds"],
        Tags=key_values(call.tags),
    )
    return call.name


def read_subnets(call: Call) -> Json | None:
    response = none_if_missing(NOT_FOUND, lambda: client(call).describe_db_subnet_groups(DBSubnetGroupName=call.id))
    return response and {"id": call.id, "name": call.id, "arn": call.aws.arn("rds", f"subgrp:{call.id}")}


def update_subnets(call: Call) -> None:
    if call.changed("subnetIds", "description"):
        client(call).modify_db_subnet_group(
            DBSubnetGroupName=call.id,
            SubnetIds=call.inputs["subnetIds"],
            **present(DBSubnetGroupDescription=call.inputs.get("description")),
        )
    update_tags(call, call.aws.arn("rds", f"subgrp:{call.id}"))


def delete_subnets(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_db_subnet_group(DBSubnetGroupName=call.id))


def create_parameters(call: Call) -> str:
    client(call).create_db_parameter_group(
        DBParameterGroupName=call.name,
        DBParameterGroupFamily=call.inputs["family"],
        Description=call.inputs.get("description", "Managed by Pulumi"),
        Tags=key_values(call.tags),
    )
    _set_parameters(call, call.name)
    return call.name


def parameter_batches(call: Call) -> Iterator[list[Json]]:
    """The parameters of a group, in as many parts as requests that set them."""
    entries = {entry["name"]: entry for entry in call.inputs.get("parameters", [])}
    parameters: list[Json] = [
        {
            "ParameterName": name,
            "ParameterValue": str(entry["value"]),
            "ApplyMethod": entry.get("applyMethod", "immediate"),
        }
        for name, entry in entries.items()
    ]
    for start in range(0, len(parameters), _PARAMETERS_PER_REQUEST):
        yield parameters[start : start + _PARAMETERS_PER_REQUEST]


def _set_parameters(call: Call, group: str) -> None:
    for batch in parameter_batches(call):
        client(call).modify_db_parameter_group(DBParameterGroupName=group, Parameters=batch)
    kept = {entry["name"] for entry in call.inputs.get("parameters", [])}
    removed = [entry["name"] for entry in call.old.get("parameters", []) if entry["name"] not in kept]
    if removed:
        resets = [{"ParameterName": name, "ApplyMethod": "immediate"} for name in removed]
        client(call).reset_db_parameter_group(DBParameterGroupName=group, Parameters=resets)


def read_parameters(call: Call) -> Json | None:
    response = none_if_missing(
        NOT_FOUND, lambda: client(call).describe_db_parameter_groups(DBParameterGroupName=call.id)
    )
    return response and {"id": call.id, "name": call.id, "arn": call.aws.arn("rds", f"pg:{call.id}")}


def update_parameters(call: Call) -> None:
    if call.changed("parameters"):
        _set_parameters(call, call.id)
    update_tags(call, call.aws.arn("rds", f"pg:{call.id}"))


def delete_parameters(call: Call) -> None:
    none_if_missing(NOT_FOUND, lambda: client(call).delete_db_parameter_group(DBParameterGroupName=call.id))


_SUBNETS = Provider(
    create=create_subnets,
    read=read_subnets,
    update=update_subnets,
    delete=delete_subnets,
    find=find_by(name_of, read_subnets),
    replace_on=frozenset({"name"}),
    tagged=True,
)
PROVIDERS: Mapping[str, Provider] = {
    "aws:rds/subnetGroup:SubnetGroup": _SUBNETS,
    "aws:docdb/subnetGroup:SubnetGroup": _SUBNETS,
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
