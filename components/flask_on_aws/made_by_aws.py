"""What AWS creates outside a stack, and what happens to it when the stack is destroyed."""

from collections.abc import Sequence
from typing import NamedTuple


class MadeByAws(NamedTuple):
    """Something that AWS creates and that is not a resource of the stack."""

    by: str
    """Type of the resource for which AWS creates it."""
    what: str
    """What it is, with its name where it has one."""
    when: str
    """The settings with which it is created; empty: always."""
    after: str
    """What remains of it after `pulumi destroy`, and how to delete it."""


_ROLE = "stays: the account has one, which is free, and everything that uses the service shares it"
MADE_BY_AWS: Sequence[MadeByAws] = (
    MadeByAws("aws:ecs/cluster:Cluster", "service-linked role `AWSServiceRoleForECS`", "", _ROLE),
    MadeByAws(
        "aws:ecs/cluster:Cluster",
        "log group `/aws/ecs/containerinsights/<cluster>/performance`",
        "`containerInsights`",
        "stays: `aws logs delete-log-group`",
    ),
    MadeByAws(
        "aws:ecs/service:Service", "network interfaces of the tasks", "", "deleted with the tasks, within minutes"
    ),
    MadeByAws(
        "aws:ecs/taskDefinition:TaskDefinition",
        "revisions of earlier releases and of rollbacks",
        "",
        "stay as inactive revisions and cost nothing: `aws ecs delete-task-definitions`",
    ),
    MadeByAws(
        "aws:lb/loadBalancer:LoadBalancer", "service-linked role `AWSServiceRoleForElasticLoadBalancing`", "", _ROLE
    ),
    MadeByAws(
        "aws:lb/loadBalancer:LoadBalancer",
        "network interfaces with public addresses in the public subnets",
        "",
        "deleted with the load balancer, within minutes",
    ),
    MadeByAws(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "service-linked role `AWSServiceRoleForWAFV2Logging`",
        "`wafLogs`",
        _ROLE,
    ),
    MadeByAws(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "resource policy `AWSWAF-LOGS` of CloudWatch Logs",
        "`wafLogs`",
        "stays: the region has one for all web ACLs, which is free",
    ),
    MadeByAws(
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        "service-linked role `AWSServiceRoleForCloudFrontVPCOrigin`",
        "",
        _ROLE,
    ),
    MadeByAws(
        "aws:cloudfront/vpcOrigin:VpcOrigin",
        "network interfaces, and the VPC's security group `CloudFront-VPCOrigins-Service-SG`",
        "",
        "deleted with the VPC's last origin",
    ),
    MadeByAws(
        "aws:appautoscaling/target:Target",
        "service-linked role `AWSServiceRoleForApplicationAutoScaling_ECSService`",
        "",
        _ROLE,
    ),
    MadeByAws(
        "aws:appautoscaling/policy:Policy",
        "alarms `TargetTracking-service/<cluster>/<service>-…`",
        "",
        "deleted with the policy",
    ),
    MadeByAws("aws:rds/instance:Instance", "service-linked role `AWSServiceRoleForRDS`", "", _ROLE),
    MadeByAws(
        "aws:rds/instance:Instance",
        "automated backups and snapshots `rds:<identifier>-…`",
        "`databaseBackupDays` above 0",
        "deleted with the database",
    ),
    MadeByAws(
        "aws:rds/instance:Instance",
        "final snapshot `<name>-db-final-…`",
        "`keepData`",
        "stays, and is billed by its size: `aws rds delete-db-snapshot`",
    ),
    MadeByAws("aws:rds/instance:Instance", "statistics of Performance Insights", "", "deleted with the database"),
    MadeByAws(
        "aws:rds/instance:Instance",
        "log groups `/aws/rds/instance/<identifier>/postgresql` and `…/upgrade`, for MySQL and MariaDB `…/error` and `…/slowquery`, for SQL Server `…/agent` and `…/error`",
        "",
        "deleted with the stack, which creates or imports them; RDS may write its last lines to new ones without retention: "
        "`aws logs delete-log-group`",
    ),
    MadeByAws(
        "aws:rds/instance:Instance",
        "log group `RDSOSMetrics`",
        "`databaseMonitoringInterval` above 0",
        "stays: the region has one for all databases, which keeps its lines for 30 days",
    ),
    MadeByAws("aws:rds/instance:Instance", "network interface in the private subnets", "", "deleted with the database"),
    MadeByAws("aws:rds/cluster:Cluster", "service-linked role `AWSServiceRoleForRDS`", "", _ROLE),
    MadeByAws(
        "aws:rds/cluster:Cluster",
        "automated backups and snapshots `rds:<identifier>-…`",
        "`database: aurora-postgres` or `aurora-mysql`",
        "deleted with the database",
    ),
    MadeByAws(
        "aws:rds/cluster:Cluster",
        "final snapshot `<name>-db-final-…`",
        "`keepData`",
        "stays, and is billed by its size: `aws rds delete-db-cluster-snapshot`",
    ),
    MadeByAws(
        "aws:rds/cluster:Cluster",
        "log groups `/aws/rds/cluster/<identifier>/postgresql`, for Aurora MySQL `…/error` and `…/slowquery`",
        "",
        "deleted with the stack, which creates them; RDS may write its last lines to new ones without retention: "
        "`aws logs delete-log-group`",
    ),
    MadeByAws(
        "aws:rds/clusterInstance:ClusterInstance",
        "statistics of Performance Insights",
        "`databaseMinCapacity` of at least 2",
        "deleted with the database",
    ),
    MadeByAws(
        "aws:rds/clusterInstance:ClusterInstance",
        "log group `RDSOSMetrics`",
        "`databaseMonitoringInterval` above 0",
        "stays: the region has one for all databases, which keeps its lines for 30 days",
    ),
    MadeByAws(
        "aws:rds/clusterInstance:ClusterInstance",
        "network interface in the private subnets",
        "",
        "deleted with the database",
    ),
    MadeByAws("aws:docdb/cluster:Cluster", "service-linked role `AWSServiceRoleForRDS`", "", _ROLE),
    MadeByAws(
        "aws:docdb/cluster:Cluster",
        "automated backups and snapshots `rds:<identifier>-…`",
        "`database: documentdb`",
        "deleted with the database",
    ),
    MadeByAws(
        "aws:docdb/cluster:Cluster",
        "final snapshot `<name>-db-final-…`",
        "`keepData`",
        "stays, and is billed by its size: `aws docdb delete-db-cluster-snapshot`",
    ),
    MadeByAws(
        "aws:docdb/cluster:Cluster",
        "log groups `/aws/docdb/<identifier>/audit` and `…/profiler`",
        "",
        "deleted with the stack, which creates them; DocumentDB may write its last lines to new ones without retention: "
        "`aws logs delete-log-group`",
    ),
    MadeByAws(
        "aws:docdb/clusterInstance:ClusterInstance",
        "network interface in the private subnets",
        "",
        "deleted with the database",
    ),
    MadeByAws(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "service-linked role `AWSServiceRoleForElastiCache`",
        "",
        _ROLE,
    ),
    MadeByAws(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "automatic snapshots `automatic.<node>-…`",
        "`cacheSnapshotDays` above 0",
        "deleted with the cache",
    ),
    MadeByAws(
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "network interfaces in the private subnets",
        "",
        "deleted with the cache",
    ),
    MadeByAws(
        "aws:ec2/vpc:Vpc", "main route table, default network ACL, default security group", "", "deleted with the VPC"
    ),
    MadeByAws(
        "aws:ec2/vpcEndpoint:VpcEndpoint", "network interfaces", "`egress: endpoints`", "deleted with the endpoint"
    ),
    MadeByAws(
        "aws:secretsmanager/secret:Secret",
        "the deleted secret, which can be restored",
        "`deletionProtection` when it was created",
        "kept for 7 days, then deleted; only the app's secret",
    ),
    MadeByAws("aws:kms/key:Key", "the key, scheduled for deletion", "`alarms`", "kept for 7 days, then deleted"),
    MadeByAws(
        "aws:kms/key:Key",
        "the key of the app's data, scheduled for deletion",
        "`createKmsKey`",
        "kept for 30 days, then deleted; with `keepData` it stays in use, for the snapshot and the files: "
        "`aws kms schedule-key-deletion`",
    ),
    MadeByAws(
        "aws:s3/bucket:Bucket",
        "`ELBAccessLogTestFile` and the logs in the buckets for access logs",
        "`accessLogs`",
        "deleted with the bucket; with `deletionProtection` both stay",
    ),
    MadeByAws(
        "docker-build:index:Image",
        "images in the repository",
        "",
        "deleted with the repository; with `deletionProtection` neither can be deleted",
    ),
    MadeByAws(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "metrics of everything above",
        "",
        "kept for 15 months, free of charge; they cannot be deleted",
    ),
)
NOTHING: Sequence[str] = (
    "aws:acm/certificate:Certificate",
    "aws:acm/certificateValidation:CertificateValidation",
    "aws:budgets/budget:Budget",
    "aws:cloudfront/distribution:Distribution",
    "aws:cloudfront/function:Function",
    "aws:cloudfront/keyGroup:KeyGroup",
    "aws:cloudfront/originAccessControl:OriginAccessControl",
    "aws:cloudfront/publicKey:PublicKey",
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy",
    "aws:cloudwatch/eventRule:EventRule",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logDelivery:LogDelivery",
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination",
    "aws:cloudwatch/logDeliverySource:LogDeliverySource",
    "aws:cloudwatch/logGroup:LogGroup",
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup",
    "aws:docdb/subnetGroup:SubnetGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/flowLog:FlowLog",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/subnet:Subnet",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/repository:Repository",
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders",
    "aws:elasticache/parameterGroup:ParameterGroup",
    "aws:elasticache/subnetGroup:SubnetGroup",
    "aws:iam/role:Role",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:lb/listener:Listener",
    "aws:lb/listenerRule:ListenerRule",
    "aws:lb/targetGroup:TargetGroup",
    "aws:rds/clusterParameterGroup:ClusterParameterGroup",
    "aws:rds/parameterGroup:ParameterGroup",
    "aws:rds/subnetGroup:SubnetGroup",
    "aws:route53/record:Record",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:scheduler/schedule:Schedule",
    "aws:scheduler/scheduleGroup:ScheduleGroup",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sns/topic:Topic",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queue:Queue",
    "aws:sqs/queuePolicy:QueuePolicy",
    "aws:ssm/parameter:Parameter",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:wafv2/ipSet:IpSet",
    "aws:wafv2/webAcl:WebAcl",
    "aws:wafv2/webAclAssociation:WebAclAssociation",
    "pulumi:index:Stash",
    "pulumi:providers:aws",
    "random:index/randomId:RandomId",
    "random:index/randomPassword:RandomPassword",
)
"""Types of the stack's resources for which AWS creates nothing else."""
