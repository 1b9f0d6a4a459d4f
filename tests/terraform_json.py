"""Converts the resources that a Pulumi program registers to Terraform JSON, for scanners that do not support Pulumi.

Pulumi's AWS provider is based on Terraform's, with other names: `origins` of a distribution is the block `origin`. An
ID or ARN of the mocks is converted to a reference to its resource.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from flask_on_aws_cli.review.effects.terraform_names import TERRAFORM_TYPES, snake_case

from tests.unit.conftest import Recorder

_DATA = {
    "aws:cloudfront/getCachePolicy:getCachePolicy": "aws_cloudfront_cache_policy",
    "aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy": "aws_cloudfront_origin_request_policy",
    "aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy": "aws_cloudfront_response_headers_policy",
}
"""All data sources whose IDs are used by a check."""

# Blocks whose name is singular in Terraform and plural in Pulumi, because there can be several.
_BLOCKS = {
    "actions": "action",
    "aliases": "alias",
    "authenticateOidcs": "authenticate_oidc",
    "capacityProviderStrategies": "capacity_provider_strategy",
    "conditions": "condition",
    "corsRules": "cors_rule",
    "costFilters": "cost_filter",
    "customHeaders": "custom_header",
    "defaultActions": "default_action",
    "defaultCapacityProviderStrategies": "default_capacity_provider_strategy",
    "encryptionConfigurations": "encryption_configuration",
    "loadBalancers": "load_balancer",
    "metricQueries": "metric_query",
    "notifications": "notification",
    "orderedCacheBehaviors": "ordered_cache_behavior",
    "origins": "origin",
    "parameters": "parameter",
    "queryStrings": "query_string",
    "rules": "rule",
    "settings": "setting",
    "stepAdjustments": "step_adjustment",
    "targetGroups": "target_group",
    "transitions": "transition",
    "volumes": "volume",
}
_ARGUMENTS = {"desyncMitigation": "desync_mitigation_mode"}
MAPS = {"dimensions", "tags", "variables"}
"""Arguments that are maps, whose keys are the user's own or AWS's; other mappings are blocks."""
_SECRET = pulumi.runtime.rpc._special_sig_key


class TerraformRecorder(Recorder):
    """Mocks whose IDs and ARNs contain the type and name of the resource."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, dict[str, Any]] = {}
        """Data sources by type and label, as in Terraform JSON."""

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        resource_id, state = super().new_resource(args)
        if args.typ not in TERRAFORM_TYPES:
            return resource_id, state
        attributes = _attributes(TERRAFORM_TYPES[args.typ], label_of(args.name))
        return attributes["id"], {**state, **attributes}

    def call(self, args: pulumi.runtime.MockCallArgs) -> dict[str, Any]:
        if args.token not in _DATA:
            return super().call(args)
        kind, label = _DATA[args.token], label_of(args.args["name"])
        self.data.setdefault(kind, {})[label] = {"name": args.args["name"]}
        return {"id": f"${{data.{kind}.{label}.id}}"}


def terraform_json(
    resources: Iterable[pulumi.runtime.MockResourceArgs], data: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A configuration in Terraform's JSON syntax with these resources and data sources of AWS; others are left out.

    Raises:
        KeyError: for a type that is not in `TERRAFORM_TYPES`.
    """
    aws_resources = [resource for resource in resources if resource.custom and resource.typ.startswith("aws:")]
    references = _references(aws_resources)
    blocks: dict[str, dict[str, Any]] = {}
    for resource in aws_resources:
        block = _value(resource.inputs, references)
        assert blocks.setdefault(TERRAFORM_TYPES[resource.typ], {}).setdefault(label_of(resource.name), block) is block
    return {"resource": blocks, "data": data}


def label_of(name: str) -> str:
    """The Terraform name of a resource with this logical name."""
    return re.sub(r"\W", "_", name)


def _attributes(kind: str, label: str) -> dict[str, str]:
    """The attributes of a resource that AWS generates and others refer to, by their Pulumi names."""
    attributes = {"id": f"{kind}..{label}", "arn": f"arn:aws:{kind}:us-east-1:123456789012:{label}"}
    if kind == "aws_lb":
        attributes["dnsName"] = f"{label}.elb.amazonaws.com"
    return attributes


def _references(resources: Iterable[pulumi.runtime.MockResourceArgs]) -> dict[str, str]:
    references: dict[str, str] = {}
    for resource in resources:
        kind, label = TERRAFORM_TYPES[resource.typ], label_of(resource.name)
        for attribute, value in _attributes(kind, label).items():
            references[value] = f"${{{kind}.{label}.{_name(attribute)}}}"
        if kind == "aws_s3_bucket":
            references[resource.name] = f"${{{kind}.{label}.id}}"
    return references


def _value(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        if _SECRET in value:
            return _value(value["value"], references)
        return {_name(key, item): _attribute(key, item, references) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_value(item, references) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # mocks receive every number as a float
    return references.get(value, value) if isinstance(value, str) else value


def _attribute(key: str, value: Any, references: Mapping[str, str]) -> Any:
    if key in MAPS and isinstance(value, Mapping):
        return {name: _value(item, references) for name, item in value.items()}
    return _value(value, references)


def _name(key: str, value: Any = None) -> str:
    if key in _BLOCKS and isinstance(value, list) and value and isinstance(value[0], Mapping):
        return _BLOCKS[key]
    return _ARGUMENTS.get(key) or snake_case(key)
