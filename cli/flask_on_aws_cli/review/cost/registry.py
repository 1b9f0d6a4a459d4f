"""How each type of resource is priced: by a function, or not at all for a reason.

Every type that the library creates is in one of the tables; `test_cost_types.py` checks it.
"""

from collections.abc import Callable, Iterator, Mapping

from ..cost_model import Line
from .services import caches, compute, databases, edge, network, operations, storage
from .stack import Priced

Pricer = Callable[[Priced], Iterator[Line]]

PRICERS: Mapping[str, Pricer] = {
    "aws:acm/certificate:Certificate": operations.certificate,
    "aws:cloudfront/distribution:Distribution": edge.distribution,
    "aws:cloudfront/function:Function": edge.function,
    "aws:cloudwatch/dashboard:Dashboard": operations.dashboard,
    "aws:cloudwatch/logGroup:LogGroup": operations.log_group,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": operations.metric_filter,
    "aws:cloudwatch/metricAlarm:MetricAlarm": operations.alarm,
    "aws:docdb/cluster:Cluster": databases.docdb_cluster,
    "aws:docdb/clusterInstance:ClusterInstance": databases.docdb_instance,
    "aws:ec2/eip:Eip": network.address,
    "aws:ec2/natGateway:NatGateway": network.nat_gateway,
    "aws:ec2/vpcEndpoint:VpcEndpoint": network.endpoint,
    "aws:ecr/repository:Repository": storage.repository,
    "aws:ecs/cluster:Cluster": operations.cluster,
    "aws:ecs/service:Service": compute.service,
    "aws:elasticache/cluster:Cluster": caches.cluster,
    "aws:elasticache/replicationGroup:ReplicationGroup": caches.replication_group,
    "aws:elasticache/serverlessCache:ServerlessCache": caches.serverless,
    "aws:kms/key:Key": operations.key,
    "aws:kms/replicaKey:ReplicaKey": operations.key,
    "aws:lambda/function:Function": compute.function,
    "aws:lb/loadBalancer:LoadBalancer": network.load_balancer,
    "aws:lb/trustStore:TrustStore": network.trust_store,
    "aws:rds/cluster:Cluster": databases.cluster,
    "aws:rds/clusterInstance:ClusterInstance": databases.cluster_instance,
    "aws:rds/instance:Instance": databases.instance,
    "aws:route53/zone:Zone": edge.zone,
    "aws:s3/bucket:Bucket": storage.bucket,
    "aws:s3/bucketV2:BucketV2": storage.bucket,
    "aws:scheduler/schedule:Schedule": operations.schedule,
    "aws:secretsmanager/secret:Secret": operations.secret,
    "aws:sns/topic:Topic": operations.topic,
    "aws:sqs/queue:Queue": operations.queue,
    "aws:ssm/parameter:Parameter": operations.parameter,
    "aws:wafv2/ruleGroup:RuleGroup": edge.rule_group,
    "aws:wafv2/webAcl:WebAcl": edge.web_acl,
}
"""Type token → function that yields the lines of a resource."""

USAGE_ONLY = frozenset(
    {
        "aws:cloudfront/distribution:Distribution",
        "aws:cloudfront/function:Function",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:docdb/cluster:Cluster",
        "aws:ecr/repository:Repository",
        "aws:lambda/function:Function",
        "aws:rds/cluster:Cluster",
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketV2:BucketV2",
        "aws:scheduler/schedule:Schedule",
        "aws:sns/topic:Topic",
        "aws:sqs/queue:Queue",
    }
)
"""Types that cost nothing until they are used."""

_ACCESS = "Access control is free."
_NETWORK = "Parts of a VPC are free; NAT gateways, addresses and endpoints have their own prices."
_PART_OF_BALANCER = "The load balancer is billed."
_CONFIGURATION = "It configures another resource, which is billed."
_LOGS = "What it delivers is billed with the log group or bucket that it goes to."
_SCALING = "Application Auto Scaling is free; the tasks are billed with their service."

FREE: Mapping[str, str] = {
    "aws:acm/certificateValidation:CertificateValidation": "It waits, and is nothing on AWS.",
    "aws:appautoscaling/policy:Policy": "Its alarms, which AWS creates, cost 0.10 USD a metric and are not counted.",
    "aws:appautoscaling/scheduledAction:ScheduledAction": _SCALING,
    "aws:appautoscaling/target:Target": _SCALING,
    "aws:budgets/budget:Budget": "Budgets without actions are free.",
    "aws:cloudfront/cachePolicy:CachePolicy": _CONFIGURATION,
    "aws:cloudfront/keyGroup:KeyGroup": _CONFIGURATION,
    "aws:cloudfront/originAccessControl:OriginAccessControl": _CONFIGURATION,
    "aws:cloudfront/originRequestPolicy:OriginRequestPolicy": _CONFIGURATION,
    "aws:cloudfront/publicKey:PublicKey": _CONFIGURATION,
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": _CONFIGURATION,
    "aws:cloudfront/vpcOrigin:VpcOrigin": "VPC origins are free.",
    "aws:cloudwatch/eventRule:EventRule": "Events of AWS's own services are free.",
    "aws:cloudwatch/eventTarget:EventTarget": _CONFIGURATION,
    "aws:cloudwatch/logDelivery:LogDelivery": _LOGS,
    "aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination": _LOGS,
    "aws:cloudwatch/logDeliverySource:LogDeliverySource": _LOGS,
    "aws:cloudwatch/queryDefinition:QueryDefinition": "Saved queries are free; each GB that a query scans is billed.",
    "aws:docdb/clusterParameterGroup:ClusterParameterGroup": _CONFIGURATION,
    "aws:docdb/subnetGroup:SubnetGroup": _CONFIGURATION,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _NETWORK,
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway": _NETWORK,
    "aws:ec2/flowLog:FlowLog": _LOGS,
    "aws:ec2/internetGateway:InternetGateway": _NETWORK,
    "aws:ec2/route:Route": _NETWORK,
    "aws:ec2/routeTable:RouteTable": _NETWORK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": _NETWORK,
    "aws:ec2/securityGroup:SecurityGroup": _NETWORK,
    "aws:ec2/subnet:Subnet": _NETWORK,
    "aws:ec2/vpc:Vpc": _NETWORK,
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": _CONFIGURATION,
    "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": _CONFIGURATION,
    "aws:ecs/taskDefinition:TaskDefinition": "Tasks are billed with their service.",
    "aws:elasticache/parameterGroup:ParameterGroup": _CONFIGURATION,
    "aws:elasticache/subnetGroup:SubnetGroup": _CONFIGURATION,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": _ACCESS,
    "aws:iam/policy:Policy": _ACCESS,
    "aws:iam/role:Role": _ACCESS,
    "aws:iam/rolePolicy:RolePolicy": _ACCESS,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": _ACCESS,
    "aws:kms/alias:Alias": _CONFIGURATION,
    "aws:lb/listener:Listener": _PART_OF_BALANCER,
    "aws:lb/listenerCertificate:ListenerCertificate": _PART_OF_BALANCER,
    "aws:lb/listenerRule:ListenerRule": _PART_OF_BALANCER,
    "aws:lb/targetGroup:TargetGroup": _PART_OF_BALANCER,
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": _CONFIGURATION,
    "aws:rds/parameterGroup:ParameterGroup": _CONFIGURATION,
    "aws:rds/subnetGroup:SubnetGroup": _CONFIGURATION,
    "aws:route53/record:Record": "Records are free up to 10,000 in a zone.",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": _CONFIGURATION,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": _CONFIGURATION,
    "aws:s3/bucketLogging:BucketLogging": _LOGS,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": _CONFIGURATION,
    "aws:s3/bucketPolicy:BucketPolicy": _CONFIGURATION,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": _CONFIGURATION,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": _CONFIGURATION,
    "aws:s3/bucketVersioning:BucketVersioning": _CONFIGURATION,
    "aws:scheduler/scheduleGroup:ScheduleGroup": _CONFIGURATION,
    "aws:secretsmanager/secretRotation:SecretRotation": _CONFIGURATION,
    "aws:secretsmanager/secretVersion:SecretVersion": "The secret is billed.",
    "aws:sns/topicPolicy:TopicPolicy": _CONFIGURATION,
    "aws:sns/topicSubscription:TopicSubscription": "The topic is billed.",
    "aws:sqs/queuePolicy:QueuePolicy": _CONFIGURATION,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _NETWORK,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _NETWORK,
    "aws:wafv2/ipSet:IpSet": "IP sets are free; the rules that use them are billed.",
    "aws:wafv2/webAclAssociation:WebAclAssociation": _CONFIGURATION,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _LOGS,
}
"""Type token → why it costs nothing by itself."""

NOT_ON_AWS = ("pulumi:", "random:", "docker:", "docker-build:", "command:", "tls:", "std:", "time:", "null:")
"""Packages with resources that exist only in the program or on the machine."""
