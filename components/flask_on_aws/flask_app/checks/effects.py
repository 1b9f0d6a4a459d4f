"""Arguments of a Flask app that would be accepted and then do nothing, given the others.

A stack's file names most settings' defaults, so a default counts as not given.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import pulumi

from ...database.engines import ALL_ENGINES, CLUSTER_ENGINES, DOCUMENT_ENGINES
from ...image.planned_image import is_planned
from ...ingress.load_balancer_guard import PUBLIC
from ...logical_database.setup_container import IMAGE as SETUP_IMAGE
from ...validation.problems import Problem
from ...waf.web_acl import REQUESTS_PER_FIVE_MINUTES
from ..component_args import image_args
from ..flask_app_args import FlaskAppArgs, with_profile
from ..topology import exposure, has_distribution, has_setup, load_balancers


class _Rule(NamedTuple):
    """An argument that works only with another, or only without it."""

    argument: str
    other: str
    default: Any = None
    """What counts as not given besides None, an empty text and an empty list."""


_ONLY_WITH = (
    _Rule("domain_aliases", "domain"),
    _Rule("domain_redirects", "domain"),
    _Rule("dns", "domain", "route53"),
    _Rule("dns_ready", "domain", False),
    _Rule("zone_id", "domain"),
    _Rule("certificate_arn", "domain"),
    _Rule("cdn", "domain", False),
    _Rule("database_url_kms_key_id", "database_url_secret_arn"),
    _Rule("database_port", "database_host", 5432),
    _Rule("database_server_security_group_id", "database_host"),
    _Rule("database_server_secret_arn", "database_host"),
    _Rule("load_balancer_security_group_id", "listener_arn"),
    _Rule("load_balancer_dns_name", "listener_arn"),
    _Rule("load_balancer_zone_id", "listener_arn"),
    _Rule("load_balancer_arn_suffix", "listener_arn"),
    _Rule("listener_priority", "listener_arn", 100),
    _Rule("listener_paths", "listener_arn", ["/*"]),
    _Rule("listener_has_certificate", "listener_arn", False),
)
_ONLY_WITHOUT = (
    _Rule("database_url_query", "database_url_secret_arn"),
    _Rule("allowed_cidrs", "listener_arn"),
    _Rule("cdn", "listener_arn", False),
    _Rule("dual_stack", "listener_arn", False),
    _Rule("load_balancer_dual_stack", "listener_arn"),
    _Rule("desync_mitigation", "listener_arn", "defensive"),
    _Rule("web_acl_arn", "listener_arn"),
    _Rule("waf", "listener_arn", "off"),
    _Rule("waf", "web_acl_arn", "off"),
    _Rule("container_insights", "cluster_arn", False),
    _Rule("flow_logs", "vpc_id", False),
    _Rule("database_snapshot", "database_host"),
    _Rule("database_multi_az", "database_host", False),
    _Rule("database_kms_key_id", "database_host"),
    _Rule("database_monitoring_interval", "database_host", 0),
    _Rule("dockerfile_target", "image"),
    _Rule("python_version", "image"),
    _Rule("system_packages", "image"),
    _Rule("build_command", "image"),
    _Rule("assets_folder", "image"),
    _Rule("build_env", "image"),
    _Rule("build_secrets", "image"),
    _Rule("rebuild", "image"),
    # Each schedule sets both limits, so they would count only until the first one.
    _Rule("min_tasks", "schedules"),
    _Rule("max_tasks", "schedules"),
)
_WITHOUT_DATABASE = {
    "database_host": None,
    "database_snapshot": None,
    "database_kms_key_id": None,
    "database_monitoring_interval": 0,
}
# What Aurora has instead of an argument of instances, with the argument's default.
_CAPACITY = "set database_min_capacity and database_max_capacity, or leave it out"
_STORAGE = "Aurora's storage grows and shrinks by itself; leave it out"
_ONLY_INSTANCES: Mapping[str, tuple[Any, str]] = {
    "database_instance_class": ("db.t4g.micro", _CAPACITY),
    "database_storage_gib": (20, _STORAGE),
    "database_max_storage_gib": (100, _STORAGE),
    "allow_database_replacement": (False, "use accept_data_loss"),
}
_DOCUMENT_STORAGE = "DocumentDB's storage grows by itself; leave it out"
_NOT_DOCUMENTS: Mapping[str, str] = {
    "database_storage_gib": _DOCUMENT_STORAGE,
    "database_max_storage_gib": _DOCUMENT_STORAGE,
    "allow_database_replacement": "use accept_data_loss",
    "database_monitoring_interval": "DocumentDB has no Enhanced Monitoring; leave it out",
}
_ONLY_AURORA = ("database_min_capacity", "database_max_capacity", "database_auto_pause_seconds")
_WITHOUT_CACHE = {
    "cache_use": "cache",
    "cache_version": "8.2",
    "cache_node_type": "cache.t4g.micro",
    "cache_replicas": 0,
    "cache_snapshot_days": 0,
    "cache_snapshot": None,
    "cache_maintenance_window": "sun:04:30-sun:05:30",
}
# What has no effect without files on CloudFront, with the default, and without signed links.
_MEDIA = {"media_cdn_path": "/media/"}
_SIGNED_MEDIA = ("media_cdn_public_keys", "media_cdn_private_key_secret_arn")
# Keys are long, and the wrong one may be given.
_SECRET = ("build_secrets", *_SIGNED_MEDIA)


def effect_problems(args: FlaskAppArgs, settled: FlaskAppArgs) -> Iterator[Problem]:
    """What is given in vain; `args` are the arguments as they were given, `settled` those with all defaults."""
    given = cast(Mapping[str, Any], args)
    for rule in _ONLY_WITH:
        if _is_given(given, rule.argument, rule.default) and not _is_given(given, rule.other):
            yield Problem(
                rule.argument,
                f"{_said(given, rule.argument)} has no effect without {rule.other}; set that, or leave it out.",
            )
    for rule in _ONLY_WITHOUT:
        if _is_given(given, rule.argument, rule.default) and _is_given(given, rule.other):
            yield Problem(
                rule.argument, f"{_said(given, rule.argument)} has no effect with {rule.other}; {_REASONS[rule.other]}."
            )
    if settled["database"] == "none":
        for argument, default in _WITHOUT_DATABASE.items():
            if _is_given(given, argument, default):
                yield Problem(
                    argument,
                    f"{_said(given, argument)} has no effect with database none; set database to one of "
                    f"{', '.join(ALL_ENGINES)}, or leave it out.",
                )
    yield from _capacity_problems(given, settled)
    yield from _sqlserver_problems(given, settled)
    if settled["cache"] == "none":
        for argument, default in _WITHOUT_CACHE.items():
            if _is_given(given, argument, default):
                yield Problem(
                    argument,
                    f"{_said(given, argument)} has no effect with cache none; set cache to valkey, or leave it out.",
                )
    yield from _other_problems(given, settled)


def _capacity_problems(given: Mapping[str, Any], settled: FlaskAppArgs) -> Iterator[Problem]:
    """Arguments of instances with Aurora, and the other way around."""
    database, defaults = (
        settled["database"],
        cast(Mapping[str, Any], with_profile({"environment": settled["environment"]})),
    )
    if database in CLUSTER_ENGINES:
        for argument, (default, fix) in _ONLY_INSTANCES.items():
            if _is_given(given, argument, default):
                yield Problem(argument, f"{_said(given, argument)} has no effect with database {database}; {fix}.")
        return
    if database in DOCUMENT_ENGINES:
        for argument, fix in _NOT_DOCUMENTS.items():
            default = _ONLY_INSTANCES[argument][0] if argument in _ONLY_INSTANCES else defaults[argument]
            if _is_given(given, argument, default):
                yield Problem(argument, f"{_said(given, argument)} has no effect with database {database}; {fix}.")
    for argument in _ONLY_AURORA:
        if _is_given(given, argument, defaults[argument]):
            yield Problem(
                argument,
                f"{_said(given, argument)} has no effect with database {database}; set database to "
                f"{' or '.join(CLUSTER_ENGINES)}, or leave it out.",
            )


def _sqlserver_problems(given: Mapping[str, Any], settled: FlaskAppArgs) -> Iterator[Problem]:
    """What only SQL Server has."""
    setup = "database_setup_image"
    if _is_given(given, setup, SETUP_IMAGE) and not has_setup(settled):
        yield Problem(setup, f"{_said(given, setup)} has no effect without database_host; set that, or leave it out.")
    if settled["database"] == "sqlserver" and settled["ca_certificates"] == "image":
        yield Problem(
            "ca_certificates",
            "'image' cannot work with database sqlserver, whose drivers need more files than the certificates; leave it out, "
            "so that a container writes them before the app starts.",
        )
    edition = "database_edition"
    if not _is_given(given, edition):
        return
    if settled["database"] != "sqlserver":
        yield Problem(
            edition,
            f"{_said(given, edition)} has no effect with database {settled['database']}; set database to sqlserver, or leave "
            "it out.",
        )
    elif "database_host" in given:
        yield Problem(
            edition, f"{_said(given, edition)} has no effect with database_host; {_REASONS['database_host']}."
        )


_REASONS = {
    "web_acl_arn": "requests pass one web ACL; leave one of them out",
    "listener_arn": "the shared load balancer is set up by the stack that owns it; leave it out",
    "cluster_arn": "the shared cluster is set up by the stack that owns it; leave it out",
    "vpc_id": "an existing VPC is left as it is; leave it out",
    "database_host": "the shared server is set up by the stack that owns it; leave it out",
    "database_url_secret_arn": "the secret has the whole URL; leave it out",
    "image": "nothing is built; leave one of them out",
    "schedules": "each schedule sets min_tasks and max_tasks; set them there",
}


def _other_problems(given: Mapping[str, Any], settled: FlaskAppArgs) -> Iterator[Problem]:
    if given.get("bucket_versioned") and settled["bucket"] == "none":
        yield Problem("bucket_versioned", "True has no effect with bucket none; set bucket to s3, or leave it out.")
    if given.get("preflight") == "always" and _is_given(given, "image"):
        yield Problem("preflight", "'always' has no effect with image; only an app that is built here is tried.")
    if given.get("git_branch") and not {"divio", "render", "railway"} & set(settled["compat"]):
        text = f"{given['git_branch']!r} has no effect without divio, render or railway in compat; leave it out."
        yield Problem("git_branch", text)
    if given.get("listener_has_certificate") and _is_given(given, "certificate_arn"):
        yield Problem(
            "certificate_arn",
            f"{_said(given, 'certificate_arn')} has no effect with listener_has_certificate; the listener's own certificate "
            "is used; leave one of them out.",
        )
    if given.get("alarm_email") and not settled["alarms"] and not settled["monthly_budget_usd"]:
        yield Problem(
            "alarm_email",
            f"{given['alarm_email']!r} would get no message; set alarms to true, or monthly_budget_usd, or leave it out.",
        )
    if settled.get("allowed_cidrs") and exposure(settled) in ("cloudfront", "cdn") and settled["waf"] == "off":
        yield Problem(
            "allowed_cidrs",
            f"{list(settled['allowed_cidrs'])!r} has no effect on CloudFront without waf, since the load balancer there "
            "sees only CloudFront's addresses; set waf to count or block, or leave it out.",
        )
    if settled.get("load_balancer_dual_stack") and not settled["dual_stack"] and settled["egress"] != "ipv6":
        yield Problem(
            "load_balancer_dual_stack",
            "True needs subnets with IPv6 addresses; set dual_stack to true, or leave it out.",
        )
    elif _is_given(given, "load_balancer_dual_stack") and _is_behind_cloudfront(settled):
        yield Problem(
            "load_balancer_dual_stack",
            f"{_said(given, 'load_balancer_dual_stack')} has no effect on CloudFront, which has IPv6 addresses of its own and "
            "reaches the load balancer over IPv4; leave it out.",
        )
    if given.get("dual_stack") and _is_given(given, "vpc_id") and _is_behind_cloudfront(settled):
        yield Problem(
            "dual_stack",
            "True has no effect on CloudFront with vpc_id: CloudFront has IPv6 addresses already, and an existing VPC is left as "
            "it is; leave it out.",
        )
    if given.get("cdn_cached_paths") and not has_distribution(settled):
        fix = _REASONS["listener_arn"] if "listener_arn" in settled else "set cdn to true, or leave it out"
        yield Problem(
            "cdn_cached_paths", f"{_said(given, 'cdn_cached_paths')} has no effect without CloudFront; {fix}."
        )
    if given.get("basic_auth_username") and not _is_behind_cloudfront(settled):
        fix = "let the app ask for it" if exposure(settled) == "shared" else "set allowed_cidrs to your addresses"
        yield Problem(
            "basic_auth_username",
            f"{given['basic_auth_username']!r} works on CloudFront alone, since a load balancer cannot ask for a password; "
            f"leave it out, and {fix}.",
        )
    if settled["waf"] == "off":
        profile = with_profile({"environment": settled["environment"]})
        defaults = {"waf_requests_per_five_minutes": REQUESTS_PER_FIVE_MINUTES, "waf_logs": profile["waf_logs"]}
        for argument, default in defaults.items():
            if given.get(argument) not in (None, default) and given[argument] is not False:
                yield Problem(argument, f"{given[argument]!r} has no effect with waf off; set waf to count or block.")
    if given.get("access_logs") and "listener_arn" in settled and settled["bucket"] == "none":
        yield Problem(
            "access_logs",
            f"True has no effect with listener_arn and bucket none; {_REASONS['listener_arn']}.",
        )
    yield from _media_problems(given, settled)
    yield from _build_problems(given, settled)


def _media_problems(given: Mapping[str, Any], settled: FlaskAppArgs) -> Iterator[Problem]:
    mode = settled["media_cdn"]
    if mode == "none":
        for argument, default in _MEDIA.items():
            if _is_given(given, argument, default):
                yield Problem(
                    argument,
                    f"{_said(given, argument)} has no effect with media_cdn none; set that to public or signed, or leave it "
                    "out.",
                )
    if mode != "signed":
        for argument in _SIGNED_MEDIA:
            if _is_given(given, argument):
                yield Problem(argument, f"It has no effect with media_cdn {mode}; set that to signed, or leave it out.")


def _build_problems(given: Mapping[str, Any], settled: FlaskAppArgs) -> Iterator[Problem]:
    if "image" in settled or is_planned(image_args(settled)):
        return
    for argument in ("python_version", "system_packages", "build_command", "assets_folder"):
        if _is_given(given, argument):
            yield Problem(
                argument, f"{_said(given, argument)} has no effect on an app with a Dockerfile; set it there."
            )


def _is_given(given: Mapping[str, Any], argument: str, default: Any = None) -> bool:
    value = given.get(argument)
    if isinstance(value, pulumi.Output):
        return True
    return value is not None and value not in ("", [], {}, ()) and value != default


def _said(given: Mapping[str, Any], argument: str) -> str:
    value = given[argument]
    return "It" if argument in _SECRET or isinstance(value, pulumi.Output) else repr(value)


def _is_behind_cloudfront(settled: FlaskAppArgs) -> bool:
    """Whether CloudFront alone reaches the load balancers: on its default domain they are internal, or need its secret header."""
    kind = exposure(settled)
    return kind == "cloudfront" or (kind == "cdn" and PUBLIC not in load_balancers(settled))
