"""Which of a Flask app's arguments are which arguments of its components."""

import json
from collections.abc import Mapping
from typing import Any, cast

from ..ingress.load_balancer_guard import INTERNAL, PUBLIC
from ..naming import camel_case
from .flask_app_args import FlaskAppArgs

# Each maps our name of an argument to the component's.
NETWORK = {
    key: key for key in ("zones", "egress", "flow_logs", "vpc_id", "public_subnet_ids", "private_subnet_ids")
} | {"vpc_cidr": "cidr_block", "permissions_boundary": "permissions_boundary"}
# Apart, since what is wrong with the days is reported of the service's own logs.
FLOW_LOGS = {"log_retention_days": "flow_log_retention_days"}
ACCESS_LOGS = {"log_retention_days": "access_log_days"}
IMAGE = {
    key: key
    for key in (
        "image",
        "dockerfile",
        "python_version",
        "system_packages",
        "start_command",
        "writable_paths",
        "builder",
        "architecture",
        "build_secrets",
        "rebuild",
        "images_kept",
        "repository_name",
        "preflight",
    )
} | {
    "app": "context",
    "build_env": "build_args",
}
DATABASE = {
    "database_version": "engine_version",
    "database_instance_class": "instance_class",
    "database_storage_gib": "storage_gib",
    "database_max_storage_gib": "max_storage_gib",
    "database_name": "database_name",
    "database_username": "username",
    "database_backup_days": "backup_days",
    "database_backup_window": "backup_window",
    "database_maintenance_window": "maintenance_window",
    "database_multi_az": "multi_az",
    "database_monitoring_interval": "monitoring_interval",
    "database_snapshot": "snapshot_identifier",
    "database_apply_immediately": "apply_immediately",
    "database_allow_major_upgrade": "allow_major_upgrade",
    "accept_data_loss": "accept_data_loss",
    "allow_database_replacement": "allow_replacement",
    "deletion_protection": "deletion_protection",
    "keep_data": "final_snapshot",
    "log_retention_days": "log_retention_days",
    "permissions_boundary": "permissions_boundary",
}
LOGICAL_DATABASE = {
    "database_host": "host",
    "database_port": "port",
    "database_server_security_group_id": "server_security_group_id",
    "database_name": "database_name",
    "database_username": "username",
}
MEDIA = {"bucket_versioned": "versioned", "keep_data": "retain", "accept_data_loss": "accept_data_loss"}
LOAD_BALANCER = {key: key for key in ("allowed_cidrs", "desync_mitigation", "access_logs", "deletion_protection")}
CERTIFICATE = {
    "domain": "domain",
    "domain_aliases": "aliases",
    "dns": "dns",
    "zone_id": "zone_id",
    "dns_ready": "validated",
}
ROUTE = {
    "port": "port",
    "health_check_path": "health_check_path",
    "listener_priority": "priority",
    "listener_paths": "paths",
}
SERVICE = {
    key: key
    for key in (
        "architecture",
        "cpu",
        "memory",
        "port",
        "startup_seconds",
        "release_command",
        "release_seconds",
        "enable_exec",
        "spot_share",
        "log_retention_days",
        "outbound_ports",
        "read_only_root",
        "writable_paths",
        "sidecars",
        "permissions_boundary",
    )
} | {"start_command": "command", "min_tasks": "desired_count"}
SCALING = {
    "min_tasks": "min_tasks",
    "max_tasks": "max_tasks",
    "scale_cpu_percent": "cpu_percent",
    "scale_memory_percent": "memory_percent",
    "scale_requests_per_minute": "requests_per_minute",
    "schedules": "schedules",
}
# What decides how the app runs, besides what the image knows and its variables.
PREFLIGHT = (
    *("environment", "domain", "port", "health_check_path", "startup_seconds", "cpu", "memory", "read_only_root"),
    *("writable_paths", "database", "database_version", "database_url_scheme", "database_url_query", "bucket"),
    *("compat", "release_seconds"),
)
ALARMS = {"alarm_email": "email", "monthly_budget_usd": "monthly_budget_usd"}


def part(args: FlaskAppArgs, names: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of one component, taken from those of the app."""
    given = cast(Mapping[str, Any], args)
    return {theirs: given[ours] for ours, theirs in names.items() if ours in given}


def image_part(args: FlaskAppArgs) -> dict[str, Any]:
    """The image's arguments: what concerns the build means nothing for a ready image."""
    built = part(args, IMAGE)
    return {"image": built["image"]} if "image" in built else built


def preflight_settings(name: str, args: FlaskAppArgs) -> dict[str, str]:
    """What the app runs with, as the settings of a stack.

    A variable that only this update makes known gets a made-up value there, as secrets do.
    """
    known = {key: value for key, value in args["env"].items() if isinstance(value, str)}
    secret = {*args["env"], *args["secrets"], *args["secret_values"]} - known.keys()
    settings: dict[str, Any] = {
        **part(args, {key: key for key in PREFLIGHT}),
        "name": name,
        "release_command": args.get("release_command") or "none",
        "env": known,
        "secrets": dict.fromkeys(sorted(secret), ""),
    }
    return {camel_case(key): _text(value) for key, value in settings.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def load_balancers(args: FlaskAppArgs) -> list[str]:
    """The stack's own load balancers: `public`, `internal`, or both while the app moves from one to the other."""
    kind, origin = exposure(args), args["cloudfront_origin"]
    if kind == "shared":
        return []
    if kind == "https":
        return [PUBLIC, INTERNAL] if origin == "vpc-with-public" else [PUBLIC]
    return {"vpc": [INTERNAL], "public": [PUBLIC]}.get(origin, [PUBLIC, INTERNAL])


def exposure(args: FlaskAppArgs) -> str:
    """How the app is reached: `shared` listener, `https` on its own domain, or `cloudfront`'s name."""
    if "listener_arn" in args:
        return "shared"
    reachable = "certificate_arn" in args or args["dns"] == "route53" or args["dns_ready"]
    return "https" if args.get("domain") and reachable else "cloudfront"


def log_sources(args: FlaskAppArgs) -> list[str]:
    """What writes access logs to the app's bucket for them; load balancers have their own."""
    if not args["access_logs"]:
        return []
    has_distribution = exposure(args) == "cloudfront" or (
        exposure(args) == "https" and INTERNAL in load_balancers(args)
    )
    found = {"buckets": args["bucket"] == "s3", "distributions": has_distribution}
    return [source for source, is_there in found.items() if is_there]


def has_endpoints(args: FlaskAppArgs) -> bool:
    """Whether the stack makes interface endpoints for AWS's services; an existing VPC's are not known."""
    return args["egress"] == "endpoints" and "vpc_id" not in args
