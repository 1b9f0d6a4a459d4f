"""What a Flask app consists of, as far as its arguments decide: pure."""

from collections.abc import Mapping
from typing import Any, cast

from ..ingress.load_balancer_guard import INTERNAL, PUBLIC
from ..ingress.web_acl import Scope
from ..runtime_contract.contract import BROKER, MEDIA_CDN, MEDIA_KEYS, SERVICES
from .flask_app_args import FlaskAppArgs

REGIONAL, GLOBAL = Scope.REGIONAL.name, Scope.CLOUDFRONT.name
"""Scopes of web ACLs."""


def load_balancers(args: FlaskAppArgs) -> list[str]:
    """The stack's own load balancers: `public`, `internal`, or both while the app moves from one to the other."""
    kind, origin = exposure(args), args["cloudfront_origin"]
    if kind == "shared":
        return []
    if kind == "https":
        return [PUBLIC, INTERNAL] if origin == "vpc-with-public" else [PUBLIC]
    if kind == "cdn":
        return [INTERNAL] if origin == "vpc" else [PUBLIC, INTERNAL]
    return {"vpc": [INTERNAL], "public": [PUBLIC]}.get(origin, [PUBLIC, INTERNAL])


def exposure(args: FlaskAppArgs) -> str:
    """How the app is reached: `shared` listener, `https` or `cdn` on its own domain, or `cloudfront`'s name."""
    if "listener_arn" in args:
        return "shared"
    reachable = "certificate_arn" in args or args["dns"] == "route53" or args["dns_ready"]
    if not args.get("domain") or not reachable:
        return "cloudfront"
    return "cdn" if args["cdn"] else "https"


def domains(args: FlaskAppArgs) -> list[str]:
    """The names on which the app answers, of which the first is its own; empty without a domain."""
    return [args["domain"], *args["domain_aliases"]] if args.get("domain") else []


def all_domains(args: FlaskAppArgs) -> list[str]:
    """The names on which the app answers, and those that are redirected to the first; empty without a domain."""
    return [*domains(args), *args["domain_redirects"]] if args.get("domain") else []


def enters_through_public(args: FlaskAppArgs) -> bool:
    """Whether visitors, or CloudFront for them, use the public load balancer and not the internal one."""
    return exposure(args) in ("shared", "https") or args["cloudfront_origin"].startswith(PUBLIC)


def has_distribution(args: FlaskAppArgs) -> bool:
    """Whether the stack has a CloudFront distribution, on its own or next to a public load balancer."""
    return exposure(args) in ("cloudfront", "cdn") or INTERNAL in load_balancers(args)


def has_media_distribution(args: FlaskAppArgs) -> bool:
    """Whether media files have a distribution of their own.

    While the domain is served by both a load balancer and CloudFront, too: a path of theirs would not exist on the former.
    """
    return args["media_cdn"] != "none" and enters_through_load_balancer(args)


def enters_through_load_balancer(args: FlaskAppArgs) -> bool:
    """Whether visitors may reach a public load balancer directly, some of them at least."""
    kind = exposure(args)
    return kind in ("shared", "https") or (kind == "cdn" and PUBLIC in load_balancers(args))


def log_sources(args: FlaskAppArgs) -> list[str]:
    """What writes access logs to the app's bucket for them; load balancers have their own."""
    if not args["access_logs"]:
        return []
    found = {"buckets": args["bucket"] == "s3", "distributions": has_distribution(args) or has_media_distribution(args)}
    return [source for source, is_there in found.items() if is_there]


def web_acl_scopes(args: FlaskAppArgs) -> list[str]:
    """The scopes of the web ACLs that the stack creates: one where requests enter, or two while that moves.

    Behind CloudFront a load balancer sees CloudFront's addresses alone, so a rate limit there would block visitors at random.
    """
    kind = exposure(args)
    if args["waf"] == "off" or kind == "shared":
        return []
    if kind == "cloudfront" or PUBLIC not in load_balancers(args):
        return [GLOBAL]
    return [REGIONAL, GLOBAL] if INTERNAL in load_balancers(args) else [REGIONAL]


def has_dual_stack_balancer(args: FlaskAppArgs) -> bool:
    """Whether the public load balancer has IPv6 addresses; CloudFront, where it is the only client, connects over IPv4."""
    if exposure(args) == "cloudfront":
        return args["egress"] == "ipv6"
    return args.get("load_balancer_dual_stack", args["dual_stack"] or args["egress"] == "ipv6")


def has_endpoints(args: FlaskAppArgs) -> bool:
    """Whether the stack makes interface endpoints for AWS's services; an existing VPC's are not known."""
    return args["egress"] == "endpoints" and "vpc_id" not in args


def has_guarded_jobs(args: FlaskAppArgs) -> bool:
    """Whether the runs of a job ask ECS for earlier ones, since not any number of them may run at a time."""
    return any(not job.get("overlap") or job.get("concurrency") for job in args["jobs"])


def has_setup(args: FlaskAppArgs) -> bool:
    """Whether a container creates the database: on a shared server, and on a SQL Server, where RDS creates none."""
    database = args.get("database", "none")
    return database == "sqlserver" or (database != "none" and "database_host" in args)


def services(args: FlaskAppArgs) -> list[str]:
    """Those of the contract's services that the app uses."""
    arguments = cast(Mapping[str, Any], args)
    return [service for service in SERVICES if arguments[service] != "none"]


def needs(args: FlaskAppArgs) -> list[str]:
    """What the contract's variables may need of the app's services."""
    used = services(args)
    if "cache" in used and args["cache_use"] == "queue":
        used.append(BROKER)
    if args["media_cdn"] != "none":
        used.append(MEDIA_CDN)
    return [*used, MEDIA_KEYS] if args["media_cdn"] == "signed" else used
