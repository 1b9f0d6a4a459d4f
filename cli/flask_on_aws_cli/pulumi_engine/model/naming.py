"""Automatic physical names, as Pulumi's AWS provider makes them: the logical name, a hyphen and seven hex digits."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from .graph import Resource

_SUFFIX_DIGITS = 7


class Naming(NamedTuple):
    """Which property is the physical name, and how long it may be."""

    property: str = "name"
    longest: int = 255


# AWS's limits for names: 32 of load balancers and target groups (elbv2), 63 of databases and buckets, 64 of roles,
# 128 of role policies, 1,011 of parameters; where none matters the type takes any name that this makes.
NAMINGS: Mapping[str, Naming] = {
    "aws:appautoscaling/policy:Policy": Naming(),
    "aws:appautoscaling/scheduledAction:ScheduledAction": Naming(),
    "aws:cloudwatch/logGroup:LogGroup": Naming(),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Naming(),
    "aws:ec2/securityGroup:SecurityGroup": Naming(),
    "aws:ecr/repository:Repository": Naming(),
    "aws:ecs/cluster:Cluster": Naming(),
    "aws:ecs/service:Service": Naming(),
    "aws:iam/policy:Policy": Naming(longest=128),
    "aws:iam/role:Role": Naming(longest=64),
    "aws:iam/rolePolicy:RolePolicy": Naming(longest=128),
    "aws:lb/loadBalancer:LoadBalancer": Naming(longest=32),
    "aws:lb/targetGroup:TargetGroup": Naming(longest=32),
    "aws:rds/instance:Instance": Naming("identifier", 63),
    "aws:rds/parameterGroup:ParameterGroup": Naming(),
    "aws:rds/subnetGroup:SubnetGroup": Naming(),
    "aws:s3/bucket:Bucket": Naming("bucket", 63),
    "aws:secretsmanager/secret:Secret": Naming(),
    "aws:sns/topic:Topic": Naming(),
    "aws:ssm/parameter:Parameter": Naming(longest=1011),
}


def preview(resource: Resource) -> dict[str, Any]:
    """The name that a resource of this type is going to have, if its program gives none; the same at every preview."""
    naming = NAMINGS.get(resource.type)
    if naming is None or naming.property in resource.inputs:
        return {}
    digits = hashlib.sha256(resource.urn.encode()).hexdigest()[:_SUFFIX_DIGITS]
    return {naming.property: _fit(resource.name, digits, naming.longest)}


def physical(resource: Resource) -> str:
    """The name to create a resource with: the program's own, or a fresh one. It also marks what has no name on AWS."""
    naming = NAMINGS.get(resource.type, Naming())
    given = resource.inputs.get(naming.property) if resource.type in NAMINGS else None
    if isinstance(given, str):
        return given
    return _fit(resource.name, secrets.token_hex((_SUFFIX_DIGITS + 1) // 2)[:_SUFFIX_DIGITS], naming.longest)


def is_fixed(resource: Resource) -> bool:
    """Whether the program itself gives the physical name, which two resources cannot have at once."""
    naming = NAMINGS.get(resource.type)
    return naming is not None and isinstance(resource.inputs.get(naming.property), str)


def _fit(name: str, digits: str, longest: int) -> str:
    allowed = re.sub(r"[^A-Za-z0-9._-]", "-", name)[: longest - len(digits) - 1]
    return f"{allowed}-{digits}"
