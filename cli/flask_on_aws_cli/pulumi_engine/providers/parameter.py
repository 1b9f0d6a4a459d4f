"""SSM parameters."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, find_by, key_values, name_of, none_if_missing, present, update_with

_NOT_FOUND = ("ParameterNotFound",)


def _client(call: Call) -> Any:
    return call.aws.client("ssm")


def put(call: Call) -> str:
    inputs = call.inputs
    _client(call).put_parameter(
        Name=call.name,
        Value=inputs.get("value", ""),
        Type=inputs["type"],
        Overwrite=True,
        **present(Description=inputs.get("description"), KeyId=inputs.get("keyId"), Tier=inputs.get("tier")),
    )
    # PutParameter does not accept tags together with Overwrite.
    if call.removed_tags:
        _client(call).remove_tags_from_resource(
            ResourceType="Parameter", ResourceId=call.name, TagKeys=call.removed_tags
        )
    if call.tags:
        _client(call).add_tags_to_resource(ResourceType="Parameter", ResourceId=call.name, Tags=key_values(call.tags))
    return call.name


def read(call: Call) -> Json | None:
    response: Any = none_if_missing(_NOT_FOUND, lambda: _client(call).get_parameter(Name=call.id, WithDecryption=True))
    if response is None:
        return None
    parameter = response["Parameter"]
    return {"id": call.id, "name": call.id, "arn": parameter.get("ARN"), "version": parameter["Version"]}


def delete(call: Call) -> None:
    none_if_missing(_NOT_FOUND, lambda: _client(call).delete_parameter(Name=call.id))


PROVIDERS: Mapping[str, Provider] = {
    "aws:ssm/parameter:Parameter": Provider(
        create=put,
        read=read,
        update=update_with(put),
        delete=delete,
        find=find_by(name_of, read),
        replace_on=frozenset({"name", "type"}),
        tagged=True,
        secret_outputs=frozenset({"value"}),
    ),
}
