"""Checks of a Flask app's arguments: those of all its components, and of combinations."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar, cast

from ...alarms import alarms
from ...aurora import aurora_cluster
from ...build_plan.commands.procfile import ProcfileError
from ...cache import cache
from ...database import database
from ...database.database_checks import url_problems
from ...database.engines import ALL_ENGINES, CLUSTER_ENGINES, DOCUMENT_ENGINES, ENGINES
from ...documentdb import documentdb_cluster
from ...ecs import autoscaling, service_args
from ...ecs.container_checks import size_problems
from ...ecs.containers import CA_CONTAINER, TUNNEL_CONTAINER
from ...image import image
from ...ingress import basic_auth, certificate, load_balancer, redirect, route
from ...ingress.cached_paths import cached_path_problems
from ...ingress.cloudfront_region import distribution_certificate_problems
from ...ingress.load_balancer_guard import INTERNAL
from ...ingress.web_acl import Scope, web_acl_problems
from ...jobs import scheduled_jobs
from ...jobs.job_command import RUNNER
from ...logical_database import logical_database
from ...logical_database.setup_container import NAME as SETUP_CONTAINER
from ...network import network
from ...runtime_contract.contract import COMPAT, PRIVATE_KEY, product_of, reserved_names, url_names, variable_problems
from ...secrets.secret_key import POLICIES
from ...storage import media_bucket
from ...tags import tag_problems
from ...validation.argument_types import head, typed
from ...validation.messages import distinct, translated
from ...validation.problems import Problem
from ...validation.references import secret_reference_problems
from ...validation.values import choice_problems, hint, name_problems
from ...waf import web_acl
from ...waf.rules import BLOCK, COUNT
from .. import component_args
from ..data_loss_records import accepted_loss_problems
from ..encryption_keys import key_problems
from ..entry_points import entry_problems
from ..flask_app_args import FlaskAppArgs, with_processes, with_profile
from ..media import SIGNED, media_problems
from ..planned_commands import command_problems
from ..topology import (
    GLOBAL,
    exposure,
    has_dual_stack_balancer,
    has_setup,
    load_balancers,
    needs,
    web_acl_scopes,
)
from .effects import effect_problems
from .outbound_ports import outbound_problems
from .redirects import redirect_problems
from .shared import shared_problems

_Args = TypeVar("_Args", bound=Mapping[str, Any])
# For what FlaskApp itself gives to a component, in checks that come before there is a network.
_UNKNOWN = ""
_ORIGINS = ("vpc", "public", "public-with-vpc", "vpc-with-public")
# Names of services and containers that the stack makes itself.
_TAKEN_NAMES = ("web", CA_CONTAINER, SETUP_CONTAINER, TUNNEL_CONTAINER)


@typed(FlaskAppArgs)
def problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    """What is wrong with the arguments, one sentence each, all of them at once."""
    try:
        settled = with_profile(with_processes(args))
    except ProcfileError as error:
        yield Problem("app", str(error))
        # What `workers` switches off is not known without the Procfile.
        settled = with_profile(cast(FlaskAppArgs, {name: value for name, value in args.items() if name != "workers"}))
    values = (_as_given(problem, args, settled) for problem in _value_problems(name, settled))
    found = list(distinct([*values, *command_problems(args, settled)]))
    yield from found
    # What has a wrong value is reported for that alone.
    wrong = {head(problem.argument) for problem in found}
    yield from (problem for problem in effect_problems(args, settled) if head(problem.argument) not in wrong)


def _as_given(problem: Problem, given: FlaskAppArgs, settled: FlaskAppArgs) -> Problem:
    """A problem of two arguments as one of that which was given, where the other is a default."""
    if problem.argument == "min_tasks" and "min_tasks" not in given and "max_tasks" in given:
        least, most = settled["min_tasks"], settled["max_tasks"]
        return Problem("max_tasks", f"{most!r} is less than min_tasks, {least}; raise one or lower the other.")
    return problem


def _value_problems(name: str, args: FlaskAppArgs) -> Iterator[Problem]:
    yield from name_problems("name", name, longest_role="-alb")
    yield from choice_problems("cloudfront_origin", args["cloudfront_origin"], _ORIGINS)
    yield from choice_problems("previous_secret_key", args["previous_secret_key"], POLICIES)
    for preset in args["compat"]:
        yield from choice_problems("compat", preset, COMPAT)
    yield from _component_problems(args)
    yield from _variable_problems(args)
    yield from shared_problems(args)
    yield from key_problems(args)
    engine = args["database"] if args["database"] in ALL_ENGINES else "postgres"
    if "database_url_secret_arn" in args:
        engine = product_of(args["database_url_scheme"])
    yield from url_problems(engine, args["database_url_scheme"], args.get("database_url_query", ""))
    yield from _worker_problems(args)
    yield from _job_problems(args)
    yield from tag_problems(args["tags"])
    yield from _origin_problems(args)
    yield from cached_path_problems("cdn_cached_paths", args["cdn_cached_paths"])
    yield from media_problems(args)
    yield from redirect_problems(args)
    yield from _web_acl_problems(args)
    yield from accepted_loss_problems(name, args)
    yield from entry_problems(args)
    if "outbound_ports" in args:
        yield from outbound_problems(args)
    if args["environment"] == "production" and args["debug"]:
        yield Problem("debug", "must not be true in production: Flask's debugger lets a visitor run code.")


def _component_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    yield from _problems_of(network.problems, component_args.network_args, args)
    of_image = _problems_of(image.problems, component_args.image_args, args)
    # `command_problems` names the setting of each command.
    yield from (problem for problem in of_image if problem.argument != "commands")
    yield from _problems_of(media_bucket.problems, component_args.media_bucket_args, args)
    yield from _problems_of(service_args.problems, _service_args, args)
    yield from _problems_of(
        autoscaling.problems, lambda args: component_args.autoscaling_args(args, _UNKNOWN, _UNKNOWN), args
    )
    yield from _problems_of(alarms.problems, component_args.alarms_args, args)
    yield from _problems_of(load_balancer.problems, _balancer_args, args, dual_stack=_dual_stack_name(args))
    yield from _problems_of(route.problems, _route_args, args)
    is_shared = args["database"] in logical_database.SHARED_ENGINES and "database_host" in args
    if is_shared or args["database"] == "sqlserver":
        yield from _problems_of(logical_database.problems, _logical_database_args, args)
    if args["database"] in ENGINES and not is_shared:
        yield from _problems_of(database.problems, lambda args: component_args.database_args(args, _UNKNOWN, []), args)
    elif args["database"] in CLUSTER_ENGINES:
        made = component_args.aurora_args
        yield from _problems_of(aurora_cluster.problems, lambda args: made(args, _UNKNOWN, []), args)
    elif args["database"] in DOCUMENT_ENGINES:
        document = component_args.documentdb_args
        yield from _problems_of(documentdb_cluster.problems, lambda args: document(args, _UNKNOWN, []), args)
    if args["cache"] == "valkey":
        yield from _problems_of(cache.problems, lambda args: component_args.cache_args(args, _UNKNOWN, []), args)
    if args["waf"] in (COUNT, BLOCK):
        for scope in web_acl_scopes(args):
            yield from _problems_of(web_acl.problems, partial(component_args.web_acl_args, scope=scope), args)
    if args.get("basic_auth_username"):
        yield from _problems_of(basic_auth.problems, component_args.basic_auth_args, args)
    if args.get("domain"):
        yield from _problems_of(certificate.problems, component_args.certificate_args, args)
        yield from _problems_of(redirect.problems, _redirect_args, args)


def _problems_of(
    check: Callable[[_Args], Iterator[Problem]],
    make: Callable[[FlaskAppArgs], _Args],
    args: FlaskAppArgs,
    **more_names: str,
) -> Iterator[Problem]:
    """A component's problems with the arguments that `make` takes from the app's, in the app's names of them.

    `more_names` are words for arguments of the component that no single argument of the app stands for.
    """
    return translated(check(make(args)), {**component_args.app_names(make), **more_names})


def _logical_database_args(args: FlaskAppArgs) -> logical_database.LogicalDatabaseArgs:
    made = component_args.logical_database_args(args, "app", {"tasks": _UNKNOWN})
    made["server_security_group_id"] = "checked apart"
    if "host" not in made:
        made["host"] = "of-the-stack"
    return made


def _service_args(args: FlaskAppArgs) -> service_args.ServiceArgs:
    made = component_args.service_args(args, _UNKNOWN, _UNKNOWN, [], _UNKNOWN)
    made["init_containers"] = [{"name": SETUP_CONTAINER}] if has_setup(args) else []
    if made.get("outbound_ports") == []:
        del made["outbound_ports"]  # see outbound_problems
    return made


def _balancer_args(args: FlaskAppArgs) -> load_balancer.LoadBalancerArgs:
    made = component_args.load_balancer_args(args, _UNKNOWN, [])
    made["mode"], made["certificate_arn"], made["dual_stack"] = "https", _UNKNOWN, has_dual_stack_balancer(args)
    if web_acl_scopes(args) == [GLOBAL]:
        made.pop("allowed_cidrs", None)  # the web ACL checks the addresses
    made.pop("access_log_days", None)  # what is wrong with the days is reported of the service's own logs
    return made


def _dual_stack_name(args: FlaskAppArgs) -> str:
    """The argument that gives the load balancer IPv6 addresses, or has taken them away from it."""
    return "dual_stack" if args.get("load_balancer_dual_stack") is None else "load_balancer_dual_stack"


def _route_args(args: FlaskAppArgs) -> route.RouteArgs:
    hosts = [args.get("domain") or "app", *args["domain_aliases"]] if "listener_arn" in args else []
    return component_args.shared_route_args(args, _UNKNOWN, _UNKNOWN, hosts)


def _redirect_args(args: FlaskAppArgs) -> redirect.RedirectArgs:
    return component_args.redirect_args(args, _UNKNOWN)


def _worker_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    for worker, command in args["workers"].items():
        path = f"workers.{worker}"
        yield from name_problems(path, worker)
        if worker in _TAKEN_NAMES:
            yield Problem(path, f"{worker!r} is the name of a container of the stack's own; choose another name.")
        if not command.strip():
            yield Problem(
                path,
                f"{command!r} switches off a process type of the Procfile, which has none of this name; give the command "
                "that the worker runs, or leave it out.",
            )


def _job_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    if args["jobs"]:
        made = component_args.scheduled_jobs_args
        yield from _problems_of(scheduled_jobs.problems, lambda args: made(args, _UNKNOWN, [], _UNKNOWN), args)
    for index, job in enumerate(args["jobs"]):
        name = job.get("name")
        if name in _TAKEN_NAMES or name in args["workers"]:
            owner = "worker" if name in args["workers"] else "container of the stack's own"
            yield Problem(f"jobs[{index}].name", f"{name!r} is the name of a {owner}; choose another name.")
        elif f"jobs-{name}" in args["workers"]:
            yield Problem(
                f"jobs[{index}].name",
                f"{name!r} gives the task family of the worker 'jobs-{name}'; choose another name.",
            )


def _variable_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    compat = tuple(args["compat"])
    if not set(compat) <= set(COMPAT):
        return
    reserved = reserved_names(needs(args), compat, args["database"])
    if "database_url_secret_arn" in args:
        reserved |= {*url_names(compat)}
    if args["media_cdn"] == SIGNED:
        reserved.add(PRIVATE_KEY)
    given = {argument: set(cast(Mapping[str, Any], args)[argument]) for argument in ("env", "secrets", "secret_values")}
    for argument, names in given.items():
        for name, sentence in variable_problems(sorted(names), reserved, args["override_env"]):
            yield Problem(f"{argument}.{name}", sentence)
    for name, reference in args["secrets"].items():
        yield from secret_reference_problems(f"secrets.{name}", reference)
    yield from size_problems("env", args["env"], args["secrets"], args.get("sidecars", []), args.get("start_command"))
    if args["jobs"]:
        yield from size_problems("env", args["env"], args["secrets"], RUNNER)
    for name in args["override_env"]:
        if name not in reserved:
            yield Problem("override_env", f"{name!r} is not a variable that the stack sets; {hint(name, reserved)}")
    for first, second in (("env", "secrets"), ("env", "secret_values"), ("secrets", "secret_values")):
        for name in sorted(given[first] & given[second]):
            yield Problem(f"{second}.{name}", f"{name!r} is in {first} as well; keep one of the two.")


def _web_acl_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    """The web ACL must be of the scope of what requests enter through; a shared load balancer has its owner's."""
    value, kind = args.get("web_acl_arn"), exposure(args)
    if kind == "https":
        where = "on its own domain the app's requests enter through the load balancer"
        yield from web_acl_problems("web_acl_arn", value, Scope.REGIONAL, where)
    elif kind in ("cloudfront", "cdn"):
        until = "until dns_ready is true" if args.get("domain") else "without a domain"
        where = f"{'with cdn' if args['cdn'] else until} the app's requests enter through CloudFront"
        yield from web_acl_problems("web_acl_arn", value, Scope.CLOUDFRONT, where)


def _origin_problems(args: FlaskAppArgs) -> Iterator[Problem]:
    origin = args["cloudfront_origin"]
    if args["cdn"] and "listener_arn" not in args:
        yield from distribution_certificate_problems("certificate_arn", args.get("certificate_arn"))
    if args["cdn"] and args.get("domain") and origin == "public":
        yield Problem(
            "cloudfront_origin",
            "'public' does not work with cdn: CloudFront reaches the app of a domain through a VPC origin; use 'vpc'.",
        )
    if origin == "public-with-vpc" and exposure(args) in ("shared", "https"):
        yield Problem(
            "cloudfront_origin", f"{origin!r} is a step of stacks without a domain; with one, use 'vpc-with-public'."
        )
    if INTERNAL in load_balancers(args) and "vpc_id" in args and not args.get("private_subnet_ids"):
        yield Problem(
            "private_subnet_ids",
            f"must be given with vpc_id where cloudfront_origin is {origin!r}, for the internal load balancer; "
            + ("or set cdn to false." if args["cdn"] else "or set cloudfront_origin to 'public'."),
        )
