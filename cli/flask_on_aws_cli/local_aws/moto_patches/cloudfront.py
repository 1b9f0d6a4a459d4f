"""CloudFront's policies and VPC origins, which moto lacks, and what it makes up in a distribution.

Nothing serves a distribution here; its record is what the AWS provider reads back.
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

# CloudFront makes it: AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html
_ORIGINS_GROUP = "CloudFront-VPCOrigins-Service-SG"
_VERSION = "2020-05-31"  # of CloudFront's API, in every path


@dataclass(frozen=True)
class _Kind:
    """A kind of resource with the calls create, get, update, delete and list."""

    name: str
    path: str
    action: str
    plural: str
    config: str
    missing: str
    managed: Mapping[str, str]
    """AWS's own ones: name → id."""

    def store(self, backend: Any) -> dict[str, dict[str, Any]]:
        held: dict[str, Any] = backend.__dict__
        key = f"local_{self.action}"
        if key not in held:
            names = ((identifier, name) for name, identifier in self.managed.items())
            held[key] = {i: {"Id": i, "LastModifiedTime": 0, self.config: {"Name": name}} for i, name in names}
        return held[key]

    def find(self, response: Any) -> dict[str, Any]:
        found = self.store(response.backend).get(response._get_param("Id"))
        if found is None:
            raise CloudFrontException(self.missing, f"The {self.name} does not exist.")
        return found

    def answer(self, item: Mapping[str, Any]) -> ActionResult:
        # One version is enough: nobody changes a resource beside the provider.
        return ActionResult({self.name: item, "ETag": "E1", "Location": f"/{_VERSION}/{self.path}/{item['Id']}"})


# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html
# and its siblings for the other two kinds.
_KINDS = (
    _Kind(
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
    _Kind(
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
    _Kind(
        "ResponseHeadersPolicy",
        "response-headers-policy",
        "response_headers_policy",
        "response_headers_policies",
        "ResponseHeadersPolicyConfig",
        "NoSuchResponseHeadersPolicy",
        {"Managed-SecurityHeadersPolicy": "67f7725c-6f97-4210-82d7-5512b31e9d03"},
    ),
    _Kind("VpcOrigin", "vpc-origin", "vpc_origin", "vpc_origins", "VpcOriginEndpointConfig", "EntityNotFound", {}),
)


def _add(kind: _Kind) -> None:
    """Put the five calls of a kind in place."""

    def create(_: Any, self: Any) -> ActionResult:
        if kind.name == "VpcOrigin":
            _make_group(self)
        identifier = str(uuid.uuid4())
        arn = f"arn:aws:cloudfront::{self.current_account}:{kind.path.replace('-', '')}/{identifier}"
        item = {"Id": identifier, "Arn": arn, "Status": "Deployed", "CreatedTime": 0, "LastModifiedTime": 0}
        kind.store(self.backend)[identifier] = {**item, kind.config: self._get_param(kind.config)}
        return kind.answer(kind.store(self.backend)[identifier])

    def get(_: Any, self: Any) -> ActionResult:
        return kind.answer(kind.find(self))

    def update(_: Any, self: Any) -> ActionResult:
        kind.find(self)[kind.config] = self._get_param(kind.config)
        return kind.answer(kind.find(self))

    def delete(_: Any, self: Any) -> ActionResult:
        gone = kind.store(self.backend).pop(kind.find(self)["Id"])
        return kind.answer(gone) if kind.name == "VpcOrigin" else EmptyResult()

    def several(_: Any, self: Any) -> ActionResult:
        own = kind.managed.values()
        stored = kind.store(self.backend).values()
        if kind.name == "VpcOrigin":
            items = [_summary(one) for one in stored]
        else:
            items = [{"Type": "managed" if one["Id"] in own else "custom", kind.name: one} for one in stored]
        return ActionResult({f"{kind.name}List": {"MaxItems": 100, "Quantity": len(items), "Items": items}})

    calls: dict[str, Callable[..., ActionResult]] = {
        f"create_{kind.action}": create,
        f"get_{kind.action}": get,
        f"update_{kind.action}": update,
        f"delete_{kind.action}": delete,
        f"list_{kind.plural}": several,
    }
    for name, function in calls.items():
        patch(CloudFrontResponse, name, reason=f"moto lacks CloudFront's {name}.")(function)
    for end in ("$", "/(?P<id>[^/]+)$"):
        url_paths[f"{{0}}/{_VERSION}/{kind.path}{end}"] = CloudFrontResponse.dispatch


def _summary(origin: dict[str, Any]) -> dict[str, Any]:
    """A VPC origin as the list of them shows it."""
    config = origin["VpcOriginEndpointConfig"]
    shown = {key: value for key, value in origin.items() if key != "VpcOriginEndpointConfig"}
    return {**shown, "Name": config["Name"], "OriginEndpointArn": config["Arn"]}


def _make_group(response: Any) -> None:
    """CloudFront's own security group in the VPC of the origin's load balancer, where there is none yet."""
    arn: str = response._get_param("VpcOriginEndpointConfig")["Arn"]
    account, region = response.current_account, arn.split(":")[3]
    balancers: dict[str, Any] = elbv2_backends[account][region].load_balancers
    if arn not in balancers:
        raise CloudFrontException("EntityNotFound", f"The load balancer {arn} does not exist.")
    vpc_id, ec2 = balancers[arn].vpc_id, ec2_backends[account][region]
    if ec2.get_security_group_from_name(_ORIGINS_GROUP, vpc_id) is None:
        ec2.create_security_group(_ORIGINS_GROUP, "CloudFront VPC origins", vpc_id)


def _behaviour(original: Any, self: Any, config: dict[str, Any]) -> None:
    """A behaviour with a cache policy has no forwarded values; moto makes some up."""
    original(self, config)
    if not config.get("ForwardedValues"):
        self.forwarded_values = None


def _certificate(original: Any, self: Any, config: dict[str, Any]) -> None:
    """A distribution with its own certificate has no other source; moto always claims CloudFront's default as well."""
    original(self, config)
    self.iam_certificate_id = self.iam_certificate_id or None
    self.acm_certificate_arn = self.acm_certificate_arn or None
    self.cloud_front_default_certificate = not (self.iam_certificate_id or self.acm_certificate_arn)


def _origin(original: Any, self: Any, config: dict[str, Any]) -> None:
    """moto forgets an origin's access control and VPC origin."""
    original(self, config)
    self.origin_access_control_id = config.get("OriginAccessControlId", "")
    if "VpcOriginConfig" in config:
        self.vpc_origin_config = config["VpcOriginConfig"]


def patch_cloudfront() -> None:
    """Apply these patches."""
    for kind in _KINDS:
        _add(kind)
    patch(DefaultCacheBehaviour, "__init__")(_behaviour)
    patch(ViewerCertificate, "__init__")(_certificate)
    patch(Origin, "__init__")(_origin)
