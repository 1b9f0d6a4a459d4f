"""Endpoints through which a VPC reaches AWS services without the internet."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

# What a Fargate task needs to start and to be operated: image, logs, secrets, parameters, ECS Exec.
_INTERFACE_SERVICES = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "ssmmessages"]


def create_s3_endpoint(
    name: str,
    vpc: aws.ec2.Vpc,
    route_table_ids: Sequence[pulumi.Output[str]],
    dual_stack: bool,
    opts: pulumi.ResourceOptions,
) -> aws.ec2.VpcEndpoint:
    """S3's gateway endpoint, which is free: image layers and media files never pass through a NAT gateway."""
    return aws.ec2.VpcEndpoint(
        f"{name}-s3",
        vpc_id=vpc.id,
        vpc_endpoint_type="Gateway",
        service_name=_service_name("s3", opts),
        route_table_ids=route_table_ids,
        # Without this, requests to S3 over IPv6 bypass the endpoint.
        ip_address_type="dualstack" if dual_stack else None,
        opts=opts,
    )


def create_interface_endpoints(
    name: str,
    vpc: aws.ec2.Vpc,
    subnet_ids: Sequence[pulumi.Output[str]],
    more_services: Sequence[str],
    opts: pulumi.ResourceOptions,
) -> tuple[list[aws.ec2.VpcEndpoint], pulumi.Output[str]]:
    """One interface endpoint per service, in each of the subnets, reached by the service's usual host name.

    Returns:
        The endpoints, and the id of their security group.
    """
    group = _create_security_group(name, vpc, opts)
    endpoints = [
        aws.ec2.VpcEndpoint(
            f"{name}-{service.replace('.', '-')}",
            vpc_id=vpc.id,
            vpc_endpoint_type="Interface",
            service_name=_service_name(service, opts),
            subnet_ids=subnet_ids,
            security_group_ids=[group.id],
            private_dns_enabled=True,
            opts=opts,
        )
        for service in [*_INTERFACE_SERVICES, *more_services]
    ]
    return endpoints, group.id


def _create_security_group(name: str, vpc: aws.ec2.Vpc, opts: pulumi.ResourceOptions) -> aws.ec2.SecurityGroup:
    group = aws.ec2.SecurityGroup(
        f"{name}-endpoints", description="Interface endpoints of AWS services", vpc_id=vpc.id, opts=opts
    )
    aws.vpc.SecurityGroupIngressRule(
        f"{name}-endpoints-https",
        security_group_id=group.id,
        description="HTTPS from inside the VPC",
        cidr_ipv4=vpc.cidr_block,
        ip_protocol="tcp",
        from_port=443,
        to_port=443,
        opts=opts,
    )
    return group


def _service_name(service: str, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=opts.parent)).region
    return pulumi.Output.format("com.amazonaws.{region}.{service}", region=region, service=service)
