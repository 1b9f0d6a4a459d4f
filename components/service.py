"""A Fargate service: task definition, security group, logs, and the rollout of new versions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

import pulumi
import pulumi_aws as aws

from ._checks import choice_problems, range_problems, retention_problems
from ._component import Component, Problem, refuse, settle
from ._containers import EXEC_PATHS, Container, container_definitions, volume_names
from .contract import TIMERS, fargate_size_problems
from .task_roles import TaskRoles, TaskRolesArgs
from .task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs

ARCHITECTURES = ("x86_64", "arm64")


class ServiceArgs(TypedDict, total=False):
    cluster_arn: pulumi.Input[str]
    """ARN of the ECS cluster. Required. Default: none."""
    vpc_id: pulumi.Input[str]
    """The VPC of the tasks. Required. Default: none."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """The subnets of the tasks. Required. Default: none."""
    assign_public_ip: pulumi.Input[bool]
    """Whether tasks get public addresses, which they need in public subnets. Default: false."""
    image_uri: pulumi.Input[str]
    """The image, by digest. Required. Default: none."""
    repository_url: pulumi.Input[str]
    """Repository of the image, where that is known before the image is built; the execution role may pull from it alone. Default: that of `image_uri`."""
    architecture: str
    """Processor of the tasks, the same that the image was built for: x86_64 or arm64. Default: x86_64."""
    cpu: int
    """CPU units of a task; 1024 are one vCPU. Default: 256."""
    memory: int
    """Memory of a task in MiB; AWS allows certain values for each `cpu`. Default: 512."""
    command: str
    """Start command, run by a shell with `exec`. Default: the image's CMD."""
    container_name: str
    """Name of the app's container and prefix of its log streams. Default: web."""
    port: int
    """TCP port that the app listens on. Default: 8080."""
    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Plain environment variables. Default: none."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Secret environment variables: name and what ECS calls `valueFrom`, the ARN of a secret or SSM parameter. Default: none."""
    secrets_version: pulumi.Input[str]
    """Anything that changes when the secrets' values do; then tasks are replaced, since they read secrets only at start. Default: none."""
    target_group_arn: pulumi.Input[str]
    """Target group of the load balancer; without it the service has no port (a worker). Default: none."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group of the load balancer, the only one that may connect to the tasks. Default: none."""
    security_group_id: pulumi.Input[str]
    """An existing security group for the tasks. Default: one is created."""
    execution_role_arn: pulumi.Input[str]
    """An existing execution role; give `task_role_arn` as well. Default: both are created."""
    task_role_arn: pulumi.Input[str]
    """An existing task role. Default: it is created."""
    task_policies: Mapping[str, pulumi.Input[str]]
    """IAM policies (JSON) for the created task role, by a short name for each. Default: none."""
    task_policy_arns: Mapping[str, pulumi.Input[str]]
    """ARNs of managed IAM policies for the created task role, by a short name for each. Default: none."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the created roles. Default: none."""
    log_group_name: pulumi.Input[str]
    """An existing log group. Default: one is created."""
    log_retention_days: int
    """Days for which logs are kept, one of the values that CloudWatch accepts. Default: 30."""
    desired_count: int
    """Tasks to start with. Later changes are ignored: autoscaling or an operator decides. Default: 1."""
    startup_seconds: int
    """Time from start to ready, from 5 to 240 seconds, before failing health checks count. Default: 60."""
    stop_timeout: int
    """Seconds from SIGTERM to SIGKILL, at most 120 on Fargate. Default: 60."""
    spot_share: int
    """Percentage of tasks on Fargate Spot, which AWS may stop with two minutes' notice. Default: 0."""
    enable_exec: bool
    """Whether ECS Exec may open a shell in the containers. Default: false."""
    read_only_root: bool
    """Whether the container's file system is read-only apart from `writable_paths`. Default: true."""
    writable_paths: Sequence[str]
    """Directories on scratch volumes. They belong to root unless the image declares them as VOLUMEs of its user. Default: /tmp."""
    user: str
    """User that the container runs as. Default: the image's USER."""
    sidecars: Sequence[Mapping[str, Any]]
    """More containers of the task, as the ECS API's container definitions; they write to the same log group. Default: none."""
    init_containers: Sequence[Mapping[str, Any]]
    """Containers that have to end well before the app starts, as the ECS API's container definitions. Default: none."""
    outbound_ports: Sequence[int]
    """TCP ports to which tasks may connect anywhere. Default: all ports and protocols."""
    ca_path: str
    """Where an init container writes `ca_certificates`, for images that do not bring them. Default: none, no init container."""
    ca_certificates: pulumi.Input[str]
    """PEM certificates for `ca_path`. Default: none."""


_DEFAULTS: ServiceArgs = {
    "assign_public_ip": False,
    "architecture": "x86_64",
    "cpu": 256,
    "memory": 512,
    "container_name": "web",
    "port": 8080,
    "environment": {},
    "secrets": {},
    "task_policies": {},
    "task_policy_arns": {},
    "log_retention_days": 30,
    "desired_count": 1,
    "startup_seconds": 60,
    "stop_timeout": TIMERS.stop_timeout,
    "spot_share": 0,
    "enable_exec": False,
    "read_only_root": True,
    "writable_paths": ["/tmp"],  # noqa: S108 the container's own scratch volume
    "sidecars": [],
    "init_containers": [],
    "ca_certificates": "",
}


def problems(args: ServiceArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    settled = settle(args, _DEFAULTS)
    yield from choice_problems("architecture", settled["architecture"], ARCHITECTURES)
    for sentence in fargate_size_problems(settled["cpu"], settled["memory"]):
        yield Problem("memory", sentence)
    yield from range_problems("port", settled["port"], 1, 65535)
    # Adaptable gives an app four minutes to start; a longer grace makes a bad release slow to roll back.
    yield from range_problems("startup_seconds", settled["startup_seconds"], 5, 240, "seconds")
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: 120 s at most on Fargate;
    # below the drain time and a second for the app, every deployment would kill requests.
    yield from range_problems("stop_timeout", settled["stop_timeout"], TIMERS.drain + 1, 120, "seconds")
    yield from range_problems("spot_share", settled["spot_share"], 0, 100, "percent")
    yield from range_problems("desired_count", settled["desired_count"], 0, 5000)
    yield from retention_problems("log_retention_days", settled["log_retention_days"])
    for path in settled["writable_paths"]:
        if not path.startswith("/") or path == "/":
            yield Problem("writable_paths", f"{path!r} must be an absolute directory below /, like /tmp.")
    if ("execution_role_arn" in settled) != ("task_role_arn" in settled):
        yield Problem("execution_role_arn", "must be given together with task_role_arn, or neither of them.")


class Service(Component):
    """A Fargate service that replaces its tasks without losing a request, and rolls back a version that does not start."""

    service_name: pulumi.Output[str]
    """Name of the ECS service."""
    service_arn: pulumi.Output[str]
    """ARN of the ECS service."""
    task_definition_arn: pulumi.Output[str]
    """ARN of the current task definition, with its revision."""
    execution_role_arn: pulumi.Output[str]
    """ARN of the role with which ECS starts tasks."""
    task_role_arn: pulumi.Output[str]
    """ARN of the app's own role."""
    security_group_id: pulumi.Output[str]
    """Security group of the tasks."""
    log_group_name: pulumi.Output[str]
    """Log group of all containers."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        refuse(problems(args))
        super().__init__(name, opts)
        self._args = settle(args, _DEFAULTS)
        self._create_log_group()
        self._create_roles()
        self._create_security_group()
        self._create_task_definition()
        self._create_service()
        self._register()

    def _create_log_group(self) -> None:
        if "log_group_name" in self._args:
            self.log_group_name = pulumi.Output.from_input(self._args["log_group_name"])
            return
        days = self._args["log_retention_days"]
        group = aws.cloudwatch.LogGroup(f"{self._name}-logs", retention_in_days=days, opts=self._child())
        self.log_group_name, self._log_group_arn = group.name, group.arn

    def _create_roles(self) -> None:
        given = self._args
        if "task_role_arn" in given:
            self.execution_role_arn = pulumi.Output.from_input(given["execution_role_arn"])
            self.task_role_arn = pulumi.Output.from_input(given["task_role_arn"])
            return
        args: TaskRolesArgs = {
            "log_group_arn": self._log_group_arn,
            "image_uris": [given.get("repository_url", given["image_uri"]), *self._of_others("image")],
            "secret_references": [
                *(reference for _, reference in sorted(given["secrets"].items())),
                *(secret["valueFrom"] for secrets in self._of_others("secrets") for secret in secrets),
            ],
            "policies": given["task_policies"],
            "policy_arns": given["task_policy_arns"],
            "enable_exec": given["enable_exec"],
        }
        if "permissions_boundary" in given:
            args["permissions_boundary"] = given["permissions_boundary"]
        roles = TaskRoles(self._name, args, self._child())
        self.execution_role_arn, self.task_role_arn = roles.execution_role_arn, roles.task_role_arn

    def _of_others(self, key: str) -> list[Any]:
        """What the containers beside the app's have under a key."""
        others = (*self._args["sidecars"], *self._args["init_containers"])
        return [container[key] for container in others if key in container]

    def _create_security_group(self) -> None:
        given = self._args
        if "security_group_id" in given:
            self.security_group_id = pulumi.Output.from_input(given["security_group_id"])
            return
        args: TaskSecurityGroupArgs = {"vpc_id": given["vpc_id"], "port": given["port"]}
        if "outbound_ports" in given:
            args["outbound_ports"] = given["outbound_ports"]
        if "load_balancer_security_group_id" in given:
            args["load_balancer_security_group_id"] = given["load_balancer_security_group_id"]
        self.security_group_id = TaskSecurityGroup(self._name, args, self._child()).security_group_id

    def _container(self) -> Container:
        given = self._args
        paths = [*given["writable_paths"], *(EXEC_PATHS if given["enable_exec"] and given["read_only_root"] else ())]
        return Container(
            name=given["container_name"],
            command=given.get("command"),
            port=given["port"] if "target_group_arn" in given else None,
            user=given.get("user"),
            read_only_root=given["read_only_root"],
            writable_paths=paths,
            stop_timeout=given["stop_timeout"],
            ca_path=given.get("ca_path"),
        )

    def _create_task_definition(self) -> None:
        given, container = self._args, self._container()
        region = aws.get_region_output(opts=pulumi.InvokeOptions(parent=self)).region
        log_options = {
            "awslogs-group": self.log_group_name,
            "awslogs-region": region,
            "awslogs-stream-prefix": container.name,
        }
        labels = {"flask-on-aws.secrets": given["secrets_version"]} if "secrets_version" in given else {}
        definitions = pulumi.Output.all(
            image=given["image_uri"],
            environment=given["environment"],
            secrets=given["secrets"],
            log_options=log_options,
            labels=labels,
            certificates=given["ca_certificates"],
            sidecars=given["sidecars"],
            init_containers=given["init_containers"],
        ).apply(lambda values: container_definitions(container, **values))
        self._task_definition = aws.ecs.TaskDefinition(
            self._name,
            family=self._name,
            requires_compatibilities=["FARGATE"],
            network_mode="awsvpc",
            cpu=str(given["cpu"]),
            memory=str(given["memory"]),
            runtime_platform={
                "cpu_architecture": given["architecture"].upper(),
                "operating_system_family": "LINUX",
            },
            execution_role_arn=self.execution_role_arn,
            task_role_arn=self.task_role_arn,
            container_definitions=definitions,
            volumes=[{"name": volume} for volume in volume_names(container)],
            opts=self._child(),
        )
        self.task_definition_arn = self._task_definition.arn

    def _create_service(self) -> None:
        given = self._args
        balanced = "target_group_arn" in given
        service = aws.ecs.Service(
            self._name,
            cluster=given["cluster_arn"],
            task_definition=self.task_definition_arn,
            desired_count=given["desired_count"],
            capacity_provider_strategies=capacity_strategy(given["spot_share"]),
            # Without it the provider replaces the whole service for another share of Spot.
            force_new_deployment=True,
            # A full set of the new version runs before the old one is drained.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            health_check_grace_period_seconds=given["startup_seconds"] if balanced else None,
            load_balancers=[
                {
                    "target_group_arn": given["target_group_arn"],
                    "container_name": given["container_name"],
                    "container_port": given["port"],
                }
            ]
            if balanced
            else None,
            network_configuration={
                "subnets": given["subnet_ids"],
                "security_groups": [self.security_group_id],
                "assign_public_ip": given["assign_public_ip"],
            },
            enable_execute_command=given["enable_exec"],
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            wait_for_steady_state=True,
            # Autoscaling and operators change the count while the app runs (aws/aws-cdk#3919).
            opts=self._child(ignore_changes=["desired_count"]),
        )
        self.service_name, self.service_arn = service.name, service.arn


def capacity_strategy(spot_share: int) -> list[aws.ecs.ServiceCapacityProviderStrategyArgsDict]:
    """Weights of Fargate and Fargate Spot. Unless all tasks may be on Spot, the first one is not."""
    if spot_share == 0:
        return [{"capacity_provider": "FARGATE", "weight": 1}]
    spot: aws.ecs.ServiceCapacityProviderStrategyArgsDict = {"capacity_provider": "FARGATE_SPOT", "weight": spot_share}
    if spot_share == 100:  # percent
        return [spot]
    return [{"capacity_provider": "FARGATE", "weight": 100 - spot_share, "base": 1}, spot]
