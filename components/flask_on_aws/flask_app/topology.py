"""What a Flask app consists of, as far as its arguments decide: pure."""

from collections.abc import Mapping
from typing import Any, cast

from ..ingress.load_balancer_guard import INTERNAL, PUBLIC
from ..runtime_contract.contract import BROKER, SERVICES
from .flask_app_args import FlaskAppArgs


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


def has_setup(args: FlaskAppArgs) -> bool:
    """Whether a container creates the database: on a shared server, and on a SQL Server, where RDS creates none."""
    return args["database"] == "sqlserver" or (args["database"] != "none" and "database_host" in args)


def services(args: FlaskAppArgs) -> list[str]:
    """Those of the contract's services that the app uses."""
    arguments = cast(Mapping[str, Any], args)
    return [service for service in SERVICES if arguments[service] != "none"]


def needs(args: FlaskAppArgs) -> list[str]:
    """What the contract's variables may need of the app's services."""
    used = services(args)
    return [*used, BROKER] if "cache" in used and args["cache_use"] == "queue" else used
