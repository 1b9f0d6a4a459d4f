"""The arguments of a Fargate service, their defaults and their checks."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi

from ..component import with_defaults
from ..runtime_contract.contract import TIMERS, fargate_size_problems
from ..validation.argument_types import typed
from ..validation.choices import Architecture
from ..validation.problems import Problem
from ..validation.references import kms_key_problems, secret_reference_problems
from ..validation.values import range_problems, repeated_problems, retention_problems
from .container_checks import Task, sidecar_problems, size_problems, writable_path_problems


class ServiceArgs(TypedDict, total=False):
    cluster_arn: Required[pulumi.Input[str]]
    """ARN of the ECS cluster. Required."""
    vpc_id: Required[pulumi.Input[str]]
    """The VPC of the tasks. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The subnets of the tasks. Required."""
    assign_public_ip: pulumi.Input[bool]
    """Whether tasks get public addresses, which they need in public subnets. Default: false."""
    image_uri: Required[pulumi.Input[str]]
    """The image, by digest. Required."""
    repository_url: pulumi.Input[str]
    """Repository of the image, if known before the image is built; the execution role may pull only from it. Default: that of `image_uri`."""
    architecture: Architecture
    """Processor architecture of the tasks, the one that the image was built for: x86_64 or arm64. Default: x86_64."""
    cpu: int
    """CPU units of a task; 1024 are one vCPU. Default: 256."""
    memory: int
    """Memory of a task in MiB; AWS allows certain values for each `cpu`. Default: 512."""
    command: str
    """Start command, run by a shell with `exec`. Default: the image's CMD."""
    entry_point: Sequence[str]
    """What runs the command, and that of the release and of one-off tasks, which can replace the command alone. Needs `command`. Default: the image's ENTRYPOINT."""
    container_name: str
    """Name of the app's container and prefix of its log streams. Default: web."""
    port: int
    """TCP port that the app listens on. Default: 8080."""
    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Plain environment variables. Default: none."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Secret environment variables: name and `valueFrom` as in ECS, the ARN of a secret or SSM parameter; a variable with an empty reference is left out. Default: none."""
    secrets_version: pulumi.Input[str]
    """Any value that changes with the secrets' values; tasks are then replaced, because they read secrets only when they start. Default: none."""
    target_group_arn: pulumi.Input[str]
    """Target group of the load balancer; without it the service has no port (a worker). Default: none."""
    more_target_group_arns: Sequence[pulumi.Input[str]]
    """Further target groups, while the service moves to another load balancer. Default: none."""
    load_balancers: Sequence[str]
    """The load balancers that those target groups belong to: `public`, `internal` or both. If set, an update that would remove the tasks from all that serve them now is rejected. Default: none, no update is rejected."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group of the load balancer, the only one from which tasks accept connections. Default: none."""
    security_group_id: pulumi.Input[str]
    """An existing security group for the tasks. Default: one is created."""
    execution_role_arn: pulumi.Input[str]
    """An existing execution role; set `task_role_arn` as well. Default: both are created."""
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
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the created log group, and with which the created execution role decrypts the containers' secrets; the key's policy must allow CloudWatch Logs, as that of a KmsKey does. Default: AWS's keys."""
    secret_kms_key_ids: Sequence[pulumi.Input[str]]
    """ARNs of further KMS keys with which the created execution role decrypts the containers' secrets. Default: none."""
    release_command: str
    """Command that a shell runs once per release, as a task of the new task definition, before the service gets it; if it fails, the service is left unchanged. Needs boto3 where Pulumi runs. Default: none."""
    release_seconds: int
    """Seconds that the release command may take, up to 3600. Default: 900."""
    rollout_seconds: int
    """Seconds that a rollout may take before the update fails, up to 3600. Default: 1200."""
    after: pulumi.Input[Any]
    """Any value that must be known before tasks of this release start, such as another service's `prepared`. Default: none."""
    recorded_after: pulumi.Input[Any]
    """Any value that must be known before the rollout of this release is awaited, such as another service's `recorded`: a failure is then reported after that of the other service. Default: none."""
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
    """Whether the container's root filesystem is read-only apart from `writable_paths`. Default: true."""
    writable_paths: Sequence[str]
    """Directories on scratch volumes. They belong to root unless the image declares them as VOLUMEs of its user. Default: /tmp."""
    user: str
    """User that the container runs as. Default: the image's USER."""
    sidecars: Sequence[Mapping[str, Any]]
    """Additional containers of the task, as the ECS API's container definitions; they write to the same log group. Default: none."""
    init_containers: Sequence[Mapping[str, Any]]
    """Containers that must exit successfully before the app starts, as the ECS API's container definitions. Default: none."""
    outbound_ports: Sequence[int]
    """TCP ports on which tasks may connect to any address; include 443 for image, secrets and logs, and the database's port. Default: all ports and protocols."""
    ca_path: str
    """Where an init container writes `ca_certificates`, for images that do not contain them. Default: none, no init container."""
    ca_certificates: pulumi.Input[str]
    """PEM certificates for `ca_path`. Default: none."""
    trusts_sqlserver: bool
    """Whether the init container also writes, next to `ca_path`, the files with which the drivers of SQL Server verify its certificate: freetds.conf and all-roots.pem. Default: false."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


DEFAULTS: Mapping[str, Any] = {
    "assign_public_ip": False,
    "architecture": "x86_64",
    "cpu": 256,
    "memory": 512,
    "entry_point": [],
    "container_name": "web",
    "port": 8080,
    "environment": {},
    "secrets": {},
    "secret_kms_key_ids": [],
    "more_target_group_arns": [],
    "task_policies": {},
    "task_policy_arns": {},
    "log_retention_days": 30,
    "release_command": "",
    # A migration of a large table; an hour is how long the credentials of a workflow last.
    "release_seconds": 900,
    # How long the AWS provider waits for a service by default.
    "rollout_seconds": 1200,
    "after": "",
    "recorded_after": "",
    "desired_count": 1,
    "startup_seconds": 60,
    "stop_timeout": TIMERS.stop_timeout,
    "spot_share": 0,
    "enable_exec": False,
    "read_only_root": True,
    "writable_paths": ["/tmp"],  # noqa: S108 the container's scratch volume
    "sidecars": [],
    "init_containers": [],
    "ca_certificates": "",
    "trusts_sqlserver": False,
}


@typed(ServiceArgs)
def problems(args: ServiceArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, DEFAULTS)
    for sentence in fargate_size_problems(args["cpu"], args["memory"]):
        argument, _, reason = sentence.partition(" ")
        yield Problem(argument, reason)
    yield from range_problems("port", args["port"], 1, 65535)
    # Adaptable gives an app four minutes to start; a longer grace period delays the rollback of a bad release.
    yield from range_problems("startup_seconds", args["startup_seconds"], 5, 240, "seconds")
    # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: 120 s at most on Fargate;
    # below the drain time and a second for the app, every deployment would kill requests.
    yield from range_problems("stop_timeout", args["stop_timeout"], TIMERS.drain + 1, 120, "seconds")
    for limit in ("release_seconds", "rollout_seconds"):
        yield from range_problems(limit, args[limit], 10, 3600, "seconds")
    yield from range_problems("spot_share", args["spot_share"], 0, 100, "percent")
    yield from range_problems("desired_count", args["desired_count"], 0, 5000)
    yield from retention_problems("log_retention_days", args["log_retention_days"])
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    if "security_group_id" not in args and args.get("outbound_ports") == []:
        yield Problem(
            "outbound_ports",
            "An empty list lets tasks connect nowhere, not even to the registry of their image; leave it out to let them connect anywhere.",
        )
    yield from _container_problems(args)
    for name, reference in args["secrets"].items():
        yield from secret_reference_problems(f"secrets.{name}", reference)
    if isinstance(args["environment"], Mapping):
        rest = (args["secrets"], args["sidecars"], args["init_containers"], args.get("command"))
        yield from size_problems("environment", args["environment"], *rest)
    if "command" in args and not args["command"].strip():
        yield Problem("command", f"{args['command']!r} is empty; leave it out to use the image's command.")
    if args["entry_point"] and "command" not in args:
        yield Problem("entry_point", "must be set together with command: the image's CMD does not apply with it.")
    if "user" in args and not args["user"].strip():
        yield Problem("user", f"{args['user']!r} is not a user; leave it out to use the image's user.")
    if ("execution_role_arn" in args) != ("task_role_arn" in args):
        yield Problem("execution_role_arn", "must be set together with task_role_arn; set both or neither.")


def _container_problems(args: ServiceArgs) -> Iterator[Problem]:
    others = [str(container.get("name")) for container in args["init_containers"]]
    task = Task(args["container_name"], others, args["port"], args["cpu"], args["memory"])
    yield from sidecar_problems("sidecars", args["sidecars"], task)
    with_exec = args["enable_exec"] and args["read_only_root"]
    yield from writable_path_problems("writable_paths", args["writable_paths"], with_exec)
    # Port 0 asks for any port: nothing could connect to it.
    for port in args.get("outbound_ports", []):
        yield from range_problems("outbound_ports", port, 1, 65535)
    yield from repeated_problems("outbound_ports", args.get("outbound_ports", []))
