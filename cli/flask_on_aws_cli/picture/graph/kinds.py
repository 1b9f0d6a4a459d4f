"""Which types of resources are nodes, and where each is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..model import Place

VPC, SUBNET = "ec2/vpc:Vpc", "ec2/subnet:Subnet"
SERVICE, TASK_DEFINITION = "ecs/service:Service", "ecs/taskDefinition:TaskDefinition"
NAT_GATEWAY, ENDPOINT = "ec2/natGateway:NatGateway", "ec2/vpcEndpoint:VpcEndpoint"
DISTRIBUTION, WEB_ACL = "cloudfront/distribution:Distribution", "wafv2/webAcl:WebAcl"
SCHEDULE = "scheduler/schedule:Schedule"
RECORD, LOG_GROUP = "route53/record:Record", "cloudwatch/logGroup:LogGroup"
ALARM, TOPIC = "cloudwatch/metricAlarm:MetricAlarm", "sns/topic:Topic"


@dataclass(frozen=True)
class Kind:
    """What the nodes of a type look like."""

    id: str
    """Decides the glyph."""
    label: str
    """The service in AWS's words."""
    place: Place
    """Where it is drawn; PRIVATE for what can also be in a public subnet."""
    rank: int
    """Its position among others, from the first."""
    shared: str = ""
    """The title of the one node that all resources of the type have; empty: one node for each."""


_VPC, _SERVICES = Place.PRIVATE, Place.SERVICES
KINDS: Mapping[str, Kind] = {
    DISTRIBUTION: Kind("edge", "CloudFront", Place.EDGE, 0),
    "apigatewayv2/api:Api": Kind("edge", "API Gateway", Place.EDGE, 1),
    WEB_ACL: Kind("shield", "AWS WAF", Place.EDGE, 2),
    RECORD: Kind("dns", "Route 53", Place.EDGE, 3, "Route 53"),
    "lb/loadBalancer:LoadBalancer": Kind("balancer", "Load balancer", _VPC, 0),
    "alb/loadBalancer:LoadBalancer": Kind("balancer", "Load balancer", _VPC, 0),
    SERVICE: Kind("tasks", "ECS service", _VPC, 1),
    "ec2/instance:Instance": Kind("server", "EC2 instance", _VPC, 2),
    "lambda/function:Function": Kind("function", "Lambda function", _SERVICES, 2),
    "elasticache/replicationGroup:ReplicationGroup": Kind("cache", "ElastiCache", _VPC, 3),
    "elasticache/cluster:Cluster": Kind("cache", "ElastiCache", _VPC, 3),
    "elasticache/serverlessCache:ServerlessCache": Kind("cache", "ElastiCache Serverless", _VPC, 3),
    "rds/instance:Instance": Kind("database", "RDS", _VPC, 4),
    "rds/cluster:Cluster": Kind("database", "Aurora", _VPC, 4),
    "docdb/cluster:Cluster": Kind("database", "DocumentDB", _VPC, 4),
    "efs/fileSystem:FileSystem": Kind("files", "EFS", _VPC, 5),
    NAT_GATEWAY: Kind("gateway", "NAT gateway", _VPC, 6),
    ENDPOINT: Kind("gateway", "VPC endpoints", _VPC, 7, "VPC endpoints"),
    SCHEDULE: Kind("clock", "Scheduled jobs", _SERVICES, 2, "Scheduled jobs"),
    "ecr/repository:Repository": Kind("image", "ECR", _SERVICES, 0, "ECR"),
    "secretsmanager/secret:Secret": Kind("key", "Secrets Manager", _SERVICES, 1, "Secrets Manager"),
    "ssm/parameter:Parameter": Kind("list", "Parameter Store", _SERVICES, 2, "Parameter Store"),
    "s3/bucket:Bucket": Kind("bucket", "S3 bucket", _SERVICES, 3),
    "s3/bucketV2:BucketV2": Kind("bucket", "S3 bucket", _SERVICES, 3),
    "sqs/queue:Queue": Kind("queue", "SQS queue", _SERVICES, 4),
    "dynamodb/table:Table": Kind("database", "DynamoDB table", _SERVICES, 5),
    "kms/key:Key": Kind("key", "KMS key", _SERVICES, 6),
    LOG_GROUP: Kind("list", "CloudWatch Logs", _SERVICES, 7, "CloudWatch Logs"),
    ALARM: Kind("bell", "CloudWatch alarms", _SERVICES, 8, "CloudWatch alarms"),
    TOPIC: Kind("mail", "SNS topic", _SERVICES, 9),
    "budgets/budget:Budget": Kind("list", "Budget", _SERVICES, 10),
}
"""The end of the type → kind."""
OTHER = Kind("other", "", _SERVICES, 11)
"""The kind of services that are not in `KINDS`: each service is one node."""

# Services with types that are drawn, or that only belong to what is drawn.
_DRAWN = {kind.partition("/")[0] for kind in KINDS} - {"lambda"}
_BELONG = {
    "acm",
    "acmpca",
    "appautoscaling",
    "autoscaling",
    "autoscalingplans",
    "cloudwatch",
    "iam",
    "index",
    "lb",
    "alb",
    "vpc",
}
NOT_DRAWN = frozenset(_DRAWN | _BELONG | {"lambda"})
"""Services whose other types are not nodes."""

OF_USERS = (
    TASK_DEFINITION,
    "ec2/securityGroup:SecurityGroup",
    "iam/role:Role",
    "iam/policy:Policy",
    "lb/targetGroup:TargetGroup",
    "alb/targetGroup:TargetGroup",
    "rds/parameterGroup:ParameterGroup",
    "rds/clusterParameterGroup:ClusterParameterGroup",
    "rds/subnetGroup:SubnetGroup",
    "elasticache/parameterGroup:ParameterGroup",
    "elasticache/subnetGroup:SubnetGroup",
    "docdb/subnetGroup:SubnetGroup",
    "docdb/clusterParameterGroup:ClusterParameterGroup",
    "acm/certificate:Certificate",
    "cloudfront/function:Function",
    "cloudfront/vpcOrigin:VpcOrigin",
    "cloudfront/originAccessControl:OriginAccessControl",
    "wafv2/ipSet:IpSet",
    "ec2/eip:Eip",
)
"""Types that belong to the nodes that refer to them."""

OWNERS: Mapping[str, tuple[str, ...]] = {
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("securityGroupId",),
    "vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("securityGroupId",),
    "ec2/securityGroupRule:SecurityGroupRule": ("securityGroupId",),
    "iam/rolePolicy:RolePolicy": ("role",),
    "iam/rolePolicyAttachment:RolePolicyAttachment": ("role",),
    "lb/listener:Listener": ("loadBalancerArn",),
    "lb/listenerRule:ListenerRule": ("listenerArn",),
    "lb/listenerCertificate:ListenerCertificate": ("listenerArn",),
    "s3/bucketLogging:BucketLogging": ("bucket",),
    "s3/bucketPolicy:BucketPolicy": ("bucket",),
    "sns/topicSubscription:TopicSubscription": ("topic",),
    "rds/clusterInstance:ClusterInstance": ("clusterIdentifier",),
    "docdb/clusterInstance:ClusterInstance": ("clusterIdentifier",),
    "wafv2/webAclAssociation:WebAclAssociation": ("webAclArn",),
    "ec2/flowLog:FlowLog": ("vpcId",),
    "appautoscaling/target:Target": ("resourceId",),
}
"""The inputs by which a resource belongs to another one; for other types, all of them."""


def kind_of(type_token: str) -> Kind | None:
    """The kind of a type, or None if it is not a node."""
    return KINDS.get(type_token.removeprefix("aws:"))
