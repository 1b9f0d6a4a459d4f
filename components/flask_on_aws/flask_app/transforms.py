"""The roles of a Flask app's resources, for functions that change them before Pulumi registers them.

Imported when there is such a function: the types of all resources take half a second.
"""

import functools
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, TypeVar

import pulumi
import pulumi_aws as aws
import pulumi_docker as docker
import pulumi_docker_build as docker_build
import pulumi_random as random

_Inputs = TypeVar("_Inputs")
Transform = Callable[[_Inputs, pulumi.ResourceOptions, str], None]
"""Changes a resource's inputs and options in place; the last argument is the resource's logical name."""


class FlaskAppTransform(TypedDict, total=False):
    """A function for each kind of child resource, by its role in the app.

    What a function changes is not checked: the app's arguments are what its checks and its guard against data loss see.
    Roles in the plural are those of several resources, which the logical name tells apart.
    """

    kms_key: Transform[aws.kms.KeyArgs]
    vpc: Transform[aws.ec2.VpcArgs]
    default_security_group: Transform[aws.ec2.DefaultSecurityGroupArgs]
    public_subnets: Transform[aws.ec2.SubnetArgs]
    private_subnets: Transform[aws.ec2.SubnetArgs]
    internet_gateway: Transform[aws.ec2.InternetGatewayArgs]
    egress_only_internet_gateway: Transform[aws.ec2.EgressOnlyInternetGatewayArgs]
    nat_gateways: Transform[aws.ec2.NatGatewayArgs]
    nat_addresses: Transform[aws.ec2.EipArgs]
    public_route_table: Transform[aws.ec2.RouteTableArgs]
    private_route_tables: Transform[aws.ec2.RouteTableArgs]
    routes: Transform[aws.ec2.RouteArgs]
    route_table_associations: Transform[aws.ec2.RouteTableAssociationArgs]
    vpc_endpoints: Transform[aws.ec2.VpcEndpointArgs]
    endpoint_security_group: Transform[aws.ec2.SecurityGroupArgs]
    endpoint_ingress_rule: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    flow_log: Transform[aws.ec2.FlowLogArgs]
    flow_log_group: Transform[aws.cloudwatch.LogGroupArgs]
    flow_log_role: Transform[aws.iam.RoleArgs]
    flow_log_policy: Transform[aws.iam.RolePolicyArgs]

    repository: Transform[aws.ecr.RepositoryArgs]
    repository_lifecycle: Transform[aws.ecr.LifecyclePolicyArgs]
    cache_repository: Transform[aws.ecr.RepositoryArgs]
    cache_lifecycle: Transform[aws.ecr.LifecyclePolicyArgs]
    image: Transform[docker_build.ImageArgs]
    docker_image: Transform[docker.ImageArgs]

    certificate: Transform[aws.acm.CertificateArgs]
    certificate_validation: Transform[aws.acm.CertificateValidationArgs]
    validation_records: Transform[aws.route53.RecordArgs]
    alias_records: Transform[aws.route53.RecordArgs]
    load_balancer: Transform[aws.lb.LoadBalancerArgs]
    load_balancer_security_group: Transform[aws.ec2.SecurityGroupArgs]
    load_balancer_ingress_rules: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    http_listener: Transform[aws.lb.ListenerArgs]
    https_listener: Transform[aws.lb.ListenerArgs]
    listener_certificate: Transform[aws.lb.ListenerCertificateArgs]
    listener_rules: Transform[aws.lb.ListenerRuleArgs]
    target_group: Transform[aws.lb.TargetGroupArgs]
    web_acls: Transform[aws.wafv2.WebAclArgs]
    web_acl_associations: Transform[aws.wafv2.WebAclAssociationArgs]
    web_acl_ip_sets: Transform[aws.wafv2.IpSetArgs]
    web_acl_log_groups: Transform[aws.cloudwatch.LogGroupArgs]
    web_acl_logging: Transform[aws.wafv2.WebAclLoggingConfigurationArgs]
    access_log_bucket: Transform[aws.s3.BucketArgs]
    access_log_bucket_policy: Transform[aws.s3.BucketPolicyArgs]
    access_log_lifecycle: Transform[aws.s3.BucketLifecycleConfigurationArgs]
    access_log_encryption: Transform[aws.s3.BucketServerSideEncryptionConfigurationInitArgs]
    access_log_public_access: Transform[aws.s3.BucketPublicAccessBlockArgs]
    distribution: Transform[aws.cloudfront.DistributionArgs]
    distribution_log_source: Transform[aws.cloudwatch.LogDeliverySourceArgs]
    distribution_log_destination: Transform[aws.cloudwatch.LogDeliveryDestinationArgs]
    distribution_log_delivery: Transform[aws.cloudwatch.LogDeliveryArgs]
    media_distribution: Transform[aws.cloudfront.DistributionArgs]
    media_access_control: Transform[aws.cloudfront.OriginAccessControlArgs]
    media_headers_policy: Transform[aws.cloudfront.ResponseHeadersPolicyArgs]
    media_public_keys: Transform[aws.cloudfront.PublicKeyArgs]
    media_key_group: Transform[aws.cloudfront.KeyGroupArgs]
    basic_auth_function: Transform[aws.cloudfront.FunctionArgs]
    basic_auth_password: Transform[random.RandomPasswordArgs]
    basic_auth_salt: Transform[random.RandomIdArgs]
    vpc_origin: Transform[aws.cloudfront.VpcOriginArgs]
    vpc_origin_ingress_rule: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    origin_secret: Transform[random.RandomPasswordArgs]

    bucket: Transform[aws.s3.BucketArgs]
    bucket_policy: Transform[aws.s3.BucketPolicyArgs]
    bucket_cors: Transform[aws.s3.BucketCorsConfigurationArgs]
    bucket_lifecycle: Transform[aws.s3.BucketLifecycleConfigurationArgs]
    bucket_encryption: Transform[aws.s3.BucketServerSideEncryptionConfigurationInitArgs]
    bucket_public_access: Transform[aws.s3.BucketPublicAccessBlockArgs]
    bucket_versioning: Transform[aws.s3.BucketVersioningInitArgs]
    bucket_logging: Transform[aws.s3.BucketLoggingInitArgs]

    queue: Transform[aws.sqs.QueueArgs]
    dead_letter_queue: Transform[aws.sqs.QueueArgs]
    queue_policies: Transform[aws.sqs.QueuePolicyArgs]

    cache: Transform[aws.elasticache.ReplicationGroupArgs]
    cache_parameters: Transform[aws.elasticache.ParameterGroupArgs]
    cache_subnets: Transform[aws.elasticache.SubnetGroupArgs]
    cache_security_group: Transform[aws.ec2.SecurityGroupArgs]
    cache_ingress_rules: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    cache_id: Transform[random.RandomIdArgs]
    cache_token: Transform[random.RandomPasswordArgs]
    cache_secret: Transform[aws.secretsmanager.SecretArgs]
    cache_secret_version: Transform[aws.secretsmanager.SecretVersionArgs]

    database: Transform[aws.rds.InstanceArgs]
    database_parameters: Transform[aws.rds.ParameterGroupArgs]
    database_cluster: Transform[aws.rds.ClusterArgs]
    database_cluster_instances: Transform[aws.rds.ClusterInstanceArgs]
    database_cluster_parameters: Transform[aws.rds.ClusterParameterGroupArgs]
    database_subnets: Transform[aws.rds.SubnetGroupArgs]
    documentdb_cluster: Transform[aws.docdb.ClusterArgs]
    documentdb_instances: Transform[aws.docdb.ClusterInstanceArgs]
    documentdb_parameters: Transform[aws.docdb.ClusterParameterGroupArgs]
    documentdb_subnets: Transform[aws.docdb.SubnetGroupArgs]
    database_security_group: Transform[aws.ec2.SecurityGroupArgs]
    database_ingress_rules: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    database_log_groups: Transform[aws.cloudwatch.LogGroupArgs]
    database_monitoring_role: Transform[aws.iam.RoleArgs]
    database_monitoring_policy: Transform[aws.iam.RolePolicyAttachmentArgs]
    database_password: Transform[random.RandomPasswordArgs]
    database_salt: Transform[random.RandomPasswordArgs]
    database_names: Transform[random.RandomIdArgs]
    database_secret: Transform[aws.secretsmanager.SecretArgs]
    database_secret_version: Transform[aws.secretsmanager.SecretVersionArgs]

    secret_key: Transform[random.RandomPasswordArgs]
    secret: Transform[aws.secretsmanager.SecretArgs]
    secret_version: Transform[aws.secretsmanager.SecretVersionArgs]

    cluster: Transform[aws.ecs.ClusterArgs]
    cluster_capacity: Transform[aws.ecs.ClusterCapacityProvidersArgs]
    service: Transform[aws.ecs.ServiceArgs]
    task_definition: Transform[aws.ecs.TaskDefinitionArgs]
    worker_services: Transform[aws.ecs.ServiceArgs]
    worker_task_definitions: Transform[aws.ecs.TaskDefinitionArgs]
    job_task_definitions: Transform[aws.ecs.TaskDefinitionArgs]
    job_schedules: Transform[aws.scheduler.ScheduleArgs]
    job_schedule_group: Transform[aws.scheduler.ScheduleGroupArgs]
    job_schedule_role: Transform[aws.iam.RoleArgs]
    job_schedule_policy: Transform[aws.iam.RolePolicyArgs]
    job_dead_letter_queue: Transform[aws.sqs.QueueArgs]
    job_failure_rule: Transform[aws.cloudwatch.EventRuleArgs]
    job_failure_target: Transform[aws.cloudwatch.EventTargetArgs]
    execution_role: Transform[aws.iam.RoleArgs]
    execution_policy: Transform[aws.iam.RolePolicyArgs]
    task_role: Transform[aws.iam.RoleArgs]
    task_policies: Transform[aws.iam.RolePolicyArgs]
    task_policy_attachments: Transform[aws.iam.RolePolicyAttachmentArgs]
    task_security_group: Transform[aws.ec2.SecurityGroupArgs]
    task_ingress_rules: Transform[aws.vpc.SecurityGroupIngressRuleArgs]
    task_egress_rules: Transform[aws.vpc.SecurityGroupEgressRuleArgs]
    log_group: Transform[aws.cloudwatch.LogGroupArgs]
    tunnel_task_definition: Transform[aws.ecs.TaskDefinitionArgs]
    tunnel_role: Transform[aws.iam.RoleArgs]
    tunnel_policy: Transform[aws.iam.RolePolicyArgs]
    release_records: Transform[aws.ssm.ParameterArgs]

    scaling_target: Transform[aws.appautoscaling.TargetArgs]
    scaling_policies: Transform[aws.appautoscaling.PolicyArgs]
    scheduled_actions: Transform[aws.appautoscaling.ScheduledActionArgs]
    alarms: Transform[aws.cloudwatch.MetricAlarmArgs]
    alarm_topic: Transform[aws.sns.TopicArgs]
    alarm_topic_policy: Transform[aws.sns.TopicPolicyArgs]
    alarm_subscription: Transform[aws.sns.TopicSubscriptionArgs]
    alarm_key: Transform[aws.kms.KeyArgs]
    budget: Transform[aws.budgets.BudgetArgs]


# Roles whose type others have too: what follows the app's name and a hyphen in their logical names.
_NAMES: Mapping[str, str] = {
    "kms_key": "kms-key",
    "alarm_key": "alarms-key",
    "public_subnets": r"network-public-\d+",
    "private_subnets": r"network-private-\d+",
    "public_route_table": "network-public-routes",
    "private_route_tables": r"network-private-\d+-routes",
    "endpoint_security_group": "network-endpoints",
    "endpoint_ingress_rule": "network-endpoints-https",
    "flow_log_group": "network-flow-log-group",
    "flow_log_role": "network-flow-log-role",
    "flow_log_policy": "network-flow-log-policy",
    "repository": "image",
    "repository_lifecycle": "image-lifecycle",
    "cache_repository": "image-cache",
    "cache_lifecycle": "image-cache-lifecycle",
    "validation_records": "certificate-.+",
    "alias_records": "dns-.+",
    "load_balancer_security_group": "(alb|ilb)-access",
    "load_balancer_ingress_rules": "(alb|ilb)-access-.+",
    "http_listener": "(alb|ilb)-http",
    "https_listener": "alb-https",
    "access_log_bucket": "((alb|ilb)-)?access-logs",
    "access_log_bucket_policy": "((alb|ilb)-)?access-logs-.+",
    "access_log_lifecycle": "((alb|ilb)-)?access-logs-.+",
    "access_log_encryption": "((alb|ilb)-)?access-logs-.+",
    "access_log_public_access": "((alb|ilb)-)?access-logs-.+",
    "distribution": "cdn",
    "media_distribution": "media-cdn",
    "basic_auth_password": "basic-auth-password",
    "basic_auth_salt": "basic-auth-salt",
    "web_acl_log_groups": "(cdn-)?waf-logs",
    "vpc_origin_ingress_rule": "vpc-origin-http",
    "origin_secret": "origin",
    "bucket": "media",
    "bucket_policy": "media-.+",
    "bucket_lifecycle": "media-.+",
    "bucket_encryption": "media-.+",
    "bucket_public_access": "media-.+",
    "queue": "queue",
    "dead_letter_queue": "queue-failed",
    "cache_security_group": "cache-access",
    "cache_ingress_rules": "cache-from-.+",
    "cache_id": "cache-id",
    "cache_token": "cache-token",
    "cache_secret": "cache-login",
    "cache_secret_version": "cache-login-.+",
    "database_security_group": "db-access",
    "database_ingress_rules": "db-(?:app-)?from-.+",
    "database_log_groups": "db-logs-.+",
    "database_monitoring_role": "db-monitoring",
    "database_monitoring_policy": "db-monitoring-policy",
    "database_password": "db-(?:app-)?password",
    "database_salt": "db-salt",
    "database_names": "db-.+",
    "database_secret": "db-(?:app-)?login",
    "database_secret_version": "db-(?:app-)?login-.+",
    "secret_key": "key",
    "secret": "secret",
    "secret_version": "secret-.+",
    "service": "web",
    "task_definition": "web",
    "worker_services": "(?!web$).+",
    "worker_task_definitions": "(?!web$|tunnel$|jobs-).+",
    "job_task_definitions": "jobs-.+",
    "job_schedule_role": "jobs-scheduler",
    "job_schedule_policy": "jobs-scheduler",
    "job_dead_letter_queue": "jobs-failed",
    "execution_role": "web-execution",
    "execution_policy": "web-execution",
    "task_role": "web-task",
    "task_policies": "web-task-.+",
    "task_policy_attachments": "web-task-.+",
    "task_security_group": "web-tasks",
    "task_ingress_rules": "web-from-.+",
    "log_group": "web-logs",
    "tunnel_task_definition": "tunnel",
    "tunnel_role": "tunnel-task",
    "tunnel_policy": "tunnel-task",
}


def roles_of(token: str, name: str, app: str) -> list[str]:
    """The roles of a resource by its type and logical name: one, or none for what no transform reaches."""
    pattern = f"{re.escape(app)}-({{}})"
    return [role for role in _roles().get(token, ()) if re.fullmatch(pattern.format(_NAMES.get(role, ".+")), name)]


@functools.cache
def kinds() -> Mapping[str, type[Any]]:
    """By role: the class of the resource's inputs."""
    return {role: hint.__args__[0] for role, hint in FlaskAppTransform.__annotations__.items()}


@functools.cache
def _roles() -> Mapping[str, tuple[str, ...]]:
    """By the type of resource: its roles."""
    roles: dict[str, tuple[str, ...]] = {}
    for role, kind in kinds().items():
        resource = getattr(sys.modules[kind.__module__], kind.__name__.removesuffix("Args").removesuffix("Init"))
        roles[resource.pulumi_type] = (*roles.get(resource.pulumi_type, ()), role)
    return roles
