"""Outputs of resources that are planned and not created, derived from their names, for the rest of the program.

None of them exists on the local AWS. The outputs are the same in every run.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .aws import DNS_SUFFIX, Aws
from .image_outputs import image_outputs
from .model import naming
from .model.graph import Resource
from .model.values import plain

# Type → the prefix of its AWS ids, which 17 hexadecimal digits follow.
_ID_PREFIXES = {
    "aws:ec2/eip:Eip": "eipalloc-",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": "eigw-",
    "aws:ec2/flowLog:FlowLog": "fl-",
    "aws:ec2/internetGateway:InternetGateway": "igw-",
    "aws:ec2/natGateway:NatGateway": "nat-",
    "aws:ec2/route:Route": "r-rtb-",
    "aws:ec2/routeTable:RouteTable": "rtb-",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc-",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce-",
}
_ID_DIGITS = 17
# The same for every distribution: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
_CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2"


def outputs(resource: Resource, aws: Aws, root: Path) -> dict[str, Any]:
    """The id, the ARN and all other outputs of the type that are not inputs.

    Raises:
        EngineError: if an image's build context cannot be read.
    """
    type_outputs = _TYPE_OUTPUTS.get(resource.type)
    common = _common_outputs(resource, aws)
    specific = type_outputs(resource, aws, root, common) if type_outputs else image_outputs(resource, root)
    return {**common, **specific}


def _common_outputs(resource: Resource, aws: Aws) -> dict[str, Any]:
    digits = hashlib.sha256(resource.urn.encode()).hexdigest()
    names = naming.preview(resource)
    name = str(next(iter(names.values()), plain(resource.inputs.get("name", resource.name))))
    prefix = _ID_PREFIXES.get(resource.type)
    resource_id = f"{prefix}{digits[:_ID_DIGITS]}" if prefix else name
    parts = resource.type.split(":")
    service, kind = parts[1].partition("/")[::2] if "/" in parts[1] else (parts[0], parts[-1])
    return {"id": resource_id, "arn": aws.arn(service, f"{kind.lower()}/{resource_id}"), **names}


def _distribution(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    digits = hashlib.sha256(resource.urn.encode()).hexdigest()
    distribution_id = f"E{digits[:13].upper()}"  # 14 characters, like AWS's ids
    return {
        "id": distribution_id,
        "arn": f"arn:aws:cloudfront::{aws.account_id}:distribution/{distribution_id}",
        "domainName": f"d{digits[:13]}.cloudfront.net",
        "hostedZoneId": _CLOUDFRONT_ZONE,
    }


def _repository(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    name = plain(resource.inputs.get("name")) or common["name"]
    registry = f"{aws.account_id}.dkr.ecr.{aws.region}.{DNS_SUFFIX}"
    return {
        "id": name,
        "arn": aws.arn("ecr", f"repository/{name}"),
        "registryId": aws.account_id,
        "repositoryUrl": f"{registry}/{name}",
    }


def _key(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    digits = hashlib.sha256(resource.urn.encode()).hexdigest()
    key_id = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
    return {"id": key_id, "keyId": key_id, "arn": aws.arn("kms", f"key/{key_id}")}


def _record(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    return {"fqdn": plain(resource.inputs.get("name"))}


def _topic(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    arn = aws.arn("sns", str(plain(resource.inputs.get("name")) or common["name"]))
    return {"id": arn, "arn": arn}


_TYPE_OUTPUTS: Mapping[str, Callable[[Resource, Aws, Path, Mapping[str, Any]], dict[str, Any]]] = {
    "aws:cloudfront/distribution:Distribution": _distribution,
    "aws:ecr/repository:Repository": _repository,
    "aws:kms/key:Key": _key,
    "aws:route53/record:Record": _record,
    "aws:sns/topic:Topic": _topic,
}
