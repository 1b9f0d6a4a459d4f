"""What is refused of a Flask app's arguments: those of all its components, and combinations of them."""

import re
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
from ._flask_app_guard import consent_problems
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
    has_endpoints,
    image_part,
    load_balancers,
    part,
)
from ._load_balancer_guard import INTERNAL
from ._secret_key import POLICIES
from .contract import COMPAT, ENVIRONMENTS, plain_names, secret_names, variable_problems
from .flask_app_args import FlaskAppArgs, with_processes, with_profile
from .procfile import ProcfileError
from .task_roles import ECR_IMAGE

_HTTPS = 443
# host:port/repository, as in registry.example.com:5000/shop
_REGISTRY_PORT = re.compile(r"[^/:@]+:(\d+)/")
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


_ORIGINS = ("vpc", "public", "public-with-vpc", "vpc-with-public")


def problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each, all of them at once and each once."""
    yield from dict.fromkeys(_problems(name, args))


def _problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    try:
        settled = with_profile(with_processes(args))
    except ProcfileError as error:
        yield Problem("app", str(error))
        settled = with_profile(args)
    yield from name_problems("name", name, longest_role="-alb")
    yield from choice_problems("environment", settled["environment"], ENVIRONMENTS)
    yield from choice_problems("database", settled["database"], ("postgres", "none"))
    yield from choice_problems("bucket", settled["bucket"], ("s3", "none"))
    yield from choice_problems("ca_certificates", settled["ca_certificates"], ("auto", "image", "init"))
    yield from choice_problems("cloudfront_origin", settled["cloudfront_origin"], _ORIGINS)
    yield from choice_problems("previous_secret_key", settled["previous_secret_key"], POLICIES)
    for preset in settled["compat"]:
        yield from choice_problems("compat", preset, COMPAT)
    yield from _component_problems(settled)
    yield from _variable_problems(settled)
    yield from _combination_problems(settled)
    yield from consent_problems(name, settled)


def _component_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    yield from _translated(network.problems(cast(network.NetworkArgs, part(args, NETWORK))), NETWORK)
    yield from _translated(image.problems(cast(image.ImageArgs, image_part(args))), IMAGE)
    yield from _translated(media.problems(cast(media.MediaBucketArgs, part(args, MEDIA))), MEDIA)
    service = cast(service_args.ServiceArgs, part(args, SERVICE))
    service.pop("outbound_ports", None)  # see outbound_problems
    yield from _translated(service_args.problems(service), SERVICE)
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
    yield from _origin_problems(args)
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
    if "outbound_ports" in given:
        yield from outbound_problems(args)
    for worker in args["workers"]:
        yield from name_problems(f"workers.{worker}", worker)


def outbound_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """Ports without which no task starts: image, secrets and logs pass the task's own network interface.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-networking.html
    """
    ports = list(args["outbound_ports"])
    if _HTTPS not in ports and not has_endpoints(args):
        yield Problem(
            "outbound_ports",
            f"{ports!r} lacks 443, over which tasks pull their image, read secrets and send logs; add 443.",
        )
    for argument, reference in _images(args):
        port = _REGISTRY_PORT.match(reference)
        if port and int(port[1]) not in ports:
            yield Problem(
                "outbound_ports", f"{ports!r} lacks {port[1]}, the port of the registry of {argument}; add it."
            )


def _images(args: FlaskAppArgs) -> Iterator[tuple[str, str]]:
    """The images that tasks pull beside one that is built, as far as they are known, with the argument of each."""
    given = cast(Mapping[str, Any], args)
    images = [("image", given.get("image")), *(("sidecars", one.get("image")) for one in given.get("sidecars", ()))]
    if "database_host" in given:
        images.append(("database_setup_image", args["database_setup_image"]))
    yield from ((argument, image) for argument, image in images if isinstance(image, str))


def _origin_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    origin = args["cloudfront_origin"]
    if origin == "public-with-vpc" and exposure(args) != "cloudfront":
        yield Problem(
            "cloudfront_origin", f"{origin!r} is a step of stacks without a domain; with one, use 'vpc-with-public'."
        )
    if INTERNAL in load_balancers(args) and "vpc_id" in args and not args.get("private_subnet_ids"):
        yield Problem(
            "private_subnet_ids",
            f"must be given with vpc_id where cloudfront_origin is {origin!r}, for the internal load balancer; "
            "or set cloudfront_origin to 'public'.",
        )


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
