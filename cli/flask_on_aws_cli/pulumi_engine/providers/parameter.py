"""SSM parameters."""

from collections.abc import Mapping
from typing import Any

from .base import Call, Json, Provider, again, find_by, key_values, name_of, present, unless_gone

_GONE = ("ParameterNotFound",)


def _client(call: Call) -> Any:
    return call.aws.client("ssm")


def put(call: Call) -> str:
    given = call.inputs
    _client(call).put_parameter(
        Name=call.name,
        Value=given.get("value", ""),
        Type=given["type"],
        Overwrite=True,
        **present(Description=given.get("description"), KeyId=given.get("keyId"), Tier=given.get("tier")),
    )
    # Tags cannot be given together with an overwrite.
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        _client(call).remove_tags_from_resource(ResourceType="Parameter", ResourceId=call.name, TagKeys=gone)
    if call.tags:
        _client(call).add_tags_to_resource(ResourceType="Parameter", ResourceId=call.name, Tags=key_values(call.tags))
    return call.name


def read(call: Call) -> Json | None:
    found: Any = unless_gone(_GONE, lambda: _client(call).get_parameter(Name=call.id, WithDecryption=True))
    if found is None:
        return None
    told = found["Parameter"]
    return {"id": call.id, "name": call.id, "arn": told.get("ARN"), "version": told["Version"]}


def delete(call: Call) -> None:
    unless_gone(_GONE, lambda: _client(call).delete_parameter(Name=call.id))


PROVIDERS: Mapping[str, Provider] = {
    "aws:ssm/parameter:Parameter": Provider(
        create=put,
        read=read,
        update=again(put),
        delete=delete,
        find=find_by(name_of, read),
        replace_on=frozenset({"name", "type"}),
        tagged=True,
        secret_outputs=frozenset({"value"}),
    ),
}
