"""What is refused of a Flask app's arguments: those of all its components, and combinations of them."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from . import (
    alarms,
    autoscaling,
    certificate,
    database,
    image,
    load_balancer,
    logical_database,
    media,
    network,
    service_args,
)
from ._checks import choice_problems, name_problems
from ._component import Problem
from ._flask_app_parts import (
    ALARMS,
    CERTIFICATE,
    DATABASE,
    IMAGE,
    LOAD_BALANCER,
    LOGICAL_DATABASE,
    MEDIA,
    NETWORK,
    SCALING,
    SERVICE,
    exposure,
    image_part,
    part,
)
from .contract import COMPAT, ENVIRONMENTS, plain_names, secret_names, variable_problems
from .flask_app_args import FlaskAppArgs, with_profile
from .task_roles import ECR_IMAGE

# What FlaskApp itself gives to a component, for checks that come before there is a network.
_PLACE: Mapping[str, Any] = {"vpc_id": "", "subnet_ids": []}
_SERVER_PLACE: Mapping[str, Any] = {
    "client_security_group_ids": {"tasks": ""},
    "server_security_group_id": "checked apart",
    "database_name": "app",
}
# What must be given along with a shared server.
_SERVER_NEEDS = ("database_server_security_group_id", "database_server_secret_arn")
# What must be given along with a shared listener.
SHARED_NEEDS = (
    "domain",
    "vpc_id",
    "load_balancer_security_group_id",
    "load_balancer_dns_name",
    "load_balancer_zone_id",
    "load_balancer_arn_suffix",
)


def problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each, all of them at once."""
    settled = with_profile(args)
    yield from name_problems("name", name, longest_role="-alb")
    yield from choice_problems("environment", settled["environment"], ENVIRONMENTS)
    yield from choice_problems("database", settled["database"], ("postgres", "none"))
    yield from choice_problems("bucket", settled["bucket"], ("s3", "none"))
    yield from choice_problems("ca_certificates", settled["ca_certificates"], ("auto", "image", "init"))
    for preset in settled["compat"]:
        yield from choice_problems("compat", preset, COMPAT)
    yield from _component_problems(settled)
    yield from _variable_problems(settled)
    yield from _combination_problems(settled)


def _component_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    yield from _translated(network.problems(cast(network.NetworkArgs, part(args, NETWORK))), NETWORK)
    yield from _translated(image.problems(cast(image.ImageArgs, image_part(args))), IMAGE)
    yield from _translated(media.problems(cast(media.MediaBucketArgs, part(args, MEDIA))), MEDIA)
    yield from _translated(service_args.problems(cast(service_args.ServiceArgs, part(args, SERVICE))), SERVICE)
    yield from _translated(autoscaling.problems(cast(autoscaling.AutoscalingArgs, part(args, SCALING))), SCALING)
    yield from _translated(alarms.problems(cast(alarms.AlarmsArgs, part(args, ALARMS))), ALARMS)
    balancer = cast(
        load_balancer.LoadBalancerArgs, {**_PLACE, **part(args, LOAD_BALANCER), "mode": "https", "certificate_arn": ""}
    )
    yield from _translated(load_balancer.problems(balancer), LOAD_BALANCER)
    if args["database"] == "postgres" and "database_host" in args:
        server = cast(logical_database.LogicalDatabaseArgs, {**_SERVER_PLACE, **part(args, LOGICAL_DATABASE)})
        yield from _translated(logical_database.problems(server), LOGICAL_DATABASE)
    elif args["database"] == "postgres":
        yield from _translated(
            database.problems(cast(database.DatabaseArgs, {**_PLACE, **part(args, DATABASE)})), DATABASE
        )
    if args.get("domain"):
        yield from _translated(
            certificate.problems(cast(certificate.CertificateArgs, part(args, CERTIFICATE))), CERTIFICATE
        )


def _translated(found: Iterator[Problem], names: Mapping[str, str]) -> Iterator[Problem]:
    ours = {theirs: name for name, theirs in names.items()}
    for problem in found:
        yield Problem(ours.get(problem.argument, problem.argument), problem.reason)


def _variable_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    compat, has_database, has_bucket = tuple(args["compat"]), args["database"] == "postgres", args["bucket"] == "s3"
    if not set(compat) <= set(COMPAT):
        return
    reserved = {*plain_names(has_database, has_bucket, compat), *secret_names(has_database, compat)}
    given = {argument: set(cast(Mapping[str, Any], args)[argument]) for argument in ("env", "secrets", "secret_values")}
    for argument, names in given.items():
        for name, sentence in variable_problems(sorted(names), reserved, args["override_env"]):
            yield Problem(f"{argument}.{name}", sentence)
    for name, reference in args["secrets"].items():
        if isinstance(reference, str) and not reference.startswith("arn:"):
            yield Problem(  # the value is not repeated: somebody may have taken this for the place of the secret itself
                f"secrets.{name}",
                "must be the ARN of a secret or an SSM parameter; the value itself goes into secret_values.",
            )
    for first, second in (("env", "secrets"), ("env", "secret_values"), ("secrets", "secret_values")):
        for name in sorted(given[first] & given[second]):
            yield Problem(f"{second}.{name}", f"{name!r} is in {first} as well; keep one of the two.")


def _combination_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    given = cast(Mapping[str, Any], args)
    if "listener_arn" in given:
        for needed in SHARED_NEEDS:
            if not given.get(needed):
                yield Problem(needed, "must be given with listener_arn, which shares an existing load balancer.")
    if "listener_paths" in given and not given["listener_paths"]:
        yield Problem("listener_paths", "An empty list brings no request to the app; leave it out for all paths.")
    if "database_host" in given:
        yield from _server_problems(args)
    if ("cluster_arn" in given) != ("cluster_name" in given):
        yield Problem("cluster_name", "must be given together with cluster_arn, or neither of them.")
    if args["domain_aliases"] and not args.get("domain"):
        yield Problem(
            "domain_aliases", f"{list(args['domain_aliases'])!r} needs a domain, of which they are other names."
        )
    if args.get("allowed_cidrs") and exposure(args) == "cloudfront":
        yield Problem(
            "allowed_cidrs",
            "works on a domain of your own; behind CloudFront's name the load balancer sees CloudFront's addresses alone.",
        )
    if args["environment"] == "production" and args["debug"]:
        yield Problem("debug", "must not be true in production: Flask's debugger lets a visitor run code.")
    for worker in args["workers"]:
        yield from name_problems(f"workers.{worker}", worker)


def _server_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    given, image = cast(Mapping[str, Any], args), args["database_setup_image"]
    for needed in _SERVER_NEEDS:
        if not given.get(needed):
            yield Problem(needed, "must be given with database_host, which shares an existing server.")
    if args["egress"] == "endpoints" and not ECR_IMAGE.match(image):
        yield Problem(
            "database_setup_image",
            f"{image!r} is out of reach with egress endpoints; copy it to a repository in ECR and name that.",
        )
