"""Commands of the app that run at fixed times: EventBridge Scheduler starts a task for each."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Required, TypedDict

import pulumi
import pulumi_aws as aws

from ..component import Component, with_defaults
from ..ecs.containers import Container
from ..ecs.service_args import DEFAULTS as SERVICE_DEFAULTS
from ..ecs.task_definition import TaskSpec, create_task_definition
from ..iam import deny_without_tls, policy_json, use_queue_key
from ..validation.argument_types import typed
from ..validation.choices import Architecture
from ..validation.problems import Problem, raise_problems
from ..validation.references import kms_key_problems
from ..validation.values import repeated_problems
from .job import Job, job_problems, read_job
from .job_alarms import create_alarms
from .job_command import job_command


class ScheduledJobsArgs(TypedDict, total=False):
    jobs: Required[Sequence[Mapping[str, Any]]]
    """The jobs, each `{name, schedule, command, timezone, cpu, memory, timeout, retries, overlap, concurrency}`, of which the first three are required. Required."""
    cluster_arn: Required[pulumi.Input[str]]
    """ARN of the ECS cluster. Required."""
    subnet_ids: Required[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The subnets of the tasks. Required."""
    security_group_id: Required[pulumi.Input[str]]
    """Security group of the tasks. Required."""
    assign_public_ip: pulumi.Input[bool]
    """Whether tasks get public addresses, which they need in public subnets. Default: false."""
    image_uri: Required[pulumi.Input[str]]
    """The image, by digest; it needs Python, which runs the commands. Required."""
    execution_role_arn: Required[pulumi.Input[str]]
    """ARN of the role with which ECS starts the tasks. Required."""
    task_role_arn: Required[pulumi.Input[str]]
    """ARN of the role with which the commands call AWS. It needs `overlap_policy` unless all jobs may overlap. Required."""
    log_group_name: Required[pulumi.Input[str]]
    """The log group of the tasks. Required."""
    architecture: Architecture
    """Processor architecture of the tasks: x86_64 or arm64. Default: x86_64."""
    entry_point: Sequence[str]
    """What runs the commands. Default: the image's ENTRYPOINT."""
    environment: pulumi.Input[Mapping[str, pulumi.Input[str]]]
    """Plain environment variables. Default: none."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Secret environment variables: name and `valueFrom` as in ECS; a variable with an empty reference is left out. Default: none."""
    secrets_version: pulumi.Input[str]
    """Any value that changes with the secrets' values. Default: none."""
    read_only_root: bool
    """Whether the containers' root filesystems are read-only apart from `writable_paths`. Default: true."""
    writable_paths: Sequence[str]
    """Directories on scratch volumes. Default: /tmp."""
    init_containers: Sequence[Mapping[str, Any]]
    """Containers that must exit successfully before a command starts, as the ECS API's container definitions. Default: none."""
    ca_path: str
    """Where an init container writes `ca_certificates`. Default: none, no init container."""
    ca_certificates: pulumi.Input[str]
    """PEM certificates for `ca_path`. Default: none."""
    trusts_sqlserver: bool
    """Whether the init container also writes the files with which the drivers of SQL Server verify its certificate. Default: false."""
    after: pulumi.Input[Any]
    """Any value that must be known before the schedules start tasks of this release, such as a service's `recorded`. Default: none."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the schedules' role. Default: none."""
    kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the dead-letter queue. Default: SQS's own key."""
    watch: bool
    """Whether alarms report runs that could not start, that failed, and that do not succeed. Default: false."""
    alarm_topic_arn: pulumi.Input[str]
    """ARN of the SNS topic of the alarms, to which CloudWatch and EventBridge may publish, as to that of Alarms with `event_rules`. Required with `watch`. Default: none."""
    tags: Mapping[str, str]
    """Tags for every resource in it that supports tags, by key; at most 40. Default: none."""


_DEFAULTS: Mapping[str, Any] = {
    "assign_public_ip": False,
    "architecture": "x86_64",
    "entry_point": [],
    "environment": {},
    "secrets": {},
    "read_only_root": True,
    "writable_paths": SERVICE_DEFAULTS["writable_paths"],
    "init_containers": [],
    "ca_certificates": "",
    "trusts_sqlserver": False,
    "after": "",
    "watch": False,
}
# How often EventBridge Scheduler repeats a RunTask that failed, while the run may still start: a throttled request or a
# short lack of capacity passes within its first, growing pauses.
_START_RETRIES = 5
# The longest that SQS keeps a message.
_KEPT_SECONDS = 14 * 24 * 60 * 60


@typed(ScheduledJobsArgs)
def problems(args: ScheduledJobsArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each."""
    args = with_defaults(args, _DEFAULTS)
    for index, job in enumerate(args["jobs"]):
        yield from job_problems(f"jobs[{index}]", job)
    yield from repeated_problems("jobs", [str(job["name"]) for job in args["jobs"] if "name" in job])
    yield from kms_key_problems("kms_key_id", args.get("kms_key_id"))
    if args["watch"] and "alarm_topic_arn" not in args:
        yield Problem("alarm_topic_arn", "is missing: watch needs it for its messages.")


class ScheduledJobs(Component):
    """Schedules that each run a command of the app's image as a task of its own.

    Each job has its own task definition rather than an override of the service's: RunTask can override a command and a
    size, but it would also start the service's sidecars, and ECS reports a run under its family, by which its failures are
    told from the service's and the schedules' role is limited. It is of the same image, environment and secrets; the
    schedule names its revision, and changes to a new one once `after` is known.

    The command runs below a small program that the task definition contains, with the image's Python. It enforces the time
    limit, repeats a command that failed, writes how the run ended to the log, and asks ECS whether an earlier run of the
    job has not ended; EventBridge Scheduler can do none of these.
    """

    schedule_group_name: pulumi.Output[str]
    """Name of the group of schedules in EventBridge Scheduler."""
    schedule_group_arn: pulumi.Output[str]
    """ARN of that group."""
    role_arn: pulumi.Output[str]
    """ARN of the role with which EventBridge Scheduler starts the tasks."""
    task_definition_arns: pulumi.Output[Mapping[str, str]]
    """ARN of each job's task definition, with its revision, by the job's name."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue for runs that could not be started."""
    dead_letter_queue_arn: pulumi.Output[str]
    """ARN of that queue."""

    def __init__(self, name: str, args: ScheduledJobsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        raise_problems(problems(args))
        super().__init__(name, opts)
        self._args = with_defaults(args, _DEFAULTS)
        self._jobs = {job.name: job for job in map(read_job, self._args["jobs"])}
        self._create_dead_letter_queue()
        self._group = aws.scheduler.ScheduleGroup(name, opts=self._child())
        self.schedule_group_name, self.schedule_group_arn = self._group.name, self._group.arn
        self._create_role()
        definitions = {job.name: self._create_task_definition(job) for job in self._jobs.values()}
        self.task_definition_arns = pulumi.Output.all(**definitions).apply(_texts)
        for job in self._jobs.values():
            self._create_schedule(job, definitions[job.name])
        if self._args["watch"]:
            families = {job: self._family(job) for job in self._jobs}
            create_alarms(
                self._name,
                self._jobs,
                families,
                self._args["cluster_arn"],
                self._queue.name,
                self._args["alarm_topic_arn"],
                self._child(),
            )
        self._register()

    def _family(self, job: str) -> str:
        return f"{self._name}-{job}"

    def _create_dead_letter_queue(self) -> None:
        key = self._args.get("kms_key_id")
        self._queue = aws.sqs.Queue(
            f"{self._name}-failed",
            message_retention_seconds=_KEPT_SECONDS,
            # The two exclude each other.
            sqs_managed_sse_enabled=True if key is None else None,
            kms_master_key_id=key,
            opts=self._child(),
        )
        self.dead_letter_queue_url, self.dead_letter_queue_arn = self._queue.url, self._queue.arn
        aws.sqs.QueuePolicy(
            f"{self._name}-failed-tls",
            queue_url=self._queue.url,
            policy=self._queue.arn.apply(lambda arn: policy_json([deny_without_tls("sqs:*", arn)])),
            opts=self._child(),
        )

    def _create_role(self) -> None:
        options = pulumi.InvokeOptions(parent=self)
        account = aws.get_caller_identity_output(opts=options).account_id
        role = aws.iam.Role(
            f"{self._name}-scheduler",
            assume_role_policy=pulumi.Output.all(account, self.schedule_group_arn).apply(
                lambda values: scheduler_trust(*values)
            ),
            permissions_boundary=self._args.get("permissions_boundary"),
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-scheduler",
            role=role.name,
            policy=pulumi.Output.all(
                cluster_arn=self._args["cluster_arn"],
                families=[self._family(job) for job in self._jobs],
                role_arns=[self._args["execution_role_arn"], self._args["task_role_arn"]],
                queue_arn=self.dead_letter_queue_arn,
                kms_key_id=self._args.get("kms_key_id"),
            ).apply(lambda values: scheduler_policy(**values)),
            opts=self._child(),
        )
        # A schedule that is due before the policy is attached could start nothing.
        self.role_arn = pulumi.Output.all(role.arn, policy.id).apply(lambda values: str(values[0]))

    def _create_task_definition(self, job: Job) -> pulumi.Output[str]:
        args = self._args
        family = self._family(job.name) if args["watch"] else ""
        container = Container(
            name=job.name,
            command=None,
            arguments=job_command(job, args["entry_point"], family),
            port=None,
            user=None,
            read_only_root=args["read_only_root"],
            writable_paths=args["writable_paths"],
            stop_timeout=SERVICE_DEFAULTS["stop_timeout"],
            ca_path=args.get("ca_path"),
            trusts_sqlserver=args["trusts_sqlserver"],
            entry_point=args["entry_point"],
        )
        spec = TaskSpec(
            container=container,
            cpu=job.cpu,
            memory=job.memory,
            architecture=args["architecture"],
            image_uri=args["image_uri"],
            environment=args["environment"],
            secrets=args["secrets"],
            secrets_version=args.get("secrets_version"),
            certificates=args["ca_certificates"],
            sidecars=[],
            init_containers=args["init_containers"],
            log_group_name=args["log_group_name"],
            execution_role_arn=args["execution_role_arn"],
            task_role_arn=args["task_role_arn"],
        )
        return create_task_definition(self._family(job.name), spec, self).arn

    def _create_schedule(self, job: Job, task_definition_arn: pulumi.Output[str]) -> None:
        released = pulumi.Output.all(task_definition_arn, self._args["after"]).apply(lambda values: str(values[0]))
        aws.scheduler.Schedule(
            f"{self._name}-{job.name}",
            description=f"Runs the job {job.name}",
            group_name=self.schedule_group_name,
            schedule_expression=job.schedule,
            schedule_expression_timezone=job.timezone,
            flexible_time_window={"mode": "OFF"},
            target={
                "arn": self._args["cluster_arn"],
                "role_arn": self.role_arn,
                "ecs_parameters": {
                    "task_definition_arn": released,
                    "task_count": 1,
                    "launch_type": "FARGATE",
                    "propagate_tags": "TASK_DEFINITION",
                    "enable_ecs_managed_tags": True,
                    "network_configuration": {
                        "subnets": self._args["subnet_ids"],
                        "security_groups": [self._args["security_group_id"]],
                        "assign_public_ip": self._args["assign_public_ip"],
                    },
                },
                # What EventBridge Scheduler cannot start before the next run is due goes to the queue. Its own defaults, a
                # day and 185 attempts, would start a run at any hour.
                "retry_policy": {
                    "maximum_event_age_in_seconds": job.start_within,
                    "maximum_retry_attempts": _START_RETRIES,
                },
                "dead_letter_config": {"arn": self.dead_letter_queue_arn},
            },
            opts=self._child(),
        )


def _texts(values: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: str(value) for name, value in values.items()}


def scheduler_trust(account_id: str, schedule_group_arn: str) -> str:
    """A trust policy as JSON: EventBridge Scheduler may assume the role for this account's schedules of one group.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
    """
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "scheduler.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id, "aws:SourceArn": schedule_group_arn}},
    }
    return policy_json([statement])


def scheduler_policy(
    cluster_arn: str, families: Sequence[str], role_arns: Sequence[str], queue_arn: str, kms_key_id: str | None
) -> str:
    """Start tasks of these families in this cluster, with these two roles, and report what could not start."""
    start, cluster = cluster_arn.rsplit(":", 1)
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": ["ecs:RunTask"],
            # Every revision: the schedules name the current one, and change while runs of the one before may start.
            "Resource": [f"{start}:task-definition/{family}:*" for family in families],
            "Condition": {"ArnEquals": {"ecs:cluster": cluster_arn}},
        },
        {
            "Effect": "Allow",
            "Action": ["ecs:TagResource"],
            "Resource": f"{start}:task/{cluster.removeprefix('cluster/')}/*",
            "Condition": {"StringEquals": {"ecs:CreateAction": "RunTask"}},
        },
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": sorted(set(role_arns)),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
        {"Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": queue_arn},
    ]
    if kms_key_id:
        statements.append(use_queue_key(kms_key_id, queue_arn))
    return policy_json(statements)


def overlap_policy(cluster_arn: str) -> str:
    """The IAM policy with which the runs of a job see each other: list and describe the tasks of one cluster."""
    start, cluster = cluster_arn.rsplit(":", 1)
    in_cluster = {"ArnEquals": {"ecs:cluster": cluster_arn}}
    tasks = f"{start}:task/{cluster.removeprefix('cluster/')}/*"
    return policy_json(
        [
            # ListTasks takes no task as its resource.
            {"Effect": "Allow", "Action": ["ecs:ListTasks"], "Resource": "*", "Condition": in_cluster},
            {"Effect": "Allow", "Action": ["ecs:DescribeTasks"], "Resource": tasks, "Condition": in_cluster},
        ]
    )
