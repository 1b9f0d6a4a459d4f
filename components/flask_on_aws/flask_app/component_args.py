"""The arguments of each component, taken from those of the app.

Each function reads the app's arguments by subscript and returns the component's, so that pyright reports a name that
either of the two does not have.
"""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

import pulumi

from ..alarms.alarms import AlarmsArgs
from ..aurora.aurora_args import AuroraClusterArgs
from ..cache.cache_args import CacheArgs
from ..database.database_args import DEFAULTS as DATABASE_DEFAULTS
from ..database.database_args import DatabaseArgs
from ..documentdb.documentdb_args import DocumentDbClusterArgs
from ..ecs.autoscaling import AutoscalingArgs
from ..ecs.service_args import ServiceArgs
from ..ecs.tunnel_task import TunnelTaskArgs
from ..image.image import ImageArgs
from ..ingress.basic_auth import BasicAuthArgs
from ..ingress.certificate import CertificateArgs
from ..ingress.edge_redirect import EdgeRedirectArgs
from ..ingress.health_path import AUTO_HEALTH_PATH, DEFAULT_HEALTH_PATH
from ..ingress.load_balancer import LoadBalancerArgs
from ..ingress.redirect import RedirectArgs
from ..ingress.route import RouteArgs
from ..jobs.scheduled_jobs import ScheduledJobsArgs
from ..logical_database.logical_database import LogicalDatabaseArgs
from ..naming import camel_case
from ..network.network import NetworkArgs
from ..runtime_contract.contract import SERVICES
from ..storage.media_bucket import MediaBucketArgs
from ..waf.web_acl import WebAclArgs
from .flask_app_args import FlaskAppArgs
from .topology import REGIONAL, has_guarded_jobs, services

_Args = TypeVar("_Args", bound=Mapping[str, Any])
_More = ParamSpec("_More")
_Ids = pulumi.Input[Sequence[pulumi.Input[str]]]


class _OrNone(dict[str, Any]):
    def __missing__(self, name: str) -> None:
        """Nothing, which `_given_only` leaves out of what is made of it."""


class _Name(str):
    """A name of an argument, in the place of its value."""

    __slots__ = ()


class _Names(dict[str, Any]):
    def __missing__(self, name: str) -> _Name:
        return _Name(name)


def _given_only(
    make: Callable[Concatenate[FlaskAppArgs, _More], _Args],
) -> Callable[Concatenate[FlaskAppArgs, _More], _Args]:
    """Let a function read each argument of the app, and return only those of the component that have a value.

    An argument that is not given is None there, and left out, so that the component's own default applies.
    """

    @functools.wraps(make)
    def made(args: FlaskAppArgs, /, *more: _More.args, **named: _More.kwargs) -> _Args:
        known = args if isinstance(cast(object, args), _Names) else cast(FlaskAppArgs, _OrNone(args))
        return cast(_Args, {name: value for name, value in make(known, *more, **named).items() if value is not None})

    return made


@_given_only
def network_args(args: FlaskAppArgs) -> NetworkArgs:
    """The network's."""
    return NetworkArgs(
        cidr_block=args["vpc_cidr"],
        zones=args["zones"],
        egress=args["egress"],
        ipv6=args["dual_stack"],
        flow_logs=args["flow_logs"],
        flow_log_retention_days=args["log_retention_days"],
        vpc_id=args["vpc_id"],
        public_subnet_ids=args["public_subnet_ids"],
        private_subnet_ids=args["private_subnet_ids"],
        permissions_boundary=args["permissions_boundary"],
        endpoint_services=[
            *(SERVICES[name].endpoint for name in services(args) if SERVICES[name].endpoint),
            *(["ecs"] if not isinstance(args["jobs"], str) and has_guarded_jobs(args) else []),
        ],
    )


@_given_only
def image_args(args: FlaskAppArgs) -> ImageArgs:
    """The image's; what concerns the build means nothing for a ready one."""
    if "image" in args:
        return ImageArgs(image=args["image"])
    return ImageArgs(
        image=args["image"],  # for its name in `app_names`
        context=args["app"],
        dockerfile=args["dockerfile"],
        dockerfile_target=args["dockerfile_target"],
        python_version=args["python_version"],
        system_packages=args["system_packages"],
        build_command=args["build_command"],
        assets_folder=args["assets_folder"],
        start_command=args["start_command"],
        commands=_commands(args),
        writable_paths=args["writable_paths"],
        builder=args["builder"],
        architecture=args["architecture"],
        build_args=args["build_env"],
        build_secrets=args["build_secrets"],
        rebuild=args["rebuild"],
        images_kept=args["images_kept"],
        repository_name=args["repository_name"],
        preflight=args["preflight"],
    )


def _commands(args: FlaskAppArgs) -> list[str]:
    """Commands that run in the image besides the start command."""
    workers = cast(object, args["workers"])  # in `app_names` a name
    jobs = cast(object, args["jobs"])
    commands = [
        args["release_command"],
        *(cast(Mapping[str, str], workers).values() if isinstance(workers, Mapping) else ()),
        *(job_commands(args).values() if isinstance(jobs, list) else ()),
    ]
    return [command for command in commands if command and command != "none"]


def job_commands(args: FlaskAppArgs) -> dict[str, str]:
    """The commands of the jobs by their arguments, of those that have one."""
    commands = {f"jobs[{index}].command": job.get("command") for index, job in enumerate(args["jobs"])}
    return {argument: command for argument, command in commands.items() if isinstance(command, str)}


@_given_only
def database_args(
    args: FlaskAppArgs, vpc_id: pulumi.Input[str], subnet_ids: _Ids, kms_key_id: pulumi.Input[str] | None = None
) -> DatabaseArgs:
    """The database server's. SQL Server's has neither the app's database nor its login yet."""
    is_named = args["database"] != "sqlserver"
    made = DatabaseArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        engine=cast(Any, args["database"]),  # none is left out by callers
        edition=args["database_edition"],
        engine_version=args["database_version"],
        instance_class=args["database_instance_class"],
        storage_gib=args["database_storage_gib"],
        max_storage_gib=args["database_max_storage_gib"],
        database_name=cast(str, args["database_name"] if is_named else None),
        username=cast(str, args["database_username"] if is_named else None),
        backup_days=args["database_backup_days"],
        backup_window=args["database_backup_window"],
        maintenance_window=args["database_maintenance_window"],
        multi_az=args["database_multi_az"],
        monitoring_interval=args["database_monitoring_interval"],
        snapshot_identifier=args["database_snapshot"],
        apply_immediately=args["database_apply_immediately"],
        allow_major_upgrade=args["database_allow_major_upgrade"],
        accept_data_loss=args["accept_data_loss"],
        allow_replacement=args["allow_database_replacement"],
        deletion_protection=args["deletion_protection"],
        final_snapshot=args["keep_data"],
        log_retention_days=args["log_retention_days"],
        permissions_boundary=args["permissions_boundary"],
    )
    if kms_key_id is not None:
        made["kms_key_id"] = kms_key_id
    return made


@_given_only
def aurora_args(
    args: FlaskAppArgs, vpc_id: pulumi.Input[str], subnet_ids: _Ids, kms_key_id: pulumi.Input[str] | None = None
) -> AuroraClusterArgs:
    """The Aurora cluster's."""
    made = AuroraClusterArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        engine=cast(Any, args["database"]),  # one of Aurora's, or callers take database_args
        engine_version=args["database_version"],
        min_capacity=args["database_min_capacity"],
        max_capacity=args["database_max_capacity"],
        auto_pause_seconds=args["database_auto_pause_seconds"],
        database_name=args["database_name"],
        username=args["database_username"],
        backup_days=args["database_backup_days"],
        backup_window=args["database_backup_window"],
        maintenance_window=args["database_maintenance_window"],
        multi_az=args["database_multi_az"],
        monitoring_interval=args["database_monitoring_interval"],
        snapshot_identifier=args["database_snapshot"],
        apply_immediately=args["database_apply_immediately"],
        allow_major_upgrade=args["database_allow_major_upgrade"],
        accept_data_loss=args["accept_data_loss"],
        deletion_protection=args["deletion_protection"],
        final_snapshot=args["keep_data"],
        log_retention_days=args["log_retention_days"],
        permissions_boundary=args["permissions_boundary"],
    )
    if kms_key_id is not None:
        made["kms_key_id"] = kms_key_id
    return made


@_given_only
def documentdb_args(
    args: FlaskAppArgs, vpc_id: pulumi.Input[str], subnet_ids: _Ids, kms_key_id: pulumi.Input[str] | None = None
) -> DocumentDbClusterArgs:
    """The DocumentDB cluster's."""
    made = DocumentDbClusterArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        engine_version=args["database_version"],
        instance_class=args["database_instance_class"],
        database_name=args["database_name"],
        username=args["database_username"],
        backup_days=args["database_backup_days"],
        backup_window=args["database_backup_window"],
        maintenance_window=args["database_maintenance_window"],
        multi_az=args["database_multi_az"],
        snapshot_identifier=args["database_snapshot"],
        apply_immediately=args["database_apply_immediately"],
        allow_major_upgrade=args["database_allow_major_upgrade"],
        accept_data_loss=args["accept_data_loss"],
        deletion_protection=args["deletion_protection"],
        final_snapshot=args["keep_data"],
        log_retention_days=args["log_retention_days"],
    )
    if kms_key_id is not None:
        made["kms_key_id"] = kms_key_id
    return made


@_given_only
def logical_database_args(
    args: FlaskAppArgs, database_name: str, client_security_group_ids: Mapping[str, pulumi.Input[str]]
) -> LogicalDatabaseArgs:
    """Those of a database on a shared server; `database_name` is its name if the app's arguments give none."""
    return LogicalDatabaseArgs(
        engine=cast(Any, args["database"]),  # one that can be shared, or callers take database_args
        host=args["database_host"],
        port=args["database_port"],
        server_security_group_id=args["database_server_security_group_id"],
        client_security_group_ids=client_security_group_ids,
        database_name=args["database_name"] or database_name,
        username=args["database_username"],
    )


DEFAULT_NAME = DATABASE_DEFAULTS["database_name"]
"""The name of an app's database on a server of its own."""


def default_database_name(name: str) -> str:
    """The name of an app's database on a shared server: hyphens would have to be quoted in every statement."""
    return name.replace("-", "_")


@_given_only
def media_bucket_args(args: FlaskAppArgs) -> MediaBucketArgs:
    """The media bucket's."""
    return MediaBucketArgs(
        versioned=args["bucket_versioned"], retain=args["keep_data"], accept_data_loss=args["accept_data_loss"]
    )


@_given_only
def cache_args(
    args: FlaskAppArgs, vpc_id: pulumi.Input[str], subnet_ids: _Ids, kms_key_id: pulumi.Input[str] | None = None
) -> CacheArgs:
    """The cache's. Only what is used as a queue holds data that is worth a protection."""
    made = CacheArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        use=args["cache_use"],
        engine_version=args["cache_version"],
        node_type=args["cache_node_type"],
        replicas=args["cache_replicas"],
        snapshot_days=args["cache_snapshot_days"],
        snapshot_name=args["cache_snapshot"],
        maintenance_window=args["cache_maintenance_window"],
        accept_data_loss=args["accept_data_loss"],
    )
    if args["cache_use"] == "queue":
        made["deletion_protection"] = args["deletion_protection"]
    if kms_key_id is not None:
        made["kms_key_id"] = kms_key_id
    return made


@_given_only
def load_balancer_args(args: FlaskAppArgs, vpc_id: pulumi.Input[str], subnet_ids: _Ids) -> LoadBalancerArgs:
    """Those of any of the app's own load balancers, whose mode and certificate follow."""
    return LoadBalancerArgs(
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        allowed_cidrs=args["allowed_cidrs"],
        desync_mitigation=args["desync_mitigation"],
        access_logs=args["access_logs"],
        access_log_days=args["log_retention_days"],
        deletion_protection=args["deletion_protection"],
        retain_access_logs=args["deletion_protection"],
    )


@_given_only
def certificate_args(args: FlaskAppArgs) -> CertificateArgs:
    """Those of the certificate that is requested."""
    return CertificateArgs(
        domain=args["domain"],
        aliases=args["domain_aliases"],
        dns=args["dns"],
        zone_id=args["zone_id"],
        validated=args["dns_ready"],
    )


@_given_only
def redirect_args(args: FlaskAppArgs, listener_arn: pulumi.Input[str]) -> RedirectArgs:
    """Those of the redirects to the domain. Of the stack's own listener, the priorities are the defaults."""
    return RedirectArgs(
        listener_arn=listener_arn,
        hosts=args["domain_redirects"],
        target_host=args["domain"],
        before_priority=args["listener_priority"],
    )


def edge_redirect_args(args: FlaskAppArgs) -> EdgeRedirectArgs:
    """Those of CloudFront's redirects to the domain."""
    return EdgeRedirectArgs(hosts=args["domain_redirects"], target_host=args["domain"])


@_given_only
def web_acl_args(args: FlaskAppArgs, scope: str) -> WebAclArgs:
    """The web ACL's. A load balancer's security group has the allowed addresses already."""
    made = WebAclArgs(
        scope=cast(Any, scope),
        mode=cast(Any, args["waf"]),  # off is left out by callers
        requests_per_five_minutes=args["waf_requests_per_five_minutes"],
        inspects_sql=args["database"] != "none" or "database_url_secret_arn" in args,
        allowed_cidrs=args["allowed_cidrs"],
        logs=args["waf_logs"],
        log_retention_days=args["log_retention_days"],
    )
    if scope == REGIONAL:
        del made["allowed_cidrs"]
    return made


@_given_only
def basic_auth_args(args: FlaskAppArgs) -> BasicAuthArgs:
    """Those of the function that asks for a password, except of monitoring; a front page that is the health path stays closed."""
    health = DEFAULT_HEALTH_PATH if args["health_check_path"] in (None, AUTO_HEALTH_PATH) else args["health_check_path"]
    return BasicAuthArgs(username=args["basic_auth_username"], open_paths=[] if health == "/" else [health])


@_given_only
def route_args(args: FlaskAppArgs, vpc_id: pulumi.Input[str], listener_arn: pulumi.Input[str]) -> RouteArgs:
    """Those of a route from a listener of the app's own, which no other app shares."""
    return RouteArgs(
        vpc_id=vpc_id,
        listener_arn=listener_arn,
        port=args["port"],
        sticky_sessions=args["sticky_sessions"],
        # None where the route's default applies.
        health_check_path=cast(
            str, None if args["health_check_path"] == AUTO_HEALTH_PATH else args["health_check_path"]
        ),
    )


def shared_route_args(
    args: FlaskAppArgs, vpc_id: pulumi.Input[str], listener_arn: pulumi.Input[str], hosts: Sequence[str]
) -> RouteArgs:
    """Those of a route from a listener that other apps share."""
    route = route_args(args, vpc_id, listener_arn)
    route["hosts"], route["priority"], route["paths"] = hosts, args["listener_priority"], args["listener_paths"]
    return route


@_given_only
def service_args(
    args: FlaskAppArgs,
    cluster_arn: pulumi.Input[str],
    vpc_id: pulumi.Input[str],
    subnet_ids: _Ids,
    image_uri: pulumi.Input[str],
) -> ServiceArgs:
    """The web service's."""
    return ServiceArgs(
        cluster_arn=cluster_arn,
        vpc_id=vpc_id,
        subnet_ids=subnet_ids,
        image_uri=image_uri,
        architecture=args["architecture"],
        cpu=args["cpu"],
        memory=args["memory"],
        command=args["start_command"],
        port=args["port"],
        desired_count=args["min_tasks"],
        startup_seconds=args["startup_seconds"],
        release_command=args["release_command"],
        release_seconds=args["release_seconds"],
        enable_exec=args["enable_exec"],
        spot_share=args["spot_share"],
        log_retention_days=args["log_retention_days"],
        outbound_ports=args["outbound_ports"],
        read_only_root=args["read_only_root"],
        writable_paths=args["writable_paths"],
        sidecars=args["sidecars"],
        permissions_boundary=args["permissions_boundary"],
    )


@_given_only
def tunnel_task_args(
    args: FlaskAppArgs,
    image_uri: pulumi.Input[str],
    execution_role_arn: pulumi.Input[str],
    log_group_name: pulumi.Input[str],
) -> TunnelTaskArgs:
    """Those of the task for tunnels."""
    return TunnelTaskArgs(
        image_uri=image_uri,
        execution_role_arn=execution_role_arn,
        log_group_name=log_group_name,
        architecture=args["architecture"],
        permissions_boundary=args["permissions_boundary"],
    )


@_given_only
def scheduled_jobs_args(
    args: FlaskAppArgs, cluster_arn: pulumi.Input[str], subnet_ids: _Ids, image_uri: pulumi.Input[str]
) -> ScheduledJobsArgs:
    """The scheduled jobs', without what they have from the web service."""
    return ScheduledJobsArgs(
        jobs=args["jobs"],
        cluster_arn=cluster_arn,
        subnet_ids=subnet_ids,
        security_group_id="",
        image_uri=image_uri,
        execution_role_arn="",
        task_role_arn="",
        log_group_name="",
        architecture=args["architecture"],
        read_only_root=args["read_only_root"],
        writable_paths=args["writable_paths"],
        permissions_boundary=args["permissions_boundary"],
    )


@_given_only
def autoscaling_args(
    args: FlaskAppArgs, cluster_name: pulumi.Input[str], service_name: pulumi.Input[str]
) -> AutoscalingArgs:
    """The autoscaling's."""
    return AutoscalingArgs(
        cluster_name=cluster_name,
        service_name=service_name,
        min_tasks=args["min_tasks"],
        max_tasks=args["max_tasks"],
        cpu_percent=args["scale_cpu_percent"],
        memory_percent=args["scale_memory_percent"],
        requests_per_minute=args["scale_requests_per_minute"],
        schedules=args["schedules"],
    )


@_given_only
def alarms_args(args: FlaskAppArgs) -> AlarmsArgs:
    """The alarms', without what they watch."""
    return AlarmsArgs(email=args["alarm_email"], monthly_budget_usd=args["monthly_budget_usd"])


# Stands for an ARN that only this update may make known: the preflight has a database of its own.
_PLACEHOLDER_ARN = "arn:aws:secretsmanager:us-east-1:123456789012:secret:database-AbCdEf"


def preflight_settings(name: str, args: FlaskAppArgs) -> dict[str, str]:
    """What the app runs with besides what the image knows, as the settings of a stack."""
    return {"name": name, **{camel_case(key): _text(value) for key, value in _preflight_args(args).items()}}


@_given_only
def _preflight_args(args: FlaskAppArgs) -> FlaskAppArgs:
    """A variable that only this update makes known gets a made-up value there, as secrets do."""
    arguments = cast(Mapping[str, Any], args)
    secret_arn: Any = None if arguments["database_url_secret_arn"] is None else _PLACEHOLDER_ARN
    plain = {key: value for key, value in args["env"].items() if isinstance(value, str)}
    secret = {*args["env"], *args["secrets"], *args["secret_values"]} - plain.keys()
    return FlaskAppArgs(
        environment=args["environment"],
        domain=args["domain"],
        cdn=args["cdn"],
        cdn_cached_paths=args["cdn_cached_paths"],
        media_cdn=args["media_cdn"],
        media_cdn_path=args["media_cdn_path"],
        port=args["port"],
        health_check_path=args["health_check_path"],
        startup_seconds=args["startup_seconds"],
        cpu=args["cpu"],
        memory=args["memory"],
        read_only_root=args["read_only_root"],
        writable_paths=args["writable_paths"],
        database_version=args["database_version"],
        database_url_scheme=args["database_url_scheme"],
        database_url_query=args["database_url_query"],
        database_url_secret_arn=secret_arn,
        cache_use=args["cache_use"],
        cache_version=args["cache_version"],
        compat=args["compat"],
        entry_point=args["entry_point"],
        release_command=args["release_command"] or "none",
        release_seconds=args["release_seconds"],
        env=plain,
        secrets=dict.fromkeys(sorted(secret), ""),
        **cast(Any, {service: arguments[service] for service in SERVICES}),
    )


def app_names(make: Callable[[FlaskAppArgs], Mapping[str, Any]]) -> dict[str, str]:
    """The app's name of each argument that a function above passes on, by the component's name of it.

    `make` is called with the names as values.
    """
    made = make(cast(FlaskAppArgs, _Names()))
    return {theirs: str(ours) for theirs, ours in made.items() if isinstance(ours, _Name)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
