"""The task definition of a service or a job."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pulumi
import pulumi_aws as aws

from .containers import Container, container_definitions, volume_names


class TaskSpec(NamedTuple):
    """What a task definition is made of."""

    container: Container
    cpu: int
    memory: int
    architecture: str
    image_uri: pulumi.Input[str]
    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    secrets: Mapping[str, pulumi.Input[str]]
    secrets_version: pulumi.Input[str] | None
    """A value that changes with the secrets' values, so that the task definition does."""
    certificates: pulumi.Input[str]
    sidecars: Sequence[Mapping[str, Any]]
    init_containers: Sequence[Mapping[str, Any]]
    log_group_name: pulumi.Input[str]
    execution_role_arn: pulumi.Input[str]
    task_role_arn: pulumi.Input[str]


def create_task_definition(name: str, spec: TaskSpec, parent: pulumi.Resource) -> aws.ecs.TaskDefinition:
    """A task definition on Fargate whose family is its logical name."""
    region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=parent)).region
    log_options = {
        "awslogs-group": spec.log_group_name,
        "awslogs-region": region,
        "awslogs-stream-prefix": spec.container.name,
    }
    labels = {} if spec.secrets_version is None else {"flask-on-aws.secrets": spec.secrets_version}
    container = spec.container
    definitions = pulumi.Output.all(
        image=spec.image_uri,
        environment=spec.environment,
        secrets=spec.secrets,
        log_options=log_options,
        labels=labels,
        certificates=spec.certificates,
        sidecars=spec.sidecars,
        init_containers=spec.init_containers,
    ).apply(lambda values: container_definitions(container, **values))
    return aws.ecs.TaskDefinition(
        name,
        family=name,
        requires_compatibilities=["FARGATE"],
        network_mode="awsvpc",
        cpu=str(spec.cpu),
        memory=str(spec.memory),
        runtime_platform={
            "cpu_architecture": spec.architecture.upper(),
            "operating_system_family": "LINUX",
        },
        execution_role_arn=spec.execution_role_arn,
        task_role_arn=spec.task_role_arn,
        container_definitions=definitions,
        volumes=[{"name": volume} for volume in volume_names(container)],
        opts=pulumi.ResourceOptions(parent=parent),
    )
