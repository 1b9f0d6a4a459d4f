"""A Fargate service: task definition, security group, logs, and releases that record what really runs."""

import hashlib
import json
from typing import Any

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..grants import role_name
from ..ingress.load_balancer_guard import PUBLIC, service_guard, tags
from ..releases.release_hooks import ReleaseHooks, fingerprint
from ..validation.problems import raise_problems
from .containers import EXEC_PATHS, Container
from .service_args import DEFAULTS, ServiceArgs, problems
from .task_definition import TaskSpec, create_task_definition
from .task_roles import TaskRoles, TaskRolesArgs
from .task_security_group import TaskSecurityGroup, TaskSecurityGroupArgs


class Service(Component):
    """A Fargate service that replaces its tasks without losing a request, and rolls back a version that does not start.

    An update runs the release command, follows the rollout to its end, and fails with the cause if the release fails.
    """

    service_name: pulumi.Output[str]
    """Name of the ECS service."""
    service_arn: pulumi.Output[str]
    """ARN of the ECS service."""
    task_definition_arn: pulumi.Output[str]
    """ARN of the current task definition, with its revision."""
    execution_role_arn: pulumi.Output[str]
    """ARN of the role with which ECS starts tasks."""
    execution_role_name: pulumi.Output[str]
    """Name of that role."""
    task_role_arn: pulumi.Output[str]
    """ARN of the task role, with which the app calls AWS."""
    task_role_name: pulumi.Output[str]
    """Name of the task role, to attach more policies to."""
    security_group_id: pulumi.Output[str]
    """Security group of the tasks."""
    log_group_name: pulumi.Output[str]
    """Log group of all containers."""
    log_group_arn: pulumi.Output[str]
    """ARN of that log group."""
    recorded: pulumi.Output[str]
    """Name of the parameter that records releases, known once this release was seen to run; empty if that is not checked."""
    prepared: pulumi.Output[str]
    """Known once the release command has succeeded; everything else that runs this release waits for it."""

    def __init__(self, name: str, args: ServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, DEFAULTS)
        self._create_log_group()
        self._create_roles()
        self._create_security_group()
        self._create_task_definition()
        self._releases = ReleaseHooks(self, name)
        self._create_release_command()
        self._create_service()
        self._create_release_record()
        self._register()

    def _create_log_group(self) -> None:
        if "log_group_name" in self._args:
            self.log_group_name = pulumi.Output.from_input(self._args["log_group_name"])
            self.log_group_arn = self._existing_log_group_arn()
            return
        days = self._args["log_retention_days"]
        key = self._args.get("kms_key_id")
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-logs", retention_in_days=days, kms_key_id=key, opts=self._child()
        )
        self.log_group_name, self.log_group_arn = group.name, group.arn

    def _existing_log_group_arn(self) -> pulumi.Output[str]:
        """Built from its parts: this update may create the group, so a lookup would come too early."""
        opts = pulumi.InvokeOptions(parent=self)
        return pulumi.Output.format(
            "arn:{partition}:logs:{region}:{account}:log-group:{name}",
            partition=aws.get_partition_output(opts=opts).partition,
            region=aws.get_region_output(opts=opts).region,
            account=aws.get_caller_identity_output(opts=opts).account_id,
            name=self.log_group_name,
        )

    def _create_roles(self) -> None:
        args = self._args
        if "task_role_arn" in args:
            self.execution_role_arn = pulumi.Output.from_input(args["execution_role_arn"])
            self.task_role_arn = pulumi.Output.from_input(args["task_role_arn"])
            self.execution_role_name = self.execution_role_arn.apply(role_name)
            self.task_role_name = self.task_role_arn.apply(role_name)
            return
        role_args: TaskRolesArgs = {
            "log_group_arn": self.log_group_arn,
            "image_uris": [args.get("repository_url", args["image_uri"]), *self._of_other_containers("image")],
            "secret_references": [
                *(reference for _, reference in sorted(args["secrets"].items())),
                *(secret["valueFrom"] for secrets in self._of_other_containers("secrets") for secret in secrets),
            ],
            "policies": args["task_policies"],
            "policy_arns": args["task_policy_arns"],
            "enable_exec": args["enable_exec"],
        }
        if "permissions_boundary" in args:
            role_args["permissions_boundary"] = args["permissions_boundary"]
        if keys := [*([args["kms_key_id"]] if "kms_key_id" in args else []), *args["secret_kms_key_ids"]]:
            role_args["kms_key_arns"] = keys
        roles = TaskRoles(self._name, role_args, self._child())
        self.execution_role_arn, self.task_role_arn = roles.execution_role_arn, roles.task_role_arn
        self.execution_role_name, self.task_role_name = roles.execution_role_name, roles.task_role_name

    def _of_other_containers(self, key: str) -> list[Any]:
        """The values that the other containers have under a key."""
        others = (*self._args["sidecars"], *self._args["init_containers"])
        return [container[key] for container in others if key in container]

    def _create_security_group(self) -> None:
        args = self._args
        if "security_group_id" in args:
            self.security_group_id = pulumi.Output.from_input(args["security_group_id"])
            return
        group_args: TaskSecurityGroupArgs = {"vpc_id": args["vpc_id"], "port": args["port"]}
        if "outbound_ports" in args:
            group_args["outbound_ports"] = args["outbound_ports"]
        if "load_balancer_security_group_id" in args:
            group_args["load_balancer_security_group_id"] = args["load_balancer_security_group_id"]
        self.security_group_id = TaskSecurityGroup(self._name, group_args, self._child()).security_group_id

    def _container(self) -> Container:
        args = self._args
        paths = [*args["writable_paths"], *(EXEC_PATHS if args["enable_exec"] and args["read_only_root"] else ())]
        return Container(
            name=args["container_name"],
            command=args.get("command"),
            port=args["port"] if "target_group_arn" in args else None,
            user=args.get("user"),
            read_only_root=args["read_only_root"],
            writable_paths=paths,
            stop_timeout=args["stop_timeout"],
            ca_path=args.get("ca_path"),
            trusts_sqlserver=args["trusts_sqlserver"],
            entry_point=args["entry_point"],
        )

    def _create_task_definition(self) -> None:
        args = self._args
        spec = TaskSpec(
            container=self._container(),
            cpu=args["cpu"],
            memory=args["memory"],
            architecture=args["architecture"],
            image_uri=args["image_uri"],
            environment=args["environment"],
            secrets=args["secrets"],
            secrets_version=args.get("secrets_version"),
            certificates=args["ca_certificates"],
            sidecars=args["sidecars"],
            init_containers=args["init_containers"],
            log_group_name=self.log_group_name,
            execution_role_arn=self.execution_role_arn,
            task_role_arn=self.task_role_arn,
        )
        self.task_definition_arn = create_task_definition(self._name, spec, self).arn

    def _create_release_command(self) -> None:
        args, command = self._args, self._args["release_command"]
        after = pulumi.Output.from_input(args["after"])
        self.prepared = after.apply(lambda value: "" if value is None else str(value))
        if not command:
            return
        if self._releases.obstacle:
            raise pulumi.InputPropertyError("release_command", f"{command!r} cannot run: {self._releases.obstacle}.")
        content = pulumi.Output.all(
            args["image_uri"], command, args["environment"], args["secrets"], args.get("secrets_version", "")
        )
        record = self._releases.run_before(
            {
                "cluster": args["cluster_arn"],
                "task_definition": pulumi.Output.all(self.task_definition_arn, after).apply(
                    lambda values: str(values[0])
                ),
                "container": args["container_name"],
                "command": command,
                "subnets": args["subnet_ids"],
                "security_groups": [self.security_group_id],
                "assign_public_ip": args["assign_public_ip"],
                "seconds": args["release_seconds"],
                "fingerprint": content.apply(lambda values: fingerprint(*values)),
            }
        )
        self.prepared = pulumi.Output.all(self.prepared, record.version).apply(lambda values: f"{values[0]}{values[1]}")

    def _create_service(self) -> None:
        args = self._args
        balanced, guarded = "target_group_arn" in args, "load_balancers" in args
        service = aws.ecs.Service(
            self._name,
            cluster=args["cluster_arn"],
            task_definition=pulumi.Output.all(self.task_definition_arn, self.prepared).apply(
                lambda values: str(values[0])
            ),
            desired_count=args["desired_count"],
            capacity_provider_strategies=capacity_strategy(args["spot_share"]),
            # Without it the provider replaces the whole service when the share of Spot changes.
            force_new_deployment=True,
            # A full set of the new version runs before the old one is drained.
            deployment_minimum_healthy_percent=100,
            deployment_maximum_percent=200,
            deployment_circuit_breaker={"enable": True, "rollback": True},
            health_check_grace_period_seconds=args["startup_seconds"] if balanced else None,
            load_balancers=[
                {
                    "target_group_arn": arn,
                    "container_name": args["container_name"],
                    "container_port": args["port"],
                }
                for arn in (args["target_group_arn"], *args["more_target_group_arns"])
            ]
            if balanced
            else None,
            network_configuration={
                "subnets": args["subnet_ids"],
                "security_groups": [self.security_group_id],
                "assign_public_ip": args["assign_public_ip"],
            },
            enable_execute_command=args["enable_exec"],
            enable_ecs_managed_tags=True,
            propagate_tags="SERVICE",
            # A hook follows the rollout: the provider considers a service that ECS has rolled back steady.
            wait_for_steady_state=bool(self._releases.obstacle),
            tags=tags(args["load_balancers"]) or None if guarded else None,
            # Autoscaling and operators change the count while the app runs (aws/aws-cdk#3919).
            opts=self._child(ignore_changes=["desired_count"], hooks=service_guard(self._name) if guarded else None),
        )
        self.service_name, self.service_arn = service.name, service.arn

    def _create_release_record(self) -> None:
        args, releases = self._args, self._releases
        self.recorded = pulumi.Output.from_input("")
        if releases.obstacle:
            pulumi.log.warn(f"Whether releases of {self._name} really run is not checked: {releases.obstacle}.", self)
            return
        releases.report_rollback(args["cluster_arn"])
        settings = [args["subnet_ids"], self.security_group_id, args["assign_public_ip"], args["spot_share"]]
        # A change of load balancers starts a rollout, which the update follows to its end.
        settings += [*sorted(set(args.get("load_balancers", ())) - {PUBLIC}), *args["more_target_group_arns"]]
        after = pulumi.Output.from_input(args["recorded_after"])
        record = releases.record_after(
            {
                "cluster": args["cluster_arn"],
                "service": pulumi.Output.all(self.service_name, after).apply(lambda values: str(values[0])),
                "task_definition": self.task_definition_arn,
                "container": args["container_name"],
                "seconds": args["rollout_seconds"],
                "image": args["image_uri"],
                "settings": pulumi.Output.all(*settings).apply(_digest),
            }
        )
        # Its name, unlike its version, is known in a preview of an update.
        self.recorded = record.name


def _digest(values: list[Any]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:16]


def capacity_strategy(spot_share: int) -> list[aws.ecs.ServiceCapacityProviderStrategyArgsDict]:
    """Weights of Fargate and Fargate Spot. Unless all tasks may run on Spot, the first one runs on Fargate."""
    if spot_share == 0:
        return [{"capacity_provider": "FARGATE", "weight": 1}]
    spot: aws.ecs.ServiceCapacityProviderStrategyArgsDict = {"capacity_provider": "FARGATE_SPOT", "weight": spot_share}
    if spot_share == 100:  # percent
        return [spot]
    return [{"capacity_provider": "FARGATE", "weight": 100 - spot_share, "base": 1}, spot]
