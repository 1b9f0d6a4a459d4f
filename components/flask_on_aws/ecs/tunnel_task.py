"""The task through which `flask-on-aws tunnel` reaches an app's database while the app's own tasks accept no sessions."""

from collections.abc import Iterator, Mapping
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..iam import service_trust
from ..validation.argument_types import typed
from ..validation.choices import Architecture
from ..validation.problems import Problem, raise_problems
from .containers import TUNNEL_CONTAINER, Container
from .task_definition import TaskSpec, create_task_definition
from .task_roles import exec_policy


class TunnelTaskArgs(TypedDict, total=False):
    image_uri: Required[pulumi.Input[str]]
    """The app's image, by digest; it must have `sh` and `sleep`. Required."""
    execution_role_arn: Required[pulumi.Input[str]]
    """The role with which ECS pulls that image and writes the logs, such as that of the app's Service. Required."""
    log_group_name: Required[pulumi.Input[str]]
    """Log group of the container. Required."""
    architecture: Architecture
    """Processor architecture that the image was built for: x86_64 or arm64. Default: x86_64."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the task role. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {"architecture": "x86_64"}


@typed(TunnelTaskArgs)
def problems(args: TunnelTaskArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each: only what their types say."""
    yield from ()


# The least that Fargate has; the agent forwards some megabytes a second with it.
_CPU, _MEMORY = 256, 512
# Seconds after which a task ends by itself if nobody has stopped it: longer than a working day, and until then it costs
# 0.15 USD (0.25 vCPU and 0.5 GB in us-east-1, https://aws.amazon.com/fargate/pricing/).
_LONGEST = 12 * 60 * 60
WAITING = Container(
    name=TUNNEL_CONTAINER,
    command=None,
    entry_point=["/bin/sh", "-c"],
    arguments=[f"exec sleep {_LONGEST}"],
    port=None,
    user=None,
    # ECS Exec's agent, which forwards the connections, supports no other:
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-considerations
    read_only_root=False,
    writable_paths=[],
    stop_timeout=30,  # ECS's default; the container ends at once
    ca_path=None,
)
"""The container, which only waits."""


class TunnelTask(Component):
    """A task definition for tunnels; nothing of it runs, or costs anything, until someone opens one.

    Its tasks are started in the network of the app's tasks, so that they reach its database, but have neither its
    secrets nor its rights: the role lets ECS Exec's agent connect, and nothing else. They end by themselves after twelve
    hours.
    """

    task_definition_arn: pulumi.Output[str]
    """ARN of the task definition, with its revision."""
    task_role_arn: pulumi.Output[str]
    """ARN of the task role."""

    def __init__(self, name: str, args: TunnelTaskArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self.task_role_arn = self._create_role()
        self.task_definition_arn = self._create_task_definition()
        self._register()

    def _create_role(self) -> pulumi.Output[str]:
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOptions(parent=self)).account_id
        role = aws.iam.Role(
            f"{self._name}-task",
            assume_role_policy=account.apply(lambda account_id: service_trust("ecs-tasks.amazonaws.com", account_id)),
            permissions_boundary=self._args.get("permissions_boundary"),
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-task",
            role=role.name,
            policy=exec_policy(),
            opts=self._child(),
        )
        return pulumi.Output.all(role.arn, policy.id).apply(lambda values: str(values[0]))

    def _create_task_definition(self) -> pulumi.Output[str]:
        args = self._args
        spec = TaskSpec(
            container=WAITING,
            cpu=_CPU,
            memory=_MEMORY,
            architecture=args["architecture"],
            image_uri=args["image_uri"],
            environment={},
            secrets={},
            secrets_version=None,
            certificates="",
            sidecars=[],
            init_containers=[],
            log_group_name=args["log_group_name"],
            execution_role_arn=args["execution_role_arn"],
            task_role_arn=self.task_role_arn,
        )
        return create_task_definition(self._name, spec, self).arn
