"""CloudFront's VPC origins, as records: a local load balancer that one of them names is reached as by CloudFront."""

from collections.abc import Mapping
from typing import Any, cast

from ..base import Call, Json, Provider, key_values, pascal, unless_gone

_GONE = ("EntityNotFound", "NoSuchResource")


def _client(call: Call) -> Any:
    return call.aws.client("cloudfront")


def _config(call: Call) -> dict[str, Any]:
    given = cast(dict[str, Any], pascal(call.inputs["vpcOriginEndpointConfig"]))
    # The API's own spelling of two names.
    spelled = {"HttpPort": "HTTPPort", "HttpsPort": "HTTPSPort"}
    return {spelled.get(key, key): value for key, value in given.items()}


def create(call: Call) -> str:
    made = _client(call).create_vpc_origin(VpcOriginEndpointConfig=_config(call))["VpcOrigin"]
    _tag(call, made["Arn"])
    return made["Id"]


def update(call: Call) -> None:
    """Bring the tags from the old ones to the new ones."""
    arn = _client(call).get_vpc_origin(Id=call.id)["VpcOrigin"]["Arn"]
    gone = sorted(call.old.get("tagsAll", {}).keys() - call.tags.keys())
    if gone:
        _client(call).untag_resource(Resource=arn, TagKeys={"Items": gone})
    _tag(call, arn)


def _tag(call: Call, arn: str) -> None:
    if call.tags:
        _client(call).tag_resource(Resource=arn, Tags={"Items": key_values(call.tags)})


def read(call: Call) -> Json | None:
    found = unless_gone(_GONE, lambda: _client(call).get_vpc_origin(Id=call.id))
    if not found:
        return None
    return {"id": call.id, "arn": found["VpcOrigin"]["Arn"], "etag": found["ETag"]}


def delete(call: Call) -> None:
    found = unless_gone(_GONE, lambda: _client(call).get_vpc_origin(Id=call.id))
    if found:
        unless_gone(_GONE, lambda: _client(call).delete_vpc_origin(Id=call.id, IfMatch=found["ETag"]))


def find(call: Call) -> str | None:
    """By the load balancer, for which there is one."""
    items = _client(call).list_vpc_origins()["VpcOriginList"].get("Items", [])
    wanted = call.inputs["vpcOriginEndpointConfig"]["arn"]
    return next((item["Id"] for item in items if item["OriginEndpointArn"] == wanted), None)


PROVIDERS: Mapping[str, Provider] = {
    "aws:cloudfront/vpcOrigin:VpcOrigin": Provider(
        create=create, read=read, update=update, delete=delete, find=find, only_tags_change=True, tagged=True
    )
}
