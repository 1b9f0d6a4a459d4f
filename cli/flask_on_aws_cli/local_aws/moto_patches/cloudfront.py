"""CloudFront's policies and VPC origins, which moto lacks, and values that it invents in a distribution.

Nothing serves a distribution here; its record exists for the AWS provider to read back.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.cloudfront.exceptions import CloudFrontException
from moto.cloudfront.models import DefaultCacheBehaviour, Origin, ViewerCertificate
from moto.cloudfront.responses import CloudFrontResponse
from moto.cloudfront.urls import url_paths
from moto.core.responses import ActionResult, EmptyResult
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends

from ._patch import patch

# CloudFront creates this group:
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
_VPC_ORIGINS_GROUP = "CloudFront-VPCOrigins-Service-SG"
_API_VERSION = "2020-05-31"  # of CloudFront's API, in every path


@dataclass(frozen=True)
class _ResourceType:
    """A type of resource with the calls create, get, update, delete and list."""

    name: str
    path: str
    action: str
    plural: str
    config: str
    missing_code: str
    managed: Mapping[str, str]
    """AWS's managed resources: name → id."""

    def store(self, backend: Any) -> dict[str, dict[str, Any]]:
        attributes: dict[str, Any] = backend.__dict__
        key = f"local_{self.action}"
        if key not in attributes:
            ids = ((identifier, name) for name, identifier in self.managed.items())
            attributes[key] = {i: {"Id": i, "LastModifiedTime": 0, self.config: {"Name": name}} for i, name in ids}
        return attributes[key]

    def find(self, response: Any) -> dict[str, Any]:
        resource = self.store(response.backend).get(response._get_param("Id"))
        if resource is None:
            raise CloudFrontException(self.missing_code, f"The {self.name} does not exist.")
        return resource

    def result(self, item: Mapping[str, Any]) -> ActionResult:
        # One ETag is enough: only the provider changes the resource.
        return ActionResult({self.name: item, "ETag": "E1", "Location": f"/{_API_VERSION}/{self.path}/{item['Id']}"})


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# and the corresponding pages for the other two types of policies.
_RESOURCE_TYPES = (
    _ResourceType(
        "CachePolicy",
        "cache-policy",
        "cache_policy",
        "cache_policies",
        "CachePolicyConfig",
        "NoSuchCachePolicy",
        {
            "Managed-CachingDisabled": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
            "Managed-CachingOptimized": "658327ea-f89d-4fab-a63d-7e88639e58f6",
        },
    ),
    _ResourceType(
        "OriginRequestPolicy",
        "origin-request-policy",
        "origin_request_policy",
        "origin_request_policies",
        "OriginRequestPolicyConfig",
        "NoSuchOriginRequestPolicy",
        {
            "Managed-AllViewer": "216adef6-5c7f-47e4-b989-5492eafa07d3",
            "Managed-AllViewerExceptHostHeader": "b689b0a8-53d0-40ab-baf2-68738e2966ac",
            "Managed-CORS-S3Origin": "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf",
        },
    ),
    _ResourceType(
        "ResponseHeadersPolicy",
        "response-headers-policy",
        "response_headers_policy",
        "response_headers_policies",
        "ResponseHeadersPolicyConfig",
        "NoSuchResponseHeadersPolicy",
        {"Managed-SecurityHeadersPolicy": "67f7725c-6f97-4210-82d7-5512b31e9d03"},
    ),
    _ResourceType(
        "VpcOrigin", "vpc-origin", "vpc_origin", "vpc_origins", "VpcOriginEndpointConfig", "EntityNotFound", {}
    ),
)


def _patch_calls(resource_type: _ResourceType) -> None:
    """Add the five calls of a type of resource."""

    def create(_: Any, self: Any) -> ActionResult:
        if resource_type.name == "VpcOrigin":
            _ensure_security_group(self)
        identifier = str(uuid.uuid4())
        arn = f"arn:aws:cloudfront::{self.current_account}:{resource_type.path.replace('-', '')}/{identifier}"
        item = {"Id": identifier, "Arn": arn, "Status": "Deployed", "CreatedTime": 0, "LastModifiedTime": 0}
        resource_type.store(self.backend)[identifier] = {
            **item,
            resource_type.config: self._get_param(resource_type.config),
        }
        return resource_type.result(resource_type.store(self.backend)[identifier])

    def get(_: Any, self: Any) -> ActionResult:
        return resource_type.result(resource_type.find(self))

    def update(_: Any, self: Any) -> ActionResult:
        resource_type.find(self)[resource_type.config] = self._get_param(resource_type.config)
        return resource_type.result(resource_type.find(self))

    def delete(_: Any, self: Any) -> ActionResult:
        deleted = resource_type.store(self.backend).pop(resource_type.find(self)["Id"])
        return resource_type.result(deleted) if resource_type.name == "VpcOrigin" else EmptyResult()

    def list_all(_: Any, self: Any) -> ActionResult:
        managed_ids = resource_type.managed.values()
        stored = resource_type.store(self.backend).values()
        if resource_type.name == "VpcOrigin":
            items = [_summary(origin) for origin in stored]
        else:
            items = [
                {"Type": "managed" if policy["Id"] in managed_ids else "custom", resource_type.name: policy}
                for policy in stored
            ]
        return ActionResult({f"{resource_type.name}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

    calls: dict[str, Callable[..., ActionResult]] = {
        f"create_{resource_type.action}": create,
        f"get_{resource_type.action}": get,
        f"update_{resource_type.action}": update,
        f"delete_{resource_type.action}": delete,
        f"list_{resource_type.plural}": list_all,
    }
    for name, function in calls.items():
        patch(CloudFrontResponse, name, reason=f"moto lacks CloudFront's {name}.")(function)
    for suffix in ("$", "/(?P<id>[^/]+)$"):
        url_paths[f"{{0}}/{_API_VERSION}/{resource_type.path}{suffix}"] = CloudFrontResponse.dispatch


def _summary(origin: dict[str, Any]) -> dict[str, Any]:
    """A VPC origin as in the response of ListVpcOrigins."""
    config = origin["VpcOriginEndpointConfig"]
    summary = {key: value for key, value in origin.items() if key != "VpcOriginEndpointConfig"}
    return {**summary, "Name": config["Name"], "OriginEndpointArn": config["Arn"]}


def _ensure_security_group(response: Any) -> None:
    """Create CloudFront's own security group in the VPC of the origin's load balancer, unless it exists."""
    arn: str = response._get_param("VpcOriginEndpointConfig")["Arn"]
    account, region = response.current_account, arn.split(":")[3]
    balancers: dict[str, Any] = elbv2_backends[account][region].load_balancers
    if arn not in balancers:
        raise CloudFrontException("EntityNotFound", f"The load balancer {arn} does not exist.")
    vpc_id, ec2 = balancers[arn].vpc_id, ec2_backends[account][region]
    if ec2.get_security_group_from_name(_VPC_ORIGINS_GROUP, vpc_id) is None:
        ec2.create_security_group(_VPC_ORIGINS_GROUP, "CloudFront VPC origins", vpc_id)


def _behaviour(original: Any, self: Any, config: dict[str, Any]) -> None:
    """A cache behavior with a cache policy has no forwarded values, but moto invents some."""
    original(self, config)
    if not config.get("ForwardedValues"):
        self.forwarded_values = None


def _certificate(original: Any, self: Any, config: dict[str, Any]) -> None:
    """A distribution with a custom certificate does not use CloudFront's default, but moto always reports both."""
    original(self, config)
    self.iam_certificate_id = self.iam_certificate_id or None
    self.acm_certificate_arn = self.acm_certificate_arn or None
    self.cloud_front_default_certificate = not (self.iam_certificate_id or self.acm_certificate_arn)


def _origin(original: Any, self: Any, config: dict[str, Any]) -> None:
    """moto drops an origin's access control and VPC origin."""
    original(self, config)
    self.origin_access_control_id = config.get("OriginAccessControlId", "")
    if "VpcOriginConfig" in config:
        self.vpc_origin_config = config["VpcOriginConfig"]


def patch_cloudfront() -> None:
    """Apply these patches."""
    for resource_type in _RESOURCE_TYPES:
        _patch_calls(resource_type)
    patch(DefaultCacheBehaviour, "__init__")(_behaviour)
    patch(ViewerCertificate, "__init__")(_certificate)
    patch(Origin, "__init__")(_origin)
