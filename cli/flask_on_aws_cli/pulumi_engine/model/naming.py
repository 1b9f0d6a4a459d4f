"""Automatic physical names in the form of Pulumi's AWS provider: the logical name, a hyphen and seven hex digits."""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

from .graph import Resource

_SUFFIX_DIGITS = 7


class NamingRule(NamedTuple):
    """The property that holds a type's physical name, and the length that AWS allows."""

    property: str = "name"
    max_length: int = 255


# AWS's limits for names: 32 characters for load balancers and target groups (elbv2), 40 for caches, 60 for sources and
# destinations of log deliveries, 63 for databases and buckets, 64 for roles, functions, schedules and event rules,
# 80 for queues, 128 for role policies and web ACLs, 1,011 for parameters. The other types accept every name that is
# generated here.
NAMING_RULES: Mapping[str, NamingRule] = {
    "aws:appautoscaling/policy:Policy": NamingRule(),
    "aws:appautoscaling/scheduledAction:ScheduledAction": NamingRule(),
    "aws:cloudfront/function:Function": NamingRule(max_length=64),
    "aws:cloudwatch/eventRule:EventRule": NamingRule(max_length=64),
    "aws:cloudwatch/eventTarget:EventTarget": NamingRule("targetId", 64),
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": NamingRule(max_length=60),
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": NamingRule(max_length=60),
    "aws:cloudwatch/logGroup:LogGroup": NamingRule(),
    "aws:cloudwatch/metricAlarm:MetricAlarm": NamingRule(),
    "aws:ec2/securityGroup:SecurityGroup": NamingRule(),
    "aws:ecr/repository:Repository": NamingRule(),
    "aws:ecs/cluster:Cluster": NamingRule(),
    "aws:ecs/service:Service": NamingRule(),
    "aws:docdb/cluster:Cluster": NamingRule("clusterIdentifier", 63),
    "aws:docdb/clusterInstance:ClusterInstance": NamingRule("identifier", 63),
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup": NamingRule(),
    "aws:docdb/subnetGroup:SubnetGroup": NamingRule(),
    "aws:elasticache/parameterGroup:ParameterGroup": NamingRule(),
    "aws:elasticache/replicationGroup:ReplicationGroup": NamingRule("replicationGroupId", 40),
    "aws:elasticache/subnetGroup:SubnetGroup": NamingRule(),
    "aws:iam/policy:Policy": NamingRule(max_length=128),
    "aws:iam/role:Role": NamingRule(max_length=64),
    "aws:iam/rolePolicy:RolePolicy": NamingRule(max_length=128),
    "aws:lb/loadBalancer:LoadBalancer": NamingRule(max_length=32),
    "aws:lb/targetGroup:TargetGroup": NamingRule(max_length=32),
    "aws:rds/cluster:Cluster": NamingRule("clusterIdentifier", 63),
    "aws:rds/clusterInstance:ClusterInstance": NamingRule("identifier", 63),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": NamingRule(),
    "aws:rds/instance:Instance": NamingRule("identifier", 63),
    "aws:rds/parameterGroup:ParameterGroup": NamingRule(),
    "aws:rds/subnetGroup:SubnetGroup": NamingRule(),
    "aws:s3/bucket:Bucket": NamingRule("bucket", 63),
    "aws:scheduler/schedule:Schedule": NamingRule(max_length=64),
    "aws:scheduler/scheduleGroup:ScheduleGroup": NamingRule(max_length=64),
    "aws:secretsmanager/secret:Secret": NamingRule(),
    "aws:sns/topic:Topic": NamingRule(),
    "aws:sqs/queue:Queue": NamingRule(max_length=80),
    "aws:ssm/parameter:Parameter": NamingRule(max_length=1011),
    "aws:wafv2/ipSet:IpSet": NamingRule(max_length=128),
    "aws:wafv2/webAcl:WebAcl": NamingRule(max_length=128),
}


def preview(resource: Resource) -> dict[str, Any]:
    """The automatic name under its property, the same in every preview; empty if the program sets it or none exists."""
    rule = NAMING_RULES.get(resource.type)
    if rule is None or rule.property in resource.inputs:
        return {}
    digits = hashlib.sha256(resource.urn.encode()).hexdigest()[:_SUFFIX_DIGITS]
    return {rule.property: _fit(resource.name, digits, rule.max_length)}


def physical_name(resource: Resource) -> str:
    """The name to create a resource with: the program's, or a new one. It also tags resources without a name on AWS."""
    rule = NAMING_RULES.get(resource.type, NamingRule())
    explicit_name = resource.inputs.get(rule.property) if resource.type in NAMING_RULES else None
    if isinstance(explicit_name, str):
        return explicit_name
    return _fit(resource.name, secrets.token_hex((_SUFFIX_DIGITS + 1) // 2)[:_SUFFIX_DIGITS], rule.max_length)


def has_explicit_name(resource: Resource) -> bool:
    """Whether the program sets the physical name, which two resources cannot have at the same time."""
    rule = NAMING_RULES.get(resource.type)
    return rule is not None and isinstance(resource.inputs.get(rule.property), str)


def _fit(name: str, digits: str, max_length: int) -> str:
    allowed = re.sub(r"[^A-Za-z0-9._-]", "-", name)[: max_length - len(digits) - 1]
    return f"{allowed}-{digits}"
