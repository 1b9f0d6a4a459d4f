"""The arguments of a Flask app on AWS, and their defaults in each environment.

The program's settings are these arguments, and their reference is these docstrings.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, cast

import pulumi

from ..build_plan.commands.process_types import service_name
from ..build_plan.commands.procfile import Processes, read_processes
from ..component import with_defaults
from ..database.engines import DOCUMENT_ENGINES, ENGINES
from ..database.sqlserver_editions import DEFAULT_EDITION
from ..logical_database.setup_container import IMAGE as SETUP_IMAGE
from ..runtime_contract.database_url import URLS
from ..validation.choices import (
    Architecture,
    BucketKind,
    Builder,
    CaCertificates,
    CacheKind,
    CacheUse,
    DatabaseKind,
    DesyncMitigation,
    Dns,
    Egress,
    EntryPointChoice,
    Environment,
    MediaCdnMode,
    Preflight,
    Preset,
    QueueKind,
    SqlServerEdition,
    Waf,
)


class FlaskAppArgs(TypedDict, total=False):
    # General
    environment: Environment
    """Type of the environment: development, staging or production. It decides the defaults that differ between environments. Default: development."""
    tags: Mapping[str, str]
    """Tags of every resource that supports tags, and of the tasks, by key; a resource's own tags take precedence. Keys have up to 128 letters, digits, spaces and + - = . _ : / @, values up to 256; at most 40 tags. Default: none."""
    # Image
    app: str
    """Folder of the app, with or without a Dockerfile. Default: app_template."""
    image: pulumi.Input[str]
    """An existing image to run instead of building `app`. Default: none."""
    dockerfile: str
    """Path of the Dockerfile, relative to `app`. If there is no `Dockerfile`, a build plan generates one from the app's files. Default: Dockerfile."""
    dockerfile_target: str
    """Stage of the Dockerfile that becomes the image, by name or number. Default: the last one."""
    python_version: str
    """Without a Dockerfile: Python as major.minor, such as 3.12. Default: the version that .python-version or the project names, else 3.13."""
    system_packages: Sequence[str]
    """Without a Dockerfile: additional Debian packages to build and run with. Default: none."""
    build_command: str
    """Without a Dockerfile: a command of the build, such as flask digest compile. A shell runs it with Node and the app's environment after dependencies, code and assets, as the app's user and without `build_secrets`; what it writes into the app's folder is in the image. `none` runs none. Default: for Django with WhiteNoise and `STATIC_ROOT`, `manage.py collectstatic`; else none."""
    assets_folder: str
    """Without a Dockerfile: folder of the package.json whose script `build` builds the assets, relative to `app`; `none` builds none. Default: the app's folder, or the only folder below it with such a script."""
    builder: Builder
    """What builds the image: docker-build (BuildKit) or docker (a plain Docker daemon, for machines that cannot start BuildKit's container). Default: docker-build."""
    architecture: Architecture
    """Processor architecture that the image is built for and the tasks run on: x86_64 or arm64. Default: x86_64."""
    build_env: Mapping[str, str]
    """Variables of the build, which the running container does not have. Your own Dockerfile gets them as `ARG`s. Default: none."""
    build_secrets: Mapping[str, pulumi.Input[str]]
    """Secrets of the build, by name, encrypted in the stack's file. They are variables of the build's commands; your own Dockerfile gets them as BuildKit secrets, by id. Default: none."""
    rebuild: str
    """Any text; changing it builds the image again from fresh base images. Default: none."""
    images_kept: int
    """Number of the newest images that the repository keeps, at least 20. Default: 30."""
    preflight: Preflight
    """Whether the app is built, run and checked on this machine before its image is pushed: always, never, or auto (if a Docker engine for the tasks' architecture and the command flask-on-aws are available). Default: auto."""
    repository_name: str
    """Name of the ECR repository. If it is set, content that was pushed before is reused without a build. Default: none, the name is generated."""
    # Encryption
    kms_key_id: pulumi.Input[str]
    """ARN of an existing KMS key that encrypts what the app stores: database, files, secrets, queue, cache, logs, images and alarm messages. Its policy must allow CloudWatch Logs and, with alarms, CloudWatch and Budgets. Default: none, AWS's own keys are used."""
    create_kms_key: bool
    """Whether the stack creates a KMS key for this, instead of using `kms_key_id`. Default: false."""
    # Domain
    domain: str
    """The app's own domain, such as app.example.com. Default: none, CloudFront's default domain is used."""
    domain_aliases: Sequence[str]
    """Additional domains of the app. Default: none."""
    domain_redirects: Sequence[str]
    """Domains that are redirected to `domain` permanently (301), with path and query, such as www.example.com; a wildcard such as *.example.net is possible. Default: none."""
    dns: Dns
    """Where the domain's records are: route53 (they are created) or external (you create them; an output lists them). Default: route53."""
    dns_ready: bool
    """With `dns` external: whether you have created the records for the certificate, so that the app can be served on the domain. Default: false."""
    zone_id: pulumi.Input[str]
    """Id of the domain's hosted zone in Route 53. Default: the zone with the longest matching name."""
    certificate_arn: pulumi.Input[str]
    """ARN of an existing ACM certificate for the domain, in the stack's region, or with `cdn` in us-east-1. On a shared listener it stays attached when the app is deleted. Default: none, one is requested."""
    cdn: bool
    """Whether CloudFront serves the domain, with HTTP/3 and edge locations, instead of a public load balancer. A running stack moves in two updates, see UPGRADE.md. Default: false."""
    cdn_cached_paths: Sequence[str]
    """Path patterns of static files that CloudFront caches: for as long as their Cache-Control says, or 24 hours without it. Requests for them reach the app without cookies and query string. Name only files that get another name when their content changes: a release does not remove them from CloudFront. Default: none."""
    cloudfront_origin: str
    """How CloudFront reaches an app without a domain, or with `cdn`: `vpc` (through a VPC origin and a load balancer without a public address) or, without `cdn`, `public` (through a public load balancer, as in stacks created before VPC origins were supported). `public-with-vpc` and `vpc-with-public` are steps between the two, or to a domain: the stack has both load balancers, and CloudFront, or with `cdn` the domain, uses the first named. See UPGRADE.md. Default: vpc."""
    # Network
    vpc_cidr: str
    """Address range of the VPC. Default: 10.0.0.0/16."""
    zones: int
    """Number of availability zones, 2 or 3. Default: 2."""
    egress: Egress
    """How tasks reach the internet: public (public addresses, on which no port is open), ipv6 (experimental: private, outbound IPv6 only), nat (private, one NAT gateway), nat-per-zone, or endpoints (private, AWS services but no internet). Default: public."""
    dual_stack: bool
    """Whether the app has IPv6 addresses next to its IPv4 ones: the VPC and its subnets, the tasks, and the load balancer of an app on its own domain. CloudFront always has them. It can be turned on at any time, and the VPC's addresses cannot be removed again. In an existing VPC only the load balancer changes, and its subnets must have IPv6 blocks. Default: false."""
    load_balancer_dual_stack: bool
    """Whether the load balancer of an app on its own domain has IPv6 addresses too; false takes them away from it alone. Default: true with `dual_stack` or egress ipv6, else false."""
    flow_logs: bool
    """Whether the VPC logs its connections (VPC flow logs). Default: true in production."""
    vpc_id: pulumi.Input[str]
    """Id of an existing VPC. Default: none, one is created."""
    public_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of public subnets in the existing VPC. Default: none."""
    private_subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Ids of private subnets in the existing VPC. Default: none."""
    # Database
    database: DatabaseKind
    """Database of the app: postgres, mysql, mariadb, sqlserver, aurora-postgres, aurora-mysql, documentdb (compatible with MongoDB) or none. A change replaces the database. Default: postgres."""
    database_edition: SqlServerEdition
    """Edition of SQL Server, which decides its license's price: express (10 GB for each database, no standby), web (for public websites alone), standard or enterprise. A change replaces the database. Default: express, in production too."""
    database_version: str
    """Version of the database: the major version, such as 17 or 8.4 (AWS chooses and upgrades the minor version), or a full one, such as 17.6 or 8.4.7 (fixed until you change it). DocumentDB upgrades none by itself. Default: 17; 8.4 for MySQL, 11.4 for MariaDB, 8.0 for Aurora MySQL, 16.00 (2022) for SQL Server, 5.0 for DocumentDB."""
    database_instance_class: str
    """Instance class of RDS or DocumentDB; Aurora has capacity units instead. Default: db.t4g.micro; for DocumentDB db.t4g.medium; for SQL Server, which has no such class, db.t3.small (express, web), db.m5.large (standard) or db.m5.xlarge (enterprise)."""
    database_storage_gib: int
    """Initial storage in GiB; Aurora's and DocumentDB's grows by itself. Default: 20."""
    database_max_storage_gib: int
    """Size in GiB up to which RDS grows the storage automatically; 0 turns this off. Default: 100."""
    database_min_capacity: float
    """With Aurora: minimum capacity of an instance in Aurora capacity units (2 GiB of memory each), in half steps. 0 pauses the database while nothing is connected; the next connection then waits about 15 seconds. Default: 0.5 in production, else 0."""
    database_max_capacity: float
    """With Aurora: maximum capacity of an instance in Aurora capacity units, from 1 to 256 in half steps. Default: 4."""
    database_auto_pause_seconds: int
    """With Aurora and `database_min_capacity` 0: seconds without a connection after which the database pauses, from 300 to 86400. Default: 300."""
    database_name: str
    """Name of the database. Default: app; on a shared server the app's name, with _ for -."""
    database_username: str
    """Name of the database's owner. Default: app; on a shared server the name of the database."""
    database_backup_days: int
    """Days, up to 35, for which the database can be restored to any second; 0 turns backups off, except Aurora's and DocumentDB's. Default: 14 in production, 7 in staging, 1 in development."""
    database_backup_window: str
    """Daily window of the backup, in UTC. Default: 03:00-04:00."""
    database_maintenance_window: str
    """Weekly window of upgrades and postponed changes, in UTC. Default: sun:04:30-sun:05:30."""
    database_multi_az: bool
    """Whether a standby in another zone takes over when the database fails; of Aurora and DocumentDB, a second instance. SQL Server Express has none, so it is false there. Default: true in production."""
    database_monitoring_interval: int
    """Seconds between samples of the database's operating system (RDS Enhanced Monitoring): 0 (none), 1, 5, 10, 15, 30 or 60. CloudWatch Logs bills the samples, so shorter intervals cost more. Default: 60 in production, else 0."""
    database_snapshot: str
    """Snapshot to create the database from; for Aurora a cluster's, or the ARN of an instance's; for DocumentDB a cluster's. Later changes have no effect. Default: none."""
    database_apply_immediately: bool
    """Whether changes to the database take effect at once, some with a restart, instead of in the maintenance window. Default: true except in production."""
    database_allow_major_upgrade: bool
    """Whether a higher major `database_version` may be applied. Default: false."""
    database_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the database's storage, which can only be set at creation. `aws/rds` is RDS's own key, which a database created before `kms_key_id` was set can keep. Default: the key of everything else."""
    accept_data_loss: Sequence[str]
    """Logical names of the resources whose data the next update may lose, such as app-db, app-media, app-queue, app-cache, app-image, app-web-logs or app-kms-key; remove it afterwards. Default: none."""
    allow_database_replacement: bool
    """Deprecated, use accept_data_loss: whether a change may replace the database and lose its data. Default: false."""
    database_url_scheme: str
    """Scheme of DATABASE_URL: postgresql, postgres, mysql, or one with a driver, such as postgresql+psycopg, mysql+pymysql or mssql+pyodbc. Default: postgresql; mysql for MySQL, MariaDB and Aurora MySQL; mssql+pymssql for SQL Server; mongodb for DocumentDB."""
    database_url_query: str
    """Query string of DATABASE_URL, for drivers that need another; if empty, there is none. Default: the parameters by which the scheme's driver verifies TLS, such as sslmode and sslrootcert, ssl_ca, or tlsCAFile."""
    database_url_secret_arn: pulumi.Input[str]
    """ARN of an existing secret in Secrets Manager with the URL of a database that the stack does not create, or of one of its JSON keys, as ARN:key::. The app gets the URL as DATABASE_URL, and none of the other variables of a database; `database` is none. `database_url_scheme` tells the preflight which database to provide. Default: none."""
    database_url_kms_key_id: pulumi.Input[str]
    """ARN of the KMS key that encrypts the secret of `database_url_secret_arn`, if that is another than `kms_key_id` and not AWS's own. Its policy must let the account use it. Default: none."""
    database_host: pulumi.Input[str]
    """Host of an existing PostgreSQL or SQL Server server to share, with `database` postgres or sqlserver; requires `database_server_security_group_id` and `database_server_secret_arn`. Before the app's tasks start, a database and a role, or login, are created for it there, by default named after the app. Default: none, a server is created."""
    database_port: pulumi.Input[int]
    """Port of the shared server. Default: 5432; 1433 for SQL Server."""
    database_server_security_group_id: pulumi.Input[str]
    """Id of the shared server's security group. Default: none."""
    database_server_secret_arn: pulumi.Input[str]
    """ARN of a secret with the `username` and `password` of a role on the shared server that may create roles (logins) and databases; the secrets that RDS manages have this form. Default: none."""
    database_setup_image: str
    """Image that creates the app's database on a shared server, or on its SQL Server: one with psql 14 or newer; for SQL Server, one with Python and a driver. Default: public.ecr.aws/docker/library/postgres:17-alpine; for SQL Server the app's image."""
    # Bucket
    bucket: BucketKind
    """Bucket for media files: s3 or none. Default: s3."""
    bucket_versioned: bool
    """Whether overwritten and deleted files are kept for 30 days. Default: true in production."""
    media_cdn: MediaCdnMode
    """Whether CloudFront serves the bucket's files under `media_cdn_path`: none, public (to everybody), or signed (with links or cookies that the app signs). The app gets their address as MEDIA_URL: on CloudFront it is a path of the app, otherwise a distribution of its own. Default: none."""
    media_cdn_path: str
    """With `media_cdn`: path of the files on CloudFront, and without its first slash the folder in the bucket; other files stay private. Default: /media/."""
    media_cdn_public_keys: Sequence[str]
    """With `media_cdn` signed: public keys in PEM form, RSA with 2048 bits or ECDSA of the curve P-256, at most 5. Signatures with the private key of each are valid; the app gets the id of the first as MEDIA_KEY_PAIR_ID. Default: none."""
    media_cdn_private_key_secret_arn: pulumi.Input[str]
    """With `media_cdn` signed: ARN of an existing secret in Secrets Manager, or SSM parameter, with the private key of the first public key in PEM form. The app gets it as MEDIA_PRIVATE_KEY. Default: none."""
    # Queue
    queue: QueueKind
    """Queue for background jobs: sqs or none. The app gets its URL as QUEUE_URL, and failed jobs move to a dead-letter queue. Removing it deletes the messages in both. Default: none."""
    # Cache
    cache: CacheKind
    """Cache: valkey (Valkey on ElastiCache) or none. The app gets its URL as REDIS_URL, with TLS and a token. Default: none."""
    cache_use: CacheUse
    """What the cache stores: cache (copies; when its memory is full, the keys that were used least recently are evicted) or queue (jobs or sessions; nothing is evicted, writes fail instead, and removing it must be accepted). Default: cache."""
    cache_version: str
    """Version of Valkey as major.minor: 7.2, 8.0, 8.1, 8.2, 9.0 or 9.1. A higher one is an upgrade in place. Default: 8.2."""
    cache_node_type: str
    """ElastiCache node type, which decides the memory. Default: cache.t4g.micro."""
    cache_replicas: int
    """Number of replicas of the cache in other zones, from 0 to 5; with at least one, a replica takes over when the cache fails. Default: 1 in production, else 0."""
    cache_snapshot_days: int
    """Days, up to 35, for which a daily snapshot of the cache is kept; 0 turns snapshots off. Default: 7 with `cache_use` queue, else 0."""
    cache_snapshot: str
    """Snapshot to create the cache from; later changes have no effect. Default: none."""
    cache_maintenance_window: str
    """Weekly window of the cache's maintenance, in UTC, of at least an hour. Default: sun:04:30-sun:05:30."""
    # Load balancer, logs and deletion
    allowed_cidrs: Sequence[str]
    """Address ranges that may connect to the load balancer of an app on its own domain or, with `waf`, send requests to CloudFront; of IPv6 too with `dual_stack` or on CloudFront. Default: everybody."""
    desync_mitigation: DesyncMitigation
    """How the load balancer handles requests that proxies may interpret differently: monitor, defensive or strictest. Default: defensive."""
    web_acl_arn: pulumi.Input[str]
    """ARN of an existing web ACL of AWS WAF, whose rules requests must pass: of scope REGIONAL for an app on its own domain, of scope CLOUDFRONT with `cdn` and for one on CloudFront's default domain. Default: none."""
    waf: Waf
    """Whether the stack creates a web ACL of AWS WAF with AWS's managed rules and a rate limit: off, count (requests that match a rule are counted and pass; start with this) or block (they get 403). It costs about 10 USD a month, see docs/web-acl.md. Default: off."""
    waf_requests_per_five_minutes: int
    """With `waf`: requests that one address may send in five minutes, from 10 to 2000000000. Default: 2000."""
    waf_logs: bool
    """With `waf`: whether requests that match a rule are logged to CloudWatch, without the headers Authorization and Cookie. Default: true in production."""
    basic_auth_username: str
    """On CloudFront, with `cdn` or its default domain: username that visitors must enter, with the password of the output `basicAuthPassword` (HTTP Basic authentication), for example in staging. `health_check_path` needs no password. Another username also generates another password. Default: none, everybody can visit the app."""
    access_logs: bool
    """Whether load balancer, CloudFront and media bucket log every request to buckets. A shared load balancer's logs are up to its owner. Default: true in production."""
    deletion_protection: bool
    """Whether load balancer, database, a cache used as a queue, and image repository are protected from deletion. To delete them, set this to false and apply it first. Default: true in production."""
    keep_data: bool
    """Whether destroying the stack leaves a final snapshot of the database, and the media bucket with its files. Default: true in production."""
    # Sharing with other stacks
    cluster_arn: pulumi.Input[str]
    """ARN of an existing ECS cluster; requires `cluster_name`. Default: none, one is created."""
    cluster_name: pulumi.Input[str]
    """Name of the existing cluster. Default: none."""
    listener_arn: pulumi.Input[str]
    """ARN of the HTTPS listener of an existing load balancer to share; requires `domain`, `vpc_id` and, of that load balancer, `load_balancer_security_group_id`, `load_balancer_dns_name`, `load_balancer_zone_id` and `load_balancer_arn_suffix`. Default: none."""
    load_balancer_security_group_id: pulumi.Input[str]
    """Id of the shared load balancer's security group. Default: none."""
    load_balancer_dns_name: pulumi.Input[str]
    """DNS name of the shared load balancer. Default: none."""
    load_balancer_zone_id: pulumi.Input[str]
    """Id of the shared load balancer's hosted zone. Default: none."""
    load_balancer_arn_suffix: pulumi.Input[str]
    """ARN suffix of the shared load balancer, for metrics. Default: none."""
    listener_priority: int
    """Priority of the app's first rule on the shared listener, which no other rule may have. The rules of `domain_redirects` have the numbers before it, each for five domains. Default: 100."""
    listener_has_certificate: bool
    """Whether the shared listener already has a certificate for the domain, its aliases and redirects, such as a wildcard certificate of the stack that owns it; the app then neither requests nor attaches one. Default: false."""
    listener_paths: Sequence[str]
    """Path patterns of the app on the shared listener. Default: /*."""
    # Service
    cpu: int
    """CPU units of a task; 1024 are one vCPU. Default: 256."""
    memory: int
    """Memory of a task in MiB. Default: 512."""
    min_tasks: int
    """Minimum number of tasks. Default: 2 in production, else 1."""
    max_tasks: int
    """Maximum number of tasks. Default: 10 in production, 4 in staging, 2 in development."""
    scale_cpu_percent: int
    """Average CPU use in percent that autoscaling maintains; 0 turns this off. Default: 60."""
    scale_memory_percent: int
    """Average memory use in percent that autoscaling maintains; 0 turns this off. Default: 75."""
    scale_requests_per_minute: int
    """Requests per task and minute that autoscaling maintains; 0 turns this off. Default: 0."""
    schedules: Sequence[Mapping[str, Any]]
    """Changes to the limits at fixed times, each `{name, schedule, min_tasks, max_tasks, timezone}`, where timezone is UTC if left out. They replace `min_tasks` and `max_tasks`, which must be left out. Default: none."""
    port: int
    """Port that the app listens on, passed to it as PORT. Default: 8080."""
    health_check_path: str
    """Path that answers 200 when a task is ready for requests, without a query of the database. With `auto`, the load balancer on AWS checks /up; the preflight and `./up` search for the app's own path if /up answers 4xx or a redirect, and report the command that sets it. Default: auto."""
    sticky_sessions: int
    """Seconds from a visitor's last request for which requests go to the same task, by the cookie AWSALB, from 1 to 604800 (7 days); 0 turns sticky sessions off again. Needed for Socket.IO with HTTP long polling. Default: off."""
    startup_seconds: int
    """Seconds from start to ready, from 5 to 240. Default: 60."""
    start_command: str
    """Start command, run by a shell. Default: the image's CMD; without a Dockerfile, `web:` of the Procfile or the project's only script."""
    entry_point: EntryPointChoice
    """What becomes of the image's ENTRYPOINT, which gets every command as its arguments: auto (it is kept if it runs them, as a wrapper that ends in `exec "$@"` does, and replaced if the Dockerfile shows that it does not), keep, or replace (the command runs alone). Default: auto."""
    release_command: str
    """Command that runs once per release, with the app's image and environment, before any of its tasks serves requests. If it fails, the update fails and the old release keeps serving. `none` turns it off. Default: `release:` of the Procfile, unless `image` is given."""
    release_seconds: int
    """Seconds that the release command may take, up to 3600. Default: 900."""
    workers: Mapping[str, str]
    """Background processes, by name: each command runs as a service with one task of the app's image. An empty command switches off that process type of the Procfile and keeps its others; without one, the mapping replaces all of them, and an empty mapping means none. Default: the Procfile's process types other than `web`, `release` and those that run once, unless `image` is given."""
    jobs: Sequence[Mapping[str, Any]]
    """Commands that run at fixed times, each `{name, schedule, command}` and, if wanted, `timezone` (UTC if left out), `cpu` and `memory` (256 and 512), `timeout` (3600 seconds, retries included, up to 86400), `retries` (0, up to 10), `overlap` (false: a run that is due while an earlier one has not ended is skipped) and `concurrency` (the most runs at a time where they may overlap, up to 10). `schedule` is cron(…) or rate(…) as EventBridge Scheduler takes it. The image needs Python, which runs the commands. Default: none."""
    enable_exec: bool
    """Whether ECS Exec may open a shell in the tasks. Default: false."""
    spot_share: int
    """Percentage of tasks on Fargate Spot, which AWS may stop with two minutes' notice. Default: 0."""
    log_retention_days: int
    """Days for which all logs are kept: the containers', the database's, flow logs and access logs. Default: 365 in production, 30 in staging, 14 in development."""
    # Environment of the app
    env: Mapping[str, pulumi.Input[str]]
    """Your own variables for the app, in plain text. Default: none."""
    secrets: Mapping[str, pulumi.Input[str]]
    """Your own secret variables for the app: name and ARN of a secret or SSM parameter. Default: none."""
    secret_values: Mapping[str, pulumi.Input[str]]
    """Your own secret variables for the app: name and value, encrypted in the stack's file and stored in the app's secret in Secrets Manager. Default: none."""
    previous_secret_key: str
    """What happens to the SECRET_KEY of a stack created by version 0.1: `fallback` (the app gets it in SECRET_KEY_FALLBACKS, so that sessions signed with it stay valid), `keep` (it still signs) or `drop` (sessions signed with it end). It has no effect on other stacks. Default: fallback."""
    override_env: Sequence[str]
    """Names of variables set by the stack that `env`, `secrets` and `secret_values` may replace. Default: none."""
    compat: Sequence[Preset]
    """Presets that add the variables of another platform: adaptable, divio, upsun, gunicorn-tutorial, heroku, render, railway, copilot. Default: none."""
    debug: bool
    """Whether FLASK_DEBUG is 1. Flask's debugger lets any visitor run code. Default: false."""
    git_branch: str
    """Git branch of the release, for the presets divio, render and railway. Default: none."""
    # Permissions and hardening
    policy_arns: Mapping[str, pulumi.Input[str]]
    """ARNs of managed IAM policies for the task role, by a short name for each. Default: none."""
    permissions_boundary: pulumi.Input[str]
    """ARN of the permissions boundary of all roles. Default: none."""
    outbound_ports: Sequence[int]
    """TCP ports on which tasks may connect to any address. 443 must be among them, because tasks pull their image, read secrets and send logs over it (with `egress` endpoints it can be left out). The database, the cache and the VPC's endpoints can be reached whatever the ports are. Default: all."""
    read_only_root: bool
    """Whether the container's root filesystem is read-only apart from `writable_paths`. Default: true."""
    writable_paths: Sequence[str]
    """Directories on scratch volumes. Your own Dockerfile must declare them as VOLUMEs of its user; an empty list means none. Default: /tmp."""
    sidecars: Sequence[Mapping[str, Any]]
    """Additional containers of the web task, as the ECS API's container definitions. Default: none."""
    ca_certificates: CaCertificates
    """Where the RDS root certificates come from: image, init (a container that writes them before the app starts), or auto (image if the app is built without a Dockerfile or its Dockerfile names their path, otherwise init). Default: auto."""
    # Monitoring
    container_insights: bool
    """Whether CloudWatch collects metrics per task (Container Insights). Default: false."""
    alarms: bool
    """Whether CloudWatch alarms watch the app, its database, its queue and its cache. Default: true in production."""
    alarm_email: pulumi.Input[str]
    """Address that gets alarms and budget warnings, once its owner has confirmed it. Default: none."""
    monthly_budget_usd: int
    """Monthly cost in USD; a warning is sent when 80 % is spent or 100 % is forecast; 0 for none. Default: 0."""


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
    "domain_redirects": [],
    "dns": "route53",
    "dns_ready": False,
    "cdn": False,
    "cdn_cached_paths": [],  # /static/* would be wrong for Flask's own files, which production keeps for a year
    "listener_priority": 100,  # in the middle of a hundred apps' rules
    "listener_has_certificate": False,
    "listener_paths": ["/*"],
    "cloudfront_origin": "vpc",
    "egress": "public",
    "dual_stack": False,
    "database": "postgres",
    "database_max_storage_gib": 100,
    "database_max_capacity": 4,  # 8 GiB of memory; the cost of a runaway query is limited
    "database_auto_pause_seconds": 300,  # Aurora's minimum
    "accept_data_loss": [],
    "waf": "off",
    "bucket": "s3",
    "media_cdn": "none",
    "media_cdn_path": "/media/",
    "media_cdn_public_keys": [],
    "queue": "none",
    "cache": "none",
    "cache_use": "cache",
    "cpu": 256,
    "memory": 512,
    "port": 8080,
    "scale_requests_per_minute": 0,
    "workers": {},
    "jobs": [],
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
    "database_min_capacity": 0.5,  # it never pauses: a visitor would wait until it has resumed
    "database_backup_days": 14,
    "database_multi_az": True,
    # Processes and memory of the minutes before an incident, which no metric shows, and which cannot be had afterwards.
    # The longest interval is the cheapest: 44,000 samples of some kilobytes a month, well below 1 USD of log ingestion.
    "database_monitoring_interval": 60,
    "database_apply_immediately": False,
    "bucket_versioned": True,
    "cache_replicas": 1,  # in another zone
    "waf_logs": True,
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
    "database_min_capacity": 0,
    "database_backup_days": 1,
    "database_multi_az": False,
    "database_monitoring_interval": 0,
    "database_apply_immediately": True,
    "bucket_versioned": False,
    "cache_replicas": 0,
    "waf_logs": False,
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
    if given.get("release_command") == NO_COMMAND:
        given["release_command"] = ""
    if "image" in given:
        processes = Processes()
    elif "release_command" in given and _replaces_processes(given.get("workers")):
        return given
    else:
        processes = read_processes(Path(given.get("app", COMMON["app"])))
    if processes.release and "release_command" not in given:
        given["release_command"] = processes.release
    if not _replaces_processes(given.get("workers")):
        given["workers"] = _with_switches(processes.workers, given.get("workers", {}))
    return given


def _replaces_processes(workers: Mapping[str, str | None] | None) -> bool:
    """Whether the argument `workers` replaces the Procfile's: it is given, and switches none of them off."""
    return workers is not None and all((command or "").strip() for command in workers.values())


def _with_switches(processes: Mapping[str, str], workers: Mapping[str, str | None]) -> dict[str, str]:
    """The Procfile's workers with the changes of `workers`, where an empty command switches one off.

    An empty command for none of them stays, so that it is reported.
    """
    changed = {name: command or "" for name, command in workers.items()}
    off = {service_name(name): name for name, command in changed.items() if not command.strip()}
    for name in off.keys() & processes.keys():
        del changed[off[name]]
    return {**{name: command for name, command in processes.items() if name not in off}, **changed}


def with_profile(args: FlaskAppArgs) -> FlaskAppArgs:
    """The arguments over the defaults of their environment and of their database's engine."""
    given = with_defaults(args, {})
    if given.get("database_url_secret_arn") and "database" not in given:
        args = cast(FlaskAppArgs, {**args, "database": "none"})
    chosen = with_defaults(args, COMMON)
    profile = PROFILES.get(chosen["environment"], DEVELOPMENT)
    return with_defaults(args, cast(FlaskAppArgs, {**COMMON, **profile, **_database_defaults(chosen)}))


def _database_defaults(args: FlaskAppArgs) -> Mapping[str, Any]:
    """The defaults that depend on the engine of the database and on its edition."""
    url = URLS.get(args["database"], URLS["postgres"])
    engine = ENGINES.get(args["database"], ENGINES["postgres"])
    defaults: dict[str, Any] = {
        "database_url_scheme": url.scheme,
        "database_instance_class": DOCUMENT_ENGINES.get(args["database"], engine).default_class,
        "database_setup_image": SETUP_IMAGE,
    }
    if not engine.editions:
        return defaults
    # The least expensive: the price of another, up to eight times as much, is for whoever deploys the app to accept.
    edition = args.get("database_edition", DEFAULT_EDITION)
    chosen = engine.editions.get(edition, engine.editions[DEFAULT_EDITION])
    # The app's own image has the driver.
    defaults |= {
        "database_edition": edition,
        "database_instance_class": chosen.default_class,
        "database_setup_image": "",
    }
    return defaults if chosen.standby_since else {**defaults, "database_multi_az": False}
