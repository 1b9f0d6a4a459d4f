"""Converts the resources that a Pulumi program registers to Terraform JSON, for scanners that do not support Pulumi.

Pulumi's AWS provider is based on Terraform's, with other names: `origins` of a distribution is the block `origin`. An
ID or ARN of the mocks is converted to a reference to its resource.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi

from tests.unit.conftest import Recorder

TERRAFORM = {
    "aws:acm/certificate:Certificate": "aws_acm_certificate",
    "aws:acm/certificateValidation:CertificateValidation": "aws_acm_certificate_validation",
    "aws:appautoscaling/policy:Policy": "aws_appautoscaling_policy",
    "aws:appautoscaling/scheduledAction:ScheduledAction": "aws_appautoscaling_scheduled_action",
    "aws:appautoscaling/target:Target": "aws_appautoscaling_target",
    "aws:budgets/budget:Budget": "aws_budgets_budget",
    "aws:cloudfront/distribution:Distribution": "aws_cloudfront_distribution",
    "aws:cloudfront/function:Function": "aws_cloudfront_function",
    "aws:cloudfront/vpcOrigin:VpcOrigin": "aws_cloudfront_vpc_origin",
    "aws:cloudwatch/logDelivery:LogDelivery": "aws_cloudwatch_log_delivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": "aws_cloudwatch_log_delivery_destination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": "aws_cloudwatch_log_delivery_source",
    "aws:cloudwatch/logGroup:LogGroup": "aws_cloudwatch_log_group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "aws_cloudwatch_metric_alarm",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "aws_default_security_group",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": "aws_egress_only_internet_gateway",
    "aws:ec2/eip:Eip": "aws_eip",
    "aws:ec2/flowLog:FlowLog": "aws_flow_log",
    "aws:ec2/internetGateway:InternetGateway": "aws_internet_gateway",
    "aws:ec2/natGateway:NatGateway": "aws_nat_gateway",
    "aws:ec2/route:Route": "aws_route",
    "aws:ec2/routeTable:RouteTable": "aws_route_table",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "aws_route_table_association",
    "aws:ec2/securityGroup:SecurityGroup": "aws_security_group",
    "aws:ec2/subnet:Subnet": "aws_subnet",
    "aws:ec2/vpc:Vpc": "aws_vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "aws_vpc_endpoint",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": "aws_ecr_lifecycle_policy",
    "aws:ecr/repository:Repository": "aws_ecr_repository",
    "aws:ecs/cluster:Cluster": "aws_ecs_cluster",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": "aws_ecs_cluster_capacity_providers",
    "aws:ecs/service:Service": "aws_ecs_service",
    "aws:ecs/taskDefinition:TaskDefinition": "aws_ecs_task_definition",
    "aws:elasticache/parameterGroup:ParameterGroup": "aws_elasticache_parameter_group",
    "aws:elasticache/replicationGroup:ReplicationGroup": "aws_elasticache_replication_group",
    "aws:elasticache/subnetGroup:SubnetGroup": "aws_elasticache_subnet_group",
    "aws:iam/role:Role": "aws_iam_role",
    "aws:iam/rolePolicy:RolePolicy": "aws_iam_role_policy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": "aws_iam_role_policy_attachment",
    "aws:kms/key:Key": "aws_kms_key",
    "aws:lb/listener:Listener": "aws_lb_listener",
    "aws:lb/listenerCertificate:ListenerCertificate": "aws_lb_listener_certificate",
    "aws:lb/listenerRule:ListenerRule": "aws_lb_listener_rule",
    "aws:lb/loadBalancer:LoadBalancer": "aws_lb",
    "aws:lb/targetGroup:TargetGroup": "aws_lb_target_group",
    "aws:rds/cluster:Cluster": "aws_rds_cluster",
    "aws:rds/clusterInstance:ClusterInstance": "aws_rds_cluster_instance",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": "aws_rds_cluster_parameter_group",
    "aws:rds/instance:Instance": "aws_db_instance",
    "aws:rds/parameterGroup:ParameterGroup": "aws_db_parameter_group",
    "aws:rds/subnetGroup:SubnetGroup": "aws_db_subnet_group",
    "aws:route53/record:Record": "aws_route53_record",
    "aws:s3/bucket:Bucket": "aws_s3_bucket",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": "aws_s3_bucket_cors_configuration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "aws_s3_bucket_lifecycle_configuration",
    "aws:s3/bucketLogging:BucketLogging": "aws_s3_bucket_logging",
    "aws:s3/bucketPolicy:BucketPolicy": "aws_s3_bucket_policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": "aws_s3_bucket_public_access_block",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "aws_s3_bucket_server_side_encryption_configuration"
    ),
    "aws:s3/bucketVersioning:BucketVersioning": "aws_s3_bucket_versioning",
    "aws:secretsmanager/secret:Secret": "aws_secretsmanager_secret",
    "aws:secretsmanager/secretVersion:SecretVersion": "aws_secretsmanager_secret_version",
    "aws:sns/topic:Topic": "aws_sns_topic",
    "aws:sns/topicPolicy:TopicPolicy": "aws_sns_topic_policy",
    "aws:sns/topicSubscription:TopicSubscription": "aws_sns_topic_subscription",
    "aws:sqs/queue:Queue": "aws_sqs_queue",
    "aws:sqs/queuePolicy:QueuePolicy": "aws_sqs_queue_policy",
    "aws:ssm/parameter:Parameter": "aws_ssm_parameter",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "aws_vpc_security_group_egress_rule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "aws_vpc_security_group_ingress_rule",
    "aws:wafv2/ipSet:IpSet": "aws_wafv2_ip_set",
    "aws:wafv2/webAcl:WebAcl": "aws_wafv2_web_acl",
    "aws:wafv2/webAclAssociation:WebAclAssociation": "aws_wafv2_web_acl_association",
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": "aws_wafv2_web_acl_logging_configuration",
}
"""All types of AWS resources that the library registers."""

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
        if args.typ not in TERRAFORM:
            return resource_id, state
        attributes = _attributes(TERRAFORM[args.typ], label_of(args.name))
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
        KeyError: for a type that is not in `TERRAFORM`.
    """
    aws_resources = [resource for resource in resources if resource.custom and resource.typ.startswith("aws:")]
    references = _references(aws_resources)
    blocks: dict[str, dict[str, Any]] = {}
    for resource in aws_resources:
        block = _value(resource.inputs, references)
        assert blocks.setdefault(TERRAFORM[resource.typ], {}).setdefault(label_of(resource.name), block) is block
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
        kind, label = TERRAFORM[resource.typ], label_of(resource.name)
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
    return _ARGUMENTS.get(key) or re.sub(r"(?<!^)([A-Z])", lambda m: "_" + m[1].lower(), key)
