"""CloudFront VPC origins, as records: the load balancer that one names receives requests as CloudFront sends them."""

from collections.abc import Mapping
from typing import Any, cast

from ..base import Call, Json, Provider, key_values, none_if_missing, pascal

_NOT_FOUND = ("EntityNotFound", "NoSuchResource")


def _client(call: Call) -> Any:
    return call.aws.client("cloudfront")


def _config(call: Call) -> dict[str, Any]:
    config = cast(dict[str, Any], pascal(call.inputs["vpcOriginEndpointConfig"]))
    # Two names that the API capitalizes differently.
    api_names = {"HttpPort": "HTTPPort", "HttpsPort": "HTTPSPort"}
    return {api_names.get(key, key): value for key, value in config.items()}


def create(call: Call) -> str:
    origin = _client(call).create_vpc_origin(VpcOriginEndpointConfig=_config(call))["VpcOrigin"]
    _tag(call, origin["Arn"])
    return origin["Id"]


def update(call: Call) -> None:
    """Remove the tags that the VPC origin no longer has, and set the others."""
    arn = _client(call).get_vpc_origin(Id=call.id)["VpcOrigin"]["Arn"]
    if call.removed_tags:
        _client(call).untag_resource(Resource=arn, TagKeys={"Items": call.removed_tags})
    _tag(call, arn)


def _tag(call: Call, arn: str) -> None:
    if call.tags:
        _client(call).tag_resource(Resource=arn, Tags={"Items": key_values(call.tags)})


def read(call: Call) -> Json | None:
    response = none_if_missing(_NOT_FOUND, lambda: _client(call).get_vpc_origin(Id=call.id))
    if not response:
        return None
    return {"id": call.id, "arn": response["VpcOrigin"]["Arn"], "etag": response["ETag"]}


def delete(call: Call) -> None:
    response = none_if_missing(_NOT_FOUND, lambda: _client(call).get_vpc_origin(Id=call.id))
    if response:
        none_if_missing(_NOT_FOUND, lambda: _client(call).delete_vpc_origin(Id=call.id, IfMatch=response["ETag"]))


def find(call: Call) -> str | None:
    """By the load balancer, which has only one VPC origin."""
    items = _client(call).list_vpc_origins()["VpcOriginList"].get("Items", [])
    balancer = call.inputs["vpcOriginEndpointConfig"]["arn"]
    return next((item["Id"] for item in items if item["OriginEndpointArn"] == balancer), None)


PROVIDERS: Mapping[str, Provider] = {
    "aws:cloudfront/vpcOrigin:VpcOrigin": Provider(
        create=create, read=read, update=update, delete=delete, find=find, only_tags_change=True, tagged=True
    )
}
