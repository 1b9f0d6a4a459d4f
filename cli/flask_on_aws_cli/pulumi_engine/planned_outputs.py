"""Outputs of resources that are planned and not created, derived from their names, for the rest of the program.

None of them exists on the local AWS. The outputs are the same in every run.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flask_on_aws.image.build_context import ContextError, content_hash

from .aws import DNS_SUFFIX, Aws
from .model import naming
from .model.errors import EngineError
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
    return {**common, **(type_outputs(resource, aws, root, common) if type_outputs else {})}


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


def _built_image(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    """docker-build's Image: the digest is computed from the build context, and nothing is built."""
    inputs = plain(resource.inputs)
    location, dockerfile = inputs.get("context", {}).get("location", "."), inputs.get("dockerfile", {})
    path = dockerfile.get("location", f"{location}/Dockerfile")
    settings = {key: inputs.get(key) for key in ("buildArgs", "platforms", "target", "noCache", "tags")}
    digest = _digest(resource, root, location, path, settings | {"inline": dockerfile.get("inline")})
    tags: list[str] = inputs.get("tags") or []
    reference = {"ref": f"{tags[0]}@{digest}"} if tags else {}
    return {"id": digest, "digest": digest, "contextHash": digest.partition(":")[2], **reference}


def _docker_image(resource: Resource, aws: Aws, root: Path, common: Mapping[str, Any]) -> dict[str, Any]:
    """docker's Image, in the same way."""
    inputs = plain(resource.inputs)
    build: dict[str, Any] = inputs.get("build") or {}
    name = inputs["imageName"]
    location = build.get("context", ".")
    dockerfile = build.get("dockerfile", f"{location}/Dockerfile")
    settings = {key: build.get(key) for key in ("args", "platform", "target")}
    digest = _digest(resource, root, location, dockerfile, settings)
    repository = name.rpartition(":")[0] if ":" in name.rpartition("/")[2] else name
    return {"id": digest, "baseImageName": name, "imageName": name, "repoDigest": f"{repository}@{digest}"}


def _digest(resource: Resource, root: Path, location: str, dockerfile: str, settings: Mapping[str, Any]) -> str:
    context, path = root / location, root / dockerfile
    if settings.get("inline") is not None:
        # The settings include the Dockerfile's text, so any file of the context can take the place of its file.
        path = next((file for file in sorted(context.iterdir()) if file.is_file()), path)
    try:
        return f"sha256:{content_hash(str(context), _relative(path, context), settings)}"
    except ContextError as error:
        raise EngineError(f"{resource.label} could not be planned: {error}") from error


def _relative(path: Path, folder: Path) -> str:
    resolved, base = path.resolve(), folder.resolve()
    return str(resolved.relative_to(base)) if resolved.is_relative_to(base) else str(resolved)


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
    "docker-build:index:Image": _built_image,
    "docker:index/image:Image": _docker_image,
}
