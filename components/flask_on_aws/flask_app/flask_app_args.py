"""The arguments of a Flask app on AWS, and their defaults in each environment.

The program's settings are these arguments, and their reference is these docstrings.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

import pulumi

from ..build_plan.procfile import read_processes
from ..component import with_defaults
from ..logical_database.setup_container import IMAGE as SETUP_IMAGE
from ..validation.choices import (
    Architecture,
    BucketKind,
    Builder,
    CaCertificates,
    DatabaseKind,
    DesyncMitigation,
    Dns,
    Egress,
    EntryPointChoice,
    Environment,
    Preflight,
    Preset,
    QueueKind,
)


class FlaskAppArgs(TypedDict, total=False):
    # General
    environment: Environment
    """Type of the environment: development, staging or production. It decides the defaults that name an environment. Default: development."""
    tags: Mapping[str, str]
    """Tags of all resources that take any, and of the tasks, by key; a resource's own win over them. Keys have up to 128 letters, digits, spaces and + - = . _ : / @, values up to 256; at most 40 tags. Default: none."""
    # Image
    app: str
    """Folder of the app, with or without a Dockerfile. Default: app_template."""
    image: pulumi.Input[str]
    """A ready image to run instead of building `app`. Default: none."""
    dockerfile: str
    """Dockerfile, relative to `app`; where there is no `Dockerfile`, a build plan makes one from the app's files. Default: Dockerfile."""
    python_version: str
    """Without a Dockerfile: Python as major.minor, such as 3.12. Default: what .python-version or the project names, else 3.13."""
    system_packages: Sequence[str]
    """Without a Dockerfile: further Debian packages to build and run with. Default: none."""
    builder: Builder
    """docker-build (BuildKit) or docker (a bare daemon). Default: docker-build."""
    architecture: Architecture
    """Processor that the image is built for and the tasks run on: x86_64 or arm64. Default: x86_64."""
    build_env: Mapping[str, str]
    """Variables of the build; they are not in the running container. A Dockerfile of your own gets them as its `ARG`s. Default: none."""
    build_secrets: Mapping[str, pulumi.Input[str]]
    """Secrets of the build, by name, encrypted in a stack's file: variables of its commands, and for a Dockerfile of your own BuildKit secrets by id. Default: none."""
    rebuild: str
    """Any change of this text builds the image again from fresh base images. Default: none."""
    images_kept: int
    """Releases kept in the repository, at least 20. Default: 30."""
    preflight: Preflight
    """Whether the app is built, run and checked on this machine before its image is pushed: auto (where a Docker engine of the tasks' processor and the command flask-on-aws are there), always or never. Default: auto."""
    repository_name: str
    """Name of the ECR repository; given, an image already pushed for the same content is used again. Default: automatic."""
    # Encryption
    kms_key_id: pulumi.Input[str]
    """ARN of an existing KMS key that encrypts what the app stores: database, files, secrets, logs, images and alarm messages. Its policy must admit CloudWatch Logs and, with alarms, CloudWatch and Budgets. Default: none, which leaves it to AWS's own keys."""
    create_kms_key: bool
    """Whether a KMS key is created for that, in place of `kms_key_id`. Default: false."""
    # Domain
    domain: str
    """The app's own name, like app.example.com. Default: none, a name of CloudFront."""
    domain_aliases: Sequence[str]
    """More names for the same app. Default: none."""
    dns: Dns
    """Where the domain's records are: route53 (set by this program) or external (set by you, see the output dns_records). Default: route53."""
    dns_ready: bool
    """With `dns` external: whether the records for the certificate are set, so that HTTPS on the domain can start. Default: false."""
    zone_id: pulumi.Input[str]
    """Route 53 zone of the domain. Default: the one with the longest matching name."""
    certificate_arn: pulumi.Input[str]
    """An existing ACM certificate for the domain, in the stack's region; on a shared listener it stays attached when the app is deleted. Default: one is requested."""
    cloudfront_origin: str
    """How CloudFront reaches the app of a stack without a domain: `vpc`, by a VPC origin and a load balancer without a public address, or `public`, by a public load balancer, as stacks from before that have it. `public-with-vpc` and `vpc-with-public` are the steps between them (UPGRADE.md): both load balancers, of which CloudFront uses the first named. Default: vpc."""
    # Network
    vpc_cidr: str
    """Address range of the VPC. Default: 10.0.0.0/16."""
    zones: int
    """Availability zones, 2 or 3. Default: 2."""
    egress: Egress
    """How tasks reach the internet: public, ipv6, nat, nat-per-zone or endpoints. Default: public."""
    flow_logs: bool
    """Whether the VPC logs its connections. Default: true in production."""
    vpc_id: pulumi.Input[str]
    """An existing VPC. Default: one is created."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Public subnets of the existing VPC. Default: none."""
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets of the existing VPC. Default: none."""
    # Database
    database: DatabaseKind
    """postgres or none. Default: postgres."""
    database_version: str
    """PostgreSQL's major or major.minor version. Default: 17."""
    database_instance_class: str
    """RDS instance class. Default: db.t4g.micro."""
    database_storage_gib: int
    """Storage to start with. Default: 20."""
    database_max_storage_gib: int
    """Storage up to which RDS grows by itself; 0 turns that off. Default: 100."""
    database_name: str
    """Name of the database. Default: app; on a shared server the app's name, with _ for -."""
    database_username: str
    """Name of the database's owner. Default: app; on a shared server that of the database."""
    database_backup_days: int
    """Days for which RDS can restore any second. Default: 14 in production, 7 in staging, 1 in development."""
    database_backup_window: str
    """UTC time of the daily backup. Default: 03:00-04:00."""
    database_maintenance_window: str
    """UTC time of the weekly maintenance. Default: sun:04:30-sun:05:30."""
    database_multi_az: bool
    """Whether a standby in another zone takes over. Default: true in production."""
    database_monitoring_interval: int
    """Seconds between samples of the database's operating system (RDS Enhanced Monitoring): 0 (none), 1, 5, 10, 15, 30 or 60. CloudWatch Logs bills the samples, the more the shorter the interval. Default: 60 in production, else 0."""
    database_snapshot: str
    """Snapshot to restore from when the database is created; later changes do nothing. Default: none."""
    database_apply_immediately: bool
    """Whether changes of the database happen now or in the maintenance window. Default: true except in production."""
    database_allow_major_upgrade: bool
    """Whether a higher major `database_version` may be applied. Default: false."""
    database_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the database's storage, which RDS takes at creation alone; `aws/rds` is RDS's own, which a database from before `kms_key_id` keeps with it. Default: the key of all else."""
    accept_data_loss: Sequence[str]
    """Logical names of the resources whose data the next update may lose, such as app-db, app-media, app-queue, app-image, app-web-logs or app-kms-key; unset it afterwards. Default: none."""
    allow_database_replacement: bool
    """Deprecated, use accept_data_loss: whether a change may replace the database and so lose its data. Default: false."""
    database_url_scheme: str
    """Scheme of DATABASE_URL: postgresql, postgres or one with a driver like postgresql+psycopg. Default: postgresql."""
    database_url_query: str
    """Query of DATABASE_URL, for drivers that are not libpq; empty: no query. Default: sslmode and sslrootcert."""
    database_host: pulumi.Input[str]
    """Host of an existing PostgreSQL server to share; needs `database_server_security_group_id` and `database_server_secret_arn`. The app gets a separate database and role there, by default named like the app, before its tasks start. Default: none, a server is created."""
    database_port: pulumi.Input[int]
    """Port of the shared server. Default: 5432."""
    database_server_security_group_id: pulumi.Input[str]
    """Security group of the shared server. Default: none."""
    database_server_secret_arn: pulumi.Input[str]
    """Secret with `username` and `password` of a role on the shared server that may create roles and databases; RDS's own secrets are of this form. Default: none."""
    database_setup_image: str
    """Image with psql 14 or newer that sets up the app's database on the shared server. Default: public.ecr.aws/docker/library/postgres:17-alpine."""
    # Bucket
    bucket: BucketKind
    """s3 or none. Default: s3."""
    bucket_versioned: bool
    """Whether overwritten and deleted files are kept for 30 days. Default: true in production."""
    # Queue
    queue: QueueKind
    """sqs or none: a queue for background jobs, whose URL the app gets as QUEUE_URL, and a dead-letter queue for those that failed. Removing it deletes the messages in both. Default: none."""
    # Load balancer, logs and deletion
    allowed_cidrs: Sequence[str]
    """Address ranges that may reach the load balancer on its own domain. Default: everybody."""
    desync_mitigation: DesyncMitigation
    """The load balancer's handling of ambiguous requests: monitor, defensive or strictest. Default: defensive."""
    web_acl_arn: pulumi.Input[str]
    """ARN of an existing web ACL of AWS WAF, whose rules requests must pass: of scope REGIONAL for an app on its own domain, of scope CLOUDFRONT for one on CloudFront's name. Default: none."""
    access_logs: bool
    """Whether load balancer, CloudFront and media bucket log every request to buckets; for a shared load balancer that is up to its owner. Default: true in production."""
    deletion_protection: bool
    """Whether load balancer and database are protected from deletion, until this is set to false and applied. Default: true in production."""
    keep_data: bool
    """Whether a destroyed stack leaves a final snapshot of the database and the media bucket with its files. Default: true in production."""
    # Sharing with other stacks
    cluster_arn: pulumi.Input[str]
    """An existing ECS cluster; give `cluster_name` as well. Default: one is created."""
    cluster_name: pulumi.Input[str]
    """Name of the existing cluster. Default: none."""
    listener_arn: pulumi.Input[str]
    """HTTPS listener of an existing load balancer to share; needs `domain`, `vpc_id` and the four `load_balancer_…` below. Default: none."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Security group of the shared load balancer. Default: none."""
    load_balancer_dns_name: pulumi.Input[str]
    """DNS name of the shared load balancer. Default: none."""
    load_balancer_zone_id: pulumi.Input[str]
    """Hosted zone id of the shared load balancer. Default: none."""
    load_balancer_arn_suffix: pulumi.Input[str]
    """ARN suffix of the shared load balancer, for metrics. Default: none."""
    listener_priority: int
    """Priority of the app's first rule on the shared listener, unlike any other there. Default: 100."""
    listener_has_certificate: bool
    """Whether the shared listener already has a certificate for the domain and its aliases, like a wildcard of the stack that owns it; then the app requests and attaches none. Default: false."""
    listener_paths: Sequence[str]
    """Paths of the app on the shared listener. Default: /*."""
    # Service
    cpu: int
    """CPU units of a task; 1024 are one vCPU. Default: 256."""
    memory: int
    """Memory of a task in MiB. Default: 512."""
    min_tasks: int
    """Fewest tasks. Default: 2 in production, else 1."""
    max_tasks: int
    """Most tasks. Default: 10 in production, 4 in staging, 2 in development."""
    scale_cpu_percent: int
    """Average CPU use that autoscaling keeps; 0 turns it off. Default: 60."""
    scale_memory_percent: int
    """Average memory use that autoscaling keeps; 0 turns it off. Default: 75."""
    scale_requests_per_minute: int
    """Requests per task and minute that autoscaling keeps; 0 turns it off. Default: 0."""
    schedules: Sequence[Mapping[str, Any]]
    """Changes of the task limits at fixed times, each `{name, schedule, min_tasks, max_tasks, timezone}`, where timezone is UTC if left out. They own the limits: leave out `min_tasks` and `max_tasks`. Default: none."""
    port: int
    """Port that the app listens on, given to it as PORT. Default: 8080."""
    health_check_path: str
    """Path that answers 200 when the app is up, without a database behind it. Default: /up."""
    startup_seconds: int
    """Time from start to ready, up to 240 seconds. Default: 60."""
    start_command: str
    """Start command, run by a shell. Default: the image's CMD; without a Dockerfile, `web:` of the Procfile or the project's only script."""
    entry_point: EntryPointChoice
    """What becomes of the image's ENTRYPOINT, which gets every command as its arguments: auto (it is kept if it runs them, as a wrapper that ends in `exec "$@"` does, and replaced if the Dockerfile shows that it does not), keep, or replace (the command runs alone). Default: auto."""
    release_command: str
    """Command that runs once for each release, with the app's image and environment, before any task of it serves; its failure fails the update, and the old release serves on; `none` turns it off. Default: `release:` of the Procfile, unless `image` is given."""
    release_seconds: int
    """Seconds that the release command may take, up to 3600. Default: 900."""
    workers: Mapping[str, str]
    """Background processes: name and command; each is a service of one task of the same image. Default: the Procfile's other lines, unless `image` is given; an empty mapping: none."""
    enable_exec: bool
    """Whether ECS Exec may open a shell in the tasks. Default: false."""
    spot_share: int
    """Percentage of tasks on Fargate Spot. Default: 0."""
    log_retention_days: int
    """Days for which logs are kept: the containers', the flow logs' and the access logs'. Default: 365 in production, 30 in staging, 14 in development."""
    # Environment of the app
    env: Mapping[str, pulumi.Input[str]]
    """The app's own plain variables. Default: none."""
    secrets: Mapping[str, pulumi.Input[str]]
    """The app's own secret variables: name and ARN of a secret or SSM parameter. Default: none."""
    secret_values: Mapping[str, pulumi.Input[str]]
    """The app's own secret variables: name and value, encrypted in a stack's file and kept in the app's secret in Secrets Manager. Default: none."""
    previous_secret_key: str
    """What becomes of the SECRET_KEY that a stack of version 0.1 has: `fallback` (the app finds it in SECRET_KEY_FALLBACKS, so that sessions signed with it stay valid), `keep` (it still signs) or `drop` (sessions signed with it end). No matter on other stacks. Default: fallback."""
    override_env: Sequence[str]
    """Names of the contract's variables that `env`, `secrets` and `secret_values` may replace. Default: none."""
    compat: Sequence[Preset]
    """Further variables as on another platform: adaptable, divio, upsun, gunicorn-tutorial. Default: none."""
    debug: bool
    """Whether FLASK_DEBUG is 1. Flask's debugger lets a visitor run code. Default: false."""
    git_branch: str
    """Branch for the preset divio. Default: none."""
    # Permissions and hardening
    policy_arns: Mapping[str, pulumi.Input[str]]
    """Managed IAM policies for the app's role, by a short name for each. Default: none."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of the roles. Default: none."""
    outbound_ports: Sequence[int]
    """TCP ports to which tasks may connect anywhere, 443 among them, over which they pull their image, read secrets and send logs (with `egress` endpoints it may be left out). The database and the VPC's endpoints are reached whatever is named here. Default: all."""
    read_only_root: bool
    """Whether the container's file system is read-only apart from `writable_paths`. Default: true."""
    writable_paths: Sequence[str]
    """Directories on scratch volumes; in the image of an own Dockerfile they must be VOLUMEs of its user; an empty list: none. Default: /tmp."""
    sidecars: Sequence[Mapping[str, Any]]
    """More containers of the web task, as the ECS API's container definitions. Default: none."""
    ca_certificates: CaCertificates
    """Who brings the RDS root certificates: image, init (a container that writes them before the app starts), or auto: image when the Dockerfile names their path or there is none. Default: auto."""
    # Monitoring
    container_insights: bool
    """Whether CloudWatch collects metrics per task. Default: false."""
    alarms: bool
    """Whether the baseline alarms exist. Default: true in production."""
    alarm_email: pulumi.Input[str]
    """Address that gets alarms and budget warnings. Default: none."""
    monthly_budget_usd: int
    """Monthly budget; 0 for none. Default: 0."""


# What turns the Procfile's release command off.
NO_COMMAND = "none"
COMMON: FlaskAppArgs = {
    "environment": "development",
    "app": "app_template",
    "dockerfile": "Dockerfile",
    "architecture": "x86_64",
    "preflight": "auto",
    "create_kms_key": False,
    "domain_aliases": [],
    "dns": "route53",
    "dns_ready": False,
    "listener_priority": 100,  # in the middle of a hundred apps' rules
    "listener_has_certificate": False,
    "listener_paths": ["/*"],
    "cloudfront_origin": "vpc",
    "egress": "public",
    "database": "postgres",
    "database_instance_class": "db.t4g.micro",
    "database_max_storage_gib": 100,
    "database_url_scheme": "postgresql",
    "database_setup_image": SETUP_IMAGE,
    "accept_data_loss": [],
    "bucket": "s3",
    "queue": "none",
    "cpu": 256,
    "memory": 512,
    "port": 8080,
    "scale_requests_per_minute": 0,
    "workers": {},
    "env": {},
    "secrets": {},
    "secret_values": {},
    "previous_secret_key": "fallback",
    "override_env": [],
    "compat": [],
    "debug": False,
    "git_branch": "",
    "policy_arns": {},
    "ca_certificates": "auto",
    "entry_point": "auto",
    "tags": {},
    "monthly_budget_usd": 0,
}
PRODUCTION: FlaskAppArgs = {
    "flow_logs": True,
    "database_backup_days": 14,
    "database_multi_az": True,
    # Processes and memory of the minutes before an incident, which no metric shows, and which cannot be had afterwards.
    # The longest interval is the cheapest: 44,000 samples of some kilobytes a month, well below 1 USD of log ingestion.
    "database_monitoring_interval": 60,
    "database_apply_immediately": False,
    "bucket_versioned": True,
    "access_logs": True,
    "deletion_protection": True,
    "keep_data": True,
    "min_tasks": 2,  # one in each of two zones
    "max_tasks": 10,
    "log_retention_days": 365,
    "alarms": True,
}
DEVELOPMENT: FlaskAppArgs = {
    "flow_logs": False,
    "database_backup_days": 1,
    "database_multi_az": False,
    "database_monitoring_interval": 0,
    "database_apply_immediately": True,
    "bucket_versioned": False,
    "access_logs": False,
    "deletion_protection": False,
    "keep_data": False,
    "min_tasks": 1,
    "max_tasks": 2,
    "log_retention_days": 14,
    "alarms": False,
}
STAGING: FlaskAppArgs = {**DEVELOPMENT, "database_backup_days": 7, "max_tasks": 4, "log_retention_days": 30}
PROFILES: Mapping[str, FlaskAppArgs] = {"development": DEVELOPMENT, "staging": STAGING, "production": PRODUCTION}


def with_processes(args: FlaskAppArgs) -> FlaskAppArgs:
    """The arguments with the Procfile's release command and workers, as far as they are not given.

    A ready image comes without its folder, so no Procfile is read for it.

    Raises:
        ProcfileError: if the app's Procfile cannot be read.
    """
    given = cast(FlaskAppArgs, {key: value for key, value in args.items() if value is not None})
    is_set = {"workers", "release_command"} & given.keys()
    if given.get("release_command") == NO_COMMAND:
        given["release_command"] = ""
    if len(is_set) == 2 or "image" in given:
        return given
    processes = read_processes(Path(given.get("app", COMMON["app"])))
    if processes.workers and "workers" not in is_set:
        given["workers"] = processes.workers
    if processes.release and "release_command" not in is_set:
        given["release_command"] = processes.release
    return given


def with_profile(args: FlaskAppArgs) -> FlaskAppArgs:
    """The arguments over the defaults of their environment."""
    environment = with_defaults(args, COMMON)["environment"]
    return with_defaults(args, cast(FlaskAppArgs, {**COMMON, **PROFILES.get(environment, DEVELOPMENT)}))
