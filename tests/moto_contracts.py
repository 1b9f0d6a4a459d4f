"""The purpose of each patch of moto, as a small scenario whose assertions hold on AWS and fail with unpatched moto.

`python -m tests.moto_contracts patched|unpatched` runs all scenarios and prints why each failed, if it did, as JSON.
A scenario that passes unpatched belongs to a patch that moto no longer needs: remove both.
"""

import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

REGION, ACCOUNT = "eu-central-1", "123456789012"
CONTRACTS: dict[str, Callable[[], None]] = {}
"""Scenarios by patched attribute."""


def contract(target: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(scenario: Callable[[], None]) -> Callable[[], None]:
        assert target not in CONTRACTS, target
        CONTRACTS[target] = scenario
        return scenario

    return register


def client(service: str) -> Any:
    return _session().client(service, region_name=REGION)


@cache
def _session() -> Any:
    """One session for all scenarios, since each session reads the service models again."""
    import boto3

    return boto3.Session("local", "local")


def code_of(call: Callable[..., Any], **arguments: Any) -> str:
    """The error code of a call that must fail."""
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("the call succeeded, but must fail")


# Memory


@contract("moto.utilities.utils.load_resource")
def instance_types() -> None:
    assert client("ec2").describe_instance_types()["InstanceTypes"] == []


@contract("IAMBackend._init_aws_policies")
def managed_policies_of_other_partitions() -> None:
    from moto.iam.models import IAMBackend

    with patch.dict(os.environ, MOTO_IAM_LOAD_MANAGED_POLICIES="true"):  # as in the local AWS
        assert IAMBackend("aws", ACCOUNT).managed_policies
        assert not IAMBackend("aws-cn", ACCOUNT).managed_policies


@contract("JSONFileLoader.load_file")
def service_models() -> None:
    from botocore.session import Session

    assert Session().get_data("endpoints") is Session().get_data("endpoints")


# ECS

ECS = "EC2ContainerServiceBackend"
FAMILY = {
    "family": "app",
    "networkMode": "awsvpc",
    "requiresCompatibilities": ["FARGATE"],
    "cpu": "256",
    "memory": "512",
    "containerDefinitions": [{"name": "web", "image": "web:1"}],
}


def cluster(memory: int | None = 64) -> Any:
    """ECS's client with a cluster and a task definition whose container has its own memory limit."""
    ecs = client("ecs")
    ecs.create_cluster(clusterName="app")
    (container,) = FAMILY["containerDefinitions"]
    ecs.register_task_definition(
        **{**FAMILY, "containerDefinitions": [container | ({"memory": memory} if memory else {})]}
    )
    return ecs


def service(ecs: Any, name: str = "web", count: int = 1, **settings: Any) -> dict[str, Any]:
    return ecs.create_service(cluster="app", serviceName=name, taskDefinition="app", desiredCount=count, **settings)[
        "service"
    ]


def network(**more: Any) -> dict[str, Any]:
    subnet = client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]
    return {"awsvpcConfiguration": {"subnets": [subnet], **more}}


def task(ecs: Any, **more: Any) -> dict[str, Any]:
    group = client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    configuration = network(securityGroups=[group])
    arguments = {"cluster": "app", "taskDefinition": "app", "launchType": "FARGATE", **more}
    return ecs.run_task(networkConfiguration=configuration, **arguments)["tasks"][0]


@contract("EC2ContainerServiceResponse.run_task")
def sessions_with_a_task_of_its_own() -> None:
    ecs = cluster()
    arn = task(ecs, enableExecuteCommand=True)["taskArn"]
    (described,) = ecs.describe_tasks(cluster="app", tasks=[arn])["tasks"]
    assert described["enableExecuteCommand"] is True
    assert task(ecs)["enableExecuteCommand"] is False


@contract("EC2ContainerServiceResponse.create_service")
def settings_of_a_new_service() -> None:
    ecs = cluster()
    service(ecs, healthCheckGracePeriodSeconds=30, enableExecuteCommand=True)
    (described,) = ecs.describe_services(cluster="app", services=["web"])["services"]
    assert described["healthCheckGracePeriodSeconds"] == 30
    assert described["enableExecuteCommand"] is True
    assert described["runningCount"] == 0


@contract("EC2ContainerServiceResponse.describe_tasks")
def missing_tasks() -> None:
    missing = "0123456789abcdef0123456789abcdef"
    (failure,) = cluster().describe_tasks(cluster="app", tasks=[missing])["failures"]
    assert failure["reason"] == "MISSING"
    assert failure["arn"].endswith(missing)


@contract(f"{ECS}.update_service")
def a_forced_deployment() -> None:
    ecs = cluster()
    before = service(ecs)["deployments"][0]["id"]
    ecs.update_service(cluster="app", service="web", forceNewDeployment=True)
    (described,) = ecs.describe_services(cluster="app", services=["web"])["services"]
    assert [deployment["status"] for deployment in described["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert described["deployments"][0]["id"] != before


@contract(f"{ECS}.delete_service")
def a_service_that_drains() -> None:
    ecs = cluster()
    service(ecs, count=0)
    assert ecs.delete_service(cluster="app", service="web")["service"]["status"] == "DRAINING"
    assert ecs.describe_services(cluster="app", services=["web"])["services"][0]["status"] == "DRAINING"


@contract(f"{ECS}.list_services")
def deleted_services() -> None:
    from moto.ecs.models import ecs_backends

    ecs = cluster()
    service(ecs, count=0)
    ecs.delete_service(cluster="app", service="web")
    for deleted in ecs_backends[ACCOUNT][REGION].services.values():
        deleted.status = "INACTIVE"  # as after the last task has stopped
    assert ecs.list_services(cluster="app")["serviceArns"] == []


@contract(f"{ECS}.run_task")
def a_deregistered_task_definition() -> None:
    ecs = cluster()
    ecs.deregister_task_definition(taskDefinition="app:1")
    assert code_of(partial(task, ecs), taskDefinition="app:1") == "ClientException"


@contract(f"{ECS}.stop_task")
def a_task_that_stops() -> None:
    ecs = cluster()
    arn = task(ecs)["taskArn"]
    stopping = ecs.stop_task(cluster="app", task=arn)["task"]
    assert stopping["desiredStatus"] == "STOPPED"
    assert stopping["lastStatus"] != "STOPPED"


@contract(f"{ECS}.list_tasks")
def stopped_tasks() -> None:
    ecs = cluster()
    arn = task(ecs)["taskArn"]
    ecs.stop_task(cluster="app", task=arn)
    assert ecs.list_tasks(cluster="app")["taskArns"] == []
    assert ecs.list_tasks(cluster="app", desiredStatus="STOPPED")["taskArns"] == [arn]


@contract("Task.__init__")
def a_new_task() -> None:
    new = task(cluster())
    assert new["lastStatus"] == "PROVISIONING"
    assert [(container["name"], container["lastStatus"]) for container in new["containers"]] == [("web", "PENDING")]


@contract(f"{ECS}._calculate_task_resource_requirements")
def a_limit_of_the_task_only() -> None:
    assert task(cluster(memory=None))["memory"] == "512"


@contract("EC2ContainerServiceResponse.list_service_deployments")
def service_deployments() -> None:
    ecs = cluster()
    service(ecs)
    (deployment,) = ecs.list_service_deployments(cluster="app", service="web")["serviceDeployments"]
    assert deployment["status"] == "IN_PROGRESS"


@contract("EC2ContainerServiceResponse.describe_service_deployments")
def missing_service_deployments() -> None:
    arn = f"arn:aws:ecs:{REGION}:{ACCOUNT}:service-deployment/app/web/none"
    (failure,) = cluster().describe_service_deployments(serviceDeploymentArns=[arn])["failures"]
    assert failure == {"arn": arn, "reason": "MISSING"}


# Other services


@contract("BaseResponse.call_action")
def an_unsupported_call() -> None:
    assert code_of(client("ecs").submit_container_state_change, cluster="app") == "NotImplemented"


def balancer(**attributes: str) -> str:
    elb = client("elbv2")
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]][:2]
    arn = elb.create_load_balancer(Name="app", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    if attributes:
        settings = [{"Key": key.replace("__", "."), "Value": value} for key, value in attributes.items()]
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=settings)
    return arn


@contract("ELBv2Backend.describe_target_health")
def health_by_health_checks() -> None:
    from moto.elbv2.models import elbv2_backends

    elb, vpc = client("elbv2"), client("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    arn = elb.create_target_group(Name="app", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")["TargetGroups"][0][
        "TargetGroupArn"
    ]
    checked = {("10.0.0.1", 80): ("unhealthy", "Target.Timeout", "Request timed out")}
    elbv2_backends[ACCOUNT][REGION].target_groups[arn].local_health = checked
    (described,) = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    assert described["TargetHealth"]["State"] == "unhealthy"


@contract("ELBv2Backend.delete_load_balancer")
def deletion_protection_of_a_load_balancer() -> None:
    arn = balancer(deletion_protection__enabled="true")
    assert code_of(client("elbv2").delete_load_balancer, LoadBalancerArn=arn) == "OperationNotPermitted"


def log_group() -> Any:
    logs = client("logs")
    logs.create_log_group(logGroupName="app")
    return logs


@contract("LogGroup.to_describe_dict")
def class_of_a_log_group() -> None:
    assert log_group().describe_log_groups()["logGroups"][0]["logGroupClass"] == "STANDARD"


@contract("LogsResponse.filter_log_events")
def streams_with_a_prefix() -> None:
    import time

    logs = log_group()
    for stream in ("web/1", "worker/1"):
        logs.create_log_stream(logGroupName="app", logStreamName=stream)
        event = {"timestamp": int(time.time() * 1000), "message": stream}
        logs.put_log_events(logGroupName="app", logStreamName=stream, logEvents=[event])
    events = logs.filter_log_events(logGroupName="app", logStreamNamePrefix="web/")["events"]
    assert [event["message"] for event in events] == ["web/1"]


@contract("LogsResponse.associate_kms_key")
def a_changed_key_of_a_log_group() -> None:
    key, logs = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1", log_group()
    logs.associate_kms_key(logGroupName="app", kmsKeyId=key)
    assert logs.describe_log_groups()["logGroups"][0]["kmsKeyId"] == key


@contract("LogsResponse.disassociate_kms_key")
def no_key_of_a_log_group() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="app", kmsKeyId=f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1")
    logs.disassociate_kms_key(logGroupName="app")
    assert "kmsKeyId" not in logs.describe_log_groups()["logGroups"][0]


QUERY = {"name": "errors", "queryString": "fields @message", "logGroupNames": ["app"]}


@contract("LogsResponse.put_query_definition")
def a_saved_query() -> None:
    assert client("logs").put_query_definition(**QUERY)["queryDefinitionId"]


@contract("LogsResponse.describe_query_definitions")
def no_saved_queries() -> None:
    assert client("logs").describe_query_definitions()["queryDefinitions"] == []


@contract("LogsResponse.delete_query_definition")
def a_missing_saved_query() -> None:
    assert client("logs").delete_query_definition(queryDefinitionId="none")["success"] is False


@contract("Parameter.describe_response_object")
def last_user_of_a_parameter() -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/app", Value="1", Type="String")
    assert ssm.describe_parameters()["Parameters"][0]["LastModifiedUser"].startswith("arn:aws:iam::")


@contract("IAMPolicyStatement.is_action_permitted")
def a_bucket_that_requires_tls() -> None:
    from moto.iam.access_control import IAMPolicy, PermissionResult

    denial = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    policy = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": [denial]}))
    assert policy.is_action_permitted("s3:GetObject") is PermissionResult.NEUTRAL


def scalable_target(**tags: str) -> tuple[Any, str]:
    scaling = client("application-autoscaling")
    service(cluster())
    scaling.register_scalable_target(
        ServiceNamespace="ecs",
        ResourceId="service/app/web",
        ScalableDimension="ecs:service:DesiredCount",
        MinCapacity=1,
        MaxCapacity=2,
    )
    described = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"][0]
    if tags:
        scaling.tag_resource(ResourceARN=described["ScalableTargetARN"], Tags=tags)
    return scaling, described["ScalableTargetARN"]


@contract("ApplicationAutoScalingResponse.list_tags_for_resource")
def no_tags_of_a_scalable_target() -> None:
    scaling, arn = scalable_target()
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {}


@contract("ApplicationAutoScalingResponse.tag_resource")
def tags_of_a_scalable_target() -> None:
    scaling, arn = scalable_target(stage="dev")
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"stage": "dev"}


@contract("ApplicationAutoScalingResponse.untag_resource")
def removed_tags_of_a_scalable_target() -> None:
    scaling, arn = scalable_target(stage="dev", team="web")
    scaling.untag_resource(ResourceARN=arn, TagKeys=["stage"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "web"}


@contract("CloudWatchResponse.put_composite_alarm")
def a_composite_alarm() -> None:
    alarms = client("cloudwatch")
    alarms.put_composite_alarm(AlarmName="any", AlarmRule='ALARM("web")')
    (described,) = alarms.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    assert described["AlarmRule"] == 'ALARM("web")'


NOTIFICATION = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


def budget() -> Any:
    budgets = client("budgets")
    limit = {"Amount": "10", "Unit": "USD"}
    details = {"BudgetName": "app", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    subscribers = [{"SubscriptionType": "EMAIL", "Address": "a@example.org"}]
    notifications = [{"Notification": NOTIFICATION, "Subscribers": subscribers}]
    budgets.create_budget(AccountId=ACCOUNT, Budget=details, NotificationsWithSubscribers=notifications)
    return budgets


@contract("BudgetsResponse.update_budget")
def a_changed_limit_of_a_budget() -> None:
    budgets = budget()
    limit = {"Amount": "20", "Unit": "USD"}
    new = {"BudgetName": "app", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    budgets.update_budget(AccountId=ACCOUNT, NewBudget=new)
    assert budgets.describe_budget(AccountId=ACCOUNT, BudgetName="app")["Budget"]["BudgetLimit"]["Amount"] == "20"


@contract("BudgetsResponse.list_tags_for_resource")
def tags_of_a_budget() -> None:
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/app"
    assert budget().list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == []


@contract("BudgetsResponse.describe_subscribers_for_notification")
def subscribers_of_a_budget() -> None:
    (subscriber,) = budget().describe_subscribers_for_notification(
        AccountId=ACCOUNT, BudgetName="app", Notification=NOTIFICATION
    )["Subscribers"]
    assert subscriber["Address"] == "a@example.org"


@contract("Subnet.ipv6_cidr_block_association_set")
def state_of_an_ipv6_block() -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    created = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="10.9.1.0/24", Ipv6CidrBlock=block)["Subnet"]
    (subnet,) = ec2.describe_subnets(SubnetIds=[created["SubnetId"]])["Subnets"]
    assert subnet["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlockState"] == {"State": "associated"}


@contract("Subnet.get_filter_value")
def subnets_by_an_ipv6_block() -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    subnets = [
        ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock=f"10.9.{number}.0/24")["Subnet"]["SubnetId"]
        for number in (1, 2)
    ]
    added = ec2.associate_subnet_cidr_block(SubnetId=subnets[0], Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]
    filters = [{"Name": "ipv6-cidr-block-association.association-id", "Values": [added["AssociationId"]]}]
    assert [subnet["SubnetId"] for subnet in ec2.describe_subnets(Filters=filters)["Subnets"]] == subnets[:1]


@contract("VPCs.modify_vpc_endpoint")
def new_addresses_of_an_endpoint() -> None:
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    name = f"com.amazonaws.{REGION}.s3"
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name)["VpcEndpoint"]["VpcEndpointId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=endpoint, IpAddressType="dualstack")
    (described,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"]
    assert described["IpAddressType"] == "dualstack"


@contract("VPCs.create_vpc_endpoint")
def addresses_of_an_endpoint() -> None:
    ec2 = client("ec2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    name = f"com.amazonaws.{REGION}.logs"
    created = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=name, VpcEndpointType="Interface")["VpcEndpoint"]
    (described,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[created["VpcEndpointId"]])["VpcEndpoints"]
    assert described["IpAddressType"] == "ipv4"


@contract("Queue.attributes")
def a_redrive_policy() -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="failed")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3}, separators=(",", ":"))
    url = sqs.create_queue(QueueName="app", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    described = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert described["RedrivePolicy"] == policy


def key(**rotation: int) -> Any:
    kms = client("kms")
    identifier = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.enable_key_rotation(KeyId=identifier, **rotation)
    return kms.get_key_rotation_status(KeyId=identifier)


@contract("KmsResponse.enable_key_rotation")
def period_of_a_rotation() -> None:
    assert key(RotationPeriodInDays=180)["RotationPeriodInDays"] == 180


@contract("KmsResponse.get_key_rotation_status")
def default_period_of_a_rotation() -> None:
    assert key()["RotationPeriodInDays"] == 365


@contract("FakeBucket._log_permissions_enabled_policy")
def access_logs_by_a_policy_with_wildcards() -> None:
    s3, here = client("s3"), {"LocationConstraint": REGION}
    for name in ("app", "app-logs"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration=here)
    objects = "arn:aws:s3:::app-logs/app/*"
    delivery = {"Service": "logging.s3.amazonaws.com"}
    allowed = {"Effect": "Allow", "Principal": delivery, "Action": "s3:PutObject", "Resource": objects}
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": objects}
    s3.put_bucket_policy(
        Bucket="app-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied, allowed]})
    )
    target = {"LoggingEnabled": {"TargetBucket": "app-logs", "TargetPrefix": "app/"}}
    s3.put_bucket_logging(Bucket="app", BucketLoggingStatus=target)
    assert s3.get_bucket_logging(Bucket="app")["LoggingEnabled"]["TargetBucket"] == "app-logs"


@contract("ECRResponse.describe_images")
def an_image_on_this_machine() -> None:
    from moto.ecr.models import ECRBackend

    digest, ecr = f"sha256:{'0' * 64}", client("ecr")
    ECRBackend.local_images = staticmethod(lambda requested: requested == digest)  # type: ignore[attr-defined]
    ecr.create_repository(repositoryName="app")
    (described,) = ecr.describe_images(repositoryName="app", imageIds=[{"imageDigest": digest}])["imageDetails"]
    assert described["imageDigest"] == digest


# RDS

RDS = "RDSBackend"


def database(rds: Any, name: str = "db", **more: Any) -> dict[str, Any]:
    arguments = {
        "Engine": "postgres",
        "DBInstanceClass": "db.t4g.micro",
        "AllocatedStorage": 20,
        "MasterUsername": "app",
        "MasterUserPassword": "password-1",
    }
    return rds.create_db_instance(DBInstanceIdentifier=name, **arguments, **more)["DBInstance"]


def status(rds: Any, name: str = "db") -> str:
    return rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]["DBInstanceStatus"]


def queued_operations() -> list[tuple[str, ...]]:
    """The operations queued for database servers."""
    from flask_on_aws_cli.local_aws.moto_patches.rds_operations import operations

    queued = []
    while not operations.empty():
        queued.append(tuple(operations.get()))
    return queued


@contract(f"{RDS}.create_db_instance")
def a_new_database() -> None:
    rds = client("rds")
    database(rds)
    assert status(rds) == "creating"


@contract(f"{RDS}.restore_db_instance_from_db_snapshot")
def a_restored_database() -> None:
    rds = client("rds")
    database(rds, DeletionProtection=True, EnableIAMDatabaseAuthentication=True)
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="before")
    rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="other", DBSnapshotIdentifier="before")
    (described,) = rds.describe_db_instances(DBInstanceIdentifier="other")["DBInstances"]
    assert described["DeletionProtection"] is False
    assert described["IAMDatabaseAuthenticationEnabled"] is False
    assert described["DBInstanceStatus"] == "creating"


@contract(f"{RDS}.modify_db_instance")
def a_changed_database() -> None:
    rds = client("rds")
    database(rds)
    rds.modify_db_instance(DBInstanceIdentifier="db", AllocatedStorage=30, ApplyImmediately=True)
    assert status(rds) == "modifying"


@contract(f"{RDS}.reboot_db_instance")
def a_rebooted_database() -> None:
    rds = client("rds")
    database(rds)
    rds.reboot_db_instance(DBInstanceIdentifier="db")
    assert status(rds) == "rebooting"


@contract(f"{RDS}.create_db_snapshot")
def a_new_snapshot() -> None:
    rds = client("rds")
    database(rds)
    created = rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="before")
    assert created["DBSnapshot"]["Status"] == "creating"


@contract(f"{RDS}.delete_db_instance")
def a_deleted_database() -> None:
    rds = client("rds")
    database(rds)
    queued_operations()
    rds.delete_db_instance(DBInstanceIdentifier="db", SkipFinalSnapshot=True)
    assert ("delete", "db", "") in queued_operations()  # in addition to those of automated snapshots


@contract(f"{RDS}.delete_db_snapshot")
def a_deleted_snapshot() -> None:
    rds = client("rds")
    database(rds)
    rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="before")
    queued_operations()
    rds.delete_db_snapshot(DBSnapshotIdentifier="before")
    assert queued_operations() == [("delete-snapshot", "before", "")]


@contract(f"{RDS}.modify_db_subnet_group")
def a_changed_subnet_group() -> None:
    rds = client("rds")
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]]
    rds.create_db_subnet_group(DBSubnetGroupName="app", DBSubnetGroupDescription="1", SubnetIds=subnets[:2])
    rds.modify_db_subnet_group(DBSubnetGroupName="app", SubnetIds=subnets)
    (described,) = rds.describe_db_subnet_groups(DBSubnetGroupName="app")["DBSubnetGroups"]
    assert len(described["Subnets"]) == len(subnets)


@contract("DBInstance.address")
def address_of_a_server() -> None:
    from moto.rds.models import rds_backends

    rds = client("rds")
    database(rds)
    record = rds_backends[ACCOUNT][REGION].databases["db"]
    record.local_host, record.status = "127.0.0.1", "available"
    (described,) = rds.describe_db_instances(DBInstanceIdentifier="db")["DBInstances"]
    assert described["Endpoint"]["Address"] == "127.0.0.1"


@contract("DBInstance.__init__")
def resource_ids_of_databases() -> None:
    rds = client("rds")
    assert database(rds)["DbiResourceId"] != database(rds, "other")["DbiResourceId"]


@contract("DBInstance.update")
def performance_insights() -> None:
    rds = client("rds")
    database(rds)
    rds.modify_db_instance(DBInstanceIdentifier="db", EnablePerformanceInsights=True, ApplyImmediately=True)
    assert rds.describe_db_instances()["DBInstances"][0]["PerformanceInsightsEnabled"] is True


@contract(f"{RDS}.create_db_instance_read_replica")
def resource_id_of_a_replica() -> None:
    rds = client("rds")
    source = database(rds)["DbiResourceId"]
    replica = rds.create_db_instance_read_replica(DBInstanceIdentifier="replica", SourceDBInstanceIdentifier="db")
    assert replica["DBInstance"]["DbiResourceId"] != source


def aurora(rds: Any, name: str = "aurora", **more: Any) -> dict[str, Any]:
    login = {"MasterUsername": "app", "MasterUserPassword": "password-1"}
    arguments = {"Engine": "aurora-postgresql", "DatabaseName": "shop", **login, **more}
    return rds.create_db_cluster(DBClusterIdentifier=name, **arguments)["DBCluster"]


def described_cluster(rds: Any, name: str = "aurora") -> dict[str, Any]:
    return rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]


def cluster_record(name: str = "aurora") -> Any:
    from moto.rds.models import rds_backends

    return rds_backends[ACCOUNT][REGION].clusters[name]


@contract(f"{RDS}.create_db_cluster")
def a_new_cluster() -> None:
    aurora(client("rds"))
    assert ("create", "aurora", "") in queued_operations()


@contract("DBCluster.status")
def status_of_a_new_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    cluster_record()._status = "creating"
    assert [described_cluster(rds)["Status"] for _ in range(2)] == ["creating", "creating"]
    # Its instances share its server.
    queued_operations()
    rds.create_db_instance(
        DBInstanceIdentifier="first",
        DBClusterIdentifier="aurora",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    assert "first" not in [operation[1] for operation in queued_operations() if operation[0] == "create"]


@contract(f"{RDS}.restore_db_cluster_from_snapshot")
def a_restored_cluster() -> None:
    rds = client("rds")
    aurora(rds, DeletionProtection=True)
    database(rds, "instance", DBName="shop")
    rds.create_db_cluster_snapshot(DBClusterIdentifier="aurora", DBClusterSnapshotIdentifier="before")
    taken = rds.create_db_snapshot(DBInstanceIdentifier="instance", DBSnapshotIdentifier="moved")
    sources = {"copy": "before", "moved": taken["DBSnapshot"]["DBSnapshotArn"]}
    for name, snapshot in sources.items():
        rds.restore_db_cluster_from_snapshot(
            DBClusterIdentifier=name, SnapshotIdentifier=snapshot, Engine="aurora-postgresql"
        )
        described = described_cluster(rds, name)
        assert (described["DeletionProtection"], described["DatabaseName"]) == (False, "shop")


@contract(f"{RDS}.modify_db_cluster")
def a_changed_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    rds.modify_db_cluster(DBClusterIdentifier="aurora", MasterUserPassword="password-2", ApplyImmediately=True)
    assert described_cluster(rds)["Status"] == "modifying"


@contract(f"{RDS}.create_db_cluster_snapshot")
def a_new_snapshot_of_a_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    created = rds.create_db_cluster_snapshot(DBClusterIdentifier="aurora", DBClusterSnapshotIdentifier="before")
    assert created["DBClusterSnapshot"]["Status"] == "creating"


@contract(f"{RDS}.delete_db_cluster")
def a_deleted_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    queued_operations()
    rds.delete_db_cluster(DBClusterIdentifier="aurora", FinalDBSnapshotIdentifier="last")
    assert queued_operations() == [("snapshot", "aurora", "last"), ("delete", "aurora", "")]


@contract(f"{RDS}.delete_db_cluster_snapshot")
def a_deleted_snapshot_of_a_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="aurora", DBClusterSnapshotIdentifier="before")
    queued_operations()
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="before")
    assert queued_operations() == [("delete-snapshot", "before", "")]


@contract("DBCluster.endpoint")
def endpoint_of_a_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    cluster_record().local_host = "127.0.0.1"
    assert described_cluster(rds)["Endpoint"] == "127.0.0.1"


@contract("DBCluster.reader_endpoint")
def reader_endpoint_of_a_cluster() -> None:
    rds = client("rds")
    aurora(rds)
    cluster_record().local_host = "127.0.0.1"
    assert described_cluster(rds)["ReaderEndpoint"] == "127.0.0.1"


@contract("ClusterEngine.list_cluster_engines")
def a_cluster_of_documentdb() -> None:
    documentdb = client("docdb")
    login = {"MasterUsername": "app", "MasterUserPassword": "password-1"}
    documentdb.create_db_cluster(DBClusterIdentifier="documents", Engine="docdb", EngineVersion="5.0.0", **login)
    assert described_cluster(documentdb, "documents")["Port"] == 27017
    assert ("create", "documents", "") in queued_operations()


@contract("DbInstanceEngine.valid_db_instance_engine")
def an_instance_of_documentdb() -> None:
    a_cluster_of_documentdb()
    documentdb = client("docdb")
    made = {"DBInstanceClass": "db.t4g.medium", "Engine": "docdb", "DBClusterIdentifier": "documents"}
    instance = documentdb.create_db_instance(DBInstanceIdentifier="documents-1", **made)["DBInstance"]
    assert (instance["Endpoint"]["Port"], instance["EngineVersion"]) == (27017, "5.0.0")
    assert queued_operations() == []  # it shares the cluster's server


@contract("DBCluster.default_port")
def port_of_a_cluster_of_documentdb() -> None:
    from moto.rds.models import DBCluster

    assert (DBCluster.default_port("docdb"), DBCluster.default_port("aurora-mysql")) == (27017, 3306)


@contract("DBInstance.default_port")
def port_of_an_instance_of_documentdb() -> None:
    from moto.rds.models import DBInstance

    assert (DBInstance.default_port("docdb"), DBInstance.default_port("mysql")) == (27017, 3306)


@contract("DBCluster.default_allocated_storage")
def storage_of_a_cluster_of_documentdb() -> None:
    from moto.rds.models import DBCluster

    assert DBCluster.default_allocated_storage("docdb", "gp2") == 1
    assert DBCluster.default_allocated_storage(engine="docdb", storage_type="gp2") == 1


@contract("DBInstance.default_allocated_storage")
def storage_of_an_instance_of_documentdb() -> None:
    from moto.rds.models import DBInstance

    assert DBInstance.default_allocated_storage(engine="docdb", storage_type="gp2") == 1


# CloudFront

CLOUDFRONT = "CloudFrontResponse"
POLICIES: dict[str, tuple[str, dict[str, Any], str]] = {
    "cache_policy": ("CachePolicy", {"MinTTL": 0}, "cache_policies"),
    "origin_request_policy": (
        "OriginRequestPolicy",
        {
            "HeadersConfig": {"HeaderBehavior": "none"},
            "CookiesConfig": {"CookieBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
        },
        "origin_request_policies",
    ),
    "response_headers_policy": ("ResponseHeadersPolicy", {}, "response_headers_policies"),
}


def policy(action: str) -> tuple[Any, dict[str, Any]]:
    """CloudFront's client and a new policy."""
    kind, details, _ = POLICIES[action]
    cloudfront, configuration = client("cloudfront"), {f"{kind}Config": {"Name": "app", **details}}
    return cloudfront, getattr(cloudfront, f"create_{action}")(**configuration)[kind]


def new_policy(action: str) -> None:
    _, created = policy(action)
    assert created[f"{POLICIES[action][0]}Config"]["Name"] == "app"
    assert created["Id"]


def read_policy(action: str) -> None:
    cloudfront, created = policy(action)
    assert getattr(cloudfront, f"get_{action}")(Id=created["Id"])[POLICIES[action][0]]["Id"] == created["Id"]
    assert code_of(getattr(cloudfront, f"get_{action}"), Id="none") == f"NoSuch{POLICIES[action][0]}"


def changed_policy(action: str) -> None:
    kind, details, _ = POLICIES[action]
    cloudfront, created = policy(action)
    new = {f"{kind}Config": {"Name": "other", **details}}
    getattr(cloudfront, f"update_{action}")(Id=created["Id"], IfMatch="E1", **new)
    assert getattr(cloudfront, f"get_{action}")(Id=created["Id"])[kind][f"{kind}Config"]["Name"] == "other"


def deleted_policy(action: str) -> None:
    cloudfront, created = policy(action)
    getattr(cloudfront, f"delete_{action}")(Id=created["Id"], IfMatch="E1")
    assert code_of(getattr(cloudfront, f"get_{action}"), Id=created["Id"]) == f"NoSuch{POLICIES[action][0]}"


def listed_policies(action: str) -> None:
    kind, _, plural = POLICIES[action]
    described = getattr(client("cloudfront"), f"list_{plural}")()[f"{kind}List"]["Items"]
    assert {item["Type"] for item in described} == {"managed"}


for _action, (_, _, _plural) in POLICIES.items():
    for _call, _scenario in {
        f"create_{_action}": new_policy,
        f"get_{_action}": read_policy,
        f"update_{_action}": changed_policy,
        f"delete_{_action}": deleted_policy,
        f"list_{_plural}": listed_policies,
    }.items():
        contract(f"{CLOUDFRONT}.{_call}")(partial(_scenario, _action))


def vpc_origin(name: str = "app") -> tuple[Any, dict[str, Any], dict[str, Any]]:
    configuration = {
        "Name": name,
        "Arn": balancer(),
        "HTTPPort": 80,
        "HTTPSPort": 443,
        "OriginProtocolPolicy": "http-only",
    }
    cloudfront = client("cloudfront")
    created = cloudfront.create_vpc_origin(VpcOriginEndpointConfig=configuration)["VpcOrigin"]
    return cloudfront, created, configuration


@contract(f"{CLOUDFRONT}.create_vpc_origin")
def security_group_of_a_vpc_origin() -> None:
    assert vpc_origin()[1]["Status"] == "Deployed"
    filters = [{"Name": "group-name", "Values": ["CloudFront-VPCOrigins-Service-SG"]}]
    assert len(client("ec2").describe_security_groups(Filters=filters)["SecurityGroups"]) == 1


@contract(f"{CLOUDFRONT}.get_vpc_origin")
def a_vpc_origin() -> None:
    cloudfront, created, configuration = vpc_origin()
    described = cloudfront.get_vpc_origin(Id=created["Id"])["VpcOrigin"]["VpcOriginEndpointConfig"]
    assert described["Arn"] == configuration["Arn"]


@contract(f"{CLOUDFRONT}.update_vpc_origin")
def a_changed_vpc_origin() -> None:
    cloudfront, created, configuration = vpc_origin()
    new = {**configuration, "HTTPPort": 8080}
    cloudfront.update_vpc_origin(Id=created["Id"], IfMatch="E1", VpcOriginEndpointConfig=new)
    assert cloudfront.get_vpc_origin(Id=created["Id"])["VpcOrigin"]["VpcOriginEndpointConfig"]["HTTPPort"] == 8080


@contract(f"{CLOUDFRONT}.delete_vpc_origin")
def a_deleted_vpc_origin() -> None:
    cloudfront, created, _ = vpc_origin()
    cloudfront.delete_vpc_origin(Id=created["Id"], IfMatch="E1")
    assert code_of(cloudfront.get_vpc_origin, Id=created["Id"]) == "EntityNotFound"


@contract(f"{CLOUDFRONT}.list_vpc_origins")
def no_vpc_origins() -> None:
    assert client("cloudfront").list_vpc_origins()["VpcOriginList"]["Quantity"] == 0


MANAGED_POLICY = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def distribution(origin: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    origins = [{"Id": "app", "DomainName": "app.example.org", **(origin or {"CustomOriginConfig": CUSTOM_ORIGIN})}]
    behaviour = {
        "TargetOriginId": "app",
        "ViewerProtocolPolicy": "redirect-to-https",
        "CachePolicyId": MANAGED_POLICY,
    }
    configuration = {
        "CallerReference": "app",
        "Comment": "app",
        "Enabled": True,
        "Origins": {"Quantity": 1, "Items": origins},
        "DefaultCacheBehavior": behaviour,
        **more,
    }
    return client("cloudfront").create_distribution(DistributionConfig=configuration)["Distribution"]


CUSTOM_ORIGIN = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}


@contract("DefaultCacheBehaviour.__init__")
def a_behaviour_with_a_cache_policy() -> None:
    assert "ForwardedValues" not in distribution()["DistributionConfig"]["DefaultCacheBehavior"]


@contract("ViewerCertificate.__init__")
def a_distribution_with_a_custom_certificate() -> None:
    arn = f"arn:aws:acm:us-east-1:{ACCOUNT}:certificate/1"
    settings = {"ACMCertificateArn": arn, "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"}
    certificate = distribution(ViewerCertificate=settings)["DistributionConfig"]["ViewerCertificate"]
    assert certificate["ACMCertificateArn"] == arn
    assert not certificate.get("CloudFrontDefaultCertificate")


@contract("Origin.__init__")
def a_distribution_with_a_vpc_origin() -> None:
    created = distribution({"VpcOriginConfig": {"VpcOriginId": "vo_1"}})
    assert created["DistributionConfig"]["Origins"]["Items"][0]["VpcOriginConfig"]["VpcOriginId"] == "vo_1"


# ElastiCache


def caches(name: str = "cache", nodes: int = 2, **more: Any) -> Any:
    """ElastiCache's client with a replication group."""
    elasticache = client("elasticache")
    elasticache.create_replication_group(
        ReplicationGroupId=name,
        ReplicationGroupDescription="A cache",
        Engine="valkey",
        EngineVersion="8.2",
        CacheNodeType="cache.t4g.micro",
        NumCacheClusters=nodes,
        CacheParameterGroupName="group",
        SecurityGroupIds=["sg-1"],
        TransitEncryptionEnabled=True,
        AuthToken="t0ken-of-the-cache",
        **more,
    )
    return elasticache


def replication_group(elasticache: Any, name: str = "cache") -> dict[str, Any]:
    return elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"][0]


def parameter_group(**parameters: str) -> Any:
    """ElastiCache's client with a parameter group."""
    elasticache = client("elasticache")
    elasticache.create_cache_parameter_group(
        CacheParameterGroupName="group", CacheParameterGroupFamily="valkey8", Description="Parameters"
    )
    pairs = [{"ParameterName": name, "ParameterValue": value} for name, value in parameters.items()]
    if pairs:
        elasticache.modify_cache_parameter_group(CacheParameterGroupName="group", ParameterNameValues=pairs)
    return elasticache


def parameters(elasticache: Any) -> dict[str, str]:
    described = elasticache.describe_cache_parameters(CacheParameterGroupName="group")["Parameters"]
    return {parameter["ParameterName"]: parameter["ParameterValue"] for parameter in described}


@contract("ElastiCacheBackend.create_replication_group")
def a_new_cache() -> None:
    group = replication_group(caches(nodes=3))
    assert group["Status"] == "creating"
    assert group["MemberClusters"] == ["cache-001", "cache-002", "cache-003"]


@contract("ElastiCacheBackend.delete_replication_group")
def a_deleted_cache() -> None:
    elasticache = caches()
    elasticache.delete_replication_group(ReplicationGroupId="cache")
    assert elasticache.describe_replication_groups()["ReplicationGroups"] == []


@contract("ElastiCacheBackend.list_tags_for_resource")
def tags_of_a_parameter_group() -> None:
    elasticache = client("elasticache")
    arn = f"arn:aws:elasticache:{REGION}:{ACCOUNT}:parametergroup:group"
    elasticache.add_tags_to_resource(ResourceName=arn, Tags=[{"Key": "team", "Value": "shop"}])
    assert elasticache.list_tags_for_resource(ResourceName=arn)["TagList"] == [{"Key": "team", "Value": "shop"}]


@contract("ElastiCacheResponse.modify_replication_group")
def a_changed_cache() -> None:
    from moto.elasticache.models import elasticache_backends

    elasticache = caches()
    elasticache.modify_replication_group(
        ReplicationGroupId="cache", EngineVersion="9.0", SnapshotWindow="01:00-02:00", AuthToken="an0ther-t0ken-of-it"
    )
    assert replication_group(elasticache)["SnapshotWindow"] == "01:00-02:00"
    (node,) = elasticache.describe_cache_clusters(CacheClusterId="cache-001")["CacheClusters"]
    assert node["EngineVersion"].startswith("9.0")
    record = elasticache_backends[ACCOUNT][REGION].replication_groups["cache"]
    assert record.local_tokens == ["t0ken-of-the-cache", "an0ther-t0ken-of-it"]  # both are valid after a rotation


@contract("ElastiCacheResponse.increase_replica_count")
def more_replicas() -> None:
    elasticache = caches(nodes=1)
    elasticache.increase_replica_count(ReplicationGroupId="cache", NewReplicaCount=2, ApplyImmediately=True)
    assert replication_group(elasticache)["MemberClusters"] == ["cache-001", "cache-002", "cache-003"]


@contract("ElastiCacheResponse.decrease_replica_count")
def fewer_replicas() -> None:
    elasticache = caches(nodes=3)
    elasticache.decrease_replica_count(ReplicationGroupId="cache", NewReplicaCount=0, ApplyImmediately=True)
    assert replication_group(elasticache)["MemberClusters"] == ["cache-001"]


@contract("ElastiCacheResponse.describe_cache_clusters")
def nodes_of_a_cache() -> None:
    elasticache = caches()
    (node,) = elasticache.describe_cache_clusters(CacheClusterId="cache-002", ShowCacheNodeInfo=True)["CacheClusters"]
    assert node["ReplicationGroupId"] == "cache"
    assert node["CacheParameterGroup"]["CacheParameterGroupName"] == "group"
    assert node["SecurityGroups"][0]["SecurityGroupId"] == "sg-1"
    assert code_of(elasticache.describe_cache_clusters, CacheClusterId="other-001") == "CacheClusterNotFound"
    listed = elasticache.describe_cache_clusters()["CacheClusters"]
    assert [each["CacheClusterId"] for each in listed] == ["cache-001", "cache-002"]


@contract("ElastiCacheResponse.create_cache_parameter_group")
def a_new_parameter_group() -> None:
    assert parameters(parameter_group()) == {}


@contract("ElastiCacheResponse.describe_cache_parameter_groups")
def parameter_groups_of_caches() -> None:
    elasticache = parameter_group()
    (group,) = elasticache.describe_cache_parameter_groups(CacheParameterGroupName="group")["CacheParameterGroups"]
    assert group["CacheParameterGroupFamily"] == "valkey8"
    missing = code_of(elasticache.describe_cache_parameter_groups, CacheParameterGroupName="other")
    assert missing == "CacheParameterGroupNotFound"


@contract("ElastiCacheResponse.modify_cache_parameter_group")
def changed_parameters() -> None:
    assert parameters(parameter_group(**{"maxmemory-policy": "noeviction"})) == {"maxmemory-policy": "noeviction"}


@contract("ElastiCacheResponse.describe_cache_parameters")
def parameters_of_a_group() -> None:
    elasticache = parameter_group(timeout="5")
    (parameter,) = elasticache.describe_cache_parameters(CacheParameterGroupName="group", Source="user")["Parameters"]
    assert (parameter["ParameterName"], parameter["ParameterValue"]) == ("timeout", "5")


@contract("ElastiCacheResponse.reset_cache_parameter_group")
def reset_parameters() -> None:
    elasticache = parameter_group(timeout="5", **{"maxmemory-policy": "noeviction"})
    elasticache.reset_cache_parameter_group(
        CacheParameterGroupName="group", ParameterNameValues=[{"ParameterName": "timeout", "ParameterValue": "5"}]
    )
    assert parameters(elasticache) == {"maxmemory-policy": "noeviction"}


@contract("ElastiCacheResponse.delete_cache_parameter_group")
def a_deleted_parameter_group() -> None:
    elasticache = parameter_group()
    elasticache.delete_cache_parameter_group(CacheParameterGroupName="group")
    assert elasticache.describe_cache_parameter_groups()["CacheParameterGroups"] == []


def cache_subnets() -> tuple[Any, list[str]]:
    elasticache = client("elasticache")
    subnets = [subnet["SubnetId"] for subnet in client("ec2").describe_subnets()["Subnets"]]
    elasticache.create_cache_subnet_group(
        CacheSubnetGroupName="app", CacheSubnetGroupDescription="1", SubnetIds=subnets[:1]
    )
    return elasticache, subnets


@contract("ElastiCacheResponse.modify_cache_subnet_group")
def changed_subnets_of_caches() -> None:
    elasticache, subnets = cache_subnets()
    elasticache.modify_cache_subnet_group(CacheSubnetGroupName="app", SubnetIds=subnets[:2])
    (group,) = elasticache.describe_cache_subnet_groups(CacheSubnetGroupName="app")["CacheSubnetGroups"]
    assert [subnet["SubnetIdentifier"] for subnet in group["Subnets"]] == subnets[:2]
    assert group["CacheSubnetGroupDescription"] == "1"


@contract("ElastiCacheResponse.delete_cache_subnet_group")
def deleted_subnets_of_caches() -> None:
    elasticache, _ = cache_subnets()
    elasticache.delete_cache_subnet_group(CacheSubnetGroupName="app")
    assert elasticache.describe_cache_subnet_groups()["CacheSubnetGroups"] == []


# Sessions


class _SessionApi:
    """Starts sessions with fixed ids."""

    def execute_command(self, task_id: str, container: str | None, command: str) -> Any:
        return SimpleNamespace(id=f"{task_id} {container} {command}", stream_url="wss://stream", token="token")

    def start_session(self, target: str, document: str, parameters: dict[str, list[str]]) -> Any:
        return SimpleNamespace(
            id=f"{target} {document} {parameters['host'][0]}", stream_url="wss://stream", token="token"
        )

    def resume_session(self, session_id: str) -> Any:
        return None if session_id == "over" else SimpleNamespace(id=session_id, stream_url="wss://s", token="token")

    def terminate_session(self, session_id: str) -> None:
        pass


@contextmanager
def sessions() -> Iterator[None]:
    from flask_on_aws_cli.local_aws.moto_patches.sessions import add_session_api, remove_session_api

    api = _SessionApi()
    add_session_api(api)
    try:
        yield
    finally:
        remove_session_api(api)


@contract("EC2ContainerServiceResponse.execute_command")
def a_command_in_a_task() -> None:
    with sessions():
        answer = client("ecs").execute_command(cluster="c", task="t", container="web", command="ls", interactive=True)
    assert answer["session"] == {"sessionId": "t web ls", "streamUrl": "wss://stream", "tokenValue": "token"}


@contract("SimpleSystemManagerResponse.start_session")
def a_forwarded_port() -> None:
    with sessions():
        answer = client("ssm").start_session(Target="t", DocumentName="AWS-Forward", Parameters={"host": ["db"]})
    assert (answer["SessionId"], answer["TokenValue"]) == ("t AWS-Forward db", "token")


@contract("SimpleSystemManagerResponse.resume_session")
def a_resumed_session() -> None:
    with sessions():
        assert client("ssm").resume_session(SessionId="s")["TokenValue"] == "token"
        assert "TokenValue" not in client("ssm").resume_session(SessionId="over")


@contract("SimpleSystemManagerResponse.terminate_session")
def a_terminated_session() -> None:
    with sessions():
        assert client("ssm").terminate_session(SessionId="s")["SessionId"] == "s"


def run(scenario: Callable[[], None]) -> str | None:
    """Run a scenario on an empty AWS; returns the failure, if there was one."""
    from moto import mock_aws

    try:
        with mock_aws():
            scenario()
    except Exception as failure:
        frame = traceback.extract_tb(failure.__traceback__)[-1]
        return f"{type(failure).__name__}: {failure} ({frame.name}, line {frame.lineno})"
    return None


def main(kind: str) -> None:
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"  # loading them takes 0.2 s for each scenario with a network
    # The module of the local AWS's endpoint sets it in tests that import it; loading them takes 1 s for each scenario.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"
    reasons = {}
    if kind == "patched":
        from flask_on_aws_cli.local_aws.moto_patches import apply_patches
        from flask_on_aws_cli.local_aws.moto_patches._patch import PATCHES

        apply_patches()
        reasons = {target: applied.reason for target, applied in PATCHES.items()}
    failures = {target: run(scenario) for target, scenario in CONTRACTS.items()}
    print(json.dumps({"failures": failures, "reasons": reasons}))


if __name__ == "__main__":
    main(sys.argv[1])
