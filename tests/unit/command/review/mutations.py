"""Faults in a production stack, each a value that somebody could change to weaken it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

REMOVED = object()
"""Instead of a value: the property, or without a path the whole resource, is removed."""
# What the stacks have in addition to `environment: production`.
STACKS: Mapping[str, Mapping[str, Any]] = {
    "domain": {"domain": "app.example.com", "zone_id": "Z123", "alarm_email": "ops@example.com"},
    "services": {
        "domain": "app.example.com",
        "zone_id": "Z123",
        "cdn": True,
        "waf": "block",
        "queue": "sqs",
        "cache": "valkey",
        "cache_use": "queue",
        "workers": {"mail": "python -m mail"},
        "egress": "endpoints",
        "create_kms_key": True,
    },
    "cloudfront": {"cloudfront_origin": "public"},
    "aurora": {"database": "aurora-postgres"},
}


class Mutation(NamedTuple):
    """A value that is changed."""

    stack: str
    type: str
    """The end of the resource's type."""
    name: str
    """Logical name."""
    path: str
    """Keys and positions, also into JSON texts; empty for the resource itself."""
    value: Any

    @property
    def title(self) -> str:
        """As the test shows it."""
        end = "removed" if self.value is REMOVED else repr(self.value)
        return f"{self.stack}: {self.type} {self.name} {self.path} {end}"


def _rows(stack: str, kind: str, name: str, changes: Mapping[str, Any]) -> list[Mutation]:
    """A mutation for each path, or for each value of a tuple."""
    return [
        Mutation(stack, kind, name, path, value)
        for path, values in changes.items()
        for value in (values if isinstance(values, tuple) else (values,))
    ]


_ANYWHERE = "0.0.0.0/0"
_STATEMENT = "policy.Statement.0"
_ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Principal": "*"}
_PASS = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::123456789012:role/app"}
_GITHUB = {
    "Effect": "Allow",
    "Action": "sts:AssumeRoleWithWebIdentity",
    "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"},
}
_COUNT = {"Count": {}}

_DATABASE = [
    *_rows(
        "domain",
        "rds/instance:Instance",
        "app-db",
        {
            "storageEncrypted": (False, REMOVED),
            "publiclyAccessible": True,
            "backupRetentionPeriod": (0, 1, 3, REMOVED),
            "deletionProtection": (False, REMOVED),
            "skipFinalSnapshot": True,
            "multiAz": False,
            "autoMinorVersionUpgrade": False,
            "caCertIdentifier": "rds-ca-2019",
            "enabledCloudwatchLogsExports": ([], REMOVED),
            "iamDatabaseAuthenticationEnabled": False,
            "performanceInsightsEnabled": False,
            "monitoringInterval": 0,
            "copyTagsToSnapshot": False,
            "password": "hunter22hunter22",
            "username": "postgres",
            "parameterGroupName": REMOVED,
            "vpcSecurityGroupIds": REMOVED,
            "dbSubnetGroupName": REMOVED,
            "applyImmediately": True,
            "engineVersion": "11",
        },
    ),
    *_rows(
        "domain",
        "rds/parameterGroup:ParameterGroup",
        "app-db-parameters",
        {"parameters.0.value": "0", "parameters.1.value": "-1", "parameters": REMOVED},
    ),
    *_rows(
        "aurora",
        "rds/cluster:Cluster",
        "app-db",
        {
            "storageEncrypted": False,
            "backupRetentionPeriod": 1,
            "deletionProtection": False,
            "skipFinalSnapshot": True,
            "iamDatabaseAuthenticationEnabled": False,
            "enabledCloudwatchLogsExports": [],
            "copyTagsToSnapshot": False,
            "masterPassword": "hunter22hunter22",
        },
    ),
    *_rows(
        "aurora",
        "rds/clusterInstance:ClusterInstance",
        "app-db-instance-2",
        {"publiclyAccessible": True, "autoMinorVersionUpgrade": False, "monitoringInterval": 0, "": REMOVED},
    ),
    *_rows(
        "aurora",
        "rds/clusterParameterGroup:ClusterParameterGroup",
        "app-db-parameters",
        {"parameters.0.value": "0"},
    ),
]
_NETWORK = [
    *_rows(
        "domain",
        "SecurityGroupIngressRule",
        "app-db-from-tasks",
        {"cidrIpv4": (_ANYWHERE, "10.0.0.0/8"), "cidrIpv6": "::/0", "ipProtocol": "-1", "toPort": 65535},
    ),
    *_rows("domain", "SecurityGroupIngressRule", "app-web-from-load-balancer", {"cidrIpv4": _ANYWHERE, "toPort": 9999}),
    *_rows("domain", "SecurityGroupIngressRule", "app-alb-access-https-ipv4", {"fromPort": 22, "toPort": 8443}),
    *_rows("domain", "ec2/securityGroup:SecurityGroup", "app-db-access", {"description": REMOVED}),
    *_rows(
        "domain",
        "ec2/securityGroup:SecurityGroup",
        "app-web-tasks",
        {"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": [_ANYWHERE]}]},
    ),
    *_rows(
        "domain",
        "ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "app-network-default",
        {"ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}], "": REMOVED},
    ),
    *_rows("domain", "ec2/subnet:Subnet", "app-network-private-1", {"mapPublicIpOnLaunch": True}),
    *_rows("domain", "ec2/flowLog:FlowLog", "app-network-flow-log", {"trafficType": "REJECT", "": REMOVED}),
    *_rows(
        "domain",
        "ec2/routeTableAssociation:RouteTableAssociation",
        "app-network-private-1-association",
        {"routeTableId": "${RouteTable app-network-public-routes.id}"},
    ),
    *_rows("services", "ec2/vpcEndpoint:VpcEndpoint", "app-network-logs", {"securityGroupIds": REMOVED}),
]
_BALANCERS = [
    *_rows(
        "domain",
        "lb/loadBalancer:LoadBalancer",
        "app-alb",
        {
            "enableDeletionProtection": (False, REMOVED),
            "dropInvalidHeaderFields": (False, REMOVED),
            "desyncMitigationMode": "monitor",
            "accessLogs.enabled": False,
            "accessLogs": REMOVED,
        },
    ),
    *_rows(
        "domain",
        "lb/listener:Listener",
        "app-alb-https",
        {"protocol": "HTTP", "sslPolicy": ("ELBSecurityPolicy-2016-08", REMOVED), "certificateArn": REMOVED},
    ),
    *_rows(
        "domain",
        "lb/listener:Listener",
        "app-alb-http",
        {"defaultActions.0.type": "forward", "defaultActions.0.redirect.protocol": ("HTTP", REMOVED)},
    ),
    *_rows("domain", "lb/targetGroup:TargetGroup", "app-web", {"healthCheck": REMOVED}),
    *_rows("services", "lb/loadBalancer:LoadBalancer", "app-ilb", {"internal": False}),
    *_rows(
        "cloudfront",
        "cloudfront/distribution:Distribution",
        "app-cdn",
        {
            "defaultCacheBehavior.viewerProtocolPolicy": "allow-all",
            "defaultCacheBehavior.responseHeadersPolicyId": REMOVED,
            "origins.0.customOriginConfig.originSslProtocols": ["SSLv3"],
        },
    ),
    *_rows(
        "services",
        "cloudfront/distribution:Distribution",
        "app-cdn",
        {
            "viewerCertificate.minimumProtocolVersion": ("TLSv1", REMOVED),
            "viewerCertificate.sslSupportMethod": "vip",
            "webAclId": REMOVED,
            "enabled": False,
        },
    ),
    *_rows("services", "cloudwatch/logDelivery:LogDelivery", "app-cdn-access-logs", {"": REMOVED}),
    *_rows(
        "services",
        "wafv2/webAcl:WebAcl",
        "app-cdn-waf",
        {
            "ruleJson": "[]",
            "ruleJson.1.OverrideAction": _COUNT,
            "ruleJson.0.Action": _COUNT,
            "visibilityConfig.cloudwatchMetricsEnabled": False,
            "dataProtectionConfig": REMOVED,
        },
    ),
    *_rows(
        "services",
        "wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
        "app-cdn-waf-logs",
        {"redactedFields": ([], REMOVED), "": REMOVED},
    ),
]
_C = "containerDefinitions.0"
_CONTAINERS = [
    *_rows(
        "domain",
        "ecs/taskDefinition:TaskDefinition",
        "app-web",
        {
            f"{_C}.privileged": True,
            f"{_C}.readonlyRootFilesystem": (False, REMOVED),
            f"{_C}.user": "root",
            f"{_C}.linuxParameters.capabilities": {"add": ["SYS_PTRACE"]},
            f"{_C}.logConfiguration": REMOVED,
            f"{_C}.image": "example/app:latest",
            f"{_C}.environment.0": (
                {"name": "DATABASE_PASSWORD", "value": "hunter22"},
                {"name": "STRIPE", "value": "sk_live_51abcdefghijkl"},
                {"name": "REDIS_URL", "value": "redis://:hunter22@cache:6379/0"},
                {"name": "KEY_ID", "value": "AKIAIOSFODNN7EXAMPLE"},
                {"name": "API_TOKEN", "value": "abcdefghijkl"},
                {"name": "SECRET_KEY", "value": "0123456789abcdef"},
            ),
            "pidMode": "host",
            "ipcMode": "host",
            "networkMode": "bridge",
            "taskRoleArn": REMOVED,
            "volumes.0.hostPath": "/var/run",
        },
    ),
    *_rows(
        "services",
        "ecs/service:Service",
        "app-web",
        {
            "networkConfiguration.assignPublicIp": True,
            "enableExecuteCommand": True,
            "platformVersion": "1.3.0",
            "deploymentCircuitBreaker.rollback": False,
        },
    ),
    *_rows(
        "domain",
        "ecr/repository:Repository",
        "app-image",
        {
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration.scanOnPush": False,
            "forceDelete": True,
        },
    ),
    *_rows("domain", "ecr/lifecyclePolicy:LifecyclePolicy", "app-image-lifecycle", {"": REMOVED}),
]
_STORAGE = [
    *_rows(
        "domain",
        "s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "app-media-public-access",
        {
            "blockPublicAcls": False,
            "blockPublicPolicy": False,
            "ignorePublicAcls": False,
            "restrictPublicBuckets": (False, REMOVED),
            "": REMOVED,
        },
    ),
    *_rows(
        "domain",
        "s3/bucketPolicy:BucketPolicy",
        "app-media-tls",
        {
            "": REMOVED,
            _STATEMENT: _ALLOW,
            f"{_STATEMENT}.Effect": "Allow",
            f"{_STATEMENT}.Condition": {"Bool": {"aws:SecureTransport": "true"}},
        },
    ),
    *_rows(
        "domain", "s3/bucketPolicy:BucketPolicy", "app-alb-access-logs-delivery", {f"{_STATEMENT}.Condition": REMOVED}
    ),
    *_rows(
        "domain",
        "s3/bucketVersioning:BucketVersioning",
        "app-media-versioning",
        {
            "versioningConfiguration.status": "Suspended",
            "": REMOVED,
        },
    ),
    *_rows(
        "domain",
        "BucketServerSideEncryptionConfiguration",
        "app-media-encryption",
        {
            "rules.0.applyServerSideEncryptionByDefault.sseAlgorithm": "none",
            "": REMOVED,
        },
    ),
    *_rows(
        "domain", "s3/bucket:Bucket", "app-media", {"forceDestroy": True, "acl": ("public-read", "public-read-write")}
    ),
    *_rows("domain", "s3/bucketLogging:BucketLogging", "app-media-logging", {"": REMOVED}),
    *_rows(
        "domain",
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "app-media-lifecycle",
        {
            "rules.1.noncurrentVersionExpiration.noncurrentDays": 1,
            "rules.0.expiration": {"days": 1},
            "": REMOVED,
        },
    ),
    *_rows(
        "domain",
        "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "app-alb-access-logs-lifecycle",
        {
            "rules.0.expiration.days": 7,
        },
    ),
    *_rows(
        "domain",
        "s3/bucketCorsConfiguration:BucketCorsConfiguration",
        "app-media-cors",
        {
            "corsRules.0.allowedOrigins": (["*"], ["http://app.example.com"]),
        },
    ),
]
_SERVICES = [
    *_rows(
        "services",
        "elasticache/replicationGroup:ReplicationGroup",
        "app-cache",
        {
            "atRestEncryptionEnabled": False,
            "transitEncryptionEnabled": False,
            "transitEncryptionMode": "preferred",
            "authToken": (REMOVED, "hunter22hunter22"),
            "automaticFailoverEnabled": False,
            "snapshotRetentionLimit": 0,
            "subnetGroupName": REMOVED,
            "securityGroupIds": REMOVED,
        },
    ),
    *_rows("services", "sqs/queue:Queue", "app-queue", {"kmsMasterKeyId": REMOVED, "redrivePolicy": REMOVED}),
    *_rows(
        "services",
        "sqs/queuePolicy:QueuePolicy",
        "app-queue-tls",
        {
            "": REMOVED,
            f"{_STATEMENT}.Effect": "Allow",
            f"{_STATEMENT}.Condition": REMOVED,
        },
    ),
    *_rows("domain", "sns/topic:Topic", "app-alarms", {"kmsMasterKeyId": REMOVED}),
    *_rows(
        "domain",
        "sns/topicPolicy:TopicPolicy",
        "app-alarms-publish",
        {
            "policy.Statement.1": REMOVED,
            f"{_STATEMENT}.Condition": REMOVED,
            f"{_STATEMENT}.Principal": "*",
        },
    ),
    *_rows("domain", "sns/topicSubscription:TopicSubscription", "app-alarms-email", {"protocol": "http"}),
    *_rows("domain", "cloudwatch/logGroup:LogGroup", "app-web-logs", {"retentionInDays": (1, 30, REMOVED)}),
    *_rows("services", "cloudwatch/logGroup:LogGroup", "app-web-logs", {"kmsKeyId": REMOVED}),
    *_rows(
        "domain",
        "cloudwatch/metricAlarm:MetricAlarm",
        "app-alarms-app-errors",
        {
            "actionsEnabled": False,
            "alarmActions": ([], REMOVED),
        },
    ),
]
_KEYS = [
    *_rows(
        "services",
        "kms/key:Key",
        "app-kms-key",
        {
            "enableKeyRotation": (False, REMOVED),
            "isEnabled": False,
            "policy": REMOVED,
            f"{_STATEMENT}.Principal": ("*", {"AWS": "*"}),
            "policy.Statement.1.Condition": REMOVED,
            "bypassPolicyLockoutSafetyCheck": True,
        },
    ),
    *_rows(
        "services", "rds/instance:Instance", "app-db", {"kmsKeyId": REMOVED, "performanceInsightsKmsKeyId": REMOVED}
    ),
    *_rows("services", "secretsmanager/secret:Secret", "app-secret", {"kmsKeyId": REMOVED, "recoveryWindowInDays": 0}),
    *_rows("domain", "secretsmanager/secretVersion:SecretVersion", "app-secret-content", {"secretString": "{}"}),
    *_rows(
        "domain",
        "acm/certificate:Certificate",
        "app-certificate",
        {
            "domainName": "*.example.com",
            "validationMethod": "EMAIL",
            "keyAlgorithm": "RSA_1024",
            "options": {"certificateTransparencyLoggingPreference": "DISABLED"},
        },
    ),
]
_IAM = [
    *_rows(
        "domain",
        "iam/rolePolicy:RolePolicy",
        "app-web-task-media",
        {
            f"{_STATEMENT}.Action": (["*"], ["s3:*"], ["iam:PutRolePolicy"], ["iam:CreatePolicyVersion"]),
            f"{_STATEMENT}.Resource": ("*", "arn:aws:secretsmanager:us-east-1:123456789012:secret:*"),
            f"{_STATEMENT}.NotAction": ["s3:DeleteBucket"],
            f"{_STATEMENT}.NotResource": ["arn:aws:s3:::other"],
            _STATEMENT: (_PASS, {**_PASS, "Resource": "*"}),
        },
    ),
    *_rows("domain", "iam/rolePolicy:RolePolicy", "app-web-execution", {f"{_STATEMENT}.Resource": "*"}),
    *_rows(
        "domain",
        "iam/role:Role",
        "app-web-task",
        {
            "assumeRolePolicy.Statement.0.Principal": ("*", {"AWS": "*"}),
            "assumeRolePolicy.Statement.0.Condition": REMOVED,
            "assumeRolePolicy.Statement.0": (
                _GITHUB,
                {
                    **_GITHUB,
                    "Condition": {
                        "StringLike": {
                            "token.actions.githubusercontent.com:sub": "repo:*",
                            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                        }
                    },
                },
            ),
            "managedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        },
    ),
    *_rows(
        "domain",
        "iam/rolePolicyAttachment:RolePolicyAttachment",
        "app-db-monitoring-policy",
        {
            "policyArn": ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::aws:policy/IAMFullAccess"),
        },
    ),
]
MUTATIONS: Sequence[Mutation] = [
    *_DATABASE,
    *_NETWORK,
    *_BALANCERS,
    *_CONTAINERS,
    *_STORAGE,
    *_SERVICES,
    *_KEYS,
    *_IAM,
]
SURVIVORS: Mapping[str, str] = {
    "domain: rds/instance:Instance app-db applyImmediately True": (
        "a decision between a restart now and one in the maintenance window, which the review reports as an effect"
    ),
    "domain: rds/instance:Instance app-db engineVersion '11'": (
        "which versions have ended changes with the calendar, and AWS does not create databases with them"
    ),
    "domain: sns/topicPolicy:TopicPolicy app-alarms-publish policy.Statement.0.Principal '*'": (
        "the conditions aws:SourceAccount and aws:SourceArn stay, which only services that act for the account meet"
    ),
}
"""Mutations that the policy does not find, and why."""
