"""The façade: a Flask app with everything that it needs to run on AWS."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pulumi

from ..runtime_contract.contract import SERVICES
from ..validation.problems import raise_problems
from .checks.arguments import problems
from .checks.lookups import lookup_problems
from .data_loss_records import guard
from .flask_app_args import FlaskAppArgs, with_processes, with_profile
from .planned_commands import with_direct_commands
from .steps import FlaskAppSteps
from .transformations import Transforms

if TYPE_CHECKING:
    from .transforms import FlaskAppTransform


class FlaskApp(FlaskAppSteps):
    """Image, network, database, bucket, load balancer or CloudFront, Fargate services, scaling and alarms of one app.

    Load balancer, database, certificate, bucket and image are created in parallel; only the service waits for them.
    """

    url: pulumi.Output[str]
    """The app's address, always https."""
    hostname: pulumi.Output[str]
    """Host of `url`."""
    dns_records: pulumi.Output[Sequence[Mapping[str, str]]]
    """With `dns` external: the records to create, each with name, type and value."""
    certificate_arn: pulumi.Output[str]
    """ARN of the certificate of the app's domain; empty without a domain, or if the shared listener's own certificate covers it."""
    distribution_id: pulumi.Output[str]
    """Id of the CloudFront distribution; empty without one."""
    distribution_arn: pulumi.Output[str]
    """ARN of the CloudFront distribution; empty without one."""

    web_acl_arn: pulumi.Output[str]
    """ARN of the web ACL that `waf` creates, for the load balancer or the distribution that serves visitors; empty without it."""

    basic_auth_password: pulumi.Output[str]
    """Password of `basic_auth_username`, a secret; empty without it."""

    load_balancer_arn: pulumi.Output[str]
    """ARN of the load balancer that serves visitors."""
    load_balancer_arn_suffix: pulumi.Output[str]
    """The part of that ARN that identifies the load balancer in metrics and scaling policies."""
    load_balancer_dns_name: pulumi.Output[str]
    """DNS name of the load balancer."""
    load_balancer_zone_id: pulumi.Output[str]
    """Id of the load balancer's hosted zone, for alias records."""
    load_balancer_security_group_id: pulumi.Output[str]
    """Security group of the load balancer."""
    listener_arn: pulumi.Output[str]
    """ARN of the listener that forwards to the app; further services add their rules to it."""
    target_group_arn: pulumi.Output[str]
    """ARN of the app's target group, known once the listener forwards to it."""

    image_uri: pulumi.Output[str]
    """The running image, by digest."""
    repository_url: pulumi.Output[str]
    """The image's repository, without tag and digest."""
    repository_arn: pulumi.Output[str]
    """ARN of the image's repository; empty if that is not in ECR."""

    cluster_name: pulumi.Output[str]
    """Name of the ECS cluster."""
    cluster_arn: pulumi.Output[str]
    """ARN of the ECS cluster."""
    service_name: pulumi.Output[str]
    """Name of the web service."""
    service_arn: pulumi.Output[str]
    """ARN of the web service."""
    task_definition_arn: pulumi.Output[str]
    """ARN of the web service's task definition, with its revision."""
    worker_service_names: pulumi.Output[Mapping[str, str]]
    """Name of each worker's service, by the worker's name."""
    schedule_group_name: pulumi.Output[str]
    """Name of the group of EventBridge Scheduler's schedules that start the jobs; empty without any."""
    schedule_group_arn: pulumi.Output[str]
    """ARN of that group; empty without any."""
    job_dead_letter_queue_url: pulumi.Output[str]
    """URL of the queue for runs of jobs that could not be started; empty without any."""
    execution_role_arn: pulumi.Output[str]
    """ARN of the role with which ECS pulls the image, reads the secrets and writes the logs."""
    execution_role_name: pulumi.Output[str]
    """Name of that role."""
    task_role_arn: pulumi.Output[str]
    """ARN of the task role, with which the web service and the workers call AWS."""
    task_role_name: pulumi.Output[str]
    """Name of the task role, to attach more policies to."""
    security_group_id: pulumi.Output[str]
    """Security group of the tasks."""
    log_group_name: pulumi.Output[str]
    """Log group of the web service and the workers."""
    log_group_arn: pulumi.Output[str]
    """ARN of that log group."""
    secret_arn: pulumi.Output[str]
    """ARN of the app's JSON secret."""

    database_host: pulumi.Output[str]
    """Host of the database; empty without one."""
    database_port: pulumi.Output[int]
    """Port of the database; 0 without one."""
    database_name: pulumi.Output[str]
    """Name of the database; empty without one."""
    database_username: pulumi.Output[str]
    """Name of the database's owner; empty without one."""
    database_secret_arn: pulumi.Output[str]
    """ARN of the JSON secret with the owner's `username` and `password`; empty without a database."""
    database_security_group_id: pulumi.Output[str]
    """Security group of the database's server; empty without one."""
    database_instance_identifier: pulumi.Output[str]
    """Identifier of the RDS instance; empty without one, with Aurora or DocumentDB, and on a shared server."""
    database_instance_arn: pulumi.Output[str]
    """ARN of the RDS instance; empty without one, with Aurora or DocumentDB, and on a shared server."""
    database_cluster_identifier: pulumi.Output[str]
    """Identifier of the Aurora or DocumentDB cluster; empty without one."""
    database_cluster_arn: pulumi.Output[str]
    """ARN of the Aurora or DocumentDB cluster; empty without one."""

    bucket_name: pulumi.Output[str]
    """Name of the media bucket; empty without one."""
    bucket_arn: pulumi.Output[str]
    """ARN of the media bucket; empty without one."""

    media_url: pulumi.Output[str]
    """Address of the bucket's files on CloudFront, with a trailing slash; empty without `media_cdn`."""

    queue_url: pulumi.Output[str]
    """URL of the queue for background jobs; empty without one."""
    queue_arn: pulumi.Output[str]
    """ARN of that queue; empty without one."""
    dead_letter_queue_url: pulumi.Output[str]
    """URL of the dead-letter queue; empty without one."""

    cache_host: pulumi.Output[str]
    """Host of the cache; empty without one."""
    cache_port: pulumi.Output[int]
    """Port of the cache; 0 without one."""
    cache_secret_arn: pulumi.Output[str]
    """ARN of the JSON secret with the cache's `url` and `password`; empty without a cache."""
    cache_security_group_id: pulumi.Output[str]
    """Security group of the cache; empty without one."""
    cache_replication_group_id: pulumi.Output[str]
    """Id of the cache's replication group; empty without one."""

    vpc_id: pulumi.Output[str]
    """The VPC."""
    public_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets of the load balancer."""
    private_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets of the database."""
    task_subnet_ids: pulumi.Output[Sequence[str]]
    """Subnets in which tasks run."""
    assign_public_ip: pulumi.Output[bool]
    """Whether tasks in `task_subnet_ids` need a public address to connect to anything."""
    endpoint_security_group_id: pulumi.Output[str]
    """Security group of the VPC's interface endpoints; empty without any."""
    kms_key_arn: pulumi.Output[str]
    """ARN of the KMS key that encrypts what the app stores; empty with AWS's own keys."""
    alarm_topic_arn: pulumi.Output[str]
    """ARN of the SNS topic that alarms and the budget publish to; empty without one."""

    def __init__(
        self,
        name: str,
        args: FlaskAppArgs,
        opts: pulumi.ResourceOptions | None = None,
        transform: "FlaskAppTransform | None" = None,
    ) -> None:
        """Create the app.

        Its components are attributes: `network`, `image`, `certificate`, `log_bucket`, `load_balancer`,
        `internal_load_balancer`, `route`, `cdn`, `media_access`, `media_cdn`, `web_acl`, `basic_auth`, `task_security_group`,
        `bucket`, `queue`, `cache`,
        `database`, `database_server` (of SQL Server, where `database` is what the app has on it), `secret`, `cluster`, `web`,
        `workers` (by name), `tunnel_task`, `scaling`, `alarms` and `jobs`; None for what the arguments leave out.

        Args:
            name: first part of all names, at most 20 lower-case letters, digits and hyphens.
            args: the app's arguments.
            opts: options for all of its resources.
            transform: functions that change child resources' inputs and options; in Python alone.

        Raises:
            ArgumentsError: for everything that is wrong with the arguments and the transform.
        """
        transforms = Transforms(name, transform)
        raise_problems([*problems(name, args), *transforms.problems()])
        raise_problems(lookup_problems(args, opts))
        self._args = with_direct_commands(with_profile(with_processes(args)))
        super().__init__(name, transforms.options(opts), guard(name, self._args))
        self._warn_of_accepted_loss()
        self._create_key()
        self._create_network()
        self._create_image()
        self._create_log_bucket()
        self._create_exposure()
        self._create_security_group()
        self._create_bucket()
        self._create_queue()
        self._create_cache()
        self._create_database()
        self._create_secret()
        self._create_cluster()
        self._create_services()
        self._create_tunnel_task()
        self._create_scaling()
        self._create_alarms()
        self._create_jobs()
        raise_problems(transforms.unused())
        self._register()

    def allow_connection_from(self, client: str, security_group_id: pulumi.Input[str]) -> None:
        """Let what has another security group connect to the app's tasks, past the load balancer.

        `database.allow_connection_from` and `cache.allow_connection_from` do so for these.

        Args:
            client: what connects, as the last part of the rule's logical name; each client has its own.
            security_group_id: its security group, whose own rules must let it out to the app's port.
        """
        self.task_security_group.allow_connection_from(client, security_group_id)

    def grant(self, client: str, role: pulumi.Input[str]) -> None:
        """Let a role do what the app's own tasks may: use bucket and queue, and read the database's login and the cache's URL.

        `bucket.grant`, `queue.grant`, `cache.grant`, `database.grant` and `secret.grant` give one of them alone.

        Args:
            client: whose role it is, as the last part of the policies' logical names; each client has its own.
            role: name or ARN of the IAM role.
        """
        for service in SERVICES:
            if granting := getattr(self, service):
                granting.grant(client, role)
