"""What a change of a property in place does to the running system: AWS's own documentation as a table.

RDS: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html
Aurora: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Modifying.html
ECS: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service-parameters.html
ElastiCache: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from ..model import Effect


class When(Enum):
    """When AWS applies a change."""

    AT_ONCE = "at once"
    WITH_APPLY_IMMEDIATELY = "at once with applyImmediately, otherwise in the maintenance window"


class Rule(NamedTuple):
    """What a change of a property does while AWS applies it."""

    effect: Effect
    notice: str
    when: When = When.AT_ONCE


_WINDOW = When.WITH_APPLY_IMMEDIATELY
_DEPLOYMENT = Rule(Effect.RESTARTS_TASKS, "ECS replaces the tasks one after another; requests continue to be served.")
_ALIVE = "The database stays available."
_RDS: Mapping[str, Rule] = {
    "instanceClass": Rule(Effect.BRIEF_DOWNTIME, "The database restarts on another instance.", _WINDOW),
    "engineVersion": Rule(Effect.BRIEF_DOWNTIME, "The database restarts with another version.", _WINDOW),
    "dbSubnetGroupName": Rule(Effect.BRIEF_DOWNTIME, "The database moves to other subnets and restarts.", _WINDOW),
    "identifier": Rule(Effect.BRIEF_DOWNTIME, "The database gets another host name and restarts.", _WINDOW),
    "storageType": Rule(Effect.BRIEF_DOWNTIME, "The database may stop for minutes while its storage changes.", _WINDOW),
    "caCertIdentifier": Rule(Effect.BRIEF_DOWNTIME, "The database may restart with the other certificate.", _WINDOW),
    "licenseModel": Rule(Effect.BRIEF_DOWNTIME, "The database restarts.", _WINDOW),
    "port": Rule(Effect.BRIEF_DOWNTIME, "The database restarts at once and listens on another port."),
    "allocatedStorage": Rule(Effect.IN_PLACE, f"{_ALIVE} It may be slower while the storage grows.", _WINDOW),
    "iops": Rule(Effect.IN_PLACE, f"{_ALIVE} It may be slower meanwhile.", _WINDOW),
    "storageThroughput": Rule(Effect.IN_PLACE, f"{_ALIVE} It may be slower meanwhile.", _WINDOW),
    "multiAz": Rule(Effect.IN_PLACE, f"{_ALIVE} Writes may be slower while a standby is created.", _WINDOW),
    "iamDatabaseAuthenticationEnabled": Rule(Effect.IN_PLACE, _ALIVE, _WINDOW),
    "parameterGroupName": Rule(
        Effect.IN_PLACE, "The parameters that need a restart take effect at the next one, which RDS leaves to you."
    ),
    "password": Rule(Effect.IN_PLACE, "Connections with the old password stay open; new ones need the new password."),
    "publiclyAccessible": Rule(Effect.IN_PLACE, "The database gets or loses a public address."),
}
_CLUSTER: Mapping[str, Rule] = {
    "engineVersion": Rule(Effect.BRIEF_DOWNTIME, "All instances of the cluster restart with another version.", _WINDOW),
    "port": Rule(Effect.BRIEF_DOWNTIME, "All instances of the cluster restart and listen on another port."),
    "dbClusterParameterGroupName": Rule(
        Effect.IN_PLACE, "The parameters that need a restart take effect at the next one, which RDS leaves to you."
    ),
    "masterPassword": Rule(Effect.IN_PLACE, "Connections with the old password stay open; new ones need the new one."),
    "iamDatabaseAuthenticationEnabled": Rule(Effect.IN_PLACE, _ALIVE, _WINDOW),
    "serverlessv2ScalingConfiguration": Rule(Effect.IN_PLACE, "The cluster scales within the new limits."),
}
_CACHE: Mapping[str, Rule] = {
    "nodeType": Rule(
        Effect.BRIEF_DOWNTIME, "ElastiCache fails over to nodes of the other type; connections break once.", _WINDOW
    ),
    "engineVersion": Rule(
        Effect.BRIEF_DOWNTIME,
        "ElastiCache fails over to nodes with the other version; connections break once.",
        _WINDOW,
    ),
    "parameterGroupName": Rule(Effect.IN_PLACE, "The cache takes the parameters over while it runs.", _WINDOW),
    "numCacheClusters": Rule(Effect.IN_PLACE, "Replicas are added or removed while the cache is in use."),
    "multiAzEnabled": Rule(Effect.IN_PLACE, "The cache stays available."),
    "automaticFailoverEnabled": Rule(Effect.IN_PLACE, "The cache stays available."),
}
# What the documentation of UpdateService names as the reason for a new deployment.
_SERVICE: Mapping[str, Rule] = dict.fromkeys(
    (
        *("taskDefinition", "networkConfiguration", "loadBalancers", "serviceRegistries", "platformVersion"),
        *("capacityProviderStrategies", "serviceConnectConfiguration", "volumeConfiguration", "forceNewDeployment"),
        *("vpcLatticeConfigurations", "triggers"),
    ),
    _DEPLOYMENT,
)
_LISTENER = Rule(Effect.IN_PLACE, "New connections get it at once; open ones are kept.")
_CLOUDFRONT = Rule(Effect.IN_PLACE, "It takes some minutes until all edge locations of CloudFront have it.")

RULES: Mapping[str, Mapping[str, Rule]] = {
    "aws:rds/instance:Instance": _RDS,
    "aws:rds/cluster:Cluster": _CLUSTER,
    "aws:rds/clusterInstance:ClusterInstance": {
        "instanceClass": _RDS["instanceClass"],
        "caCertIdentifier": _RDS["caCertIdentifier"],
        "dbParameterGroupName": _RDS["parameterGroupName"],
    },
    "aws:docdb/cluster:Cluster": {
        "engineVersion": _CLUSTER["engineVersion"],
        "dbClusterParameterGroupName": _CLUSTER["dbClusterParameterGroupName"],
    },
    "aws:docdb/clusterInstance:ClusterInstance": {
        "instanceClass": _RDS["instanceClass"],
        "caCertIdentifier": _RDS["caCertIdentifier"],
    },
    "aws:elasticache/replicationGroup:ReplicationGroup": _CACHE,
    "aws:elasticache/cluster:Cluster": {name: _CACHE[name] for name in ("nodeType", "engineVersion")},
    "aws:ecs/service:Service": _SERVICE,
    "aws:lb/listener:Listener": {
        "port": Rule(Effect.BRIEF_DOWNTIME, "The load balancer stops listening on the old port."),
        "protocol": Rule(Effect.BRIEF_DOWNTIME, "The load balancer no longer speaks the old protocol on this port."),
        "certificateArn": _LISTENER,
        "sslPolicy": _LISTENER,
    },
    "aws:lb/loadBalancer:LoadBalancer": {
        "subnets": Rule(Effect.IN_PLACE, "The load balancer moves to other subnets, one zone after another."),
        "ipAddressType": Rule(Effect.IN_PLACE, "The load balancer's host name gets or loses IPv6 addresses."),
    },
    "aws:ec2/vpc:Vpc": {
        "assignGeneratedIpv6CidrBlock": Rule(
            Effect.IN_PLACE, "AWS adds an IPv6 block; it does not remove one that anything in the network uses."
        ),
    },
    "aws:ec2/subnet:Subnet": {
        "ipv6CidrBlock": Rule(Effect.IN_PLACE, "Tasks that start from then on have an IPv6 address too."),
    },
    "aws:lb/targetGroup:TargetGroup": {
        "healthCheck": Rule(
            Effect.IN_PLACE, "Running tasks are checked by the new rule at once; those that fail it are replaced."
        ),
    },
    "aws:route53/record:Record": dict.fromkeys(
        ("records", "aliases", "type", "ttl"),
        Rule(Effect.IN_PLACE, "Clients follow when their cached answer expires, after the TTL."),
    ),
    "aws:kms/key:Key": {
        "isEnabled": Rule(Effect.BRIEF_DOWNTIME, "What the key encrypts can or cannot be read from then on."),
    },
}
"""Type → property → rule. Other properties change in place, without a notice."""
ANY_PROPERTY: Mapping[str, Rule] = {"aws:cloudfront/distribution:Distribution": _CLOUDFRONT}
"""Type → the rule of each property that has none of its own."""
REVISIONS: Mapping[str, Rule] = {
    "aws:ecs/taskDefinition:TaskDefinition": Rule(
        Effect.RESTARTS_TASKS, "A new revision; ECS replaces the tasks one after another."
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Rule(
        Effect.IN_PLACE, "A new version of the secret; running tasks keep the old one."
    ),
    "aws:acm/certificateValidation:CertificateValidation": Rule(Effect.IN_PLACE, ""),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Rule(Effect.IN_PLACE, ""),
}
"""Types whose replacement is a new version of the same thing."""

REPLACED: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": "A new certificate is issued and validated before the old one is deleted.",
    "aws:cloudfront/distribution:Distribution": "The app gets another domain of CloudFront.",
    "aws:ec2/eip:Eip": "The address changes; allow lists elsewhere must have the new one.",
    "aws:ec2/natGateway:NatGateway": "Outgoing connections break, and new ones may come from another address.",
    "aws:ec2/subnet:Subnet": "Everything in the subnet is replaced.",
    "aws:ec2/vpc:Vpc": "Everything in the network is replaced.",
    "aws:ecs/service:Service": "All tasks stop, and the app is down until the new service has started.",
    "aws:elasticache/replicationGroup:ReplicationGroup": "The new cache starts empty and has another host name.",
    "aws:lb/loadBalancer:LoadBalancer": "The host name changes; the app is down until its DNS records follow.",
    "aws:lb/targetGroup:TargetGroup": "Requests fail until tasks are healthy in the new target group.",
    "aws:lb/listener:Listener": "The load balancer does not accept connections until the new listener exists.",
    "aws:route53/record:Record": "The old name stops resolving.",
    "aws:iam/role:Role": "The role has another ARN; policies elsewhere that name it must follow.",
    "aws:sns/topic:Topic": "The topic has another ARN, and its e-mail subscriptions must be confirmed again.",
    "aws:ec2/securityGroup:SecurityGroup": "Everything in the group moves to the new one.",
}
"""What a replacement means, by type."""
DELETED: Mapping[str, str] = {
    "aws:cloudfront/distribution:Distribution": "Its domain stops responding.",
    "aws:ec2/eip:Eip": "The address is given up; allow lists elsewhere that have it are outdated.",
    "aws:ec2/natGateway:NatGateway": "What used it has no way out until its routes follow.",
    "aws:ecs/service:Service": "Its tasks stop.",
    "aws:elasticache/replicationGroup:ReplicationGroup": "All entries of the cache are gone.",
    "aws:lb/listener:Listener": "The load balancer stops listening on its port.",
    "aws:lb/loadBalancer:LoadBalancer": "Its host name stops responding.",
    "aws:route53/record:Record": "The name stops resolving.",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "Nobody is alerted of it any more.",
    "aws:sns/topic:Topic": "Its subscribers get no more messages.",
}
"""What a deletion means, by type."""
